// What a connection waits for, and for how long: to the millisecond, by a clock that is told.
#include <edgews/edgews.hpp>
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/bytes.hpp"
#include "tests/support/frames.hpp"

namespace edgews::sim {
namespace {

using edgews::test::client_frame;
using edgews::test::text_of;

constexpr std::array calm{std::byte{0}};
using Notes = std::vector<std::string>;

// A client that does only what it is told, and notes what the server sends, and when.
class Listener final : public Peer {
  public:
    Listener(World& world, std::function<void(std::string)> note)
        : Peer(world, Pace{.write_gap_ns_max = 0, .read_gap_ns_max = 0}), note_(std::move(note)) {}

    void open(std::uint16_t port) {
        connect(port);
        send(
            "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    }
    void say(unsigned first_byte, std::string_view payload) {
        send(text_of(client_frame(first_byte, payload)));
    }

    bool answers_pings = true;
    bool answers_close = true;

  private:
    void on_bytes(std::string_view bytes) override {
        input_ += bytes;
        if (!is_open_) {
            const std::size_t end = input_.find("\r\n\r\n");
            if (end == std::string::npos) return;
            is_open_ = true;
            input_.erase(0, end + 4);
        }
        while (input_.size() >= 2 && input_.size() >= 2U + size()) {
            const auto first = static_cast<unsigned char>(input_[0]);
            const std::string payload = input_.substr(2, size());
            input_.erase(0, 2 + payload.size());
            take(first, payload);
        }
    }
    void on_end() override { note_("end"); }
    [[nodiscard]] std::size_t size() const { return static_cast<unsigned char>(input_[1]); }
    void take(unsigned first, const std::string& payload) {
        if (first == 0x89) {
            note_("ping");
            if (answers_pings) say(0x8A, payload);
        } else if (first == 0x88) {
            const auto high = static_cast<unsigned char>(payload[0]);
            const auto low = static_cast<unsigned char>(payload[1]);
            note_("close frame " + std::to_string(high * 256 + low));
            if (answers_close) say(0x88, payload.substr(0, 2));
        } else {
            note_(payload);
        }
    }

    std::function<void(std::string)> note_;
    std::string input_;
    bool is_open_ = false;
};

// One connection in a world of its own.
class Talk {
  public:
    explicit Talk(RouteOptions options, bool pauses = false) {
        Faults& faults = world_.faults();
        faults.call_ns_max = 0;
        faults.latency_ns_max = 0;
        faults.gap_ns_max = 0;
        server_.ws(
            "/",
            {.open =
                 [this, pauses](Connection& opened) {
                     handle_ = opened.handle();
                     opened_ms_ = world_.now_ns() / 1'000'000;
                     if (pauses) opened.pause_reading();
                 },
             .error = [this](Connection&, std::string_view what) { note(std::string(what)); },
             .close =
                 [this](Connection&, const CloseEvent& event) {
                     note("closed " + std::to_string(event.code));
                 }},
            std::move(options));
        EXPECT_FALSE(server_.listen({.host = "127.0.0.1"}));
        server_.start();
        peer.open(server_.port());
    }
    ~Talk() { server_.shutdown(0); }
    Talk(const Talk&) = delete;
    Talk& operator=(const Talk&) = delete;

    // Since the opening.
    [[nodiscard]] std::uint64_t ms() const { return world_.now_ns() / 1'000'000 - opened_ms_; }
    void run_for(std::uint64_t milliseconds) { world_.run_for(milliseconds); }
    void in(std::uint64_t milliseconds, std::function<void()> act) {
        world_.after(milliseconds * 1'000'000, std::move(act));
    }
    // In the loop's thread.
    void act(std::function<void(Connection&)> act) {
        handle_.post([act = std::move(act)](Connection& connection) { act(connection); });
    }
    void expect_after(std::uint64_t milliseconds, const Notes& notes) {
        run_for(milliseconds);
        EXPECT_EQ(std::exchange(notes_, {}), notes);
    }
    // When the next thing happened, which has to be a ping.
    [[nodiscard]] std::uint64_t next_ping_ms() {
        for (int i = 0; i < 2'000 && notes_.empty(); ++i) run_for(1);
        EXPECT_EQ(notes_.size(), 1U);
        const std::string note = std::exchange(notes_, {}).at(0);
        EXPECT_EQ(note.substr(note.find(' ')), " ping");
        return std::stoull(note);
    }

  private:
    void note(const std::string& what) { notes_.push_back(std::to_string(ms()) + ' ' + what); }

    World world_{{.recorded = calm}};
    Server server_{{.loops = 1}};
    Handle handle_;
    std::uint64_t opened_ms_ = 0;
    Notes notes_;

  public:
    Listener peer{world_, [this](const std::string& what) { note(what); }};
};

std::string note_of(std::uint64_t when_ms, const char* what) {
    return std::to_string(when_ms) + ' ' + what;
}

TEST(ConnectionTimes, a_lifetime_ends_it) {
    Talk talk({.idle_ping_ms = 0, .lifetime_max_ms = 70});
    talk.expect_after(200, {"70 close frame 1001", "70 closed 1001", "70 end"});
}

TEST(ConnectionTimes, the_shortest_lifetime_is_a_millisecond) {
    Talk talk({.idle_ping_ms = 40, .lifetime_max_ms = 1});
    talk.expect_after(200, {"1 close frame 1001", "1 closed 1001", "1 end"});
}

// What has come meanwhile is looked at first, and begins a wait of its own.
TEST(ConnectionTimes, a_lifetime_that_ends_while_the_loop_stands_still_ends_it_behind_that) {
    for (const std::uint32_t late_ms : {70U, 80U}) {
        SCOPED_TRACE(late_ms);
        Talk talk({.idle_ping_ms = 0, .message_timeout_ms = 1'000, .lifetime_max_ms = 70});
        talk.run_for(50);
        talk.act([&](Connection&) {
            std::this_thread::sleep_for(std::chrono::milliseconds(late_ms - talk.ms()));
        });
        talk.in(10, [&] { talk.peer.say(0x01, "begun"); });
        talk.expect_after(100, {note_of(late_ms + 1, "close frame 1001"),
                                note_of(late_ms + 1, "closed 1001"), note_of(late_ms + 1, "end")});
    }
}

TEST(ConnectionTimes, a_close_frame_is_answered_at_once) {
    Talk talk({.idle_ping_ms = 0});
    talk.in(3, [&] { talk.peer.say(0x88, "\x03\xE8"); });
    talk.expect_after(200, {"3 closed 1000", "3 close frame 1000", "3 end"});
}

TEST(ConnectionTimes, an_answer_to_our_close_frame_is_waited_for) {
    for (const std::uint32_t limit_ms : {1U, 40U}) {
        SCOPED_TRACE(limit_ms);
        Talk talk({.idle_ping_ms = 10, .message_timeout_ms = 5, .close_timeout_ms = limit_ms});
        talk.peer.answers_close = false;
        const std::uint64_t begin_ms = talk.next_ping_ms();
        talk.act([](Connection& c) { c.close(4000); });
        talk.peer.say(0x01, "is of no interest, and gains no time");
        talk.expect_after(200, {note_of(begin_ms, "close frame 4000"),
                                note_of(begin_ms + limit_ms, "closed 1006"),
                                note_of(begin_ms + limit_ms, "end")});
    }
}

// In three quarters to the whole of the limit, and then each time after as long.
TEST(ConnectionTimes, whoever_answers_pings_is_pinged_for_ever) {
    for (const std::uint32_t answer_ms : {0U, 1U, 30U, 250U}) {
        SCOPED_TRACE(answer_ms);
        Talk talk({.idle_ping_ms = 100, .ping_timeout_ms = answer_ms});
        const std::uint64_t pause_ms = talk.next_ping_ms();
        EXPECT_GE(pause_ms, 75U);
        EXPECT_LE(pause_ms, 100U);
        for (std::uint64_t i = 2; i < 6; ++i) EXPECT_EQ(talk.next_ping_ms(), i * pause_ms);
        // Anything else is as good as an answer, and silence begins behind it.
        talk.peer.answers_pings = answer_ms != 250;
        const std::uint64_t ping_ms = talk.next_ping_ms();
        talk.in(20, [&] { talk.peer.say(0x81, "here"); });
        EXPECT_EQ(talk.next_ping_ms(), ping_ms + 20 + pause_ms);
    }
}

TEST(ConnectionTimes, the_shortest_pause_between_pings_is_a_millisecond) {
    Talk talk({.idle_ping_ms = 1, .ping_timeout_ms = 0});
    for (std::uint64_t i = 1; i < 4; ++i) EXPECT_EQ(talk.next_ping_ms(), i);
}

TEST(ConnectionTimes, whoever_is_silent_is_given_up_after_a_ping) {
    for (const std::uint32_t answer_ms : {1U, 30U, 250U}) {
        SCOPED_TRACE(answer_ms);
        Talk talk({.idle_ping_ms = 100, .ping_timeout_ms = answer_ms});
        talk.peer.answers_pings = false;
        const std::uint64_t end_ms = talk.next_ping_ms() + answer_ms;
        talk.expect_after(1'000, {note_of(end_ms, "the peer does not answer"),
                                  note_of(end_ms, "closed 1006"), note_of(end_ms, "end")});
    }
}

TEST(ConnectionTimes, without_a_limit_silence_is_pinged_again_and_again) {
    Talk talk({.idle_ping_ms = 100, .ping_timeout_ms = 0});
    talk.peer.answers_pings = false;
    const std::uint64_t pause_ms = talk.next_ping_ms();
    for (std::uint64_t i = 2; i < 8; ++i) EXPECT_EQ(talk.next_ping_ms(), i * pause_ms);
}

// It is us who do not listen.
TEST(ConnectionTimes, silence_of_whoever_is_paused_begins_when_it_is_not) {
    Talk talk({.idle_ping_ms = 100, .ping_timeout_ms = 30, .message_timeout_ms = 60}, true);
    talk.peer.say(0x01, "begun");
    talk.expect_after(500, {});
    const std::uint64_t begin_ms = talk.ms();
    talk.act([](Connection& c) { c.resume_reading(); });
    talk.expect_after(200, {note_of(begin_ms + 60, "the message took too long"),
                            note_of(begin_ms + 60, "close frame 1008"),
                            note_of(begin_ms + 60, "closed 1008"), note_of(begin_ms + 60, "end")});
}

TEST(ConnectionTimes, whoever_was_paused_is_pinged_as_long_after_as_ever) {
    Talk talk({.idle_ping_ms = 100}, true);
    talk.expect_after(537, {});
    const std::uint64_t begin_ms = talk.ms();
    talk.act([](Connection& c) { c.resume_reading(); });
    const std::uint64_t first_ms = talk.next_ping_ms();
    EXPECT_EQ(talk.next_ping_ms() - first_ms, first_ms - begin_ms);
}

TEST(ConnectionTimes, a_message_has_its_time) {
    for (const std::uint32_t limit_ms : {1U, 50U}) {
        SCOPED_TRACE(limit_ms);
        Talk talk({.idle_ping_ms = 0, .message_timeout_ms = limit_ms});
        talk.in(7, [&] { talk.peer.say(0x01, ""); });
        const std::uint64_t end_ms = 7 + limit_ms;
        talk.expect_after(
            200, {note_of(end_ms, "the message took too long"), note_of(end_ms, "close frame 1008"),
                  note_of(end_ms, "closed 1008"), note_of(end_ms, "end")});
    }
}

TEST(ConnectionTimes, without_a_limit_a_message_takes_as_long_as_it_takes) {
    Talk talk({.idle_ping_ms = 100, .ping_timeout_ms = 0, .message_timeout_ms = 0});
    talk.peer.say(0x01, "begun");
    const std::uint64_t pause_ms = talk.next_ping_ms();
    for (std::uint64_t i = 2; i < 4; ++i) EXPECT_EQ(talk.next_ping_ms(), i * pause_ms);
}

TEST(ConnectionTimes, a_message_that_is_whole_in_time_leaves_no_limit_behind) {
    Talk talk({.idle_ping_ms = 0, .message_timeout_ms = 50});
    talk.in(10, [&] { talk.peer.say(0x01, "begun"); });
    talk.in(59, [&] { talk.peer.say(0x80, "ended"); });
    talk.in(100, [&] { talk.peer.say(0x01, "begun"); });
    talk.expect_after(120, {});
    talk.expect_after(40, {"150 the message took too long", "150 close frame 1008",
                           "150 closed 1008", "150 end"});
}

// So many bytes come in each of three seconds, then none, and in a second that is judged.
void expect_slow_message(std::uint32_t rate_min, std::size_t size, std::uint64_t end_ms) {
    SCOPED_TRACE(std::to_string(size) + " bytes, at least " + std::to_string(rate_min));
    Talk talk({.idle_ping_ms = 0, .message_timeout_ms = 1'000, .message_rate_min = rate_min});
    const std::string frame = text_of(client_frame(0x82, std::string(1'000, 'x')));
    const std::size_t head_size = frame.size() - 1'000;
    talk.in(10, [&] { talk.peer.send(frame.substr(0, head_size)); });
    for (std::uint64_t i = 0; i < 3; ++i) {
        const std::string part = frame.substr(head_size + i * size, size);
        talk.in(500 + i * 1'000, [&, part] { talk.peer.send(part); });
    }
    talk.expect_after(
        6'000, {note_of(end_ms, "the message took too long"), note_of(end_ms, "close frame 1008")});
}

TEST(ConnectionTimes, a_message_may_take_longer_while_enough_of_it_comes) {
    expect_slow_message(100, 100, 4'010);
    expect_slow_message(100, 99, 1'010);
    expect_slow_message(0, 1, 4'010);
}

// What came of the one before counts no more.
TEST(ConnectionTimes, each_slow_message_has_its_own_count) {
    Talk talk({.idle_ping_ms = 0, .message_timeout_ms = 1'000, .message_rate_min = 100});
    const std::string frame = text_of(client_frame(0x82, std::string(1'000, 'x')));
    talk.in(10, [&] { talk.peer.send(frame.substr(0, 500)); });
    talk.in(1'500, [&] { talk.peer.send(frame.substr(500)); });
    talk.in(2'000, [&] { talk.peer.send(frame.substr(0, frame.size() - 1'000)); });
    talk.expect_after(2'500, {});
    talk.expect_after(1'000, {"3000 the message took too long", "3000 close frame 1008"});
}

}  // namespace
}  // namespace edgews::sim
