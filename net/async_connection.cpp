#include <edgews/net/async_connection.hpp>

#include <cassert>

namespace edgews {

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
void AsyncState::receive(MessagePart part) {
    Item item{.bytes = connection_->loop().pool().take(part.bytes.size()), .part = part};
    item.bytes.append(part.bytes);
    item.part.bytes = item.bytes.bytes();
    if (receiver == nullptr) {
        early_.push_back(std::move(item));
        return connection_->pause_reading();
    }
    current_ = std::move(item);
    has_current_ = true;
    go_on(receiver);
}

const MessagePart* AsyncState::take() {
    if (!std::exchange(has_current_, false)) {
        current_ = {};
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
