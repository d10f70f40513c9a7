// Who comes when the system cannot take them, in virtual time; and what each of them costs.
#include <edgews/edgews.hpp>
#include <edgews/sim.hpp>
#include "net/connection/admission.hpp"
#include "net/server/listen_socket.hpp"
#include "net/server/stream_protocol.hpp"
#include "net/stream/socket.hpp"
#include "net/stream/transport.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace edgews::sim {
namespace {

constexpr std::array calm{std::byte{0}};

// Keeps all that it is told, and says nothing.
class Silent final : public Peer {
  public:
    explicit Silent(World& world) : Peer(world, {}) {}
    std::string heard{};

  private:
    void on_bytes(std::string_view bytes) override { heard += bytes; }
};

class Listening : public testing::Test {
  protected:
    ~Listening() override {
        if (server_) server_->shutdown(0);
    }

    // Its WebSockets say "hello".
    void make(ServerOptions options = {.loops = 1}) {
        server_.emplace(std::move(options));
        server_->ws("/", {.open = [](Connection& opened) { opened.send("hello"); }});
    }
    void start(ListenOptions listening = {.host = "127.0.0.1"}) {
        if (!server_) make();
        ASSERT_FALSE(server_->listen(listening));
        server_->start();
    }
    struct Visitor {
        explicit Visitor(World& world) : peer(world, {}) {}
        WebSocketPeer peer;
        bool is_served = false;
    };
    std::unique_ptr<Visitor> come() {
        auto visitor = std::make_unique<Visitor>(world_);
        visitor->peer.message = [it = visitor.get()](WebSocketPeer&, std::string_view, bool) {
            it->is_served = true;
        };
        visitor->peer.connect(server_->port());
        return visitor;
    }
    // Who is gone then, with the descriptor.
    void expect_served_at_once() {
        auto visitor = come();
        world_.run_for(50);
        EXPECT_TRUE(visitor->is_served);
        visitor.reset();
        world_.run_for(20);
    }
    void expect_sent_away() {
        const auto visitor = come();
        world_.run_for(50);
        EXPECT_EQ(visitor->peer.refused_status(), 503);
        EXPECT_TRUE(visitor->peer.has_heard_end());
    }
    void refuse(Call call, std::uint64_t after, int error) {
        world_.kernel().plan(
            {.call = call, .index = world_.kernel().calls(call) + after, .error = error});
    }
    // Nobody else gets a descriptor.
    void use_up_descriptors(std::size_t left = 0) {
        world_.faults().descriptors_max = world_.descriptor_count() + left;
    }
    // The loop does nothing else for so long.
    void keep_busy(unsigned ms) {
        server_->loop(0).post([ms] { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); });
    }
    std::uint64_t calls(Call call) { return world_.kernel().calls(call); }

    World world_{{.recorded = calm}};
    std::optional<Server> server_{};
};

// ---- Errors ----------------------------------------------------------------

TEST_F(Listening, what_is_wrong_with_one_connection_delays_no_other) {
    start();
    for (const int error : {EAGAIN, EINTR, ECONNABORTED, EPERM, ENETDOWN, EPROTO, ENOPROTOOPT,
                            EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, ETIMEDOUT}) {
        SCOPED_TRACE(strerrorname_np(error));
        refuse(Call::accept, 0, error);
        expect_served_at_once();
    }
}

TEST_F(Listening, a_system_that_has_no_memory_is_asked_again_a_tenth_of_a_second_later) {
    start();
    for (const int error : {ENOBUFS, ENOMEM, EINVAL}) {
        SCOPED_TRACE(strerrorname_np(error));
        refuse(Call::accept, 0, error);
        const std::uint64_t before = calls(Call::accept);
        const auto visitor = come();
        world_.run_for(95);
        EXPECT_EQ(calls(Call::accept), before + 1);
        EXPECT_FALSE(visitor->is_served);
        world_.run_for(30);
        EXPECT_TRUE(visitor->is_served);
        expect_served_at_once();
    }
}

TEST_F(Listening, a_socket_that_cannot_be_watched_again_is_tried_later) {
    start();
    refuse(Call::accept, 0, ENOMEM);
    const auto visitor = come();
    world_.run_for(50);
    refuse(Call::epoll_ctl, 0, ENOSPC);
    world_.run_for(100);
    EXPECT_FALSE(visitor->is_served);
    world_.run_for(100);
    EXPECT_TRUE(visitor->is_served);
}

// ---- Descriptors -----------------------------------------------------------

TEST_F(Listening, without_descriptors_each_is_sent_away_at_once) {
    start();
    expect_served_at_once();
    use_up_descriptors();
    for (int i = 0; i < 3; ++i) expect_sent_away();
    Silent silent(world_);
    silent.connect(server_->port());
    world_.run_for(50);
    EXPECT_TRUE(silent.heard.starts_with("HTTP/1.1 503 "));
    EXPECT_TRUE(silent.has_heard_end());
    EXPECT_EQ(server_->stats()[Counter::connections_refused], 4U);
    world_.faults().descriptors_max += 5;
    expect_served_at_once();
}

// One that the system counted has been taken by somebody else.
TEST_F(Listening, without_descriptors_and_with_nobody_there_nothing_is_lost) {
    for (const int error : {EMFILE, ENFILE}) {
        SCOPED_TRACE(strerrorname_np(error));
        make();
        start();
        expect_served_at_once();
        keep_busy(50);
        const auto first = come();
        const auto second = come();
        world_.run_for(20);
        refuse(Call::accept, 2, error);
        world_.run_for(45);
        EXPECT_TRUE(first->is_served);
        EXPECT_TRUE(second->is_served);
        EXPECT_TRUE(world_.kernel().has_failed_as_planned());
        EXPECT_EQ(server_->stats()[Counter::connections_refused], 0U);
        expect_served_at_once();
        use_up_descriptors();
        expect_sent_away();
        world_.faults().descriptors_max += 100;
        server_->shutdown(0);
    }
}

TEST_F(Listening, without_one_to_spare_it_waits_for_one_and_asks_for_nothing) {
    make();
    use_up_descriptors(1);  // For the listening socket.
    start();
    use_up_descriptors();
    const std::uint64_t accepts = calls(Call::accept);
    const std::uint64_t waits = calls(Call::epoll_wait);
    const auto visitor = come();
    world_.run_for(1'000);
    EXPECT_FALSE(visitor->is_served);
    EXPECT_EQ(calls(Call::accept), accepts + 1);
    EXPECT_LE(calls(Call::epoll_wait), waits + 25);
    use_up_descriptors(5);
    world_.run_for(150);
    EXPECT_TRUE(visitor->is_served);
    use_up_descriptors();
    expect_sent_away();
    expect_sent_away();
}

TEST_F(Listening, no_descriptor_is_left_to_programs_that_are_executed) {
    make({.loops = 2});
    start();
    const auto visitor = come();
    world_.run_for(50);
    EXPECT_TRUE(visitor->is_served);
    std::size_t count = 0;
    for (int fd = Kernel::first_fd; fd < Kernel::first_fd + 100; ++fd) {
        if (world_.kernel().find(fd) == nullptr) continue;
        EXPECT_TRUE(world_.kernel().closes_on_exec(fd)) << fd - Kernel::first_fd;
        ++count;
    }
    EXPECT_EQ(count, world_.descriptor_count());
}

// ---- Calls -----------------------------------------------------------------

TEST_F(Listening, one_connection_at_a_time_costs_one_accept_each) {
    start();
    expect_served_at_once();
    const std::uint64_t before = calls(Call::accept);
    for (int i = 0; i < 5; ++i) expect_served_at_once();
    EXPECT_EQ(calls(Call::accept) - before, 5U);
}

// Which may look once more as it begins.
TEST_F(Listening, one_that_comes_to_a_shared_socket_wakes_one_loop) {
    make({.loops = 4});
    start({.unix_path = "/tmp/socket"});
    const SocketAddress address = unix_socket_address("/tmp/socket");
    const std::uint64_t before = calls(Call::accept);
    for (std::uint64_t i = 0; i < 8; ++i) {
        const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::connect(fd.get(), address.get(), address.size), 0);
        world_.run_for(50);
        EXPECT_EQ(server_->stats()[Counter::connections_accepted], i + 1);
    }
    EXPECT_LE(calls(Call::accept), before + 8 + 4);
}

// 1, 2, 4 and so on up to 64 in a turn: the others get theirs in between.
TEST_F(Listening, many_at_once_are_accepted_in_few_turns_but_not_in_one) {
    constexpr std::uint64_t count = 300;
    start({.host = "127.0.0.1", .backlog = 512});
    expect_served_at_once();
    keep_busy(500);
    const std::uint64_t accepts = calls(Call::accept);
    std::vector<std::unique_ptr<Silent>> crowd;
    for (std::uint64_t i = 0; i < count; ++i) {
        crowd.push_back(std::make_unique<Silent>(world_));
        crowd.back()->connect(server_->port());
    }
    world_.run_for(400);
    const std::uint64_t waits = calls(Call::epoll_wait);
    world_.run_for(400);
    EXPECT_EQ(server_->stats()[Counter::connections_open], count);
    EXPECT_EQ(calls(Call::accept) - accepts, count + 1);
    EXPECT_GE(calls(Call::epoll_wait) - waits, 10U);
    EXPECT_LE(calls(Call::epoll_wait) - waits, 16U);
}

// Somebody else has the socket, too, and those who connect to it still wake whoever watches it.
TEST_F(Listening, a_socket_that_others_share_wakes_no_loop_that_does_not_accept_any_more) {
    ListenSockets shared = open_listen_sockets({.host = "127.0.0.1"}, 1);
    start({.adopted_fd = ::fcntl(shared.fds.at(0).get(), F_DUPFD_CLOEXEC, 0)});
    WebSocketPeer deaf(world_, {.answers_close = false});
    deaf.connect(server_->port());
    world_.run_for(50);
    EXPECT_TRUE(deaf.is_open());
    std::thread stopping([this] { server_->shutdown(1'000); });
    world_.run_for(100);
    const std::uint64_t waits = calls(Call::epoll_wait);
    Silent late(world_);
    late.connect(server_->port());
    world_.run_for(500);
    EXPECT_LE(calls(Call::epoll_wait), waits + 5);
    stopping.join();
}

// ---- Protocols of the application ------------------------------------------

class NoTransports final : public TransportFactory {
  public:
    std::unique_ptr<Transport> accept(BufferPool&, const edgews::Address&) const noexcept override {
        ++count;
        return nullptr;
    }
    mutable int count = 0;
};

// Sends everybody away.
class Grumbling final : public StreamProtocol {
  public:
    bool accept(Shard&, Fd, Admission admission, std::unique_ptr<Transport>) const override {
        ++count;
        limited_as = admission.limited_as();
        return false;
    }
    std::string_view refusal() const noexcept override { return "too many\n"; }
    mutable int count = 0;
    mutable edgews::Address limited_as{};
};

TEST_F(Listening, a_protocol_is_told_whom_limits_take_somebody_for) {
    EXPECT_EQ(Admission().limited_as(), edgews::Address());
    const auto protocol = std::make_shared<Grumbling>();
    for (const bool is_trusted : {false, true}) {
        make({.loops = 1,
              .trusted_proxies =
                  is_trusted ? std::vector<std::string>{"127.0.0.1"} : std::vector<std::string>{}});
        start({.host = "127.0.0.1", .protocol = protocol});
        Silent peer(world_);
        peer.connect(server_->port());
        world_.run_for(50);
        EXPECT_EQ(protocol->limited_as.to_string(), is_trusted ? "unknown" : "127.0.0.1:0");
        server_->shutdown(0);
    }
    make();
    start({.unix_path = "/tmp/socket", .protocol = protocol});
    const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const SocketAddress address = unix_socket_address("/tmp/socket");
    EXPECT_EQ(::connect(fd.get(), address.get(), address.size), 0);
    world_.run_for(50);
    EXPECT_EQ(protocol->count, 3);
    EXPECT_EQ(protocol->limited_as.to_string(), "unknown");
}

TEST_F(Listening, a_protocol_gets_none_without_its_transport_and_says_itself_who_is_too_many) {
    const auto protocol = std::make_shared<Grumbling>();
    const auto heard = [&](std::shared_ptr<const TransportFactory> tls) {
        make({.loops = 1, .connects_per_minute_max = 1});
        start({.host = "127.0.0.1", .tls = std::move(tls), .protocol = protocol});
        std::string all;
        for (int i = 0; i < 2; ++i) {
            Silent peer(world_);
            peer.connect(server_->port());
            world_.run_for(50);
            EXPECT_TRUE(peer.has_heard_end());
            all += peer.heard;
        }
        EXPECT_EQ(server_->stats()[Counter::connections_accepted], 2U);
        EXPECT_EQ(server_->stats()[Counter::connections_refused], 2U);
        EXPECT_EQ(server_->stats()[Counter::connections_open], 0U);
        server_->shutdown(0);
        return all;
    };
    EXPECT_EQ(heard(nullptr), "too many\n");
    EXPECT_EQ(protocol->count, 1);
    const auto no_transports = std::make_shared<NoTransports>();
    EXPECT_EQ(heard(no_transports), "");
    EXPECT_EQ(no_transports->count, 1);
    EXPECT_EQ(protocol->count, 1);
}

}  // namespace
}  // namespace edgews::sim
