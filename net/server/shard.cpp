#include "net/server/shard.hpp"

#include "net/connection/admission.hpp"
#include "net/connection/topics_abroad.hpp"
#include "net/connection/websocket_connection.hpp"
#include "net/loop/slots.hpp"
#include "net/server/http_connection.hpp"
#include "net/server/listener.hpp"
#include "net/server/stream_protocol.hpp"
#include "net/stream/transport.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <ctime>
#include <string_view>
#include <utility>

namespace edgews {

namespace {

constexpr std::size_t kept_size_max = 64 * 1024;  // Bytes of an answer's memory that are kept.

// Those that come meanwhile may be among them.
template <class Each, class Visit>
void for_each(const Slots& slots, Visit visit) {
    for (std::size_t i = 0; i < slots.count(); ++i) {
        if (auto* const each = dynamic_cast<Each*>(slots.at(i))) visit(*each);
    }
}

}  // namespace

Shard::Shard(Common& common, Reactor& reactor)
    : common_(common),
      reactor_(reactor),
      connections_(reactor, this),
      scratch_head_(common.options.http) {
    connections_.topics.carry(common.abroad);
    connections_.events = EventTeller(common.options.on_event, connections_.counters,
                                      connections_.late_events, common.options.slow_handler_ms);
    for (const auto& route : common.router.websockets()) {
        routes_.push_back(RouteOnLoop::make(*route, connections_));
    }
}

Shard::~Shard() = default;

int Shard::listen(Fd fd, const ListenerSetup& setup) {
    auto listener = std::make_unique<Listener>(*this, std::move(fd), setup);
    if (const int error = listener->start(); error != 0) return error;
    listeners_.push_back(listener.release()->token());  // The loop owns it now.
    return 0;
}

void Shard::stop_last_listener() noexcept {
    static_cast<Listener*>(reactor_.slots().find(listeners_.back()))->stop();
    listeners_.pop_back();
}

void Shard::accepted(Fd fd, const Address& peer, const ListenerSetup& listener) {
    counters().add(Counter::connections_accepted);
    Admission admission(*this, peer);
    if (admission.is_refused()) {
        refuse(fd, listener);
        return report_refusal(peer, admission.limit());
    }
    if (!serve(std::move(fd), std::move(admission), listener)) {
        counters().add(Counter::connections_refused);
        if (!events()) return;
        events().tell({.level = EventLevel::error,
                       .kind = EventKind::accept_failed,
                       .code = ENOMEM,
                       .address = peer,
                       .text = "there is no memory for its TLS, or the system cannot watch it"});
    }
}

void Shard::report_refusal(const Address& peer, AdmissionLimit limit) const noexcept {
    if (!events()) return;
    events().tell(
        {.kind = EventKind::limit_reached, .code = 503, .address = peer, .text = option_of(limit)});
}

// False: there is no memory for its transport, or the system refuses.
bool Shard::serve(Fd fd, Admission admission, const ListenerSetup& listener) {
    if (!listener.protocol) {
        auto connection = std::make_unique<HttpConnection>(*this, std::move(admission), listener);
        if (!connection->start(std::move(fd))) return false;
        (void)connection.release();  // The loop owns it now.
        return true;
    }
    std::unique_ptr<Transport> tls;
    if (listener.tls) tls = listener.tls->accept(reactor_.pool(), admission.address());
    if (listener.tls && !tls) return false;
    return listener.protocol->accept(*this, std::move(fd), std::move(admission), std::move(tls));
}

void Shard::refuse(const Fd& fd, const ListenerSetup& listener) noexcept {
    counters().add(Counter::connections_refused);
    const std::span<std::byte> space = reactor_.receive_space();
    (void)::recv(fd.get(), space.data(), space.size(), 0);
    std::string_view words = HttpConnection::one_too_many;
    if (listener.protocol) words = listener.protocol->refusal();
    // No handshake is made in order to say it.
    if (!listener.tls) (void)::send(fd.get(), words.data(), words.size(), MSG_NOSIGNAL);
    ::shutdown(fd.get(), SHUT_WR);
}

RouteOnLoop& Shard::on_loop(const WebSocketRoute& route) noexcept {
    std::size_t i = 0;
    while (routes_[i].route != &route) ++i;
    return routes_[i];
}

void Shard::visit(const Function<void(Connection&)>& visitor) {
    for_each<WebSocketConnection>(reactor_.slots(), [&](WebSocketConnection& connection) {
        const bool is_server = !connection.is_client();  // Others are clients on its loop.
        if (is_server && !connection.is_reported()) connection.guard([&] { visitor(connection); });
    });
}

void Shard::shut_down(std::uint64_t grace_ms, Function<void()> done) {
    assert(!is_shutting_down());
    done_ = std::move(done);
    for (const Token token : std::exchange(listeners_, {})) {
        static_cast<Listener*>(reactor_.slots().find(token))->stop();
    }
    const bool is_first = this == common_.shards.front();
    if (events() && is_first) {
        events().tell(
            {.kind = EventKind::shutdown_begun,
             .code = static_cast<std::uint32_t>(std::min<std::uint64_t>(grace_ms, UINT32_MAX))});
    }
    tell_shutdown();
    visit([](Connection& connection) {
        if (engine_of(connection).is_closed_by_user()) return;
        connection.close(close_code::going_away, "the server is shutting down");
    });
    for_each<Stream>(reactor_.slots(), [](Stream& stream) { stream.shut_down(); });
    grace_timer_ = reactor_.after(grace_ms, make_job([this] { end_grace(); }));
    check_done();
}

void Shard::tell_shutdown() {
    if (std::exchange(is_shutdown_told_, true)) return;
    for (const Function<void(Loop&)>& call : common_.on_shutdown) call(reactor_.loop());
}

void Shard::end_grace() {
    common_.dropped_count.fetch_add(static_cast<std::uint32_t>(connection_count_),
                                    std::memory_order_relaxed);
    terminate_all();
}

void Shard::terminate_all() {
    for_each<Stream>(reactor_.slots(), [](Stream& stream) { stream.end_grace(); });
}

// Written once a second; to read the clock takes no system call.
void Shard::give_back(Response&& response) noexcept {
    if (response.body.capacity() > kept_size_max) response.body = {};
    if (response.headers.lines().size() > kept_size_max) response.headers = {};
    scratch_response_ = std::move(response);
    scratch_response_.status = 200;
    scratch_response_.headers.clear();
    scratch_response_.body.clear();
}

std::string_view Shard::date() noexcept {
    const std::int64_t now = ::time(nullptr);
    if (now != date_second_) date_ = http_date(now);
    date_second_ = now;
    return {date_.data(), date_.size()};
}

void Shard::enter() noexcept {
    ++connection_count_;
    counters().add(Counter::connections_open);
}

void Shard::leave() noexcept {
    --connection_count_;
    counters().subtract(Counter::connections_open);
    check_done();
}

void Shard::check_done() {
    if (!done_ || connection_count_ > 0 || is_done_) return;
    is_done_ = true;
    reactor_.cancel(grace_timer_);
    const bool is_last = common_.shards_open.fetch_sub(1) == 1;
    if (is_last && events()) {
        events().tell({.kind = EventKind::shutdown_done, .code = common_.dropped_count.load()});
    }
    done_();
}

PublishResult Shard::Common::publish(std::string_view topic, const PreparedMessage& message,
                                     const WebSocketConnection* except) const {
    if (abroad != nullptr && message) {
        const TopicsAbroad::Carried carried = abroad->publish(topic, message, except);
        if (carried.is_here) publish_here(topic, message, except);
        return carried.result;
    }
    publish_here(topic, message, except);
    return PublishResult::sent;
}

void Shard::Common::publish_here(std::string_view topic, const PreparedMessage& message,
                                 const WebSocketConnection* except) const {
    for (Shard* shard : shards) {
        if (&shard->reactor() == Reactor::current()) {
            shard->topics().publish(topic, message, except);
        } else {
            shard->reactor().post(make_job([shard, topic = std::string(topic), message] {
                shard->topics().publish(topic, message, nullptr);
            }));
        }
    }
}

}  // namespace edgews
