// A loop's turns: what ends a wait, what runs when, and how other loops nest it.
#include "tests/support/scripted_source.hpp"

#include <sched.h>
#include <sys/resource.h>

#include <gtest/gtest.h>

#include <edgews/loop.hpp>
#include "net/loop/loop_link.hpp"
#include "net/loop/reactor.hpp"
#include "net/loop/slots.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
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
using test::wait_until_asleep;
using test::write_byte;

TEST(Loop, poll_0_never_waits_though_nothing_is_there_or_a_timer_is_far) {
    Loop loop({.busy_poll_us = 60'000'000});
    const std::uint64_t begin_ms = steady_ms();
    loop.poll(0);
    loop.after(forever_ms, [] {});
    loop.poll(0);
    EXPECT_LT(steady_ms() - begin_ms, soon_ms);
}

TEST(Loop, poll_waits_as_long_as_it_may_and_no_longer) {
    Loop loop;
    const std::uint64_t begin_ms = steady_ms();
    loop.poll(20);
    EXPECT_GE(steady_ms() - begin_ms, 20U);
    EXPECT_LT(steady_ms() - begin_ms, soon_ms);
}

TEST(Loop, a_post_from_another_thread_wakes_a_poll_that_is_blocked) {
    Loop loop;
    const pid_t own_id = ::gettid();
    for (int i = 0; i < 100; ++i) {
        bool has_run = false;
        std::thread poster([&] {
            wait_until_asleep(own_id);
            EXPECT_TRUE(loop.post([&] { has_run = true; }));
        });
        const std::uint64_t begin_ms = steady_ms();
        while (!has_run && steady_ms() - begin_ms < soon_ms) loop.poll(forever_ms);
        EXPECT_LT(steady_ms() - begin_ms, soon_ms);
        poster.join();
        ASSERT_TRUE(has_run);
    }
}

TEST(Loop, posts_from_four_threads_all_run_in_each_ones_order) {
    constexpr int task_count = 20'000;
    Loop loop;
    std::vector<int> next(4, 0);
    int ran_count = 0;
    int out_of_order_count = 0;
    std::vector<std::thread> posters;
    for (std::size_t poster = 0; poster < next.size(); ++poster) {
        posters.emplace_back([&, poster] {
            for (int i = 0; i < task_count; ++i) {
                loop.post([&, poster, i] {
                    if (next[poster]++ != i) ++out_of_order_count;
                    if (++ran_count == 4 * task_count) loop.stop();
                });
            }
        });
    }
    loop.run();
    for (std::thread& poster : posters) poster.join();
    EXPECT_EQ(ran_count, 4 * task_count);
    EXPECT_EQ(out_of_order_count, 0);
}

TEST(Loop, what_a_posted_task_posts_runs_in_the_next_turn_without_a_wait) {
    Loop loop;
    Reactor& reactor = Reactor::of(loop);
    std::vector<std::uint64_t> turns;
    loop.post([&] {
        turns.push_back(reactor.turn());
        loop.post([&] { turns.push_back(reactor.turn()); });
    });
    const std::uint64_t begin_ms = steady_ms();
    loop.poll(forever_ms);
    EXPECT_EQ(turns.size(), 1U);
    loop.poll(forever_ms);
    ASSERT_EQ(turns.size(), 2U);
    EXPECT_EQ(turns[1], turns[0] + 1);
    EXPECT_LT(steady_ms() - begin_ms, soon_ms);
}

TEST(Loop, what_an_event_or_a_flush_posts_is_not_forgotten_either) {
    Loop loop;
    Reactor& reactor = Reactor::of(loop);
    int ran_count = 0;
    ScriptedSource& source = add_source(loop);
    source.flush = [&] { loop.post([&] { ++ran_count; }); };
    loop.post([&] { reactor.flush_later(source); });
    const std::uint64_t begin_ms = steady_ms();
    loop.poll(forever_ms);
    EXPECT_EQ(ran_count, 0);
    loop.poll(forever_ms);
    EXPECT_EQ(ran_count, 1);
    EXPECT_LT(steady_ms() - begin_ms, soon_ms);
}

TEST(Loop, stop_from_another_thread_ends_run) {
    Loop loop;
    std::atomic<pid_t> id = 0;
    std::thread runner([&] {
        id = ::gettid();
        loop.run();
    });
    while (id == 0) std::this_thread::yield();
    wait_until_asleep(id);
    loop.stop();
    runner.join();
}

TEST(Loop, stop_before_run_makes_the_next_run_return_at_once_and_only_that) {
    Loop loop;
    int ran_count = 0;
    loop.stop();
    loop.run();
    loop.post([&] {
        ++ran_count;
        loop.stop();
    });
    loop.run();
    EXPECT_EQ(ran_count, 1);
}

TEST(Loop, run_pins_its_thread_where_the_options_say) {
    cpu_set_t allowed;
    ASSERT_EQ(::sched_getaffinity(0, sizeof allowed, &allowed), 0);
    int last = -1;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(static_cast<std::size_t>(cpu), &allowed)) last = cpu;
    }
    Loop loop({.cpu = last});
    cpu_set_t own;
    loop.post([&] {
        EXPECT_EQ(::sched_getaffinity(0, sizeof own, &own), 0);
        loop.stop();
    });
    std::thread runner([&] { loop.run(); });
    runner.join();
    EXPECT_EQ(CPU_COUNT(&own), 1);
    EXPECT_TRUE(CPU_ISSET(static_cast<std::size_t>(last), &own));
}

TEST(Loop, current_is_the_loop_whose_turn_this_thread_is_in) {
    Loop outer;
    Loop inner;
    EXPECT_EQ(Loop::current(), nullptr);
    std::vector<Loop*> seen;
    const auto look = [&] { seen.push_back(Loop::current()); };
    inner.post(look);
    outer.post([&] {
        look();
        inner.poll(0);
        look();
        std::thread([&] { EXPECT_EQ(Loop::current(), nullptr); }).join();
    });
    outer.poll(0);
    EXPECT_EQ(seen, (std::vector{&outer, &inner, &outer}));
    EXPECT_EQ(Loop::current(), nullptr);
}

TEST(Loop, a_turn_goes_from_posts_over_events_reads_and_timers_to_flushes_and_deletes) {
    Loop loop;
    Reactor& reactor = Reactor::of(loop);
    std::vector<std::string> log;
    SocketPair pair;
    ScriptedSource& dying = add_source(loop);
    dying.death = [&] { log.emplace_back("delete"); };
    ScriptedSource& carried = add_source(loop);
    carried.events = [&](std::uint32_t) { log.emplace_back("read"); };
    carried.flush = [&] { log.emplace_back("flush"); };
    ScriptedSource& ready = add_source(loop, std::move(pair.near));
    ready.events = [&](std::uint32_t) {
        log.emplace_back("event");
        reactor.flush_later(carried);
        reactor.retire(dying);
    };
    loop.after(1, [&] { log.emplace_back("timer"); });
    loop.post([&] { log.emplace_back("post"); });
    reactor.read_later(carried);
    write_byte(pair.far);
    const std::uint64_t begin_ms = steady_ms();
    while (steady_ms() < begin_ms + 2) {
    }
    loop.poll(0);
    EXPECT_EQ(log, (std::vector<std::string>{"post", "event", "read", "timer", "flush", "delete"}));
}

TEST(Loop, what_an_event_posts_runs_in_its_turn_if_nothing_had_been_posted_before) {
    Loop loop;
    std::vector<std::string> log;
    SocketPair pair;
    ScriptedSource& source = add_source(loop, std::move(pair.near));
    source.events = [&](std::uint32_t) { loop.post([&] { log.emplace_back("post"); }); };
    write_byte(pair.far);
    loop.poll(0);
    EXPECT_EQ(log, std::vector<std::string>{"post"});
    write_byte(pair.far);
    loop.post([&] { log.emplace_back("from outside"); });
    loop.poll(0);
    EXPECT_EQ(log.size(), 2U);
    loop.poll(forever_ms);
    EXPECT_EQ(log, (std::vector<std::string>{"post", "from outside", "post"}));
}

TEST(Loop, nested_by_its_descriptor_it_is_readable_while_there_is_something_to_do) {
    Loop loop;
    EXPECT_FALSE(is_readable(loop.fd()));

    SocketPair pair;
    ScriptedSource& source = add_source(loop, std::move(pair.near));
    int event_count = 0;
    source.events = [&](std::uint32_t) { ++event_count; };
    for (int i = 1; i <= 3; ++i) {
        write_byte(pair.far);
        EXPECT_TRUE(is_readable(loop.fd()));
        EXPECT_TRUE(is_readable(loop.fd()));  // Asking changes nothing.
        loop.poll(0);
        EXPECT_EQ(event_count, i);
        EXPECT_FALSE(is_readable(loop.fd()));
    }

    int ran_count = 0;
    for (int i = 1; i <= 3; ++i) {
        std::thread([&] { loop.post([&] { ++ran_count; }); }).join();
        EXPECT_TRUE(is_readable(loop.fd()));
        loop.poll(0);
        EXPECT_EQ(ran_count, i);
        EXPECT_FALSE(is_readable(loop.fd()));
    }

    loop.post([&] { loop.post([&] { ++ran_count; }); });
    loop.poll(0);
    EXPECT_TRUE(is_readable(loop.fd()));
    loop.poll(0);
    EXPECT_EQ(ran_count, 4);
    EXPECT_FALSE(is_readable(loop.fd()));
}

TEST(Loop, nested_in_another_loop_it_serves_events_posts_and_timers) {
    Loop outer;
    Loop inner;
    std::vector<std::string> log;
    SocketPair pair;
    ScriptedSource& source = add_source(inner, std::move(pair.near));
    source.events = [&](std::uint32_t) {
        log.emplace_back("event");
        inner.after(5, [&] { log.emplace_back("timer"); });
    };
    add_source(outer, Fd(::dup(inner.fd()))).events = [&](std::uint32_t) { inner.poll(0); };
    std::thread other([&] {
        inner.post([&] {
            log.emplace_back("post");
            write_byte(pair.far);
        });
    });
    const std::uint64_t begin_ms = steady_ms();
    while (log.size() < 3 && steady_ms() - begin_ms < soon_ms) {
        const int timeout_ms = inner.next_timeout_ms();
        outer.poll(timeout_ms < 0 ? forever_ms : timeout_ms);
        if (inner.next_timeout_ms() == 0) inner.poll(0);
    }
    other.join();
    EXPECT_EQ(log, (std::vector<std::string>{"post", "event", "timer"}));
}

TEST(Loop, busy_polling_picks_up_events_posts_and_timers) {
    constexpr std::uint32_t spin_us = 2 * forever_ms * 1000;  // Blocking would come too late.
    Loop loop({.busy_poll_us = spin_us});
    SocketPair pair;
    int event_count = 0;
    add_source(loop, std::move(pair.near)).events = [&](std::uint32_t) { ++event_count; };
    std::atomic<bool> is_polling = false;
    bool has_posted = false;
    bool has_timer_run = false;
    const std::uint64_t begin_ms = steady_ms();

    std::thread writer([&] {
        while (!is_polling) std::this_thread::yield();
        write_byte(pair.far);
    });
    is_polling = true;
    loop.poll(-1);
    EXPECT_EQ(event_count, 1);
    writer.join();

    std::thread poster([&] { loop.post([&] { has_posted = true; }); });
    loop.poll(-1);
    EXPECT_TRUE(has_posted);
    poster.join();

    loop.after(3, [&] { has_timer_run = true; });
    while (!has_timer_run && steady_ms() - begin_ms < soon_ms) loop.poll(-1);
    EXPECT_TRUE(has_timer_run);
    loop.poll(1);  // The caller's limit counts, too.
    EXPECT_LT(steady_ms() - begin_ms, soon_ms);
}

TEST(Loop, after_spinning_in_vain_it_blocks_and_is_woken) {
    Loop loop({.busy_poll_us = 1});
    const pid_t own_id = ::gettid();
    bool has_run = false;
    std::thread poster([&] {
        wait_until_asleep(own_id);
        loop.post([&] { has_run = true; });
    });
    const std::uint64_t begin_ms = steady_ms();
    while (!has_run && steady_ms() - begin_ms < soon_ms) loop.poll(forever_ms);
    EXPECT_LT(steady_ms() - begin_ms, soon_ms);
    poster.join();
}

TEST(Loop, its_end_destroys_what_it_still_has) {
    auto held = std::make_shared<int>();
    int death_count = 0;
    {
        Loop loop;
        Reactor& reactor = Reactor::of(loop);
        SocketPair pair;
        for (int i = 0; i < 3; ++i) {
            add_source(loop, i == 0 ? std::move(pair.near) : Fd()).death = [&] { ++death_count; };
        }
        ScriptedSource& retired = add_source(loop);
        retired.death = [&] { ++death_count; };
        reactor.retire(retired);
        loop.post([held] {});
        loop.after(1, [held] {});
        loop.every(1, [held] {});
        EXPECT_EQ(held.use_count(), 4);
        EXPECT_EQ(death_count, 0);
    }
    EXPECT_EQ(held.use_count(), 1);
    EXPECT_EQ(death_count, 4);
}

TEST(Loop, its_link_outlives_it_and_says_that_it_is_gone) {
    std::shared_ptr<LoopLink> link;
    Token token = no_token;
    {
        Loop loop;
        Reactor& reactor = Reactor::of(loop);
        link = reactor.link();
        token = add_source(loop).token();
        EXPECT_TRUE(link->slots.is_live(token));
    }
    auto held = std::make_shared<int>();
    EXPECT_FALSE(link->mailbox.post(make_job([held] {})));
    EXPECT_EQ(held.use_count(), 1);
    EXPECT_FALSE(link->slots.is_live(token));
}

// Not under UBSan, which needs descriptors of its own to look at an exception.
#ifndef __SANITIZE_ADDRESS__
TEST(Loop, without_descriptors_left_it_throws_and_keeps_none) {
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    const Fd lowest(::dup(0));
    for (int left_count = 0; left_count < 2; ++left_count) {
        SCOPED_TRACE(left_count);
        const auto number = static_cast<rlim_t>(lowest.get() + 1 + left_count);
        const rlimit tight{.rlim_cur = number, .rlim_max = limit.rlim_max};
        ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
        std::error_code code;
        try {
            const Loop loop;
        } catch (const std::system_error& error) {
            code = error.code();
        }
        EXPECT_EQ(code, std::errc::too_many_files_open);
        EXPECT_EQ(static_cast<bool>(Fd(::dup(0))), left_count > 0);
        ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    }
}
#endif

TEST(Loop, its_receive_space_is_whole_pages) {
    Loop loop;
    Reactor& reactor = Reactor::of(loop);
    const std::span<std::byte> space = reactor.receive_space();
    EXPECT_EQ(space.size(), Reactor::receive_space_size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(space.data()) % 4096, 0U);
    for (std::byte& byte : space) byte = std::byte{1};  // A sanitizer looks on.
}

// Both on another thread, which has yet to return from what ended it.
TEST(Loop, it_may_be_destroyed_as_soon_as_run_returns) {
    for (int i = 0; i < 1'000; ++i) {
        std::thread other;
        {
            Loop loop;
            other = std::thread([&loop, posts = i % 2 == 0] {
                if (posts) {
                    loop.post([&loop] { loop.stop(); });
                } else {
                    loop.stop();
                }
            });
            loop.run();
        }
        other.join();
    }
}

}  // namespace
}  // namespace edgews
