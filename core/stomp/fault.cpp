#include <edgews/stomp_frame.hpp>

#include <edgews/close_code.hpp>

#include <cassert>

namespace edgews::stomp {

std::string_view describe(Fault fault) noexcept {
    switch (fault) {
        case Fault::none: return "No rule was broken.";
        case Fault::unknown_command: return "This command is unknown.";
        case Fault::header_without_colon: return "A header line has no colon.";
        case Fault::header_name_empty: return "A header has no name.";
        case Fault::header_escape_undefined:
            return "A header has a backslash that begins no escape sequence of this version.";
        case Fault::header_not_utf8: return "A header is not valid UTF-8.";
        case Fault::head_has_nul: return "The frame ends before the blank line behind its headers.";
        case Fault::content_length_malformed: return "The content-length is no number of octets.";
        case Fault::body_end_missing:
            return "No NUL follows the octets that content-length counts.";
        case Fault::too_many_headers: return "The frame has more headers than the limit.";
        case Fault::header_too_long: return "A header line is longer than the limit.";
        case Fault::head_too_big: return "The headers together are larger than the limit.";
        case Fault::body_too_big: return "The body is larger than the limit.";
        case Fault::not_connected: return "The first frame must be CONNECT.";
        case Fault::connected_already: return "The session is connected already.";
        case Fault::no_common_version: return "Supported protocol versions are 1.0, 1.1 and 1.2.";
        case Fault::heart_beat_malformed:
            return "The heart-beat header must be two numbers with a comma between.";
        case Fault::access_refused: return "Access was refused.";
        case Fault::session_expired: return "The session has expired.";
        case Fault::heart_beat_missed: return "Nothing was heard for longer than was agreed.";
        case Fault::destination_missing: return "The destination header is missing.";
        case Fault::id_missing: return "The id header is missing.";
        case Fault::message_id_missing: return "The message-id header is missing.";
        case Fault::subscription_missing: return "The subscription header is missing.";
        case Fault::transaction_missing: return "The transaction header is missing.";
        case Fault::destination_invalid: return "There can be no such destination.";
        case Fault::destination_too_long:
            return "A destination has at most 1024 octets, and a pattern 32 segments.";
        case Fault::destination_escape_malformed:
            return "A percent sign in a destination begins no escape that it may have.";
        case Fault::destination_not_for_send: return "Nothing can be sent to this destination.";
        case Fault::destination_not_for_subscribe:
            return "This destination cannot be subscribed to.";
        case Fault::id_too_long: return "A subscription's id has at most 1024 octets.";
        case Fault::wildcard_not_last:
            return "A wildcard for many segments must be the destination's last segment.";
        case Fault::subscription_exists: return "A subscription with this id exists.";
        case Fault::subscription_unknown: return "There is no such subscription.";
        case Fault::ack_mode_invalid: return "The ack header names no mode of this version.";
        case Fault::prefetch_count_malformed: return "The prefetch-count is no number.";
        case Fault::expires_malformed: return "The expires header is no number.";
        case Fault::nack_not_in_1_0: return "Version 1.0 has no NACK.";
        case Fault::delivery_unknown: return "No such message waits to be acknowledged.";
        case Fault::transaction_exists: return "A transaction with this id exists.";
        case Fault::transaction_unknown: return "There is no such transaction.";
        case Fault::too_many_subscriptions:
            return "The session has as many subscriptions as the limit.";
        case Fault::too_many_shapes:
            return "Patterns have as many shapes as the limit, or as this client's share of it.";
        case Fault::too_many_transactions:
            return "The session has as many transactions as the limit.";
        case Fault::transaction_too_big: return "The transaction is larger than the limit.";
        case Fault::too_many_destinations:
            return "There are as many destinations as the limit, or as this client's share of it.";
        case Fault::queue_full: return "The queue is full.";
        case Fault::memory_full: return "No memory is left, or none of this client's share of it.";
        case Fault::too_slow: return "More messages wait for the client than the limit.";
        case Fault::server_shutting_down: return "The server is shutting down.";
        case Fault::handler_failed: return "The application failed.";
        case Fault::closed_by_server: return "The server closed the session.";
    }
    return {};
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
        case Fault::too_slow: return close_code::try_again_later;
        case Fault::server_shutting_down: return close_code::going_away;
        case Fault::handler_failed: return close_code::internal_error;
        case Fault::closed_by_server: return close_code::normal;
        case Fault::none: break;
    }
    return close_code::internal_error;
}

}  // namespace edgews::stomp
