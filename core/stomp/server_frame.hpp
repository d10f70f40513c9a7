// A frame of a server's, as its client sees it, and the rules that it can break.
#pragma once

#include <edgews/stomp_frame.hpp>

#include <cstdint>
#include <string_view>

namespace edgews::stomp {

// The faults that a server can commit: one enumerator for each rule.
enum class ServerFault : std::uint8_t {
    none,
    frame_malformed,       // Frame::fault says how.
    not_a_servers,         // A command that only clients send.
    not_connected,         // Another frame before CONNECTED.
    connected_already,     // A second CONNECTED.
    version_not_offered,   // 1.2, Protocol Negotiation.
    heart_beat_malformed,  // 1.2, Heart-beating.
    destination_missing,   // Of MESSAGE (1.2, MESSAGE).
    message_id_missing,
    subscription_missing,  // 1.0 has it only where the SUBSCRIBE had an id: ours always have.
    receipt_id_missing,    // 1.2, RECEIPT.
};

// One sentence, for an error.
[[nodiscard]] std::string_view describe(ServerFault fault) noexcept;

struct ServerFrame {
    enum class Kind : std::uint8_t {
        connected,
        message,
        receipt,
        error,  // The session is over.
        fault,  // The same: the server broke a rule.
    };
    Kind kind = Kind::fault;
    ServerFault fault = ServerFault::none;
    // Valid until the session is asked for the next.
    const Frame* frame = nullptr;
    // Of message: the subscription's. Of receipt and error: of the frame that asked for a receipt.
    // 0: none that this client has numbered.
    std::uint64_t number = 0;
};

}  // namespace edgews::stomp
