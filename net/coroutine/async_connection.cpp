#include <edgews/async_connection.hpp>

#include "net/connection/websocket_connection.hpp"

#include <cassert>

namespace edgews {

namespace {

constexpr std::size_t kept_size_max = 4096;  // That one who waits keeps for what comes.

}  // namespace

void Waiter::wait(Waiter*& place, std::coroutine_handle<> coroutine) noexcept {
    assert(place == nullptr);
    place = this;
    place_ = &place;
    coroutine_ = coroutine;
}

void Waiter::resume(Waiter*& place) {
    if (place == nullptr) return;
    Waiter& waiter = *std::exchange(place, nullptr);
    waiter.place_ = nullptr;
    waiter.coroutine_.resume();
}

// It may let go of this.
void AsyncState::go_on(Waiter*& place) {
    const auto self = shared_from_this();
    Waiter::resume(place);
}

void AsyncState::opened(Connection& connection) {
    connection_ = &connection;
    loop_ = &connection.loop();
    go_on(opener);
}

void AsyncState::message(Message message) {
    receive({.kind = message.kind(), .bytes = message.bytes(), .is_first = true, .is_last = true});
}

void AsyncState::part_begins(Message::Kind kind) noexcept {
    next_ = {.kind = kind, .is_first = true};
}

void AsyncState::part(std::span<const std::byte> bytes) {
    const bool is_first = std::exchange(next_.is_first, false);
    receive({.kind = next_.kind, .bytes = bytes, .is_first = is_first});
}

void AsyncState::part_ends() {
    receive({.kind = next_.kind, .is_first = next_.is_first, .is_last = true});
}

// A copy, for its memory is only lent. Whoever waits goes on with it; for nobody it is kept, and
// then the peer has to wait.
void AsyncState::receive(const MessagePart& part) {
    if (receiver == nullptr) {
        keep(early_.emplace_back(), part);
        return connection_->pause_reading();
    }
    keep(current_, part);
    has_current_ = true;
    go_on(receiver);
}

void AsyncState::keep(Item& item, const MessagePart& part) {
    item.bytes.clear();
    if (item.bytes.capacity() < part.bytes.size()) {
        item.bytes = engine_of(*connection_).reactor().pool().take(part.bytes.size());
    }
    item.bytes.append(part.bytes);
    item.part = {.kind = part.kind,
                 .bytes = item.bytes.bytes(),
                 .is_first = part.is_first,
                 .is_last = part.is_last};
}

const MessagePart* AsyncState::take() {
    if (!std::exchange(has_current_, false)) {
        if (current_.bytes.capacity() > kept_size_max) current_.bytes.reset();
        if (early_begin_ == early_.size()) return nullptr;
        current_ = std::move(early_[early_begin_++]);
        if (early_begin_ == early_.size()) {
            early_.clear();
            early_begin_ = 0;
            if (connection_ != nullptr) connection_->resume_reading();
        }
    }
    return &current_.part;
}

// With a mark of 0: nothing waits any more.
void AsyncState::drained() {
    go_on(sender);
}

void AsyncState::closed(const CloseEvent& event) {
    const auto self = shared_from_this();
    connection_ = nullptr;
    is_over_ = true;
    reason_ = event.reason;
    close_event_ = event;
    close_event_.reason = reason_;
    for (Waiter** place : {&opener, &sender, &receiver}) Waiter::resume(*place);
}

bool AsyncConnection::close(std::uint16_t code, std::string_view reason) const {
    if (state_->client) return state_->client->close(code, reason);
    return connection() != nullptr && connection()->close(code, reason);
}

void AsyncConnection::terminate() const {
    if (state_->client) return state_->client->terminate();
    if (connection() != nullptr) connection()->terminate();
}

}  // namespace edgews
