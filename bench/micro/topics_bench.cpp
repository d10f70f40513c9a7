// Publishing to a topic, from the call to the write into each subscriber's socket. Most of it
// is the kernel's time.
#include "net/connection/topics.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "support.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>

#include <edgews/server.hpp>
#include "net/loop/fd.hpp"

namespace edgews::bench {
namespace {

// A server whose loop turns in this thread, and those who listen to its topic "t".
class Audience {
  public:
    explicit Audience(std::size_t size, RouteOptions options = {}) {
        const auto open = [this](Connection& connection) {
            connection.subscribe("t");
            newest_ = &connection;
        };
        server_.ws("/", {.open = open}, std::move(options));
        const Error error = server_.listen({.host = "127.0.0.1"});
        if (error) throw std::runtime_error(error.message);
        for (std::size_t i = 0; i < size; ++i) subscribers_.push_back(subscribe());
    }

    [[nodiscard]] Server& server() noexcept { return server_; }
    [[nodiscard]] Connection& newest() noexcept { return *newest_; }
    void turn() { server_.loop(0).poll(0); }

    // Whether each has received exactly these bytes, which it waits for.
    [[nodiscard]] bool all_received(const Bytes& expected) {
        for (const Fd& fd : subscribers_) {
            Bytes received(expected.size() + 1);
            std::size_t size = 0;
            while (size < expected.size()) size += receive(fd, std::span(received).subspan(size));
            received.resize(size);
            if (received != expected) return false;
        }
        return true;
    }

  private:
    // Turns the loop until there is something.
    std::size_t receive(const Fd& fd, std::span<std::byte> space) {
        for (;;) {
            const ssize_t size = ::recv(fd.get(), space.data(), space.size(), MSG_DONTWAIT);
            if (size > 0) return static_cast<std::size_t>(size);
            if (size == 0) throw std::runtime_error("the server hung up");
            if (errno != EAGAIN) throw std::system_error(errno, std::system_category(), "recv");
            turn();
        }
    }

    Fd subscribe() {
        Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(server_.port());
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
            throw std::system_error(errno, std::system_category(), "connect");
        }
        const std::string_view head =
            "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        if (::send(fd.get(), head.data(), head.size(), MSG_NOSIGNAL) < 0) {
            throw std::system_error(errno, std::system_category(), "send");
        }
        std::string response(1024, '\0');
        response.resize(receive(fd, std::as_writable_bytes(std::span(response))));
        if (!response.starts_with("HTTP/1.1 101 ") || !response.ends_with("\r\n\r\n")) {
            throw std::runtime_error("no WebSocket: " + response);
        }
        return fd;
    }

    Server server_{{.loops = 1}};
    Connection* newest_ = nullptr;
    std::vector<Fd> subscribers_;
};

struct Load {
    std::size_t subscriber_count;
    std::size_t size;
    std::size_t batch;  // Messages in one turn of the loop.
};

void time_publish(benchmark::State& state, const Load& load) {
    Audience audience(load.subscriber_count);
    const Bytes payload = varied_bytes(load.size);
    const PreparedMessage message{Message(payload)};
    Bytes expected;
    for (std::size_t i = 0; i < load.batch; ++i) {
        expected.insert(expected.end(), message.frame().begin(), message.frame().end());
    }
    using Clock = std::chrono::steady_clock;
    for (auto _ : state) {
        const auto begin = Clock::now();
        for (std::size_t i = 0; i < load.batch; ++i) {
            audience.server().publish("t", Message(payload));
        }
        audience.turn();
        state.SetIterationTime(std::chrono::duration<double>(Clock::now() - begin).count());
        if (!audience.all_received(expected)) check(state, false);
    }
    count_things(state, "delivery", load.subscriber_count * load.batch);
}

// One more topic of a connection that has many already, and leaving it.
void time_subscribe(benchmark::State& state, std::size_t topic_count) {
    Audience audience(1, {.topic_count_max = topic_count + 2});
    Connection& connection = audience.newest();
    std::size_t right_count = 0;
    for (std::size_t i = 0; i < topic_count; ++i) {
        right_count += connection.subscribe("room " + std::to_string(i)) ? 1U : 0U;
    }
    check(state, right_count == topic_count && !connection.subscribe("room 0"));
    for (auto _ : state) {
        benchmark::DoNotOptimize(connection.subscribe("another room"));
        benchmark::DoNotOptimize(connection.unsubscribe("another room"));
    }
}

[[maybe_unused]] const bool is_added = [] {
    for (const std::size_t topic_count : {1U, 1'000U, 100'000U}) {
        add_row("topics/subscribe/beside/" + std::to_string(topic_count),
                [=](benchmark::State& state) { time_subscribe(state, topic_count); });
    }
    for (const std::size_t subscriber_count : {1U, 400U}) {  // 1024 descriptors are usual.
        for (const auto& [size, batch] : {std::pair{125U, 1U}, {125U, 16U}, {16384U, 1U}}) {
            const Load load{subscriber_count, size, batch};
            add_row("topics/publish/to_" + std::to_string(subscriber_count) + "/" +
                        (batch > 1 ? std::to_string(batch) + "x" : "") + std::to_string(size),
                    [=](benchmark::State& state) { time_publish(state, load); })
                ->UseManualTime();
        }
    }
    return true;
}();

}  // namespace
}  // namespace edgews::bench
