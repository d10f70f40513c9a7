// Every state of the decision about an upgrade with everything that may happen to it: within the
// handler, and after it was deferred.
#include <edgews/upgrade.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

// ---- Within the handler ------------------------------------------------------

enum class State { undecided, rejected, deferred, accepted, refused, failed };
enum class Act { reject, defer, accept_deferred, reject_deferred, fail };

constexpr std::array acts{Act::reject, Act::defer, Act::accept_deferred, Act::reject_deferred,
                          Act::fail};

struct Row {
    State before;
    std::array<State, acts.size()> after;  // Each of the acts.
};

// The last word of the handler counts, until what it deferred is decided on: then that.
constexpr Row rows[] = {
    {State::undecided,
     {State::rejected, State::deferred, State::accepted, State::refused, State::failed}},
    {State::rejected,
     {State::rejected, State::deferred, State::accepted, State::refused, State::failed}},
    {State::deferred,
     {State::rejected, State::deferred, State::accepted, State::refused, State::failed}},
    {State::accepted,
     {State::accepted, State::accepted, State::accepted, State::accepted, State::failed}},
    {State::refused,
     {State::refused, State::refused, State::refused, State::refused, State::failed}},
};

State after(State before, Act act) {
    for (const Row& row : rows) {
        if (row.before == before) return row.after[static_cast<std::size_t>(act)];
    }
    return before;  // Nothing follows an exception.
}

// How the request is answered.
unsigned status_of(State state) {
    switch (state) {
        case State::rejected: return 401;
        case State::refused: return 409;
        case State::failed: return 500;
        case State::undecided:
        case State::accepted:
        case State::deferred: break;  // Until somebody says something else.
    }
    return 101;
}

std::string to_string(Act act) {
    switch (act) {
        case Act::reject: return "reject";
        case Act::defer: return "defer";
        case Act::accept_deferred: return "accept what is deferred";
        case Act::reject_deferred: return "reject what is deferred";
        case Act::fail: return "throw";
    }
    return "?";
}

// A server whose handler does what it is told.
class UpgradeStates : public testing::Test {
  protected:
    UpgradeStates() {
        server_->ws("/", {.upgrade = [this](const Request&, Upgrade& upgrade) { act(upgrade); }});
        server_.start();
    }

    void try_sequence(std::vector<Act> sequence) {
        std::string name = "acts:";
        for (const Act act : sequence) name += " " + to_string(act) + ",";
        SCOPED_TRACE(name);
        server_.on_loop([&] {
            sequence_ = std::move(sequence);
            deferred_.clear();
        });
        TestClient client = server_.connect();
        client.send(TestClient::upgrade_head());
        const std::string state = ran_.wait_for(++count_).back();
        if (state == "deferred") expect_open();
        EXPECT_EQ(client.read_reply().status, status_of(state_));
        // Whatever it was that was deferred: it is decided.
        for (const DeferredUpgrade& deferred : deferred_) {
            EXPECT_FALSE(deferred.accept());
            EXPECT_FALSE(deferred.reject(410));
        }
    }

  private:
    void act(Upgrade& upgrade) {
        state_ = State::undecided;
        const auto defer = [&] {
            deferred_.push_back(upgrade.defer());
            return deferred_.back();
        };
        for (const Act act : sequence_) {
            const bool is_decided = state_ == State::accepted || state_ == State::refused;
            state_ = after(state_, act);
            switch (act) {
                case Act::reject: upgrade.reject(401); break;
                case Act::defer: (void)defer(); break;
                case Act::accept_deferred: EXPECT_EQ(defer().accept(), !is_decided); break;
                case Act::reject_deferred: EXPECT_EQ(defer().reject(409), !is_decided); break;
                case Act::fail: ran_.add("failed"); throw std::runtime_error("as it was told");
            }
        }
        ran_.add(state_ == State::deferred ? "deferred" : "decided");
    }
    // Of all that were handed out, the last can be decided on, once.
    void expect_open() {
        EXPECT_TRUE(deferred_.back().accept());
        EXPECT_FALSE(deferred_.back().reject(410));
    }

    Notes ran_;
    std::size_t count_ = 0;
    // The loop's, and the test's once that has noted that the handler ran.
    std::vector<Act> sequence_;
    State state_ = State::undecided;
    std::vector<DeferredUpgrade> deferred_;
    TestServer server_;
};

TEST_F(UpgradeStates, any_three_acts_of_a_handler_come_to_what_the_table_says) {
    try_sequence({});
    for (const Act first : acts) {
        try_sequence({first});
        for (const Act second : acts) {
            try_sequence({first, second});
            for (const Act third : acts) try_sequence({first, second, third});
        }
    }
}

// ---- Deferred ------------------------------------------------------------------

// A client whose handshake a server has deferred the decision about.
class Waiting {
  public:
    explicit Waiting(const ServerOptions& options = {}) {
        server_.emplace(options);
        (*server_)->ws("/",
                       {.upgrade =
                            [this](const Request&, Upgrade& upgrade) {
                                deferred_ = upgrade.defer();
                                notes_.add("deferred");
                            },
                        .open = [this](Connection&) { notes_.add("open"); },
                        .close = [this](Connection&, CloseEvent e) { notes_.add(describe(e)); }});
        server_->start();
        client_.emplace(server_->connect());
        client_->send(TestClient::upgrade_head());
        (void)notes_.wait_for(1);
    }

    [[nodiscard]] const DeferredUpgrade& deferred() const { return deferred_; }
    [[nodiscard]] TestClient& client() { return *client_; }
    [[nodiscard]] TestServer& server() { return *server_; }
    void destroy_server() { server_.reset(); }
    [[nodiscard]] unsigned read_status() { return client_->read_reply().status; }
    // All that happens to who has gone: in the end, nobody is there.
    void await_end() { server_->wait_for(Counter::connections_open, 0); }
    [[nodiscard]] List notes() { return notes_.all(); }

  private:
    Notes notes_;
    DeferredUpgrade deferred_;
    std::optional<TestServer> server_;
    std::optional<TestClient> client_;
};

struct LateRow {
    const char* name;
    ServerOptions options;
    // What happens before the decision.
    std::function<void(Waiting&)> before;
    bool is_open;  // A decision still counts.
    // What comes of acceptance, and of rejection; or, where they do not count, of what was before.
    std::function<void(Waiting&)> after_accept;
    std::function<void(Waiting&)> after_reject;
};

void expect_101(Waiting& waiting) {
    EXPECT_EQ(waiting.read_status(), 101U);
    waiting.client().close_cleanly();
    waiting.await_end();
    EXPECT_EQ(waiting.notes(), (List{"deferred", "open", "close 1000  clean"}));
}

std::function<void(Waiting&)> expect_answer(unsigned status) {
    return [status](Waiting& waiting) {
        EXPECT_EQ(waiting.read_status(), status);
        waiting.client().expect_eof();
        waiting.client().close();
        waiting.await_end();
        EXPECT_EQ(waiting.notes(), List{"deferred"});
    };
}

// Nobody is left to be told, but the handlers.
std::function<void(Waiting&)> expect_notes(List notes) {
    return [notes = std::move(notes)](Waiting& waiting) {
        waiting.await_end();
        EXPECT_EQ(waiting.notes(), notes);
    };
}

void nothing(Waiting&) {}

const std::vector<LateRow> late_rows = {
    {"waiting", {}, nothing, true, expect_101, expect_answer(410)},
    {"accepted",
     {},
     [](Waiting& w) { EXPECT_TRUE(w.deferred().accept()); },
     false,
     expect_101,
     expect_101},
    {"rejected",
     {},
     [](Waiting& w) { EXPECT_TRUE(w.deferred().reject(402)); },
     false,
     expect_answer(402),
     expect_answer(402)},
    {"closed again",
     {},
     [](Waiting& w) {
         EXPECT_TRUE(w.deferred().accept());
         expect_101(w);
     },
     false,
     nothing,
     nothing},
    {"timed out",
     {.handshake_timeout_ms = 40},
     [](Waiting& w) { EXPECT_EQ(w.read_status(), 503U); },
     false,
     nothing,
     nothing},
    {"left by a client that said so",
     {},
     [](Waiting& w) {
         w.client().close();
         w.server().on_loop([] {});
     },
     true,
     expect_notes({"deferred", "open", "close 1006  unclean"}),
     expect_notes({"deferred"})},
    {"half-closed by the client",
     {},
     [](Waiting& w) {
         w.client().half_close();
         w.server().on_loop([] {});
     },
     true,
     [](Waiting& w) {
         EXPECT_EQ(w.read_status(), 101U);
         w.client().expect_eof();
         expect_notes({"deferred", "open", "close 1006  unclean"})(w);
     },
     expect_answer(410)},
    {"reset by the client",
     {},
     [](Waiting& w) {
         w.client().reset();
         w.await_end();
     },
     false,
     expect_notes({"deferred"}),
     expect_notes({"deferred"})},
    {"shut down",
     {},
     [](Waiting& w) {
         w.server().on_loop([&] { w.server()->shutdown(60'000); });
         EXPECT_EQ(w.read_status(), 503U);
         w.client().close();
     },
     false,
     nothing,
     nothing},
    {"outlived", {}, [](Waiting& w) { w.destroy_server(); }, false, nothing, nothing},
};

TEST(DeferredStates, a_decision_counts_once_and_while_somebody_waits_for_it) {
    for (const LateRow& row : late_rows) {
        for (const bool is_accept : {true, false}) {
            SCOPED_TRACE(std::string(row.name) + (is_accept ? ": accept" : ": reject"));
            Waiting waiting(row.options);
            row.before(waiting);
            const auto decide = [&](bool accepts) {
                return accepts ? waiting.deferred().accept() : waiting.deferred().reject(410);
            };
            EXPECT_EQ(decide(is_accept), row.is_open);
            for (const bool accepts : {true, false}) EXPECT_FALSE(decide(accepts));
            is_accept ? row.after_accept(waiting) : row.after_reject(waiting);
            for (const bool accepts : {true, false}) EXPECT_FALSE(decide(accepts));
        }
    }
}

TEST(DeferredStates, on_the_loop_itself_it_is_the_same) {
    for (const bool is_accept : {true, false}) {
        Waiting waiting;
        waiting.server().on_loop([&] {
            const DeferredUpgrade& deferred = waiting.deferred();
            EXPECT_TRUE(is_accept ? deferred.accept() : deferred.reject(410));
            EXPECT_FALSE(deferred.accept());
            EXPECT_FALSE(deferred.reject(411));
        });
        is_accept ? expect_101(waiting) : expect_answer(410)(waiting);
    }
}

TEST(DeferredStates, where_nothing_was_deferred_nothing_is_decided) {
    const DeferredUpgrade none;
    EXPECT_FALSE(none.accept());
    EXPECT_FALSE(none.reject(410));
}

}  // namespace
}  // namespace edgews::test
