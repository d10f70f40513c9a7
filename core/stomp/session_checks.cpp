// What a session checks of a frame before it asks anyone.
#include "core/base/number.hpp"
#include "core/stomp/session.hpp"

#include <algorithm>
#include <utility>

namespace edgews::stomp {
namespace {

std::optional<AckMode> ack_mode_of(std::optional<std::string_view> ack, Version version) noexcept {
    if (!ack || *ack == "auto") return AckMode::automatic;
    if (*ack == "client") return AckMode::client;
    if (*ack == "client-individual" && version != Version::v1_0) return AckMode::client_individual;
    return std::nullopt;
}

}  // namespace

Fault Session::check(const Frame& frame) {
    if (frame.fault != Fault::none) return frame.fault;
    if (state_ == State::connecting) {
        return frame.command == Command::connect ? check_connect(frame) : Fault::not_connected;
    }
    is_in_transaction_ = false;
    switch (frame.command) {
        case Command::connect: return Fault::connected_already;
        case Command::send: return check_send_frame(frame);
        case Command::subscribe: return check_subscribe_frame(frame);
        case Command::unsubscribe: return check_unsubscribe_frame(frame);
        case Command::ack:
        case Command::nack: return check_settling(frame);
        case Command::begin:
        case Command::commit:
        case Command::abort: return check_transaction_frame(frame);
        case Command::disconnect: request_.kind = Request::Kind::disconnect; return Fault::none;
        case Command::unknown:
        case Command::connected:
        case Command::message:
        case Command::receipt:
        case Command::error: break;
    }
    return Fault::unknown_command;
}

// Each request begins as a connect.
Fault Session::check_connect(const Frame& frame) {
    const auto accept_version = frame.find("accept-version");
    const auto version = accept_version ? negotiate(*accept_version) : Version::v1_0;
    if (!version) return Fault::no_common_version;
    const bool has_preferred = preferred_ && accept_version && lists(*accept_version, *preferred_);
    version_ = has_preferred ? *preferred_ : *version;
    const auto heart_beat = frame.find("heart-beat");
    if (!heart_beat || version_ == Version::v1_0) return Fault::none;
    const auto parsed = HeartBeat::parse(*heart_beat);
    if (!parsed) return Fault::heart_beat_malformed;
    client_heart_beat_ = *parsed;
    return Fault::none;
}

Fault Session::check_send_frame(const Frame& frame) {
    request_.kind = Request::Kind::send;
    const auto destination = frame.find("destination");
    if (!destination) return Fault::destination_missing;
    request_.destination = *destination;
    if (const Fault fault = check_send(*destination); fault != Fault::none) return fault;
    const DestinationKind kind = kind_of(*destination);
    if (kind == DestinationKind::application || kind == DestinationKind::user) {
        if (const Fault fault = spell(frame); fault != Fault::none) return fault;
    }
    if (const Fault fault = find_transaction(frame); fault != Fault::none) return fault;
    if (kind == DestinationKind::application) {
        if (!is_in_transaction_) request_.kind = Request::Kind::application;
        return Fault::none;
    }
    return make_sending(*request_.frame);
}

// Whoever is asked about the destination, in the request or in the frame, sees it spelled as it is
// acted on.
Fault Session::spell(const Frame& frame) {
    std::string storage;
    const auto [fault, text] = canonical(request_.destination, storage);
    if (fault != Fault::none || text == request_.destination) return fault;
    respelled_ = std::make_unique<Respelled>();
    respelled_->destination = std::move(storage);
    respelled_->headers.assign(frame.headers.begin(), frame.headers.end());
    const auto first =
        std::find_if(respelled_->headers.begin(), respelled_->headers.end(),
                     [](const Header& header) { return header.name == "destination"; });
    first->value = respelled_->destination;
    respelled_->frame = frame;
    respelled_->frame.headers = respelled_->headers;
    request_.frame = &respelled_->frame;
    request_.destination = respelled_->destination;
    return Fault::none;
}

// The message, before anyone is asked: to copy it takes the longest, and needs no broker.
Fault Session::make_sending(const Frame& frame) {
    const auto expires = frame.find("expires");
    const auto expires_ms = parse_number<std::uint64_t>(expires.value_or("0"));
    if (!expires_ms) return Fault::expires_malformed;

    // To a user: the receivers know it by the name that they subscribed to.
    const std::string_view rest = parse_user_destination(request_.destination).rest;
    const std::string user_destination = rest.empty() ? "" : "/user" + std::string(rest);
    const std::string reply_to = reply_to_of(frame);
    if (reply_to.size() > destination_size_max) return Fault::destination_too_long;
    sending_.key = request_.destination;
    sending_.content = contents_.make(
        {.destination = rest.empty() ? request_.destination : std::string_view(user_destination),
         .headers = frame.headers,
         .reply_to = reply_to,
         .body = frame.body,
         .expires_ms = *expires_ms});
    return Fault::none;
}

// What others are to answer to: the full name of a temporary queue of this session. Empty:
// reply-to is none of ours to change.
std::string Session::reply_to_of(const Frame& frame) {
    reply_queue_.clear();
    const auto reply_to = frame.find("reply-to");
    if (!reply_to || kind_of(*reply_to) != DestinationKind::temp_queue) return {};
    if (reply_to->starts_with(foreign_queue_prefix)) return {};
    if (check_subscribe(*reply_to) != Fault::none) return {};
    reply_queue_ = *reply_to;
    return Broker::subscription_key(outbox_, *reply_to);
}

Fault Session::check_subscribe_frame(const Frame& frame) {
    request_.kind = Request::Kind::subscribe;
    const auto destination = frame.find("destination");
    if (!destination) return Fault::destination_missing;
    request_.destination = *destination;
    const auto id = frame.find("id");
    if (!id && version_ != Version::v1_0) return Fault::id_missing;
    if (const Fault fault = check_subscribe(*destination); fault != Fault::none) return fault;
    // Somebody's own: others know its name, and send to it.
    if (destination->starts_with(foreign_queue_prefix)) {
        return Fault::destination_not_for_subscribe;
    }
    if (id && id->size() > destination_size_max) return Fault::id_too_long;
    const auto ack_mode = ack_mode_of(frame.find("ack"), version_);
    if (!ack_mode) return Fault::ack_mode_invalid;
    const auto prefetch = parse_number<std::uint32_t>(frame.find("prefetch-count").value_or("0"));
    if (!prefetch) return Fault::prefetch_count_malformed;

    subscribing_ = {.id = id ? std::string(*id) : '\n' + std::string(*destination),
                    .destination = std::string(*destination),
                    .ack_mode = *ack_mode,
                    .prefetch_count = *prefetch,
                    .has_id = id.has_value()};
    return outbox_.find(subscribing_.id) == nullptr ? Fault::none : Fault::subscription_exists;
}

Fault Session::check_unsubscribe_frame(const Frame& frame) {
    request_.kind = Request::Kind::unsubscribe;
    const auto id = frame.find("id");
    const auto destination = frame.find("destination");
    if (id) {
        unsubscribing_ = *id;
    } else if (version_ == Version::v1_0 && destination) {
        unsubscribing_ = '\n' + std::string(*destination);
    } else {
        return Fault::id_missing;
    }
    const bool is_known = outbox_.find(unsubscribing_) != nullptr;
    return is_known ? Fault::none : Fault::subscription_unknown;
}

Fault Session::check_settling(const Frame& frame) {
    const bool is_nack = frame.command == Command::nack;
    request_.kind = is_nack ? Request::Kind::nack : Request::Kind::ack;
    if (is_nack && version_ == Version::v1_0) return Fault::nack_not_in_1_0;
    const bool is_1_2 = version_ == Version::v1_2;
    const auto name = frame.find(is_1_2 ? "id" : "message-id");
    const auto subscription = is_1_2 ? std::nullopt : frame.find("subscription");
    if (!name) return is_1_2 ? Fault::id_missing : Fault::message_id_missing;
    if (version_ == Version::v1_1 && !subscription) return Fault::subscription_missing;

    const auto id = DeliveryId::parse(*name);
    const Subscription* const named = id ? outbox_.find(id->subscription) : nullptr;
    if (named == nullptr) return Fault::delivery_unknown;
    if (subscription && named->setup().id != *subscription) return Fault::delivery_unknown;
    Verdict verdict = Verdict::accepted;
    if (is_nack) {
        const auto requeue = frame.find("requeue");  // Python's clients say "False".
        const bool is_refused = requeue == "false" || requeue == "False";
        verdict = is_refused ? Verdict::dead_letter : Verdict::requeue;
    }
    settling_ = {.id = *id, .verdict = verdict};
    return find_transaction(frame);
}

Fault Session::check_transaction_frame(const Frame& frame) {
    const auto name = frame.find("transaction");
    if (!name) return Fault::transaction_missing;
    transaction_ = *name;
    const bool is_open = transactions_.find(transaction_) != nullptr;
    if (frame.command != Command::begin) {
        request_.kind =
            frame.command == Command::commit ? Request::Kind::commit : Request::Kind::abort;
        return is_open ? Fault::none : Fault::transaction_unknown;
    }
    request_.kind = Request::Kind::begin;
    if (is_open) return Fault::transaction_exists;
    const bool is_one_too_many = transactions_.count() >= options_.transaction_count_max;
    return is_one_too_many ? Fault::too_many_transactions : Fault::none;
}

Fault Session::find_transaction(const Frame& frame) {
    const auto name = frame.find("transaction");
    if (!name) return Fault::none;
    transaction_ = *name;
    is_in_transaction_ = true;
    return transactions_.find(transaction_) != nullptr ? Fault::none : Fault::transaction_unknown;
}

}  // namespace edgews::stomp
