// What a session's requests do, once nobody objects: here it touches the broker.
#include "core/stomp/frame_writer.hpp"
#include "core/stomp/session.hpp"

#include <cassert>
#include <utility>

namespace edgews::stomp {
namespace {

// Bytes of a frame in a transaction, beside what it says.
constexpr std::size_t frame_overhead = 96;

}  // namespace

bool Session::carry_out() noexcept {
    bool is_done = true;
    Fault fault = Fault::none;
    switch (request_.kind) {
        case Request::Kind::connect:
        case Request::Kind::application: assert(false); break;
        case Request::Kind::send:
            fault = is_in_transaction_ ? put_in_transaction() : carry_out_send(is_done);
            break;
        case Request::Kind::subscribe: fault = carry_out_subscribe(); break;
        case Request::Kind::unsubscribe: broker_.unsubscribe(*outbox_.find(unsubscribing_)); break;
        case Request::Kind::ack:
        case Request::Kind::nack: fault = carry_out_settling(); break;
        case Request::Kind::begin: fault = carry_out_begin(); break;
        case Request::Kind::commit: fault = carry_out_commit(is_done); break;
        case Request::Kind::abort: carry_out_abort(); break;
        case Request::Kind::disconnect:
            if (wants_receipt_) write_receipt(output_);
            enter(State::over);
            return true;
    }
    if (fault != Fault::none) {
        refuse(fault);
        return true;
    }
    if (is_done && wants_receipt_) write_receipt(output_);
    if (is_done) wants_receipt_ = false;
    request_.frame = nullptr;  // The input goes before the next try, and before anything else.
    return is_done;
}

Fault Session::carry_out_send(bool& is_done) {
    if (const Fault fault = ensure_reply_queue(); fault != Fault::none) return fault;
    resolve_own_queue(sending_.key);
    const Broker::Sent sent = broker_.send(sending_.key, sending_.content, &outbox_);
    is_done = sent != Broker::Sent::blocked;
    if (is_done) sending_.content = {};
    return fault_of(sent);
}

// A short name of a temporary queue is the session's own, if it has one of that name.
void Session::resolve_own_queue(std::string& key) const {
    if (kind_of(key) != DestinationKind::temp_queue) return;
    std::string own = Broker::subscription_key(outbox_, key);
    if (broker_.find_queue(own) != nullptr) key = std::move(own);
}

// The queue that reply-to names is there when the answer comes, subscribed to by its own name.
Fault Session::ensure_reply_queue() {
    if (reply_queue_.empty()) return Fault::none;
    const std::string key = Broker::subscription_key(outbox_, reply_queue_);
    if (broker_.find_queue(key) != nullptr || outbox_.find(reply_queue_) != nullptr) {
        return Fault::none;
    }
    subscribing_ = {.id = reply_queue_, .destination = reply_queue_, .is_for_replies = true};
    return carry_out_subscribe();
}

std::string Session::open_reply_queue() noexcept {
    assert(request_.kind == Request::Kind::application);
    std::string full_name = reply_to_of(*request_.frame);
    if (const Fault fault = ensure_reply_queue(); fault != Fault::none) {
        refuse(fault);
        return {};
    }
    if (!full_name.empty()) return full_name;
    const std::string_view reply_to = request_.frame->find("reply-to").value_or("");
    if (check_send(reply_to) != Fault::none) return {};
    std::string storage;
    return std::string(canonical(reply_to, storage).text);
}

Fault Session::carry_out_subscribe() {
    subscribing_.front = "MESSAGE\n";
    if (subscribing_.has_id) {
        append_said(subscribing_.front, "subscription", subscribing_.id, version_);
    }
    return broker_.subscribe(outbox_, std::exchange(subscribing_, {}));
}

Fault Session::put_in_transaction() {
    Transaction& transaction = *transactions_.find(transaction_);
    const Frame& frame = *request_.frame;
    const bool is_for_application = kind_of(request_.destination) == DestinationKind::application;
    const std::size_t size_before = transaction.application_frames.size();
    if (is_for_application) append_for_application(transaction.application_frames, frame);
    const std::size_t size = is_for_application
                                 ? transaction.application_frames.size() - size_before
                                 : sending_.content.size();
    if (!is_for_application) {
        if (const Fault fault = ensure_reply_queue(); fault != Fault::none) return fault;
    }
    const Fault fault = note_in_transaction(transaction, size);
    if (fault != Fault::none) return fault;
    if (!is_for_application) {
        resolve_own_queue(sending_.key);
        transaction.sendings.push_back(std::exchange(sending_, {}));
    }
    return Fault::none;
}

Fault Session::carry_out_begin() {
    const std::size_t size = sizeof(Transaction) + transaction_.size();
    if (!broker_.take_for_transaction(outbox_, size)) return Fault::memory_full;
    transactions_.begin(transaction_).taken = size;
    return Fault::none;
}

// The frame's RECEIPT, if it wants one, comes with the COMMIT.
Fault Session::note_in_transaction(Transaction& transaction, std::size_t size) {
    const std::size_t said_size = size + receipt_.size();
    transaction.size += said_size;
    ++transaction.count;
    const bool fits = transaction.count <= options_.transaction_frame_count_max &&
                      transaction.size <= options_.transaction_size_max;
    if (!fits) return Fault::transaction_too_big;
    const std::size_t taken = said_size + sending_.key.size() + frame_overhead;
    if (!broker_.take_for_transaction(outbox_, taken)) return Fault::memory_full;
    transaction.taken += taken;
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

Fault Session::carry_out_settling() {
    if (const Fault fault = Broker::check(outbox_, settling_.id); fault != Fault::none) {
        return fault;
    }
    if (!is_in_transaction_) {
        broker_.settle(outbox_, settling_);
        return Fault::none;
    }
    Transaction& transaction = *transactions_.find(transaction_);
    const Fault fault = note_in_transaction(transaction, sizeof(Settling));
    if (fault != Fault::none) return fault;
    Broker::reserve(outbox_, settling_, transaction.number);
    transaction.settlings.push_back(settling_);
    return Fault::none;
}

// All of it, or nothing: what can fail is looked at before anything happens.
Fault Session::carry_out_commit(bool& is_done) {
    Transaction& transaction = *transactions_.find(transaction_);
    for (const Settling& settling : transaction.settlings) {
        // Given back by UNSUBSCRIBE since.
        if (outbox_.find(settling.id.subscription) == nullptr) return Fault::delivery_unknown;
    }
    // What it holds, its queues are to hold.
    const std::size_t taken = transaction.taken;
    broker_.give_back_of_transaction(outbox_, taken);
    const Broker::Sent sent = broker_.send_all(transaction.sendings, &outbox_);
    is_done = sent != Broker::Sent::blocked;
    if (sent != Broker::Sent::done) {
        broker_.take_again_for_transaction(outbox_, taken);
        return fault_of(sent);
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
    return Fault::none;
}

void Session::carry_out_abort() {
    Transaction& transaction = *transactions_.find(transaction_);
    broker_.give_back_of_transaction(outbox_, transaction.taken);
    for (const Settling& settling : transaction.settlings) {
        Broker::release(outbox_, settling, transaction.number);
    }
    transactions_.remove(transaction);
}

}  // namespace edgews::stomp
