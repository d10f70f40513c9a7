#include "session.hpp"

#include "core/engineio/payload.hpp"

#include <cassert>
#include <stdexcept>

#include "wire.hpp"

namespace load::sio {
namespace {

constexpr std::string_view websocket_path = "/socket.io/?EIO=4&transport=websocket";
constexpr std::string_view polling_path_begin = "/socket.io/?EIO=4&transport=polling";

[[noreturn]] void fail(std::string_view what, std::string_view shown = {}) {
    throw std::runtime_error(std::string(what) + std::string(shown));
}

}  // namespace

void Session::open(Transport transport) {
    assert(step_ == Step::closed);
    transport_ = transport;
    step_ = Step::opening;
    id_.clear();
    waiting_.clear();
    if (transport == Transport::websocket) return open_web({});
    request_get();
}

void Session::upgrade() {
    assert(step_ == Step::connected && transport_ == Transport::polling);
    step_ = Step::probing;
    open_web("&sid=" + id_);
}

void Session::emit(std::string_view packet) {
    assert(step_ == Step::connected);
    std::string text = "4";
    text += packet;
    send_packet(text);
}

void Session::close() {
    assert(step_ == Step::connected && transport_ == Transport::websocket);
    step_ = Step::closing;
    send_packet("41");
    append_close_frame(links_[web].output());
}

void Session::rest() noexcept {
    if (!is_posting_) links_[post].close();
}

void Session::flush() {
    if (!waiting_.empty() && !is_posting_) {
        connect_anew(post);
        append_post(links_[post].output(), around_->host, polling_path(), waiting_);
        waiting_.clear();
        is_posting_ = true;
    }
    for (Link& link : links_) link.flush();
}

void Session::on_events(std::uint32_t link, std::uint32_t events) {
    if (!links_[link].is_open()) return;  // It was closed by an earlier event of the same turn.
    links_[link].receive(events);
    switch (link) {
        case web: take_web(); break;
        case get: take_polled(); break;
        default:
            if (take_answer(post, is_posting_).value_or("ok") != "ok") fail("a POST is refused");
    }
    if (links_[link].has_ended()) take_end(static_cast<LinkName>(link));
    if (step_ == Step::leaving) leave_polling();
    if (step_ == Step::closing && !links_[web].is_open()) {
        step_ = Step::closed;
        around_->handler->on_closed(*this);
    }
    flush();
}

void Session::connect(LinkName link) {
    links_[link].connect(around_->target, around_->poller, index_ * link_count + link);
}

void Session::connect_anew(LinkName link) {
    if (!links_[link].is_open()) connect(link);
}

void Session::open_web(std::string_view query) {
    connect(web);
    is_web_open_ = false;
    const std::string request =
        websocket_request(around_->host, std::string(websocket_path).append(query));
    for (const char c : request) links_[web].output().push_back(static_cast<std::byte>(c));
}

void Session::take_web() {
    Link& link = links_[web];
    if (!is_web_open_) {
        const std::size_t size = read_websocket_answer(link.input());
        if (size == 0) return;
        link.take(size);
        is_web_open_ = true;
        if (step_ == Step::probing) append_text_frame(link.output(), "2probe");
    }
    while (link.is_open()) {
        const Frame frame = read_frame(link.input());
        if (frame.size == 0) return;
        link.take(frame.size);
        take_frame(frame.opcode, frame.payload);
    }
}

void Session::take_frame(edgews::Opcode opcode, std::string_view payload) {
    if (opcode == edgews::Opcode::text) return take_packet(payload);
    if (opcode != edgews::Opcode::close) fail("a frame is neither text nor Close");
    if (step_ != Step::closing) fail("the server closes a WebSocket");
    links_[web].close();
}

// The body of the answer that is awaited, once it is whole: valid until more is received, or the
// link connects anew.
std::optional<std::string_view> Session::take_answer(LinkName link, bool& is_awaited) {
    const Answer answer = read_answer(links_[link].input());
    if (answer.size == 0) return std::nullopt;
    if (!is_awaited) fail("an answer comes without a request");
    links_[link].take(answer.size);
    if (answer.is_last) links_[link].close();
    is_awaited = false;
    return answer.body;
}

void Session::take_polled() {
    const std::optional<std::string_view> body = take_answer(get, is_getting_);
    if (!body) return;
    std::string_view payload = *body;
    do {
        take_packet(sio::take_packet(payload));
    } while (!payload.empty());
    if (step_ != Step::leaving) request_get();
}

void Session::take_packet(std::string_view packet) {
    if (packet.empty()) fail("a packet is empty");
    switch (packet[0]) {
        case '0':
            if (step_ != Step::opening) fail("a session is opened twice");
            id_ = session_id_of(packet.substr(1));
            step_ = Step::joining;
            return send_packet("40");
        case '2': return send_packet("3");
        case '3':
            if (packet != "3probe" || step_ != Step::probing) fail("a pong is wrong: ", packet);
            step_ = Step::leaving;
            return;
        case '4': return take_message(packet.substr(1));
        case '6': return;
        default: fail("no client expects this packet: ", packet);
    }
}

void Session::take_message(std::string_view packet) {
    if (packet.starts_with("2[\"auth\",")) return;  // What it connected with, which is nothing.
    if (step_ != Step::joining) return around_->handler->on_packet(*this, packet);
    if (!packet.starts_with('0')) fail("the server does not let a session in: ", packet);
    static_cast<void>(session_id_of(packet.substr(1)));
    step_ = Step::connected;
    around_->handler->on_connected(*this);
}

void Session::send_packet(std::string_view packet) {
    if (transport_ == Transport::websocket) return append_text_frame(links_[web].output(), packet);
    if (!waiting_.empty()) waiting_ += edgews::engineio::packet_separator;
    waiting_ += packet;
}

void Session::request_get() {
    connect_anew(get);
    append_get(links_[get].output(), around_->host, polling_path());
    is_getting_ = true;
}

// The server answers the GET that is on its way when it has heard the probe; none may follow.
void Session::leave_polling() {
    if (is_getting_ || is_posting_ || !waiting_.empty()) return;
    links_[get].close();
    links_[post].close();
    transport_ = Transport::websocket;
    step_ = Step::connected;
    send_packet("5");
    around_->handler->on_upgraded(*this);
}

// A connection that is kept ends when the server likes, between two requests.
void Session::take_end(LinkName link) {
    const bool is_busy = link == get    ? is_getting_
                         : link == post ? is_posting_
                                        : step_ != Step::closing;
    if (is_busy && links_[link].is_open()) fail("the server closes a connection");
    links_[link].close();
}

std::string Session::polling_path() const {
    std::string path(polling_path_begin);
    if (!id_.empty()) {
        path += "&sid=";
        path += id_;
    }
    return path;
}

}  // namespace load::sio
