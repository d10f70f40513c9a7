#include "net/stomp/websocket_carrier.hpp"

#include "core/kernels/utf8.hpp"
#include "net/connection/websocket_connection.hpp"
#include "net/loop/reactor.hpp"

#include <utility>

namespace edgews {

namespace {

ClientOptions websocket_options(ClientOptions options) {
    options.subprotocols = {"v12.stomp", "v11.stomp", "v10.stomp"};
    // Frames have limits of their own, messages need none; and so has what waits.
    options.message_size_max = SIZE_MAX;
    options.message_timeout_ms = 0;
    options.backlog_size_max = SIZE_MAX;
    options.drain_mark = 0;
    options.reconnect.enabled = false;
    options.on_event = {};  // It is told by whom this carries.
    return options;
}

}  // namespace

StompWebSocketCarrier::StompWebSocketCarrier(Reactor& reactor, const std::string& url,
                                             const ClientOptions& options, Owner& owner)
    : reactor_(reactor),
      owner_(owner),
      client_(reactor.loop(), url, handlers(), websocket_options(options)) {}

StompWebSocketCarrier::~StompWebSocketCarrier() {
    if (end_timer_ != no_token) reactor_.cancel(end_timer_);
    if (client_.ready_state() != ReadyState::closing) client_.terminate();
}

ClientHandlers StompWebSocketCarrier::handlers() {
    return {
        .open = [this](Client&) { owner_.carrier_opened(); },
        // In parts: each is a sign of life, and the frames' reader keeps what it needs.
        .message_chunk =
            [this](Client&, std::span<const std::byte> bytes) { owner_.carrier_received(bytes); },
        .drain = [this](Client&) { owner_.carrier_drained(); },
        .error =
            [this](Client&, const ClientError& error) {
                error_ = error;
                has_failed_ = true;
            },
        .close = [this](Client&, const CloseEvent& event) { closed(event); }};
}

void StompWebSocketCarrier::closed(const CloseEvent& event) {
    if (!has_failed_) {
        std::string what = "the broker closed the connection: " + std::to_string(event.code);
        if (!event.reason.empty()) what.append(" ").append(event.reason);
        error_ = {.stage = ClientStage::open,
                  .error = {std::make_error_code(std::errc::connection_reset), std::move(what)}};
    }
    has_ended_ = true;
    // Who does not read now hears of it when reading goes on, behind what was said before.
    if (!is_paused_) owner_.carrier_lost(std::move(error_));
}

// Text, wherever it can be: some brokers take nothing else.
void StompWebSocketCarrier::send(std::string_view bytes) {
    const auto kind = is_utf8(bytes) ? Message::Kind::text : Message::Kind::binary;
    const SendResult result = client_.send(Message::checked(kind, std::as_bytes(std::span(bytes))));
    if (result == SendResult::closed) lost_size_ += bytes.size();
}

void StompWebSocketCarrier::finish() {
    static_cast<void>(client_.close());
    flush();  // The loop may have no turn more.
}

void StompWebSocketCarrier::pause() {
    is_paused_ = true;
    if (Connection* const connection = client_.connection()) connection->pause_reading();
}

void StompWebSocketCarrier::resume() {
    is_paused_ = false;
    if (Connection* const connection = client_.connection()) connection->resume_reading();
    if (!has_ended_ || end_timer_ != no_token) return;
    end_timer_ = reactor_.after(0, make_job([this] {
                                    end_timer_ = no_token;
                                    owner_.carrier_lost(std::move(error_));
                                }));
}

void StompWebSocketCarrier::flush() {
    Connection* const connection = client_.connection();
    if (connection != nullptr) static_cast<void>(engine_of(*connection).push_out());
}

std::size_t StompWebSocketCarrier::untaken_size() const noexcept {
    const Connection* const connection = client_.connection();
    return connection == nullptr ? 0 : engine_of(*connection).untaken_size();
}

}  // namespace edgews
