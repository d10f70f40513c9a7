// The checks of a frame that a session makes before it asks anyone.
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
        if (frame.command != Command::connect) return Fault::not_connected;
        return check_connect(frame);
    }
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
        case Command::disconnect:
            request_.kind = Request::Kind::disconnect;
            checked_.emplace<ToDisconnect>();
            return Fault::none;
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
    request_.is_relayed = relay_ != nullptr && relay_->takes(*destination);
    const Fault wrong = check_send(*destination, request_.is_relayed);
    if (wrong != Fault::none) return wrong;
    const DestinationKind kind = kind_of(*destination);
    if (kind == DestinationKind::application || kind == DestinationKind::user) {
        if (const Fault fault = spell(frame); fault != Fault::none) return fault;
    }
    const auto transaction = frame.find("transaction");
    if (!is_there(transaction)) return Fault::transaction_unknown;
    if (request_.is_relayed) {
        if (transaction) checked_.emplace<ToSendUp>().transaction = *transaction;
        return check_relayed(frame);
    }
    if (kind != DestinationKind::application) return make_sending(*request_.frame, transaction);
    if (transaction) {
        checked_.emplace<ToSendToApplication>().transaction = *transaction;
    } else {
        request_.kind = Request::Kind::application;
    }
    return Fault::none;
}

// What an upstream broker would object to: its ERROR would be the end of what others share. And a
// temporary queue up there would be its connection's, and not the client's.
Fault Session::check_relayed(const Frame& frame) {
    if (RelayRules::is_reserved(frame.find("destination").value_or(""))) {
        return Fault::access_refused;
    }
    for (const Header& header : frame.headers) {
        const bool is_number = parse_number<std::uint64_t>(header.value).has_value();
        if (header.name == "expires" && !is_number) return Fault::expires_malformed;
        const bool is_temporary = header.value.starts_with("/temp-queue/");
        if (header.name == "reply-to" && is_temporary) return Fault::destination_not_relayed;
    }
    return Fault::none;
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
Fault Session::make_sending(const Frame& frame, std::optional<std::string_view> transaction) {
    const auto expires = frame.find("expires");
    const auto expires_ms = parse_number<std::uint64_t>(expires.value_or("0"));
    if (!expires_ms) return Fault::expires_malformed;

    // To a user: the receivers know it by the name that they subscribed to.
    const std::string_view rest = parse_user_destination(request_.destination).rest;
    const std::string user_destination = rest.empty() ? "" : "/user" + std::string(rest);
    ReplyTo reply_to = reply_to_of(frame);
    if (reply_to.full_name.size() > destination_size_max) return Fault::destination_too_long;
    auto& asked = checked_.emplace<ToSend>();
    asked.sending.key = std::move(spare_key_);
    asked.sending.key = request_.destination;
    asked.sending.content = contents_.make(
        {.destination = rest.empty() ? request_.destination : std::string_view(user_destination),
         .headers = frame.headers,
         .reply_to = reply_to.full_name,
         .body = frame.body,
         .expires_ms = *expires_ms});
    asked.reply_queue = std::move(reply_to.queue);
    if (transaction) asked.transaction.emplace(*transaction);
    return Fault::none;
}

Session::ReplyTo Session::reply_to_of(const Frame& frame) const {
    const auto reply_to = frame.find("reply-to");
    if (!reply_to || kind_of(*reply_to) != DestinationKind::temp_queue) return {};
    if (reply_to->starts_with(foreign_queue_prefix)) return {};
    if (check_subscribe(*reply_to) != Fault::none) return {};
    return {.queue = std::string(*reply_to),
            .full_name = Broker::subscription_key(outbox_, *reply_to)};
}

Fault Session::check_subscribe_frame(const Frame& frame) {
    request_.kind = Request::Kind::subscribe;
    const auto destination = frame.find("destination");
    if (!destination) return Fault::destination_missing;
    request_.destination = *destination;
    const auto id = frame.find("id");
    if (!id && version_ != Version::v1_0) return Fault::id_missing;
    request_.is_relayed = relay_ != nullptr && relay_->takes(*destination);
    const Fault wrong = check_subscribe(*destination, request_.is_relayed);
    if (wrong != Fault::none) return wrong;
    // Somebody's own: others know its name, and send to it.
    if (destination->starts_with(foreign_queue_prefix)) {
        return Fault::destination_not_for_subscribe;
    }
    if (id && id->size() > destination_size_max) return Fault::id_too_long;
    const auto ack_mode = ack_mode_of(frame.find("ack"), version_);
    if (!ack_mode) return Fault::ack_mode_invalid;
    const auto prefetch = parse_number<std::uint32_t>(frame.find("prefetch-count").value_or("0"));
    if (!prefetch) return Fault::prefetch_count_malformed;

    auto& setup = checked_.emplace<ToSubscribe>().setup;
    setup = {.id = id ? std::string(*id) : '\n' + std::string(*destination),
             .destination = std::string(*destination),
             .ack_mode = *ack_mode,
             .prefetch_count = *prefetch,
             .has_id = id.has_value(),
             .wants_gaps = frame.find("gap") == "true"};
    if (request_.is_relayed && RelayRules::is_reserved(*destination)) {
        return Fault::access_refused;
    }
    return outbox_.find(setup.id) == nullptr ? Fault::none : Fault::subscription_exists;
}

Fault Session::check_unsubscribe_frame(const Frame& frame) {
    request_.kind = Request::Kind::unsubscribe;
    const auto id = frame.find("id");
    const auto destination = frame.find("destination");
    auto& asked = checked_.emplace<ToUnsubscribe>();
    if (id) {
        asked.id = *id;
    } else if (version_ == Version::v1_0 && destination) {
        asked.id = '\n' + std::string(*destination);
    } else {
        return Fault::id_missing;
    }
    return outbox_.find(asked.id) != nullptr ? Fault::none : Fault::subscription_unknown;
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
    const auto transaction = frame.find("transaction");
    if (!is_there(transaction)) return Fault::transaction_unknown;
    auto& asked = checked_.emplace<ToSettle>();
    asked.settling = {.id = *id, .verdict = verdict};
    if (transaction) asked.transaction.emplace(*transaction);
    return Fault::none;
}

Fault Session::check_transaction_frame(const Frame& frame) {
    const auto name = frame.find("transaction");
    if (!name) return Fault::transaction_missing;
    const bool is_open = transactions_.find(*name) != nullptr;
    if (frame.command == Command::begin) {
        request_.kind = Request::Kind::begin;
        if (is_open) return Fault::transaction_exists;
        if (transactions_.count() >= options_.transaction_count_max) {
            return Fault::too_many_transactions;
        }
        checked_.emplace<ToBegin>().transaction = *name;
        return Fault::none;
    }
    const bool is_commit = frame.command == Command::commit;
    request_.kind = is_commit ? Request::Kind::commit : Request::Kind::abort;
    if (!is_open) return Fault::transaction_unknown;
    if (is_commit) {
        checked_.emplace<ToCommit>().transaction = *name;
    } else {
        checked_.emplace<ToAbort>().transaction = *name;
    }
    return Fault::none;
}

bool Session::is_there(std::optional<std::string_view> transaction) {
    return !transaction || transactions_.find(*transaction) != nullptr;
}

}  // namespace edgews::stomp
