// Names become addresses: at once, or on a thread that nothing waits for.
#include "tests/support/lookups.hpp"
#include "tests/support/scripted_source.hpp"

#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>

#include <gtest/gtest.h>

#include <edgews/address.hpp>
#include <edgews/loop.hpp>
#include "net/client/resolver.hpp"
#include "net/loop/reactor.hpp"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace edgews {
namespace {

using test::forever_ms;
using test::lookup_of;
using test::SlowLookup;
using test::socket_address;
using test::soon_ms;
using test::steady_ms;

using Texts = std::vector<std::string>;

Texts texts(const std::vector<SocketAddress>& addresses) {
    Texts result;
    for (const SocketAddress& address : addresses) {
        result.push_back(Address(*address.get()).to_string());
    }
    return result;
}

// A loop, and the answers that came to it.
class Resolver : public ::testing::Test {
  protected:
    Token ask(std::string host, Lookup lookup) {
        return resolve(reactor, {.host = std::move(host), .port = 80, .lookup = std::move(lookup)},
                       [this](Resolved resolved) { answers.push_back(std::move(resolved)); });
    }
    [[nodiscard]] bool await(std::size_t count) {
        const std::uint64_t begin_ms = steady_ms();
        while (answers.size() < count && steady_ms() - begin_ms < soon_ms) loop.poll(forever_ms);
        return answers.size() == count;
    }

    Loop loop{};
    Reactor& reactor = Reactor::of(loop);
    std::vector<Resolved> answers{};
};

TEST_F(Resolver, literals_and_localhost_are_answered_without_a_lookup) {
    const Texts localhost{"[::1]:80", "127.0.0.1:80"};
    const std::pair<std::string, Texts> rows[] = {
        {"192.0.2.7", {"192.0.2.7:80"}},
        {"2001:db8::7", {"[2001:db8::7]:80"}},
        {"[2001:db8::7]", {"[2001:db8::7]:80"}},
        {"::1", {"[::1]:80"}},
        {"localhost", localhost},
        {"LocalHost.", localhost},
        {"a.b.localhost", localhost},
    };
    std::atomic<int> asked_count = 0;
    const Lookup counting = [&](const std::string&, std::uint16_t) {
        ++asked_count;
        return Resolved{};
    };
    for (const auto& [host, expected] : rows) {
        SCOPED_TRACE(host);
        answers.clear();
        ask(host, counting);
        EXPECT_TRUE(answers.empty());  // Not from within.
        ASSERT_TRUE(await(1));
        EXPECT_FALSE(answers[0].error) << answers[0].error.message;
        EXPECT_EQ(texts(answers[0].value), expected);
    }
    EXPECT_EQ(asked_count, 0);
}

TEST_F(Resolver, a_literals_zone_is_kept) {
    for (const char* host : {"fe80::1%lo", "[fe80::1%lo]"}) {
        const std::optional<Resolved> resolved = resolve_at_once(host, 80);
        ASSERT_TRUE(resolved && !resolved->error) << host;
        sockaddr_in6 address{};
        std::memcpy(&address, &resolved->value.at(0).storage, sizeof address);
        EXPECT_EQ(address.sin6_scope_id, ::if_nametoindex("lo"));
    }
}

TEST_F(Resolver, what_cannot_be_a_name_is_an_error_and_looked_up_nowhere) {
    for (const std::string& host :
         {std::string(), std::string("[127.0.0.1]"), std::string("[example.test]"),
          std::string("[]"), std::string("fe80::1%no-such-zone"),
          std::string("127.0.0.1\0.example.test", 23)}) {
        const std::optional<Resolved> resolved = resolve_at_once(host, 80);
        ASSERT_TRUE(resolved) << host;
        EXPECT_EQ(resolved->error.code, std::error_code(EAI_NONAME, resolve_category())) << host;
        EXPECT_TRUE(resolved->value.empty());
    }
    for (const char* host :
         {"example.test", "notlocalhost", "localhost.example.test", "[", "::1]"}) {
        EXPECT_FALSE(resolve_at_once(host, 80)) << host;
    }
}

TEST_F(Resolver, any_other_name_is_looked_up_on_another_thread) {
    std::string asked;
    std::thread::id id;
    bool are_signals_blocked = false;
    ask("example.test", [&](const std::string& host, std::uint16_t port) {
        asked = host + ":" + std::to_string(port);
        id = std::this_thread::get_id();
        sigset_t blocked;
        ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
        are_signals_blocked = sigismember(&blocked, SIGTERM) == 1;
        return Resolved{.value = {socket_address("192.0.2.7", port), socket_address("::1", 1)}};
    });
    ASSERT_TRUE(await(1));
    EXPECT_FALSE(answers[0].error);
    EXPECT_EQ(texts(answers[0].value), (Texts{"192.0.2.7:80", "[::1]:1"}));
    EXPECT_EQ(asked, "example.test:80");
    EXPECT_NE(id, std::this_thread::get_id());
    EXPECT_TRUE(are_signals_blocked);
    sigset_t own;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &own);
    EXPECT_EQ(sigismember(&own, SIGTERM), 0);
}

TEST_F(Resolver, the_systems_error_is_named) {
    ask("empty..label", look_up);  // Cannot be put into a question to a name server.
    ASSERT_TRUE(await(1));
    EXPECT_EQ(answers[0].error.code.category(), resolve_category());
    EXPECT_EQ(answers[0].error.message, std::string("resolve empty..label: ") +
                                            ::gai_strerror(answers[0].error.code.value()));
    EXPECT_STREQ(resolve_category().name(), "getaddrinfo");
}

TEST_F(Resolver, a_lookup_that_finds_nothing_is_an_error) {
    ask("example.test", lookup_of({}));
    ASSERT_TRUE(await(1));
    EXPECT_EQ(answers[0].error.code, std::error_code(EAI_NONAME, resolve_category()));
    EXPECT_EQ(answers[0].error.message, "resolve example.test: Name or service not known");
}

TEST_F(Resolver, of_one_host_eight_are_looked_up_at_once_and_further_ones_after_them) {
    const SlowLookup slow;
    constexpr std::size_t count = 20;
    for (std::size_t i = 0; i < count; ++i) ask("example.test", slow.lookup());
    slow.wait_until_begun(8);
    slow.let_go();
    ASSERT_TRUE(await(count));
    EXPECT_EQ(slow.begun_count(), 20);
    EXPECT_EQ(slow.peak_count(), 8);
    slow.wait_until_destroyed();
}

TEST_F(Resolver, names_that_hang_hold_up_no_others) {
    const SlowLookup slow;
    constexpr int count = 64;
    for (int i = 0; i < count; ++i) ask("slow" + std::to_string(i) + ".test", slow.lookup());
    for (int i = 0; i < 20; ++i) ask("slow0.test", slow.lookup());
    ask("example.test", lookup_of({socket_address("192.0.2.7", 1)}));
    ASSERT_TRUE(await(1));
    EXPECT_EQ(texts(answers[0].value), Texts{"192.0.2.7:1"});
    slow.wait_until_begun(count);
    slow.let_go();
    ASSERT_TRUE(await(count + 21));
    slow.wait_until_destroyed();
}

TEST_F(Resolver, there_is_an_end_of_the_threads) {
    const SlowLookup slow;
    constexpr int count = 128;
    for (int i = 0; i < count + 2; ++i) ask("slow" + std::to_string(i) + ".test", slow.lookup());
    while (slow.begun_count() < count) loop.poll(forever_ms);
    for (int i = 0; i < 3; ++i) loop.poll(forever_ms);  // Those that wait insist, in vain.
    EXPECT_TRUE(answers.empty());
    EXPECT_EQ(slow.begun_count(), count);
    slow.let_go();
    ASSERT_TRUE(await(count + 2));
    EXPECT_EQ(slow.peak_count(), count);
    slow.wait_until_destroyed();
}

// At once, too: nobody has to wait before it is seen that others hang.
TEST_F(Resolver, one_that_nobody_waits_for_any_more_takes_nobodys_place) {
    const SlowLookup slow;
    const SlowLookup next;
    std::vector<Token> tokens;
    for (int i = 0; i < 16; ++i) {
        tokens.push_back(ask("slow" + std::to_string(i) + ".test", slow.lookup()));
    }
    slow.wait_until_begun(16);
    for (const Token token : tokens) EXPECT_TRUE(loop.cancel(token));
    loop.poll(0);
    ask("example.test", next.lookup());
    next.wait_until_begun(1);  // No turn in which it could insist.
    next.let_go();
    ASSERT_TRUE(await(1));
    slow.let_go();
    slow.wait_until_destroyed();
}

TEST_F(Resolver, all_who_ask_the_system_for_the_same_are_answered) {
    std::vector<Token> tokens;
    for (int i = 0; i < 20; ++i) tokens.push_back(ask("empty..label", look_up));
    for (int i = 0; i < 20; i += 2) loop.cancel(tokens[static_cast<std::size_t>(i)]);
    ASSERT_TRUE(await(10));
    for (const Resolved& answer : answers) {
        EXPECT_EQ(answer.error.code.category(), resolve_category());
    }
    while (reactor.link().use_count() > 1) loop.poll(0);
    EXPECT_EQ(answers.size(), 10U);
}

TEST_F(Resolver, one_that_was_cancelled_is_not_answered_and_if_it_can_be_not_looked_up) {
    const SlowLookup slow;
    std::vector<Token> tokens;
    for (int i = 0; i < 10; ++i) tokens.push_back(ask("example.test", slow.lookup()));
    const Token literal = ask("127.0.0.1", slow.lookup());
    slow.wait_until_begun(8);
    for (const Token token : tokens) EXPECT_TRUE(loop.cancel(token));
    EXPECT_TRUE(loop.cancel(literal));
    slow.let_go();
    slow.wait_until_destroyed();
    ask("example.test", lookup_of({socket_address("192.0.2.7", 1)}));
    ASSERT_TRUE(await(1));
    EXPECT_EQ(texts(answers[0].value), Texts{"192.0.2.7:1"});
    EXPECT_EQ(slow.begun_count(), 8);
}

TEST_F(Resolver, a_loop_may_go_while_a_lookup_is_under_way) {
    const SlowLookup slow;
    const auto held = std::make_shared<int>();
    std::weak_ptr<LoopLink> link;
    {
        Loop other;
        link = Reactor::of(other).link();
        resolve(Reactor::of(other), {.host = "example.test", .port = 80, .lookup = slow.lookup()},
                [held](const Resolved&) { ADD_FAILURE(); });
        slow.wait_until_begun(1);
    }
    EXPECT_EQ(held.use_count(), 1);
    EXPECT_TRUE(link.expired());
    slow.let_go();
    slow.wait_until_destroyed();
}

// Leaks nothing, either: LeakSanitizer would change the status.
TEST(ResolverDeathTest, a_program_ends_at_once_while_a_lookup_hangs) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const std::uint64_t begin_ms = steady_ms();
    EXPECT_EXIT(
        {
            const SlowLookup slow;
            Loop loop;
            for (int i = 0; i < 10; ++i) {
                resolve(Reactor::of(loop),
                        {.host = "example.test", .port = 80, .lookup = slow.lookup()},
                        [](const Resolved&) {});
            }
            slow.wait_until_begun(8);
            std::exit(0);
        },
        ::testing::ExitedWithCode(0), "");
    EXPECT_LT(steady_ms() - begin_ms, soon_ms);
}

}  // namespace
}  // namespace edgews
