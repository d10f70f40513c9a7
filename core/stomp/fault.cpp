#include <edgews/stomp_frame.hpp>

#include <edgews/close_code.hpp>

#include <array>
#include <cassert>
#include <cstddef>
#include <string_view>

namespace edgews::stomp {

namespace {

struct Sentence {
    Fault fault;
    std::string_view text;
};
// One for each, in their order.
constexpr std::array sentences{
    Sentence{Fault::none, "No rule was broken."},
    Sentence{Fault::unknown_command, "This command is unknown."},
    Sentence{Fault::header_without_colon, "A header line has no colon."},
    Sentence{Fault::header_name_empty, "A header has no name."},
    Sentence{Fault::header_escape_undefined,
             "A header has a backslash that begins no escape sequence of this version."},
    Sentence{Fault::header_not_utf8, "A header is not valid UTF-8."},
    Sentence{Fault::head_has_nul, "The frame ends before the blank line behind its headers."},
    Sentence{Fault::content_length_malformed, "The content-length is no number of octets."},
    Sentence{Fault::body_end_missing, "No NUL follows the octets that content-length counts."},
    Sentence{Fault::too_many_headers, "The frame has more headers than the limit."},
    Sentence{Fault::header_too_long, "A header line is longer than the limit."},
    Sentence{Fault::head_too_big, "The headers together are larger than the limit."},
    Sentence{Fault::body_too_big, "The body is larger than the limit."},
    Sentence{Fault::not_connected, "The first frame must be CONNECT."},
    Sentence{Fault::connected_already, "The session is connected already."},
    Sentence{Fault::no_common_version, "Supported protocol versions are 1.0, 1.1 and 1.2."},
    Sentence{Fault::heart_beat_malformed,
             "The heart-beat header must be two numbers with a comma between."},
    Sentence{Fault::access_refused, "Access was refused."},
    Sentence{Fault::session_expired, "The session has expired."},
    Sentence{Fault::heart_beat_missed, "Nothing was heard for longer than was agreed."},
    Sentence{Fault::destination_missing, "The destination header is missing."},
    Sentence{Fault::id_missing, "The id header is missing."},
    Sentence{Fault::message_id_missing, "The message-id header is missing."},
    Sentence{Fault::subscription_missing, "The subscription header is missing."},
    Sentence{Fault::transaction_missing, "The transaction header is missing."},
    Sentence{Fault::destination_invalid, "There can be no such destination."},
    Sentence{Fault::destination_too_long,
             "A destination has at most 1024 octets, and a pattern 32 segments."},
    Sentence{Fault::destination_escape_malformed,
             "A percent sign in a destination begins no escape that it may have."},
    Sentence{Fault::destination_not_for_send, "Nothing can be sent to this destination."},
    Sentence{Fault::destination_not_for_subscribe, "This destination cannot be subscribed to."},
    Sentence{Fault::id_too_long, "A subscription's id has at most 1024 octets."},
    Sentence{Fault::wildcard_not_last,
             "A wildcard for many segments must be the destination's last segment."},
    Sentence{Fault::subscription_exists, "A subscription with this id exists."},
    Sentence{Fault::subscription_unknown, "There is no such subscription."},
    Sentence{Fault::ack_mode_invalid, "The ack header names no mode of this version."},
    Sentence{Fault::prefetch_count_malformed, "The prefetch-count is no number."},
    Sentence{Fault::expires_malformed, "The expires header is no number."},
    Sentence{Fault::nack_not_in_1_0, "Version 1.0 has no NACK."},
    Sentence{Fault::delivery_unknown, "No such message waits to be acknowledged."},
    Sentence{Fault::transaction_exists, "A transaction with this id exists."},
    Sentence{Fault::transaction_unknown, "There is no such transaction."},
    Sentence{Fault::too_many_subscriptions, "The session has as many subscriptions as the limit."},
    Sentence{Fault::too_many_shapes,
             "Patterns have as many shapes as the limit, or as this client's share of it."},
    Sentence{Fault::too_many_transactions, "The session has as many transactions as the limit."},
    Sentence{Fault::transaction_too_big, "The transaction is larger than the limit."},
    Sentence{Fault::too_many_destinations,
             "There are as many destinations as the limit, or as this client's share of it."},
    Sentence{Fault::queue_full, "The queue is full."},
    Sentence{Fault::memory_full, "No memory is left, or none of this client's share of it."},
    Sentence{Fault::too_slow, "More messages wait for the client than the limit."},
    Sentence{Fault::destination_not_relayed, "The upstream broker can have no such destination."},
    Sentence{Fault::upstream_unavailable, "The upstream broker is not available."},
    Sentence{Fault::upstream_refused, "The upstream broker refused it."},
    Sentence{Fault::upstream_in_doubt, "It is in doubt whether the upstream broker has it."},
    Sentence{Fault::too_many_upstreams, "There are as many upstream connections as the limit."},
    Sentence{Fault::pattern_not_carried,
             "Topics that are shared by several nodes can be subscribed to by name only."},
    Sentence{Fault::server_shutting_down, "The server is shutting down."},
    Sentence{Fault::handler_failed, "The application failed."},
    Sentence{Fault::closed_by_server, "The server closed the session."},
};

consteval bool are_in_order() {
    for (std::size_t i = 0; i < sentences.size(); ++i) {
        if (static_cast<std::size_t>(sentences[i].fault) != i) return false;
    }
    return sentences.back().fault == Fault::closed_by_server;
}
static_assert(are_in_order());

}  // namespace

std::string_view describe(Fault fault) noexcept {
    return sentences[static_cast<std::size_t>(fault)].text;
}

std::uint16_t close_code_for(Fault fault) noexcept {
    assert(fault != Fault::none);
    switch (fault) {
        case Fault::unknown_command:
        case Fault::header_without_colon:
        case Fault::header_name_empty:
        case Fault::header_escape_undefined:
        case Fault::header_not_utf8:
        case Fault::head_has_nul:
        case Fault::content_length_malformed:
        case Fault::body_end_missing:
        case Fault::not_connected:
        case Fault::connected_already:
        case Fault::no_common_version:
        case Fault::heart_beat_malformed:
        case Fault::heart_beat_missed:
        case Fault::destination_missing:
        case Fault::id_missing:
        case Fault::message_id_missing:
        case Fault::subscription_missing:
        case Fault::transaction_missing:
        case Fault::subscription_exists:
        case Fault::subscription_unknown:
        case Fault::ack_mode_invalid:
        case Fault::prefetch_count_malformed:
        case Fault::expires_malformed:
        case Fault::nack_not_in_1_0:
        case Fault::delivery_unknown:
        case Fault::transaction_exists:
        case Fault::transaction_unknown: return close_code::protocol_error;
        case Fault::access_refused:
        case Fault::session_expired:
        case Fault::destination_not_relayed:
        case Fault::upstream_refused:
        case Fault::pattern_not_carried:
        case Fault::destination_invalid:
        case Fault::destination_too_long:
        case Fault::destination_escape_malformed:
        case Fault::destination_not_for_send:
        case Fault::destination_not_for_subscribe:
        case Fault::id_too_long:
        case Fault::wildcard_not_last:
        case Fault::too_many_headers:
        case Fault::too_many_subscriptions:
        case Fault::too_many_shapes:
        case Fault::too_many_transactions:
        case Fault::too_many_destinations: return close_code::policy_violation;
        case Fault::header_too_long:
        case Fault::head_too_big:
        case Fault::body_too_big:
        case Fault::transaction_too_big: return close_code::message_too_big;
        case Fault::queue_full:
        case Fault::memory_full:
        case Fault::upstream_unavailable:
        case Fault::upstream_in_doubt:
        case Fault::too_many_upstreams:
        case Fault::too_slow: return close_code::try_again_later;
        case Fault::server_shutting_down: return close_code::going_away;
        case Fault::handler_failed: return close_code::internal_error;
        case Fault::closed_by_server: return close_code::normal;
        case Fault::none: break;
    }
    return close_code::internal_error;
}

}  // namespace edgews::stomp
