#include "core/http/basic_credentials.hpp"

#include "core/http/http_token.hpp"
#include "core/http/url.hpp"
#include "crypto/base64.hpp"

#include <cassert>
#include <cstddef>
#include <span>

namespace edgews {
namespace {

// What user information may hold as it is, beside letters, digits and escapes.
constexpr std::string_view user_info_marks = "-._~!$&'()*+,;=:";

}  // namespace

bool is_user_info(std::string_view text) noexcept {
    bool is_name = true;
    while (!text.empty()) {
        const char first = text.front();
        const bool is_alphanumeric = is_digit(first) || is_letter(first);
        if (!is_alphanumeric && first != '%' &&
            user_info_marks.find(first) == std::string_view::npos) {
            return false;
        }
        const DecodedChar c = decode_char(text);
        if (c.size == 0 || is_control_char(c.value)) return false;
        if (c.value == ':' && is_name) {
            if (first != ':') return false;
            is_name = false;
        }
        text.remove_prefix(c.size);
    }
    return true;
}

void append_basic_credentials(std::string& out, std::string_view user_info) noexcept {
    assert(is_user_info(user_info));
    std::string plain;
    [[maybe_unused]] const bool is_decoded = percent_decode(user_info, plain);
    assert(is_decoded);
    if (user_info.find(':') == std::string_view::npos) plain += ':';
    out += "Basic ";
    const std::size_t begin = out.size();
    out.resize(begin + base64_encoded_size(plain.size()));
    base64_encode(std::as_bytes(std::span(plain)), std::span(out).subspan(begin));
}

}  // namespace edgews
