#include "core/stomp/client_session.hpp"

#include "core/base/number.hpp"
#include "core/stomp/frame_writer.hpp"
#include "core/stomp/heart_beat.hpp"
#include "core/stomp/value_encoding.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <vector>

namespace edgews::stomp {
namespace {

std::string_view ack_header(AckMode mode) noexcept {
    switch (mode) {
        case AckMode::automatic: return "auto";
        case AckMode::client: return "client";
        case AckMode::client_individual: return "client-individual";
    }
    return {};
}

// Those that a frame has once, and that are written here. The id of a message is its broker's to
// say (1.2, MESSAGE): RabbitMQ ends the connection of a SEND with one.
bool is_ours(std::string_view header_name) noexcept {
    constexpr std::array names{"receipt", "content-length", "transaction",
                               "id",      "destination",    "message-id"};
    return std::ranges::find(names, header_name) != names.end();
}

// A number of ours that came back.
std::uint64_t number_in(std::string_view id) noexcept {
    return parse_number<std::uint64_t>(id).value_or(0);
}

}  // namespace

// ---- What came ---------------------------------------------------------------------------------

const ServerFrame* ClientSession::next(std::span<const std::byte>& input) noexcept {
    const Frame* const frame = state_ == State::over ? nullptr : reader_.next(input);
    if (state_ == State::over) input = input.last(0);
    if (frame == nullptr) return nullptr;
    shown_ = {.frame = frame};
    shown_.fault = check(*frame);
    if (shown_.fault != ServerFault::none) shown_.kind = ServerFrame::Kind::fault;
    const bool is_last =
        shown_.kind == ServerFrame::Kind::fault || shown_.kind == ServerFrame::Kind::error;
    if (is_last) enter(State::over);
    return &shown_;
}

ServerFault ClientSession::check(const Frame& frame) {
    if (frame.command == Command::error && frame.fault == Fault::none) {
        shown_.kind = ServerFrame::Kind::error;
        shown_.number = number_in(frame.find("receipt-id").value_or(""));
        return ServerFault::none;
    }
    if (frame.fault != Fault::none) return ServerFault::frame_malformed;
    if (state_ == State::connecting) {
        if (frame.command != Command::connected) return ServerFault::not_connected;
        return check_connected(frame);
    }
    if (frame.command == Command::message) return check_message(frame);
    if (frame.command == Command::connected) return ServerFault::connected_already;
    if (frame.command != Command::receipt) return ServerFault::not_a_servers;
    const auto id = frame.find("receipt-id");
    if (!id) return ServerFault::receipt_id_missing;
    shown_.kind = ServerFrame::Kind::receipt;
    shown_.number = number_in(*id);
    return ServerFault::none;
}

// A server that does not say its version speaks 1.0 (1.1, Protocol Negotiation).
ServerFault ClientSession::check_connected(const Frame& frame) {
    const auto said = frame.find("version");
    const auto version = said ? negotiate(*said) : Version::v1_0;
    if (!version) return ServerFault::version_not_offered;
    const auto heart_beat = frame.find("heart-beat");
    if (heart_beat && version != Version::v1_0) {
        const auto parsed = HeartBeat::parse(*heart_beat);
        if (!parsed) return ServerFault::heart_beat_malformed;
        servers_ = *parsed;
    }
    is_server_late_ = frame.find("server").value_or("").starts_with("ActiveMQ");
    shown_.kind = ServerFrame::Kind::connected;
    version_ = *version;
    reader_.set_version(version_);
    enter(State::connected);
    return ServerFault::none;
}

ServerFault ClientSession::check_message(const Frame& frame) {
    if (!frame.find("destination")) return ServerFault::destination_missing;
    if (!frame.find("message-id")) return ServerFault::message_id_missing;
    const auto subscription = frame.find("subscription");
    if (!subscription) return ServerFault::subscription_missing;
    shown_.kind = ServerFrame::Kind::message;
    shown_.number = number_in(*subscription);
    return ServerFault::none;
}

std::string_view ClientSession::ack_of(const Frame& message) const noexcept {
    return message.find(version_ == Version::v1_2 ? "ack" : "message-id").value_or("");
}

std::uint32_t ClientSession::send_every_ms() const noexcept {
    return agreed_ms(ours_, servers_);
}

std::uint32_t ClientSession::hear_every_ms() const noexcept {
    return agreed_ms(servers_, ours_);
}

bool ClientSession::is_too_silent(std::uint64_t silence_ms) const noexcept {
    return stomp::is_too_silent(silence_ms, hear_every_ms(), is_server_late_);
}

// ---- What is sent ------------------------------------------------------------------------------

void ClientSession::connect(const Connect& connect, HeartBeat heart_beat) {
    assert(state_ == State::connecting && output_.empty());
    ours_ = heart_beat;
    const std::string beat =
        std::to_string(ours_.can_send_ms) + ',' + std::to_string(ours_.wants_ms);
    std::vector<Header> headers{{"accept-version", supported_versions}, {"heart-beat", beat}};
    if (!connect.host.empty()) headers.push_back({"host", connect.host});
    if (!connect.login.empty()) headers.push_back({"login", connect.login});
    if (!connect.passcode.empty()) headers.push_back({"passcode", connect.passcode});
    headers.insert(headers.end(), connect.headers.begin(), connect.headers.end());
    append_frame(output_, Command::connect, headers, {}, Version::v1_0);
}

bool ClientSession::subscribe(std::uint64_t number, std::string_view destination, AckMode mode,
                              std::span<const Header> headers, std::uint64_t receipt) {
    if (!may_say(destination)) return false;
    begin(Command::subscribe);
    say("id", number);
    say("destination", destination);
    say("ack", ack_header(mode));
    say(headers);
    end(receipt);
    return true;
}

void ClientSession::unsubscribe(std::uint64_t number, std::span<const Header> headers,
                                std::uint64_t receipt) {
    begin(Command::unsubscribe);
    say("id", number);
    say(headers);
    end(receipt);
}

bool ClientSession::send(const Send& send) {
    if (!may_say(send.destination)) return false;
    begin(Command::send);
    say("destination", send.destination);
    if (send.transaction != 0) say("transaction", send.transaction);
    say(send.headers);
    end(send.receipt, send.body);
    return true;
}

// 1.2 names a message by its `ack` header, 1.1 by its id and its subscription, 1.0 by its id alone,
// to which the subscription does no harm.
bool ClientSession::acknowledge(Command command, const ToAcknowledge& message,
                                std::span<const Header> headers, std::uint64_t transaction,
                                std::uint64_t receipt) {
    assert(command == Command::ack || command == Command::nack);
    if (command == Command::nack && version_ == Version::v1_0) return false;
    begin(command);
    if (version_ == Version::v1_2) {
        say("id", message.ack);
    } else {
        say("message-id", message.ack);
        say("subscription", message.subscription);
    }
    if (transaction != 0) say("transaction", transaction);
    say(headers);
    end(receipt);
    return true;
}

void ClientSession::transact(Command command, std::uint64_t transaction, std::uint64_t receipt) {
    begin(command);
    say("transaction", transaction);
    end(receipt);
}

void ClientSession::disconnect(std::uint64_t receipt) {
    begin(Command::disconnect);
    end(receipt);
}

bool ClientSession::may_say(std::string_view destination) const noexcept {
    return is_expressible(destination, HeaderPart::value, version_);
}

void ClientSession::begin(Command command) {
    assert(state_ == State::connected);
    output_ += to_string(command);
    output_ += '\n';
}

void ClientSession::say(std::string_view name, std::string_view value) {
    append_header(output_, {name, value}, version_);
}

void ClientSession::say(std::string_view name, std::uint64_t number) {
    output_ += name;
    output_ += ':';
    append_number(output_, number);
    output_ += '\n';
}

void ClientSession::say(std::span<const Header> headers) {
    for (const Header& header : headers) {
        if (!is_ours(header.name)) append_header(output_, header, version_);
    }
}

void ClientSession::end(std::uint64_t receipt, std::span<const std::byte> body) {
    if (receipt != 0) say("receipt", receipt);
    if (!body.empty()) say("content-length", body.size());
    output_ += '\n';
    output_.append(reinterpret_cast<const char*>(body.data()), body.size());
    output_ += '\0';
}

}  // namespace edgews::stomp
