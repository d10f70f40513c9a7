// What a guest does; what it hears is in stomp_guest_ears.cpp.
#include "stomp_guest.hpp"
#include "stomp_wrongs.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace edgews::sim::test {

namespace {

constexpr std::uint64_t ms = 1'000'000;

}  // namespace

using Hold = Letter::Hold;

StompGuest::StompGuest(StompHouse& house, const Setting& setting)
    : StompActor(house.world, setting.conduct, setting.step_count, setting.is_over_websocket,
                 setting.pace),
      house_(house),
      ledger_(house.ledger),
      setting_(setting) {}

// ---- Coming and going ------------------------------------------------------

void StompGuest::connect() {
    StompFrame frame{.command = chance(2) ? "CONNECT" : "STOMP",
                     .headers = {{"accept-version", setting_.version}, {"host", "localhost"}}};
    const std::string period = std::to_string(setting_.beats_every_ms);
    if (period != "0") frame.headers["heart-beat"] = period + "," + period;
    write(std::move(frame), false);
}

void StompGuest::disconnect() {
    write({.command = "DISCONNECT"}, true);
}

void StompGuest::let_go(Subscription& subscription) {
    ledger_.disturb(subscription.destination);
    for (const Handed& handed : subscription.handed) {
        Hold& hold = ledger_.at(handed.letter).handings[handed.place];
        if (hold == Hold::held || hold == Hold::reserved) hold = Hold::returned;
    }
}

void StompGuest::let_go() {
    for (auto& [id, subscription] : subscriptions_) let_go(subscription);
}

// What was not committed never will be.
void StompGuest::end() {
    is_over_ = true;
    let_go();
    for (const std::size_t letter : std::exchange(transaction_, {}).letters) {
        ledger_.conclude(letter, false);
    }
}

const std::string& StompGuest::expect_end() {
    may_be_ended_ = true;
    return session_id_;
}

void StompGuest::beat() {
    if (is_over_ || !setting_.keeps_beating) return;
    peer_.send("\n");
    world_.after(setting_.beats_every_ms * ms, [this] { beat(); });
}

void StompGuest::err() {
    const std::string_view wrong = world_.choices().one_of(wrong_frames);
    end();
    wrong_frame_ = ++frame_count_;
    world_.kernel().tell("guest %zu errs: %s", setting_.index, std::string(wrong).c_str());
    peer_.send(wrong);
    // What follows is not looked at any more.
    if (chance(2)) peer_.send(encode({.command = "SEND"}, false));
}

// ---- Steps -----------------------------------------------------------------

void StompGuest::act() {
    static constexpr std::array destinations{"/queue/a",   "/queue/a",   "/queue/b", "/topic/x.a",
                                             "/topic/x.b", "/topic/x.b", "/app/echo"};
    switch (world_.choices().below(11)) {
        case 0:
        case 1:
        case 2:
        case 3: return send_some(world_.choices().one_of(destinations));
        case 4:
        case 5: return subscribe();
        case 6:
        case 7: return settle_some();
        case 8: return begin_or_end();
        case 9: return unsubscribe();
        default: return chance(10) ? flood() : act();
    }
}

std::uint32_t StompGuest::write(StompFrame frame, bool wants_receipt, bool is_inside) {
    ++frame_count_;
    // Some of what must be escaped.
    const std::string id = std::to_string(setting_.index) + ":\\" + std::to_string(frame_count_);
    if (wants_receipt) frame.headers["receipt"] = id;
    const bool comes_at_end = is_inside && !house_.has_receipts_at_once;
    if (wants_receipt && comes_at_end) transaction_.receipts.push_back(id);
    if (wants_receipt && !comes_at_end) receipts_.emplace_back(frame_count_, id);
    if (is_inside) frame.headers["transaction"] = transaction_.name;
    world_.kernel().tell("guest %zu writes %u: %s %s %s", setting_.index, frame_count_,
                         frame.command.c_str(), frame.get("destination").c_str(),
                         frame.get("letter").c_str());
    peer_.send(encode(frame, chance(2)));
    return frame_count_;
}

void StompGuest::perform(StompFrame frame, std::function<void(bool has_happened)> note) {
    effects_.push_back({write(std::move(frame), chance(2)), std::move(note)});
}

// ---- Messages --------------------------------------------------------------

void StompGuest::send_some(const std::string& destination) {
    const std::size_t size = chance(3) ? setting_.letter_size_max : 0;
    const int count = chance(8) ? 10 : 1;
    for (int i = 0; i < count; ++i) send_letter(destination, size);
}

// More than a session may do in a turn of its loop, where that is quickly sent.
void StompGuest::flood() {
    if (setting_.letter_size_max < 20'000 || chance(2)) return;
    for (int i = 0; i < 300; ++i) send_letter("/topic/x.b", 0);
}

void StompGuest::send_letter(const std::string& destination, std::size_t size) {
    const std::size_t number = ledger_.count();
    std::string body = drawn_body(number, size);
    if (!peer_.is_text() && chance(4)) body.front() = '\xFF';
    StompFrame frame{.command = "SEND",
                     .headers = {{"destination", destination}, {"letter", std::to_string(number)}},
                     .body = body};
    (void)ledger_.add({.sender = setting_.index, .destination = destination, .body = body});
    if (!transaction_.name.empty() && chance(2)) {
        transaction_.letters.push_back(number);
        write(std::move(frame), chance(2), true);
        return;
    }
    ledger_.let_out({number});
    perform(std::move(frame),
            [this, number](bool has_happened) { ledger_.conclude(number, has_happened); });
}

// Who may vanish acknowledges: what is on the way to an automatic subscription is lost with it.
void StompGuest::subscribe() {
    static constexpr std::array subscribed{"/queue/a", "/topic/x.*", "/queue/b", "/topic/x.b"};
    static constexpr std::array modes{"auto", "client", "client-individual"};
    static constexpr std::array<std::size_t, 3> prefetches{10'000, 1, 3};
    Choices& choices = world_.choices();
    Subscription subscription{.destination = choices.one_of(subscribed)};
    const bool may_vanish = setting_.conduct > StompConduct::errs || house_.is_careful;
    if (subscription.destination.starts_with("/queue/")) {
        subscription.mode = modes[may_vanish ? choices.between(1, 2) : choices.below(3)];
        subscription.prefetch = choices.one_of(prefetches);
    }
    subscribe_to(std::move(subscription));
}

void StompGuest::subscribe_to(Subscription subscription) {
    const std::string id = subscription.id = "s" + std::to_string(frame_count_);
    StompFrame frame{.command = "SUBSCRIBE",
                     .headers = {{"destination", subscription.destination},
                                 {"id", id},
                                 {"ack", subscription.mode},
                                 {"prefetch-count", std::to_string(subscription.prefetch)}}};
    Subscription& kept = subscriptions_[id] = std::move(subscription);
    if (is_mute_) ledger_.disturb(kept.destination);  // What it does not hear goes back one day.
    perform(std::move(frame), [this, &kept](bool has_happened) {
        if (has_happened) kept.granted_at = ledger_.tick();
    });
}

// Not while a transaction has a say in what it would give back.
void StompGuest::unsubscribe() {
    for (auto& [id, subscription] : subscriptions_) {
        if (subscription.is_leaving || !transaction_.reserved.empty() || chance(2)) continue;
        let_go(subscription);
        subscription.is_leaving = true;
        return perform({.command = "UNSUBSCRIBE", .headers = {{"id", id}}},
                       [&one = subscription](bool has_happened) { one.is_ended = has_happened; });
    }
}

// ---- Transactions and acknowledgements -------------------------------------

void StompGuest::mark(const std::vector<Handed>& all, Hold hold) {
    for (const Handed& one : all) ledger_.at(one.letter).handings[one.place] = hold;
}

void StompGuest::begin_or_end() {
    if (transaction_.name.empty()) {
        transaction_.name = "t" + std::to_string(frame_count_);
        write({.command = "BEGIN"}, false, true);
        return;
    }
    const bool is_abort = chance(3);
    if (is_abort) write({.command = "ABORT"}, false, true);
    const Transaction done = std::exchange(transaction_, {});
    const Hold hold = !is_abort ? Hold::settled : is_mute_ ? Hold::returned : Hold::held;
    mark(done.reserved, hold);
    const std::uint32_t frame = is_abort ? frame_count_ : frame_count_ + 1;
    for (const std::string& id : done.receipts) receipts_.emplace_back(frame, id);
    if (is_abort) {
        for (const std::size_t letter : done.letters) ledger_.conclude(letter, false);
        return;
    }
    ledger_.let_out(done.letters);
    perform({.command = "COMMIT", .headers = {{"transaction", done.name}}},
            [this, done](bool has_happened) {
                for (const std::size_t letter : done.letters) {
                    ledger_.conclude(letter, has_happened);
                }
                mark(done.reserved, has_happened ? Hold::sure : Hold::returned);
            });
}

// Something that it has and has said nothing about.
void StompGuest::settle_some() {
    for (auto& [id, subscription] : subscriptions_) {
        for (std::size_t i = 0; i < subscription.handed.size(); ++i) {
            const Handed& one = subscription.handed[i];
            const bool is_held = ledger_.at(one.letter).handings[one.place] == Hold::held;
            const bool is_nack = nack_count_ < 3 && chance(3);
            if (is_held && chance(2)) return settle(subscription, i, is_nack);
        }
    }
}

// ACK or NACK: of mode client, of all before it, too.
void StompGuest::settle(Subscription& subscription, std::size_t index, bool is_nack) {
    StompFrame frame{.command = is_nack ? "NACK" : "ACK",
                     .headers = {{"subscription", subscription.id}}};
    frame.headers[setting_.version == "1.2" ? "id" : "message-id"] = subscription.handed[index].ack;
    if (is_nack && chance(2)) frame.headers["requeue"] = "false";
    const bool is_inside = !is_nack && !transaction_.name.empty() && chance(3);
    std::vector<Handed> meant;
    for (std::size_t i = subscription.mode == "client" ? 0 : index; i <= index; ++i) {
        const Handed& one = subscription.handed[i];
        if (ledger_.at(one.letter).handings[one.place] == Hold::held) meant.push_back(one);
    }
    if (is_inside) {
        mark(meant, Hold::reserved);
        std::ranges::copy(meant, std::back_inserter(transaction_.reserved));
        write(std::move(frame), chance(2), true);
    } else if (is_nack) {
        mark(meant, Hold::returned);
        ledger_.disturb(subscription.destination);
        ++nack_count_;
        write(std::move(frame), chance(2));
    } else {
        mark(meant, Hold::settled);
        perform(std::move(frame), [this, meant](bool has_happened) {
            mark(meant, has_happened ? Hold::sure : Hold::returned);
        });
    }
}

}  // namespace edgews::sim::test
