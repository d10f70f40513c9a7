// What a relay's guest hears, and what it makes of it.
#include "relay_guest.hpp"

#include <algorithm>
#include <utility>

namespace edgews::sim::test {

namespace {

constexpr std::string_view in_doubt = "It is in doubt whether the upstream broker has it.";
constexpr std::string_view unavailable = "The upstream broker is not available.";
constexpr std::string_view refused = "The upstream broker refused it.";
constexpr std::string_view too_many = "There are as many upstream connections as the limit.";

}  // namespace

void RelayGuest::require(bool holds, std::string_view what, std::size_t letter) {
    if (!holds) world_.kernel().tell("BROKEN: guest %zu", setting_.index);
    mail_.require(holds, what, letter);
}

void RelayGuest::hear(const StompFrame& frame) {
    world_.kernel().tell("guest %zu hears: %s %s%s %s %s%s", setting_.index, frame.command.c_str(),
                         frame.get("letter").c_str(), frame.get("receipt-id").c_str(),
                         frame.get("message").c_str(), frame.get("subscription").c_str(),
                         frame.get("gap").empty() ? "" : " gap");
    if (frame.command == "MESSAGE") return hear_message(frame);
    if (frame.command == "RECEIPT") return hear_receipt(frame.get("receipt-id"));
    if (frame.command == "ERROR") return hear_error(frame);
    require(frame.command == "CONNECTED", "a frame that no server sends");
    is_connected_ = true;
    step_later();
}

void RelayGuest::hear_message(const StompFrame& frame) {
    const auto found = subscriptions_.find(frame.get("subscription"));
    require(found != subscriptions_.end(), "a message for no subscription");
    if (found == subscriptions_.end()) return;
    Subscription& subscription = found->second;
    require(!subscription.is_ended, "a message behind the receipt of UNSUBSCRIBE");
    require(may_be_slow() || frame.get("dropped").empty(), "something was dropped");
    if (!frame.get("gap").empty()) return hear_gap(subscription, frame);
    const std::size_t number = mail_.hear(frame.get("letter"), frame.body, true);
    if (number == SIZE_MAX) return;
    const MailLetter& letter = mail_.at(number);
    has_heard_gone_ = has_heard_gone_ || (letter.gone_at != 0 && !subscription.is_leaving);
    require(frame.get("ack").empty() == (subscription.mode == "auto"), "an ack too many, or none");
    const bool is_dead = subscription.destination == dead_letters;
    require(is_dead || frame.get("destination") == letter.destination, "another destination");
    require(is_dead || reaches(letter.destination, subscription.destination), "another's message");
    hear_letter(subscription, number, frame);
}

void RelayGuest::hear_gap(Subscription& subscription, const StompFrame& frame) {
    require(subscription.wants_gaps, "a gap is told to who did not ask");
    require(house_.may_break, "a gap, and nothing broke");
    require(frame.body.empty(), "a gap has a body");
    require(frame.get("destination") == subscription.destination, "a gap of another destination");
    subscription.gap_at = mail_.tick();
}

void RelayGuest::hear_letter(Subscription& subscription, std::size_t number,
                             const StompFrame& frame) {
    const bool is_queue = mail_.at(number).is_of_queue();
    const bool is_redelivered = frame.get("redelivered") == "true";
    if (is_queue) {
        const bool is_dead = subscription.destination == dead_letters;
        mail_.hand_out(number, is_redelivered || is_dead);
        if (!is_redelivered && !is_dead) check_order(subscription, number);
    } else {
        require(!is_redelivered, "a topic's message is redelivered", number);
        require(subscription.received.insert(number).second, "a topic's message comes twice",
                number);
        check_order(subscription, number);
    }
    if (subscription.mode == "auto") {
        if (is_queue) mail_.at(number).was_settled = true;
        return;
    }
    if (is_over_ || subscription.is_leaving) return;
    const std::size_t prefetch =
        subscription.prefetch == 0 ? setting_.prefetch : subscription.prefetch;
    require(!is_queue || subscription.held.size() < prefetch, "more than its credit", number);
    subscription.held.push_back({number, frame.get("ack")});
    // Of topics at once: what is due does not wait for credit then.
    if (!is_queue || chance(2)) settle(subscription, subscription.held.size() - 1, false);
}

// Where connections may break, what left by one may be overtaken by what leaves by the next, unless
// it was confirmed before.
void RelayGuest::check_order(Subscription& subscription, std::size_t number) {
    const MailLetter& letter = mail_.at(number);
    const std::string key = std::to_string(letter.sender) + letter.destination;
    const auto [last, is_first] = subscription.last.emplace(key, number);
    if (is_first) return;
    const MailLetter& before = mail_.at(std::exchange(last->second, number));
    const bool is_next = before.out_at < letter.out_at;
    const bool was_sure = letter.landed_at != 0 && letter.landed_at < before.out_at;
    const bool may_be_late =
        (house_.may_break && !was_sure) || mail_.is_disturbed(letter.destination);
    require(is_next || may_be_late, "a sender's messages are out of order", number);
}

void RelayGuest::hear_receipt(const std::string& id) {
    const auto found = asked_.find(id);
    require(found != asked_.end(), "a receipt that nobody asked for, or twice");
    if (found == asked_.end()) return;
    const Asked asked = std::move(found->second);
    asked_.erase(found);
    for (auto& [name, subscription] : subscriptions_) {
        if (subscription.granted_at == 0 && subscription.frame <= asked.frame) {
            subscription.granted_at = mail_.tick();
        }
    }
    if (asked.note) asked.note(true);
    require(!asked.is_end || asked_.empty(), "DISCONNECT's receipt is not the last");
    if (std::exchange(awaits_receipt_, false)) step_later();
}

// A COMMIT whose receipt did not come was not done, or the ERROR says that it is in doubt; and so
// was what the ERROR names.
void RelayGuest::hear_error(const StompFrame& frame) {
    error_ = frame.get("message");
    require(has_erred_ || is_excused(error_), "an ERROR for nothing wrong: " + error_);
    const bool is_of_upstream = error_ == unavailable || error_ == refused || error_ == too_many;
    const std::string named = frame.get("receipt-id");
    for (auto& [id, asked] : std::exchange(asked_, {})) {
        const bool is_meant = asked.is_commit || id == named;
        if (is_of_upstream && is_meant && asked.note) asked.note(false);
    }
    end();
}

bool RelayGuest::is_excused(const std::string& message) const {
    if (message == unavailable) return house_.may_break || house_.may_be_late;
    if (message == in_doubt) return house_.may_break || house_.may_be_late;
    if (message == refused) return house_.may_break;
    if (message == too_many) return house_.has_few_owns;
    if (message == "More messages wait for the client than the limit.") return may_be_slow();
    if (message == "The server is shutting down.") {
        return house_.is_shutting_down || (setting_.node == at_hub && house_.may_break);
    }
    return !is_connected_ && (message == "The first frame must be CONNECT." ||
                              message == "There are too many connections.");
}

void RelayGuest::hear_end() {
    const bool may_end = is_over_ || is_mute_ || !is_connected_ || house_.is_shutting_down ||
                         (setting_.node == at_hub && house_.may_break);
    require(may_end, "a session ended without a word");
    if (!is_over_) end();
}

// ---- Judgement -------------------------------------------------------------

void RelayGuest::judge_quiet() {
    if (setting_.conduct > StompConduct::half_closes) return;
    if (house_.may_be_cut && !is_connected_) return;
    const bool is_ended = peer_.peer().has_heard_end();
    require(is_connected_ || is_ended, "CONNECT was not answered");
    if (is_over_) return require(is_ended, "a session has no end");
    // Its session did not end in front of that.
    require(!has_heard_gone_, "a message came again that was acknowledged");
    require(asked_.empty(), "a receipt did not come");
    require(!has_steps_left(), "it waits for a receipt");
    for (const auto& [id, subscription] : subscriptions_) judge_topic(subscription);
}

// All that was sent behind the receipt of SUBSCRIBE has come, but what a gap excuses.
void RelayGuest::judge_topic(const Subscription& subscription) {
    const bool is_granted = subscription.granted_at != 0 && !subscription.is_leaving;
    if (!is_granted || may_be_slow() || subscription.destination.starts_with("/queue/")) return;
    const auto found = house_.gap_told_at.find({setting_.node, subscription.destination});
    const std::uint64_t told_at = found == house_.gap_told_at.end() ? 0 : found->second;
    const bool is_shared = subscription.mode == "auto";
    const bool has_to_hear =
        subscription.wants_gaps && is_shared && told_at > subscription.granted_at;
    require(!has_to_hear || subscription.gap_at > told_at, "a gap is told, and its guest did not");
    const std::uint64_t since =
        std::max({subscription.granted_at, is_shared ? told_at : 0, subscription.gap_at});
    for (std::size_t i = 0; i < mail_.count(); ++i) {
        const MailLetter& letter = mail_.at(i);
        const bool has_to_be = letter.fate == MailLetter::Fate::landed && letter.out_at > since &&
                               reaches(letter.destination, subscription.destination);
        require(!has_to_be || subscription.received.contains(i),
                "a topic's message did not come, and no gap was told", i);
    }
}

bool RelayGuest::wants_more_of(const std::string& queue) const {
    return is_well() && std::ranges::any_of(subscriptions_, [&](const auto& entry) {
               const Subscription& one = entry.second;
               const std::size_t prefetch = one.prefetch == 0 ? setting_.prefetch : one.prefetch;
               return one.destination == queue && one.granted_at != 0 && !one.is_leaving &&
                      one.held.size() < prefetch;
           });
}

}  // namespace edgews::sim::test
