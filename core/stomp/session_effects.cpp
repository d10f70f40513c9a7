// The effects of a session's requests, once nobody objects: here it touches the broker.
#include "core/stomp/frame_writer.hpp"
#include "core/stomp/session.hpp"

#include <cassert>
#include <utility>

namespace edgews::stomp {
namespace {

// Bytes of a frame in a transaction, beside what it says.
constexpr std::size_t frame_overhead = 96;

}  // namespace

Outcome Session::carry_out() noexcept {
    const Effect effect =
        std::visit([this](auto& request) { return carry_out(request); }, checked_);
    if (effect.fault != Fault::none) {
        refuse(effect.fault);
        return Outcome::done;
    }
    request_.frame = nullptr;  // The input goes before the next try, and before anything else.
    if (effect.is_blocked) return Outcome::blocked;
    if (wants_receipt_ && !is_receipt_withheld_) {
        write_receipt(output_);
        wants_receipt_ = false;
    }
    if (auto* const sent = std::get_if<ToSend>(&checked_)) {
        spare_key_ = std::move(sent->sending.key);
    }
    checked_.emplace<std::monostate>();
    return Outcome::done;
}

Session::Effect Session::carry_out(std::monostate) {
    assert(false);  // It is its owner who answers it.
    return {};
}

// Nothing follows its RECEIPT.
Session::Effect Session::carry_out(ToDisconnect) {
    enter(State::over);
    return {};
}

Session::Effect Session::carry_out(ToUnsubscribe& request) {
    broker_.unsubscribe(*outbox_.find(request.id));
    return {};
}

Session::Effect Session::carry_out(ToSubscribe& request) {
    return {.fault = subscribe(std::move(request.setup))};
}

Session::Effect Session::carry_out(ToSend& request) {
    if (request.transaction) return {.fault = put_in_transaction(request)};
    if (const Fault fault = ensure_reply_queue(request.reply_queue); fault != Fault::none) {
        return {.fault = fault};
    }
    const Reach reach = wants_receipt_ ? Reach::everywhere : Reach::here;
    resolve_own_queue(request.sending.key);
    const Broker::Sent sent =
        broker_.send(request.sending.key, request.sending.content, &outbox_, reach);
    // Those here may have it then, and those of other nodes are told that they have not.
    const bool is_here_alone =
        sent == Broker::Sent::not_carried || sent == Broker::Sent::too_large_to_carry;
    if (is_here_alone && reach == Reach::here) return {};
    return {.fault = fault_of(sent), .is_blocked = sent == Broker::Sent::blocked};
}

// A short name of a temporary queue is the session's own, if it has one of that name.
void Session::resolve_own_queue(std::string& key) const {
    if (kind_of(key) != DestinationKind::temp_queue) return;
    std::string own = Broker::subscription_key(outbox_, key);
    if (broker_.find_queue(own) != nullptr) key = std::move(own);
}

// The queue that reply-to names is there when the answer comes, subscribed to by its own name.
Fault Session::ensure_reply_queue(const std::string& reply_queue) {
    if (reply_queue.empty()) return Fault::none;
    const std::string key = Broker::subscription_key(outbox_, reply_queue);
    if (broker_.find_queue(key) != nullptr || outbox_.find(reply_queue) != nullptr) {
        return Fault::none;
    }
    return subscribe({.id = reply_queue, .destination = reply_queue, .is_for_replies = true});
}

std::string Session::open_reply_queue() noexcept {
    assert(request_.kind == Request::Kind::application);
    ReplyTo own = reply_to_of(*request_.frame);
    if (const Fault fault = ensure_reply_queue(own.queue); fault != Fault::none) {
        refuse(fault);
        return {};
    }
    if (!own.full_name.empty()) return std::move(own.full_name);
    const std::string_view reply_to = request_.frame->find("reply-to").value_or("");
    if (check_send(reply_to) != Fault::none) return {};
    std::string storage;
    return std::string(canonical(reply_to, storage).text);
}

Fault Session::subscribe(SubscriptionSetup setup) {
    setup.front = "MESSAGE\n";
    if (setup.has_id) append_said(setup.front, "subscription", setup.id, version_);
    return broker_.subscribe(outbox_, std::move(setup));
}

Fault Session::put_in_transaction(ToSend& request) {
    if (const Fault fault = ensure_reply_queue(request.reply_queue); fault != Fault::none) {
        return fault;
    }
    Transaction& transaction = *transactions_.find(*request.transaction);
    Sending& sending = request.sending;
    const Fault fault =
        note_in_transaction(transaction, sending.content.size(), sending.key.size());
    if (fault != Fault::none) return fault;
    resolve_own_queue(sending.key);
    transaction.sendings.push_back(std::move(sending));
    return Fault::none;
}

Session::Effect Session::carry_out(ToSendToApplication& request) {
    Transaction& transaction = *transactions_.find(request.transaction);
    const std::size_t size_before = transaction.application_frames.size();
    append_for_application(transaction.application_frames, *request_.frame);
    const std::size_t size = transaction.application_frames.size() - size_before;
    return {.fault = note_in_transaction(transaction, size, 0)};
}

std::string Session::relayed_frame() const {
    std::string out;
    append_for_application(out, *request_.frame);
    return out;
}

Session::Effect Session::carry_out(ToSendUp& request) {
    Transaction& transaction = *transactions_.find(request.transaction);
    const std::size_t size_before = transaction.relayed_frames.size();
    append_for_application(transaction.relayed_frames, *request_.frame);
    const std::size_t size = transaction.relayed_frames.size() - size_before;
    return {.fault = note_in_transaction(transaction, size, 0)};
}

Session::Effect Session::carry_out(ToBegin& request) {
    const std::size_t size = sizeof(Transaction) + request.transaction.size();
    if (!broker_.take_for_transaction(outbox_, size)) return {.fault = Fault::memory_full};
    transactions_.begin(request.transaction).taken = size;
    return {};
}

// The frame's RECEIPT, if it wants one, may come with the COMMIT.
Fault Session::note_in_transaction(Transaction& transaction, std::size_t size,
                                   std::size_t key_size) {
    const std::size_t said_size = size + receipt_.size();
    transaction.size += said_size;
    ++transaction.count;
    const bool fits = transaction.count <= options_.transaction_frame_count_max &&
                      transaction.size <= options_.transaction_size_max;
    if (!fits) return Fault::transaction_too_big;
    const std::size_t taken = said_size + key_size + frame_overhead;
    if (!broker_.take_for_transaction(outbox_, taken)) return Fault::memory_full;
    transaction.taken += taken;
    if (options_.receipt_in_transaction == ReceiptInTransaction::at_once) return Fault::none;
    if (wants_receipt_) write_receipt(transaction.receipts);
    wants_receipt_ = false;
    return Fault::none;
}

// As it came, but for what was the transaction's.
void Session::append_for_application(std::string& out, const Frame& frame) const {
    std::vector<Header> headers;
    for (const Header& header : frame.headers) {
        const bool is_left_out = header.name == "transaction" || header.name == "receipt" ||
                                 header.name == "content-length";
        if (!is_left_out) headers.push_back(header);
    }
    append_frame(out, Command::send, headers, frame.body, Version::v1_2);
}

Session::Effect Session::carry_out(ToSettle& request) {
    Settling& settling = request.settling;
    if (const Fault fault = Broker::check(outbox_, settling.id); fault != Fault::none) {
        return {.fault = fault};
    }
    if (!request.transaction) {
        broker_.settle(outbox_, settling);
        return {};
    }
    Transaction& transaction = *transactions_.find(*request.transaction);
    const Fault fault = note_in_transaction(transaction, sizeof(Settling), 0);
    if (fault != Fault::none) return {.fault = fault};
    Broker::reserve(outbox_, settling, transaction.number);
    transaction.settlings.push_back(settling);
    return {};
}

// All of it, or nothing: what can fail is looked at before anything happens.
Session::Effect Session::carry_out(ToCommit& request) {
    Transaction& transaction = *transactions_.find(request.transaction);
    for (const Settling& settling : transaction.settlings) {
        // Given back by UNSUBSCRIBE since.
        if (outbox_.find(settling.id.subscription) == nullptr) {
            return {.fault = Fault::delivery_unknown};
        }
    }
    // What it holds, its queues are to hold.
    const std::size_t taken = transaction.taken;
    broker_.give_back_of_transaction(outbox_, taken);
    const bool has_receipts = wants_receipt_ || !transaction.receipts.empty();
    const Broker::Sent sent = broker_.send_all(transaction.sendings, &outbox_,
                                               has_receipts ? Reach::everywhere : Reach::here);
    if (sent != Broker::Sent::done) {
        broker_.take_again_for_transaction(outbox_, taken);
        return {.fault = fault_of(sent), .is_blocked = sent == Broker::Sent::blocked};
    }
    for (const Settling& settling : transaction.settlings) {
        broker_.settle_reserved(outbox_, settling, transaction.number);
    }
    if (transaction.application_frames.empty()) {
        output_ += transaction.receipts;
    } else {
        replay_ = std::move(transaction.application_frames);
        receipts_after_replay_ = std::move(transaction.receipts);
        if (wants_receipt_) write_receipt(receipts_after_replay_);
        wants_receipt_ = false;
    }
    transactions_.remove(transaction);
    return {};
}

RelayedPart Session::relayed_part() {
    const auto* const commit = std::get_if<ToCommit>(&checked_);
    if (relay_ == nullptr || commit == nullptr) return {};
    const Transaction& transaction = *transactions_.find(commit->transaction);
    RelayedPart part{.frames = transaction.relayed_frames};
    for (const Settling& settling : transaction.settlings) {
        const Subscription* const subscription = outbox_.find(settling.id.subscription);
        if (subscription == nullptr) return {};  // It will be refused.
        if (!subscription->setup().is_relayed) continue;
        subscription->visit_reserved(
            {settling.first, settling.id.sequence}, transaction.number,
            [&](const Delivery& delivery) {
                part.settled.push_back({.subscription = settling.id.subscription,
                                        .position = delivery.position,
                                        .verdict = settling.verdict});
            });
    }
    return part;
}

Session::Effect Session::carry_out(ToAbort& request) {
    Transaction& transaction = *transactions_.find(request.transaction);
    broker_.give_back_of_transaction(outbox_, transaction.taken);
    for (const Settling& settling : transaction.settlings) {
        Broker::release(outbox_, settling, transaction.number);
    }
    output_ += transaction.receipts;
    transactions_.remove(transaction);
    return {};
}

}  // namespace edgews::stomp
