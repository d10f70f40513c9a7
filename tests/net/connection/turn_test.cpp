// The order of a turn: what a peer or a handler does in any phase of it is done when it ends, and
// what has arrived is read before a timer judges.
#include "tests/support/scripted_source.hpp"
#include "tests/support/test_server.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace edgews::test {
namespace {

const std::string goodbye = "\x03\xE8";

// A server one of whose connections is broken in whatever phase of a turn a test says.
class Turn : public testing::Test {
  protected:
    Turn() {
        server_->ws("/",
                    {.open =
                         [this](Connection& c) {
                             handle_ = c.handle();
                             c.subscribe("topic");
                         },
                     .message = [](Connection& c, Message m) { c.send(m); },
                     .close = [this](Connection&, CloseEvent e) { notes_.add(describe(e)); }},
                    {.backlog_size_max = 100'000'000});
        server_.start();
    }
    // The client says `last` and is gone, and then the server sends: what had come is read late.
    void break_in(const std::function<void()>& send, const Bytes& last) {
        TestClient client = server_.open();
        server_.wait_for(Counter::websockets_open, 1);
        server_.on_loop([&] {
            client.send(last);
            client.reset();
            send();
        });
        server_.wait_for(Counter::connections_open, 0);
    }

    Notes notes_;
    Handle handle_;
    TestServer server_;
};

TEST_F(Turn, ends_with_nothing_queued_whatever_the_peer_said_before_it_was_gone) {
    const std::vector<Bytes> last_words{
        client_frame(0x89, "ping"), client_frame(0x88, goodbye), client_frame(0x81, "text"),
        client_frame(0x89, "a") + client_frame(0x81, "b"), client_frame(0xF1, "no frame")};
    const std::vector<std::function<void()>> ways_to_send{
        [this] { handle_.send("x"); },
        [this] { handle_.send(std::string(1'000'000, 'x')); },
        [this] { server_->publish("topic", "x"); },
        [this] {
            server_->publish("topic", "x");
            handle_.send("y");
        },
        [this] { server_->loop(0).after(1, [who = handle_] { who.send("x"); }); },
    };
    std::size_t count = 0;
    for (const Bytes& last : last_words) {
        for (const auto& send : ways_to_send) {
            break_in(send, last);
            EXPECT_EQ(notes_.wait_for(++count).size(), count);
        }
    }
    TestClient another = server_.open();
    another.send_text("still here");
    another.expect_text("still here");
}

TEST(TurnEnd, a_flush_may_queue_another_flush_and_a_delete_too) {
    Loop loop;
    Reactor& reactor = Reactor::of(loop);
    std::vector<std::string> done;
    ScriptedSource& second = add_source(loop);
    second.flush = [&] { done.emplace_back("second"); };
    ScriptedSource& third = add_source(loop);
    third.flush = [&] { done.emplace_back("third"); };
    ScriptedSource& first = add_source(loop);
    first.flush = [&] {
        done.emplace_back("first");
        reactor.flush_soon(second);
        first.death = [&] { reactor.flush_later(third); };
        reactor.retire(first);
    };
    loop.post([&] { reactor.flush_later(first); });
    loop.poll(0);
    EXPECT_EQ(done, (std::vector<std::string>{"first", "second", "third"}));
    EXPECT_EQ(loop.next_timeout_ms(), -1);
}

// Has sources answer what they read at the next flush, and counts.
struct Answers {
    void await(Loop& loop, ScriptedSource& source) {
        source.events = [&](std::uint32_t) {
            Reactor::of(loop).flush_soon(source);
            waiting_max = std::max(waiting_max, ++waiting);
        };
        source.flush = [this] {
            --waiting;
            ++flushed;
        };
    }

    std::size_t waiting = 0;
    std::size_t waiting_max = 0;
    std::size_t flushed = 0;
};

TEST(TurnEnd, after_32_that_were_answered_these_are_flushed_before_others_are_read) {
    constexpr std::size_t count = 80;
    Loop loop;
    std::vector<SocketPair> pairs(count);
    Answers answers;
    for (SocketPair& pair : pairs) {
        answers.await(loop, add_source(loop, std::move(pair.near)));
        write_byte(pair.far);
    }
    loop.poll(0);
    EXPECT_EQ(answers.flushed, count);
    EXPECT_EQ(answers.waiting_max, 32U);
}

TEST(TurnEnd, so_are_those_who_had_left_something_unread) {
    constexpr std::size_t count = 80;
    Loop loop;
    Reactor& reactor = Reactor::of(loop);
    Answers answers;
    for (std::size_t i = 0; i < count; ++i) {
        ScriptedSource& source = add_source(loop);
        answers.await(loop, source);
        reactor.read_later(source);
    }
    loop.poll(0);
    EXPECT_EQ(answers.flushed, count);
    EXPECT_EQ(answers.waiting_max, 32U);
}

// ---- A system that refuses -------------------------------------------------

// Puts something else where the loop's epoll descriptor was.
TEST(TurnRefused, where_no_events_can_be_had_timers_and_jobs_go_on) {
    Loop loop;
    const Fd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    ASSERT_GE(::dup2(nothing.get(), loop.fd()), 0);
    int timer_count = 0;
    loop.after(5, [&] { ++timer_count; });
    loop.post([&] { ++timer_count; });
    const std::uint64_t begin_ms = steady_ms();
    while (timer_count < 2 && steady_ms() - begin_ms < soon_ms) loop.poll(-1);
    EXPECT_EQ(timer_count, 2);
}

// From here on the system says EPERM to a call.
void refuse_call(std::uint32_t number) {
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog filter{.len = 4, .filter = program};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
        _Exit(3);
    }
}

TEST(TurnRefused, where_the_loop_cannot_be_woken_for_its_timers_it_wakes_by_itself) {
    const pid_t child = ::fork();
    if (child == 0) {
        Loop loop;
        refuse_call(SYS_timerfd_settime);
        bool is_called = false;
        loop.after(20, [&] { is_called = true; });
        const std::uint64_t begin_ms = steady_ms();
        while (!is_called && steady_ms() - begin_ms < soon_ms) loop.poll(-1);
        _Exit(is_called ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

// ---- Urgent data -----------------------------------------------------------

TEST(Urgent, what_lies_behind_it_is_read_at_once) {
    TestServer server;
    server->ws("/", {.message = [](Connection& c, Message m) { c.send(m); }});
    server.start();
    for (const bool is_within_a_frame : {false, true}) {
        TestClient client = server.open();
        const Bytes one = client_frame(0x81, "one");
        const Bytes two = client_frame(0x81, "two");
        const Bytes before = is_within_a_frame ? Bytes(one.begin(), one.end() - 2) : one;
        const Bytes behind = is_within_a_frame ? Bytes(one.end() - 2, one.end()) + two : two;
        server.on_loop([&] {  // It comes to it when all is there.
            client.send(before);
            client.send_urgent(std::byte{'!'});
            client.send(behind);
        });
        client.expect_text("one");
        client.expect_text("two");
    }
}

}  // namespace
}  // namespace edgews::test
