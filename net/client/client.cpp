#include <edgews/client.hpp>

#include "net/client/client_state.hpp"
#include "net/connection/websocket_connection.hpp"

#include <utility>

namespace edgews {

Client::Client(Loop& loop, std::string url, ClientHandlers handlers, ClientOptions options)
    : state_(std::make_shared<ClientState>(Reactor::of(loop), std::move(url), std::move(handlers),
                                           std::move(options))) {
    state_->connect(*this);
}

Client::~Client() {
    state_->detach();
}

ReadyState Client::ready_state() const noexcept {
    return state_->ready_state();
}

SendResult Client::send(Message message) {
    WebSocketConnection* const connection = state_->connection();
    return connection == nullptr ? SendResult::closed : connection->send(message);
}

SendResult Client::send(Message message, Compress how) {
    WebSocketConnection* const connection = state_->connection();
    return connection == nullptr ? SendResult::closed : connection->send(message, how);
}

SendResult Client::send(const PreparedMessage& message) {
    WebSocketConnection* const connection = state_->connection();
    return connection == nullptr ? SendResult::closed : connection->send(message);
}

SendResult Client::send_fragment(Message piece, Fragment which) {
    WebSocketConnection* const connection = state_->connection();
    return connection == nullptr ? SendResult::closed : connection->send_fragment(piece, which);
}

SendResult Client::ping(std::span<const std::byte> payload) {
    WebSocketConnection* const connection = state_->connection();
    return connection == nullptr ? SendResult::closed : connection->ping(payload);
}

bool Client::close(std::uint16_t code, std::string_view reason) {
    return state_->close(code, reason);
}

void Client::terminate() {
    state_->terminate();
}

void Client::reconnect() {
    state_->reconnect();
}

std::size_t Client::buffered_amount() const noexcept {
    WebSocketConnection* const connection = state_->connection();
    return connection == nullptr ? state_->unsent_size() : connection->buffered_amount();
}

std::string_view Client::protocol() const noexcept {
    return state_->protocol();
}

std::string_view Client::extensions() const noexcept {
    return state_->extensions();
}

std::string_view Client::url() const noexcept {
    return state_->url();
}

std::optional<std::uint32_t> Client::latency_us() const noexcept {
    return state_->latency_us();
}

const Address& Client::remote_address() const noexcept {
    return state_->peer();
}

Loop& Client::loop() const noexcept {
    return state_->loop();
}

Connection* Client::connection() const noexcept {
    return state_->connection();
}

Handle Client::handle() const noexcept {
    WebSocketConnection* const connection = state_->connection();
    return connection == nullptr ? Handle() : connection->handle();
}

}  // namespace edgews
