#include <edgews/handle.hpp>

#include "net/connection/websocket_connection.hpp"
#include "net/loop/loop_link.hpp"

#include <string>

namespace edgews {

namespace {

// On the loop's thread: the connection of that token. Null: it has ended. Requires: the token is
// that of a WebSocketConnection, as all that handles hold.
WebSocketConnection* find(Token token) noexcept {
    Registered* const found = Reactor::current()->slots().find(token);
    auto* const connection = static_cast<WebSocketConnection*>(found);
    return connection == nullptr || connection->is_reported() ? nullptr : connection;
}

}  // namespace

bool Handle::is_live() const noexcept {
    return link_ && link_->slots.is_live(token_);
}

bool Handle::is_on_own_loop() const noexcept {
    return Reactor::is_current(link_);
}

void Handle::run_on(Token token, void (*run)(void* function, Connection&), void* function) {
    WebSocketConnection* const connection = find(token);
    if (connection != nullptr) connection->guard([&] { run(function, *connection); });
}

bool Handle::post_job(std::unique_ptr<Job> job) const noexcept {
    return link_->mailbox.post(std::move(job));
}

SendResult Handle::send(Message message) const {
    if (!is_on_own_loop()) {
        if (!is_live()) return SendResult::closed;
        PreparedMessage prepared(message);
        return prepared ? send(std::move(prepared)) : SendResult::invalid;
    }
    WebSocketConnection* const connection = find(token_);
    return connection == nullptr ? SendResult::closed : connection->send(message);
}

SendResult Handle::send(PreparedMessage message) const {
    if (is_on_own_loop()) {
        WebSocketConnection* const connection = find(token_);
        return connection == nullptr ? SendResult::closed : connection->send(message);
    }
    const bool is_posted =
        post([message = std::move(message)](Connection& connection) { connection.send(message); });
    return is_posted ? SendResult::queued : SendResult::closed;
}

bool Handle::close(std::uint16_t code, std::string_view reason) const {
    if (is_on_own_loop()) {
        WebSocketConnection* const connection = find(token_);
        return connection != nullptr && connection->close(code, reason);
    }
    if (!Connection::may_close_with(code, reason)) return false;
    return post([code, reason = std::string(reason)](Connection& connection) {
        connection.close(code, reason);
    });
}

bool Handle::terminate() const {
    if (!is_on_own_loop()) return post([](Connection& connection) { connection.terminate(); });
    WebSocketConnection* const connection = find(token_);
    if (connection != nullptr) connection->terminate();
    return connection != nullptr;
}

}  // namespace edgews
