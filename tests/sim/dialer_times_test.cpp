// Dialing to the millisecond: which address is tried when, and what is told where none answers.
#include "world_fixture.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace edgews::sim::test {
namespace {

using edgews::test::lookup_of;
using edgews::test::Place;
using edgews::test::RawPeer;
using edgews::test::RawServer;
using edgews::test::socket_address;
using edgews::test::steady_ms;

class DialerTimes : public ClientInWorld {
  protected:
    DialerTimes() {
        for (int i = 1; i < 6; ++i) {
            world.kernel().network().silence("192.0.2." + std::to_string(i));
        }
    }
    // 192.0.2.`number`, who is never heard of.
    [[nodiscard]] static SocketAddress silent(int number) {
        return socket_address("192.0.2." + std::to_string(number), 80);
    }
    [[nodiscard]] static SocketAddress at(const RawServer& server) {
        return socket_address("127.0.0.1", server.port());
    }
    [[nodiscard]] ClientOptions among(std::vector<SocketAddress> addresses) {
        ClientOptions options;
        options.lookup = lookup_of(std::move(addresses));
        return options;
    }
    void expect_told(const std::string& message, std::error_code code) {
        expect_failure(ClientStage::connect, "");
        EXPECT_EQ(error.error.message, "open ws://a.test/: connect to " + message);
        EXPECT_EQ(error.error.code, code);
    }
    void fail_next(Call call, int number, std::uint64_t skipped = 0) {
        Kernel& kernel = world.kernel();
        kernel.plan({.call = call, .index = kernel.calls(call) + skipped, .error = number});
    }

    const Place nobody{"127.0.0.1"};  // Who refuses.
    const RawServer server{loop};
    const RawServer other{loop};
};

TEST_F(DialerTimes, whoever_is_silent_has_a_quarter_of_a_second_and_whoever_refuses_none) {
    connect("ws://a.test/", among({silent(1), nobody.address(), silent(2), at(server), at(other)}));
    RawPeer peer = server.accept_opened();
    expect_notes({"open"});
    EXPECT_EQ(steady_ms() - begin_ms, 500U);
    // Nobody else is dialed, then or later.
    for (int ms = 0; ms < 1'000; ++ms) loop.poll(1);
    EXPECT_FALSE(other.has_waiting());
    EXPECT_EQ(client->remote_address().to_string(), server.name());
}

TEST_F(DialerTimes, the_limit_is_of_all_addresses_and_names_the_last_one_tried) {
    const auto timed_out = std::make_error_code(std::errc::timed_out);
    const struct {
        std::uint32_t limit_ms;
        const char* told;
    } rows[] = {
        {249, "192.0.2.1:80: no answer within 249 ms (1 of 3 addresses tried)"},
        {251, "192.0.2.2:80: no answer within 251 ms (2 of 3 addresses tried)"},
        {1'000, "192.0.2.3:80: no answer within 1000 ms (3 of 3 addresses tried)"},
    };
    for (const auto& row : rows) {
        forget();
        ClientOptions options = among({silent(1), silent(2), silent(3)});
        options.connect_timeout_ms = row.limit_ms;
        connect("ws://a.test/", options);
        expect_told(row.told, timed_out);
        EXPECT_EQ(took_ms, row.limit_ms);
        EXPECT_EQ(loop.next_timeout_ms(), -1);
    }
    forget();
    ClientOptions options = among({silent(1)});
    options.connect_timeout_ms = 10'000;
    connect("ws://a.test/", options);
    while (steady_ms() < begin_ms + 20) loop.poll(1);
    EXPECT_GT(loop.next_timeout_ms(), 1'000);  // There is no other to be tried.
    expect_told("192.0.2.1:80: no answer within 10000 ms", timed_out);
}

// Whoever is silent may still answer.
TEST_F(DialerTimes, a_refusal_is_told_when_nobody_else_may_answer_any_more) {
    ClientOptions options = among({silent(1), nobody.address()});
    options.connect_timeout_ms = 10'000;
    connect("ws://a.test/", options);
    while (steady_ms() < begin_ms + 500) loop.poll(1);
    EXPECT_EQ(notes, Notes{});
    EXPECT_GT(loop.next_timeout_ms(), 1'000);  // There is nothing else to be tried.
    expect_failure(ClientStage::connect, "no answer within 10000 ms (2 of 2 addresses tried)");
    EXPECT_EQ(took_ms, 10'000U);
}

TEST_F(DialerTimes, the_last_failure_is_told_unless_it_is_only_this_machines) {
    const std::string refused = nobody.name() + ": Connection refused (2 of 2 addresses tried)";
    const struct {
        int number;
        bool is_local;
        const char* words;
    } rows[] = {
        {EADDRNOTAVAIL, true, "Cannot assign requested address"},
        {EAFNOSUPPORT, true, "Address family not supported by protocol"},
        {ENETUNREACH, true, "Network is unreachable"},
        {EHOSTUNREACH, false, "No route to host"},
        {ETIMEDOUT, false, "Connection timed out"},
    };
    for (const auto& row : rows) {
        const std::error_code code(row.number, std::system_category());
        const std::error_code refusal(ECONNREFUSED, std::system_category());
        const std::string failed = std::string("192.0.2.1:80: ") + row.words;
        for (const bool is_first : {true, false}) {
            SCOPED_TRACE(row.words);
            forget();
            connect("ws://a.test/", is_first ? among({silent(1), nobody.address()})
                                             : among({nobody.address(), silent(1)}));
            fail_next(Call::connect, row.number, is_first ? 0 : 1);
            if (is_first || row.is_local) {
                expect_told(refused, refusal);
            } else {
                expect_told(failed + " (2 of 2 addresses tried)", code);
            }
            EXPECT_EQ(took_ms, 0U);
        }
        forget();
        connect("ws://a.test/", among({silent(1)}));
        fail_next(Call::connect, row.number);
        expect_told(failed, code);
    }
}

// Of one address: the next one is tried all the same.
TEST_F(DialerTimes, what_the_system_refuses_is_a_failure_of_that_address_alone) {
    const struct {
        Call call;
        int number;
        const char* words;
    } rows[] = {
        {Call::socket, EMFILE, "Too many open files"},
        {Call::connect, EHOSTUNREACH, "No route to host"},
        {Call::epoll_ctl, ENOSPC, "No space left on device"},
        {Call::getsockopt, ENOBUFS, "No buffer space available"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.words);
        forget();
        connect("ws://a.test/", among({at(server)}));
        fail_next(row.call, row.number);
        expect_told(server.name() + ": " + row.words, {row.number, std::system_category()});
        while (server.has_waiting()) (void)server.accept();
        forget();
        connect("ws://a.test/", among({at(server), at(other)}));
        fail_next(row.call, row.number);
        RawPeer peer = other.accept_opened();
        expect_notes({"open"});
        EXPECT_EQ(steady_ms() - begin_ms, 0U);
        EXPECT_TRUE(world.kernel().has_failed_as_planned());
        while (server.has_waiting()) (void)server.accept();
    }
}

// ---- Unix sockets ----------------------------------------------------------

class UnixDialerTimes : public DialerTimes {
  protected:
    UnixDialerTimes() {
        EXPECT_EQ(::bind(listener.get(), place.get(), place.size), 0);
        EXPECT_EQ(::listen(listener.get(), 0), 0);
        EXPECT_EQ(::connect(filler.get(), place.get(), place.size), 0);
    }
    void dial(std::uint32_t limit_ms) {
        connect("ws://a.test/", {.unix_path = "@full", .connect_timeout_ms = limit_ms});
    }
    void make_room() { EXPECT_TRUE(Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC))); }

    const SocketAddress place = unix_socket_address("@full");
    const Fd listener{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const Fd filler{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
};

TEST_F(UnixDialerTimes, one_whose_queue_is_full_is_asked_every_ten_milliseconds) {
    for (const std::uint64_t free_ms : {5U, 10U, 25U}) {
        forget();
        dial(5'000);
        while (steady_ms() < begin_ms + free_ms) loop.poll(1);
        const std::uint64_t before = world.kernel().calls(Call::connect);
        make_room();
        const auto has_called = [&] { return world.kernel().calls(Call::connect) > before; };
        ASSERT_TRUE(until(has_called));
        EXPECT_EQ(steady_ms() - begin_ms, (free_ms / 10 + 1) * 10);
        (void)until(
            [&] { return client->remote_address().family() != edgews::Address::Family::none; });
        EXPECT_EQ(client->remote_address().family(), edgews::Address::Family::unix_socket);
    }
}

TEST_F(UnixDialerTimes, one_whose_queue_stays_full_is_given_up_in_time) {
    dial(35);
    const std::uint64_t before = world.kernel().calls(Call::connect);
    expect_told("unix:@full: no answer within 35 ms", std::make_error_code(std::errc::timed_out));
    EXPECT_EQ(took_ms, 35U);
    EXPECT_EQ(world.kernel().calls(Call::connect) - before, 4U);
    EXPECT_EQ(loop.next_timeout_ms(), -1);
}

TEST_F(UnixDialerTimes, nobody_has_to_find_it) {
    dial(5'000);
    EXPECT_TRUE(client->close());
    expect_failure(ClientStage::connect, "closed before it was open");
}

}  // namespace
}  // namespace edgews::sim::test
