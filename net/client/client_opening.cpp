#include "net/client/client_opening.hpp"

#include "core/websocket/output_queue.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <utility>

namespace edgews {

namespace {

constexpr int receive_count_max = 4;  // In one turn, before others get theirs.
// Milliseconds for the rest of a refusal's body, of which a part may do: where the head says how
// long it is, and where only an end of the connection could, which may never come. Many servers
// send the head by itself.
constexpr std::uint32_t body_limit_ms = 1'000;
constexpr std::uint32_t endless_body_limit_ms = 100;
constexpr std::string_view lost = "the connection was closed";

std::string_view as_text(std::span<const std::byte> bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Body {
    std::string text{};
    bool is_whole = false;
};

// Of chunks (RFC 9112, section 7.1), as much as there is; what is malformed ends it.
Body read_chunks(std::string_view bytes) {
    Body body;
    while (true) {
        const std::size_t line_end = bytes.find("\r\n");
        if (line_end == std::string_view::npos) return body;
        std::size_t size = 0;
        const char* const begin = bytes.data();
        const auto error = std::from_chars(begin, begin + line_end, size, 16).ec;
        body.is_whole = error != std::errc() || size == 0;
        if (body.is_whole) return body;
        bytes.remove_prefix(line_end + 2);
        body.text += bytes.substr(0, size);
        if (bytes.size() < 2 || bytes.size() - 2 < size) return body;
        bytes.remove_prefix(size + 2);
    }
}

// Whether it says when its body is whole.
bool has_length(const HttpHead& head) noexcept {
    return head.is_chunked() || head.header("Content-Length");
}

Body read_body(const HttpHead& head, std::string_view bytes) {
    if (head.is_chunked()) return read_chunks(bytes);
    if (!has_length(head)) return {.text = std::string(bytes)};
    const bool is_whole = bytes.size() >= head.content_length();
    if (is_whole) bytes = bytes.substr(0, static_cast<std::size_t>(head.content_length()));
    return {.text = std::string(bytes), .is_whole = is_whole};
}

}  // namespace

ClientOpening::ClientOpening(Reactor& reactor, Setup setup, Owner& owner)
    : Stream(StreamsOnLoop::of(reactor)),
      setup_(std::move(setup)),
      owner_(&owner),
      head_(HttpHead::Kind::response, setup_.options.http) {}

ClientOpening* ClientOpening::start(Reactor& reactor, Fd fd, Setup setup, Owner& owner) {
    std::unique_ptr<ClientOpening> opening(new ClientOpening(reactor, std::move(setup), owner));
    if (const int error = opening->open(std::move(fd)); error != 0) {
        errno = error;
        return nullptr;
    }
    opening->begin();
    return opening.release();  // The loop owns it now.
}

void ClientOpening::cancel() noexcept {
    owner_ = nullptr;
    close();
}

// ---- To the server ---------------------------------------------------------

void ClientOpening::begin() {
    if (setup_.connect_request.empty()) return begin_tls();
    enter(Phase::proxy, setup_.options.handshake_timeout_ms);
    say(setup_.connect_request);
}

void ClientOpening::begin_tls() {
    if (!setup_.url.is_secure) return request();
    enter(Phase::tls, setup_.options.tls_timeout_ms);
    auto transport = setup_.options.tls->connect(reactor().pool(), setup_.url.bare_host());
    if (!transport) return break_off();  // There is no memory for it.
    speak_through(std::move(transport));
    speak_first();
    if (has_failed_transport()) break_off();  // The system's settings leave nothing to agree on.
}

void ClientOpening::request() {
    enter(Phase::response, setup_.options.handshake_timeout_ms);
    say(setup_.request);
}

void ClientOpening::say(std::string_view text) {
    output().append(std::as_bytes(std::span(text)));
    request_flush();
}

// The only place that writes phase_.
void ClientOpening::enter(Phase phase, std::uint32_t timeout_ms) {
    phase_ = phase;
    is_limited_ = timeout_ms > 0;
    if (is_limited_) reactor().schedule(*this, timeout_ms);
}

// ---- From the server -------------------------------------------------------

Reading ClientOpening::reading(int receive_count) const noexcept {
    if (!is_open() || is_broken()) return Reading::over;
    return receive_count == receive_count_max ? Reading::later : Reading::go_on;
}

bool ClientOpening::take(const Received& received, std::span<std::byte> bytes) {
    if (has_failed_transport()) {
        fail(ClientStage::tls, std::errc::protocol_error, transport()->failure());
        return false;
    }
    if (phase_ == Phase::tls && transport()->state() != Transport::State::opening) request();
    if (received.end == Received::End::would_block) return false;
    if (received.end != Received::End::open) {
        on_lost();
        return false;
    }
    process(bytes);
    return may_bring_more();
}

void ClientOpening::process(std::span<const std::byte> input) {
    reactor().pool().reserve(bytes_, input.size());
    bytes_.append(input);
    while (is_open() && phase_ != Phase::body && take_head()) {
        if (is_interim_response(head_)) {
            begin_ += head_.size();
            head_.reset();
        } else if (phase_ == Phase::proxy) {
            take_proxy_answer();
            break;
        } else {
            take_response();
        }
    }
    if (phase_ == Phase::body && is_open()) return take_body(false);
    if (begin_ > 0 && is_open()) forget_interim();
}

// There may be any number of them, and what has been passed over takes no memory.
void ClientOpening::forget_interim() {
    const std::span<const std::byte> rest = bytes_.bytes().subspan(begin_);
    Buffer kept = reactor().pool().take(rest.size());
    kept.append(rest);
    bytes_ = std::move(kept);
    begin_ = 0;
}

// True: there is one.
bool ClientOpening::take_head() {
    const std::string_view text = as_text(bytes_.bytes().subspan(begin_));
    switch (head_.parse(text)) {
        case HttpHead::Progress::more: return false;
        case HttpHead::Progress::complete: return true;
        case HttpHead::Progress::failed: break;
    }
    fail({.stage = stage(),
          .error = {std::make_error_code(std::errc::protocol_error),
                    std::string(describe(head_.fault()))},
          .status = head_.status()});
    return false;
}

// Whoever opens a tunnel says nothing in it by itself (RFC 9110, section 9.3.6).
void ClientOpening::take_proxy_answer() {
    if (head_.status() < 200 || head_.status() > 299) return await_body();
    if (bytes_.size() > begin_ + head_.size() || output_size() > 0) {
        return fail(ClientStage::proxy, std::errc::protocol_error,
                    "the proxy says more than that the tunnel is open");
    }
    bytes_.reset();
    begin_ = 0;
    head_.reset();
    begin_tls();
}

void ClientOpening::take_response() {
    const ReadOpeningResponse response = read_opening_response(head_, setup_.offer);
    if (response.fault == OpeningResponseFault::status_not_101) {
        return owner_->leads_on(head_) ? void() : await_body();
    }
    if (response.fault != OpeningResponseFault::none) {
        return fail(refusal(ClientStage::handshake, describe(response)));
    }
    if (is_broken()) return fail(ClientStage::handshake, std::errc::connection_reset, lost);
    const std::span<std::byte> rest = bytes_.bytes().subspan(begin_ + head_.size());
    std::exchange(owner_, nullptr)->opened(*this, head_, response, rest);
}

void ClientOpening::await_body() {
    refused_ = stage();
    const std::uint32_t limit_ms = has_length(head_) ? body_limit_ms : endless_body_limit_ms;
    const std::uint32_t option_ms = setup_.options.handshake_timeout_ms;
    enter(Phase::body, option_ms == 0 ? limit_ms : std::min(option_ms, limit_ms));
}

void ClientOpening::take_body(bool is_end) {
    head_.rebase(as_text(bytes_.bytes().subspan(begin_)));  // They may have moved.
    const std::string_view bytes = as_text(bytes_.bytes().subspan(begin_ + head_.size()));
    Body body = read_body(head_, bytes);
    const std::size_t size_max = setup_.options.body_size_max;
    const unsigned status = head_.status();
    const bool has_none = status < 200 || status == 204 || status == 304;
    // Chunks of a byte take six.
    const bool is_enough = body.text.size() >= size_max || bytes.size() >= 8 * size_max;
    if (!is_end && !body.is_whole && !has_none && !is_enough) return;
    const bool is_proxys = refused_ == ClientStage::proxy;
    ClientError error = refusal(refused_, is_proxys ? "the proxy refuses" : "the server refuses");
    body.text.resize(std::min(body.text.size(), size_max));
    error.body = std::move(body.text);
    fail(std::move(error));
}

// The peer has ended, or was reset.
void ClientOpening::on_lost() {
    if (is_broken()) read_last();
    if (is_closed()) return;
    if (phase_ == Phase::body) return take_body(true);
    if (has_failed_transport()) {
        return fail(stage(), std::errc::protocol_error, transport()->failure());
    }
    fail(stage(), std::errc::connection_reset, lost);
}

// A server that refuses before it has read all has its answer followed by a reset.
void ClientOpening::read_last() {
    while (is_open() && phase_ != Phase::tls) {
        const std::span<std::byte> space = reactor().receive_space();
        const Received received = receive(space);
        if (received.end != Received::End::open) return;
        process(space.first(received.size));
    }
}

void ClientOpening::on_timer() {
    if (!is_limited_) return;  // It was the last phase's.
    // What the server says next is an answer to what we have not said.
    if (waits_for_handshake()) {
        return reactor().schedule(*this, setup_.options.tls_timeout_ms);
    }
    if (phase_ == Phase::body) return take_body(true);
    fail(stage(), std::errc::timed_out, "no answer in time");
}

// ---- How it went -----------------------------------------------------------

ClientStage ClientOpening::stage() const noexcept {
    switch (phase_) {
        case Phase::proxy: return ClientStage::proxy;
        case Phase::tls: return ClientStage::tls;
        case Phase::response: break;
        case Phase::body: return refused_;
    }
    return ClientStage::handshake;
}

// With the answer, its status in the message.
ClientError ClientOpening::refusal(ClientStage stage, std::string_view what) const {
    ClientError error{.stage = stage, .status = head_.status()};
    error.error.code = std::make_error_code(std::errc::connection_refused);
    error.error.message = std::string(what);
    if (stage != ClientStage::handshake || head_.status() != 101) {  // That is not what is wrong.
        error.error.message += ": " + std::to_string(head_.status()) + " ";
        error.error.message += head_.reason();
    }
    for (std::size_t i = 0; i < head_.header_count(); ++i) {
        const HeaderField header = head_.header_at(i);
        error.headers.push_back({std::string(header.name), std::string(header.value)});
    }
    return error;
}

void ClientOpening::fail(ClientStage stage, std::errc code, std::string_view what) {
    fail({.stage = stage, .error = {std::make_error_code(code), std::string(what)}});
}

void ClientOpening::fail(ClientError error) {
    Owner* const owner = std::exchange(owner_, nullptr);
    close();
    if (owner != nullptr) owner->opening_failed(std::move(error));
}

}  // namespace edgews
