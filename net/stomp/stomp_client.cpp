#include <edgews/stomp_client.hpp>

#include "net/stomp/client_state.hpp"

#include <utility>

namespace edgews::stomp {

Client::Client(Loop& loop, ClientOptions options, ClientHandlers handlers)
    : state_(std::make_shared<ClientState>(Reactor::of(loop), std::move(options),
                                           std::move(handlers))) {
    state_->connect(*this);
}

Client::~Client() {
    state_->detach();
}

SubscriptionNumber Client::subscribe(std::string_view destination, MessageHandler handler,
                                     const SubscribeOptions& options) {
    return state_->subscribe(destination, std::move(handler), options);
}

bool Client::unsubscribe(SubscriptionNumber subscription, Completion receipt,
                         std::span<const Header> headers) {
    return state_->unsubscribe(subscription, std::move(receipt), headers);
}

bool Client::set_headers(SubscriptionNumber subscription, std::span<const Header> headers) {
    return state_->set_headers(subscription, headers);
}

SendResult Client::send(std::string_view destination, std::span<const std::byte> body,
                        SendOptions options) {
    return state_->send(destination, body, std::move(options));
}

SendResult Client::ack(const Unacknowledged& message, SendOptions options) {
    return state_->acknowledge(Command::ack, message, std::move(options));
}

SendResult Client::nack(const Unacknowledged& message, SendOptions options) {
    return state_->acknowledge(Command::nack, message, std::move(options));
}

TransactionNumber Client::begin() {
    return state_->begin_transaction();
}

SendResult Client::commit(TransactionNumber transaction, Completion receipt) {
    return state_->end_transaction(Command::commit, transaction, std::move(receipt));
}

SendResult Client::abort(TransactionNumber transaction, Completion receipt) {
    return state_->end_transaction(Command::abort, transaction, std::move(receipt));
}

void Client::disconnect() {
    state_->disconnect();
}

void Client::terminate() {
    state_->terminate();
}

void Client::connect() {
    state_->connect(*this);
}

bool Client::is_connected() const noexcept {
    return state_->is_connected();
}

bool Client::is_closed() const noexcept {
    return state_->is_closed();
}

void Client::pause_reading() {
    state_->pause();
}

void Client::resume_reading() {
    state_->resume();
}

std::size_t Client::buffered_amount() const noexcept {
    return state_->unsent_size();
}

Version Client::version() const noexcept {
    return state_->version();
}

std::string_view Client::broker() const noexcept {
    return state_->broker();
}

const Address& Client::remote_address() const noexcept {
    return state_->peer();
}

Loop& Client::loop() const noexcept {
    return state_->loop();
}

}  // namespace edgews::stomp
