#include "core/redis/command_error.hpp"

#include "core/base/ascii.hpp"
#include "core/base/number.hpp"

#include <algorithm>
#include <cstddef>

namespace edgews::redis {
namespace {

struct Row {
    std::string_view word;
    CommandError error;
};

constexpr Row rows[] = {
    {"NOPROTO", CommandError::protocol_unsupported},
    {"NOAUTH", CommandError::login_required},
    {"WRONGPASS", CommandError::login_refused},
    {"NOPERM", CommandError::not_permitted},
    {"MOVED", CommandError::slot_moved},
    {"ASK", CommandError::slot_migrating},
    {"CROSSSLOT", CommandError::slots_apart},
    {"CLUSTERDOWN", CommandError::cluster_down},
    {"TRYAGAIN", CommandError::try_again},
    {"READONLY", CommandError::read_only},
    {"LOADING", CommandError::loading},
    {"MASTERDOWN", CommandError::primary_down},
    {"BUSY", CommandError::busy},
    {"OOM", CommandError::out_of_memory},
    {"NOSCRIPT", CommandError::script_unknown},
};

// Takes what stands before the next space, and that.
std::string_view take_word(std::string_view& text) noexcept {
    const std::string_view word = text.substr(0, text.find(' '));
    text = text.substr(std::min(word.size() + 1, text.size()));
    return word;
}

}  // namespace

CommandError classify_error(std::string_view text) noexcept {
    constexpr std::string_view unknown_command = "ERR unknown command";
    if (equals_ignoring_case(text.substr(0, unknown_command.size()), unknown_command)) {
        return CommandError::unknown_command;
    }
    const std::string_view word = take_word(text);
    for (const Row& row : rows) {
        if (row.word == word) return row.error;
    }
    return CommandError::other;
}

std::optional<Redirection> redirection_of(std::string_view text) noexcept {
    const std::string_view word = take_word(text);
    if (word != "MOVED" && word != "ASK") return std::nullopt;
    constexpr std::uint16_t slot_max = 16383;
    const auto slot = parse_number<std::uint16_t>(take_word(text));
    const std::string_view address = take_word(text);
    // The host may be an IPv6 address.
    const std::size_t colon = address.rfind(':');
    if (!slot || *slot > slot_max || colon == std::string_view::npos) return std::nullopt;
    const auto port = parse_number<std::uint16_t>(address.substr(colon + 1));
    if (!port || *port == 0) return std::nullopt;
    return Redirection{.slot = *slot, .host = address.substr(0, colon), .port = *port};
}

}  // namespace edgews::redis
