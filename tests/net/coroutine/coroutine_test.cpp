// Coroutines on both sides: a client's on the test's own loop, and those of a server's routes.
#include <edgews/coroutine.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/allocations.hpp"
#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

using namespace std::chrono_literals;

Task<> echo(AsyncConnection ws) {
    while (const auto message = co_await ws.receive()) co_await ws.send(*message);
}

class Coroutine : public testing::Test {
  protected:
    template <class F>
    void serve_at(std::string_view pattern, F handler, CoroutineRoute route = {}) {
        serve(*server_.operator->(), pattern, handler, std::move(route));
    }
    [[nodiscard]] std::string url(const std::string& path = "/") const {
        return "ws://127.0.0.1:" + std::to_string(server_.port()) + path;
    }
    // Until it has returned.
    void run(Task<> task) {
        bool is_done = false;
        spawn(loop_, note_end(std::move(task), is_done));
        const auto end = std::chrono::steady_clock::now() + time_limit;
        while (!is_done && std::chrono::steady_clock::now() < end) loop_.poll(100);
        ASSERT_TRUE(is_done);
    }
    void turn(int count = 5) {
        for (int i = 0; i < count; ++i) loop_.poll(10);
    }

    TestServer server_;
    Loop loop_;

  private:
    static Task<> note_end(Task<> task, bool& is_done) {
        co_await task;
        is_done = true;
    }
};

TEST_F(Coroutine, a_message_between_fragments_of_another_is_dropped_at_once) {
    SendResult result = SendResult::sent;
    serve_at("/", [&](AsyncConnection ws) -> Task<> {
        (void)ws.connection()->send_fragment("first", Fragment::first);
        result = co_await ws.send("between");
        (void)ws.connection()->send_fragment("last", Fragment::last);
    });
    server_.start();
    TestClient client = server_.open();
    client.expect_frame(0x01, "first");
    client.expect_frame(0x80, "last");
    client.expect_close(1000);
    EXPECT_EQ(result, SendResult::dropped);
}

TEST_F(Coroutine, both_sides_talk) {
    serve_at("/", echo, {.options = {.message_size_max = 4 << 20}});
    server_.start();
    run([](Loop& loop, std::string url) -> Task<> {
        const AsyncConnection ws = co_await connect(loop, url);
        EXPECT_TRUE(ws);
        for (const std::string& text :
             {std::string("one"), std::string(3 << 20, 'x'), std::string()}) {
            EXPECT_NE(co_await ws.send(text), SendResult::closed);
            const auto message = co_await ws.receive();
            EXPECT_TRUE(message && message->is_text() && message->text() == text);
        }
        EXPECT_TRUE(ws.close(4000, "done"));
        EXPECT_FALSE(co_await ws.receive());
        EXPECT_EQ(describe(ws.close_event()), "close 4000  clean");
        EXPECT_EQ(co_await ws.send("late"), SendResult::closed);
    }(loop_, url()));
}

TEST_F(Coroutine, messages_take_nothing_from_the_heap) {
    serve_at("/", echo);
    server_.start();
    run([](Loop& loop, std::string url) -> Task<> {
        const AsyncConnection ws = co_await connect(loop, url);
        const std::string text(500, 'x');
        std::size_t before = 0;
        for (int i = 0; i < 200; ++i) {
            if (i == 100) before = allocation_count();
            co_await ws.send(text);
            EXPECT_TRUE(co_await ws.receive());
        }
        EXPECT_EQ(allocation_count() - before, 0U);
    }(loop_, url()));
}

TEST_F(Coroutine, who_needs_time_gets_all_in_order) {
    serve_at("/", [](AsyncConnection ws) -> Task<> {
        for (int i = 0; i < 50; ++i) co_await ws.send(std::to_string(i));
        (void)co_await ws.receive();
    });
    server_.start();
    run([](Loop& loop, std::string url) -> Task<> {
        const AsyncConnection ws = co_await connect(loop, url);
        for (int i = 0; i < 50; ++i) {
            if (i % 7 == 3) co_await sleep(loop, 2ms);
            const auto message = co_await ws.receive();
            EXPECT_TRUE(message);
            if (!message) co_return;
            if (i % 5 == 1) co_await sleep(loop, 2ms);
            EXPECT_EQ(message->text(), std::to_string(i));  // Still valid.
        }
    }(loop_, url()));
}

TEST_F(Coroutine, send_waits_for_room) {
    serve_at("/", [](AsyncConnection ws) -> Task<> {
        Loop& loop = ws.loop();
        std::size_t count = 0;
        while (const auto message = co_await ws.receive()) {
            if (count++ == 0) co_await sleep(loop, 50ms);
        }
        EXPECT_EQ(count, 40U);
    });
    server_.start();
    run([](Loop& loop, std::string url) -> Task<> {
        const edgews::ClientOptions options{.backlog_size_max = 1 << 20};
        const AsyncConnection ws = co_await connect(loop, url, options);
        const std::string large(900'000, 'x');
        std::size_t most = 0;
        for (int i = 0; i < 40; ++i) {
            const SendResult result = co_await ws.send(large);
            EXPECT_TRUE(was_accepted(result));
            most = std::max(most, ws.client()->buffered_amount());
        }
        EXPECT_LE(most, 1U << 20);
        EXPECT_GT(most, 0U);
        ws.close();
        while (co_await ws.receive()) {
        }
        EXPECT_TRUE(ws.close_event().clean);
    }(loop_, url()));
}

TEST_F(Coroutine, send_goes_on_though_a_ping_came_while_it_waited) {
    serve_at("/", [](AsyncConnection ws) -> Task<> {
        const std::string large(900'000, 'x');
        for (int i = 0; i < 20; ++i) co_await ws.send(large);
    });
    server_.start();
    TestClient client = server_.open();
    client.send(client_frame(0x89, "ping"));
    for (int i = 0; i < 10; ++i) server_.on_loop([] {});
    client.expect_close(1000);
}

TEST_F(Coroutine, a_peer_that_takes_nothing_is_given_up_though_it_is_not_read) {
    Notes notes;
    serve_at("/",
             [&](AsyncConnection ws) -> Task<> {
                 while (const auto message = co_await ws.receive()) co_await ws.send(*message);
                 notes.add(describe(ws.close_event()));
             },
             {.options = {.idle_ping_ms = 30, .ping_timeout_ms = 30}});
    server_.start();
    TestClient client = server_.open();
    const Bytes frame = client_frame(0x82, std::string(1 << 20, 'x'));
    try {  // Until the server, which is given nothing to send to, reads no more.
        while (notes.all().empty()) client.send(frame);
    } catch (const std::runtime_error&) {
    }
    EXPECT_EQ(notes.wait_for(1), List{"close 1006  unclean"});
}

TEST_F(Coroutine, parts_of_messages_larger_than_the_limit_of_memory) {
    serve_at("/",
             [](AsyncConnection ws) -> Task<> {
                 std::size_t size = 0;
                 while (const auto part = co_await ws.receive_part()) {
                     EXPECT_EQ(part->is_first, size == 0);
                     size += part->bytes.size();
                     if (!part->is_last) continue;
                     co_await ws.send(std::to_string(size));
                     size = 0;
                 }
             },
             {.options = {.message_size_max = 64 << 20}, .delivery = Delivery::parts});
    server_.start();
    run([](Loop& loop, std::string url) -> Task<> {
        const AsyncConnection ws = co_await connect(loop, url);
        for (const std::size_t size : {std::size_t{5}, std::size_t{9'000'000}, std::size_t{0}}) {
            co_await ws.send(std::string(size, 'p'));
            const auto message = co_await ws.receive();
            EXPECT_TRUE(message && message->text() == std::to_string(size));
        }
    }(loop_, url()));
}

TEST_F(Coroutine, a_connection_that_cannot_be_opened_knows_why) {
    run([](Loop& loop) -> Task<> {
        const AsyncConnection ws = co_await connect(loop, "ws://127.0.0.1:1/");
        EXPECT_FALSE(ws);
        EXPECT_EQ(ws.error().stage, ClientStage::connect);
        EXPECT_EQ(ws.close_event().code, 1006);
        EXPECT_FALSE(co_await ws.receive());
        EXPECT_FALSE(ws.close());
    }(loop_));
}

TEST_F(Coroutine, what_takes_too_long_is_ended_where_it_waits) {
    serve_at("/", echo);
    server_.start();
    run([](Loop& loop, std::string url) -> Task<> {
        const auto held = std::make_shared<int>(1);
        const auto slow = [](Loop& l, std::shared_ptr<int>) -> Task<int> {
            co_await sleep(l, 1h);
            co_return 1;
        };
        EXPECT_EQ(co_await within(loop, 10ms, slow(loop, held)), std::nullopt);
        EXPECT_EQ(held.use_count(), 1);
        const auto quick = [](Loop& l) -> Task<int> {
            co_await sleep(l, 1ms);
            co_return 2;
        };
        EXPECT_EQ(co_await within(loop, 1h, quick(loop)), 2);
        const AsyncConnection ws = co_await connect(loop, url);
        const auto wait = [](AsyncConnection c) -> Task<> { (void)co_await c.receive(); };
        EXPECT_FALSE(co_await within(loop, 10ms, wait(ws)));
        co_await ws.send("still");  // Nobody waits any more, but one can again.
        EXPECT_TRUE(co_await within(loop, 1h, wait(ws)));
    }(loop_, url()));
}

TEST_F(Coroutine, an_exception_goes_to_whoever_awaits) {
    const auto throws = [](Loop& loop) -> Task<int> {
        co_await sleep(loop, 1ms);
        throw std::runtime_error("no number");
    };
    run([](Loop& loop, auto make) -> Task<> {
        try {
            (void)co_await make(loop);
            ADD_FAILURE();
        } catch (const std::runtime_error& error) {
            EXPECT_STREQ(error.what(), "no number");
        }
    }(loop_, throws));
    std::string what;
    spawn(
        loop_, [](auto task) -> Task<> { (void)co_await task; }(throws(loop_)),
        [&](std::exception_ptr exception) {
            try {
                std::rethrow_exception(exception);
            } catch (const std::exception& e) {
                what = e.what();
            }
        });
    turn();
    EXPECT_EQ(what, "no number");
}

TEST_F(Coroutine, a_route_that_returns_closes_with_1000_and_one_that_throws_with_1011) {
    serve_at("/returns", [](AsyncConnection) -> Task<> { co_return; });
    serve_at("/throws", [](AsyncConnection ws) -> Task<> {
        (void)co_await ws.receive();
        throw std::runtime_error("broken");
    });
    server_.start();
    TestClient returning = server_.open("/returns");
    returning.expect_close(1000);
    TestClient throwing = server_.open("/throws");
    throwing.send(client_frame(0x81, "x"));
    throwing.expect_close(1011);
}

TEST_F(Coroutine, a_routes_coroutine_closes_and_terminates_its_connection) {
    Notes notes;
    const auto note = [&](const char* what, bool is_so) {
        notes.add(what + std::string(is_so ? " yes" : " no"));
    };
    serve_at("/close", [&](AsyncConnection ws) -> Task<> {
        note("bad", ws.close(1005, "x"));
        note("closes", ws.close(4002, "enough"));
        note("again", ws.close());
        (void)co_await ws.receive();
        note("ended", ws.close());
    });
    serve_at("/terminate", [&](AsyncConnection ws) -> Task<> {
        (void)co_await ws.receive();
        ws.terminate();
        (void)co_await ws.receive();
        note("clean", ws.close_event().clean);
        ws.terminate();
    });
    server_.start();
    TestClient closed = server_.open("/close");
    closed.expect_close(4002);
    closed.close();
    EXPECT_EQ(notes.wait_for(4), (List{"bad no", "closes yes", "again no", "ended no"}));
    TestClient terminated = server_.open("/terminate");
    terminated.send(client_frame(0x81, "x"));
    EXPECT_EQ(notes.wait_for(5).back(), "clean no");
}

// Each kind of waiting, with something that says when its coroutine is gone.
TEST_F(Coroutine, a_forgotten_coroutine_is_gone_with_its_loop) {
    serve_at("/",
             [](AsyncConnection ws) -> Task<> {
                 (void)co_await ws.receive();
                 co_await sleep(ws.loop(), 1h);
             },
             {.options = {.message_size_max = 64 << 20}});
    server_.start();
    const auto held = std::make_shared<int>(1);
    {
        Loop loop;
        const auto waits = [](Loop& l, std::string to, int where, std::shared_ptr<int>) -> Task<> {
            if (where == 0) co_await sleep(l, 1h);
            if (where == 1) to = "ws://127.0.0.1:1/";
            const AsyncConnection ws = co_await connect(l, to);
            if (where == 2) (void)co_await ws.receive();
            const std::string large(30 << 20, 'x');
            while (where == 3 && ws) co_await ws.send(large);
        };
        for (int where = 0; where < 4; ++where) spawn(loop, waits(loop, url(), where, held));
        const Token token = spawn(loop, waits(loop, url(), 0, held));
        const Task<> never_begun = waits(loop, url(), 0, held);
        EXPECT_EQ(held.use_count(), 7);
        for (int i = 0; i < 5; ++i) loop.poll(10);
        EXPECT_TRUE(loop.cancel(token));
        loop.poll(0);
        EXPECT_FALSE(loop.cancel(token));
        EXPECT_EQ(held.use_count(), 5);  // Connecting failed, and one was cancelled.
    }
    EXPECT_EQ(held.use_count(), 1);
}

TEST_F(Coroutine, a_loop_may_end_at_each_step_of_connecting) {
    serve_at("/", echo);
    server_.start();
    for (int turns = 0; turns < 12; ++turns) {
        Loop loop;
        for (int i = 0; i < 3; ++i) {
            spawn(loop, [](Loop& l, std::string to) -> Task<> {
                const AsyncConnection ws = co_await connect(l, to);
                (void)co_await ws.receive();
            }(loop, url()));
        }
        for (int i = 0; i < turns; ++i) loop.poll(turns < 6 ? 0 : 10);
    }
}

TEST_F(Coroutine, a_connection_that_is_let_go_says_goodbye) {
    Notes notes;
    server_->ws("/", {.close = [&](Connection&, CloseEvent e) { notes.add(describe(e)); }});
    server_.start();
    run([](Loop& loop, std::string url) -> Task<> { (void)co_await connect(loop, url); }(loop_,
                                                                                         url()));
    turn();
    EXPECT_EQ(notes.wait_for(1), List{"close 1001  clean"});
}

// As in a thread.
TEST(CoroutineDeathTest, an_exception_that_nobody_is_told_of_ends_the_program) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto throws = []() -> Task<> {
        throw std::runtime_error("lost");
        co_return;
    };
    EXPECT_DEATH(
        {
            Loop loop;
            spawn(loop, throws());
        },
        "terminate called.*");
}

}  // namespace
}  // namespace edgews::test
