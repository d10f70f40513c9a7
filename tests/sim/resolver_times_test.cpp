// Lookups that take their time: who is asked at once, who waits and for how long, and who shares an
// answer. In a world, whose threads take turns, and whose clock is told.
#include <edgews/loop.hpp>
#include <edgews/sim.hpp>
#include "net/client/resolver.hpp"
#include "net/loop/reactor.hpp"

#include <gtest/gtest.h>

#include <netdb.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/client_fixture.hpp"

namespace edgews::sim::test {
namespace {

using edgews::test::socket_address;
using edgews::test::steady_ms;

class ResolverTimes : public testing::Test {
  protected:
    using Counts = std::map<std::uint64_t, std::size_t>;  // By milliseconds.

    explicit ResolverTimes(const WorldOptions& options = {.recorded = calm}) : world(options) {
        world.faults().call_ns_max = 0;
        begin();
    }
    void TearDown() override {
        end();
        EXPECT_EQ(reactor.link().use_count(), 1);
    }
    void begin() {
        begin_ms = steady_ms();
        begun.clear();
        begun_ms.clear();
        answered_ms.clear();
        answers.clear();
    }
    // All lookups, and what they leave.
    void end() {
        world.run_for(100'000);
        loop.poll(0);
        loop.poll(0);
    }
    [[nodiscard]] std::uint64_t now_ms() const { return steady_ms() - begin_ms; }
    void run_until(std::uint64_t ms) {
        while (now_ms() < ms) loop.poll(1);
    }
    // One that takes so long, and then has an address.
    [[nodiscard]] Lookup taking(std::uint64_t ms) {
        return [this, ms](const std::string& host, std::uint16_t port) {
            begun.push_back(host);
            ++begun_ms[now_ms()];
            std::this_thread::sleep_for(std::chrono::milliseconds(ms));
            return Resolved{.value = {socket_address("192.0.2.7", port)}};
        };
    }
    Token ask(const std::string& host, Lookup lookup, std::uint16_t port = 80) {
        return resolve(reactor, {.host = host, .port = port, .lookup = std::move(lookup)},
                       [this](Resolved resolved) {
                           ++answered_ms[now_ms()];
                           answers.push_back(std::move(resolved));
                       });
    }
    std::vector<Token> ask_many(const std::string& name, std::size_t count, std::uint64_t ms) {
        std::vector<Token> tokens;
        for (std::size_t i = 0; i < count; ++i) {
            tokens.push_back(ask(name + std::to_string(i) + ".test", taking(ms)));
        }
        return tokens;
    }
    void expect_texts(const Resolved& resolved, const std::vector<std::string>& expected) {
        EXPECT_FALSE(resolved.error) << resolved.error.message;
        std::vector<std::string> texts;
        for (const SocketAddress& one : resolved.value) {
            texts.push_back(edgews::Address(*one.get()).to_string());
        }
        EXPECT_EQ(texts, expected);
    }

    static constexpr std::array calm{std::byte{0}};
    World world;
    Loop loop{};
    Reactor& reactor = Reactor::of(loop);
    std::uint64_t begin_ms = 0;
    std::vector<std::string> begun{};  // Hosts, in this order.
    Counts begun_ms{};
    Counts answered_ms{};
    std::vector<Resolved> answers{};
};

TEST_F(ResolverTimes, sixteen_are_asked_at_once_and_those_that_have_waited_up_to_128) {
    for (int i = 0; i < 3; ++i) {
        (void)ask_many("a", 200, 1'000);
        run_until(3'000);
        EXPECT_EQ(begun_ms, (Counts{{0, 16}, {50, 112}, {1'000, 16}, {1'050, 56}}));
        EXPECT_EQ(answered_ms, (Counts{{1'000, 16}, {1'050, 112}, {2'000, 16}, {2'050, 56}}));
        for (std::size_t k = 0; k < begun.size(); ++k) {
            EXPECT_EQ(begun[k], "a" + std::to_string(k) + ".test");
        }
        begin();
    }
}

TEST_F(ResolverTimes, eight_of_one_host_are_asked_and_hold_up_no_others) {
    for (int i = 0; i < 3; ++i) {
        for (int k = 0; k < 20; ++k) (void)ask("a.test", taking(1'000));
        for (int k = 0; k < 10; ++k) (void)ask("b.test", taking(1'000));
        run_until(3'001);
        EXPECT_EQ(begun_ms, (Counts{{0, 16}, {1'000, 10}, {2'000, 4}}));
        EXPECT_EQ(answered_ms, (Counts{{1'000, 16}, {2'000, 10}, {3'000, 4}}));
        begin();
    }
}

TEST_F(ResolverTimes, one_that_nobody_waits_for_any_more_gives_its_place_away) {
    for (int i = 0; i < 3; ++i) {
        const std::vector<Token> tokens = ask_many("a", 16, 1'000);
        (void)ask_many("b", 6, 1'000);
        run_until(10);
        EXPECT_EQ(begun_ms, (Counts{{0, 16}}));
        for (std::size_t k = 0; k < 4; ++k) EXPECT_TRUE(loop.cancel(tokens[k]));
        loop.poll(0);  // At the end of a turn.
        run_until(2'000);
        EXPECT_EQ(begun_ms, (Counts{{0, 16}, {10, 4}, {50, 2}}));
        EXPECT_EQ(answered_ms, (Counts{{1'000, 12}, {1'010, 4}, {1'050, 2}}));
        begin();
    }
}

TEST_F(ResolverTimes, who_asks_later_gets_the_places_that_were_given_away) {
    for (int i = 0; i < 3; ++i) {
        const std::vector<Token> tokens = ask_many("a", 16, 1'000);
        run_until(10);
        for (std::size_t k = 0; k < 4; ++k) EXPECT_TRUE(loop.cancel(tokens[k]));
        loop.poll(0);
        const std::vector<Token> later = ask_many("b", 6, 1'000);
        run_until(2'000);
        EXPECT_EQ(begun_ms, (Counts{{0, 16}, {10, 4}, {60, 2}}));
        // What was answered names nothing.
        EXPECT_EQ(answers.size(), 18U);
        for (const auto* each : {&tokens, &later}) {
            for (const Token token : *each) EXPECT_FALSE(loop.cancel(token));
        }
        begin();
    }
}

TEST_F(ResolverTimes, those_of_one_host_are_counted_though_most_have_ended) {
    for (int k = 0; k < 7; ++k) (void)ask("a.test", taking(100));
    (void)ask("a.test", taking(1'000));
    run_until(200);
    for (int k = 0; k < 8; ++k) (void)ask("a.test", taking(2'000));
    run_until(3'100);
    EXPECT_EQ(begun_ms, (Counts{{0, 8}, {200, 7}, {1'000, 1}}));
    EXPECT_EQ(answers.size(), 16U);
}

// By a thread that had ended with another: it is not looked after any more.
TEST_F(ResolverTimes, one_that_waited_and_is_asked_needs_no_timer) {
    (void)ask_many("a", 16, 20);
    (void)ask("b.test", taking(1'000));
    run_until(60);
    EXPECT_EQ(begun_ms, (Counts{{0, 16}, {20, 1}}));
    EXPECT_EQ(loop.next_timeout_ms(), -1);
}

TEST_F(ResolverTimes, a_lookup_is_destroyed_before_its_answer_arrives) {
    const auto held = std::make_shared<int>();
    long use_count = 0;
    (void)resolve(reactor,
                  {.host = "a.test",
                   .port = 80,
                   .lookup = [held](const std::string&, std::uint16_t) { return Resolved{}; }},
                  [&](const Resolved&) { use_count = held.use_count(); });
    run_until(10);
    EXPECT_EQ(use_count, 1);
}

TEST_F(ResolverTimes, one_that_was_cancelled_while_it_waited_is_not_asked) {
    for (const bool is_told_at_once : {true, false}) {
        std::vector<Token> tokens;
        for (int k = 0; k < 10; ++k) tokens.push_back(ask("a.test", taking(1'000)));
        EXPECT_TRUE(loop.cancel(tokens[8]));
        if (is_told_at_once) loop.poll(0);
        world.run_for(2'500);  // The loop stands still meanwhile.
        EXPECT_EQ(begun_ms, (Counts{{0, 8}, {1'000, 1}}));
        run_until(2'600);
        EXPECT_EQ(answers.size(), 9U);
        begin();
    }
}

// ---- Those who ask the system ----------------------------------------------

// Where that takes minutes.
class SlowNames : public ResolverTimes {
  protected:
    SlowNames() : ResolverTimes({.seed = 1}) {
        world.faults().lookup_ns_max = 3'600'000'000'000;
        world.set_name("a.test", {.addresses = {"192.0.2.1", "2001:db8::1"}});
    }
};

TEST_F(SlowNames, who_asks_the_system_for_the_same_within_a_second_shares_the_answer) {
    const auto calls = [&] { return world.kernel().calls(Call::getaddrinfo); };
    std::size_t asked_count = 0;
    for (const std::uint64_t at_ms : {0U, 0U, 500U, 999U}) {
        run_until(at_ms);
        (void)ask("a.test", look_up);
        ++asked_count;
        run_until(at_ms);
        world.run_for(0);
        EXPECT_EQ(calls(), 1U);
    }
    (void)ask("a.test", look_up, 81);  // Of another port.
    run_until(1'000);
    EXPECT_EQ(calls(), 2U);
    (void)ask("a.test", look_up);
    (void)ask("a.test", look_up);
    run_until(1'001);
    EXPECT_EQ(calls(), 3U);
    ASSERT_TRUE(answers.empty()) << "another seed is needed";
    world.run_for(2 * 3'600'000);
    run_until(now_ms() + 2);
    ASSERT_EQ(answers.size(), asked_count + 3);
    std::size_t other_count = 0;
    for (const Resolved& answer : answers) {
        if (edgews::Address(*answer.value.at(0).get()).port() == 81) {
            ++other_count;
            expect_texts(answer, {"192.0.2.1:81", "[2001:db8::1]:81"});
        } else {
            expect_texts(answer, {"192.0.2.1:80", "[2001:db8::1]:80"});
        }
    }
    EXPECT_EQ(other_count, 1U);
    // What was answered is asked anew.
    (void)ask("a.test", look_up);
    run_until(now_ms() + 2);
    EXPECT_EQ(calls(), 4U);
    world.run_for(2 * 3'600'000);
}

TEST_F(SlowNames, another_function_has_an_answer_of_its_own) {
    (void)ask("a.test", look_up);
    (void)ask("a.test", taking(10));
    run_until(20);
    EXPECT_EQ(begun.size(), 1U);
    EXPECT_EQ(answers.size(), 1U);
    world.run_for(2 * 3'600'000);
    run_until(now_ms() + 2);
    EXPECT_EQ(answers.size(), 2U);
}

TEST_F(SlowNames, one_that_is_wanted_again_takes_its_place_again) {
    const Token first = ask("a.test", look_up);
    run_until(1);
    EXPECT_TRUE(loop.cancel(first));
    run_until(2);
    (void)ask("a.test", look_up);
    (void)ask_many("b", 20, 1'000);
    run_until(60);
    EXPECT_EQ(begun_ms, (Counts{{2, 15}, {52, 5}}));
    EXPECT_EQ(world.kernel().calls(Call::getaddrinfo), 1U);
    world.run_for(2 * 3'600'000);
    run_until(now_ms() + 2);
    EXPECT_EQ(answers.size(), 21U);
}

TEST_F(ResolverTimes, one_that_is_shared_while_it_waits_is_asked_though_the_first_has_gone) {
    world.set_name("a.test", {.addresses = {"192.0.2.1"}});
    (void)ask_many("b", 16, 1'000);
    const Token first = ask("a.test", look_up);
    run_until(30);
    (void)ask("a.test", look_up);
    run_until(40);
    EXPECT_TRUE(loop.cancel(first));
    run_until(79);
    EXPECT_EQ(world.kernel().calls(Call::getaddrinfo), 0U);
    run_until(85);
    EXPECT_EQ(world.kernel().calls(Call::getaddrinfo), 1U);
    ASSERT_EQ(answers.size(), 1U);
    expect_texts(answers[0], {"192.0.2.1:80"});
}

TEST_F(ResolverTimes, what_another_function_finds_is_not_shared) {
    for (int i = 0; i < 2; ++i) (void)ask("a.test", taking(1'000));
    run_until(1);
    EXPECT_EQ(begun.size(), 2U);
}

// ---- What goes wrong -------------------------------------------------------

TEST_F(ResolverTimes, what_the_system_says_is_told_in_its_words) {
    world.set_name("a.test", {.addresses = {"192.0.2.1"}});
    world.set_name("none.test", {.error = EAI_NONAME});
    const struct {
        const char* host;
        int error;
        std::error_code code;
        const char* words;
    } rows[] = {
        {"a.test", ENOMEM, {ENOMEM, std::system_category()}, "Cannot allocate memory"},
        {"a.test",
         EAI_AGAIN,
         {EAI_AGAIN, resolve_category()},
         "Temporary failure in name resolution"},
        {"none.test", 0, {EAI_NONAME, resolve_category()}, "Name or service not known"},
    };
    for (const auto& row : rows) {
        begin();
        Kernel& kernel = world.kernel();
        kernel.plan({.call = Call::getaddrinfo,
                     .index = kernel.calls(Call::getaddrinfo),
                     .error = row.error});
        (void)ask(row.host, look_up);
        EXPECT_TRUE(answers.empty());
        run_until(10);
        ASSERT_EQ(answers.size(), 1U);
        EXPECT_EQ(answers[0].error.code, row.code);
        EXPECT_EQ(answers[0].error.message, std::string("resolve ") + row.host + ": " + row.words);
        EXPECT_TRUE(answers[0].value.empty());
    }
    (void)ask("a.test", look_up);
    run_until(20);
    expect_texts(answers.back(), {"192.0.2.1:80"});
}

TEST_F(ResolverTimes, without_a_thread_it_fails_unless_there_is_one_to_wait_for) {
    Kernel& kernel = world.kernel();
    for (const Call call : {Call::thread, Call::thread_attributes}) {
        const auto refuse = [&] {
            kernel.plan({.call = call, .index = kernel.calls(call), .error = EAGAIN});
        };
        begin();
        refuse();
        (void)ask("a.test", taking(1'000));
        EXPECT_TRUE(answers.empty());
        run_until(10);
        ASSERT_EQ(answers.size(), 1U);
        EXPECT_EQ(answers[0].error.code, std::error_code(EAGAIN, std::system_category()));
        EXPECT_EQ(answers[0].error.message, "resolve a.test: Resource temporarily unavailable");
        EXPECT_TRUE(begun.empty());
        // It left nothing that others would have to wait for, or that is asked later.
        const std::vector<Token> tokens = ask_many("z", 16, 100);
        run_until(20);
        EXPECT_TRUE(loop.cancel(tokens[0]));
        run_until(200);
        EXPECT_EQ(begun_ms, (Counts{{10, 16}}));
        begin();
        (void)ask("a.test", taking(1'000));
        refuse();
        (void)ask("b.test", taking(1'000));
        run_until(49);
        refuse();
        (void)ask("c.test", taking(1'000));
        refuse();
        run_until(3'000);
        EXPECT_EQ(begun, (std::vector<std::string>{"a.test", "c.test", "b.test"}));
        EXPECT_EQ(begun_ms, (Counts{{0, 1}, {99, 1}, {100, 1}}));
        EXPECT_EQ(answers.size(), 3U);
        begin();
    }
}

TEST_F(ResolverTimes, those_that_wait_keep_their_order_where_a_thread_is_refused) {
    Kernel& kernel = world.kernel();
    const std::vector<Token> tokens = ask_many("a", 16, 1'000);
    (void)ask_many("b", 4, 1'000);
    run_until(10);
    kernel.plan({.call = Call::thread, .index = kernel.calls(Call::thread), .error = EAGAIN});
    for (std::size_t k = 0; k < 3; ++k) EXPECT_TRUE(loop.cancel(tokens[k]));
    loop.poll(0);
    run_until(20);
    EXPECT_TRUE(kernel.has_failed_as_planned());
    begun.erase(begun.begin(), begun.begin() + 16);
    EXPECT_EQ(begun, (std::vector<std::string>{"b0.test", "b1.test", "b2.test"}));
    run_until(2'000);
    EXPECT_EQ(begun_ms, (Counts{{0, 16}, {10, 3}, {50, 1}}));
}

TEST_F(ResolverTimes, a_loop_that_goes_takes_its_questions_with_it) {
    (void)ask_many("a", 16, 1'000);
    const auto held = std::make_shared<int>();
    {
        Loop other;
        for (int i = 0; i < 3; ++i) {
            (void)resolve(Reactor::of(other),
                          {.host = "b.test", .port = 80, .lookup = taking(1'000)},
                          [held](const Resolved&) { ADD_FAILURE(); });
        }
    }
    EXPECT_EQ(held.use_count(), 1);
    run_until(3'000);
    EXPECT_EQ(begun_ms, (Counts{{0, 16}}));
}

}  // namespace
}  // namespace edgews::sim::test
