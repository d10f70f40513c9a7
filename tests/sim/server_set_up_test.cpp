// A server that the system refuses something while it is set up, and one that it tells little.
#include <edgews/edgews.hpp>
#include <edgews/sim.hpp>
#include "net/loop/cpu.hpp"
#include "net/stream/memory_limit.hpp"
#include "net/stream/streams_on_loop.hpp"

#include <gtest/gtest.h>

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace edgews::sim {
namespace {

constexpr std::array calm{std::byte{0}};
constexpr std::size_t mib = 1024 * 1024;
constexpr const char* memory_file = "/sys/fs/cgroup/memory.max";

// Its WebSockets say "hello".
class ServerSetUp : public testing::Test {
  protected:
    void make(ServerOptions options) {
        server_ = std::make_unique<Server>(std::move(options));
        server_->ws("/", {.open = [](Connection& opened) { opened.send("hello"); }});
        ASSERT_FALSE(server_->listen({.host = "127.0.0.1"}));
    }
    // How many of so many clients at once are served; the others are refused.
    int served_count(int client_count) {
        int count = 0;
        std::vector<std::unique_ptr<WebSocketPeer>> peers;
        for (int i = 0; i < client_count; ++i) {
            peers.push_back(std::make_unique<WebSocketPeer>(world_, WebSocketPeerOptions{}));
            peers.back()->message = [&](WebSocketPeer&, std::string_view, bool) { ++count; };
            peers.back()->connect(server_->port());
        }
        EXPECT_TRUE(world_.run_until_quiet(100, 5'000));
        for (const auto& peer : peers) peer->reset();
        EXPECT_TRUE(world_.run_until_quiet(100, 5'000));
        return count;
    }
    void refuse(Call call, std::uint64_t after, int error) {
        world_.kernel().plan(
            {.call = call, .index = world_.kernel().calls(call) + after, .error = error});
    }

    World world_{{.recorded = calm}};
    std::unique_ptr<Server> server_;
};

// ---- Threads ---------------------------------------------------------------

// Those that were started have ended, for nobody would wait for them.
TEST_F(ServerSetUp, a_thread_that_cannot_be_started_is_told_and_start_may_be_tried_again) {
    for (const std::uint64_t refused : {0U, 1U, 2U, 3U}) {
        for (const bool is_run : {false, true}) {
            SCOPED_TRACE(testing::Message() << refused << (is_run ? ", run()" : ", start()"));
            if (is_run && refused == 3) continue;  // The first loop has this thread.
            make({.loops = 4});
            const std::size_t descriptor_count = world_.descriptor_count();
            refuse(Call::thread, refused, EAGAIN);
            try {
                if (is_run) {
                    (void)server_->run();
                } else {
                    server_->start();
                }
                ADD_FAILURE() << "it runs";
            } catch (const std::system_error& error) {
                EXPECT_EQ(error.code(), std::errc::resource_unavailable_try_again);
                EXPECT_TRUE(std::string(error.what()).starts_with("pthread_create"));
            }
            world_.await_threads();
            EXPECT_EQ(world_.descriptor_count(), descriptor_count);
            server_->start();
            EXPECT_EQ(served_count(9), 9);
            server_->shutdown(0);
            EXPECT_THROW(server_->start(), std::logic_error);
            server_.reset();
        }
    }
}

// ---- Driven by hand --------------------------------------------------------

TEST_F(ServerSetUp, a_server_that_never_ran_tells_its_connections_end_as_it_goes) {
    std::vector<unsigned> codes;
    server_ = std::make_unique<Server>(ServerOptions{.loops = 2});
    server_->ws("/", {.close = [&](Connection&, const CloseEvent& event) {
                    EXPECT_FALSE(event.clean);
                    codes.push_back(event.code);
                }});
    ASSERT_FALSE(server_->listen({.host = "127.0.0.1"}));
    std::vector<std::unique_ptr<WebSocketPeer>> peers;
    for (int i = 0; i < 8; ++i) {
        peers.push_back(std::make_unique<WebSocketPeer>(world_, WebSocketPeerOptions{}));
        peers.back()->connect(server_->port());
    }
    for (int turn = 0; turn < 20; ++turn) {
        for (std::size_t i = 0; i < 2; ++i) server_->loop(i).poll(1);
    }
    EXPECT_EQ(server_->stats()[Counter::websockets_open], 8U);
    server_.reset();
    EXPECT_EQ(codes, std::vector<unsigned>(8, 1006));
}

TEST_F(ServerSetUp, a_server_that_listens_nowhere_runs) {
    server_ = std::make_unique<Server>(ServerOptions{.loops = 2});
    server_->start();
    int count = 0;
    for (std::size_t i = 0; i < 2; ++i) server_->loop(i).post([&] { ++count; });
    world_.run_for(10);
    EXPECT_EQ(count, 2);
    server_->shutdown(0);
    server_.reset();
    world_.await_threads();
}

TEST_F(ServerSetUp, a_shutdown_that_comes_before_run_is_over_when_that_returns) {
    make({.loops = 2});
    bool is_over = false;
    std::thread stopping([&] {
        server_->shutdown(1'000);
        is_over = true;
    });
    world_.run_for(10);
    EXPECT_FALSE(is_over);
    EXPECT_TRUE(server_->listen({.host = "127.0.0.1"}));
    EXPECT_EQ(server_->run(), 0);
    stopping.join();
    EXPECT_TRUE(is_over);
    EXPECT_THROW((void)server_->run(), std::logic_error);
}

TEST_F(ServerSetUp, run_says_where_it_cannot_listen_and_returns_1) {
    make({.loops = 1});
    Server second({.loops = 2});
    testing::internal::CaptureStderr();
    EXPECT_EQ(second.run({.host = "127.0.0.1", .port = server_->port()}), 1);
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_TRUE(said.starts_with("listen on 127.0.0.1:" + std::to_string(server_->port()) + ": "))
        << said;
    EXPECT_TRUE(said.ends_with("\n"));
    second.get("/", [](const Request&, Response&) {});  // Its routes are open still.
}

// ---- Limits of the system --------------------------------------------------

TEST_F(ServerSetUp, connections_leave_64_descriptors_to_the_application) {
    for (const auto& [descriptors_max, expected] :
         {std::pair<std::size_t, int>{63, 1}, {64, 1}, {65, 1}, {66, 2}, {67, 3}}) {
        SCOPED_TRACE(descriptors_max);
        world_.faults().descriptors_max = descriptors_max;
        make({.loops = 1});
        server_->start();
        EXPECT_EQ(served_count(4), expected);
        server_->shutdown(0);
    }
}

TEST_F(ServerSetUp, a_limit_of_descriptors_that_is_not_told_is_none) {
    world_.faults().descriptors_max = 64;
    refuse(Call::getrlimit, 0, EPERM);
    make({.loops = 1, .memory_max = 16 * mib});
    server_->start();
    EXPECT_EQ(served_count(4), 4);
    server_->shutdown(0);
}

TEST_F(ServerSetUp, as_many_connections_as_the_options_say_whatever_the_system_allows) {
    world_.faults().descriptors_max = 65;
    for (const std::size_t most : {3U, 1U}) {
        make({.loops = 1, .connections_max = most});
        server_->start();
        EXPECT_EQ(served_count(5), static_cast<int>(most));
        server_->shutdown(0);
    }
}

// ---- Memory ----------------------------------------------------------------

TEST_F(ServerSetUp, a_server_uses_half_of_the_memory_that_there_is) {
    world_.set_file(memory_file, std::to_string(32 * mib) + "\n");
    EXPECT_EQ(usable_memory_size(), 32 * mib);
    make({.loops = 1});
    server_->start();
    constexpr std::size_t uncounted = StreamsOnLoop::queues_size_max;
    for (const auto& [held_size, expected] :
         {std::pair<std::size_t, int>{15 * mib, 1}, {17 * mib, 0}}) {
        Buffer held;  // The loop's.
        server_->loop(0).post(
            [&, size = held_size] { held = Reactor::current()->pool().take(uncounted + size); });
        EXPECT_EQ(served_count(1), expected) << held_size;
        server_->loop(0).post([&] { held.reset(); });
        EXPECT_TRUE(world_.run_until_quiet(100, 1'000));
    }
    server_->shutdown(0);
}

TEST_F(ServerSetUp, a_control_group_without_a_limit_leaves_the_machines) {
    world_.set_file(memory_file, "max\n");
    const std::size_t machine = usable_memory_size();
    EXPECT_GT(machine, 16 * mib);
    EXPECT_LT(machine, SIZE_MAX);
    world_.set_file(memory_file, "");
    EXPECT_EQ(usable_memory_size(), machine);
    world_.set_file(memory_file, std::to_string(16 * mib));
    for (const Call call : {Call::open, Call::read}) {
        refuse(call, 0, EIO);
        EXPECT_EQ(usable_memory_size(), machine) << name_of(call);
    }
    EXPECT_EQ(usable_memory_size(), 16 * mib);
    world_.set_file(memory_file, "8");
    EXPECT_EQ(usable_memory_size(), 8U);
}

TEST_F(ServerSetUp, of_cpus_that_are_not_told_there_is_one) {
    refuse(Call::sched_getaffinity, 0, EPERM);
    EXPECT_EQ(usable_cpus(), std::vector{0});
}

TEST_F(ServerSetUp, limits_that_are_not_told_are_none) {
    world_.set_file(memory_file, "max\n");
    for (const std::uint64_t after : {0U, 1U}) {
        refuse(Call::getrlimit, after, EPERM);
        EXPECT_GT(usable_memory_size(), 16 * mib) << after;
    }
    const auto process_limit = [](auto resource) {
        rlimit limit{};
        ::getrlimit(resource, &limit);
        return std::size_t{limit.rlim_cur};
    };
    for (const std::uint64_t after : {0U, 1U}) {
        refuse(Call::sysconf, after, EINVAL);
        EXPECT_EQ(usable_memory_size(),
                  std::min(process_limit(RLIMIT_AS), process_limit(RLIMIT_DATA)))
            << after;
    }
}

}  // namespace
}  // namespace edgews::sim
