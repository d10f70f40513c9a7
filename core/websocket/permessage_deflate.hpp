// Agreeing on permessage-deflate (RFC 7692, section 7.1): its parameters, and both sides' half of
// the negotiation. The compression itself is an add-on's: core/websocket/message_codec.hpp.
//
//     server:  if (const auto answer = answer_deflate_offers(head, terms)) append_deflate_answer(…)
//     client:  append_deflate_offer(out, terms);   then: read_deflate_answer(value, terms)
#pragma once

#include "core/http/http_head.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace edgews {

inline constexpr std::uint8_t window_bits_min = 8;
inline constexpr std::uint8_t window_bits_max = 15;

// What holds for the messages of each side. As terms, what a side asks for; agreed, what both keep.
struct DeflateParameters {
    // The side compresses each message by itself, and forgets the window in between.
    bool server_no_context_takeover = false;
    bool client_no_context_takeover = false;
    // The side looks back at most 2^bits bytes: 8 to 15.
    std::uint8_t server_max_window_bits = window_bits_max;
    std::uint8_t client_max_window_bits = window_bits_max;

    bool operator==(const DeflateParameters&) const = default;
};

struct DeflateAnswer {
    DeflateParameters agreed{};
    // The offer limited our window, so the answer has to name it (section 7.1.2.1).
    bool names_server_window = false;
};

// The server's choice: the first offer in all Sec-WebSocket-Extensions headers that is valid, made
// stricter by `terms`. An offer with an unknown, repeated or invalid parameter is passed over, not
// the connection refused (section 7.1). Empty: none is left, and nothing is compressed. Requires: a
// head without a handshake fault.
//
// A client that does not offer client_max_window_bits uses all 15, whatever the terms say.
[[nodiscard]] std::optional<DeflateAnswer> answer_deflate_offers(
    const HttpHead& head, const DeflateParameters& terms) noexcept;

// Appends the value of the response's Sec-WebSocket-Extensions.
void append_deflate_answer(std::string& out, const DeflateAnswer& answer) noexcept;

// Appends the value of a request's Sec-WebSocket-Extensions: one offer, which always lets the
// server limit our window.
void append_deflate_offer(std::string& out, const DeflateParameters& terms) noexcept;

// Why a client must fail the connection (RFC 6455, section 4.1; RFC 7692, section 7.1).
enum class DeflateAnswerFault : std::uint8_t {
    none,
    malformed,             // RFC 6455 9.1: not a list of extensions
    extension_unexpected,  // Another extension than what was offered, or more than one answer
    parameter_unknown,
    parameter_repeated,
    value_invalid,             // Not 8 to 15, missing, or where none belongs
    server_window_too_large,   // More than was asked for, or unnamed though it was
    server_takeover_unwilling  // server_no_context_takeover was asked for, and is not confirmed
};

[[nodiscard]] std::string_view describe(DeflateAnswerFault fault) noexcept;

struct ReadDeflateAnswer {
    DeflateAnswerFault fault = DeflateAnswerFault::none;
    DeflateParameters agreed{};  // Without a fault.
};

// Reads the value of the response's only Sec-WebSocket-Extensions header. `terms`: as offered.
[[nodiscard]] ReadDeflateAnswer read_deflate_answer(std::string_view value,
                                                    const DeflateParameters& terms) noexcept;

}  // namespace edgews
