// A STOMP frame, as it was read: views of the bytes of its reader.
#pragma once

#include "core/stomp/fault.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace edgews::stomp {

enum class Command : std::uint8_t {
    unknown,
    // A client's.
    connect,  // CONNECT, and STOMP (1.2, CONNECT or STOMP Frame).
    send,
    subscribe,
    unsubscribe,
    ack,
    nack,
    begin,
    commit,
    abort,
    disconnect,
    // A server's.
    connected,
    message,
    receipt,
    error,
};

// "SEND". "" for `unknown`.
[[nodiscard]] std::string_view to_string(Command command) noexcept;
// Case matters (1.2, STOMP Frames).
[[nodiscard]] Command command_of(std::string_view name) noexcept;

// Decoded. Both are UTF-8.
struct Header {
    std::string_view name;
    std::string_view value;
};

struct Frame {
    Command command = Command::unknown;
    // As they came, repeated ones too.
    std::span<const Header> headers{};
    std::span<const std::byte> body{};
    // A rule that it breaks. What else is here is then as much as could be read of it.
    Fault fault = Fault::none;

    // The first of that name, which is the one that counts (1.2, Repeated Header Entries).
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;
};

}  // namespace edgews::stomp
