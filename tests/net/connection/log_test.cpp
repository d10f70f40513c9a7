// The ready sink of on_event: what it writes of any bytes, and how much of a flood.
#include <edgews/log.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/address/ip_address.hpp"
#include "core/kernels/utf8.hpp"
#include "net/loop/fd.hpp"
#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

// What is written to it is read when it is asked for.
class Pipe {
  public:
    Pipe() {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        read_end_ = Fd(ends[0]);
        write_end_ = Fd(ends[1]);
        EXPECT_EQ(::fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    }
    [[nodiscard]] int fd() const { return write_end_.get(); }
    [[nodiscard]] std::string read() const {
        std::string all;
        char some[4096];
        for (;;) {
            const ssize_t count = ::read(read_end_.get(), some, sizeof some);
            if (count <= 0) return all;
            all.append(some, static_cast<std::size_t>(count));
        }
    }
    [[nodiscard]] List lines() const {
        const std::string all = read();
        List lines;
        for (std::size_t begin = 0; begin < all.size();) {
            const std::size_t end = std::min(all.find('\n', begin), all.size());
            lines.push_back(all.substr(begin, end - begin));
            begin = end + 1;
        }
        return lines;
    }
    void close_reader() { read_end_.reset(); }
    // Until a write would wait.
    void fill() const {
        const int flags = ::fcntl(fd(), F_GETFL);
        ::fcntl(fd(), F_SETFL, flags | O_NONBLOCK);
        const std::string much(4096, '.');
        while (::write(fd(), much.data(), much.size()) > 0) continue;
        ::fcntl(fd(), F_SETFL, flags);
    }

  private:
    Fd read_end_;
    Fd write_end_;
};

// Without the time, which begins it.
std::string behind_time(const std::string& line) {
    return line.substr(line.find(' ') + 1);
}

std::string logged(const EngineEvent& event, LogFormat format = LogFormat::text) {
    const Pipe pipe;
    log_to_stderr({.format = format, .stamp = LogStamp::priority, .fd = pipe.fd()})(event);
    return pipe.read();
}

// The text as the log quotes it.
std::string shown(std::string_view text) {
    const std::string line = logged({.text = text});
    const std::size_t begin = line.find(" text=") + 6;
    return line.substr(begin, line.size() - 1 - begin);
}

TEST(Log, a_line_of_text_has_what_is_known) {
    EXPECT_EQ(
        logged({.level = EventLevel::warning,
                .kind = EventKind::consumer_slow,
                .code = 1013,
                .address = Address(IpAddress{
                    .bytes = {192, 0, 2, 7}, .port = 40312, .family = IpAddress::Family::ipv4}),
                .route = "/chat/:room",
                .text = "RouteOptions::backlog_size_max"}),
        "<4>level=warning kind=consumer_slow code=1013 address=192.0.2.7:40312 "
        "route=\"/chat/:room\" text=\"RouteOptions::backlog_size_max\"\n");
    EXPECT_EQ(logged({.kind = EventKind::shutdown_begun, .code = 5'000}),
              "<6>level=info kind=shutdown_begun code=5000\n");
}

TEST(Log, a_line_of_json_is_one_object) {
    EXPECT_EQ(logged({.level = EventLevel::error,
                      .kind = EventKind::handler_failed,
                      .route = "/a\"b\\",
                      .text = "two\nlines"},
                     LogFormat::json),
              "<3>{\"level\":\"error\",\"kind\":\"handler_failed\",\"code\":0,"
              "\"route\":\"/a\\\"b\\\\\",\"text\":\"two\\u000alines\"}\n");
}

TEST(Log, the_time_is_that_of_utc) {
    const Pipe pipe;
    for (const LogFormat format : {LogFormat::text, LogFormat::json}) {
        log_to_stderr({.format = format, .stamp = LogStamp::time, .fd = pipe.fd()})({.code = 7});
    }
    const List lines = pipe.lines();
    ASSERT_EQ(lines.size(), 2U);
    char year[5];
    const std::time_t now = std::time(nullptr);
    std::strftime(year, sizeof year, "%Y", std::gmtime(&now));
    const auto is_time = [&](const std::string& text) {
        const std::string pattern = std::string(year) + "-00-00T00:00:00.000Z";
        return text.size() == pattern.size() && text.starts_with(year) &&
               std::ranges::equal(text, pattern, [](char c, char p) {
                   return p == '0' || (p >= '1' && p <= '9') ? c >= '0' && c <= '9' : c == p;
               });
    };
    EXPECT_TRUE(is_time(lines[0].substr(0, 24))) << lines[0];
    EXPECT_EQ(lines[0].substr(24), " level=info kind=shutdown_begun code=7");
    EXPECT_TRUE(is_time(lines[1].substr(9, 24))) << lines[1];
    EXPECT_EQ(lines[1].substr(33), "\",\"level\":\"info\",\"kind\":\"shutdown_begun\",\"code\":7}");
}

TEST(Log, of_all_bytes_none_leaves_its_line_or_commands_a_terminal) {
    for (int i = 0; i < 256; ++i) {
        SCOPED_TRACE(i);
        const char byte = static_cast<char>(i);
        const std::string line = shown({&byte, 1});
        if (i < 0x20 || i == 0x7F) {
            char escape[9];
            std::snprintf(escape, sizeof escape, "\"\\u%04x\"", static_cast<unsigned>(i));
            EXPECT_EQ(line, escape);
        } else if (i >= 0x80) {
            EXPECT_EQ(line, "\"\xEF\xBF\xBD\"");
        } else if (byte == '"' || byte == '\\') {
            EXPECT_EQ(line, std::string("\"\\") + byte + '"');
        } else {
            EXPECT_EQ(line, std::string("\"") + byte + '"');
        }
    }
}

TEST(Log, what_is_no_character_is_replaced_and_what_deceives_is_escaped) {
    const std::string none = "\xEF\xBF\xBD";
    const struct {
        std::string text, expected;
    } rows[] = {
        {"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"},
        {"\xC2\x80|\xC2\x9F|\xC2\xA0", "\\u0080|\\u009f|\xC2\xA0"},  // C1
        {"\xE2\x80\xA8|\xE2\x80\xA9", "\\u2028|\\u2029"},            // Line ends.
        {"\xE2\x80\xAE|\xE2\x81\xA6|\xE2\x80\x8F|\xD8\x9C", "\\u202e|\\u2066|\\u200f|\\u061c"},
        {"\xC3", none},  // Cut off.
        {"\xF0\x9F\x98", none + none + none},
        {"\xC0\xAF", none + none},                        // Overlong.
        {"\xED\xA0\x80", none + none + none},             // A surrogate.
        {"\xF4\x90\x80\x80", none + none + none + none},  // Beyond U+10FFFF.
        {"a\xFF"
         "b",
         "a" + none + "b"},
    };
    for (const auto& row : rows) EXPECT_EQ(shown(row.text), '"' + row.expected + '"');
}

TEST(Log, a_line_is_bounded_whatever_is_in_it) {
    for (const std::string_view piece : {"x", "\x01", "\xFF", "\xF0\x9F\x98\x80", "\""}) {
        std::string much;
        while (much.size() < 100'000) much += piece;
        for (const LogFormat format : {LogFormat::text, LogFormat::json}) {
            const std::string line = logged({.route = much, .text = much}, format);
            EXPECT_LE(line.size(), 2048U);
            EXPECT_GE(line.size(), 1024U);
            EXPECT_TRUE(is_utf8(std::string_view(line)));
            EXPECT_NE(line.find("\xE2\x80\xA6\""), line.npos);  // It says that there was more.
            EXPECT_EQ(line.find('\n'), line.size() - 1);
        }
    }
}

TEST(Log, lower_levels_are_left_out) {
    const Pipe pipe;
    const EventHook log = log_to_stderr({.level_min = EventLevel::warning, .fd = pipe.fd()});
    log({.level = EventLevel::notice, .kind = EventKind::request_refused});
    log({.level = EventLevel::warning, .kind = EventKind::limit_reached});
    const List lines = pipe.lines();
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(behind_time(lines[0]), "level=warning kind=limit_reached code=0");
}

// ---- Floods ------------------------------------------------------------------------------------

TEST(Log, the_lines_of_a_kind_are_limited_and_the_rest_is_counted) {
    const Pipe pipe;
    {
        const EventHook log = log_to_stderr({.stamp = LogStamp::priority,
                                             .line_count_max = 2,
                                             .period_ms = 60'000,
                                             .fd = pipe.fd()});
        const EventHook copy = log;
        for (int i = 0; i < 1'000; ++i) log({.kind = EventKind::tls_failed});
        copy({.kind = EventKind::tls_failed});
        copy({.kind = EventKind::accept_failed});
    }
    EXPECT_EQ(pipe.lines(),
              (List{"<6>level=info kind=tls_failed code=0", "<6>level=info kind=tls_failed code=0",
                    "<6>level=info kind=accept_failed code=0",
                    "<5>level=notice kind=tls_failed suppressed=999"}));
}

TEST(Log, what_was_left_out_is_told_behind_the_period_and_with_the_shutdown) {
    const Pipe pipe;
    const EventHook log = log_to_stderr(
        {.stamp = LogStamp::priority, .line_count_max = 1, .period_ms = 0, .fd = pipe.fd()});
    log({.kind = EventKind::tls_failed});  // Each has a period of its own.
    log({.kind = EventKind::tls_failed});
    const EventHook strict = log_to_stderr(
        {.stamp = LogStamp::priority, .line_count_max = 0, .period_ms = 0, .fd = pipe.fd()});
    strict({.kind = EventKind::tls_failed});
    strict({.kind = EventKind::accept_failed});
    const EventHook patient = log_to_stderr(
        {.stamp = LogStamp::priority, .line_count_max = 1, .period_ms = 60'000, .fd = pipe.fd()});
    for (int i = 0; i < 3; ++i) patient({.kind = EventKind::timed_out});
    patient({.kind = EventKind::shutdown_done});
    EXPECT_EQ(
        pipe.lines(),
        (List{"<6>level=info kind=tls_failed code=0", "<6>level=info kind=tls_failed code=0",
              "<5>level=notice kind=tls_failed suppressed=1", "<6>level=info kind=timed_out code=0",
              "<6>level=info kind=shutdown_done code=0",
              "<5>level=notice kind=timed_out suppressed=2"}));
}

TEST(Log, what_was_left_out_is_told_with_the_shutdown_though_that_is_not) {
    const Pipe pipe;
    const EventHook log = log_to_stderr({.stamp = LogStamp::priority,
                                         .level_min = EventLevel::warning,
                                         .line_count_max = 1,
                                         .period_ms = 60'000,
                                         .fd = pipe.fd()});
    for (int i = 0; i < 3; ++i) log({.level = EventLevel::warning, .kind = EventKind::timed_out});
    log({.kind = EventKind::shutdown_done});
    EXPECT_EQ(pipe.lines(), (List{"<4>level=warning kind=timed_out code=0",
                                  "<5>level=notice kind=timed_out suppressed=2"}));
}

TEST(Log, a_flood_of_refusals_costs_a_bounded_number_of_lines) {
    constexpr std::size_t flood_count = 2'000;
    const Pipe pipe;
    {
        ServerOptions options{.requests_per_connection_max = 0};
        options.on_event =
            log_to_stderr({.stamp = LogStamp::priority, .period_ms = 600'000, .fd = pipe.fd()});
        TestServer server(std::move(options));
        server.start();
        TestClient client = server.connect();
        for (std::size_t i = 0; i < flood_count; ++i) EXPECT_EQ(client.get("/%0a").status, 404U);
    }
    const List lines = pipe.lines();
    ASSERT_EQ(lines.size(), 20U + 3U);  // And the shutdown's two.
    for (std::size_t i = 0; i < 20; ++i) {
        EXPECT_TRUE(
            lines[i].starts_with("<5>level=notice kind=request_refused code=404 "
                                 "address=127.0.0.1:"));
        EXPECT_TRUE(lines[i].ends_with("route=\"/%0a\" text=\"Nothing is there.\"")) << lines[i];
    }
    EXPECT_EQ(lines.back(), "<5>level=notice kind=request_refused suppressed=" +
                                std::to_string(flood_count - 20));
}

// ---- Whoever reads it --------------------------------------------------------------------------

TEST(Log, nobody_waits_for_a_pipe_that_is_full) {
    const Pipe pipe;
    const EventHook log =
        log_to_stderr({.stamp = LogStamp::priority, .period_ms = 0, .fd = pipe.fd()});
    pipe.fill();
    log({.kind = EventKind::tls_failed});
    log({.kind = EventKind::tls_failed});
    (void)pipe.read();
    log({.kind = EventKind::timed_out});
    EXPECT_EQ(pipe.lines(), (List{"<5>level=notice kind=tls_failed suppressed=2",
                                  "<6>level=info kind=timed_out code=0"}));
}

TEST(Log, to_try_in_vain_counts_as_a_line) {
    const Pipe pipe;
    const EventHook log = log_to_stderr(
        {.stamp = LogStamp::priority, .line_count_max = 2, .period_ms = 60'000, .fd = pipe.fd()});
    pipe.fill();
    log({.kind = EventKind::tls_failed});
    log({.kind = EventKind::tls_failed});
    (void)pipe.read();
    log({.kind = EventKind::tls_failed});
    log({.kind = EventKind::shutdown_done});
    EXPECT_EQ(pipe.lines(), (List{"<6>level=info kind=shutdown_done code=0",
                                  "<5>level=notice kind=tls_failed suppressed=3"}));
}

TEST(Log, a_pipe_that_nobody_reads_any_more_ends_nothing) {
    Pipe pipe;
    const EventHook log = log_to_stderr({.fd = pipe.fd()});
    pipe.close_reader();
    log({.kind = EventKind::tls_failed});  // Not even by SIGPIPE.
    log_to_stderr({.fd = -1})({.kind = EventKind::tls_failed});
}

TEST(Log, journald_gets_priorities_where_it_reads_that_descriptor) {
    const Pipe pipe;
    struct stat status {};
    ASSERT_EQ(::fstat(pipe.fd(), &status), 0);
    const std::string stream = std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino);
    ::setenv("JOURNAL_STREAM", stream.c_str(), 1);
    log_to_stderr({.fd = pipe.fd()})({});
    ::setenv("JOURNAL_STREAM", "1:1", 1);
    log_to_stderr({.fd = pipe.fd()})({});
    ::unsetenv("JOURNAL_STREAM");
    const List lines = pipe.lines();
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0], "<6>level=info kind=shutdown_begun code=0");
    EXPECT_EQ(behind_time(lines[1]), "level=info kind=shutdown_begun code=0");
}

TEST(Log, lines_of_several_threads_stay_whole) {
    constexpr std::size_t thread_count = 4;
    const Pipe pipe;
    const EventHook log = log_to_stderr(
        {.stamp = LogStamp::priority, .line_count_max = 50, .period_ms = 600'000, .fd = pipe.fd()});
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < thread_count; ++i) {
        threads.emplace_back([&log, i] {
            const auto kind = static_cast<EventKind>(i);
            const std::string text(100, static_cast<char>('a' + i));
            for (int count = 0; count < 1'000; ++count) log({.kind = kind, .text = text});
        });
    }
    for (std::thread& thread : threads) thread.join();
    const List lines = pipe.lines();
    EXPECT_EQ(lines.size(), thread_count * 50);
    EXPECT_EQ(std::set<std::string>(lines.begin(), lines.end()).size(), thread_count);
}

}  // namespace
}  // namespace edgews::test
