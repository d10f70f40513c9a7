// Sources on a loop: whom events reach, and when those that are gone are deleted.
#include "tests/support/scripted_source.hpp"

#include <fcntl.h>

#include <gtest/gtest.h>

#include <edgews/loop.hpp>
#include "net/loop/slots.hpp"

#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace edgews {
namespace {

using test::add_source;
using test::forever_ms;
using test::is_readable;
using test::ScriptedSource;
using test::SocketPair;
using test::soon_ms;
using test::steady_ms;
using test::write_byte;

TEST(LoopSource, an_event_comes_once_for_each_readiness) {
    Loop loop;
    SocketPair pair;
    std::vector<std::uint32_t> seen;
    add_source(loop, std::move(pair.near)).events = [&](std::uint32_t bits) {
        seen.push_back(bits);
    };
    loop.poll(0);
    EXPECT_TRUE(seen.empty());
    write_byte(pair.far);
    loop.poll(0);
    loop.poll(0);  // Nothing was read: but the edge has been told.
    EXPECT_EQ(seen, std::vector<std::uint32_t>{EPOLLIN});
    write_byte(pair.far);
    loop.poll(0);
    EXPECT_EQ(seen.size(), 2U);
    pair.far.reset();
    loop.poll(0);
    ASSERT_EQ(seen.size(), 3U);
    EXPECT_NE(seen[2] & EPOLLHUP, 0U);
}

TEST(LoopSource, a_descriptor_that_cannot_be_watched_is_an_error_and_leaves_no_token) {
    Loop loop;
    Reactor& reactor = Reactor::of(loop);
    ScriptedSource source;
    Fd closed(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const int number = closed.get();
    closed.reset();
    EXPECT_EQ(reactor.add(source, number, EPOLLIN), EBADF);
    EXPECT_EQ(source.token(), no_token);
    const Fd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(file);
    EXPECT_EQ(reactor.add(source, file.get(), EPOLLIN), EPERM);
    EXPECT_EQ(source.token(), no_token);
    for (std::size_t i = 0; i < reactor.slots().count(); ++i)
        EXPECT_EQ(reactor.slots().at(i), nullptr);
}

// As many as one piece of the table has room for.
TEST(LoopSource, those_that_a_loop_leaves_behind_go_with_it_however_many) {
    constexpr std::size_t count_max = 4'096;
    const auto witness = std::make_shared<int>(0);
    {
        Loop loop;
        Reactor& reactor = Reactor::of(loop);
        while (reactor.slots().count() < count_max) loop.after(forever_ms, [witness] {});
        EXPECT_GT(witness.use_count(), 1);
    }
    EXPECT_EQ(witness.use_count(), 1);
}

TEST(LoopSource, unwatching_pauses_events_and_watching_again_tells_what_is_there) {
    Loop loop;
    Reactor& reactor = Reactor::of(loop);
    SocketPair pair;
    ScriptedSource& source = add_source(loop, std::move(pair.near));
    int event_count = 0;
    source.events = [&](std::uint32_t) { ++event_count; };
    const Token token = source.token();
    reactor.unwatch(source.fd.get());
    write_byte(pair.far);
    loop.poll(0);
    EXPECT_EQ(event_count, 0);
    EXPECT_EQ(reactor.watch(source, source.fd.get(), EPOLLIN | EPOLLET), 0);
    EXPECT_EQ(source.token(), token);
    loop.poll(0);
    EXPECT_EQ(event_count, 1);
}

// Two sockets are ready in one batch. The one that hears of it first closes the
// other, and opens a new one that gets the same number and the same slot.
TEST(LoopSource, an_event_that_has_gone_stale_reaches_neither_the_old_nor_the_new_object) {
    Loop loop;
    Reactor& reactor = Reactor::of(loop);
    SocketPair pairs[2];
    SocketPair fresh;
    ScriptedSource* sources[2] = {};
    Token tokens[2] = {};
    ScriptedSource* newcomer = nullptr;
    int event_counts[2] = {};
    int newcomer_event_count = 0;
    for (int i = 0; i < 2; ++i) {
        sources[i] = &add_source(loop, std::move(pairs[i].near));
        tokens[i] = sources[i]->token();
        sources[i]->events = [&, i](std::uint32_t) {
            ++event_counts[i];
            ScriptedSource& other = *sources[1 - i];
            const int number = other.fd.get();
            other.fd.reset();
            reactor.retire(other);
            Fd reused(::fcntl(fresh.near.get(), F_DUPFD_CLOEXEC, number));
            ASSERT_EQ(reused.get(), number);
            newcomer = &add_source(loop, std::move(reused));
            newcomer->events = [&](std::uint32_t) { ++newcomer_event_count; };
            sources[1 - i] = newcomer;
        };
    }
    const std::size_t slot_count = reactor.slots().count();
    for (SocketPair& pair : pairs) write_byte(pair.far);
    loop.poll(0);

    EXPECT_EQ(event_counts[0] + event_counts[1], 1) << "one of the two was closed by the other";
    ASSERT_NE(newcomer, nullptr);
    EXPECT_EQ(newcomer_event_count, 0) << "the event was not for this one";
    EXPECT_EQ(reactor.slots().count(), slot_count) << "the slot was to be reused, too";
    const int gone = event_counts[0] == 1 ? 1 : 0;
    EXPECT_EQ(reactor.slots().find(tokens[gone]), nullptr);

    write_byte(fresh.far);
    loop.poll(0);
    EXPECT_EQ(newcomer_event_count, 1) << "and its own events do arrive";
}

TEST(LoopSource, a_source_is_deleted_at_the_end_of_the_turn_that_retired_it) {
    Loop loop;
    Reactor& reactor = Reactor::of(loop);
    SocketPair pair;
    bool is_dead = false;
    std::vector<std::string> log;
    ScriptedSource& source = add_source(loop, std::move(pair.near));
    ScriptedSource& last = add_source(loop);
    last.flush = [&] { log.emplace_back(is_dead ? "dead at flush" : "alive at flush"); };
    source.death = [&] { is_dead = true; };
    source.events = [&](std::uint32_t) {
        const Token token = source.token();
        source.fd.reset();
        reactor.retire(source);
        EXPECT_EQ(reactor.slots().find(token), nullptr);
        loop.post([&] { log.emplace_back(is_dead ? "dead at post" : "alive at post"); });
        reactor.flush_later(last);
    };
    write_byte(pair.far);
    loop.poll(0);
    EXPECT_EQ(log, (std::vector<std::string>{"alive at post", "alive at flush"}));
    EXPECT_TRUE(is_dead);
}

TEST(LoopSource, one_whose_end_retires_another_takes_it_along) {
    Loop loop;
    Reactor& reactor = Reactor::of(loop);
    int death_count = 0;
    ScriptedSource& second = add_source(loop);
    second.death = [&] { ++death_count; };
    ScriptedSource& first = add_source(loop);
    first.death = [&] {
        ++death_count;
        reactor.retire(second);
    };
    reactor.retire(first);
    loop.poll(0);
    EXPECT_EQ(death_count, 2);
}

TEST(LoopSource, a_successor_takes_over_the_token_and_the_readiness_but_not_the_timer) {
    Loop loop;
    Reactor& reactor = Reactor::of(loop);
    SocketPair pair;
    bool is_dead = false;
    int event_count = 0;
    int timer_count = 0;
    ScriptedSource& source = add_source(loop, std::move(pair.near));
    const Token token = source.token();
    auto* successor = new ScriptedSource();  // The loop deletes it.
    source.death = [&] { is_dead = true; };
    source.timer = [&] { ++timer_count; };
    successor->events = [&](std::uint32_t) { ++event_count; };
    source.events = [&](std::uint32_t) {
        reactor.schedule(source, 1);
        successor->fd = std::move(source.fd);
        reactor.hand_over(source, *successor);
        EXPECT_FALSE(source.is_set());
        EXPECT_FALSE(is_dead);
    };
    write_byte(pair.far);
    loop.poll(0);
    EXPECT_TRUE(is_dead);
    EXPECT_EQ(event_count, 0);
    EXPECT_EQ(successor->token(), token);
    EXPECT_EQ(reactor.slots().find(token), successor);
    EXPECT_EQ(loop.next_timeout_ms(), -1);
    write_byte(pair.far);
    loop.poll(0);
    EXPECT_EQ(event_count, 1);
    EXPECT_EQ(timer_count, 0);
}

TEST(LoopSource, read_later_reads_in_the_next_turn_without_a_wait) {
    Loop loop;
    Reactor& reactor = Reactor::of(loop);
    ScriptedSource& source = add_source(loop);
    std::vector<std::uint64_t> turns;
    source.events = [&](std::uint32_t bits) {
        EXPECT_EQ(bits, static_cast<std::uint32_t>(EPOLLIN));
        turns.push_back(reactor.turn());
        if (turns.size() < 3) reactor.read_later(source);
    };
    reactor.read_later(source);
    const std::uint64_t begin_ms = steady_ms();
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(loop.next_timeout_ms(), 0);
        loop.poll(forever_ms);
    }
    EXPECT_LT(steady_ms() - begin_ms, soon_ms);
    EXPECT_EQ(loop.next_timeout_ms(), -1);
    ASSERT_EQ(turns.size(), 3U);
    EXPECT_EQ(turns[1], turns[0] + 1);
    EXPECT_EQ(turns[2], turns[0] + 2);
}

TEST(LoopSource, whoever_asks_twice_to_read_later_has_one_share_of_the_turn) {
    Loop loop;
    Reactor& reactor = Reactor::of(loop);
    std::string log;
    ScriptedSource& first = add_source(loop);
    ScriptedSource& second = add_source(loop);
    first.events = [&](std::uint32_t) { log += '1'; };
    second.events = [&](std::uint32_t) { log += '2'; };
    for (ScriptedSource* const source : {&second, &first, &second, &first, &first}) {
        reactor.read_later(*source);
    }
    loop.poll(0);
    EXPECT_EQ(log, "12");
    EXPECT_EQ(loop.next_timeout_ms(), -1);
}

TEST(LoopSource, one_that_always_reads_on_does_not_starve_the_others) {
    Loop loop;
    Reactor& reactor = Reactor::of(loop);
    SocketPair pair;
    bool has_event = false;
    bool has_timer = false;
    bool has_post = false;
    ScriptedSource& loud = add_source(loop);
    loud.events = [&](std::uint32_t) { reactor.read_later(loud); };
    add_source(loop, std::move(pair.near)).events = [&](std::uint32_t) { has_event = true; };
    reactor.read_later(loud);
    loop.poll(-1);
    write_byte(pair.far);
    loop.after(1, [&] { has_timer = true; });
    loop.post([&] { has_post = true; });
    const std::uint64_t begin_ms = steady_ms();
    while (!(has_event && has_timer && has_post) && steady_ms() - begin_ms < soon_ms) loop.poll(-1);
    EXPECT_TRUE(has_event && has_timer && has_post);
}

TEST(LoopSource, what_was_to_be_read_or_flushed_later_is_not_when_it_is_gone) {
    Loop loop;
    Reactor& reactor = Reactor::of(loop);
    ScriptedSource& source = add_source(loop);
    int call_count = 0;
    source.events = [&](std::uint32_t) { ++call_count; };
    source.flush = [&] { ++call_count; };
    reactor.read_later(source);
    reactor.flush_later(source);
    reactor.retire(source);
    // Nor is the one that got its slot.
    ScriptedSource& next = add_source(loop);
    next.events = [&](std::uint32_t) { ++call_count; };
    next.flush = [&] { ++call_count; };
    loop.poll(0);
    EXPECT_EQ(call_count, 0);
}

TEST(LoopSource, flush_later_flushes_at_the_end_of_this_turn_and_flushes_may_ask_for_more) {
    Loop loop;
    Reactor& reactor = Reactor::of(loop);
    std::vector<std::string> log;
    ScriptedSource& first = add_source(loop);
    ScriptedSource& second = add_source(loop);
    first.flush = [&] {
        log.emplace_back("first");
        if (log.size() < 4) reactor.flush_later(second);
    };
    second.flush = [&] {
        log.emplace_back("second");
        reactor.flush_later(first);
    };
    loop.post([&] {
        reactor.flush_later(first);
        log.emplace_back("post");
    });
    const std::uint64_t turn = reactor.turn();
    loop.poll(forever_ms);
    EXPECT_EQ(reactor.turn(), turn + 1);
    EXPECT_EQ(log, (std::vector<std::string>{"post", "first", "second", "first"}));
    loop.poll(0);
    EXPECT_EQ(log.size(), 4U);
}

TEST(LoopSource, a_flush_that_was_asked_for_outside_a_turn_does_not_wait_for_an_event) {
    Loop loop;
    Reactor& reactor = Reactor::of(loop);
    ScriptedSource& source = add_source(loop);
    int flush_count = 0;
    source.flush = [&] { ++flush_count; };
    reactor.flush_later(source);
    EXPECT_EQ(loop.next_timeout_ms(), 0);
    const std::uint64_t begin_ms = steady_ms();
    loop.poll(forever_ms);
    EXPECT_LT(steady_ms() - begin_ms, soon_ms);
    EXPECT_EQ(flush_count, 1);
}

TEST(LoopSource, thousands_that_are_ready_at_once_are_all_heard) {
    constexpr int pair_count = 400;
    Loop loop;
    std::vector<SocketPair> pairs(pair_count);
    int event_count = 0;
    for (SocketPair& pair : pairs) {
        add_source(loop, std::move(pair.near)).events = [&](std::uint32_t) { ++event_count; };
    }
    for (SocketPair& pair : pairs) write_byte(pair.far);
    while (is_readable(loop.fd())) loop.poll(0);
    EXPECT_EQ(event_count, pair_count);
}

}  // namespace
}  // namespace edgews
