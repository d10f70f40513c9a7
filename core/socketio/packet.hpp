// Packets of Socket.IO that came as text (protocol 5, Packet encoding).
//
//     51-/admin,12["baz",{"_placeholder":true,"num":0}]
//     │├┘├─────┘├┘└ payload
//     ││ │      └ id
//     ││ └ namespace, with its comma
//     │└ attachments, of a binary packet
//     └ type
//
// All that is shown is a view of the text, which is checked to its last byte: what a packet of a
// type has to have and what it must not, the JSON, and the placeholders of its attachments. What
// this reader makes of points that the specification leaves open:
// - A namespace that nothing follows may be without its comma. "/" may be said.
// - An id may have zeros before it, as long as it has 16 digits at most.
// - A name that is a number is its text: 1e3 is not 1000.
// - An acknowledgement without an id is a fault, and so is a CONNECT with one.
#pragma once

#include "core/socketio/fault.hpp"
#include "core/socketio/json_scan.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace edgews::sio {

// In the order of their digits.
enum class PacketType : std::uint8_t {
    connect,
    disconnect,
    event,
    acknowledgement,
    connect_error,
    binary_event,
    binary_acknowledgement,
};

// Of one packet that is received.
struct PacketLimits {
    std::size_t attachment_count_max = 10;          // At most attachment_count_bound.
    std::size_t attachments_size_max = 10'000'000;  // Bytes of all of them together.
    std::size_t namespace_size_max = 256;           // Bytes.
};

// JavaScript's numbers count so far.
inline constexpr std::uint64_t packet_id_max = (std::uint64_t{1} << 53) - 1;

struct Packet {
    Fault fault = Fault::none;  // With a fault, all else is as it stands here, but json_fault.
    JsonFault json_fault = JsonFault::none;  // What is wrong with a payload_malformed.
    PacketType type = PacketType::connect;
    std::size_t attachment_count = 0;  // A binary packet may have none.
    std::string_view namespace_name = "/";
    std::optional<std::uint64_t> id{};
    std::string_view payload{};  // JSON. Empty: there is none.
    std::string_view name{};     // Of an event, as JSON: a string or a number. See event_name().
    // Of an event, its name not among them, or of an acknowledgement.
    std::span<const std::string_view> arguments{};  // One by one,
    JsonElements argument_text{};                   // and as they stand.

    [[nodiscard]] bool is_event() const noexcept {
        return type == PacketType::event || type == PacketType::binary_event;
    }
    [[nodiscard]] bool is_acknowledgement() const noexcept {
        return type == PacketType::acknowledgement || type == PacketType::binary_acknowledgement;
    }
    [[nodiscard]] bool is_binary() const noexcept { return type >= PacketType::binary_event; }
};

// Reads a whole text, without the type of Engine.IO's packet. `space` is where the elements of the
// payload go, an event's name among them: it has no more than that.
[[nodiscard]] Packet decode_packet(std::string_view text, const PacketLimits& limits,
                                   std::span<std::string_view> space) noexcept;

// The name of an event, as it is called: a view into it, or into `scratch`, which is overwritten.
// Requires: an event.
[[nodiscard]] std::string_view event_name(const Packet& packet, std::string& scratch);

// Those that every client raises itself, which none may be sent: "connect", "connect_error",
// "disconnect", "disconnecting", "newListener", "removeListener".
[[nodiscard]] bool is_reserved_event(std::string_view name) noexcept;

// Whether a packet can say it: a slash, and then no comma, no control character, and UTF-8.
[[nodiscard]] bool is_namespace(std::string_view name) noexcept;

}  // namespace edgews::sio
