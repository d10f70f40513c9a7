// How files are sent that do not leave at once: who waits, who is given up, and what becomes of a
// file that changes, or of a system that has nothing left.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "tests/support/file_tree.hpp"
#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

constexpr ClientOptions small_buffer{.receive_buffer = 16'384};
constexpr std::size_t large_size = 8'000'000;

// At no two places the same.
const std::string& large_content() {
    static const std::string made = [] {
        std::string content;
        while (content.size() < large_size) content += std::to_string(content.size()) + ' ';
        content.resize(large_size);
        return content;
    }();
    return made;
}

// The server's descriptor of that client's connection.
int server_side_of(const TestClient& client) {
    for (int fd = 3; fd < 1'024; ++fd) {
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
        if (peer.sin_family == AF_INET && ntohs(peer.sin_port) == client.local_port()) return fd;
    }
    throw std::runtime_error("the server has no such connection");
}

class FileSending : public testing::Test {
  protected:
    explicit FileSending(ServerOptions options = {}) : server_(std::move(options)) {
        tree_.write("large", large_);
        tree_.write("edge", large_.substr(0, 16 * 1024));
        tree_.write("over", large_.substr(0, 16 * 1024 + 1));
        server_->get("/now", [](const Request&, Response& answer) { answer.body = "now"; });
    }
    void start(FileOptions options = {}) {
        server_->files("/", tree_.path(""), std::move(options));
        server_.start();
    }
    // The test turns the loop itself.
    void start_without_thread() {
        server_->files("/", tree_.path(""));
        const Error error = server_->listen({.host = "127.0.0.1"});
        ASSERT_FALSE(error) << error.message;
    }
    [[nodiscard]] std::size_t sent_size() { return server_->stats()[Counter::bytes_sent]; }
    // Of this process, those of the tree.
    [[nodiscard]] std::size_t open_count() const {
        std::size_t count = 0;
        for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
            std::error_code gone;
            const auto target = std::filesystem::read_symlink(each.path(), gone);
            if (target.string().starts_with(tree_.path("large"))) ++count;
        }
        return count;
    }
    TestClient ask(const std::string& path, const std::string& lines = "",
                   ClientOptions options = {}) {
        TestClient client = server_.connect(options);
        client.send(TestClient::get_head(path, lines));
        return client;
    }

    const std::string& large_ = large_content();
    FileTree tree_;
    TestServer server_;
};

class ImpatientFileSending : public FileSending {
  protected:
    ImpatientFileSending() : FileSending({.keep_alive_timeout_ms = 1'000}) {}
};

TEST_F(FileSending, a_large_file_arrives_whole_and_the_connection_goes_on) {
    start();
    TestClient client = ask("/large");
    client.send(TestClient::get_head("/over") + TestClient::get_head("/edge") +
                TestClient::get_head("/now"));
    EXPECT_TRUE(client.read_reply().body == large_);
    EXPECT_TRUE(client.read_reply().body == large_.substr(0, 16 * 1024 + 1));
    EXPECT_TRUE(client.read_reply().body == large_.substr(0, 16 * 1024));
    EXPECT_EQ(client.read_reply().body, "now");
    EXPECT_TRUE(client.get("/large").body == large_);
    EXPECT_EQ(open_count(), 0U);
    EXPECT_EQ(server_->stats()[Counter::http_requests], 5U);
}

TEST_F(FileSending, a_part_of_it_is_that_part) {
    start();
    TestClient client = ask("/large", "Range: bytes=1000000-3999999\r\n");
    const HttpReply reply = client.read_reply();
    EXPECT_EQ(reply.status, 206U);
    EXPECT_TRUE(reply.has("Content-Range: bytes 1000000-3999999/8000000"));
    EXPECT_TRUE(reply.body == large_.substr(1'000'000, 3'000'000));
}

TEST_F(FileSending, the_last_answer_says_so_and_ends) {
    start();
    TestClient client = ask("/large", "Connection: close\r\n");
    const HttpReply reply = client.read_reply();
    EXPECT_TRUE(reply.has("Connection: close"));
    EXPECT_TRUE(reply.body == large_);
    client.expect_eof();
}

TEST_F(FileSending, who_sends_nothing_more_still_gets_all_of_it) {
    start();
    TestClient client = ask("/large", "", small_buffer);
    client.half_close();
    EXPECT_TRUE(client.read_reply().body == large_);
    client.expect_eof();
}

TEST_F(FileSending, of_who_leaves_nothing_stays_open) {
    start();
    for (const bool is_reset : {false, true}) {
        TestClient client = ask("/large", "", small_buffer);
        EXPECT_EQ(client.read_reply(false).status, 200U);
        EXPECT_EQ(open_count(), 1U);
        is_reset ? client.reset() : client.close();
        server_.wait_for(Counter::connections_open, 0);
        EXPECT_EQ(server_.on_loop([this] { return open_count(); }), 0U);
    }
}

// SIGPIPE would end the process.
TEST_F(FileSending, a_reset_in_the_midst_of_it_is_nothing_special) {
    start();
    for (int i = 0; i < 100; ++i) {
        TestClient client = ask("/large");
        EXPECT_EQ(client.read_reply(false).status, 200U);
        i % 2 == 0 ? client.reset() : client.close();
    }
    server_.wait_for(Counter::connections_open, 0);
    EXPECT_EQ(open_count(), 0U);
}

TEST_F(ImpatientFileSending, who_reads_nothing_is_given_up) {
    start();
    TestClient client = ask("/large", "", small_buffer);
    server_.wait_for(Counter::connections_open, 1);
    server_.wait_for(Counter::connections_open, 0);
    EXPECT_EQ(open_count(), 0U);
    client.expect_end();
}

// On one thread: where that stands still, both do, and to the server it is no silence.
TEST_F(ImpatientFileSending, who_reads_slowly_is_not) {
    start_without_thread();
    TestClient client = ask("/large", "", small_buffer);
    std::string all;
    for (int i = 0; i < 40 && !all.ends_with(large_); ++i) {
        bool is_later = false;
        server_->loop(0).after(250, [&] { is_later = true; });
        while (!is_later) server_->loop(0).poll(-1);
        const std::size_t size = std::min<std::size_t>(sent_size() - all.size(), 900'000);
        all += text_of(client.read_exactly(size));
    }
    EXPECT_TRUE(all.ends_with(large_));
}

// As on a file system that has no pages to send: sendfile(2) has a socket that appends refused.
TEST_F(FileSending, where_the_system_cannot_send_by_itself_it_is_read) {
    start();
    TestClient client = server_.connect(small_buffer);
    EXPECT_EQ(client.get("/now").body, "now");
    const int fd = server_side_of(client);
    ASSERT_EQ(::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_APPEND), 0);
    client.send(TestClient::get_head("/large") + TestClient::get_head("/now"));
    EXPECT_TRUE(client.read_reply().body == large_);
    EXPECT_EQ(client.read_reply().body, "now");
    client.send(TestClient::get_head("/large"));
    EXPECT_EQ(client.read_reply(false).status, 200U);
    ASSERT_EQ(::truncate(tree_.path("large").c_str(), 6'000'000), 0);
    EXPECT_TRUE(text_of(client.read_exactly(6'000'000)) == large_.substr(0, 6'000'000));
    client.expect_eof();
}

TEST_F(FileSending, a_file_that_shrinks_meanwhile_ends_the_connection) {
    start();
    TestClient client = ask("/large", "", small_buffer);
    EXPECT_TRUE(client.read_reply(false).has("Content-Length: 8000000"));
    ASSERT_EQ(::truncate(tree_.path("large").c_str(), 6'000'000), 0);
    EXPECT_TRUE(text_of(client.read_exactly(6'000'000)) == large_.substr(0, 6'000'000));
    client.expect_eof();
    EXPECT_EQ(open_count(), 0U);
}

TEST_F(FileSending, one_that_grows_is_sent_as_long_as_it_was) {
    start();
    TestClient client = ask("/large", "", small_buffer);
    EXPECT_EQ(client.read_reply(false).status, 200U);
    tree_.write("large", large_ + large_);
    EXPECT_EQ(text_of(client.read_exactly(large_size)).size(), large_size);
    EXPECT_EQ(client.get("/now").body, "now");
}

// The kernel says that these have 4,096 bytes, and they have less.
TEST_F(FileSending, one_that_is_shorter_than_it_says_is_an_error) {
    const std::string folder = "/sys/kernel";
    ASSERT_TRUE(std::filesystem::exists(folder + "/uevent_seqnum"));
    server_->files("/", folder);
    server_.start();
    TestClient client = server_.connect();
    EXPECT_EQ(client.get("/uevent_seqnum").status, 500U);
    EXPECT_EQ(client.get("/now").body, "now");
}

TEST_F(FileSending, so_many_large_ones_are_open_at_a_time) {
    start({.open_count_max = 2});
    TestClient first = ask("/large", "", small_buffer);
    TestClient second = ask("/large", "", small_buffer);
    EXPECT_EQ(first.read_reply(false).status, 200U);
    EXPECT_EQ(second.read_reply(false).status, 200U);
    TestClient third = ask("/large");
    const HttpReply reply = third.read_reply();
    EXPECT_EQ(reply.status, 503U);
    EXPECT_TRUE(reply.has("Retry-After: 1"));
    EXPECT_EQ(third.get("/edge").status, 200U);
    EXPECT_EQ(open_count(), 2U);
    first.reset();
    server_.wait_for(Counter::connections_open, 2);
    EXPECT_TRUE(third.get("/large").body == large_);
}

TEST_F(FileSending, without_descriptors_it_is_503_and_later_served_again) {
    start();
    TestClient client = server_.connect();
    EXPECT_EQ(client.get("/now").body, "now");
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit few = before;
    few.rlim_cur = 3;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    const unsigned status = client.get("/edge").status;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(status, 503U);
    EXPECT_EQ(client.get("/edge").status, 200U);
}

TEST_F(FileSending, a_server_that_shuts_down_sends_the_rest) {
    start();
    TestClient client = ask("/large", "", small_buffer);
    EXPECT_EQ(client.read_reply(false).status, 200U);
    std::thread ending([&] { server_->shutdown(20'000); });
    EXPECT_TRUE(text_of(client.read_exactly(large_size)) == large_);
    client.expect_eof();
    client.close();
    ending.join();
}

// As a carried-over read, and because the socket has room again; and the head.
TEST_F(FileSending, two_slices_leave_in_a_turn_at_most_and_others_have_theirs) {
    start_without_thread();
    TestClient client = ask("/large");
    std::size_t largest_size = 0;
    std::size_t received_size = 0;
    for (int turn = 0; turn < 1'000 && received_size < large_size; ++turn) {
        const std::size_t before_size = sent_size();
        server_->loop(0).poll(100);
        largest_size = std::max(largest_size, sent_size() - before_size);
        while (received_size < sent_size()) received_size += client.receive_some().size();
    }
    EXPECT_GT(received_size, large_size);
    EXPECT_LE(largest_size, 2U * 256 * 1024 + (received_size - large_size));
}

}  // namespace
}  // namespace edgews::test
