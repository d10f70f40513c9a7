#include <edgews/async_connection.hpp>

#include "core/base/buffer.hpp"
#include "net/connection/websocket_connection.hpp"

#include <cassert>
#include <vector>

namespace edgews {

namespace {

constexpr std::size_t kept_size_max = 4096;  // That one who waits keeps for what comes.

}  // namespace

struct AsyncState::Received {
    struct Item {
        Buffer bytes{};
        MessagePart part{};
    };
    void keep(Item& item, const MessagePart& from, BufferPool& pool);

    Item current{};               // That the coroutine looks at, or is about to.
    bool has_current = false;     // It is to be taken.
    std::vector<Item> early{};    // Those that came while nobody waited, and still wait:
    std::size_t early_begin = 0;  // from here on.
};

AsyncState::AsyncState() : received_(std::make_unique<Received>()) {}

AsyncState::~AsyncState() = default;

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
    BufferPool& pool = engine_of(*connection_).reactor().pool();
    if (receiver == nullptr) {
        received_->keep(received_->early.emplace_back(), part, pool);
        return connection_->pause_reading();
    }
    received_->keep(received_->current, part, pool);
    received_->has_current = true;
    go_on(receiver);
}

void AsyncState::Received::keep(Item& item, const MessagePart& from, BufferPool& pool) {
    item.bytes.clear();
    if (item.bytes.capacity() < from.bytes.size()) item.bytes = pool.take(from.bytes.size());
    item.bytes.append(from.bytes);
    item.part = {.kind = from.kind,
                 .bytes = item.bytes.bytes(),
                 .is_first = from.is_first,
                 .is_last = from.is_last};
}

const MessagePart* AsyncState::take() {
    auto& [current, has_current, early, early_begin] = *received_;
    if (!std::exchange(has_current, false)) {
        if (current.bytes.capacity() > kept_size_max) current.bytes.reset();
        if (early_begin == early.size()) return nullptr;
        current = std::move(early[early_begin++]);
        if (early_begin == early.size()) {
            early.clear();
            early_begin = 0;
            if (connection_ != nullptr) connection_->resume_reading();
        }
    }
    return &current.part;
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
