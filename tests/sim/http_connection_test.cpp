// HTTP connections to the millisecond: who is late, who does not read, and whom there is no memory
// for.
#include "net/server/http_connection.hpp"
#include <edgews/edgews.hpp>
#include <edgews/sim.hpp>
#include "net/loop/reactor.hpp"
#include "net/stream/transport.hpp"

#include <gtest/gtest.h>

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace edgews::sim {
namespace {

constexpr std::array calm{std::byte{0}};
constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;
constexpr std::size_t memory_max = 8 * mib;
const std::string request = "GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n";
const std::string proxy_line = "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n";

std::string upgrade_to(std::string_view path) {
    return "GET " + std::string(path) +
           " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
}

// Keeps all that it is told.
class Listening final : public Peer {
  public:
    explicit Listening(World& world) : Peer(world, {}) {}

    // How often that was said.
    [[nodiscard]] int count(std::string_view words) const {
        int count = 0;
        for (std::size_t at = heard.find(words); at != std::string::npos;
             at = heard.find(words, at + 1)) {
            ++count;
        }
        return count;
    }
    std::string heard{};

  private:
    void on_bytes(std::string_view bytes) override { heard += bytes; }
};

class HttpConnections : public testing::Test {
  protected:
    ~HttpConnections() override {
        if (server_) server_->shutdown(0);
    }

    void start(ServerOptions options = {}, ListenOptions listening = {}) {
        options.loops = 1;
        server_.emplace(std::move(options));
        server_->get("/page", [](const Request& asked, Response& answer) {
            answer.body = "page for " + asked.remote_address().ip();
        });
        server_->get("/count", [this](const Request&, Response& answer) {
            answer.body = "so far: " + std::to_string(stat(Counter::http_requests));
        });
        server_->get("/large", [](const Request&, Response& answer) {
            answer.body = std::string(4 * mib, 'x');
        });
        server_->ws("/later", {.upgrade = [this](const Request&,
                                                 Upgrade& upgrade) { deferred_ = upgrade.defer(); },
                               .open = [](Connection& opened) { opened.send("hello"); }});
        listening.host = "127.0.0.1";
        ASSERT_FALSE(server_->listen(listening));
        server_->start();
    }
    // Who connects and says that. What the loop does takes no time here, and until a limit comes
    // nothing else happens.
    std::unique_ptr<Listening> say(std::string_view words) {
        auto peer = std::make_unique<Listening>(world_);
        peer->connect(server_->port());
        peer->send(words);
        calm_down();
        return peer;
    }
    void calm_down() { EXPECT_TRUE(world_.run_until_quiet(100, 900)); }
    std::uint64_t stat(Counter counter) const { return server_->stats()[counter]; }
    // Leaves less than that, and more than 4 KiB less than that, of the memory.
    void use_up_all_but(std::size_t left) {
        server_->loop(0).post([this, left] {
            BufferPool& pool = Reactor::current()->pool();
            while (pool.may_hold(BufferPool::small_size, left)) held_.push_back(pool.take(4 * kib));
        });
        calm_down();
    }
    void give_back() {
        server_->loop(0).post([this] { held_.clear(); });
        calm_down();
    }
    void refuse_next(Call call, int error) {
        world_.kernel().plan({.call = call, .index = world_.kernel().calls(call), .error = error});
    }

    World world_{{.recorded = calm}};
    std::vector<Buffer> held_{};  // The loop's.
    DeferredUpgrade deferred_{};
    std::optional<Server> server_{};
};

// ---- Time ------------------------------------------------------------------

TEST_F(HttpConnections, who_is_late_is_told_so_once_and_has_5_s_to_read_it) {
    start({.handshake_timeout_ms = 2'000});
    const auto late = say("GET /page HT");
    late->set_reading(false);
    world_.run_for(6'000);
    EXPECT_EQ(stat(Counter::connections_open), 1U);
    world_.run_for(2'000);
    EXPECT_EQ(stat(Counter::connections_open), 0U);
    late->set_reading(true);
    calm_down();
    EXPECT_EQ(late->count("HTTP/1.1 408 "), 1);
    EXPECT_EQ(late->count("HTTP/1.1 "), 1);
}

TEST_F(HttpConnections, who_was_answered_is_late_with_nothing) {
    start({.handshake_timeout_ms = 2'000, .keep_alive_timeout_ms = 5'000});
    const auto peer = say(request.substr(0, 20));
    peer->send(request.substr(20));
    world_.run_for(4'500);
    EXPECT_FALSE(peer->has_heard_end());
    // Another head, which has its time from its first byte on.
    peer->send(request.substr(0, 20));
    world_.run_for(1'900);
    peer->send(request.substr(20));
    world_.run_for(4'500);
    EXPECT_FALSE(peer->has_heard_end());
    world_.run_for(1'000);
    EXPECT_TRUE(peer->has_heard_end());
    EXPECT_EQ(peer->count("HTTP/1.1 200 "), 2);
    EXPECT_EQ(peer->count("HTTP/1.1 "), 2);
}

TEST_F(HttpConnections, who_was_answered_already_is_only_waited_for_by_a_shutdown) {
    start();
    Listening closing(world_);
    closing.set_reading(false);
    closing.connect(server_->port());
    closing.send("GET /page HTTP/1.0\r\nHost: localhost\r\n\r\n");
    calm_down();
    EXPECT_EQ(stat(Counter::connections_open), 1U);  // It has not closed.
    const std::uint64_t begin_ns = world_.now_ns();
    server_->shutdown(60'000);
    EXPECT_GT(world_.now_ns() - begin_ns, 3'500'000'000U);
    EXPECT_LT(world_.now_ns() - begin_ns, 5'500'000'000U);
    closing.set_reading(true);
    calm_down();
    EXPECT_EQ(closing.count("HTTP/1.1 200 "), 1);
    EXPECT_EQ(closing.count("HTTP/1.1 "), 1);
}

TEST_F(HttpConnections, a_decision_that_is_made_and_on_its_way_is_waited_for) {
    start({.handshake_timeout_ms = 2'000});
    const auto waiting = say(upgrade_to("/later"));
    EXPECT_TRUE(HttpConnection::claim(deferred_));
    world_.run_for(20'000);
    EXPECT_EQ(waiting->heard, "");
    EXPECT_FALSE(waiting->has_heard_end());
    server_->shutdown(1'000);
    EXPECT_EQ(waiting->count("HTTP/1.1 503 "), 1);
    EXPECT_EQ(waiting->count("shutting down"), 1);
}

// ---- The application's mistakes ----------------------------------------------

TEST_F(HttpConnections, a_subprotocol_that_is_no_token_is_answered_500) {
    start();
    const auto waiting = say(upgrade_to("/later"));
    EXPECT_TRUE(deferred_.accept({.subprotocol = "a b"}));
    calm_down();
    EXPECT_EQ(waiting->count("HTTP/1.1 500 "), 1);
    EXPECT_EQ(waiting->count("HTTP/1.1 "), 1);
    EXPECT_TRUE(waiting->has_heard_end());
    EXPECT_EQ(stat(Counter::handler_failures), 1U);
    EXPECT_EQ(stat(Counter::websockets_opened), 0U);
}

TEST_F(HttpConnections, a_connection_may_be_for_one_request_alone) {
    start({.requests_per_connection_max = 1});
    const auto peer = say(request + request);
    EXPECT_EQ(peer->count("HTTP/1.1 200 "), 1);
    EXPECT_EQ(peer->count("Connection: close\r\n"), 1);
    EXPECT_TRUE(peer->has_heard_end());
}

// ---- Who does not read -----------------------------------------------------

TEST_F(HttpConnections, who_asks_on_without_reading_is_not_served_ahead) {
    world_.faults().send_buffer_least = world_.faults().send_buffer_most = 64 * kib;
    world_.faults().receive_buffer_least = world_.faults().receive_buffer_most = 64 * kib;
    start();
    const std::string large = "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n";
    Listening peer(world_);
    peer.set_reading(false);
    peer.connect(server_->port());
    peer.send(large + large + large);
    calm_down();
    for (int i = 0; i < 5; ++i) {
        peer.send(large);
        calm_down();
        EXPECT_EQ(stat(Counter::http_requests), 1U);
    }
    peer.set_reading(true);
    EXPECT_TRUE(world_.run_until_quiet(100, 20'000));
    EXPECT_EQ(peer.count("HTTP/1.1 200 "), 8);
    peer.send(request);
    calm_down();
    EXPECT_EQ(peer.count("page for 127.0.0.1"), 1);
}

// It is the server that does not receive the rest of a head, as long as its answers wait.
TEST_F(HttpConnections, who_reads_slowly_is_not_late_with_a_head_that_nobody_reads) {
    world_.faults().send_buffer_least = world_.faults().send_buffer_most = 2'304;
    world_.faults().receive_buffer_least = world_.faults().receive_buffer_most = 2'304;
    start({.handshake_timeout_ms = 2'000, .keep_alive_timeout_ms = 2'000});
    constexpr int count = 60;
    std::string requests;
    for (int i = 0; i < count; ++i) requests += request;
    const std::string last = request;
    Listening peer(world_);
    peer.set_reading(false);
    peer.connect(server_->port());
    peer.send(requests + last.substr(0, 20));
    world_.run_for(3'500);
    peer.set_reading(true);
    world_.run_for(1'500);
    peer.send(last.substr(20));
    world_.run_for(100);
    EXPECT_EQ(peer.count("HTTP/1.1 200 "), count + 1);
    EXPECT_EQ(peer.count("HTTP/1.1 "), count + 1);
    // From then on its time is what it was.
    peer.send(last.substr(0, 20));
    world_.run_for(2'100);
    EXPECT_EQ(peer.count("HTTP/1.1 408 "), 1);

    Listening dead(world_);
    dead.set_reading(false);
    dead.connect(server_->port());
    dead.send(requests + last.substr(0, 20));
    world_.run_for(6'100);
    EXPECT_EQ(stat(Counter::connections_open), 0U);
}

// Each of these heads is long: it is not the number of requests that ends a turn.
TEST_F(HttpConnections, who_sends_much_does_not_keep_the_loop_from_others) {
    world_.faults().receive_buffer_least = world_.faults().receive_buffer_most = 4 * mib;
    start();
    std::string many;
    for (int i = 0; i < 300; ++i) {
        many +=
            "GET /page HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(7'900, 'x') + "\r\n\r\n";
    }
    const auto busy = say("");
    const auto other = say("");
    server_->loop(0).post([] { std::this_thread::sleep_for(std::chrono::milliseconds(500)); });
    busy->send(many);
    other->send("GET /count HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_TRUE(world_.run_until_quiet(600, 5'000));
    EXPECT_EQ(busy->count("HTTP/1.1 200 "), 300);
    EXPECT_EQ(stat(Counter::bytes_sent), busy->heard.size() + other->heard.size());
    ASSERT_EQ(other->count("so far: "), 1);
    const unsigned long before = std::stoul(other->heard.substr(other->heard.find("so far: ") + 8));
    EXPECT_GE(before, 16U);   // All had come.
    EXPECT_LE(before, 140U);  // Four times what is received at once.
}

// ---- Memory ----------------------------------------------------------------

TEST_F(HttpConnections, a_head_that_there_is_no_memory_for_is_answered_503) {
    start({.memory_max = memory_max});
    const auto peer = say(request.substr(0, 20));
    const auto other = say(request);
    use_up_all_but(4 * kib);
    std::string more(40 * kib, 'x');
    std::fill_n(more.begin(), 8, ' ');
    peer->send(more);
    calm_down();
    EXPECT_EQ(peer->count("HTTP/1.1 503 "), 1);
    EXPECT_EQ(peer->count("Connection: close\r\n"), 1);
    EXPECT_EQ(peer->count("no memory to spare"), 1);
    EXPECT_TRUE(peer->has_heard_end());
    other->send(request);
    calm_down();
    EXPECT_EQ(other->count("HTTP/1.1 200 "), 2);
    give_back();
}

TEST_F(HttpConnections, requests_that_there_is_no_memory_to_put_off_are_the_last) {
    start({.memory_max = memory_max});
    const auto peer = say(request);
    use_up_all_but(4 * kib);
    std::string many;
    for (int i = 0; i < 64; ++i) many += request;
    peer->send(many + "GET /page HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(40 * kib, 'x'));
    calm_down();
    EXPECT_EQ(peer->count("HTTP/1.1 200 "), 65);
    EXPECT_EQ(peer->count("HTTP/1.1 "), 65);
    EXPECT_TRUE(peer->has_heard_end());
    EXPECT_FALSE(peer->was_reset());
    give_back();
}

TEST_F(HttpConnections, a_decision_is_not_deferred_without_memory_for_what_came_behind) {
    start({.memory_max = memory_max});
    const auto other = say(request);
    const auto peer = say(request);
    use_up_all_but(56 * kib);
    peer->send(upgrade_to("/later") + std::string(60 * kib, 'x'));
    calm_down();
    EXPECT_EQ(peer->count("HTTP/1.1 503 "), 1);
    EXPECT_EQ(peer->count("no memory to spare"), 1);
    EXPECT_TRUE(peer->has_heard_end());
    EXPECT_FALSE(deferred_.accept());
    EXPECT_EQ(stat(Counter::websockets_opened), 0U);
    give_back();
    const auto next = say(upgrade_to("/later") + "x");
    EXPECT_TRUE(deferred_.reject(410));
    calm_down();
    EXPECT_EQ(next->count("HTTP/1.1 410 "), 1);
}

// Of a transport, which there is not.
class NoTransports final : public TransportFactory {
  public:
    std::unique_ptr<Transport> accept(BufferPool&, const edgews::Address&) const noexcept override {
        return nullptr;
    }
};

TEST_F(HttpConnections, who_there_is_no_transport_for_is_sent_away_without_a_word) {
    const auto no_transports = std::make_shared<NoTransports>();
    const auto expect_sent_away = [&](std::string_view words, std::size_t read_size) {
        const auto peer = say(words);
        EXPECT_TRUE(peer->has_heard_end());
        EXPECT_EQ(peer->heard, "");
        EXPECT_EQ(stat(Counter::connections_accepted), 1U);
        EXPECT_EQ(stat(Counter::connections_refused), 1U);
        EXPECT_EQ(stat(Counter::connections_open), 0U);
        EXPECT_EQ(stat(Counter::bytes_received), read_size);
    };
    start({}, {.tls = no_transports});
    expect_sent_away("", 0);
    server_->shutdown(0);
    // Behind its header.
    start({.trusted_proxies = {"127.0.0.1"}}, {.tls = no_transports, .proxy_protocol = true});
    expect_sent_away(proxy_line + request, proxy_line.size() + request.size());
}

// One that changes nothing, and takes its time to begin.
class SlowTransport final : public Transport {
  public:
    State state() const noexcept override { return is_open_ ? State::open : State::opening; }
    const TransportInfo& info() const noexcept override { return info_; }
    std::string_view failure() const noexcept override { return {}; }
    std::size_t open(std::span<const std::byte> received,
                     std::span<std::byte> plain) noexcept override {
        if (!is_open_) std::this_thread::sleep_for(std::chrono::milliseconds(100));
        is_open_ = true;
        std::copy(received.begin(), received.end(), plain.begin());
        return received.size();
    }
    void seal(std::span<const iovec> pieces) noexcept override {
        for (const iovec& piece : pieces) {
            const auto* const bytes = static_cast<const std::byte*>(piece.iov_base);
            pending_.insert(pending_.end(), bytes, bytes + piece.iov_len);
        }
    }
    bool end() noexcept override { return false; }
    std::span<const std::byte> pending() const noexcept override { return pending_; }
    void sent(std::size_t count) noexcept override {
        pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(count));
    }

  private:
    bool is_open_ = false;
    TransportInfo info_{};
    std::vector<std::byte> pending_{};
};

class SlowTransports final : public TransportFactory {
  public:
    std::unique_ptr<Transport> accept(BufferPool&, const edgews::Address&) const noexcept override {
        return std::make_unique<SlowTransport>();
    }
};

// What we have not answered yet is not what the client is late with.
TEST_F(HttpConnections, who_stands_in_line_for_a_handshake_is_not_late) {
    start({.handshake_timeout_ms = 1'000}, {.tls = std::make_shared<SlowTransports>()});
    std::vector<std::unique_ptr<Listening>> line;
    for (int i = 0; i < 40; ++i) {
        line.push_back(std::make_unique<Listening>(world_));
        line.back()->connect(server_->port());
        line.back()->send(request);
    }
    world_.run_for(6'000);
    for (const auto& one : line) {
        EXPECT_EQ(one->count("HTTP/1.1 200 "), 1);
        EXPECT_FALSE(one->has_heard_end());
    }
}

TEST_F(HttpConnections, whom_a_proxy_header_names_is_not_told_in_plain_text_where_tls_is_spoken) {
    start({.connections_per_address_max = 1, .trusted_proxies = {"127.0.0.1"}},
          {.proxy_protocol = true});
    const auto first = say(proxy_line + request);
    EXPECT_EQ(say(proxy_line + request)->count("HTTP/1.1 503 "), 1);
    server_->shutdown(0);
    start({.connects_per_minute_max = 1, .trusted_proxies = {"127.0.0.1"}},
          {.tls = std::make_shared<NoTransports>(), .proxy_protocol = true});
    for (int i = 0; i < 2; ++i) EXPECT_EQ(say(proxy_line + request)->heard, "");
    EXPECT_EQ(stat(Counter::connections_refused), 2U);
    EXPECT_EQ(stat(Counter::bytes_received), 2 * (proxy_line + request).size());
}

// ---- PROXY headers ---------------------------------------------------------

TEST_F(HttpConnections, a_proxy_header_may_come_when_it_was_looked_for_in_vain) {
    start({.trusted_proxies = {"127.0.0.1"}}, {.proxy_protocol = true});
    refuse_next(Call::recv, EAGAIN);
    const auto peer = say(proxy_line + request);
    EXPECT_EQ(peer->count("page for 192.0.2.7"), 1);
}

TEST_F(HttpConnections, behind_a_proxy_header_of_any_size_a_request_is_answered_at_once) {
    start({.trusted_proxies = {"127.0.0.1"}}, {.proxy_protocol = true});
    for (const std::size_t size : {16'384U, 16'383U, 256U}) {
        // For TCP over IPv4 from 192.0.2.7, with one field (PP2_TYPE_NOOP) that fills it up.
        std::string header("\r\n\r\n\0\r\nQUIT\n\x21\x11", 14);
        const std::size_t rest = size - 16, filling = rest - 12 - 3;
        header += {static_cast<char>(rest >> 8), static_cast<char>(rest & 0xFF)};
        header += {'\xC0', 0, 2, 7, '\xC6', 0x33, 0x64, 1, '\xDC', 4, 1, '\xBB'};
        header += {4, static_cast<char>(filling >> 8), static_cast<char>(filling & 0xFF)};
        header.resize(size);
        EXPECT_EQ(say(header + request)->count("page for 192.0.2.7"), 1) << size;
    }
}

TEST_F(HttpConnections, a_proxy_that_ends_behind_its_header_is_gone_at_once) {
    start({.trusted_proxies = {"127.0.0.1"}}, {.proxy_protocol = true});
    for (const std::string& words : {proxy_line, proxy_line.substr(0, 9), std::string()}) {
        Listening peer(world_);
        peer.connect(server_->port());
        server_->loop(0).post([] { std::this_thread::sleep_for(std::chrono::milliseconds(50)); });
        peer.send(words);
        peer.end();
        calm_down();
        EXPECT_EQ(stat(Counter::connections_open), 0U) << words;
        EXPECT_FALSE(peer.was_reset()) << words;
    }
}

}  // namespace
}  // namespace edgews::sim
