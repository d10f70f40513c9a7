#include "core/redis/session.hpp"

#include "core/base/number.hpp"
#include "core/redis/command_writer.hpp"

#include <array>
#include <cassert>
#include <utility>

namespace edgews::redis {
namespace {

// A session has no patterns: where this one's end is confirmed, the answer to SUNSUBSCRIBE ends.
constexpr std::string_view fence_pattern = "-";

constexpr std::string_view default_user = "default";

// What a push tells about a subscription.
struct PushName {
    std::string_view name;
    Event::Kind kind;
    Scope scope;
};
constexpr PushName push_names[] = {
    {"message", Event::Kind::message, Scope::cluster},
    {"smessage", Event::Kind::message, Scope::shard},
    {"subscribe", Event::Kind::subscribed, Scope::cluster},
    {"ssubscribe", Event::Kind::subscribed, Scope::shard},
    {"unsubscribe", Event::Kind::unsubscribed, Scope::cluster},
    {"sunsubscribe", Event::Kind::unsubscribed, Scope::shard},
};

}  // namespace

void Session::begin(const Login& login) noexcept {
    assert(state_ == State::created);
    user_ = login.user;
    password_ = login.password;
    database_ = login.database;
    enter(State::greeting);
    if (password_.empty()) return append_command(output_, {"HELLO", "3"});
    const std::string_view user = user_.empty() ? default_user : user_;
    append_command(output_, {"HELLO", "3", "AUTH", user, password_});
}

Event Session::next(std::span<const std::byte>& input) noexcept {
    assert(state_ != State::created);
    while (state_ != State::over) {
        const Reply reply = reader_.next(input);
        if (reply.kind == Reply::Kind::none) return {};
        const Event event =
            reply.kind == Reply::Kind::whole ? on_value(reply.value) : fail(reply.fault);
        if (event) return event;
    }
    input = input.last(0);
    static_cast<void>(reader_.next(input));  // Gives back what the last event showed.
    return {};
}

// None: it was for the session alone.
Event Session::on_value(const Value& value) noexcept {
    if (state_ != State::ready) return is_push(value) ? Event{} : on_login(value);
    return is_push(value) ? on_push(value) : on_reply(value);
}

// ---- Logging in --------------------------------------------------------------------------------

Event Session::on_login(const Value& value) noexcept {
    if (state_ == State::greeting) return on_greeting(value);
    if (value.is_error()) return refuse(value);
    if (!value.is_string()) return fail(Fault::reply_unexpected);
    if (state_ == State::logging_in) return select();
    enter(State::ready);
    return {.kind = Event::Kind::ready};
}

Event Session::on_greeting(const Value& value) noexcept {
    const CommandError error = classify_error(value.text());
    const bool is_older = value.is_error() && (error == CommandError::unknown_command ||
                                               error == CommandError::protocol_unsupported);
    if (value.is_error() && !is_older) return refuse(value);
    if (!is_older && value.kind() != Value::Kind::map) return fail(Fault::hello_malformed);
    is_resp3_ = !is_older;
    const std::string user = std::exchange(user_, {});
    const std::string password = std::exchange(password_, {});
    if (is_resp3_) return select();
    enter(State::logging_in);
    if (password.empty()) {
        append_command(output_, {"PING"});  // Which the server refuses if it asks for one.
    } else if (user.empty()) {              // Before 6.0 there is one user, and AUTH takes no name.
        append_command(output_, {"AUTH", password});
    } else {
        append_command(output_, {"AUTH", user, password});
    }
    return {};
}

Event Session::select() noexcept {
    if (database_ == 0) {
        enter(State::ready);
        return {.kind = Event::Kind::ready};
    }
    enter(State::selecting);
    std::string number;
    append_number(number, database_);
    append_command(output_, {"SELECT", number});
    return {};
}

// ---- Commands ----------------------------------------------------------------------------------

std::uint64_t Session::await(Pending pending) noexcept {
    pending.number = ++last_number_;
    pending_.push_back(pending);
    return pending.number;
}

std::uint64_t Session::change(Pending::Kind kind, std::string_view name,
                              std::span<const std::string_view> channels, Scope scope) noexcept {
    assert(is_ready());
    assert(!channels.empty());
    append_command_head(output_, 1 + channels.size());
    append_argument(output_, name);
    for (const std::string_view channel : channels) append_argument(output_, channel);
    has_subscribed_ = true;
    return await({.kind = kind,
                  .scope = scope,
                  .confirmation_count = static_cast<std::uint32_t>(channels.size())});
}

std::uint64_t Session::subscribe(std::span<const std::string_view> channels, Scope scope) noexcept {
    return change(Pending::Kind::subscribe, scope == Scope::cluster ? "SUBSCRIBE" : "SSUBSCRIBE",
                  channels, scope);
}

std::uint64_t Session::unsubscribe(std::span<const std::string_view> channels,
                                   Scope scope) noexcept {
    if (scope == Scope::cluster) {
        return change(Pending::Kind::unsubscribe, "UNSUBSCRIBE", channels, scope);
    }
    const std::uint64_t number =
        change(Pending::Kind::unsubscribe, "SUNSUBSCRIBE", channels, scope);
    append_command(output_, {"PUNSUBSCRIBE", fence_pattern});
    return number;
}

std::uint64_t Session::publish(std::string_view channel, std::string_view payload,
                               Scope scope) noexcept {
    return publish(channel, std::span(&payload, 1), scope);
}

std::uint64_t Session::publish(std::string_view channel, std::span<const std::string_view> payload,
                               Scope scope) noexcept {
    assert(may_publish_here());
    append_command_head(output_, 3);
    append_argument(output_, scope == Scope::cluster ? "PUBLISH" : "SPUBLISH");
    append_argument(output_, channel);
    append_argument(output_, payload);
    return await({.scope = scope});
}

std::uint64_t Session::command(std::span<const std::string_view> arguments) noexcept {
    assert(may_publish_here());
    append_command(output_, arguments);
    return await({});
}

void Session::ping() noexcept {
    assert(is_ready());
    append_command(output_, {"PING"});
    pending_.push_back({.kind = Pending::Kind::ping});
}

// ---- Pushes ------------------------------------------------------------------------------------

// RESP2 has arrays for them. Commands that could be answered with one came before the first
// subscription, and so do their answers.
bool Session::is_push(const Value& value) noexcept {
    if (value.kind() != Value::Kind::array) return value.kind() == Value::Kind::push;
    if (is_resp3_ || !has_subscribed_) return false;
    return pending_.is_empty() || pending_.front().kind != Pending::Kind::command;
}

Event Session::on_push(const Value& push) noexcept {
    // The name, the channel, and the payload or the number of subscriptions.
    std::array<Value, 3> elements;
    auto* end = elements.begin();
    for (const Value element : push) {
        if (end != elements.end()) *end++ = element;
    }
    const auto& [name, channel, payload] = elements;
    for (const PushName& row : push_names) {
        if (row.name != name.text()) continue;
        if (!channel.is_string()) return fail(Fault::push_malformed);
        Event event{.kind = row.kind, .scope = row.scope, .channel = channel.text()};
        if (row.kind == Event::Kind::subscribed) return on_subscribed(event);
        if (row.kind == Event::Kind::unsubscribed) return on_unsubscribed(event);
        if (!payload.is_string()) return fail(Fault::push_malformed);
        event.payload = payload.text();
        return event;
    }
    return on_other_push(name.text());
}

// Kinds that are not known are for other clients (RESP3). In RESP2 there is but the answer to PING.
Event Session::on_other_push(std::string_view name) noexcept {
    if (name == "punsubscribe") {
        if (!waits_for(Pending::Kind::unsubscribe, Scope::shard)) {
            return fail(Fault::confirmation_unexpected);
        }
        static_cast<void>(pending_.pop_front());
        return {};
    }
    if (is_resp3_) return {};
    if (name != "pong" || !waits_for(Pending::Kind::ping, Scope::cluster)) {
        return fail(Fault::reply_unexpected);
    }
    static_cast<void>(pending_.pop_front());
    return {.kind = Event::Kind::pong};
}

bool Session::waits_for(Pending::Kind kind, Scope scope) noexcept {
    if (pending_.is_empty()) return false;
    return pending_.front().kind == kind && pending_.front().scope == scope;
}

Event Session::on_subscribed(Event event) noexcept {
    if (!waits_for(Pending::Kind::subscribe, event.scope)) {
        return fail(Fault::confirmation_unexpected);
    }
    return confirm(event);
}

// That of a shard may be the server's own doing. It does not matter whether it is taken for the
// confirmation: the answer has its own end.
Event Session::on_unsubscribed(Event event) noexcept {
    const bool is_awaited = waits_for(Pending::Kind::unsubscribe, event.scope);
    if (event.scope == Scope::cluster) {
        return is_awaited ? confirm(event) : fail(Fault::confirmation_unexpected);
    }
    Pending* const pending = is_awaited ? &pending_.front() : nullptr;
    if (pending == nullptr || pending->confirmation_count == 0) return event;
    --pending->confirmation_count;
    event.number = pending->number;
    return event;
}

// Requires: the first command that is not answered waits for it.
Event Session::confirm(Event event) noexcept {
    Pending& pending = pending_.front();
    event.number = pending.number;
    if (--pending.confirmation_count == 0) static_cast<void>(pending_.pop_front());
    return event;
}

// ---- Replies -----------------------------------------------------------------------------------

Event Session::on_reply(const Value& value) noexcept {
    if (pending_.is_empty()) return fail(Fault::reply_unexpected);
    switch (pending_.front().kind) {
        case Pending::Kind::command: {
            Event event{
                .kind = Event::Kind::reply, .number = pending_.pop_front().number, .value = value};
            if (value.is_error()) event.error = classify_error(value.text());
            return event;
        }
        case Pending::Kind::ping:
            // An error is one, too: the server is there.
            if (!value.is_error() && value.text() != "PONG") return fail(Fault::reply_unexpected);
            static_cast<void>(pending_.pop_front());
            return {.kind = Event::Kind::pong};
        case Pending::Kind::subscribe:
        case Pending::Kind::unsubscribe: return on_change_refused(value);
    }
    return {};
}

Event Session::on_change_refused(const Value& value) noexcept {
    Pending& pending = pending_.front();
    if (!value.is_error() || pending.is_refused) return fail(Fault::reply_unexpected);
    const Event event{.kind = Event::Kind::reply,
                      .scope = pending.scope,
                      .error = classify_error(value.text()),
                      .number = pending.number,
                      .value = value};
    const bool is_fenced =
        pending.kind == Pending::Kind::unsubscribe && pending.scope == Scope::shard;
    pending.is_refused = true;
    pending.confirmation_count = 0;
    if (!is_fenced) static_cast<void>(pending_.pop_front());
    return event;
}

// ---- The end -----------------------------------------------------------------------------------

Event Session::refuse(const Value& value) noexcept {
    enter(State::over);
    return {.kind = Event::Kind::refused, .error = classify_error(value.text()), .value = value};
}

Event Session::fail(Fault fault) noexcept {
    enter(State::over);
    return {.kind = Event::Kind::fault, .fault = fault};
}

}  // namespace edgews::redis
