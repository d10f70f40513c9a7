#include <edgews/connection.hpp>

#include "net/connection/websocket_connection.hpp"

namespace edgews {

SendResult Connection::send(Message message) {
    return engine_of(*this).send(message, Compress::by_size);
}

SendResult Connection::send(Message message, Compress how) {
    return engine_of(*this).send(message, how);
}

SendResult Connection::send(Message::Kind kind,
                            std::span<const std::span<const std::byte>> pieces) {
    return engine_of(*this).send(kind, pieces);
}

SendResult Connection::send(const PreparedMessage& message) {
    return engine_of(*this).send(message);
}

SendResult Connection::send_fragment(Message piece, Fragment which) {
    return engine_of(*this).send_fragment(piece, which);
}

bool Connection::is_sending_fragments() const noexcept {
    return engine_of(*this).is_sending_fragments();
}

SendResult Connection::ping(std::span<const std::byte> payload) {
    return engine_of(*this).ping(payload);
}

SendResult Connection::pong(std::span<const std::byte> payload) {
    return engine_of(*this).pong(payload);
}

bool Connection::close(std::uint16_t code, std::string_view reason) {
    return engine_of(*this).close(code, reason);
}

bool Connection::may_close_with(std::uint16_t code, std::string_view reason) noexcept {
    return edgews::may_close_with(code, reason);
}

void Connection::terminate() {
    engine_of(*this).terminate();
}

bool Connection::is_open() const noexcept {
    return engine_of(*this).is_open();
}

std::size_t Connection::buffered_amount() const noexcept {
    return engine_of(*this).buffered_amount();
}

const Address& Connection::remote_address() const noexcept {
    return engine_of(*this).remote_address();
}

std::string_view Connection::subprotocol() const noexcept {
    return engine_of(*this).subprotocol();
}

const DeflateParameters* Connection::compression() const noexcept {
    return engine_of(*this).compression();
}

std::uint32_t Connection::opened_ms() const noexcept {
    return engine_of(*this).opened_ms();
}

void Connection::pause_reading() noexcept {
    engine_of(*this).pause_reading();
}

void Connection::resume_reading() {
    engine_of(*this).resume_reading();
}

bool Connection::is_paused() const noexcept {
    return engine_of(*this).is_paused();
}

Handle Connection::handle() const noexcept {
    return engine_of(*this).handle();
}

Loop& Connection::loop() const noexcept {
    return engine_of(*this).reactor().loop();
}

bool Connection::subscribe(std::string_view topic) {
    return engine_of(*this).subscribe(topic);
}

bool Connection::unsubscribe(std::string_view topic) {
    return engine_of(*this).unsubscribe(topic);
}

bool Connection::is_subscribed(std::string_view topic) const noexcept {
    return engine_of(*this).is_subscribed(topic);
}

PublishResult Connection::publish(std::string_view topic, Message message) {
    return engine_of(*this).publish(topic, message);
}

PublishResult Connection::publish(std::string_view topic, const PreparedMessage& message) {
    return engine_of(*this).publish(topic, message);
}

void* Connection::find_data(const void* type) noexcept {
    return engine_of(*this).find_data(type);
}

}  // namespace edgews
