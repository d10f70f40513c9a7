// What a guest hears, and what it makes of it.
#include "stomp_guest.hpp"

#include <algorithm>
#include <utility>

namespace edgews::sim::test {

using Hold = Letter::Hold;

void StompGuest::require(bool holds, std::string_view what) {
    if (!holds) world_.kernel().tell("BROKEN: guest %zu", setting_.index);
    ledger_.require(holds, what);
}

void StompGuest::hear(const StompFrame& frame) {
    world_.kernel().tell("guest %zu hears: %s %s%s %s", setting_.index, frame.command.c_str(),
                         frame.get("letter").c_str(), frame.get("receipt-id").c_str(),
                         frame.get("message").c_str());
    if (frame.command == "MESSAGE") return hear_message(frame);
    if (frame.command == "RECEIPT") return hear_receipt(frame.get("receipt-id"));
    if (frame.command == "ERROR") return hear_error(frame);
    require(frame.command == "CONNECTED", "a frame that no server sends");
    is_connected_ = true;
    session_id_ = frame.get("session");
    require(frame.get("version") == setting_.version, "CONNECTED has another version");
    require(!session_id_.empty(), "CONNECTED has no session");
    if (setting_.beats_every_ms > 0) beat();
    (void)peer_.take_longest_silence_ns();
    step_later();
}

void StompGuest::hear_message(const StompFrame& frame) {
    const auto found = subscriptions_.find(frame.get("subscription"));
    const std::size_t number = ledger_.receive(frame.get("letter"), frame.body);
    require(found != subscriptions_.end(), "a message for no subscription");
    if (found == subscriptions_.end() || number == nobody) return;
    Subscription& subscription = found->second;
    const Letter& letter = ledger_.at(number);
    require(!subscription.is_ended, "a message behind the receipt of UNSUBSCRIBE");
    require(house_.may_be_slow || frame.get("dropped").empty(), "something was dropped");
    const bool has_ack = setting_.version == "1.2" && subscription.mode != "auto";
    require(frame.get("ack").empty() != has_ack, "an ack too many, or none");
    require(frame.get("destination") == letter.destination, "another destination");
    const bool is_dead = subscription.destination == dead_letters;
    require(is_dead || reaches(letter.destination, subscription.destination), "another's message");
    std::uint64_t& last =
        subscription.last_out_at[std::to_string(letter.sender) + letter.destination];
    const bool is_next = std::exchange(last, letter.out_at) < letter.out_at;
    if (letter.is_of_queue()) {
        has_order_ = has_order_ && (is_next || is_dead);
        return hear_of_queue(subscription, number, frame);
    }
    require(is_next, "a topic's messages are not in order, or come twice");
    subscription.received.insert(number);
}

void StompGuest::hear_of_queue(Subscription& subscription, std::size_t number,
                               const StompFrame& frame) {
    const std::string word = frame.get("redelivered");
    require(word == "true" || word == "false", "no word on redelivery");
    const bool may_acknowledge = !is_over_ && !subscription.is_leaving;
    Hold hold = may_acknowledge ? Hold::held : Hold::returned;
    if (subscription.mode == "auto") hold = Hold::consumed;
    const bool is_dead = subscription.destination == dead_letters;
    const std::size_t place = ledger_.hand_out(number, hold, word == "true" || is_dead);
    if (hold != Hold::held) return;
    require(unsettled_count(subscription) < subscription.prefetch, "more than its credit");
    subscription.handed.push_back(
        {number, place, frame.get(setting_.version == "1.2" ? "ack" : "message-id")});
    if (chance(2)) settle(subscription, subscription.handed.size() - 1, false);
}

void StompGuest::hear_receipt(const std::string& id) {
    const bool is_next = !receipts_.empty() && receipts_.front().second == id;
    require(is_next, "a receipt that is not the next one");
    if (!is_next) return;
    confirm(receipts_.front().first);
    receipts_.pop_front();
    if (std::exchange(awaits_receipt_, false)) step_later();
}

// All up to that frame has happened (1.2, RECEIPT).
void StompGuest::confirm(std::uint32_t frame) {
    while (!effects_.empty() && effects_.front().frame <= frame) {
        effects_.front().note(true);
        effects_.pop_front();
    }
}

// Which of its frames it is about is known when that asked for a receipt, or was the wrong one.
void StompGuest::hear_error(const StompFrame& frame) {
    error_ = frame.get("message");
    const bool is_excused_error = is_excused(error_);
    require(is_excused_error || wrong_frame_ != 0, "an ERROR for nothing wrong: " + error_);
    std::uint32_t failed = is_excused_error ? 0 : wrong_frame_;
    for (const auto& [number, id] : receipts_) {
        if (id == frame.get("receipt-id")) failed = number;
    }
    end();
    if (failed == 0) return;
    confirm(failed - 1);
    for (const Effect& effect : std::exchange(effects_, {})) effect.note(false);
}

bool StompGuest::is_excused(const std::string& message) const {
    if (message == "The queue is full.") return house_.may_be_full;
    if (message == "More messages wait for the client than the limit.") return house_.may_be_slow;
    if (message == "The server closed the session.") return may_be_ended_;
    if (message == "The server is shutting down.") return house_.is_shutting_down;
    if (message == "Nothing was heard for longer than was agreed.") return !setting_.keeps_beating;
    return !is_connected_ && (message == "The first frame must be CONNECT." ||
                              message == "There are too many connections.");
}

void StompGuest::hear_end() {
    const bool may_end = is_over_ || is_mute_ || !is_connected_ || house_.is_shutting_down;
    require(may_end, "a session ended without a word");
    if (!is_over_) end();
}

// ---- Judgement -------------------------------------------------------------

void StompGuest::judge_quiet(bool may_wait) {
    const bool is_ended = peer_.peer().has_heard_end();
    const bool is_decent = setting_.conduct <= StompConduct::half_closes;
    const bool may_lack = may_be_ended_ || (house_.may_be_cut && !is_connected_);
    if (!is_decent || may_lack || (may_wait && !is_ended)) return;
    require(is_connected_, "CONNECT was not answered");
    if (setting_.conduct == StompConduct::half_closes && peer_.websocket() && is_over_) {
        // The end may come before the answers, and what was said before it has happened all the
        // same.
        if (!house_.may_be_full && !house_.may_be_slow) confirm(frame_count_);
        return require(is_ended, "a session has no end");
    }
    require(!error_.empty() || receipts_.empty(), "a receipt did not come");
    require(is_over_ || !has_steps_left(), "it waits for a receipt");
    if (!is_over_) return judge_topics();
    require(is_ended, "a session has no end");
    require(!peer_.peer().was_reset(), "a session did not end in order");
    require(wrong_frame_ == 0 || !error_.empty(), "what is wrong was not answered with ERROR");
    if (const WebSocketPeer* const websocket = peer_.websocket()) {
        require(websocket->close_code() != 0, "a WebSocket ended without a close frame");
    }
}

// All that was sent behind the receipt of SUBSCRIBE has come.
void StompGuest::judge_topics() {
    for (const auto& [id, subscription] : subscriptions_) {
        if (subscription.granted_at == 0 || subscription.is_leaving || house_.may_be_slow) continue;
        for (std::size_t i = 0; i < ledger_.count(); ++i) {
            const Letter& letter = ledger_.at(i);
            const bool has_to_be = letter.fate == Letter::Fate::landed && !letter.is_of_queue() &&
                                   letter.out_at > subscription.granted_at &&
                                   reaches(letter.destination, subscription.destination);
            const bool has_come = subscription.received.contains(i);
            ledger_.require(!has_to_be || has_come, "a topic's message did not come", i);
        }
    }
}

std::size_t StompGuest::unsettled_count(const Subscription& subscription) {
    return static_cast<std::size_t>(
        std::ranges::count_if(subscription.handed, [&](const auto& one) {
            const Hold hold = ledger_.at(one.letter).handings[one.place];
            return hold == Hold::held || hold == Hold::reserved;
        }));
}

bool StompGuest::wants_more_of(const std::string& queue) {
    return is_well() && std::ranges::any_of(subscriptions_, [&](const auto& entry) {
               const Subscription& one = entry.second;
               return one.destination == queue && one.granted_at != 0 && !one.is_leaving &&
                      unsettled_count(one) < one.prefetch;
           });
}

void StompGuest::judge_beats() {
    constexpr std::uint64_t agreed_ns = 1'000'000'000;
    require(setting_.keeps_beating == is_well(), "who beats was ended, or who is silent was not");
    const bool is_heard = !is_well() || peer_.take_longest_silence_ns() <= agreed_ns * 102 / 100;
    require(is_heard, "the server was silent for longer than was agreed");
}

}  // namespace edgews::sim::test
