// Pings that find out who is gone, and connecting again.
#include "tests/support/client_fixture.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace edgews {
namespace {

using test::bytes_of;
using test::Place;
using test::RawPeer;
using test::RawServer;
using test::server_frame;
using test::steady_ms;

class ClientPing : public test::ClientFixture {
  protected:
    // Turns for so long.
    void turn_for(std::uint64_t ms) {
        for (const std::uint64_t start_ms = steady_ms(); steady_ms() < start_ms + ms;) loop.poll(1);
    }
};

TEST_F(ClientPing, an_answered_ping_measures_the_way_there_and_back) {
    const RawServer server(loop);
    RawPeer peer = open(server, {.ping_ms = 50, .pong_timeout_ms = 1000});
    EXPECT_FALSE(client->latency_us());
    const test::MaskedFrame ping = peer.read_frame();
    EXPECT_EQ(ping.first_byte, 0x89U);
    EXPECT_FALSE(client->latency_us());
    const std::uint64_t begin = steady_ms();
    while (steady_ms() < begin + 3) {
    }
    peer.send(server_frame(0x8A, "another"));
    turn(2);
    EXPECT_FALSE(client->latency_us());
    peer.send(server_frame(0x8A, ping.payload));
    ASSERT_TRUE(until([&] { return client->latency_us().has_value(); }));
    EXPECT_GE(*client->latency_us(), 2000U);
    EXPECT_LT(*client->latency_us(), 5'000'000U);
}

TEST_F(ClientPing, an_answer_that_comes_after_further_pings_measures_too) {
    const RawServer server(loop);
    RawPeer peer = open(server, {.ping_ms = 10, .pong_timeout_ms = 0});
    const test::MaskedFrame first = peer.read_frame();
    const test::MaskedFrame second = peer.read_frame();
    (void)peer.read_frame();
    peer.send(server_frame(0x8A, first.payload));
    ASSERT_TRUE(until([&] { return client->latency_us().has_value(); }));
    EXPECT_GE(*client->latency_us(), 15'000U);
    // What was answered, or never sent, says nothing.
    const std::uint32_t latency_us = *client->latency_us();
    peer.send(server_frame(0x8A, first.payload));
    peer.send(server_frame(0x8A, std::string(8, '\0')));
    peer.send(server_frame(0x8A, std::string(8, '\xFF')));
    turn(3);
    EXPECT_EQ(client->latency_us(), latency_us);
    peer.send(server_frame(0x8A, second.payload));
    ASSERT_TRUE(until([&] { return client->latency_us() != latency_us; }));
}

TEST_F(ClientPing, a_server_that_answers_at_once_is_never_given_up) {
    const RawServer server(loop);
    for (const auto& [ping_ms, pong_timeout_ms] : {std::pair{5U, 3U}, std::pair{3U, 10U}}) {
        forget();
        RawPeer peer = open(server, {.ping_ms = ping_ms, .pong_timeout_ms = pong_timeout_ms});
        for (int i = 0; i < 20; ++i) {
            const test::MaskedFrame ping = peer.read_frame();
            peer.send(server_frame(0x8A, ping.payload));
            turn(1);
        }
        EXPECT_EQ(client->ready_state(), ReadyState::open);
        client.reset();
    }
}

TEST_F(ClientPing, a_server_that_falls_silent_is_found_out_in_time) {
    const RawServer server(loop);
    // The time for an answer may be longer than that between two pings, too.
    for (const auto& [ping_ms, pong_timeout_ms] : {std::pair{40U, 20U}, std::pair{20U, 90U}}) {
        SCOPED_TRACE(ping_ms);
        std::uint64_t best_ms = test::soon_ms;
        for (int i = 0; i < 3; ++i) {
            forget();
            RawPeer peer = open(server, {.ping_ms = ping_ms, .pong_timeout_ms = pong_timeout_ms});
            peer.send(server_frame(0x81, "last"));
            await_notes(2);
            const std::uint64_t heard_ms = steady_ms();
            expect_notes({"open", "text last", "error open", "close 1006  unclean"});
            EXPECT_NE(error.error.message.find("does not answer"), std::string::npos);
            EXPECT_GE(steady_ms() - heard_ms, pong_timeout_ms);
            best_ms = std::min(best_ms, steady_ms() - heard_ms);
            peer.expect_end();
        }
        EXPECT_LE(best_ms, ping_ms + pong_timeout_ms + 20);
    }
}

TEST_F(ClientPing, a_server_that_sends_data_but_no_pong_lives) {
    const RawServer server(loop);
    RawPeer peer = open(server, {.ping_ms = 10, .pong_timeout_ms = 10});
    const std::uint64_t start_ms = steady_ms();
    while (steady_ms() < start_ms + 100) {
        peer.send(server_frame(0x81, "alive"));
        loop.poll(1);
    }
    EXPECT_EQ(client->ready_state(), ReadyState::open);
    EXPECT_FALSE(client->latency_us());
}

TEST_F(ClientPing, while_it_closes_the_time_for_that_counts_alone) {
    const RawServer server(loop);
    for (const bool by_handle : {false, true}) {
        forget();
        RawPeer peer = open(server, {.ping_ms = 10, .pong_timeout_ms = 10});
        EXPECT_EQ(peer.read_frame().first_byte, 0x89U);
        by_handle ? client->handle().close() : client->close();
        EXPECT_EQ(peer.read_frame().describe(), "88 1000");
        turn_for(40);
        EXPECT_EQ(client->ready_state(), ReadyState::closing);
        peer.send(server_frame(0x88, "\x03\xE8"));
        peer.close();
        expect_notes({"open", "close 1000  clean"});
    }
}

TEST_F(ClientPing, none_are_sent_when_they_are_switched_off) {
    const RawServer server(loop);
    RawPeer peer = open(server, {.ping_ms = 0});
    EXPECT_EQ(loop.next_timeout_ms(), -1);
    peer.expect_silence(3);
}

class ClientReconnect : public test::ClientFixture {
  protected:
    // Notes "reconnect <count>", and keeps the delays.
    ClientHandlers planning() {
        ClientHandlers handlers = noting();
        handlers.reconnect = [this](Client& c, Reconnecting& plan) {
            delays.push_back(plan.delay_ms);
            note(c, "reconnect " + std::to_string(plan.count));
            if (change) change(plan);
        };
        return handlers;
    }
    std::vector<std::uint32_t> delays{};
    std::function<void(Reconnecting&)> change{};
};

TEST_F(ClientReconnect, it_is_opened_again_after_every_kind_of_end) {
    const RawServer server(loop);
    connect(server.url(), {.reconnect = {.enabled = true, .delay_ms = 1}}, planning());
    server.accept().close();
    RawPeer second = server.accept_opened();
    await_notes(4);
    second.send(server_frame(0x88, "\x03\xE8"));
    second.close();
    RawPeer third = server.accept_opened();
    await_notes(7);
    third.reset();
    RawPeer fourth = server.accept_opened();
    expect_notes({"error handshake", "close 1006  unclean", "reconnect 1", "open",
                  "close 1000  clean", "reconnect 2", "open", "error open", "close 1006  unclean",
                  "reconnect 3", "open"});
}

TEST_F(ClientReconnect, delays_are_random_below_a_limit_that_doubles) {
    const Place place("127.0.0.1");
    constexpr std::size_t try_count = 6;
    std::vector<std::set<std::uint32_t>> seen(try_count);
    for (int i = 0; i < 40; ++i) {
        forget();
        delays.clear();
        change = [](Reconnecting& plan) {
            plan.delay_ms = 0;
            plan.stop = plan.count == try_count;
        };
        connect("ws://" + place.name() + "/",
                {.reconnect = {.enabled = true, .delay_ms = 1000, .delay_max_ms = 5000}},
                planning());
        ASSERT_TRUE(until([&] { return delays.size() == try_count; }));
        for (std::size_t k = 0; k < try_count; ++k) {
            EXPECT_LE(delays[k], std::min(1000U << k, 5000U));
            seen[k].insert(delays[k]);
        }
    }
    for (std::size_t k = 0; k < try_count; ++k) {
        const std::uint32_t limit = std::min(1000U << k, 5000U);
        EXPECT_GT(seen[k].size(), 20U);
        EXPECT_LT(*seen[k].begin(), limit / 4);
        EXPECT_GT(*seen[k].rbegin(), limit * 3 / 4);
    }
}

TEST_F(ClientReconnect, the_delay_is_waited_for) {
    const Place place("127.0.0.1");
    change = [](Reconnecting& plan) { plan.delay_ms = 40; };
    connect("ws://" + place.name() + "/", {.reconnect = {.enabled = true}}, planning());
    await_notes(3);
    const std::uint64_t start_ms = steady_ms();
    EXPECT_EQ(client->ready_state(), ReadyState::closed);
    await_notes(4);
    EXPECT_GE(steady_ms() - start_ms, 39U);
}

TEST_F(ClientReconnect, a_connection_that_was_stable_begins_with_the_first_limit) {
    const RawServer server(loop);
    connect(server.url(), {.reconnect = {.enabled = true, .delay_ms = 1, .stable_ms = 30}},
            planning());
    for (int i = 0; i < 2; ++i) server.accept().close();
    RawPeer short_lived = server.accept_opened();
    await_notes(7);
    short_lived.reset();
    RawPeer stable = server.accept_opened();
    await_notes(11);
    for (const std::uint64_t start_ms = steady_ms(); steady_ms() < start_ms + 35;) loop.poll(1);
    stable.reset();
    await_notes(14);
    EXPECT_EQ(notes[9], "reconnect 3");
    EXPECT_EQ(notes[13], "reconnect 1");
}

TEST_F(ClientReconnect, the_hook_stops_it) {
    const Place place("127.0.0.1");
    change = [](Reconnecting& plan) { plan.stop = true; };
    connect("ws://" + place.name() + "/", {.reconnect = {.enabled = true}}, planning());
    expect_notes({"error connect", "close 1006  unclean", "reconnect 1"});
    EXPECT_EQ(loop.next_timeout_ms(), -1);
}

TEST_F(ClientReconnect, the_hook_changes_the_url_and_the_headers) {
    const RawServer first(loop);
    const RawServer second(loop);
    change = [&](Reconnecting& plan) {
        EXPECT_EQ(plan.url, first.url());
        ASSERT_EQ(plan.headers.size(), 1U);
        plan.url = second.url("/new");
        plan.headers[0].value = "2";
    };
    connect(first.url(), {.headers = {{"Try", "1"}}, .reconnect = {.enabled = true, .delay_ms = 1}},
            planning());
    RawPeer peer = first.accept();
    EXPECT_EQ(test::header_of(peer.read_head(), "Try"), "1");
    peer.close();
    RawPeer next = second.accept();
    const std::string request = next.answer();
    EXPECT_EQ(request.substr(0, 8), "GET /new");
    EXPECT_EQ(test::header_of(request, "Try"), "2");
    EXPECT_EQ(client->url(), second.url("/new"));
}

TEST_F(ClientReconnect, close_and_terminate_stop_it_while_it_waits) {
    const Place place("127.0.0.1");
    for (const bool by_terminate : {false, true}) {
        forget();
        connect("ws://" + place.name() + "/", {.reconnect = {.enabled = true}}, planning());
        await_notes(3);
        by_terminate ? client->terminate() : (void)client->close();
        turn(1);
        EXPECT_EQ(loop.next_timeout_ms(), -1);
        EXPECT_EQ(notes.size(), 3U);
        EXPECT_EQ(client->ready_state(), ReadyState::closed);
    }
}

TEST_F(ClientReconnect, what_the_application_closed_is_not_opened_again) {
    const RawServer server(loop);
    const ClientOptions options{.reconnect = {.enabled = true, .delay_ms = 1}};
    const std::function<void()> ways[] = {
        [&] { EXPECT_TRUE(client->close()); },
        [&] { client->terminate(); },
        [&] { EXPECT_TRUE(client->handle().close()); },
        [&] { EXPECT_TRUE(client->handle().terminate()); },
        [&] { EXPECT_TRUE(client->connection()->close()); },
        [&] { client->connection()->terminate(); },
        [&] { std::thread([h = client->handle()] { EXPECT_TRUE(h.close()); }).join(); },
        [&] { std::thread([h = client->handle()] { EXPECT_TRUE(h.terminate()); }).join(); },
    };
    for (const auto& end : ways) {
        SCOPED_TRACE(&end - ways);
        forget();
        RawPeer peer = open(server, options, planning());
        end();
        turn(1);
        peer.half_close();
        expect_notes({"open", "close 1006  unclean"});
        client.reset();
    }
    for (const bool by_terminate : {false, true}) {  // Nor is what it gave up before it was open.
        forget();
        connect(server.url(), options, planning());
        by_terminate ? client->terminate() : (void)client->close();
        await_notes(2);
        turn(3);
        EXPECT_EQ(notes.size(), 2U);
        client.reset();
        while (server.has_waiting()) (void)server.accept();
    }
}

// The server was first: that the application agrees counts, all the same.
TEST_F(ClientReconnect, to_close_what_is_closing_already_stops_it) {
    const RawServer server(loop);
    RawPeer peer = open(server, {.reconnect = {.enabled = true, .delay_ms = 1}}, planning());
    peer.send(server_frame(0x88, "\x03\xE8"));
    ASSERT_TRUE(until([&] { return client->ready_state() == ReadyState::closing; }));
    EXPECT_FALSE(client->close());
    peer.close();
    expect_notes({"open", "close 1000  clean"});
}

TEST_F(ClientReconnect, what_the_engine_closed_is_opened_again) {
    const RawServer server(loop);
    ClientHandlers handlers = planning();
    handlers.message = [](Client&, Message) { throw std::runtime_error("oops"); };
    RawPeer peer = open(server, {.reconnect = {.enabled = true, .delay_ms = 1}}, handlers);
    peer.send(server_frame(0x81, "x"));
    EXPECT_EQ(peer.read_frame().describe(), "88 1011 internal error");
    peer.close();
    RawPeer next = server.accept_opened();
    expect_notes({"open", "error open", "close 1006  unclean", "reconnect 1", "open"});
}

TEST_F(ClientReconnect, what_another_try_would_not_mend_is_not_tried_again) {
    const RawServer server(loop);
    const auto refuse = [&](unsigned status, bool by_proxy) {
        forget();
        ClientOptions options{.reconnect = {.enabled = true, .delay_ms = 1}};
        if (by_proxy) options.proxy = "http://" + server.name();
        connect(server.url(), options, planning());
        RawPeer peer = server.accept();
        peer.read_head();
        peer.send("HTTP/1.1 " + std::to_string(status) + " No\r\nContent-Length: 0\r\n\r\n");
        await_notes(3);
    };
    for (const unsigned status : {400U, 401U, 403U, 404U, 405U, 407U, 410U, 426U}) {
        for (const bool by_proxy : {false, true}) {
            refuse(status, by_proxy);
            EXPECT_EQ(notes.back(), "reconnect 1");
            turn(3);
            EXPECT_EQ(loop.next_timeout_ms(), -1);
            client.reset();
        }
    }
    for (const unsigned status : {302U, 408U, 429U, 500U, 502U, 503U}) {
        refuse(status, false);
        server.accept().close();
        client.reset();
        while (server.has_waiting()) (void)server.accept();
    }
    forget();
    connect("bad", {.reconnect = {.enabled = true, .delay_ms = 1}}, planning());
    await_notes(3);
    EXPECT_EQ(error.stage, ClientStage::options);
    EXPECT_EQ(loop.next_timeout_ms(), -1);
    // Unless the handler knows better.
    change = [&](Reconnecting& plan) {
        EXPECT_TRUE(plan.stop);
        plan.stop = false;
        plan.url = server.url();
    };
    forget();
    connect("bad", {.reconnect = {.enabled = true, .delay_ms = 1}}, planning());
    RawPeer peer = server.accept_opened();
    await_notes(4);
    EXPECT_EQ(notes.back(), "open");
}

TEST_F(ClientReconnect, close_within_the_last_handlers_stops_it) {
    const Place place("127.0.0.1");
    for (int where = 0; where < 3; ++where) {
        SCOPED_TRACE(where);
        forget();
        ClientHandlers handlers = planning();
        const auto act = [&, where](int here, Client& c) {
            EXPECT_FALSE(where == here && c.close());
        };
        handlers.error = [&, act](Client& c, const ClientError&) { act(0, c); };
        handlers.close = [&, act](Client& c, const CloseEvent&) {
            note(c, "close");
            act(1, c);
        };
        handlers.reconnect = [&, act](Client& c, Reconnecting&) { act(2, c); };
        connect("ws://" + place.name() + "/", {.reconnect = {.enabled = true}}, handlers);
        await_notes(1);
        turn(2);
        EXPECT_EQ(loop.next_timeout_ms(), -1);
    }
}

TEST_F(ClientReconnect, by_hand_it_connects_at_once) {
    const RawServer server(loop);
    RawPeer first = open(server, {.subprotocols = {}});
    client->close();
    first.send(server_frame(0x88, "\x03\xE8"));
    first.close();
    await_notes(2);
    client->reconnect();
    EXPECT_EQ(client->ready_state(), ReadyState::connecting);
    EXPECT_EQ(client->remote_address().family(), Address::Family::none);
    RawPeer second = server.accept_opened();
    await_notes(3);
    EXPECT_EQ(client->send("again"), SendResult::sent);
    EXPECT_EQ(second.read_frame().text(), "again");

    // Also while it waits.
    const Place place("127.0.0.1");
    forget();
    connect("ws://" + place.name() + "/",
            {.reconnect = {.enabled = true, .delay_ms = 60'000, .delay_max_ms = 60'000}},
            planning());
    await_notes(3);
    client->reconnect();
    await_notes(6);
    EXPECT_EQ(notes.back(), "reconnect 2");
}

}  // namespace
}  // namespace edgews
