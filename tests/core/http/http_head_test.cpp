// Request heads (RFC 9112): what is read from those that are good, however they are split.
#include "core/http/http_head.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/head_feed.hpp"

namespace edgews {
namespace {

using test::everything;
using test::expect_same_for_every_split;
using test::Feed;
using test::feed;
using test::head_with;
using test::host_line;
using test::Progress;

const std::string line = "GET / HTTP/1.1\r\n";

const std::string chrome_head =
    "GET /chat/lobby?token=a%20b&x=1 HTTP/1.1\r\n"
    "Host: localhost:9001\r\n"
    "Connection: Upgrade\r\n"
    "Pragma: no-cache\r\n"
    "Cache-Control: no-cache\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36\r\n"
    "Upgrade: websocket\r\n"
    "Origin: http://localhost:9001\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Cookie: session=0123456789abcdef; theme=\"dark\"\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    "\r\n";

const std::string firefox_head =
    "GET / HTTP/1.1\r\n"
    "Host: [::1]:9001\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: */*\r\n"
    "Accept-Language: en-US,en;q=0.5\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "Origin: http://[::1]:9001\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate\r\n"
    "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n"
    "Connection: keep-alive, Upgrade\r\n"
    "Upgrade: websocket\r\n"
    "\r\n";

TEST(HttpHead, the_head_of_a_browser_is_taken_apart) {
    Feed chrome = feed(chrome_head);
    ASSERT_EQ(chrome.progress(), Progress::complete);
    const HttpHead& head = chrome.head();
    EXPECT_EQ(head.size(), chrome_head.size());
    EXPECT_EQ(head.method(), "GET");
    EXPECT_EQ(head.target(), "/chat/lobby?token=a%20b&x=1");
    EXPECT_EQ(head.path(), "/chat/lobby");
    EXPECT_EQ(head.query(), "token=a%20b&x=1");
    EXPECT_EQ(head.host(), "localhost:9001");
    EXPECT_EQ(head.header_count(), 13u);
    EXPECT_EQ(head.header("sec-websocket-KEY"), "dGhlIHNhbXBsZSBub25jZQ==");
    EXPECT_EQ(head.header("Cookie"), "session=0123456789abcdef; theme=\"dark\"");
    EXPECT_EQ(head.header("Cooki"), std::nullopt);
    EXPECT_EQ(head.header("Absent"), std::nullopt);
    EXPECT_FALSE(head.has_body());
    EXPECT_TRUE(head.keep_alive());
    EXPECT_TRUE(feed(firefox_head).head().has_token("connection", "upgrade"));
}

TEST(HttpHead, every_split_gives_the_same_head) {
    expect_same_for_every_split(chrome_head);
    expect_same_for_every_split(firefox_head);
    expect_same_for_every_split(
        head_with("A:\r\nB: \t \r\nC:\t c \t d \t\r\nContent-Length: 7\r\n"));
    expect_same_for_every_split(
        "\r\nGET http://a.b:1/x?y HTTP/1.1\r\nHost: c\r\nA: 1\r\na: 2\r\n\r\n");
}

TEST(HttpHead, what_follows_the_head_is_not_looked_at) {
    const std::string head = head_with("");
    Feed with_frames = feed(head + std::string("\x81\x85\0\0\0\0\n\r", 8));
    EXPECT_EQ(with_frames.progress(), Progress::complete);
    EXPECT_EQ(with_frames.head().size(), head.size());
}

TEST(HttpHead, pipelined_requests_are_parsed_after_a_reset) {
    const std::string first = head_with("A: 1\r\nContent-Length: 3\r\n");
    const std::string second = "HEAD http://x/second HTTP/1.1\r\nHost: y\r\n\r\n";
    const std::string third = head_with("Connection: close\r\n");
    const std::string all = first + second + third;
    HttpHead head;
    ASSERT_EQ(head.parse(all), Progress::complete);
    EXPECT_EQ(head.content_length(), 3u);
    std::string_view rest = std::string_view(all).substr(head.size());
    head.reset();
    ASSERT_EQ(head.parse(rest), Progress::complete);
    EXPECT_EQ(everything(head), everything(feed(second).head()));
    rest.remove_prefix(head.size());
    head.reset();
    ASSERT_EQ(head.parse(rest), Progress::complete);
    EXPECT_EQ(everything(head), everything(feed(third).head()));
}

TEST(HttpHead, complete_and_failed_last_until_reset) {
    HttpHead head;
    const std::string good = head_with("");
    ASSERT_EQ(head.parse(good), Progress::complete);
    EXPECT_EQ(head.parse(good + "more"), Progress::complete);
    head.reset();
    ASSERT_EQ(head.parse("GET\n"), Progress::failed);
    EXPECT_EQ(head.parse(good), Progress::failed);
    EXPECT_EQ(head.fault(), HttpFault::bare_line_feed);
    head.reset();
    EXPECT_EQ(head.fault(), HttpFault::none);
    EXPECT_EQ(head.parse(good), Progress::complete);
}

TEST(HttpHead, rebase_moves_all_views) {
    HttpHead head;
    std::string old_place = chrome_head;
    ASSERT_EQ(head.parse(old_place), Progress::complete);
    const std::string expected = everything(head);
    const std::string new_place = old_place;
    head.rebase(new_place);
    old_place.assign(old_place.size(), '#');
    EXPECT_EQ(everything(head), expected);
}

TEST(HttpHead, all_headers_of_one_name_are_visited_in_order) {
    Feed fed = feed(head_with("A: 1\r\nB: 2\r\na: 3\r\nAB: 4\r\nA:\r\n"));
    std::vector<std::string_view> values;
    for (const std::string_view value : fed.head().values("a")) values.push_back(value);
    EXPECT_EQ(values, (std::vector<std::string_view>{"1", "3", ""}));
    for (const std::string_view value : fed.head().values("C")) ADD_FAILURE() << value;
}

TEST(HttpHead, tokens_are_found_in_lists_over_several_headers_in_any_case) {
    Feed fed =
        feed(head_with("Connection: keep-alive ,\tHTTP2-Settings\r\nconnection: ,,UpGrade\r\n"));
    EXPECT_TRUE(fed.head().has_token("Connection", "upgrade"));
    EXPECT_TRUE(fed.head().has_token("Connection", "http2-settings"));
    EXPECT_FALSE(fed.head().has_token("Connection", "up"));
    EXPECT_FALSE(fed.head().has_token("Connection", "keep"));
    EXPECT_FALSE(fed.head().has_token("Upgrade", "upgrade"));
    EXPECT_TRUE(fed.head().keep_alive());
    EXPECT_FALSE(feed(head_with("Connection: x, Close\r\n")).head().keep_alive());
}

// RFC 9112, section 3.2.2: the authority of an absolute target counts, not Host.
TEST(HttpHead, targets_are_taken_apart) {
    struct Row {
        const char* target;
        const char* path;
        const char* query;
        const char* host;
    };
    const Row rows[] = {
        {"/", "/", "", "h"},
        {"/?", "/", "", "h"},
        {"/a/b?c?d", "/a/b", "c?d", "h"},
        {"//a", "//a", "", "h"},
        {"/a:b", "/a:b", "", "h"},
        {"/{x}|\"y\"", "/{x}|\"y\"", "", "h"},  // Browsers send some of these.
        {"http://a.example", "/", "", "a.example"},
        {"http://a.example?q", "/", "q", "a.example"},
        {"HTTP://a.example:80/p?q", "/p", "q", "a.example:80"},
        {"https://[::1]:443/p/?q=/", "/p/", "q=/", "[::1]:443"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.target);
        Feed fed = feed("GET " + std::string(row.target) + " HTTP/1.1\r\nHost: h\r\n\r\n");
        ASSERT_EQ(fed.progress(), Progress::complete);
        EXPECT_EQ(fed.head().target(), row.target);
        EXPECT_EQ(fed.head().path(), row.path);
        EXPECT_EQ(fed.head().query(), row.query);
        EXPECT_EQ(fed.head().host(), row.host);
    }
}

TEST(HttpHead, bodies_are_announced) {
    Feed length = feed(head_with("Content-Length: 9223372036854775807\r\n"));
    EXPECT_EQ(length.head().content_length(), 9223372036854775807u);
    EXPECT_TRUE(length.head().has_body());
    EXPECT_FALSE(length.head().is_chunked());
    EXPECT_FALSE(feed(head_with("Content-Length: 000\r\n")).head().has_body());
    Feed chunked = feed(head_with("Transfer-Encoding: Chunked\r\n"));
    EXPECT_TRUE(chunked.head().has_body());
    EXPECT_TRUE(chunked.head().is_chunked());
}

// Every byte that was parsed is overwritten with NUL before the next is given, but for
// those that a rule compares when their line ends. A parser that scanned anything
// again would fail; one that does not is linear, however slowly the bytes drip in.
TEST(HttpHead, bytes_that_were_parsed_are_not_scanned_again) {
    std::string text = line + host_line;
    std::vector<bool> is_compared(text.size(), true);
    while (text.size() < 16 * 1024 - 2 - 600) {
        text += "X-Name: " + std::string(500, 'v') + "\r\n";
        for (std::size_t i = is_compared.size(); i < text.size(); ++i) {
            is_compared.push_back(text[i] == 'X' || text[i] == 'N' || text[i] == 'a');
        }
    }
    text += "\r\n";
    is_compared.resize(text.size(), false);

    HttpHead head;
    std::string memory(text.size(), '\0');
    for (std::size_t i = 0; i < text.size(); ++i) {
        memory[i] = text[i];
        const Progress progress = head.parse(std::string_view(memory).substr(0, i + 1));
        ASSERT_EQ(progress, i + 1 < text.size() ? Progress::more : Progress::complete)
            << "at " << i;
        if (!is_compared[i]) memory[i] = '\0';
    }
    EXPECT_EQ(head.size(), text.size());
}

// RFC 9110, section 2.5: a minor version that is not known is read as the highest that is.
TEST(HttpHead, minor_versions_but_0_are_read_as_1_1) {
    for (const char* version : {"HTTP/1.1", "HTTP/1.2", "HTTP/1.9"}) {
        SCOPED_TRACE(version);
        const std::string text = std::string("GET / ") + version + "\r\n" + host_line + "\r\n";
        Feed fed = feed(text);
        ASSERT_EQ(fed.progress(), Progress::complete);
        EXPECT_FALSE(fed.head().is_http_1_0());
        EXPECT_TRUE(fed.head().keep_alive());
        expect_same_for_every_split(text);
        EXPECT_EQ(feed(std::string("GET / ") + version + "\r\n\r\n").head().fault(),
                  HttpFault::host_missing);
    }
}

TEST(HttpHead, a_request_of_http_1_0_needs_no_host) {
    const std::string text = "GET /a?b HTTP/1.0\r\n\r\n";
    Feed fed = feed(text);
    ASSERT_EQ(fed.progress(), Progress::complete);
    EXPECT_TRUE(fed.head().is_http_1_0());
    EXPECT_EQ(fed.head().host(), "");
    EXPECT_EQ(fed.head().path(), "/a");
    EXPECT_FALSE(fed.head().keep_alive());
    EXPECT_FALSE(fed.head().has_body());
    expect_same_for_every_split(text);

    Feed with_host = feed("GET / HTTP/1.0\r\nA: 1\r\nHost: b\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(with_host.head().host(), "b");
    EXPECT_TRUE(with_host.head().keep_alive());
    EXPECT_EQ(feed("GET http://c/ HTTP/1.0\r\n\r\n").head().host(), "c");
    EXPECT_EQ(feed("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n").head().fault(),
              HttpFault::host_repeated);
    HttpHead head;
    ASSERT_EQ(head.parse(text), Progress::complete);
    head.reset();
    const std::string next = head_with("");
    ASSERT_EQ(head.parse(next), Progress::complete);
    EXPECT_FALSE(head.is_http_1_0());
}

// RFC 9112, sections 3.2.3 and 3.2.4.
TEST(HttpHead, connect_and_options_have_forms_of_their_own) {
    const std::string connect = "CONNECT b.example:443 HTTP/1.1\r\nHost: a\r\n\r\n";
    Feed tunnel = feed(connect);
    ASSERT_EQ(tunnel.progress(), Progress::complete);
    EXPECT_EQ(tunnel.head().target(), "b.example:443");
    EXPECT_EQ(tunnel.head().host(), "b.example:443");
    EXPECT_EQ(tunnel.head().path(), "/");
    EXPECT_EQ(tunnel.head().query(), "");
    expect_same_for_every_split(connect);
    const std::string options = "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n";
    Feed server_wide = feed(options);
    ASSERT_EQ(server_wide.progress(), Progress::complete);
    EXPECT_EQ(server_wide.head().target(), "*");
    EXPECT_EQ(server_wide.head().host(), "a");
    EXPECT_EQ(server_wide.head().path(), "/");
    EXPECT_EQ(server_wide.head().query(), "");
    expect_same_for_every_split(options);
    EXPECT_EQ(feed("OPTIONS /a?b HTTP/1.1\r\nHost: a\r\n\r\n").head().query(), "b");
}

}  // namespace
}  // namespace edgews
