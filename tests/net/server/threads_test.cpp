// Everything that may be called from other threads, by eight of them at once, while
// connections come and go on four loops. For ThreadSanitizer above all.
#include <edgews/server.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

// Handles of connections, live and dead, shared by all threads.
class Handles {
  public:
    void add(Handle handle) {
        const std::lock_guard lock(mutex_);
        if (handles_.size() < 64) handles_.emplace_back();
        handles_[next_++ % handles_.size()] = std::move(handle);
    }
    Handle pick(std::size_t number) {
        const std::lock_guard lock(mutex_);
        return handles_.empty() ? Handle() : handles_[number % handles_.size()];
    }

  private:
    std::mutex mutex_;
    std::vector<Handle> handles_;
    std::size_t next_ = 0;
};

// Waits until every loop has run what was posted to it, so that posts do not pile up.
void catch_up(Server& server, const std::atomic<bool>& is_over) {
    const auto left = std::make_shared<std::atomic<std::size_t>>(server.loop_count());
    for (std::size_t i = 0; i < server.loop_count(); ++i) {
        server.loop(i).post([left] { --*left; });
    }
    while (*left > 0 && !is_over) std::this_thread::yield();
}

// Until told to stop: what any thread may do.
void use(Server& server, Handles& handles, const std::atomic<bool>& is_over, unsigned seed) {
    const PreparedMessage prepared("prepared");
    for (std::size_t i = seed; !is_over; i += 7) {
        const Handle handle = handles.pick(i / 7);
        switch (i % 8) {
            case 0: handle.send("text"); break;
            case 1: handle.send(prepared); break;
            case 2: handle.post([](Connection& c) { c.ping(); }); break;
            case 3: server.publish("topic", "published"); break;
            case 4: server.publish("topic", prepared); break;
            case 5: (void)handle.is_live(); break;
            case 6: EXPECT_LE(server.stats()[Counter::websockets_open], 1'000U); break;
            case 7:
                if (i % 5 == 0) handle.close(4000);
                if (i % 11 == 0) handle.terminate();
                if (i % 13 == 0) server.visit([](Connection& c) { (void)c.is_open(); });
                break;
        }
        if (i % 16 == 0) catch_up(server, is_over);
    }
}

// Comes, reads some, and goes in one of several ways; whoever throws it out early is right, too.
void come_and_go(const TestServer& server, unsigned way) {
    try {
        TestClient client = server.open();
        client.send_text("hello");
        for (int i = 0; i < 5; ++i) {
            if (client.read_frame().first_byte == 0x88) return;  // Somebody closed it.
        }
        if (way % 4 == 0) client.reset();
        if (way % 4 == 1) client.send_close(1000);
        if (way % 4 == 2) client.half_close();
        if (client.is_open() && way % 4 != 3) client.expect_end();
    } catch (const std::runtime_error&) {
    }
}

TEST(Threads, handles_topics_visits_and_counts_from_eight_threads_while_connections_come_and_go) {
    Handles handles;
    TestServer server({.loops = 4});
    server->ws("/",
               {.open =
                    [&](Connection& c) {
                        handles.add(c.handle());
                        c.subscribe("topic");
                    },
                .message =
                    [&](Connection& c, Message m) {
                        c.publish("topic", m);
                        c.send(m);
                        handles.pick(m.size() + c.opened_ms()).send("from another connection");
                    },
                .close = [&](Connection& c, CloseEvent) { handles.add(c.handle()); }},
               {.backlog_size_max = 64 * 1024, .drain_mark = 1024, .overflow = Overflow::drop});
    server.start();

    std::atomic<bool> is_over = false;
    std::vector<std::thread> users;
    for (unsigned i = 0; i < 8; ++i) {
        users.emplace_back([&, i] { use(*server.operator->(), handles, is_over, i); });
    }
    std::vector<std::thread> visitors;
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(1'000);
    for (unsigned i = 0; i < 3; ++i) {
        visitors.emplace_back([&, i] {
            for (unsigned way = i; std::chrono::steady_clock::now() < end; ++way) {
                come_and_go(server, way);
            }
        });
    }
    for (std::thread& visitor : visitors) visitor.join();
    is_over = true;
    for (std::thread& user : users) user.join();
    EXPECT_GT(server->stats()[Counter::websockets_opened], 10U);
    server->shutdown(1'000);
    EXPECT_EQ(server->stats()[Counter::connections_open], 0U);
    EXPECT_EQ(server->stats()[Counter::websockets_open], 0U);
}

TEST(Threads, a_shutdown_may_come_from_several_threads_while_others_use_the_server) {
    Handles handles;
    TestServer server({.loops = 4});
    server->ws("/", {.open = [&](Connection& c) { handles.add(c.handle()); }});
    server.start();
    std::vector<TestClient> clients;
    for (int i = 0; i < 8; ++i) clients.push_back(server.open());
    std::atomic<bool> is_over = false;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] { use(*server.operator->(), handles, is_over, i); });
    }
    for (int i = 0; i < 3; ++i)
        threads.emplace_back([&] {
            server->shutdown(20);
            is_over = true;
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(server->stats()[Counter::connections_open], 0U);
}

TEST(Threads, decisions_about_upgrades_race_with_clients_that_leave) {
    Handles handles;
    std::mutex mutex;
    std::vector<DeferredUpgrade> open;
    TestServer server({.loops = 2, .handshake_timeout_ms = 20});
    server->ws("/", {.upgrade = [&](const Request&, Upgrade& upgrade) {
                   const std::lock_guard lock(mutex);
                   open.push_back(upgrade.defer());
               }});
    server.start();
    std::atomic<bool> is_over = false;
    std::atomic<int> decided = 0;
    std::vector<std::thread> deciders;
    for (int i = 0; i < 3; ++i) {
        deciders.emplace_back([&, i] {
            while (!is_over) {
                std::vector<DeferredUpgrade> taken;
                {
                    const std::lock_guard lock(mutex);
                    taken = open;
                    if (open.size() > 20) open.clear();
                }
                for (const DeferredUpgrade& deferred : taken) {
                    if (i == 0 ? deferred.reject(403) : deferred.accept()) ++decided;
                }
                std::this_thread::yield();
            }
        });
    }
    int answered = 0;
    for (int i = 0; i < 150; ++i) {
        TestClient client = server.connect();
        client.send(TestClient::upgrade_head());
        if (i % 3 == 0) client.reset();
        if (i % 3 == 1) ++answered, (void)client.read_reply();
    }
    is_over = true;
    for (std::thread& decider : deciders) decider.join();
    EXPECT_GT(decided, 0);
    EXPECT_EQ(answered, 50);
    server.wait_for(Counter::connections_open, 0);
}

}  // namespace
}  // namespace edgews::test
