// A client may be destroyed in every phase and in every handler, and handlers may throw.
#include "net/connection/connections_on_loop.hpp"
#include "tests/support/client_fixture.hpp"

#include <cstdint>
#include <functional>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

namespace edgews {
namespace {

using test::bytes_of;
using test::operator+;
using test::Place;
using test::RawPeer;
using test::RawServer;
using test::server_frame;

class ClientLifetime : public test::ClientFixture {
  protected:
    // Handlers that note, and then act when they note `when`.
    [[nodiscard]] ClientHandlers acting(const std::string& when, std::function<void()> act) {
        const auto step = [this, when, act = std::move(act)](std::string what) {
            notes.push_back(what);
            if (what == when) act();
        };
        return {
            .open = [step, held = held_by_handlers](Client&) { step("open"); },
            .message = [step](Client&, Message) { step("message"); },
            .ping = [step](Client&, auto) { step("ping"); },
            .pong = [step](Client&, auto) { step("pong"); },
            .drain = [step](Client&) { step("drain"); },
            .error =
                [step, this](Client&, const ClientError& e) {
                    error = e;
                    step("error");
                },
            .close = [step](Client&, const CloseEvent&) { step("close"); },
            .reconnect = [step](Client&, Reconnecting&) { step("reconnect"); },
        };
    }
    [[nodiscard]] ClientHandlers streaming(const std::string& when, std::function<void()> act) {
        const auto step = [this, when, act = std::move(act)](std::string what) {
            notes.push_back(what);
            if (what == when) act();
        };
        ClientHandlers handlers;
        handlers.message_begin = [step](Client&, auto) { step("begin"); };
        handlers.message_chunk = [step](Client&, auto) { step("chunk"); };
        handlers.message_end = [step](Client&) { step("end"); };
        return handlers;
    }
    // Has each handler called, one after the other, as long as there is a client.
    void run_through(RawPeer& peer) {
        peer.send(server_frame(0x81, "text") + server_frame(0x89, "") + server_frame(0x8A, ""));
        turn(3);
        if (client && client->ready_state() == ReadyState::open) {
            for (int i = 0; i < 40; ++i) client->send(std::string(100'000, 'x'));
            for (int i = 0; i < 2000 && client && notes.back() != "drain"; ++i) {
                (void)peer.take_input();
                loop.poll(0);
            }
        }
        peer.reset();
        for (int i = 0; i < 20; ++i) loop.poll(1);
    }
};

TEST_F(ClientLifetime, it_may_be_destroyed_in_any_handler_and_hears_nothing_after_it) {
    const RawServer server(loop);
    const Notes all{"open", "message", "ping", "pong", "drain", "error", "close", "reconnect"};
    for (std::size_t i = 0; i < all.size(); ++i) {
        SCOPED_TRACE(all[i]);
        forget();
        RawPeer peer = [&] {
            connect(server.url(), {.reconnect = {.enabled = true}},
                    acting(all[i], [&] { client.reset(); }));
            return server.accept_opened();
        }();
        await_notes(1);
        run_through(peer);
        EXPECT_FALSE(client);
        EXPECT_EQ(notes, Notes(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(i) + 1));
    }
    const Notes pieces{"begin", "chunk", "end"};
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        forget();
        connect(server.url(), {}, streaming(pieces[i], [&] { client.reset(); }));
        RawPeer peer = server.accept_opened("", server_frame(0x81, "a") + server_frame(0x81, "b"));
        EXPECT_TRUE(until([&] { return !client; }));
        turn(3);
        EXPECT_EQ(notes,
                  Notes(pieces.begin(), pieces.begin() + static_cast<std::ptrdiff_t>(i) + 1));
    }
}

TEST_F(ClientLifetime, destroyed_while_open_it_says_goodbye) {
    const RawServer server(loop);
    RawPeer peer = open(server);
    client->send("last words");
    client.reset();
    EXPECT_EQ(peer.read_frame().text(), "last words");
    EXPECT_EQ(peer.read_frame().describe(), "88 1001");
    peer.send(server_frame(0x81, "ignored") + server_frame(0x88, "\x03\xE9"));
    peer.expect_silence(5);
    peer.half_close();
    peer.expect_eof();
    EXPECT_EQ(notes, Notes{"open"});
}

TEST_F(ClientLifetime, its_goodbye_has_a_time_limit) {
    const RawServer server(loop);
    RawPeer peer = open(server, {.close_timeout_ms = 30});
    client.reset();
    EXPECT_EQ(peer.read_frame().describe(), "88 1001");
    peer.expect_end();
}

TEST_F(ClientLifetime, destroyed_in_any_phase_it_calls_nobody_and_leaves_nothing) {
    const RawServer server(loop);
    Place hole("127.0.0.1");
    hole.become_black_hole();
    const test::SlowLookup slow;
    const std::ptrdiff_t count = test::open_fd_count();
    const auto wait_for_fd = [&](std::ptrdiff_t more) {
        EXPECT_TRUE(until([&] { return test::open_fd_count() >= count + more; }));
    };
    std::optional<RawPeer> peer;
    const std::pair<const char*, std::function<void()>> phases[] = {
        {"bad options", [&] { connect("bad"); }},
        {"in the same turn", [&] { connect(server.url()); }},
        {"while it resolves",
         [&] {
             connect("ws://example.test/", {.lookup = slow.lookup()});
             turn(2);
         }},
        {"while it connects",
         [&] {
             connect("ws://" + hole.name() + "/");
             wait_for_fd(1);
         }},
        {"while the proxy thinks",
         [&] {
             connect("ws://host.test/", {.proxy = "http://" + server.name()});
             peer = server.accept();
             peer->read_head();
         }},
        {"while the server thinks",
         [&] {
             connect(server.url());
             peer = server.accept();
             peer->read_head();
         }},
        {"when the answer is there but was not read",
         [&] {
             connect(server.url());
             peer = server.accept();
             peer->answer();
         }},
        {"in the body of a refusal",
         [&] {
             connect(server.url());
             peer = server.accept();
             peer->read_head();
             peer->send("HTTP/1.1 503 Busy\r\n\r\nbody");
             turn(3);
         }},
        {"given up", [&] { connect(server.url()), client->close(); }},
    };
    for (const auto& [name, reach] : phases) {
        SCOPED_TRACE(name);
        reach();
        client.reset();
        turn(3);
        EXPECT_EQ(loop.next_timeout_ms(), -1);
        if (peer) peer->expect_end();
        peer.reset();
        while (server.has_waiting()) (void)server.accept();
        EXPECT_EQ(test::open_fd_count(), count);
        EXPECT_EQ(held_by_handlers.use_count(), 1);
    }
    slow.let_go();
    slow.wait_until_destroyed();
    EXPECT_TRUE(notes.empty());
}

TEST_F(ClientLifetime, destroyed_while_it_closes_it_goes_on_closing) {
    const RawServer server(loop);
    RawPeer peer = open(server);
    client->close(4000);
    client.reset();
    EXPECT_EQ(peer.read_frame().describe(), "88 4000");
    peer.send(server_frame(0x88, "\x0F\xA0"));
    peer.half_close();
    peer.expect_eof();

    forget();
    RawPeer other = open(server);
    other.send(server_frame(0x88, "\x0F\xA0"));
    EXPECT_EQ(other.read_frame().describe(), "88 4000");
    client.reset();
    other.expect_silence(3);
    other.half_close();
    other.expect_eof();
}

TEST_F(ClientLifetime, it_may_connect_anew_within_its_last_handler) {
    const RawServer server(loop);
    ClientHandlers handlers = noting();
    handlers.close = [&](Client& c, const CloseEvent&) {
        notes.push_back("close");
        if (notes.size() < 6) c.reconnect();
    };
    RawPeer first = open(server, {}, handlers);
    first.send(server_frame(0x88, "\x03\xE8") + server_frame(0x81, "of the past"));
    first.half_close();
    RawPeer second = server.accept_opened();
    EXPECT_EQ(first.read_frame().describe(), "88 1000");
    EXPECT_TRUE(until([&] { return client->ready_state() == ReadyState::open; }));
    second.send(server_frame(0x81, "of the present"));
    await_notes(4);
    EXPECT_EQ(notes, (Notes{"open", "close", "open", "text of the present"}));
    client->close();
    EXPECT_EQ(second.read_frame().describe(), "88 1000");
}

TEST_F(ClientLifetime, it_may_connect_anew_within_its_error_and_each_try_has_one_end) {
    const Place refusing("127.0.0.1");
    ClientHandlers handlers = noting();
    handlers.error = [&](Client& c, const ClientError&) {
        note(c, "error");
        if (notes.size() == 1) c.reconnect();
    };
    connect("ws://" + refusing.name() + "/", {}, handlers);
    expect_notes({"error", "close 1006  unclean", "error", "close 1006  unclean"});
    EXPECT_EQ(client->ready_state(), ReadyState::closed);
}

TEST_F(ClientLifetime, it_may_be_closed_or_terminated_in_its_first_handler) {
    const RawServer server(loop);
    for (const bool by_terminate : {false, true}) {
        forget();
        ClientHandlers handlers = noting();
        handlers.open = [&](Client& c) {
            note(c, "open");
            by_terminate ? c.terminate() : (void)c.close(4000);
        };
        connect(server.url(), {}, handlers);
        RawPeer peer = server.accept_opened("", server_frame(0x81, "ignored"));
        if (!by_terminate) {
            EXPECT_EQ(peer.read_frame().describe(), "88 4000");
            peer.send(server_frame(0x88, "\x0F\xA0"));
            peer.half_close();
        }
        expect_notes({"open", by_terminate ? "close 1006  unclean" : "close 4000  clean"});
        if (by_terminate) peer.expect_end();
    }
}

TEST_F(ClientLifetime, two_clients_may_destroy_each_other) {
    const RawServer server(loop);
    std::optional<Client> other;
    ClientHandlers handlers;
    handlers.message = [&](Client&, Message) {
        notes.push_back("message");
        client.reset();
        other.reset();
    };
    client.emplace(loop, server.url(), handlers);
    RawPeer one = server.accept_opened();
    other.emplace(loop, server.url(), handlers);
    RawPeer two = server.accept_opened();
    ASSERT_TRUE(until([&] {
        return client->ready_state() == ReadyState::open &&
               other->ready_state() == ReadyState::open;
    }));
    one.send(server_frame(0x81, "x"));
    two.send(server_frame(0x81, "x"));
    EXPECT_TRUE(until([&] { return !other; }));
    turn(3);
    EXPECT_EQ(notes, Notes{"message"});
}

TEST_F(ClientLifetime, a_loop_that_ends_first_of_a_goodbye_takes_everything_with_it) {
    auto own_loop = std::make_unique<Loop>();
    {
        const RawServer server(*own_loop);
        Client own(*own_loop, server.url(), noting());
        RawPeer peer = server.accept_opened();
        EXPECT_TRUE(
            test::turn_until(*own_loop, [&] { return own.ready_state() == ReadyState::open; }));
    }
    own_loop.reset();
    EXPECT_EQ(held_by_handlers.use_count(), 1);
}

// A lookup of which only so many copies can be made, as where there is no memory for more.
class ScarceLookup {
  public:
    explicit ScarceLookup(int& left_count) : left_count_(&left_count) {}
    ScarceLookup(const ScarceLookup& other) : left_count_(other.left_count_) {
        if (--*left_count_ < 0) throw std::bad_alloc();
    }
    ScarceLookup& operator=(const ScarceLookup&) = delete;
    ~ScarceLookup() = default;
    Resolved operator()(const std::string&, std::uint16_t) const { return {}; }

  private:
    int* left_count_;
};

TEST_F(ClientLifetime, one_that_cannot_be_made_leaves_nothing) {
    const RawServer server(loop);
    int refused_count = 0;
    while (!client) {
        int left_count = 1'000;
        edgews::ClientOptions options;
        options.lookup = ScarceLookup(left_count);
        left_count = refused_count;
        try {
            client.emplace(loop, server.url(), noting(), std::move(options));
        } catch (const std::bad_alloc&) {
            ++refused_count;
            EXPECT_EQ(loop.next_timeout_ms(), -1);
            EXPECT_EQ(held_by_handlers.use_count(), 1);
        }
    }
    EXPECT_GT(refused_count, 1);
    client.reset();
    EXPECT_TRUE(notes.empty());
}

// ---- Handlers that throw ---------------------------------------------------

TEST_F(ClientLifetime, a_handler_that_throws_closes_the_connection_with_1011) {
    const RawServer server(loop);
    for (const char* where : {"open", "message", "ping", "pong"}) {
        SCOPED_TRACE(where);
        forget();
        connect(server.url(), {}, acting(where, [] { throw std::runtime_error("oh no"); }));
        RawPeer peer = server.accept_opened(
            "", server_frame(0x81, "") + server_frame(0x89, "") + server_frame(0x8A, ""));
        test::MaskedFrame frame = peer.read_frame();
        if (frame.first_byte == 0x8A) frame = peer.read_frame();
        EXPECT_EQ(frame.describe(), "88 1011 internal error");
        EXPECT_EQ(notes.back(), where);
        peer.send(server_frame(0x88, "\x03\xF3"));
        peer.half_close();
        ASSERT_TRUE(until([&] { return notes.back() == "close"; }));
        EXPECT_EQ(notes[notes.size() - 2], "error");
        EXPECT_EQ(error.stage, ClientStage::open);
        EXPECT_NE(error.error.message.find("oh no"), std::string::npos);
    }
    for (const char* where : {"begin", "chunk", "end"}) {
        SCOPED_TRACE(where);
        forget();
        connect(server.url(), {}, streaming(where, [] { throw 1; }));
        RawPeer peer = server.accept_opened("", server_frame(0x81, "x"));
        EXPECT_EQ(peer.read_frame().describe(), "88 1011 internal error");
    }
}

TEST_F(ClientLifetime, a_drain_handler_that_throws_closes_with_1011) {
    const RawServer server(loop);
    connect(server.url(), {}, acting("drain", [] { throw std::runtime_error("oh no"); }));
    RawPeer peer = server.accept_opened();
    await_notes(1);
    const std::string piece(1 << 20, 'x');
    for (int i = 0; i < 8; ++i) client->send(piece);
    for (int i = 0; i < 8; ++i) EXPECT_TRUE(peer.read_frame().text() == piece);
    EXPECT_EQ(peer.read_frame().describe(), "88 1011 internal error");
    EXPECT_EQ(notes.back(), "drain");
}

TEST_F(ClientLifetime, handlers_of_the_end_that_throw_are_counted_and_hold_up_nothing) {
    const RawServer server(loop);
    const auto failure_count = [&] {
        Stats stats;
        ConnectionsOnLoop::of_clients(reactor).counters.add_to(stats);
        return stats[Counter::handler_failures];
    };
    std::uint64_t count = failure_count();
    for (const std::string where : {"error", "close", "reconnect"}) {
        SCOPED_TRACE(where);
        forget();
        connect(server.url(), {.reconnect = {.enabled = true, .delay_ms = 1}},
                acting(where, [] { throw std::runtime_error("oh no"); }));
        RawPeer peer = server.accept();
        peer.close();
        await_notes(3);
        EXPECT_EQ(notes, (Notes{"error", "close", "reconnect"}));
        RawPeer next = server.accept();  // It goes on.
        EXPECT_EQ(failure_count(), ++count);
    }
}

}  // namespace
}  // namespace edgews
