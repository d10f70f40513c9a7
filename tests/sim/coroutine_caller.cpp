#include "coroutine_caller.hpp"

#include <chrono>
#include <stdexcept>
#include <utility>

namespace edgews::sim::test {

namespace {

std::chrono::milliseconds as_time(std::uint32_t milliseconds) {
    return std::chrono::milliseconds(milliseconds);
}

}  // namespace

CoroutineCaller::CoroutineCaller(Scene& scene, Loop& loop, std::uint32_t number, Manner manner)
    : Caller(scene, number, manner, false),
      loop_(loop),
      delivery_(choices().once_in(3) ? Delivery::parts : Delivery::messages),
      is_in_step_(choices().once_in(2)),
      has_limits_(choices().once_in(3)),
      rests_(choices().once_in(may_forget() ? 2 : 4)) {}

void CoroutineCaller::begin() {
    const std::uint32_t delay_ms = rest(100);
    loop_.post([this, delay_ms] { loop_.after(delay_ms, [this] { start(); }); });
}

// Who is wild is cancelled at some time, wherever it is by then.
void CoroutineCaller::start() {
    token_ = spawn(loop_, live(), [this](std::exception_ptr) {
        record().require(manner() == Manner::wild, "a coroutine throws by itself");
    });
    if (manner() != Manner::wild || !choices().once_in(2)) return;
    loop_.after(rest(choices().once_in(2) ? 100 : 5), [this] { (void)loop_.cancel(token_); });
}

void CoroutineCaller::leave() {
    loop_.post([this] {
        if (manner() == Manner::wild) (void)loop_.cancel(token_);
    });
}

// ---- Its life --------------------------------------------------------------

Task<> CoroutineCaller::live() {
    const Presence presence(count_);
    do {
        ++record().connections;
        talk().begin_attempt();
        const AsyncConnection connection = co_await connect(loop_, url(), options(), delivery_);
        if (connection.connection() == nullptr) {
            check_error(connection.error(), false);
            check_over(connection);
        } else {
            talk().attempt().was_opened = true;
            co_await converse(connection);
        }
        if (talk().is_done()) co_return;
        co_await sleep(loop_, as_time(rest(100)));
    } while (may_try_again());
}

Task<> CoroutineCaller::converse(const AsyncConnection& connection) {
    if (!is_in_step_) spawn(loop_, say_all(connection));
    bool goes_on = true;
    while (goes_on && !talk().is_done()) {
        if (is_in_step_ && talk().unanswered() == 0) goes_on = co_await say(connection);
        if (goes_on) goes_on = co_await hear(connection);
        if (manner() == Manner::wild && choices().once_in(12)) {
            if (choices().once_in(2)) throw std::runtime_error("a coroutine's own");
            goes_on = false;
            connection.terminate();
        }
        if (rests_ && choices().once_in(6)) co_await sleep(loop_, as_time(rest(2'000)));
    }
    if (goes_on) talk().attempt().is_closed_by_us = connection.close(close_code::normal, "done");
    co_await await_end(connection);
}

// Beside the one that hears.
Task<> CoroutineCaller::say_all(AsyncConnection connection) {
    const Presence presence(count_);
    const std::size_t attempt = talk().attempt_count();
    while (talk().attempt_count() == attempt) {
        const bool has_said = co_await say(connection);
        if (!has_said) co_return;
    }
}

// False: there is nothing more to say, or nobody to say it to.
Task<bool> CoroutineCaller::say(const AsyncConnection& connection) {
    const std::size_t attempt = talk().attempt_count();
    const Piece* const piece = talk().next();
    if (piece == nullptr) co_return false;
    const SendResult result = co_await connection.send(piece->message());
    record().require(result != SendResult::dropped && result != SendResult::invalid,
                     "what a coroutine sends is refused");
    if (result == SendResult::closed || talk().attempt_count() != attempt) co_return false;
    talk().accepted();
    co_return true;
}

Task<bool> CoroutineCaller::hear(const AsyncConnection& connection) {
    while (has_limits_) {
        const std::uint32_t time_ms = choices().below(10);
        const std::uint64_t begin_ns = world().now_ns();
        Task<bool> hearing =
            delivery_ == Delivery::parts ? hear_parts(connection) : hear_whole(connection);
        const std::optional<bool> heard =
            co_await within(loop_, as_time(time_ms), std::move(hearing));
        if (heard) co_return *heard;
        record().require(world().now_ns() - begin_ns + 1'000'000 >= time_ms * 1'000'000ULL,
                         "a time limit is up too early");
    }
    if (delivery_ == Delivery::parts) co_return co_await hear_parts(connection);
    co_return co_await hear_whole(connection);
}

Task<bool> CoroutineCaller::hear_whole(const AsyncConnection& connection) {
    const auto message = co_await connection.receive();
    if (message) talk().hear(*message);
    co_return message.has_value();
}

// Where a time limit cuts it off, the next one goes on.
Task<bool> CoroutineCaller::hear_parts(const AsyncConnection& connection) {
    while (const auto part = co_await connection.receive_part()) {
        record().require(part->is_first == !is_inside_, "a message begins in another");
        if (part->is_first) message_.clear();
        is_inside_ = !part->is_last;
        message_.append(reinterpret_cast<const char*>(part->bytes.data()), part->bytes.size());
        if (!part->is_last) continue;
        talk().hear({part->kind, std::as_bytes(std::span(message_))});
        co_return true;
    }
    co_return false;
}

// What comes until then is of no interest.
Task<> CoroutineCaller::await_end(const AsyncConnection& connection) {
    bool goes_on = true;
    while (goes_on && delivery_ == Delivery::parts) {
        const auto part = co_await connection.receive_part();
        goes_on = part.has_value();
    }
    while (goes_on) {
        const auto message = co_await connection.receive();
        goes_on = message.has_value();
    }
    check_over(connection);
    talk().closed(connection.close_event());
}

// Of what has ended nothing waits any more.
void CoroutineCaller::check_over(const AsyncConnection& connection) {
    record().require(!connection, "it has ended, and is open");
    record().require(connection.connection() == nullptr, "it has ended, and has a connection");
    record().require(!connection.close(), "what has ended is closed again");
    is_inside_ = false;
}

}  // namespace edgews::sim::test
