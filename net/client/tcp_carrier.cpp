#include "net/client/tcp_carrier.hpp"

#include "net/loop/reactor.hpp"

#include <utility>

namespace edgews {

namespace {

constexpr std::uint32_t linger_ms = 5'000;  // For the server to read what came last.
constexpr int receive_count_max = 4;        // In one turn, before others get theirs.

}  // namespace

// ---- The socket --------------------------------------------------------------------------------

CarrierSocket::CarrierSocket(Reactor& reactor, Carrier::Owner& owner, const ClientOptions& options)
    : Stream(StreamsOnLoop::of(reactor)), owner_(&owner), tls_timeout_ms_(options.tls_timeout_ms) {}

int CarrierSocket::start(Fd fd, std::unique_ptr<Transport> tls) {
    if (const int error = open(std::move(fd)); error != 0) return error;
    is_opening_ = tls != nullptr;
    if (!is_opening_) return 0;
    if (tls_timeout_ms_ > 0) reactor().schedule(*this, tls_timeout_ms_);
    speak_through(std::move(tls));
    speak_first();
    if (has_failed_transport()) break_off();  // The system's settings leave nothing to agree on.
    return 0;
}

Reading CarrierSocket::reading(int receive_count) const noexcept {
    if (!is_open() || is_given_up()) return Reading::over;
    if (is_paused_) return Reading::wait;
    return receive_count == receive_count_max ? Reading::later : Reading::go_on;
}

bool CarrierSocket::take(const Received& received, std::span<std::byte> bytes) {
    if (is_opening_ && transport()->state() == Transport::State::open) {
        is_opening_ = false;
        owner_->carrier_opened();
        if (!is_open()) return false;
    }
    if (received.end == Received::End::would_block) return false;
    if (received.end != Received::End::open) {
        on_lost();
        return false;
    }
    begin_dispatch();
    if (owner_ != nullptr) owner_->carrier_received(bytes);
    if (is_closed()) return false;
    end_dispatch();
    return is_open() && may_bring_more();
}

// What the server said before is still to be heard: an error that tells why. Who does not read now
// hears of it when reading goes on.
void CarrierSocket::on_reset() {
    if (!is_paused_) on_readable();
}

void CarrierSocket::on_lost() {
    if (has_failed_transport()) {
        const ClientStage stage = is_opening_ ? ClientStage::tls : ClientStage::open;
        return lose(stage, std::errc::protocol_error, transport()->failure());
    }
    lose(is_opening_ ? ClientStage::tls : ClientStage::open, std::errc::connection_reset,
         "the server closed the connection");
}

void CarrierSocket::on_output_lost(std::size_t size) noexcept {
    lost_size_ += size;
}

void CarrierSocket::on_writable() {
    if (owner_ != nullptr) owner_->carrier_drained();
}

void CarrierSocket::on_timer() {
    if (!is_open()) return on_finish_timer(linger_ms);
    if (!is_opening_) return;
    if (waits_for_handshake()) return reactor().schedule(*this, tls_timeout_ms_);
    lose(ClientStage::tls, std::errc::timed_out, "no answer in time");
}

void CarrierSocket::lose(ClientStage stage, std::errc code, std::string_view what) {
    lost_size_ += output_size();
    close();
    if (owner_ == nullptr) return;
    std::exchange(owner_, nullptr)
        ->carrier_lost({.stage = stage, .error = {std::make_error_code(code), std::string(what)}});
}

void CarrierSocket::send(std::string_view bytes) {
    if (!is_open() || is_broken()) {
        lost_size_ += bytes.size();
        return;
    }
    output().append(std::as_bytes(std::span(bytes)));
    request_flush();
}

void CarrierSocket::finish() {
    owner_ = nullptr;
    if (is_opening_) return close();
    if (is_open()) Stream::finish(Farewell::linger, linger_ms);
}

void CarrierSocket::cut() noexcept {
    owner_ = nullptr;
    close();
}

void CarrierSocket::resume() {
    if (!std::exchange(is_paused_, false) || !is_open()) return;
    read_later();
}

// ---- The carrier -------------------------------------------------------------------------------

TcpCarrier::TcpCarrier(Reactor& reactor, Target target, const ClientOptions& options, Owner& owner)
    : reactor_(reactor),
      target_(std::move(target)),
      options_(options),
      owner_(owner),
      dialer_(reactor, {.resolve_timeout_ms = options.resolve_timeout_ms,
                        .connect_timeout_ms = options.connect_timeout_ms,
                        .lookup = options.lookup,
                        .watch = watch_of(options)}) {
    auto done = [this](Dialed result) { dialed(std::move(result)); };
    if (options.unix_path.empty()) {
        dialer_.start(target_.host, target_.port, done);
    } else {
        dialer_.start_unix(options.unix_path, done);
    }
}

TcpCarrier::~TcpCarrier() {
    if (socket_ != nullptr) socket_->cut();
}

void TcpCarrier::dialed(Dialed dialed) {
    if (dialed.error) {
        const bool is_resolved = dialed.is_resolved || !options_.unix_path.empty();
        return lose(is_resolved ? ClientStage::connect : ClientStage::resolve,
                    std::move(dialed.error));
    }
    peer_ = dialed.peer;
    std::unique_ptr<Transport> tls;
    if (target_.has_tls) tls = options_.tls->connect(reactor_.pool(), target_.host);
    if (target_.has_tls && !tls) {
        return lose(ClientStage::tls, {std::make_error_code(std::errc::not_enough_memory),
                                       "there is no memory for TLS"});
    }
    auto socket = std::make_unique<CarrierSocket>(reactor_, owner_, options_);
    if (const int error = socket->start(std::move(dialed.fd), std::move(tls)); error != 0) {
        return lose(ClientStage::connect, {std::error_code(error, std::generic_category()),
                                           "the system refuses to watch the socket"});
    }
    socket_ = socket.release();  // The loop owns it now.
    if (!target_.has_tls) owner_.carrier_opened();
}

void TcpCarrier::lose(ClientStage stage, Error error) {
    owner_.carrier_lost({.stage = stage, .error = std::move(error)});
}

void TcpCarrier::finish() {
    if (socket_ != nullptr) std::exchange(socket_, nullptr)->finish();
}

void TcpCarrier::pause() {
    if (socket_ != nullptr) socket_->pause();
}

void TcpCarrier::resume() {
    if (socket_ != nullptr) socket_->resume();
}

ClientStage TcpCarrier::stage() const noexcept {
    if (dialer_.is_resolving()) return ClientStage::resolve;
    if (socket_ == nullptr) return ClientStage::connect;
    return socket_->is_opening() ? ClientStage::tls : ClientStage::open;
}

std::size_t TcpCarrier::unsent_size() const noexcept {
    return socket_ == nullptr ? 0 : socket_->unsent_size();
}

}  // namespace edgews
