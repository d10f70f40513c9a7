// Dialing: which address wins, how long it takes at most, and that nothing is left behind.
#include "tests/support/lookups.hpp"
#include "tests/support/places.hpp"
#include "tests/support/scripted_source.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "net/client/dialer.hpp"
#include "net/loop/reactor.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace edgews {
namespace {

using test::add_source;
using test::Directory;
using test::lookup_of;
using test::open_fd_count;
using test::Place;
using test::SlowLookup;
using test::socket_address;
using test::soon_ms;
using test::steady_ms;
using test::write_byte;

constexpr std::uint32_t far_ms = 60'000;

// A loop that dials.
class Dialing : public ::testing::Test {
  protected:
    // The threads of lookups let go of the loop's descriptors, which the next test may count.
    void TearDown() override {
        dialer.reset();
        EXPECT_TRUE(poll_until([this] { return reactor.link().use_count() == 1; }));
        EXPECT_EQ(loop.next_timeout_ms(), -1);  // No timer is left, either.
    }

    void make(DialOptions options = {}) { dialer.emplace(reactor, std::move(options)); }
    void make_for(std::vector<SocketAddress> addresses, DialOptions options = {}) {
        options.lookup = lookup_of(std::move(addresses));
        make(std::move(options));
    }
    void start(const std::string& host, std::uint16_t port = 80) {
        begin_ms = steady_ms();
        dialer->start(host, port, done());
        EXPECT_EQ(done_count, 0) << "from within start()";
    }
    void start_unix(const std::string& path) {
        begin_ms = steady_ms();
        dialer->start_unix(path, done());
        EXPECT_EQ(done_count, 0) << "from within start_unix()";
    }
    [[nodiscard]] Function<void(Dialed)> done() {
        return [this, held = held_by_done](Dialed dialed) {
            took_ms = steady_ms() - begin_ms;
            ++done_count;
            result = std::move(dialed);
            EXPECT_FALSE(dialer && dialer->is_dialing());
            if (then) then();
        };
    }
    // Turns until `is_so`, or for too long.
    bool poll_until(const std::function<bool()>& is_so) {
        const std::uint64_t poll_begin_ms = steady_ms();
        while (!is_so() && steady_ms() - poll_begin_ms < soon_ms) loop.poll(1);
        return is_so();
    }
    bool await_done() {
        return poll_until([this] { return done_count > 0; });
    }
    void expect_connected_to(const Place& place) {
        ASSERT_TRUE(await_done());
        ASSERT_FALSE(result.error) << result.error.message;
        ASSERT_TRUE(result.fd);
        EXPECT_EQ(result.peer.to_string(), place.name());
        expect_to_be_met(place);
    }
    // Who connected may know of it sooner than the other end does.
    void expect_to_be_met(const Place& place) {
        EXPECT_TRUE(poll_until([&] { return place.has_waiting(); }));
        EXPECT_TRUE(place.accept());
    }
    void expect_error(std::error_code code, const std::string& message) {
        ASSERT_TRUE(await_done());
        EXPECT_EQ(result.error.code, code);
        EXPECT_EQ(result.error.message, message);
        EXPECT_FALSE(result.fd);
    }
    static std::error_code system_error(int number) { return {number, std::system_category()}; }

    Loop loop{};
    Reactor& reactor = Reactor::of(loop);
    std::optional<Dialer> dialer{};
    std::shared_ptr<int> held_by_done = std::make_shared<int>();
    std::function<void()> then{};  // Called by `done`.
    std::uint64_t begin_ms = 0;
    std::uint64_t took_ms = 0;
    int done_count = 0;
    Dialed result{};
};

int option(const Fd& fd, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    EXPECT_EQ(::getsockopt(fd.get(), level, name, &value, &size), 0);
    return value;
}

TEST_F(Dialing, a_literal_is_connected_to_and_its_socket_is_ready_for_use) {
    for (const char* ip : {"127.0.0.1", "::1"}) {
        SCOPED_TRACE(ip);
        Place place{std::string(ip)};
        place.listen();
        make();
        done_count = 0;
        start(ip, place.port());
        expect_connected_to(place);
        EXPECT_NE(::fcntl(result.fd.get(), F_GETFL) & O_NONBLOCK, 0);
        EXPECT_NE(::fcntl(result.fd.get(), F_GETFD) & FD_CLOEXEC, 0);
        EXPECT_NE(option(result.fd, IPPROTO_TCP, TCP_NODELAY), 0);
        std::array<char, 16> control{};
        socklen_t size = control.size();
        ::getsockopt(result.fd.get(), IPPROTO_TCP, TCP_CONGESTION, control.data(), &size);
        EXPECT_STREQ(control.data(), "reno");
    }
}

TEST_F(Dialing, the_socket_finds_out_that_its_peer_has_vanished) {
    Place place("127.0.0.1");
    place.listen();
    make({.watch = {.keep_alive_ms = 20'000, .user_timeout_ms = 600'000}});
    start("127.0.0.1", place.port());
    expect_connected_to(place);
    const auto option = [&](int level, int name) {
        int value = -1;
        socklen_t size = sizeof value;
        EXPECT_EQ(::getsockopt(result.fd.get(), level, name, &value, &size), 0);
        return value;
    };
    EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPIDLE), 20);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPINTVL), 5);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPCNT), 4);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_USER_TIMEOUT), 600'000);
}

TEST_F(Dialing, the_socket_is_on_no_loop_and_may_go_on_this_one_within_done) {
    Place place("127.0.0.1");
    place.listen();
    int event_count = 0;
    then = [&] {
        add_source(loop, std::move(result.fd)).events = [&](std::uint32_t) { ++event_count; };
    };
    make();
    start("127.0.0.1", place.port());
    ASSERT_TRUE(await_done());
    ASSERT_FALSE(result.error) << result.error.message;
    ASSERT_TRUE(poll_until([&] { return place.has_waiting(); }));
    write_byte(place.accept());
    EXPECT_TRUE(poll_until([&] { return event_count > 0; }));
}

TEST_F(Dialing, localhost_is_found_wherever_it_listens) {
    for (const char* ip : {"127.0.0.1", "::1"}) {
        Place place{std::string(ip)};
        place.listen();
        make({.attempt_delay_ms = far_ms});
        done_count = 0;
        start("localhost", place.port());
        expect_connected_to(place);
    }
}

TEST_F(Dialing, a_refusal_names_the_address) {
    const Place place("127.0.0.1");
    make();
    start("127.0.0.1", place.port());
    expect_error(system_error(ECONNREFUSED), "connect to " + place.name() + ": Connection refused");
}

TEST_F(Dialing, after_a_refusal_the_next_address_is_tried_at_once) {
    const Place refusing("127.0.0.1");
    Place place("127.0.0.2");
    place.listen();
    make_for({refusing.address(), refusing.address(), place.address()},
             {.attempt_delay_ms = far_ms});
    start("example.test");
    expect_connected_to(place);
    EXPECT_LT(took_ms, soon_ms);
}

TEST_F(Dialing, an_address_that_does_not_answer_has_the_next_one_tried_after_the_delay) {
    Place hole("127.0.0.1");
    hole.become_black_hole();
    Place place("127.0.0.2");
    place.listen();
    make_for({hole.address(), place.address()}, {.attempt_delay_ms = 60});
    const std::ptrdiff_t fd_count = open_fd_count();
    start("example.test");
    expect_connected_to(place);
    EXPECT_GE(took_ms, 60U);
    EXPECT_EQ(open_fd_count(), fd_count + 1);  // All others are closed.
}

TEST_F(Dialing, an_earlier_attempt_still_wins_when_it_is_answered_first) {
    Place late("127.0.0.1");
    late.become_black_hole();
    Place hole("127.0.0.2");
    hole.become_black_hole();
    make_for({late.address(), hole.address()}, {.attempt_delay_ms = 1});
    const std::ptrdiff_t fd_count = open_fd_count();
    start("example.test");
    ASSERT_TRUE(poll_until([&] { return open_fd_count() == fd_count + 2; }));
    EXPECT_TRUE(late.accept());  // There is room again: TCP asks once more in a second.
    expect_connected_to(late);
}

TEST_F(Dialing, when_all_fail_the_error_tells_of_one_and_how_many_there_were) {
    const Place first("127.0.0.1");
    const Place second("127.0.0.2");
    SocketAddress unusable{.size = sizeof(sockaddr_storage)};
    unusable.storage.ss_family = AF_MAX;  // Of which no host can tell us anything.
    make_for({first.address(), second.address(), unusable, unusable});
    start("example.test");
    expect_error(system_error(ECONNREFUSED),
                 "connect to " + second.name() + ": Connection refused (4 of 4 addresses tried)");
}

TEST_F(Dialing, what_does_not_answer_is_given_up_when_the_time_is_up) {
    Place first("127.0.0.1");
    Place second("127.0.0.2");
    first.become_black_hole();
    second.become_black_hole();
    make_for({first.address(), second.address()},
             {.connect_timeout_ms = 100, .attempt_delay_ms = 20});
    const std::ptrdiff_t fd_count = open_fd_count();
    std::uint64_t best_ms = soon_ms;
    for (int i = 0; i < 3; ++i) {  // Of three: others may have the CPU for a while.
        done_count = 0;
        start("example.test");
        expect_error(
            std::make_error_code(std::errc::timed_out),
            "connect to " + second.name() + ": no answer within 100 ms (2 of 2 addresses tried)");
        EXPECT_GE(took_ms, 100U);
        EXPECT_EQ(open_fd_count(), fd_count);
        best_ms = std::min(best_ms, took_ms);
    }
    EXPECT_LT(best_ms, 150U);
}

TEST_F(Dialing, the_limit_counts_from_start_however_long_ago_the_last_turn_was) {
    Place hole("127.0.0.1");
    hole.become_black_hole();
    make({.resolve_timeout_ms = 30, .connect_timeout_ms = 30});
    const std::uint64_t turn_ms = loop.now_ms();
    while (steady_ms() < turn_ms + 60) {
    }
    start("127.0.0.1", hole.port());
    expect_error(std::make_error_code(std::errc::timed_out),
                 "connect to " + hole.name() + ": no answer within 30 ms");
    EXPECT_GE(took_ms, 30U);
}

TEST_F(Dialing, a_slow_lookup_is_given_up_and_its_late_answer_does_nothing) {
    const SlowLookup slow;
    make({.resolve_timeout_ms = 50, .lookup = slow.lookup()});
    start("example.test");
    expect_error(std::make_error_code(std::errc::timed_out),
                 "resolve example.test: no answer within 50 ms");
    EXPECT_GE(took_ms, 50U);
    dialer.reset();
    slow.let_go();
    slow.wait_until_destroyed();
    loop.poll(0);
    EXPECT_EQ(done_count, 1);
}

TEST_F(Dialing, limits_of_0_are_none) {
    Place place("127.0.0.1");
    place.listen();
    const SlowLookup slow;
    make({.resolve_timeout_ms = 0, .connect_timeout_ms = 0, .lookup = slow.lookup()});
    start("example.test", place.port());
    slow.wait_until_begun(1);
    loop.poll(0);
    EXPECT_EQ(loop.next_timeout_ms(), -1);
    slow.let_go();
    expect_connected_to(place);
    EXPECT_EQ(loop.next_timeout_ms(), -1);
}

TEST_F(Dialing, a_name_that_fails_is_the_resolvers_error) {
    const std::error_code code(EAI_AGAIN, resolve_category());
    make({.lookup = [code](const std::string& host, std::uint16_t) {
        return Resolved{.error = {code, "resolve " + host + ": not today"}};
    }});
    start("example.test");
    expect_error(code, "resolve example.test: not today");
}

TEST_F(Dialing, a_unix_socket_is_connected_to) {
    const Directory directory;
    Place place(unix_socket_address(directory.file("here")));
    place.listen();
    make();
    start_unix(directory.file("here"));
    expect_connected_to(place);
    EXPECT_EQ(result.peer.family(), Address::Family::unix_socket);
}

TEST_F(Dialing, a_unix_socket_that_cannot_be_connected_to_is_named) {
    const Directory directory;
    const Place place(unix_socket_address(directory.file("deaf")));
    const std::pair<std::string, int> rows[] = {
        {directory.file("none"), ENOENT},
        {directory.file("deaf"), ECONNREFUSED},
        {directory.file(std::string(200, 'x')), ENAMETOOLONG}};
    make();
    for (const auto& [path, number] : rows) {
        done_count = 0;
        start_unix(path);
        const std::error_code code = system_error(number);
        expect_error(code, "connect to unix:" + path + ": " + code.message());
    }
}

TEST_F(Dialing, a_unix_socket_with_a_full_queue_is_waited_for_like_any_other) {
    const Directory directory;
    Place place(unix_socket_address(directory.file("full")));
    place.become_black_hole();
    make({.connect_timeout_ms = 50});
    start_unix(directory.file("full"));
    expect_error(std::make_error_code(std::errc::timed_out),
                 "connect to unix:" + directory.file("full") + ": no answer within 50 ms");
    make();
    done_count = 0;
    start_unix(directory.file("full"));
    loop.poll(0);
    EXPECT_TRUE(place.accept());
    expect_connected_to(place);
}

// Each phase of a dial, as a way to come there.
struct Phase {
    const char* name;
    std::function<void()> reach;
};

TEST_F(Dialing, destroyed_in_any_phase_it_calls_nobody_and_leaves_nothing) {
    const Directory directory;
    Place listening(unix_socket_address(directory.file("here")));
    listening.listen();
    Place answering("127.0.0.1");
    answering.listen();
    Place hole("127.0.0.1");
    hole.become_black_hole();
    const SlowLookup slow;
    const std::ptrdiff_t fd_count = open_fd_count();
    const Phase phases[] = {
        {"before start", [&] { make(); }},
        {"literal, in the same turn", [&] { make(), start("127.0.0.1", hole.port()); }},
        {"unix, in the same turn", [&] { make(), start_unix(directory.file("here")); }},
        {"while it resolves",
         [&] {
             make({.lookup = slow.lookup()});
             start("example.test");
             loop.poll(0);
         }},
        {"while two attempts go on",
         [&] {
             make_for({hole.address(), hole.address(), hole.address()}, {.attempt_delay_ms = 1});
             start("example.test");
             EXPECT_TRUE(poll_until([&] { return open_fd_count() >= fd_count + 2; }));
         }},
        {"when an attempt has an event that waits",
         [&] {
             make();
             start("127.0.0.1", answering.port());
             EXPECT_TRUE(poll_until([&] { return open_fd_count() == fd_count + 1; }));
         }},
    };
    for (const Phase& phase : phases) {
        SCOPED_TRACE(phase.name);
        phase.reach();
        dialer.reset();
        EXPECT_EQ(open_fd_count(), fd_count);
        loop.poll(0);
        loop.poll(0);
        EXPECT_EQ(held_by_done.use_count(), 1);
        EXPECT_EQ(loop.next_timeout_ms(), -1);
    }
    slow.let_go();
    slow.wait_until_destroyed();
    loop.poll(0);
    EXPECT_EQ(done_count, 0);
}

TEST_F(Dialing, an_attempts_event_that_comes_after_its_dialer_is_gone_reaches_nobody) {
    const Place refusing("127.0.0.1");
    Place place("127.0.0.2");
    place.listen();
    // Both are ready in the same turn: whichever comes first destroys the other's dialer.
    std::optional<Dialer> dialers[2];
    int count = 0;
    for (std::size_t i = 0; i < 2; ++i) {
        dialers[i].emplace(reactor);
        dialers[i]->start(i == 0 ? "127.0.0.1" : "127.0.0.2",
                          i == 0 ? refusing.port() : place.port(), [&](const Dialed&) {
                              ++count;
                              for (std::optional<Dialer>& each : dialers) each.reset();
                          });
    }
    EXPECT_TRUE(poll_until([&] { return count > 0; }));
    loop.poll(0);
    EXPECT_EQ(count, 1);
}

TEST_F(Dialing, within_done_it_may_be_destroyed) {
    const Place refusing("127.0.0.1");
    then = [this] { dialer.reset(); };
    make();
    start("127.0.0.1", refusing.port());
    ASSERT_TRUE(await_done());
    loop.poll(0);
    EXPECT_EQ(held_by_done.use_count(), 1);
    EXPECT_EQ(done_count, 1);
}

TEST_F(Dialing, within_done_it_may_start_anew) {
    Place place("127.0.0.1");
    then = [&] {
        if (done_count != 1) return;
        place.listen();
        dialer->start("127.0.0.1", place.port(), done());
        EXPECT_TRUE(dialer->is_dialing());
    };
    make();
    start("127.0.0.1", place.port());
    EXPECT_TRUE(poll_until([&] { return done_count == 2; }));
    expect_connected_to(place);
}

TEST_F(Dialing, a_loop_that_ends_first_takes_everything_with_it) {
    Place hole("127.0.0.1");
    hole.become_black_hole();
    const SlowLookup slow;
    const std::ptrdiff_t fd_count = open_fd_count();
    for (const bool resolves : {true, false}) {
        auto own_loop = std::make_unique<Loop>();
        const std::ptrdiff_t loop_fd_count = open_fd_count();
        Dialer own(Reactor::of(*own_loop), {.lookup = slow.lookup()});
        own.start(resolves ? "example.test" : "127.0.0.1", hole.port(), done());
        if (resolves) slow.wait_until_begun(1);
        for (int i = 0; i < 3; ++i) own_loop->poll(0);
        EXPECT_EQ(open_fd_count(), loop_fd_count + (resolves ? 0 : 1));
        EXPECT_TRUE(own.is_dialing());
        own_loop.reset();
        EXPECT_FALSE(own.is_dialing());
        EXPECT_EQ(held_by_done.use_count(), 1);
    }
    slow.let_go();
    slow.wait_until_destroyed();
    EXPECT_TRUE(poll_until([&] { return open_fd_count() == fd_count; }));
    EXPECT_EQ(done_count, 0);
}

// Not under UBSan, which needs descriptors of its own to look at an error.
#ifndef __SANITIZE_ADDRESS__
TEST_F(Dialing, without_descriptors_left_it_says_so) {
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    const Fd lowest(::dup(0));
    make();
    start("127.0.0.1", 9);
    rlimit tight = limit;
    tight.rlim_cur = static_cast<rlim_t>(lowest.get() + 1);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
    expect_error(system_error(EMFILE), "connect to 127.0.0.1:9: Too many open files");
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
}
#endif

}  // namespace
}  // namespace edgews
