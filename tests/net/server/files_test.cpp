// Files over HTTP: what is answered by their names, conditions and ranges.
#include <gtest/gtest.h>

#include <ctime>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "tests/support/file_tree.hpp"
#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

constexpr long modified = 784'111'777;
const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";

std::string header_of(const HttpReply& reply, const std::string& name) {
    const std::size_t begin = reply.head.find("\r\n" + name + ": ");
    if (begin == std::string::npos) return {};
    const std::size_t value = begin + name.size() + 4;
    return reply.head.substr(value, reply.head.find("\r\n", value) - value);
}

class Files : public testing::Test {
  protected:
    Files() {
        tree_.make("folder");
        tree_.make("empty");
        tree_.make(".well-known");
        tree_.write("a.txt", "0123456789");
        tree_.write("none", "");
        tree_.write("index.html", "<p>root");
        tree_.write("folder/index.html", "<p>folder");
        tree_.write("a b%.js", "1");
        tree_.write(".hidden", "no");
        tree_.write(".well-known/x", "well known");
        tree_.set_modified("a.txt", modified);
    }
    void start(FileOptions options = {}) {
        server_->files("/", tree_.path(""), std::move(options));
        server_.start();
        client_.emplace(server_.connect());
    }
    HttpReply get(const std::string& path, const std::string& lines = "") {
        return client_->get(path, lines);
    }
    HttpReply head(const std::string& path, const std::string& lines = "") {
        client_->send("HEAD " + path + " HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n");
        return client_->read_reply(false);
    }

    FileTree tree_;
    TestServer server_;
    std::optional<TestClient> client_{};
};

TEST_F(Files, are_sent_with_what_is_known_of_them) {
    start();
    const HttpReply reply = get("/a.txt");
    EXPECT_EQ(reply.status, 200U);
    EXPECT_EQ(reply.body, "0123456789");
    EXPECT_TRUE(reply.has("Content-Type: text/plain; charset=utf-8"));
    EXPECT_TRUE(reply.has("X-Content-Type-Options: nosniff"));
    EXPECT_TRUE(reply.has("Accept-Ranges: bytes"));
    EXPECT_TRUE(reply.has("Last-Modified: " + date));
    EXPECT_EQ(header_of(reply, "ETag"), "\"2ebc98a1.0-a\"");
    EXPECT_EQ(header_of(reply, "Cache-Control"), "");
    EXPECT_EQ(get("/none").body, "");
    EXPECT_TRUE(get("/none").has("Content-Type: application/octet-stream"));
    EXPECT_EQ(get("/a%20b%25.js").body, "1");
}

TEST_F(Files, to_a_head_the_size_is_told) {
    tree_.write("large", std::string(100'000, 'l'));
    start();
    EXPECT_TRUE(head("/a.txt").has("Content-Length: 10"));
    EXPECT_TRUE(head("/large").has("Content-Length: 100000"));
    EXPECT_TRUE(head("/a.txt", "Range: bytes=0-1\r\n").has("Content-Length: 10"));
    EXPECT_EQ(head("/missing").status, 404U);
    EXPECT_EQ(get("/a.txt").body, "0123456789");
}

TEST_F(Files, other_methods_are_not_theirs) {
    start();
    client_->send("POST /a.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    const HttpReply reply = client_->read_reply();
    EXPECT_EQ(reply.status, 405U);
    EXPECT_TRUE(reply.has("Allow: GET, HEAD, OPTIONS"));
}

TEST_F(Files, a_directory_is_its_index_behind_a_slash) {
    start();
    EXPECT_EQ(get("/").body, "<p>root");
    EXPECT_EQ(get("/folder/").body, "<p>folder");
    EXPECT_TRUE(get("/folder/").has("Content-Type: text/html; charset=utf-8"));
    HttpReply reply = get("/folder");
    EXPECT_EQ(reply.status, 301U);
    EXPECT_TRUE(reply.has("Location: /folder/"));
    EXPECT_TRUE(get("/folder?a=b").has("Location: /folder/?a=b"));
    EXPECT_EQ(get("/empty/").status, 404U);
    EXPECT_EQ(get("/a.txt/").status, 404U);
    EXPECT_EQ(get("//folder").status, 404U);
}

TEST_F(Files, without_an_index_a_directory_is_nothing) {
    start({.index = ""});
    EXPECT_EQ(get("/").status, 404U);
    EXPECT_EQ(get("/folder/").status, 404U);
    EXPECT_EQ(get("/folder/index.html").status, 200U);
}

TEST_F(Files, what_is_not_to_be_seen_is_not_found) {
    tree_.link("/etc/passwd", "link");
    start();
    for (const std::string path :
         {"/missing", "/.hidden", "/%2ehidden", "/.well-known/x", "/..", "/../a.txt",
          "/folder/../a.txt", "/%2e%2e/a.txt", "/folder/..%2fa.txt", "/folder%2findex.html",
          "/a.txt%00", "/folder%5cindex.html", "/link", "/./a.txt"}) {
        const HttpReply reply = get(path);
        EXPECT_EQ(reply.status, 404U) << path;
        EXPECT_EQ(reply.body, "Not found.\n");
    }
}

TEST_F(Files, the_well_known_are_served_where_that_is_asked_for) {
    start({.well_known = true});
    EXPECT_EQ(get("/.well-known/x").body, "well known");
    EXPECT_EQ(get("/.hidden").status, 404U);
}

TEST_F(Files, options_say_how_they_are_kept_and_what_they_are) {
    tree_.write("a.own", "x");
    start({.cache_control = "max-age=60",
           .types = {{"own", "text/x-own"}, {"txt", "text/x-other"}},
           .cors = {.origins = {"https://app.example"}}});
    EXPECT_TRUE(get("/a.own").has("Content-Type: text/x-own"));
    const HttpReply reply = get("/a.txt", "Origin: https://app.example\r\n");
    EXPECT_TRUE(reply.has("Content-Type: text/x-other"));
    EXPECT_TRUE(reply.has("Cache-Control: max-age=60"));
    EXPECT_TRUE(reply.has("Access-Control-Allow-Origin: https://app.example"));
    const HttpReply same = get("/a.txt", "If-None-Match: *\r\n");
    EXPECT_EQ(same.status, 304U);
    EXPECT_TRUE(same.has("Cache-Control: max-age=60"));
}

TEST_F(Files, what_the_client_has_is_not_sent_again) {
    start();
    const std::string tag = header_of(get("/a.txt"), "ETag");
    for (const std::string& lines : {"If-None-Match: " + tag, "If-None-Match: \"x\", W/" + tag,
                                     "If-Modified-Since: " + date}) {
        const HttpReply reply = get("/a.txt", lines + "\r\n");
        EXPECT_EQ(reply.status, 304U) << lines;
        EXPECT_EQ(header_of(reply, "ETag"), tag);
        EXPECT_EQ(header_of(reply, "Content-Length"), "");
        EXPECT_EQ(head("/a.txt", lines + "\r\n").status, 304U);
    }
    EXPECT_EQ(get("/a.txt", "If-None-Match: \"x\"\r\n").status, 200U);
    EXPECT_EQ(get("/a.txt", "If-Match: \"x\"\r\n").status, 412U);
    EXPECT_EQ(get("/a.txt", "If-Match: " + tag + "\r\n").status, 200U);
    EXPECT_EQ(get("/a.txt", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n").status, 412U);
    tree_.write("a.txt", "0123456780");
    EXPECT_EQ(get("/a.txt", "If-None-Match: " + tag + "\r\n").body, "0123456780");
}

// RFC 9110, section 8.8.1: it may change again without another time.
TEST_F(Files, what_has_just_changed_has_a_weak_tag_and_no_parts_by_it) {
    tree_.write("new.txt", "0123456789");
    tree_.set_modified("new.txt", ::time(nullptr) + 60);  // However long the test takes.
    start();
    const HttpReply reply = get("/new.txt");
    EXPECT_EQ(header_of(reply, "Last-Modified"), "");
    const std::string tag = header_of(reply, "ETag");
    EXPECT_TRUE(tag.starts_with("W/\""));
    EXPECT_EQ(get("/new.txt", "If-None-Match: " + tag + "\r\n").status, 304U);
    EXPECT_EQ(get("/new.txt", "Range: bytes=0-1\r\nIf-Range: " + tag + "\r\n").status, 200U);
    EXPECT_EQ(get("/new.txt", "Range: bytes=0-1\r\n").status, 206U);
}

TEST_F(Files, a_part_is_sent_alone) {
    start();
    const std::string tag = header_of(get("/a.txt"), "ETag");
    struct Row {
        const char* range;
        unsigned status;
        const char* content_range;
        const char* body;
    };
    const Row rows[] = {
        {"bytes=0-4", 206, "bytes 0-4/10", "01234"},
        {"bytes=5-", 206, "bytes 5-9/10", "56789"},
        {"bytes=-3", 206, "bytes 7-9/10", "789"},
        {"bytes=9-99", 206, "bytes 9-9/10", "9"},
        {"bytes=10-", 416, "bytes */10", "There is nothing where it begins.\n"},
        {"bytes=0-1,3-4", 200, "", "0123456789"},
        {"bytes=x", 200, "", "0123456789"},
        {"lines=0-1", 200, "", "0123456789"},
    };
    for (const Row& row : rows) {
        const HttpReply reply = get("/a.txt", "Range: " + std::string(row.range) + "\r\n");
        EXPECT_EQ(reply.status, row.status) << row.range;
        EXPECT_EQ(header_of(reply, "Content-Range"), row.content_range) << row.range;
        EXPECT_EQ(reply.body, row.body) << row.range;
    }
    const std::string range = "Range: bytes=0-1\r\n";
    EXPECT_EQ(get("/a.txt", range + "If-Range: " + tag + "\r\n").body, "01");
    EXPECT_EQ(get("/a.txt", range + "If-Range: " + date + "\r\n").body, "01");
    EXPECT_EQ(get("/a.txt", range + "If-Range: \"x\"\r\n").status, 200U);
    EXPECT_EQ(get("/a.txt", range + range).status, 200U);
    EXPECT_EQ(get("/a.txt", range + "If-None-Match: " + tag + "\r\n").status, 304U);
    EXPECT_EQ(get("/none", "Range: bytes=0-\r\n").status, 416U);
}

TEST_F(Files, a_prefix_is_a_place_of_its_own) {
    server_->get("/static/made", [](const Request&, Response& answer) { answer.body = "made"; });
    server_->files("/static/", tree_.path("folder"));
    start({.index = "a.txt"});
    EXPECT_EQ(get("/static/").body, "<p>folder");
    EXPECT_TRUE(get("/static").has("Location: /static/"));
    EXPECT_EQ(get("/static/made").body, "made");
    EXPECT_EQ(get("/static/a.txt").status, 404U);
    EXPECT_EQ(get("/").body, "0123456789");
}

TEST_F(Files, what_cannot_be_served_is_refused_when_it_is_set_up) {
    EXPECT_THROW(server_->files("x", tree_.path("")), std::invalid_argument);
    EXPECT_THROW(server_->files("/:x", tree_.path("")), std::invalid_argument);
    EXPECT_THROW(server_->files("/*", tree_.path("")), std::invalid_argument);
    EXPECT_THROW(server_->files("/", tree_.path(""), {.cache_control = "no-cache\r\nX: 1"}),
                 std::invalid_argument);
    EXPECT_THROW(server_->files("/", tree_.path(""), {.types = {{"own", "text/x\n"}}}),
                 std::invalid_argument);
    EXPECT_THROW(server_->files("/", tree_.path("missing")), std::system_error);
    EXPECT_THROW(server_->files("/", tree_.path("a.txt")), std::system_error);
    start();
    EXPECT_THROW(server_->files("/late", tree_.path("")), std::logic_error);
    EXPECT_EQ(get("/").status, 200U);
}

}  // namespace
}  // namespace edgews::test
