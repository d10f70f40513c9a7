#include "stomp_caller.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>

namespace edgews::sim::test {

using stomp::AckMode;
using stomp::Receipt;
using Outcome = stomp::Receipt::Outcome;

namespace {

constexpr std::uint32_t patience_ms = 60'000;
constexpr unsigned retry_count_max = 40;

}  // namespace

StompCaller::StompCaller(StompScene& scene, Loop& loop, std::size_t index, bool is_wild)
    : scene_(scene),
      mail_(scene.mail),
      loop_(loop),
      index_(index),
      is_wild_(is_wild),
      letter_size_max_(worthwhile_size(scene.world, {}, 30'000)),
      steps_left_(scene.world.choices().between(1, 30)) {}

void StompCaller::begin() {
    const std::uint32_t delay_ms = scene_.world.choices().below(100);
    loop_.post([this, delay_ms] { loop_.after(delay_ms, [this] { connect(); }); });
}

stomp::ClientOptions StompCaller::options() {
    static constexpr std::array<std::uint32_t, 4> receipt_limits{patience_ms, patience_ms, 0, 30};
    static constexpr std::array<std::size_t, 3> backlogs{1 << 24, 1 << 24, 3'000};
    static constexpr std::array<std::size_t, 3> kept_sizes{0, 2'000, 100'000};
    static constexpr std::array<std::uint32_t, 3> kept_times{2'000, 20, 150};
    Choices& choices = scene_.world.choices();
    stomp::ClientOptions options;
    options.brokers = scene_.brokers;
    options.receipt_timeout_ms = choices.one_of(receipt_limits);
    options.backlog_size_max = choices.one_of(backlogs);
    options.kept_size_max = choices.one_of(kept_sizes);
    options.kept_ms = choices.one_of(kept_times);
    options.disconnect_timeout_ms = 5'000;
    options.connection.connect_timeout_ms = options.connection.open_timeout_ms =
        options.connection.handshake_timeout_ms = scene_.is_watchful ? 5'000 : patience_ms;
    if (scene_.is_watchful) options.heart_beat = {.can_send_ms = 2'000, .wants_ms = 2'000};
    options.reconnect = {.enabled = true, .delay_ms = 10, .delay_max_ms = 100, .stable_ms = 0};
    return options;
}

stomp::ClientHandlers StompCaller::handlers() {
    return {
        .connected = [this](auto&) { on_connected(); },
        .message = [this](auto&, auto&) { require(false, "a message of no subscription"); },
        .drain =
            [this](stomp::Client& client) {
                enter("drain");
                require(client.buffered_amount() == 0, "drain is told, and something waits");
                act();
            },
        .error =
            [this](auto&, const ClientError& error) {
                enter("error");
                require(error.error.code && !error.error.message.empty(), "an error says nothing");
                act();
            },
        .disconnected = [this](auto&, const stomp::Disconnected& event) { on_disconnected(event); },
        .reconnect = [this](auto&, stomp::Retry& retry) { on_retry(retry); }};
}

void StompCaller::connect() {
    if (is_leaving_) return;
    client_ = std::make_unique<stomp::Client>(loop_, options(), handlers());
    ++scene_.record.connections;
    step_later();
}

// ---- What it hears ---------------------------------------------------------

void StompCaller::enter(std::string_view what) {
    scene_.world.kernel().tell("caller %zu: %s", index_, std::string(what).c_str());
    require(client_ != nullptr, "a handler of a client that was destroyed is called");
    require(!is_inside_, "a handler is called from within a function");
}

void StompCaller::on_connected() {
    enter("connected");
    require(!was_told_connected_, "it is connected twice");
    was_told_connected_ = true;
    ++connection_;
    act();
}

void StompCaller::on_disconnected(const stomp::Disconnected& event) {
    enter(event.is_orderly ? "disconnected in order" : "disconnected");
    // A handler before this one may have ended it in front of `connected`.
    if (!was_told_connected_) ++connection_;
    was_told_connected_ = false;
    require(!event.is_orderly || event.unsent_size == 0, "in order, and something is unsent");
    require(!event.is_orderly || !has_lost_, "in order, and something is lost");
    if (event.is_orderly) mail_.conclude(unasked_, true);
    unasked_.clear();
    has_lost_ = false;
    mail_.conclude(std::exchange(transaction_, {}).letters, false);
    held_.clear();
    let_go();
    for (auto& [number, subscription] : subscriptions_) {
        subscription.confirmed_at = 0;
        subscription.was_told = false;
        subscription.last_out_at.clear();
    }
    act();
}

void StompCaller::on_retry(stomp::Retry& retry) {
    enter("retry");
    require(!is_leaving_, "one that was ended connects again");
    require(retry.delay_ms <= 100, "it is to wait for longer");
    if (retry.count > retry_count_max) retry.stop = true;
    act();
}

void StompCaller::on_message(const stomp::Message& message) {
    enter("message " + std::string(message.header("letter")) + " of subscription " +
          std::to_string(message.subscription()) + " redelivered " +
          std::string(message.header("redelivered")));
    const auto found = subscriptions_.find(message.subscription());
    require(found != subscriptions_.end(), "a message of a subscription that has ended");
    const std::size_t number = mail_.hear(message.header("letter"), message.text());
    if (found == subscriptions_.end() || number == SIZE_MAX) return;
    Subscription& subscription = found->second;
    const MailLetter& letter = mail_.at(number);
    require(letter.destination == subscription.destination, "a message of another destination");
    if (message.header("redelivered") != "true") {
        mail_.check_order(number, subscription.last_out_at[{letter.sender, letter.connection}]);
    }
    const bool is_queue = letter.is_of_queue();
    require(is_queue == !message.ack().empty(), "it says nothing of its acknowledgement");
    if (is_queue) {
        held_.push_back({message, number, message.subscription()});
    } else {
        mail_.require(subscription.received.insert(number).second, "a topic's message came twice",
                      number);
    }
    if (chance(12)) pause();
    act();
}

// ---- What it does ----------------------------------------------------------

void StompCaller::step_later() {
    static constexpr std::array<std::uint32_t, 3> pauses{1, 30, 150};
    loop_.after(scene_.world.choices().below(scene_.world.choices().one_of(pauses)),
                [this] { step(); });
}

void StompCaller::step() {
    if (!client_ || is_leaving_ || steps_left_ == 0) return;
    --steps_left_;
    rest_for(0);  // What it does now may be under way for a time that nothing else happens.
    switch (scene_.world.choices().below(10)) {
        case 0:
        case 1:
        case 2: send(); break;
        case 3:
        case 4: subscribe(); break;
        case 5:
        case 6: settle(); break;
        case 7: begin_or_end(); break;
        case 8: unsubscribe(); break;
        default: pause();
    }
    act(false);
    step_later();
}

// Where a letter leaves that is sent now.
std::size_t StompCaller::next_connection() const {
    return client_->is_connected() && was_told_connected_ ? connection_ : connection_ + 1;
}

stomp::Completion StompCaller::ask(std::function<void(const Receipt&)> note) {
    asked_.push_back({.note = std::move(note)});
    return [this, place = asked_.size() - 1](const Receipt& receipt) {
        enter("completion");
        Asked& asked = asked_[place];
        require(!asked.is_told, "a completion is called twice");
        require(!asked.is_void, "a completion is called of what was not taken");
        asked.is_told = true;
        has_lost_ |= receipt.outcome == Outcome::lost && !asked.is_of_transaction;
        const auto note_it = std::exchange(asked.note, {});
        note_it(receipt);
        act();
    };
}

void StompCaller::note(SendResult result, bool had_receipt) {
    require(result != SendResult::invalid, "what can be said is invalid");
    const bool is_taken = was_accepted(result);
    if (had_receipt && !is_taken) asked_.back().is_void = true;
}

void StompCaller::send() {
    static constexpr std::array destinations{"/queue/a", "/queue/a", "/queue/b", "/topic/x"};
    const std::string destination = scene_.world.choices().one_of(destinations);
    for (int i = chance(4) ? 10 : 1; i > 0 && client_; --i) send_letter(destination);
}

void StompCaller::send_letter(const std::string& destination) {
    const std::size_t number = mail_.count();
    const std::string text = std::to_string(number);
    std::string body = text + ' ';
    body.resize(std::max(body.size(), chance(3) ? letter_size_max_ : 0), 'x');
    if (chance(6)) body.back() = '\0';
    if (chance(6)) body.back() = '\xFF';
    const bool is_inside = transaction_.number != 0 && chance(2);
    (void)mail_.add({.sender = index_,
                     .connection = next_connection(),
                     .destination = destination,
                     .body = body});
    if (is_inside) {
        transaction_.letters.push_back(number);
    } else {
        mail_.let_out({number});
    }
    const std::array<stomp::Header, 1> headers{{{"letter", text}}};
    stomp::SendOptions options{.headers = headers};
    if (is_inside) options.transaction = transaction_.number;
    const bool has_receipt = chance(3) ? false : true;
    if (has_receipt) {
        options.receipt = ask([this, number, is_inside](const Receipt& receipt) {
            if (is_inside) return;  // COMMIT decides.
            if (receipt) mail_.conclude({number}, true);
            const bool is_never =
                receipt.outcome == Outcome::unsent || receipt.outcome == Outcome::refused;
            if (is_never) mail_.conclude({number}, false);
        });
        asked_.back().is_of_transaction = is_inside;
    }
    is_inside_ = true;
    const SendResult result = client_->send(destination, body, std::move(options));
    is_inside_ = false;
    scene_.world.kernel().tell("caller %zu: letter %zu to %s: %d", index_, number,
                               destination.c_str(), static_cast<int>(result));
    note(result, has_receipt);
    const bool is_taken = was_accepted(result);
    if (!is_taken) mail_.conclude({number}, false);
    if (!is_taken && is_inside) std::erase(transaction_.letters, number);
    if (result == SendResult::sent && !has_receipt && !is_inside) unasked_.push_back(number);
    require(result != SendResult::queued || !client_->is_connected(), "connected, and it is kept");
}

void StompCaller::subscribe() {
    static constexpr std::array destinations{"/queue/a", "/queue/b", "/topic/x"};
    if (subscriptions_.size() > 4) return;
    Subscription subscription{.destination = scene_.world.choices().one_of(destinations)};
    if (subscription.destination.starts_with("/queue/")) {
        subscription.mode = chance(2) ? AckMode::client : AckMode::client_individual;
    }
    stomp::SubscribeOptions options{.ack = subscription.mode};
    options.confirmed = [this](auto&, stomp::SubscriptionNumber number, bool is_confirmed) {
        enter("confirmed");
        const auto found = subscriptions_.find(number);
        require(found != subscriptions_.end(), "one that has ended is confirmed");
        if (found != subscriptions_.end()) {
            require(!found->second.was_told, "a subscription is confirmed twice");
            found->second.was_told = true;
            if (is_confirmed) found->second.confirmed_at = mail_.tick();
        }
        act();
    };
    is_inside_ = true;
    const auto number = client_->subscribe(
        subscription.destination, [this](auto&, const stomp::Message& m) { on_message(m); },
        options);
    is_inside_ = false;
    require(number != 0, "it cannot be subscribed to");
    subscriptions_[number] = std::move(subscription);
}

// Not while a transaction has a say in what it would give back.
void StompCaller::unsubscribe() {
    if (subscriptions_.empty() || transaction_.number != 0) return;
    const auto number = subscriptions_.begin()->first;
    mail_.disturb(subscriptions_.begin()->second.destination);
    subscriptions_.erase(number);
    std::erase_if(held_, [&](const Held& one) { return one.subscription == number; });
    stomp::Completion receipt;
    if (chance(2)) receipt = ask([](const Receipt&) {});
    is_inside_ = true;
    require(client_->unsubscribe(number, std::move(receipt)), "a subscription is not known");
    is_inside_ = false;
}

// ---- Acknowledgements and transactions -------------------------------------

void StompCaller::settle() {
    for (std::size_t i = 0; i < held_.size(); ++i) {
        if (held_[i].is_reserved || chance(2)) continue;
        return settle(i, nack_count_ < 3 && transaction_.number == 0 && chance(3));
    }
}

// Of mode client, of all before it, too.
void StompCaller::settle(std::size_t index, bool is_nack) {
    const Held chosen = held_[index];
    const auto found = subscriptions_.find(chosen.subscription);
    const bool is_cumulative = found->second.mode == AckMode::client;
    const bool is_inside = !is_nack && transaction_.number != 0 && chance(2);
    std::vector<std::size_t> meant;
    for (std::size_t i = 0; i <= index; ++i) {
        const Held& one = held_[i];
        const bool is_meant = i == index || (is_cumulative && !one.is_reserved &&
                                             one.subscription == chosen.subscription);
        if (is_meant) meant.push_back(one.letter);
    }
    stomp::SendOptions options;
    if (is_inside) options.transaction = transaction_.number;
    const bool has_receipt = chance(2);
    if (has_receipt) {
        options.receipt = ask([this, meant, is_nack, is_inside](const Receipt& receipt) {
            if (receipt && !is_nack && !is_inside) mail_.settle(meant);
        });
        asked_.back().is_of_transaction = is_inside;
    }
    if (is_nack) mail_.disturb(found->second.destination);
    is_inside_ = true;
    const SendResult result = is_nack ? client_->nack(chosen.message, std::move(options))
                                      : client_->ack(chosen.message, std::move(options));
    is_inside_ = false;
    note(result, has_receipt);
    require(result != SendResult::closed || !client_->is_connected(), "connected, and it is not");
    if (result != SendResult::sent) return;
    if (is_nack) ++nack_count_;
    const auto is_one_of_them = [&](const Held& one) {
        return one.subscription == chosen.subscription && std::ranges::count(meant, one.letter) > 0;
    };
    if (is_inside) {
        for (Held& one : held_) one.is_reserved |= is_one_of_them(one);
        std::ranges::copy(meant, std::back_inserter(transaction_.settled));
        return;
    }
    for (const std::size_t letter : meant) mail_.at(letter).was_settled |= !is_nack;
    std::erase_if(held_, is_one_of_them);
}

void StompCaller::begin_or_end() {
    if (transaction_.number == 0) {
        transaction_.number = client_->begin();
        require((transaction_.number != 0) == client_->is_connected(), "it does not begin");
        return;
    }
    const Transaction done = std::exchange(transaction_, {});
    const bool is_commit = !chance(3);
    const auto conclude = [this, done, is_commit](const Receipt& receipt) {
        if (!is_commit || !receipt) return;
        mail_.conclude(done.letters, true);
        mail_.settle(done.settled);
    };
    if (is_commit) {
        mail_.let_out(done.letters);
        for (const std::size_t letter : done.settled) mail_.at(letter).was_settled = true;
    }
    stomp::Completion receipt = ask(conclude);
    is_inside_ = true;
    const SendResult result = is_commit ? client_->commit(done.number, std::move(receipt))
                                        : client_->abort(done.number, std::move(receipt));
    is_inside_ = false;
    note(result, true);
    const bool is_sent = result == SendResult::sent;
    require(is_sent || !client_->is_connected(), "connected, and it cannot be ended");
    if (!is_commit || !is_sent) mail_.conclude(done.letters, false);
    const auto is_settled = [&](const Held& one) { return one.is_reserved; };
    if (is_commit) std::erase_if(held_, is_settled);
    for (Held& one : held_) one.is_reserved = false;
}

void StompCaller::rest_for(std::uint32_t time_ms) {
    const std::uint64_t until_ns = scene_.world.now_ns() + (time_ms + 1) * 1'000'000ULL;
    rests_until_ns_ = std::max(rests_until_ns_, until_ns);
}

void StompCaller::pause() {
    client_->pause_reading();
    const std::uint32_t time_ms = scene_.world.choices().below(100);
    rest_for(time_ms);
    loop_.after(time_ms, [this] {
        if (client_) client_->resume_reading();
    });
}

void StompCaller::act(bool may_throw) {
    if (!is_wild_ || !client_ || is_inside_ || !chance(12)) return;
    let_go();
    switch (scene_.world.choices().below(6)) {
        case 0: return client_->terminate();
        case 1: return client_->disconnect();
        case 2: return client_.reset();
        case 3: return pause();
        case 4:
            // Ended, it begins anew, though not for ever.
            if (client_->is_closed() && !is_leaving_ && std::exchange(may_connect_again_, false)) {
                client_->connect();
            }
            return;
        default:
            if (may_throw) throw std::runtime_error("a handler's own");
    }
}

// ---- Its end ---------------------------------------------------------------

// Its connection ends, and what it had may be somebody else's.
void StompCaller::let_go() {
    for (const auto& [number, subscription] : subscriptions_) {
        mail_.disturb(subscription.destination);
    }
}

void StompCaller::leave() {
    loop_.post([this] {
        is_leaving_ = true;
        let_go();
        if (!client_) return;
        switch (scene_.world.choices().below(3)) {
            case 0: return client_->disconnect();
            case 1: return client_->terminate();
            default: client_.reset();
        }
    });
}

void StompCaller::judge_quiet(bool may_fail) {
    if (!client_) return;
    require(is_wild_ || client_->is_connected() || may_fail,
            "a client is not connected, and the world is quiet");
    if (!client_->is_connected() && !client_->is_closed()) return;
    for (const Asked& asked : asked_) {
        require(asked.is_void || asked.is_told || asked.is_of_transaction,
                "a completion waits, and the world is quiet");
    }
    require(client_->buffered_amount() == 0 || client_->is_closed(),
            "frames wait, and the world is quiet");
    if (!client_->is_connected()) return;
    for (const auto& [number, subscription] : subscriptions_) {
        require(subscription.was_told, "a subscription waits, and the world is quiet");
        if (subscription.confirmed_at == 0) continue;
        for (std::size_t i = 0; i < mail_.count(); ++i) {
            const MailLetter& letter = mail_.at(i);
            const bool has_to_be = letter.fate == MailLetter::Fate::landed &&
                                   !letter.is_of_queue() &&
                                   letter.destination == subscription.destination &&
                                   letter.out_at > subscription.confirmed_at;
            mail_.require(!has_to_be || subscription.received.contains(i),
                          "a topic's message did not come", i);
        }
    }
}

}  // namespace edgews::sim::test
