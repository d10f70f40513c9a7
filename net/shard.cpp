#include <edgews/net/shard.hpp>

#include <edgews/net/connection.hpp>
#include <edgews/net/http_connection.hpp>
#include <edgews/net/listener.hpp>
#include <edgews/net/slots.hpp>
#include <edgews/net/stream_protocol.hpp>
#include <edgews/net/transport.hpp>

#include <cassert>
#include <utility>

namespace edgews {

Shard::Shard(Common& common, Loop& loop)
    : common_(common), loop_(loop), shared_(loop, this), scratch_head_(common.options.http) {
    for (const auto& route : common.router.websockets()) {
        routes_.push_back(RouteOnLoop::make(*route, shared_));
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
    static_cast<Listener*>(loop_.slots().find(listeners_.back()))->stop();
    listeners_.pop_back();
}

void Shard::accepted(Fd fd, const Address& peer, const ListenerSetup& listener) {
    counters().add(Counter::connections_accepted);
    if (listener.protocol) return accepted_other(std::move(fd), peer, listener);
    auto connection = std::make_unique<HttpConnection>(*this, peer, listener);
    if (connection->start(std::move(fd))) {
        (void)connection.release();  // The loop owns it now.
    } else {
        counters().add(Counter::connections_refused);
    }
}

void Shard::accepted_other(Fd fd, const Address& peer, const ListenerSetup& listener) {
    std::unique_ptr<Transport> tls;
    if (listener.tls) tls = listener.tls->accept(loop_.pool(), peer);
    const bool has_memory = !listener.tls || tls;
    if (has_memory && listener.protocol->accept(*this, std::move(fd), peer, std::move(tls))) return;
    counters().add(Counter::connections_refused);
}

RouteOnLoop& Shard::on_loop(const WebSocketRoute& route) noexcept {
    std::size_t i = 0;
    while (routes_[i].route != &route) ++i;
    return routes_[i];
}

void Shard::visit(const Function<void(Connection&)>& visitor) {
    Slots& slots = loop_.slots();
    for (std::size_t i = 0; i < slots.count(); ++i) {
        Source* source = slots.at(i);
        Connection* connection = source == nullptr ? nullptr : source->as_connection();
        if (connection != nullptr) connection->guard([&] { visitor(*connection); });
    }
}

void Shard::shut_down(std::uint64_t grace_ms, Function<void()> done) {
    assert(!is_shutting_down());
    done_ = std::move(done);
    for (const Token token : std::exchange(listeners_, {})) {
        static_cast<Listener*>(loop_.slots().find(token))->stop();
    }
    visit([](Connection& connection) {
        connection.close(close_code::going_away, "the server is shutting down");
    });
    Slots& slots = loop_.slots();
    for (std::size_t i = 0; i < slots.count(); ++i) {
        if (Source* source = slots.at(i)) source->shut_down();
    }
    grace_timer_ = loop_.after(grace_ms, [this] { terminate_all(); });
    check_done();
}

void Shard::terminate_all() {
    Slots& slots = loop_.slots();
    for (std::size_t i = 0; i < slots.count(); ++i) {
        if (Source* source = slots.at(i)) source->abandon();
    }
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
    loop_.cancel(grace_timer_);
    done_();
}

void Shard::Common::publish(std::string_view topic, const PreparedMessage& message,
                            const Connection* except) const {
    for (Shard* shard : shards) {
        if (&shard->loop() == Loop::current()) {
            shard->topics().publish(topic, message, except);
        } else {
            shard->loop().post([shard, topic = std::string(topic), message] {
                shard->topics().publish(topic, message, nullptr);
            });
        }
    }
}

}  // namespace edgews
