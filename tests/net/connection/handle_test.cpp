// Handles: connections from afar, and never a wrong one.
#include <edgews/handle.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <compare>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

class HandleTest : public testing::Test {
  protected:
    HandleTest() : server_(std::in_place) { start(); }

    void start() {
        (*server_)->ws("/",
                       {.open =
                            [this](Connection& c) {
                                const std::lock_guard lock(mutex_);
                                latest_ = c.handle();
                                notes_.add("open");
                            },
                        .close = [this](Connection&, CloseEvent e) { notes_.add(describe(e)); }});
        server_->start();
    }
    // A client, and the handle of its connection.
    std::pair<TestClient, Handle> open() {
        const std::size_t count = notes_.all().size();
        TestClient client = server_->open();
        (void)notes_.wait_for(count + 1);
        const std::lock_guard lock(mutex_);
        return {std::move(client), latest_};
    }
    void expect_dead(const Handle& handle) {
        EXPECT_FALSE(handle.is_live());
        EXPECT_EQ(handle.send("x"), SendResult::closed);
        EXPECT_EQ(handle.send("\xFF"), SendResult::closed);  // Whatever it is.
        EXPECT_EQ(handle.send(PreparedMessage("x")), SendResult::closed);
        EXPECT_FALSE(handle.close());
        EXPECT_FALSE(handle.terminate());
        EXPECT_FALSE(handle.post([](Connection&) { ADD_FAILURE() << "it lives"; }));
    }

    Notes notes_;
    std::mutex mutex_;
    Handle latest_;
    std::optional<TestServer> server_;
};

TEST_F(HandleTest, sends_from_another_thread_in_order) {
    auto [client, handle] = open();
    EXPECT_TRUE(handle.is_live());
    {
        const std::string gone_soon = "one";
        EXPECT_EQ(handle.send(gone_soon), SendResult::queued);
    }
    EXPECT_EQ(handle.send(PreparedMessage("two")), SendResult::queued);
    EXPECT_TRUE(handle.post([](Connection& c) { c.send("three"); }));
    EXPECT_EQ(handle.send(Message(bytes_of("four"))), SendResult::queued);
    EXPECT_TRUE(handle.close(4000, "done"));
    client.expect_text("one");
    client.expect_text("two");
    client.expect_text("three");
    client.expect_frame(0x82, "four");
    client.expect_close(4000);
}

TEST_F(HandleTest, acts_at_once_on_the_loop_of_its_own) {
    auto [client, handle] = open();
    server_->on_loop([handle = handle] {
        EXPECT_EQ(handle.send("one"), SendResult::sent);
        EXPECT_TRUE(handle.close(4000));
        EXPECT_EQ(handle.send("two"), SendResult::closed);
        EXPECT_FALSE(handle.close(4000));
    });
    client.expect_text("one");
    client.expect_close(4000);
}

TEST_F(HandleTest, a_task_never_runs_within_post) {
    auto [client, handle] = open();
    server_->on_loop([handle = handle] {
        bool has_run = false;
        EXPECT_TRUE(handle.post([&](Connection&) { has_run = true; }));
        EXPECT_FALSE(has_run);
        handle.terminate();  // And so it never will: `has_run` is gone by then.
    });
    client.expect_end();
}

TEST_F(HandleTest, what_cannot_be_sent_is_refused_at_once_on_every_thread) {
    auto [client, handle] = open();
    EXPECT_FALSE(handle.close(1006));
    EXPECT_FALSE(handle.close(1000, "\xFF"));
    server_->on_loop([handle = handle] { EXPECT_FALSE(handle.close(1006)); });
    EXPECT_TRUE(handle.is_live());
}

TEST_F(HandleTest, a_task_that_throws_closes_the_connection_with_1011) {
    auto [client, handle] = open();
    EXPECT_TRUE(handle.post([](Connection&) { throw std::runtime_error("oops"); }));
    client.expect_close(1011);
}

TEST_F(HandleTest, terminate_from_another_thread_drops_it) {
    auto [client, handle] = open();
    EXPECT_TRUE(handle.terminate());
    client.expect_end();
    EXPECT_EQ(notes_.wait_for(2).back(), "close 1006  unclean");
    server_->wait_for(Counter::connections_open, 0);
    expect_dead(handle);
}

TEST_F(HandleTest, one_of_no_connection_does_nothing) {
    expect_dead(Handle());
}

TEST_F(HandleTest, tells_connections_apart) {
    auto [first, one] = open();
    auto [second, two] = open();
    const Handle copy = one;
    EXPECT_TRUE(copy == one);
    EXPECT_FALSE(one == two);
    EXPECT_FALSE(one == Handle());
}

TEST_F(HandleTest, an_old_one_never_reaches_the_connection_that_took_its_slot) {
    std::vector<Handle> old;
    for (int i = 0; i < 50; ++i) {
        auto [client, handle] = open();
        client.close_cleanly();
        server_->wait_for(Counter::connections_open, 0);
        old.push_back(handle);
    }
    auto [client, handle] = open();
    for (const Handle& dead : old) {
        EXPECT_FALSE(dead == handle);
        expect_dead(dead);
        server_->on_loop([this, dead] { expect_dead(dead); });
    }
    EXPECT_EQ(handle.send("alive"), SendResult::queued);
    client.expect_text("alive");
}

TEST_F(HandleTest, what_was_posted_is_dropped_when_the_connection_goes_first) {
    auto [client, handle] = open();
    std::atomic<bool> has_run = false;
    server_->on_loop([&, handle = handle] {
        std::thread([&] {
            EXPECT_TRUE(handle.terminate());
            for (int i = 0; i < 3; ++i)
                handle.post([&](Connection& c) {
                    EXPECT_FALSE(c.is_open());
                    EXPECT_EQ(c.send("late"), SendResult::closed);
                });
        }).join();
    });
    server_->wait_for(Counter::connections_open, 0);
    handle.post([&](Connection&) { has_run = true; });
    server_->on_loop([] {});
    EXPECT_FALSE(has_run);
}

TEST_F(HandleTest, reaches_nobody_after_the_close_handler) {
    auto [client, handle] = open();
    client.send_hex("FF");  // The server lingers after this.
    (void)notes_.wait_for(2);
    server_->on_loop([handle = handle] {
        EXPECT_EQ(handle.send("x"), SendResult::closed);
        EXPECT_FALSE(handle.close());
    });
    handle.post([](Connection&) { ADD_FAILURE() << "it was closed"; });
    server_->on_loop([] {});
}

TEST_F(HandleTest, on_its_own_loop_one_of_a_connection_that_is_gone_says_so) {
    auto [client, handle] = open();
    const auto send_once = [&it = handle] { return it.send(PreparedMessage("once")); };
    EXPECT_EQ(server_->on_loop(send_once), SendResult::sent);
    client.expect_text("once");
    client.close_cleanly();
    server_->wait_for(Counter::connections_open, 0);
    server_->on_loop([&, &it = handle] { expect_dead(it); });
    expect_dead(handle);
}

TEST_F(HandleTest, outlives_the_server) {
    auto [client, handle] = open();
    auto pending = handle;
    server_.reset();
    expect_dead(handle);
    expect_dead(pending);
    client.expect_close(1001);
}

TEST_F(HandleTest, a_movable_only_task_may_be_posted) {
    auto [client, handle] = open();
    auto text = std::make_unique<std::string>("moved");
    EXPECT_TRUE(handle.post([text = std::move(text)](Connection& c) { c.send(*text); }));
    client.expect_text("moved");
}

TEST_F(HandleTest, it_is_a_key_of_maps) {
    auto [one, first] = open();
    auto [two, second] = open();
    TestServer other;
    Handle elsewhere;
    other->ws("/", {.open = [&](Connection& c) {
                  elsewhere = c.handle();
                  c.send("hello");
              }});
    other.start();
    TestClient three = other.open();
    three.expect_text("hello");

    std::map<Handle, int> ordered;
    std::unordered_map<Handle, int> hashed;
    const Handle handles[] = {Handle(), first, second, elsewhere};
    for (int i = 0; i < 4; ++i) ordered[handles[i]] = hashed[handles[i]] = i;
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(ordered.at(handles[i]), i);
        EXPECT_EQ(hashed.at(Handle(handles[i])), i);
        EXPECT_EQ(handles[i] <=> handles[i], std::strong_ordering::equal);
        for (int j = 0; j < i; ++j) EXPECT_NE(handles[i] < handles[j], handles[j] < handles[i]);
    }
}

}  // namespace
}  // namespace edgews::test
