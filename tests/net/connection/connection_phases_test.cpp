// Every phase of a connection with every function that may be called in it: what each pair returns.
// Whatever it was, the connection ends once, and nothing is sent behind a close frame.
#include "net/connection/websocket_connection.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/answers.hpp"
#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

// ---- What may be called --------------------------------------------------------

using Call = std::function<std::string(Connection&)>;

// By what the phases have in common.
struct Expected {
    const char* open;
    const char* in_fragments;  // The first of a message was sent.
    const char* blocked;       // The peer does not read.
    const char* closing;       // It begins to end.
    const char* ended;         // In the close handler.
};

struct Row {
    const char* name;
    Expected expected;
    Call call;
};

constexpr Expected as_message{"sent", "dropped", "queued", "closed", "closed"};
constexpr Expected as_control{"sent", "sent", "queued", "closed", "closed"};
constexpr Expected as_next_fragment{"dropped", "sent", "dropped", "closed", "closed"};
constexpr Expected as_nonsense{"dropped", "dropped", "dropped", "closed", "closed"};
constexpr Expected while_open{"yes", "yes", "yes", "no", "no"};
constexpr Expected until_ended{"yes", "yes", "yes", "yes", "no"};
constexpr Expected always{"yes", "yes", "yes", "yes", "yes"};
constexpr Expected never{"no", "no", "no", "no", "no"};

const Bytes of_126(126);
const std::array pieces_of_two{std::as_bytes(std::span("a", 1)), std::as_bytes(std::span("b", 1))};

template <class F>
Call sends(F send) {
    return [send](Connection& c) { return to_string(send(c)); };
}
template <class F>
Call asks(F ask) {
    return [ask](Connection& c) { return to_string(static_cast<bool>(ask(c))); };
}

const std::vector<Row> rows = {
    {"send a text", as_message, sends([](auto& c) { return c.send("text"); })},
    {"send an empty text", as_message, sends([](auto& c) { return c.send(""); })},
    {"send what is no UTF-8",
     {"invalid", "dropped", "invalid", "closed", "closed"},
     sends([](auto& c) { return c.send("\xFF"); })},
    {"send a binary", as_message, sends([](auto& c) { return c.send(of_126); })},
    {"send compressed, where nobody agreed on it", as_message,
     sends([](auto& c) { return c.send("text", Compress::always); })},
    {"send pieces", as_message,
     sends([](auto& c) { return c.send(Message::Kind::text, pieces_of_two); })},
    {"send what is prepared", as_message,
     sends([](auto& c) { return c.send(PreparedMessage("text")); })},
    {"send what is prepared and empty", as_nonsense,
     sends([](auto& c) { return c.send(PreparedMessage()); })},
    {"send a first fragment", as_message,
     sends([](auto& c) { return c.send_fragment("a", Fragment::first); })},
    {"send a middle fragment", as_next_fragment,
     sends([](auto& c) { return c.send_fragment("a", Fragment::middle); })},
    {"send a last fragment", as_next_fragment,
     sends([](auto& c) { return c.send_fragment("a", Fragment::last); })},
    {"ping", as_control, sends([](auto& c) { return c.ping(); })},
    {"ping with 126 bytes", as_nonsense, sends([](auto& c) { return c.ping(of_126); })},
    {"pong", as_control, sends([](auto& c) { return c.pong(); })},
    {"pong with 126 bytes", as_nonsense, sends([](auto& c) { return c.pong(of_126); })},
    {"send by the handle", as_message, sends([](auto& c) { return c.handle().send("text"); })},

    {"close", while_open, asks([](auto& c) { return c.close(); })},
    {"close without a code", while_open, asks([](auto& c) { return c.close(1005); })},
    {"close with the longest reason", while_open,
     asks([](auto& c) { return c.close(4999, std::string(123, 'x')); })},
    {"close by the handle", while_open, asks([](auto& c) { return c.handle().close(); })},
    {"close with code 999", never, asks([](auto& c) { return c.close(999); })},
    {"close with code 1006", never, asks([](auto& c) { return c.close(1006); })},
    {"close with a reason that is too long", never,
     asks([](auto& c) { return c.close(1000, std::string(124, 'x')); })},
    {"close with a reason that is no UTF-8", never,
     asks([](auto& c) { return c.close(1000, "\xC3"); })},
    {"close with a reason without a code", never, asks([](auto& c) { return c.close(1005, "x"); })},
    {"close with code 999 by the handle", never,
     asks([](auto& c) { return c.handle().close(999); })},
    {"is open after terminate", never, asks([](auto& c) {
         c.terminate();
         return c.is_open();
     })},
    {"terminate by the handle", until_ended, asks([](auto& c) { return c.handle().terminate(); })},

    {"is paused after pause_reading", while_open, asks([](auto& c) {
         c.pause_reading();
         return c.is_paused();
     })},
    {"is paused after resume_reading", never, asks([](auto& c) {
         c.resume_reading();
         return c.is_paused();
     })},

    {"subscribe", until_ended, asks([](auto& c) { return c.subscribe("another"); })},
    {"subscribe to what it has", never, asks([](auto& c) { return c.subscribe("own"); })},
    {"unsubscribe", until_ended, asks([](auto& c) { return c.unsubscribe("own"); })},
    {"unsubscribe from what it has not", never,
     asks([](auto& c) { return c.unsubscribe("another"); })},
    {"is subscribed", until_ended, asks([](auto& c) { return c.is_subscribed("own"); })},
    {"is subscribed to what it has not", never,
     asks([](auto& c) { return c.is_subscribed("another"); })},
    // The listener is told.
    {"publish", always, asks([](auto& c) {
         c.publish("news", "published");
         return true;
     })},
    {"publish what is prepared", always, asks([](auto& c) {
         c.publish("news", PreparedMessage("published"));
         return true;
     })},

    {"is open", while_open, asks([](auto& c) { return c.is_open(); })},
    {"is sending fragments", {"no", "yes", "no", "no", "no"}, asks([](auto& c) {
         return c.is_sending_fragments();
     })},
    {"push out", {"yes", "yes", "no", "yes", "yes"}, asks([](auto& c) {
         return engine_of(c).push_out();
     })},
    {"has user data of no route", never, asks([](auto& c) { return c.template data_if<int>(); })},
    {"throws for user data of no route", always, asks([](auto& c) {
         try {
             (void)c.template data<int>();
         } catch (const std::logic_error&) {
             return true;
         }
         return false;
     })},
    {"knows its peer", always,
     asks([](auto& c) { return c.remote_address().ip() == "127.0.0.1"; })},
    {"has a subprotocol", never, asks([](auto& c) { return !c.subprotocol().empty(); })},
    {"has compression", never, asks([](auto& c) { return c.compression(); })},
};

// ---- The phases ------------------------------------------------------------------

using Act = std::function<void(Connection&)>;

// What happens in the handlers of the connection.
struct Script {
    Act open{};
    Act message{};
    Act error{};
    Act close{};
};

// A server with one connection at a time, and one that listens to its news.
class Stage {
  public:
    Stage() {
        server_->ws("/", {.open =
                              [this](Connection& c) {
                                  connection_ = &c;
                                  EXPECT_TRUE(c.subscribe("own"));
                                  run(script_.open, c);
                              },
                          .message = [this](Connection& c, Message) { run(script_.message, c); },
                          .error = [this](Connection& c, auto) { run(script_.error, c); },
                          .close =
                              [this](Connection& c, CloseEvent) {
                                  run(script_.close, c);
                                  connection_ = nullptr;
                                  ends_.add("close");
                              }});
        server_->ws("/news", {.open = [](Connection& c) { c.subscribe("news"); }});
        server_.start();
        listener_ = server_.open("/news");
    }

    // A new connection.
    void open(Script script = {}) {
        server_.on_loop([&] { script_ = std::move(script); });
        client_ = server_.connect({.receive_buffer = 4096});
        client_.send(TestClient::upgrade_head());
        try {
            (void)client_.read_reply();
        } catch (const std::runtime_error& error) {
            expect_ended(error);  // Within its open handler.
        }
    }
    // What somebody does with it in no handler.
    void act(const Act& act) {
        server_.on_loop([&] { act(*connection_); });
    }
    [[nodiscard]] TestClient& client() { return client_; }
    [[nodiscard]] TestClient& listener() { return listener_; }

    // It ends, whatever happened, and once.
    void finish() {
        server_.on_loop([&] {
            script_ = {};
            if (connection_ != nullptr) connection_->close(1001);
        });
        if (client_.is_open()) read_to_end();
        client_.close();
        ++end_count_;
        (void)ends_.wait_for(end_count_);
        server_.wait_for(Counter::connections_open, 1);
        EXPECT_EQ(ends_.all().size(), end_count_);
    }

  private:
    static void run(const Act& act, Connection& c) {
        if (act) act(c);
    }
    static void expect_ended(const std::runtime_error& error) {
        EXPECT_STRNE(error.what(), "nothing happened in time");
    }
    // Between the fragments of a message comes no other, and behind a close frame nothing (RFC
    // 6455, sections 5.4 and 5.5.1).
    void read_to_end() {
        bool is_inside = false;
        bool is_closed = false;
        try {
            for (;;) {
                const ReceivedFrame frame = client_.read_frame();
                EXPECT_FALSE(is_closed);
                const unsigned opcode = frame.first_byte & 0x0F;
                if (opcode == 8) {
                    is_closed = true;
                    client_.send_close(1000);
                } else if (opcode < 8) {
                    EXPECT_EQ(opcode == 0, is_inside);
                    is_inside = (frame.first_byte & 0x80) == 0;
                }
            }
        } catch (const std::runtime_error& error) {
            expect_ended(error);
        }
    }

    Notes ends_;
    std::size_t end_count_ = 0;
    Script script_;                     // The loop's,
    Connection* connection_ = nullptr;  // as this; null: it has ended.
    TestServer server_;
    TestClient client_ = TestClient::unconnected();
    TestClient listener_ = TestClient::unconnected();
};

struct Phase {
    const char* name;
    const char* Expected::*expected;
    // Brings a new connection there, and runs the act.
    std::function<void(Stage&, const Act&)> reach;
};

const std::vector<Phase> phases = {
    {"in the open handler", &Expected::open,
     [](Stage& stage, const Act& act) { stage.open({.open = act}); }},
    {"in the message handler", &Expected::open,
     [](Stage& stage, const Act& act) {
         stage.open({.message = act});
         stage.client().send_text("now");
     }},
    {"open", &Expected::open,
     [](Stage& stage, const Act& act) {
         stage.open();
         stage.act(act);
     }},
    {"paused", &Expected::open,
     [](Stage& stage, const Act& act) {
         stage.open();
         stage.act([&](Connection& c) {
             c.pause_reading();
             act(c);
         });
     }},
    {"sending fragments", &Expected::in_fragments,
     [](Stage& stage, const Act& act) {
         stage.open();
         stage.act([&](Connection& c) {
             EXPECT_EQ(c.send_fragment("a", Fragment::first), SendResult::sent);
             act(c);
         });
     }},
    {"blocked", &Expected::blocked,
     [](Stage& stage, const Act& act) {
         stage.open();
         stage.act([&](Connection& c) {
             do {
                 c.send(std::string(32'000, 'x'));
             } while (engine_of(c).push_out());
             act(c);
         });
     }},
    {"after close", &Expected::closing,
     [](Stage& stage, const Act& act) {
         stage.open();
         stage.act([&](Connection& c) {
             EXPECT_TRUE(c.close(4000));
             act(c);
         });
     }},
    {"after terminate", &Expected::closing,
     [](Stage& stage, const Act& act) {
         stage.open();
         stage.act([&](Connection& c) {
             c.terminate();
             act(c);
         });
     }},
    {"reset, which a send has found out", &Expected::closing,
     [](Stage& stage, const Act& act) {
         stage.open();
         stage.act([&](Connection& c) {
             stage.client().reset();
             while (c.is_open()) {
                 c.send("x");
                 (void)engine_of(c).push_out();
             }
             act(c);
         });
     }},
    {"in the error handler of a broken rule", &Expected::closing,
     [](Stage& stage, const Act& act) {
         stage.open({.error = act});
         stage.client().send_hex("FF");
     }},
    {"in the error handler of an exception", &Expected::closing,
     [](Stage& stage, const Act& act) {
         stage.open({.message = [](Connection&) { throw std::runtime_error("as it should"); },
                     .error = act});
         stage.client().send_text("now");
     }},
    {"in the close handler, closed by the peer", &Expected::ended,
     [](Stage& stage, const Act& act) {
         stage.open({.close = act});
         stage.client().send_close(1000);
     }},
    {"in the close handler, closed by us", &Expected::ended,
     [](Stage& stage, const Act& act) {
         stage.open({.close = act});
         stage.act([](Connection& c) { EXPECT_TRUE(c.close(4000)); });
         stage.client().send_close(1000);
     }},
    {"in the close handler of a peer that ended", &Expected::ended,
     [](Stage& stage, const Act& act) {
         stage.open({.close = act});
         stage.client().half_close();
     }},
    {"in the close handler of a peer that reset", &Expected::ended,
     [](Stage& stage, const Act& act) {
         stage.open({.close = act});
         stage.client().reset();
     }},
    {"in the close handler of a broken rule", &Expected::ended,
     [](Stage& stage, const Act& act) {
         stage.open({.close = act});
         stage.client().send_hex("FF");
     }},
    {"in the close handler, terminated", &Expected::ended,
     [](Stage& stage, const Act& act) {
         stage.open({.close = act});
         stage.act([](Connection& c) { c.terminate(); });
     }},
};

TEST(ConnectionPhases, each_call_returns_in_each_of_them_what_the_table_says) {
    Stage stage;
    Notes answers;
    std::size_t count = 0;
    for (const Phase& phase : phases) {
        for (const Row& row : rows) {
            SCOPED_TRACE(std::string(phase.name) + ": " + row.name);
            phase.reach(stage, [&](Connection& c) { answers.add(row.call(c)); });
            EXPECT_EQ(answers.wait_for(++count).back(), row.expected.*phase.expected);
            if (std::string_view(row.name).starts_with("publish")) {
                stage.listener().expect_text("published");
            }
            stage.finish();
        }
    }
    EXPECT_EQ(answers.all().size(), count);
}

}  // namespace
}  // namespace edgews::test
