#include "net/stomp/tcp_session.hpp"

#include "core/websocket/output_queue.hpp"
#include "net/server/shard.hpp"
#include "net/stomp/broker_state.hpp"
#include "net/stomp/stomp_loop.hpp"

#include <utility>

namespace edgews {

namespace {

constexpr std::uint32_t linger_ms = 5'000;  // For a peer to read what ends the session.
constexpr int receive_count_max = 1;        // In one turn, before others get theirs.

}  // namespace

StompOnTcp::StompOnTcp(Shard& shard, StompLoop& loop, Admission admission)
    : Stream(shard.streams()),
      StompSessionLink(loop, admission),
      shard_(shard),
      admission_(std::move(admission)) {}

StompOnTcp::~StompOnTcp() {
    leave();
}

bool StompOnTcp::start(Fd fd, std::unique_ptr<Transport> tls) noexcept {
    if (tls) speak_through(std::move(tls));
    return open(std::move(fd)) == 0;
}

Reading StompOnTcp::reading(int receive_count) const noexcept {
    if (!is_open() || is_given_up()) return Reading::over;
    if (is_paused_) return Reading::wait;
    return receive_count == receive_count_max ? Reading::later : Reading::go_on;
}

bool StompOnTcp::take(const Received& received, std::span<std::byte> bytes) {
    if (received.end == Received::End::would_block) return false;
    if (received.end != Received::End::open) {
        if (has_failed_transport()) report_tls();
        received.end == Received::End::ended ? end_of_input() : on_lost();
        return false;
    }
    shard_.counters().add(Counter::bytes_received, received.size);

    begin_dispatch();
    this->received(bytes);
    if (is_closed()) return false;
    end_dispatch();
    return may_bring_more();
}

void StompOnTcp::report_tls() const noexcept {
    if (!shard_.events()) return;
    shard_.events().tell({.kind = EventKind::tls_failed,
                          .address = admission_.address(),
                          .text = transport()->failure()});
}

// What came before is done (1.2, Connection Lingering), but for what has to wait for room.
void StompOnTcp::on_reset() {
    if (!is_paused_) return on_readable();
    if (!is_resting()) on_lost();
}

void StompOnTcp::on_lost() {
    leave();
    close();
}

// What it asked for before is still its own: RECEIPTs, for one.
void StompOnTcp::end_of_input() {
    leave();
    Stream::finish(Farewell::close, linger_ms);
}

void StompOnTcp::resume() {
    is_paused_ = false;
    read_later();
}

void StompOnTcp::on_writable() {
    if (output_size() <= stomp_drain_mark) drained();
}

void StompOnTcp::on_timer() {
    if (!is_open()) on_finish_timer(linger_ms);
}

void StompOnTcp::count_sent(std::size_t size) noexcept {
    shard_.counters().add(Counter::bytes_sent, size);
}

bool StompOnTcp::send(const Pieces& pieces) {
    // Before TLS has begun there is nobody to tell.
    const bool is_opening = transport() && transport()->state() == Transport::State::opening;
    if (!may_send() || is_opening) return true;
    // One frame may always wait, however large.
    const std::size_t size = pieces.front.size() + pieces.head.size() + pieces.body.size();
    if (output_size() > 0 && output_size() + size > stomp_loop().state().waiting_size_max()) {
        break_off();
        shard_.events().tell_later({.kind = EventKind::consumer_slow,
                                    .address = admission_.address(),
                                    .text = "StompOptions::output_size_max"});
        return true;
    }
    output().append(std::as_bytes(std::span(pieces.front)));
    output().append(std::as_bytes(std::span(pieces.head)));
    output().append(pieces.body);
    request_flush();
    // Several may have had it served in this turn: the socket says whether that is too much.
    if (output_size() > stomp_drain_mark && !is_blocked()) flush();
    return !is_blocked() || output_size() <= stomp_drain_mark;
}

// After an ERROR, or DISCONNECT: what the client still sends is not read any more.
void StompOnTcp::finish(stomp::Fault) {
    if (is_open()) Stream::finish(Farewell::linger, linger_ms);
}

void StompOnTcp::shut_down() {
    if (is_open()) end_here(stomp::Fault::server_shutting_down, {});
}

bool StompOverTcp::accept(Shard& shard, Fd fd, Admission admission,
                          std::unique_ptr<Transport> tls) const {
    auto stream =
        std::make_unique<StompOnTcp>(shard, state_.on_loop(shard.reactor()), std::move(admission));
    if (!stream->start(std::move(fd), std::move(tls))) return false;
    static_cast<void>(stream.release());  // The loop owns it now.
    return true;
}

// All versions understand it: ERROR may answer CONNECT, and the NUL ends the frame.
std::string_view StompOverTcp::refusal() const noexcept {
    constexpr std::string_view frame = "ERROR\nmessage:There are too many connections.\n\n";
    return {frame.data(), frame.size() + 1};
}

}  // namespace edgews
