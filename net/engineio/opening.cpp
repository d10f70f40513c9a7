#include "net/engineio/opening.hpp"

#include <edgews/request.hpp>
#include "core/base/ascii.hpp"
#include "net/engineio/options.hpp"

#include <algorithm>
#include <string>

namespace edgews::engineio {
namespace {

constexpr char end_of_text = '\0';  // No request has one in its head (RFC 9110, section 5.5).

std::string_view text_behind(std::string_view text) noexcept {
    return text.data() + text.size() + 1;
}

}  // namespace

Opening::Opening(const Request& request, const Options& options)
    : client_(request.remote_address()) {
    std::string texts;
    const auto add = [&texts](std::string_view text) {
        texts += text;
        texts += end_of_text;
    };
    add(request.query());
    for (const std::string& name : options.kept_headers) {
        const auto value = request.header(name);
        if (!value) continue;
        add(name);
        add(*value);
    }
    add({});
    texts_ = std::make_unique<char[]>(texts.size());
    std::ranges::copy(texts, texts_.get());
}

std::string_view Opening::query() const noexcept {
    return texts_ ? std::string_view(texts_.get()) : std::string_view{};
}

std::optional<std::string_view> Opening::header(std::string_view name) const noexcept {
    if (!texts_) return std::nullopt;
    std::string_view known = text_behind(query());
    while (!known.empty()) {
        const std::string_view value = text_behind(known);
        if (equals_ignoring_case(known, name)) return value;
        known = text_behind(value);
    }
    return std::nullopt;
}

}  // namespace edgews::engineio
