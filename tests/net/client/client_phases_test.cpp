// Every phase of a client with every function that may be called in it: what each pair returns.
// Whatever it was, each try has one end, and leaves nothing.
#include <edgews/client.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/answers.hpp"
#include "tests/support/client_fixture.hpp"

namespace edgews::test {
namespace {

// ---- What may be called --------------------------------------------------------

// By what the phases have in common.
struct Expected {
    const char* connecting;
    const char* open;
    const char* in_fragments;  // The first of a message was sent.
    const char* closing;       // Of an open connection.
    const char* given_up;      // Closed before it was open, and not told so yet.
    const char* closed;        // In its last handlers, too.
    const char* waiting;       // To connect again.
};

struct Row {
    const char* name;
    Expected expected;
    std::function<std::string(Client&)> call;
};

constexpr Expected as_message{"closed", "sent", "dropped", "closed", "closed", "closed", "closed"};
constexpr Expected as_next_fragment{"closed", "dropped", "sent",  "closed",
                                    "closed", "closed",  "closed"};
constexpr Expected as_nonsense{"closed", "dropped", "dropped", "closed",
                               "closed", "closed",  "closed"};
constexpr Expected as_close{"yes", "yes", "yes", "no", "no", "no", "yes"};
constexpr Expected connected{"no", "yes", "yes", "yes", "no", "no", "no"};
constexpr Expected never{"no", "no", "no", "no", "no", "no", "no"};

template <class F>
std::function<std::string(Client&)> returns(F call) {
    return [call](Client& c) { return to_string(call(c)); };
}

const Bytes of_126(126);

const std::vector<Row> rows = {
    {"send a text", as_message, returns([](Client& c) { return c.send("text"); })},
    {"send what is no UTF-8",
     {"closed", "invalid", "dropped", "closed", "closed", "closed", "closed"},
     returns([](Client& c) { return c.send("\xFF"); })},
    {"send a binary", as_message, returns([](Client& c) { return c.send(of_126); })},
    {"send compressed, where nobody agreed on it", as_message,
     returns([](Client& c) { return c.send("text", Compress::always); })},
    {"send what is prepared", as_message,
     returns([](Client& c) { return c.send(PreparedMessage("text")); })},
    {"send what is prepared and empty", as_nonsense,
     returns([](Client& c) { return c.send(PreparedMessage()); })},
    {"send a first fragment", as_message,
     returns([](Client& c) { return c.send_fragment("a", Fragment::first); })},
    {"send a middle fragment", as_next_fragment,
     returns([](Client& c) { return c.send_fragment("a", Fragment::middle); })},
    {"send a last fragment", as_next_fragment,
     returns([](Client& c) { return c.send_fragment("a", Fragment::last); })},
    {"ping",
     {"closed", "sent", "sent", "closed", "closed", "closed", "closed"},
     returns([](Client& c) { return c.ping(); })},
    {"ping with 126 bytes", as_nonsense, returns([](Client& c) { return c.ping(of_126); })},

    {"close", as_close, returns([](Client& c) { return c.close(); })},
    {"close without a code", as_close, returns([](Client& c) { return c.close(1005); })},
    {"close with a reason", as_close,
     returns([](Client& c) { return c.close(4999, std::string(123, 'x')); })},
    {"close with code 999", never, returns([](Client& c) { return c.close(999); })},
    {"close with a reason that is too long", never,
     returns([](Client& c) { return c.close(1000, std::string(124, 'x')); })},
    {"close with a reason without a code", never,
     returns([](Client& c) { return c.close(1005, "x"); })},

    {"state",
     {"connecting", "open", "open", "closing", "closing", "closed", "closed"},
     [](Client& c) { return name_of(c.ready_state()); }},
    {"state after terminate",
     {"closing", "closing", "closing", "closing", "closing", "closed", "closed"},
     [](Client& c) {
         c.terminate();
         return name_of(c.ready_state());
     }},
    // It may be asked for where it is closed.
    {"state after reconnect",
     {"connecting", "open", "open", "closing", "closing", "connecting", "connecting"},
     [](Client& c) {
         if (c.ready_state() == ReadyState::closed) c.reconnect();
         return name_of(c.ready_state());
     }},
    {"has a handle", connected, returns([](Client& c) { return c.handle().is_live(); })},
    {"has a connection", connected, returns([](Client& c) { return c.connection() != nullptr; })},
    {"has a latency", never, returns([](Client& c) { return c.latency_us().has_value(); })},
};

// ---- The phases ------------------------------------------------------------------

using Act = std::function<void(Client&)>;

class ClientPhases : public ClientFixture {
  public:
    using ClientFixture::client;
    using ClientFixture::turn;
    using ClientFixture::until;

    // Connects to `server`. Each act is done once, whatever it leads to.
    void begin(Act in_open = {}, Act in_error = {}, Act in_close = {}) {
        ClientHandlers handlers = noting();
        handlers.open = [act = std::move(in_open)](Client& c) mutable { run(act, c); };
        handlers.error = [act = std::move(in_error)](Client& c, const ClientError&) mutable {
            run(act, c);
        };
        handlers.close = [this, act = std::move(in_close)](Client& c, const CloseEvent&) mutable {
            ++end_count;
            run(act, c);
        };
        handlers.reconnect = [](Client&, Reconnecting& plan) { plan.delay_ms = 60'000; };
        connect(server->url(), options, std::move(handlers));
    }
    void accept() { peer = server->accept_opened(); }
    void await(ReadyState state) {
        EXPECT_TRUE(until([&] { return client->ready_state() == state; }));
    }
    void open() {
        begin();
        accept();
        await(ReadyState::open);
    }
    // Of so many tries.
    void await_ends(std::size_t count) {
        EXPECT_TRUE(until([&] { return end_count == count; }));
    }

    const RawServer* server = nullptr;
    std::optional<RawPeer> peer{};
    edgews::ClientOptions options{};
    std::size_t end_count = 0;

  protected:
    // Of a pair: it is over, and nothing is left of it.
    void finish() {
        const bool was_closed = client->ready_state() == ReadyState::closed;
        const std::size_t expected_count = end_count + (was_closed ? 0 : 1);
        client->terminate();
        await_ends(expected_count);
        turn(2);
        EXPECT_EQ(end_count, expected_count);
        client.reset();
        peer.reset();
        while (server->has_waiting()) (void)server->accept();
        EXPECT_TRUE(until([&] { return loop.next_timeout_ms() == -1; }));
        end_count = 0;
        options = {};
    }

  private:
    static void run(Act& act, Client& c) {
        if (act) std::exchange(act, nullptr)(c);
    }
};

struct Phase {
    const char* name;
    const char* Expected::*expected;
    // Brings a new client there, and runs the act.
    std::function<void(ClientPhases&, const Act&)> reach;
};

const std::vector<Phase> phases = {
    {"connecting", &Expected::connecting,
     [](ClientPhases& t, const Act& act) {
         t.begin();
         act(*t.client);
     }},
    {"waiting for the answer", &Expected::connecting,
     [](ClientPhases& t, const Act& act) {
         t.begin();
         t.peer = t.server->accept();
         (void)t.peer->read_head();
         act(*t.client);
     }},
    {"in the open handler", &Expected::open,
     [](ClientPhases& t, const Act& act) {
         bool is_done = false;
         t.begin([&](Client& c) {
             act(c);
             is_done = true;
         });
         t.accept();
         EXPECT_TRUE(t.until([&] { return is_done; }));
     }},
    {"open", &Expected::open,
     [](ClientPhases& t, const Act& act) {
         t.open();
         act(*t.client);
     }},
    {"sending fragments", &Expected::in_fragments,
     [](ClientPhases& t, const Act& act) {
         t.open();
         EXPECT_EQ(t.client->send_fragment("a", Fragment::first), SendResult::sent);
         act(*t.client);
     }},
    {"after close", &Expected::closing,
     [](ClientPhases& t, const Act& act) {
         t.open();
         EXPECT_TRUE(t.client->close());
         act(*t.client);
     }},
    {"after the server's close frame", &Expected::closing,
     [](ClientPhases& t, const Act& act) {
         t.open();
         t.peer->send(server_frame(0x88, "\x03\xE8"));
         EXPECT_EQ(t.peer->read_frame().describe(), "88 1000");
         act(*t.client);
     }},
    {"after both close frames", &Expected::closing,
     [](ClientPhases& t, const Act& act) {
         t.open();
         EXPECT_TRUE(t.client->close());
         t.peer->send(server_frame(0x88, "\x03\xE8"));
         t.turn(2);
         act(*t.client);
     }},
    {"after terminate", &Expected::closing,
     [](ClientPhases& t, const Act& act) {
         t.open();
         t.client->terminate();
         act(*t.client);
     }},
    {"given up while it connects", &Expected::given_up,
     [](ClientPhases& t, const Act& act) {
         t.begin();
         EXPECT_TRUE(t.client->close());
         act(*t.client);
     }},
    {"in the error handler of a failure", &Expected::closed,
     [](ClientPhases& t, const Act& act) {
         t.begin({}, act);
         t.server->accept().reset();
         t.await_ends(1);
     }},
    {"in the error handler of a lost connection", &Expected::closed,
     [](ClientPhases& t, const Act& act) {
         t.begin({}, act);
         t.accept();
         t.await(ReadyState::open);
         t.peer->reset();
         t.await_ends(1);
     }},
    {"in the close handler of a failure", &Expected::closed,
     [](ClientPhases& t, const Act& act) {
         t.begin({}, {}, act);
         t.server->accept().reset();
         t.await_ends(1);
     }},
    {"in the close handler", &Expected::closed,
     [](ClientPhases& t, const Act& act) {
         t.begin({}, {}, act);
         t.accept();
         t.await(ReadyState::open);
         t.peer->send(server_frame(0x88, "\x03\xE8"));
         t.peer->close();
         t.await_ends(1);
     }},
    {"closed", &Expected::closed,
     [](ClientPhases& t, const Act& act) {
         t.open();
         t.peer->send(server_frame(0x88, "\x03\xE8"));
         t.peer->close();
         t.await(ReadyState::closed);
         act(*t.client);
     }},
    {"waiting to connect again", &Expected::waiting,
     [](ClientPhases& t, const Act& act) {
         t.options.reconnect.enabled = true;
         t.open();
         t.peer->reset();
         t.await(ReadyState::closed);
         act(*t.client);
     }},
};

TEST_F(ClientPhases, each_call_returns_in_each_of_them_what_the_table_says) {
    const RawServer its_server(loop);
    server = &its_server;
    for (const Phase& phase : phases) {
        for (const Row& row : rows) {
            SCOPED_TRACE(std::string(phase.name) + ": " + row.name);
            std::vector<std::string> answers;
            phase.reach(*this, [&](Client& c) { answers.push_back(row.call(c)); });
            ASSERT_EQ(answers.size(), 1U);
            EXPECT_EQ(answers.front(), row.expected.*phase.expected);
            finish();
        }
    }
}

}  // namespace
}  // namespace edgews::test
