// One try of a client to connect, by itself: its owner hears one end of it, never from within a
// call and never after cancel(), and may destroy it or begin the next one when it hears.
#include "net/client/client_try.hpp"
#include "tests/support/client_fixture.hpp"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace edgews {
namespace {

using test::name_of;
using test::Place;
using test::RawPeer;
using test::RawServer;
using test::SlowLookup;

class ClientTries : public test::ClientFixture, public ClientTry::Owner {
  protected:
    ClientTries() {
        hole.become_black_hole();
        fd_count = test::open_fd_count();  // With these.
    }

    void TearDown() override {
        end();
        options = {};
        slow.let_go();
        slow.wait_until_destroyed();
        ClientFixture::TearDown();
    }
    void begin(const std::string& url, ClientOptions new_options = {}) {
        end();
        options = std::move(new_options);
        attempt.emplace(reactor, options, *this);
        attempt->begin(url);
        EXPECT_EQ(notes, Notes{}) << "from within begin()";
    }
    void end() {
        attempt.reset();
        peer.reset();
        while (server.has_waiting()) (void)server.accept();
        forget();
    }
    // To `server`, which has the request and says this.
    void begin_and_hear(std::string_view answer) {
        begin(server.url());
        peer = server.accept();
        peer->read_head();
        peer->send(answer);
        turn(2);
    }

    void try_opened(ClientOpening& opening, const HttpHead&, const ReadOpeningResponse&,
                    std::span<std::byte>) override {
        opening.cancel();
        hear("opened");
    }
    void try_failed(const ClientError& failure) override {
        error = failure;
        hear("failed " + name_of(failure.stage));
    }
    void hear(std::string what) {
        notes.push_back(std::move(what));
        if (const auto act = std::exchange(then, {})) act();
    }

    const RawServer server{loop};
    Place hole{"127.0.0.1"};
    const Place refusing{"127.0.0.1"};
    const SlowLookup slow{};
    ClientOptions options{};
    std::optional<ClientTry> attempt{};
    std::optional<RawPeer> peer{};
    std::function<void()> then{};  // Called once, when the owner hears something.
};

TEST_F(ClientTries, cancelled_or_destroyed_anywhere_one_tells_nothing_and_leaves_nothing) {
    const std::pair<const char*, std::function<void()>> places[] = {
        {"it cannot begin", [this] { begin("bad"); }},
        {"it resolves", [this] { begin("ws://a.test/", {.lookup = slow.lookup()}); }},
        {"it connects", [this] { begin("ws://" + hole.name() + "/"); }},
        {"it waits for an answer", [this] { begin_and_hear(""); }},
        {"it waits for the end of one", [this] { begin_and_hear("HTTP/1.1 503 x\r\n\r\nx"); }},
        {"it was given up",
         [this] {
             begin_and_hear("");
             attempt->give_up();
         }},
    };
    const std::function<void()> acts[] = {[this] { attempt->cancel(); },
                                          [this] { attempt.reset(); }};
    for (const auto& [name, reach] : places) {
        for (const auto& act : acts) {
            SCOPED_TRACE(name);
            reach();
            act();
            turn(3);
            EXPECT_EQ(loop.next_timeout_ms(), -1);
            EXPECT_EQ(notes, Notes{});
            if (peer) peer->expect_end();
        }
    }
}

TEST_F(ClientTries, whoever_hears_of_its_end_may_destroy_it_or_begin_the_next_one) {
    const struct {
        const char* name;
        std::function<void()> reach;
        const char* end;
    } rows[] = {
        {"it cannot begin", [this] { begin("bad"); }, "failed options"},
        {"no name is found",
         [this] {
             begin("ws://a.test/", {.lookup = [](const std::string&, std::uint16_t) {
                       return Resolved{.error = {std::make_error_code(std::errc::io_error), "x"}};
                   }});
         },
         "failed resolve"},
        {"it is refused", [this] { begin("ws://" + refusing.name() + "/"); }, "failed connect"},
        {"it takes too long",
         [this] { begin("ws://" + hole.name() + "/", {.open_timeout_ms = 1}); }, "failed connect"},
        {"the server refuses",
         [this] { begin_and_hear("HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n"); },
         "failed handshake"},
        {"the server goes",
         [this] {
             begin_and_hear("");
             peer->reset();
         },
         "failed handshake"},
        {"it is given up",
         [this] {
             begin_and_hear("");
             attempt->give_up();
             EXPECT_EQ(notes, Notes{}) << "from within give_up()";
         },
         "failed handshake"},
        {"it opens",
         [this] {
             begin(server.url());
             peer = server.accept_opened();
         },
         "opened"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        then = [this] { attempt.reset(); };
        row.reach();
        expect_notes({row.end});
        EXPECT_EQ(loop.next_timeout_ms(), -1);

        then = [this] {
            options = {};
            attempt->begin(server.url("/next"));
        };
        row.reach();
        await_notes(1);
        const RawPeer next = server.accept_opened();
        expect_notes({row.end, "opened"});
        EXPECT_EQ(attempt->url(), server.url("/next"));
        EXPECT_EQ(attempt->name(), server.url("/next"));
        EXPECT_EQ(attempt->peer().to_string(), server.name());
    }
}

TEST_F(ClientTries, one_that_follows_another_counts_its_redirections_anew) {
    const auto redirect = [this] {
        peer = server.accept();
        peer->read_head();
        peer->send("HTTP/1.1 302 x\r\nLocation: /else\r\nContent-Length: 0\r\n\r\n");
    };
    begin(server.url(), {.redirect_count_max = 1});
    then = [this] { attempt->begin(server.url()); };
    redirect();
    redirect();
    await_notes(1);
    EXPECT_NE(error.error.message.find("not followed"), std::string::npos);
    redirect();
    const RawPeer opened = server.accept_opened();
    expect_notes({"failed handshake", "opened"});
    EXPECT_EQ(attempt->url(), server.url("/else"));
}

}  // namespace
}  // namespace edgews
