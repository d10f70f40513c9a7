// What a client waits for, and for how long: to the millisecond, by a clock that is told.
#include "world_fixture.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace edgews::sim::test {
namespace {

using edgews::test::lookup_of;
using edgews::test::Place;
using edgews::test::RawPeer;
using edgews::test::RawServer;
using edgews::test::socket_address;
using edgews::test::steady_ms;

class ClientTimes : public ClientInWorld {};

const std::string busy = "HTTP/1.1 503 Busy\r\n";
const std::string chunks = busy + "Transfer-Encoding: chunked\r\n\r\n";

// How long a refusal is waited for: an answer that is whole is told at once.
TEST_F(ClientTimes, a_body_is_waited_for_as_long_as_its_head_and_the_limits_say) {
    const struct {
        const char* name;
        std::string answer;
        std::uint32_t limit_ms;
        std::uint64_t took_ms;
        std::string body;
    } rows[] = {
        {"announced", busy + "Content-Length: 9\r\n\r\nTry", 0, 1'000, "Try"},
        {"announced, a low limit", busy + "Content-Length: 9\r\n\r\nTry", 30, 30, "Try"},
        {"announced, the lowest limit", busy + "Content-Length: 9\r\n\r\nTry", 1, 1, "Try"},
        {"announced, a high limit", busy + "Content-Length: 9\r\n\r\nTry", 2'000, 1'000, "Try"},
        {"in chunks", chunks + "9\r\nTry", 0, 1'000, "Try"},
        {"without an end", busy + "\r\nTry", 0, 100, "Try"},
        {"without an end, a low limit", busy + "\r\nTry", 50, 50, "Try"},
        {"without an end, a high limit", busy + "\r\nTry", 500, 100, "Try"},
        {"announced and whole", busy + "Content-Length: 3\r\n\r\nTry", 0, 0, "Try"},
        {"in chunks and whole", chunks + "3\r\nTry\r\n0\r\n\r\n", 0, 0, "Try"},
        {"with more behind its last chunk", chunks + "1\r\nT\r\n0\r\n\r\n2\r\nry\r\n", 0, 0, "T"},
        {"in chunks with a broken one", chunks + "1\r\nT\r\nx\r\n2\r\nry\r\n", 0, 0, "T"},
        {"204", "HTTP/1.1 204 None\r\n\r\n", 0, 0, ""},
        {"304", "HTTP/1.1 304 Same\r\n\r\n", 0, 0, ""},
        {"200", "HTTP/1.1 200 OK\r\n\r\n", 0, 100, ""},
        {"203", "HTTP/1.1 203 OK\r\n\r\n", 0, 100, ""},
        {"205", "HTTP/1.1 205 OK\r\n\r\n", 0, 100, ""},
        {"303", "HTTP/1.1 303 There\r\n\r\n", 0, 100, ""},
        {"305", "HTTP/1.1 305 There\r\n\r\n", 0, 100, ""},
        {"as much as is wanted", busy + "\r\n0123456789", 0, 0, "0123456789"},
        {"one less than is wanted", busy + "\r\n012345678", 0, 100, "012345678"},
        {"more than is wanted", busy + "\r\n0123456789a", 0, 0, "0123456789"},
        {"in chunks that take too much", chunks + "1;" + std::string(73, 'x') + "\r\n0\r\n", 0, 0,
         "0"},
        {"in chunks that take much", chunks + "1;" + std::string(72, 'x') + "\r\n0\r\n", 0, 1'000,
         "0"},
    };
    const RawServer server(loop);
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        forget();
        connect(server.url(),
                {.handshake_timeout_ms = row.limit_ms, .open_timeout_ms = 0, .body_size_max = 10});
        RawPeer peer = server.accept();
        (void)peer.read_head();
        begin_ms = steady_ms();
        peer.send(row.answer);
        expect_failure(ClientStage::handshake, "the server refuses");
        EXPECT_EQ(took_ms, row.took_ms);
        EXPECT_EQ(error.body, row.body);
        peer.expect_end();
    }
}

// Somebody in each step of opening who does not answer.
class Silence : public ClientInWorld {
  protected:
    struct Step {
        ClientStage stage;
        std::string url;
        ClientOptions options;
        std::uint32_t ClientOptions::*limit;
        std::string message;  // Where it is the step's limit.
    };
    Silence() { world.kernel().network().silence("192.0.2.1"); }

    [[nodiscard]] std::vector<Step> steps() const {
        const auto asleep = [](const std::string&, std::uint16_t) {
            std::this_thread::sleep_for(std::chrono::seconds(5));
            return Resolved{};
        };
        return {
            {ClientStage::resolve,
             "ws://a.test/",
             {.lookup = asleep},
             &ClientOptions::resolve_timeout_ms,
             "resolve a.test: no answer within"},
            {ClientStage::connect,
             "ws://192.0.2.1/",
             {},
             &ClientOptions::connect_timeout_ms,
             "connect to 192.0.2.1:80: no answer within"},
            {ClientStage::proxy,
             "ws://a.test/",
             {.proxy = "http://" + server.name()},
             &ClientOptions::handshake_timeout_ms,
             "no answer in time"},
            {ClientStage::handshake,
             server.url(),
             {},
             &ClientOptions::handshake_timeout_ms,
             "no answer in time"},
        };
    }
    void expect_given_up(const Step& step, const ClientOptions& options, std::uint32_t after_ms,
                         const std::string& message) {
        SCOPED_TRACE(edgews::test::name_of(step.stage) + " " + std::to_string(after_ms));
        forget();
        connect(step.url, options);
        expect_failure(step.stage, "open " + step.url + ": " + message);
        EXPECT_EQ(error.error.code, std::make_error_code(std::errc::timed_out));
        EXPECT_EQ(took_ms, after_ms);
        EXPECT_EQ(loop.next_timeout_ms(), -1);
        // Nothing goes on, and nothing comes of it later.
        for (int ms = 0; ms < 5'001; ++ms) loop.poll(1);
        EXPECT_EQ(notes.size(), 2U);
        while (server.has_waiting()) server.accept().expect_end();
        client.reset();
    }

    const RawServer server{loop};
};

TEST_F(Silence, in_any_step_ends_with_the_limit_of_that_step) {
    for (const Step& step : steps()) {
        for (const std::uint32_t limit_ms : {1U, 2U, 70U}) {
            ClientOptions options = step.options;
            options.open_timeout_ms = 0;
            options.*step.limit = limit_ms;
            expect_given_up(step, options, limit_ms, step.message);
        }
    }
}

TEST_F(Silence, in_any_step_ends_with_the_limit_of_all) {
    for (const Step& step : steps()) {
        for (const std::uint32_t limit_ms : {1U, 2U, 70U}) {
            ClientOptions options = step.options;
            options.open_timeout_ms = limit_ms;
            options.*step.limit = 0;
            expect_given_up(step, options, limit_ms, "not open in time");
        }
    }
}

TEST_F(ClientTimes, what_the_application_gave_up_ends_soon_but_not_at_once) {
    const RawServer server(loop);
    const std::function<void()> ways[] = {[&] { EXPECT_TRUE(client->close()); },
                                          [&] { client->terminate(); }};
    for (const auto& give_up : ways) {
        forget();
        connect(server.url());
        give_up();
        EXPECT_EQ(client->ready_state(), ReadyState::closing);
        EXPECT_FALSE(client->close());
        EXPECT_TRUE(notes.empty());
        expect_failure(ClientStage::resolve,
                       "open " + server.url() + ": closed before it was open");
        EXPECT_EQ(error.error.code, std::make_error_code(std::errc::operation_canceled));
        EXPECT_EQ(took_ms, 1U);
        client.reset();
    }
    forget();
    connect("bad");
    expect_failure(ClientStage::options, "open bad: the URL does not begin with ws://");
    EXPECT_EQ(took_ms, 1U);
}

// ---- The next address, and the next try ------------------------------------

TEST_F(ClientTimes, an_address_that_is_silent_has_the_next_one_tried_after_a_quarter_of_a_second) {
    world.kernel().network().silence("192.0.2.1");
    const RawServer server(loop);
    connect("ws://a.test/",
            {.lookup = lookup_of({socket_address("192.0.2.1", 80), socket_address("192.0.2.1", 81),
                                  socket_address("127.0.0.1", server.port())})});
    RawPeer peer = server.accept_opened();
    expect_notes({"open"});
    EXPECT_EQ(steady_ms() - begin_ms, 500U);
}

TEST_F(ClientTimes, the_next_try_begins_when_its_delay_is_over) {
    const Place place("127.0.0.1");
    for (const std::uint32_t delay_ms : {0U, 1U, 2U, 40U, 86'400'000U}) {
        forget();
        std::vector<std::uint64_t> failed_ms;
        ClientHandlers handlers;
        handlers.reconnect = [&](Client&, Reconnecting& plan) {
            failed_ms.push_back(steady_ms());
            plan.delay_ms = delay_ms;
            plan.stop = plan.count == 3;
        };
        connect("ws://" + place.name() + "/", {.reconnect = {.enabled = true}}, handlers);
        while (failed_ms.size() < 3) loop.poll(-1);
        const std::uint64_t waited_ms = std::max<std::uint64_t>(delay_ms, 1);
        EXPECT_EQ(failed_ms[1] - failed_ms[0], waited_ms);
        EXPECT_EQ(failed_ms[2] - failed_ms[1], waited_ms);
    }
}

TEST_F(ClientTimes, to_connect_by_hand_takes_the_place_of_the_next_try) {
    const RawServer server(loop);
    for (const bool within_hook : {false, true}) {
        SCOPED_TRACE(within_hook);
        forget();
        ClientHandlers handlers = noting();
        handlers.reconnect = [&](Client& c, Reconnecting& plan) {
            plan.delay_ms = 100;
            note(c, "reconnect");
            if (within_hook) c.reconnect();
        };
        connect(server.url(), {.ping_ms = 0, .reconnect = {.enabled = true}}, handlers);
        RawPeer first = server.accept();
        (void)first.read_head();
        first.reset();
        await_notes(3);
        if (!within_hook) {
            for (int ms = 0; ms < 50; ++ms) loop.poll(1);
            EXPECT_EQ(client->ready_state(), ReadyState::closed);
            client->reconnect();
        }
        EXPECT_EQ(client->ready_state(), ReadyState::connecting);
        RawPeer peer = server.accept_opened();
        for (int ms = 0; ms < 200; ++ms) loop.poll(1);
        EXPECT_EQ(notes, (Notes{"error handshake", "close 1006  unclean", "reconnect", "open"}));
        EXPECT_FALSE(server.has_waiting());
    }
}

// The planned delays of so many tries in a row.
class Delays : public ClientInWorld {
  protected:
    std::vector<std::uint32_t> of(std::size_t count, ReconnectOptions options) {
        const Place place("127.0.0.1");
        std::vector<std::uint32_t> delays;
        ClientHandlers handlers;
        handlers.reconnect = [&](Client&, Reconnecting& plan) {
            delays.push_back(plan.delay_ms);
            EXPECT_EQ(plan.count, delays.size());
            plan.delay_ms = 0;
            plan.stop = delays.size() == count;
        };
        options.enabled = true;
        connect("ws://" + place.name() + "/", {.reconnect = options}, handlers);
        (void)until([&] { return delays.size() == count; });
        EXPECT_EQ(delays.size(), count);
        return delays;
    }
};

TEST_F(Delays, are_anything_up_to_the_limit_with_it) {
    std::vector<std::size_t> counts(3);
    for (const std::uint32_t delay : of(200, {.delay_ms = 2, .delay_max_ms = 2})) {
        ASSERT_LE(delay, 2U);
        ++counts[delay];
    }
    for (const std::size_t count : counts) EXPECT_GT(count, 40U);
    for (const std::uint32_t delay : of(40, {.delay_ms = 0, .delay_max_ms = 0})) {
        EXPECT_EQ(delay, 0U);
    }
}

TEST_F(Delays, double_their_limit_with_each_try_and_end_where_it_is_told) {
    for (const std::uint32_t last : {700U, 0xFFFF'FFFFU}) {
        for (int i = 0; i < 20; ++i) {
            const auto delays = of(24, {.delay_ms = 1, .delay_max_ms = last});
            for (std::size_t k = 0; k < delays.size(); ++k) {
                EXPECT_LE(delays[k], std::min(1U << k, last));
            }
            client.reset();
        }
    }
    // However many there are.
    std::uint32_t longest = 0;
    const auto delays = of(100, {.delay_ms = 1, .delay_max_ms = 0xFFFF'FFFF});
    for (const std::uint32_t delay : delays) longest = std::max(longest, delay);
    EXPECT_GT(longest, 0x4000'0000U);
    EXPECT_LE(longest, 0x8000'0000U);
}

TEST_F(ClientTimes, a_connection_is_stable_when_it_was_open_for_so_long) {
    const RawServer server(loop);
    std::vector<unsigned> counts;
    ClientHandlers handlers = noting();
    handlers.reconnect = [&](Client&, Reconnecting& plan) {
        counts.push_back(plan.count);
        plan.delay_ms = 0;
    };
    connect(server.url(),
            {.ping_ms = 0, .reconnect = {.enabled = true, .delay_ms = 1, .stable_ms = 50}},
            handlers);
    for (const std::uint64_t open_ms : {0U, 49U, 50U, 0U, 1'000U, 49U}) {
        forget();
        RawPeer peer = server.accept_opened();
        await_notes(1);
        for (std::uint64_t ms = 0; ms < open_ms; ++ms) loop.poll(1);
        peer.reset();
        await_notes(3);
    }
    // One that was never open was not stable, however long it took.
    for (int i = 0; i < 2; ++i) {
        RawPeer peer = server.accept();
        for (int ms = 0; ms < 100; ++ms) loop.poll(1);
        peer.close();
        (void)until([&] { return counts.size() == 7U + static_cast<unsigned>(i); });
    }
    EXPECT_EQ(counts, (std::vector<unsigned>{1, 2, 1, 2, 1, 2, 3, 4}));
}

}  // namespace
}  // namespace edgews::sim::test
