// Coroutines of a client, with a server that the test plays: what each co_await gives, in which
// order, and when.
#include "world_fixture.hpp"

#include <edgews/coroutine.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace edgews::sim::test {
namespace {

using edgews::test::RawPeer;
using edgews::test::RawServer;
using edgews::test::server_frame;
using edgews::test::text_of;
using edgews::test::operator+;

class ClientCoroutines : public ClientInWorld {
  protected:
    void TearDown() override {
        let_go();
        ClientInWorld::TearDown();
    }
    // Whoever waits for something of `ws` goes on before it goes.
    void let_go() {
        if (!ws) return;
        ws->terminate();
        turn(3);
        ws.reset();
    }
    // Connects, into `ws`.
    RawPeer open_async(ClientOptions options = {}, Delivery delivery = Delivery::messages) {
        let_go();
        loop.poll(0);
        loop.poll(0);
        options.ping_ms = 0;
        spawn(loop, connect_async(*this, std::move(options), delivery));
        RawPeer peer = server.accept_opened();
        EXPECT_TRUE(until([&] { return ws.has_value(); }));
        return peer;
    }
    static Task<> connect_async(ClientCoroutines& self, ClientOptions options, Delivery delivery) {
        const std::string url = self.server.url();
        self.ws.emplace(co_await edgews::connect(self.loop, url, options, delivery));
    }
    // Notes so many messages, or until the end.
    static Task<> hear(ClientCoroutines& self, int count = -1) {
        while (count-- != 0) {
            const auto message = co_await self.ws->receive();
            if (!message) {
                self.notes.push_back("end");
                co_return;
            }
            self.notes.push_back((message->is_text() ? "text " : "binary ") +
                                 std::string(message->text()));
        }
    }
    static Task<> hear_parts(ClientCoroutines& self, int count = -1) {
        while (count-- != 0) {
            const auto part = co_await self.ws->receive_part();
            if (!part) {
                self.notes.push_back("end");
                co_return;
            }
            self.notes.push_back(
                std::string(part->is_first ? "first " : "") + (part->is_last ? "last " : "") +
                (part->kind == Message::Kind::text ? "text " : "binary ") + text_of(part->bytes));
        }
    }
    static Task<> await_opened(ClientCoroutines& self) {
        co_await self.ws->opened();
        self.notes.push_back("opened");
    }
    static Task<> say(ClientCoroutines& self, std::string text) {
        const SendResult result = co_await self.ws->send(text);
        self.notes.push_back(result == SendResult::closed    ? "closed"
                             : result == SendResult::dropped ? "dropped"
                                                             : "sent");
    }
    void make_narrow() {
        Faults& faults = world.faults();
        faults.send_buffer_least = faults.send_buffer_most = 4'096;
        faults.receive_buffer_least = faults.receive_buffer_most = 4'096;
    }

    const RawServer server{loop};
    std::optional<AsyncConnection> ws{};
};

TEST_F(ClientCoroutines, what_comes_while_nobody_waits_is_kept_in_order) {
    RawPeer peer = open_async();
    for (int i = 0; i < 3; ++i) {
        forget();
        peer.send(server_frame(0x81, "one") + server_frame(0x82, "two") + server_frame(0x81, "") +
                  server_frame(0x81, "four"));
        turn(5);
        spawn(loop, hear(*this, 4));
        expect_notes({"text one", "binary two", "text ", "text four"});
    }
    forget();
    peer.send(server_frame(0x81, "last") + server_frame(0x88,
                                                        "\x0F\xA0"
                                                        "bye"));
    peer.close();
    turn(5);
    spawn(loop, hear(*this));
    expect_notes({"text last", "end"});
    EXPECT_EQ(ws->close_event().code, 4000);
    EXPECT_EQ(ws->close_event().reason, "bye");
    EXPECT_TRUE(ws->close_event().clean);
    EXPECT_FALSE(*ws);
    EXPECT_EQ(ws->connection(), nullptr);
}

TEST_F(ClientCoroutines, whoever_waits_gets_each_message_as_it_comes) {
    RawPeer peer = open_async();
    spawn(loop, hear(*this));
    turn(2);
    for (const std::string text : {"one", "a longer one", "", "two"}) {
        forget();
        peer.send(server_frame(0x81, text) + server_frame(0x82, text));
        expect_notes({"text " + text, "binary " + text});
    }
    forget();
    peer.reset();
    expect_notes({"end"});
    EXPECT_EQ(ws->close_event().code, 1006);
    EXPECT_EQ(ws->error().stage, ClientStage::open);
    EXPECT_NE(ws->error().error.message, "");
}

// The other side has to wait, and what was taken leaves no memory behind.
TEST_F(ClientCoroutines, what_nobody_takes_is_not_read) {
    make_narrow();
    RawPeer peer = open_async();
    const std::size_t lent_size = reactor.pool().lent_size();
    const std::string large(3'000, 'x');
    std::size_t sent_count = 0;
    peer.send(server_frame(0x81, std::string(100'000, 'y')));
    turn(5);
    try {
        for (; sent_count < 100; ++sent_count) peer.send(server_frame(0x81, large));
        ADD_FAILURE() << "all was read";
    } catch (const std::runtime_error& thrown) {
        EXPECT_STREQ(thrown.what(), "the client reads nothing");
    }
    EXPECT_LT(sent_count, 10U);
    spawn(loop, hear(*this));
    turn(5);
    ASSERT_GE(notes.size(), 2U);
    EXPECT_EQ(notes[0].size(), 5U + 100'000);
    EXPECT_EQ(notes[1].size(), 5U + 3'000);
    // It waits, and has given back what was large.
    EXPECT_LT(reactor.pool().lent_size(), lent_size + 50'000);
}

TEST_F(ClientCoroutines, parts_tell_where_a_message_begins_and_ends) {
    RawPeer peer = open_async({}, Delivery::parts);
    for (const bool is_waited_for : {false, true}) {
        if (is_waited_for) spawn(loop, hear_parts(*this));
        turn(2);
        forget();
        peer.send(server_frame(0x01, "one"));
        turn(3);
        peer.send(server_frame(0x00, "two"));
        turn(3);
        peer.send(server_frame(0x80, "three"));
        turn(3);
        peer.send(server_frame(0x82, ""));
        turn(3);
        if (!is_waited_for) spawn(loop, hear_parts(*this, 5));
        expect_notes(
            {"first text one", "text two", "text three", "last text ", "first last binary "});
    }
    forget();
    peer.send(server_frame(0x88, "\x03\xE8"));
    peer.close();
    expect_notes({"end"});
}

// ---- Sending ---------------------------------------------------------------

// The options' own say in it is not asked.
TEST_F(ClientCoroutines, send_waits_for_room_whatever_the_options) {
    make_narrow();
    RawPeer peer = open_async({.backlog_size_max = 50'000,
                               .drain_mark = 40'000,
                               .overflow = Overflow::close,
                               .reconnect = {.enabled = true, .delay_ms = 1}});
    const std::string first(45'000, 'x');
    const std::string second(45'000, 'y');
    spawn(loop, say(*this, first));
    spawn(loop, say(*this, second));
    turn(5);
    EXPECT_EQ(notes, (Notes{"sent"}));
    EXPECT_TRUE(peer.read_frame().text() == first);
    EXPECT_TRUE(peer.read_frame().text() == second);
    expect_notes({"sent", "sent"});
    // Between fragments, nothing would help.
    forget();
    (void)ws->connection()->send_fragment(first, Fragment::first);
    spawn(loop, say(*this, "between"));
    expect_notes({"dropped"});
    (void)ws->connection()->send_fragment("end", Fragment::last);
    // It ends while somebody waits for room, and somebody else for a message.
    forget();
    spawn(loop, say(*this, first));
    spawn(loop, hear(*this));
    turn(3);
    EXPECT_EQ(notes, Notes{});
    peer.reset();
    expect_notes({"closed", "end"});
    spawn(loop, say(*this, "late"));
    expect_notes({"closed", "end", "closed"});
    // And is not opened again.
    for (int ms = 0; ms < 100; ++ms) loop.poll(1);
    EXPECT_FALSE(server.has_waiting());
    EXPECT_EQ(loop.next_timeout_ms(), -1);
}

// ---- Its end ---------------------------------------------------------------

TEST_F(ClientCoroutines, close_and_terminate_do_what_they_say_once) {
    for (const bool by_terminate : {false, true}) {
        RawPeer peer = open_async();
        forget();
        EXPECT_TRUE(*ws);
        EXPECT_EQ(&ws->loop(), &loop);
        EXPECT_NE(ws->client(), nullptr);
        spawn(loop, hear(*this));
        if (by_terminate) {
            ws->terminate();
            peer.expect_end();
        } else {
            EXPECT_FALSE(ws->close(1005, "x"));
            EXPECT_TRUE(ws->close(4000, "enough"));
            EXPECT_FALSE(*ws);
            EXPECT_FALSE(ws->close());
            EXPECT_EQ(peer.read_frame().describe(), "88 4000 enough");
            peer.send(server_frame(0x88, "\x0F\xA0"));
            peer.close();
        }
        expect_notes({"end"});
        EXPECT_EQ(ws->close_event().clean, !by_terminate);
        EXPECT_FALSE(ws->close());
        ws->terminate();
        EXPECT_EQ(&ws->loop(), &loop);
    }
}

TEST_F(ClientCoroutines, the_last_one_to_go_says_goodbye) {
    RawPeer peer = open_async();
    std::optional<AsyncConnection> copy = ws;
    ws.reset();
    peer.expect_silence();
    copy.reset();
    EXPECT_EQ(peer.read_frame().describe(), "88 1001");
    peer.send(server_frame(0x88, "\x03\xE9"));
    peer.close();
}

TEST_F(ClientCoroutines, a_failure_to_open_is_told_and_receive_is_at_its_end) {
    spawn(loop, connect_async(*this, {}, Delivery::messages));
    server.accept().close();
    ASSERT_TRUE(until([&] { return ws.has_value(); }));
    EXPECT_FALSE(*ws);
    EXPECT_EQ(ws->error().stage, ClientStage::handshake);
    EXPECT_EQ(ws->close_event().code, 1006);
    EXPECT_FALSE(ws->close());
    spawn(loop, hear(*this));
    spawn(loop, say(*this, "x"));
    expect_notes({"end", "closed"});
}

// Whoever waits for what has happened already goes on at once.
TEST_F(ClientCoroutines, opened_waits_only_for_what_is_to_come) {
    RawPeer peer = open_async();
    spawn(loop, await_opened(*this));
    EXPECT_EQ(notes, (Notes{"opened"}));
    peer.reset();
    ASSERT_TRUE(until([&] { return ws->connection() == nullptr; }));
    spawn(loop, await_opened(*this));
    EXPECT_EQ(notes, (Notes{"opened", "opened"}));
}

// ---- Tasks -----------------------------------------------------------------

Task<int> answer(Loop& loop, int number, std::uint64_t ms) {
    if (ms > 0) co_await sleep(loop, std::chrono::milliseconds(ms));
    if (number < 0) throw std::runtime_error("less than nothing");
    co_return number;
}

Task<> await_tasks(Loop& loop, bool& is_done) {
    for (const std::uint64_t ms : {0U, 1U, 30U}) {
        const std::uint64_t begin = edgews::test::steady_ms();
        Task<int> first = answer(loop, 1, ms);
        Task<int> second = answer(loop, 2, ms);
        EXPECT_TRUE(first && second);
        first = std::move(second);
        const int number = co_await first;
        EXPECT_EQ(number, 2);
        EXPECT_EQ(edgews::test::steady_ms() - begin, ms);
        Task<int> failing = answer(loop, -1, ms);
        try {
            (void)co_await failing;
            ADD_FAILURE();
        } catch (const std::runtime_error& thrown) {
            EXPECT_STREQ(thrown.what(), "less than nothing");
        }
    }
    Task<int> none;
    EXPECT_FALSE(none);
    try {
        (void)co_await none;
        ADD_FAILURE();
    } catch (const std::logic_error& thrown) {
        EXPECT_STREQ(thrown.what(), "a Task without a coroutine is awaited");
    }
    is_done = true;
}

TEST_F(ClientCoroutines, a_task_begins_when_it_is_awaited_and_goes_on_with_whoever_did) {
    bool is_done = false;
    spawn(loop, await_tasks(loop, is_done));
    EXPECT_FALSE(is_done);
    EXPECT_TRUE(until([&] { return is_done; }));
    EXPECT_THROW((void)spawn(loop, Task<>()), std::invalid_argument);
}

TEST_F(ClientCoroutines, what_is_spawned_is_the_loops_until_its_end) {
    const auto held = std::make_shared<int>();
    const auto wait = [](Loop& l, std::shared_ptr<int>, std::uint64_t ms) -> Task<> {
        (void)co_await answer(l, ms == 7 ? -1 : 1, ms);
    };
    const Token slow = spawn(loop, wait(loop, held, 50));
    const Token cancelled = spawn(loop, wait(loop, held, 50));
    std::string failure;
    (void)spawn(loop, wait(loop, held, 7), [&](std::exception_ptr exception) {
        try {
            std::rethrow_exception(exception);
        } catch (const std::runtime_error& thrown) {
            failure = thrown.what();
        }
    });
    EXPECT_EQ(held.use_count(), 4);
    EXPECT_TRUE(loop.cancel(cancelled));
    turn(1);
    EXPECT_EQ(held.use_count(), 3);
    for (int ms = 0; ms < 10; ++ms) loop.poll(1);
    EXPECT_EQ(failure, "less than nothing");
    EXPECT_EQ(held.use_count(), 2);
    for (int ms = 0; ms < 50; ++ms) loop.poll(1);
    EXPECT_EQ(held.use_count(), 1);
    EXPECT_FALSE(loop.cancel(slow));
    EXPECT_EQ(loop.next_timeout_ms(), -1);
}

}  // namespace
}  // namespace edgews::sim::test
