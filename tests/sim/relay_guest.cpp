// What a relay's guest does; what it hears is in relay_guest_ears.cpp.
#include "relay_guest.hpp"
#include "stomp_wrongs.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace edgews::sim::test {

RelayGuest::RelayGuest(RelayHouse& house, const Setting& setting)
    : StompActor(house.world, setting.conduct, setting.step_count, setting.is_over_websocket,
                 setting.pace),
      house_(house),
      mail_(house.mail),
      setting_(setting) {}

// ---- Coming and going ------------------------------------------------------

void RelayGuest::connect() {
    write({.command = "CONNECT", .headers = {{"accept-version", "1.2"}, {"host", "localhost"}}});
}

void RelayGuest::disconnect() {
    ask({.command = "DISCONNECT"}, {.is_end = true});
}

void RelayGuest::let_go() {
    for (const auto& [id, subscription] : subscriptions_) mail_.disturb(subscription.destination);
}

// What was not committed never will be.
void RelayGuest::end() {
    is_over_ = true;
    let_go();
    mail_.conclude(std::exchange(transaction_, {}).letters, false);
}

void RelayGuest::err() {
    const std::string_view wrong = world_.choices().one_of(wrong_frames);
    end();
    has_erred_ = true;
    world_.kernel().tell("guest %zu errs: %s", setting_.index, std::string(wrong).c_str());
    peer_.send(wrong);
}

// ---- Steps -----------------------------------------------------------------

void RelayGuest::act() {
    switch (world_.choices().below(11)) {
        case 0:
        case 1:
        case 2:
        case 3: return send_some();
        case 4:
        case 5: return subscribe();
        case 6:
        case 7: return settle_some();
        case 8:
        case 9: return begin_or_end();
        default: return unsubscribe();
    }
}

void RelayGuest::write(StompFrame frame) {
    ++frame_count_;
    world_.kernel().tell("guest %zu writes %u: %s %s %s", setting_.index, frame_count_,
                         frame.command.c_str(), frame.get("destination").c_str(),
                         frame.get("letter").c_str());
    peer_.send(encode(frame, chance(2)));
}

void RelayGuest::ask(StompFrame frame, Asked asked) {
    const std::string id = std::to_string(setting_.index) + ":\\" + std::to_string(frame_count_);
    frame.headers["receipt"] = id;
    asked.frame = frame_count_ + 1;
    asked_[id] = std::move(asked);
    write(std::move(frame));
}

// ---- Messages --------------------------------------------------------------

void RelayGuest::send_some() {
    static constexpr std::array destinations{"/queue/a",   "/queue/a",   "/queue/b",
                                             "/topic/x.a", "/topic/x.b", "/topic/x.b"};
    const std::string destination = world_.choices().one_of(destinations);
    const std::size_t size = chance(3) ? setting_.letter_size_max : 0;
    const int count = chance(6) ? 10 : 1;
    for (int i = 0; i < count; ++i) send_letter(destination, size);
}

void RelayGuest::send_letter(const std::string& destination, std::size_t size) {
    const std::size_t number = mail_.count();
    const std::string body = drawn_body(number, size);
    StompFrame frame{.command = "SEND",
                     .headers = {{"destination", destination}, {"letter", std::to_string(number)}},
                     .body = body};
    (void)mail_.add({.sender = setting_.index, .destination = destination, .body = body});
    if (!transaction_.name.empty() && chance(2)) {
        transaction_.letters.push_back(number);
        frame.headers["transaction"] = transaction_.name;
        return write(std::move(frame));
    }
    mail_.let_out({number});
    // What the relay does not know is harmless goes by a transaction of its own.
    if (chance(8)) frame.headers["expires"] = "0";
    maybe_ask(std::move(frame), {.note = [this, number](bool has_happened) {
                  mail_.conclude({number}, has_happened);
              }});
}

// Who may vanish acknowledges: what is on the way to an automatic subscription is lost with it.
void RelayGuest::subscribe() {
    static constexpr std::array subscribed{"/queue/a", "/topic/x.*", "/queue/b", "/topic/x.b"};
    static constexpr std::array modes{"auto", "client", "client-individual"};
    static constexpr std::array<std::size_t, 3> prefetches{0, 1, 3};
    Choices& choices = world_.choices();
    Subscription subscription{.destination = choices.one_of(subscribed)};
    const bool may_vanish = setting_.conduct > StompConduct::errs || house_.is_careful ||
                            (setting_.node == at_hub && house_.may_break);
    if (subscription.destination.starts_with("/queue/")) {
        subscription.mode = modes[may_vanish ? choices.between(1, 2) : choices.below(3)];
        subscription.prefetch = choices.one_of(prefetches);
    } else {
        subscription.wants_gaps = setting_.node != at_hub && choices.once_in(2);
        if (choices.once_in(4)) subscription.mode = "client-individual";
    }
    subscribe_to(std::move(subscription));
}

void RelayGuest::subscribe_to(Subscription subscription) {
    const std::string id = subscription.id = "s" + std::to_string(frame_count_);
    StompFrame frame{
        .command = "SUBSCRIBE",
        .headers = {
            {"destination", subscription.destination}, {"id", id}, {"ack", subscription.mode}}};
    if (subscription.prefetch > 0) {
        frame.headers["prefetch-count"] = std::to_string(subscription.prefetch);
    }
    if (subscription.wants_gaps) frame.headers["gap"] = "true";
    subscription.frame = frame_count_ + 1;
    if (is_mute_) mail_.disturb(subscription.destination);  // It goes back one day.
    subscriptions_[id] = std::move(subscription);
    maybe_ask(std::move(frame), {});
}

// Not while a transaction has a say in what it would give back.
void RelayGuest::unsubscribe() {
    for (auto& [id, subscription] : subscriptions_) {
        if (subscription.is_leaving || !transaction_.settled.empty() || chance(2)) continue;
        mail_.disturb(subscription.destination);
        subscription.is_leaving = true;
        subscription.held.clear();
        return maybe_ask(
            {.command = "UNSUBSCRIBE", .headers = {{"id", id}}},
            {.note = [&one = subscription](bool has_happened) { one.is_ended = has_happened; }});
    }
}

// ---- Transactions and acknowledgements -------------------------------------

void RelayGuest::begin_or_end() {
    if (transaction_.name.empty()) {
        transaction_.name = "t" + std::to_string(frame_count_);
        return write({.command = "BEGIN", .headers = {{"transaction", transaction_.name}}});
    }
    const Transaction done = std::exchange(transaction_, {});
    const bool is_abort = chance(3);
    for (auto& [id, subscription] : subscriptions_) {
        if (!is_abort)
            std::erase_if(subscription.held, [](const Held& one) { return one.is_reserved; });
        for (Held& one : subscription.held) one.is_reserved = false;
    }
    StompFrame frame{.command = is_abort ? "ABORT" : "COMMIT",
                     .headers = {{"transaction", done.name}}};
    if (is_abort) {
        mail_.conclude(done.letters, false);
        return maybe_ask(std::move(frame), {});
    }
    mail_.let_out(done.letters);
    for (const std::size_t letter : done.settled) mail_.at(letter).was_settled = true;
    maybe_ask(std::move(frame), {.is_commit = true, .note = [this, done](bool has_happened) {
                                     mail_.conclude(done.letters, has_happened);
                                     if (has_happened) mail_.settle(done.settled);
                                 }});
}

// Something that it has and has said nothing about.
void RelayGuest::settle_some() {
    for (auto& [id, subscription] : subscriptions_) {
        for (std::size_t i = 0; i < subscription.held.size(); ++i) {
            const bool is_nack = nack_count_ < 3 && chance(3);
            if (!subscription.held[i].is_reserved && chance(2)) {
                return settle(subscription, i, is_nack);
            }
        }
    }
}

// ACK or NACK: of mode client, of all before it, too.
void RelayGuest::settle(Subscription& subscription, std::size_t index, bool is_nack) {
    StompFrame frame{.command = is_nack ? "NACK" : "ACK",
                     .headers = {{"id", subscription.held[index].ack}}};
    if (is_nack && chance(2)) frame.headers["requeue"] = "false";
    const bool is_queue = subscription.destination.starts_with("/queue/");
    const bool is_inside = is_queue && !is_nack && !transaction_.name.empty() && chance(3);
    std::vector<std::size_t> meant;
    std::vector<Held> kept;
    for (std::size_t i = 0; i < subscription.held.size(); ++i) {
        Held& one = subscription.held[i];
        const bool is_meant =
            !one.is_reserved && (i == index || (i < index && subscription.mode == "client"));
        if (is_meant) meant.push_back(one.letter);
        if (is_meant && is_inside) one.is_reserved = true;
        if (!is_meant || is_inside) kept.push_back(std::move(one));
    }
    subscription.held = std::move(kept);
    if (is_nack) {
        mail_.disturb(subscription.destination);
        ++nack_count_;
        return maybe_ask(std::move(frame), {});
    }
    if (is_inside) {
        frame.headers["transaction"] = transaction_.name;
        transaction_.settled.insert(transaction_.settled.end(), meant.begin(), meant.end());
        return write(std::move(frame));
    }
    if (!is_queue) return maybe_ask(std::move(frame), {});  // Others have it, too.
    for (const std::size_t letter : meant) mail_.at(letter).was_settled = true;
    maybe_ask(std::move(frame), {.note = [this, meant](bool has_happened) {
                  if (has_happened) mail_.settle(meant);
              }});
}

}  // namespace edgews::sim::test
