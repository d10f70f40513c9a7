#include "texts.hpp"

#include "core/base/number.hpp"

#include <charconv>
#include <system_error>

#include "bench/load/payload.hpp"

namespace load::sio {
namespace {

constexpr unsigned cycle = 16;

}  // namespace

Texts::Texts(std::size_t size) {
    for (unsigned i = 0; i < cycle; ++i) {
        // Nothing in it has to be escaped.
        const std::string data = '"' + make_payload(Alphabet::ascii, size, i) + "\"]";
        texts_.push_back({.echo = "[\"echo\"," + data,
                          .answer = '[' + data,
                          .broadcast = "2[\"broadcast\"," + data,
                          .news = "2[\"news\"," + data});
    }
}

const std::string& Texts::echo(std::uint64_t number) {
    packet_ = '2';
    edgews::append_number(packet_, number);
    return packet_ += of(number).echo;
}

bool Texts::is_answer(std::string_view packet, std::uint64_t number) const noexcept {
    if (!packet.starts_with('3')) return false;
    std::uint64_t id = 0;
    const char* const end = packet.data() + packet.size();
    const auto [stop, error] = std::from_chars(packet.data() + 1, end, id);
    return error == std::errc{} && id == number &&
           std::string_view(stop, static_cast<std::size_t>(end - stop)) == of(number).answer;
}

}  // namespace load::sio
