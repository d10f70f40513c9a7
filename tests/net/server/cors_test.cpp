// What pages of other origins are told (the Fetch standard, section 3.2).
#include <gtest/gtest.h>

#include <string>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

const std::string ours = "Origin: https://app.example\r\n";
const std::string theirs = "Origin: https://evil.example\r\n";

class CorsTest : public testing::Test {
  protected:
    CorsTest() {
        const auto handler = [](const Request&, Response& answer) { answer.body = "data"; };
        server_->get("/plain", handler);
        server_->get("/all", handler, {.cors = {.origins = {"*"}}});
        const CorsOptions some{.origins = {"https://app.example"},
                               .request_headers = {"X-Token", "Content-Type"},
                               .exposed_headers = {"ETag", "X-Count"},
                               .has_credentials = true,
                               .max_age_s = 60};
        server_->get("/some", handler, {.cors = some});
        server_->put("/some", handler, {.cors = some});
        server_->del("/some", handler);
        server_->get("/later",
                     [](const Request& asked, Response&) {
                         EXPECT_TRUE(asked.defer().send({.body = "late"}));
                     },
                     {.cors = {.origins = {"*"}}});
        server_.start();
    }
    HttpReply get(const std::string& path, const std::string& lines) {
        return server_.connect().get(path, lines);
    }
    HttpReply ask_first(const std::string& path, const std::string& method,
                        const std::string& lines) {
        TestClient client = server_.connect();
        client.send("OPTIONS " + path + " HTTP/1.1\r\nHost: a\r\nAccess-Control-Request-Method: " +
                    method + "\r\n" + lines + "\r\n");
        return client.read_reply();
    }

    TestServer server_;
};

TEST_F(CorsTest, without_the_option_nothing_is_said) {
    EXPECT_EQ(get("/plain", ours).head.find("Access-Control"), std::string::npos);
    EXPECT_EQ(ask_first("/plain", "GET", ours).head.find("Access-Control"), std::string::npos);
}

TEST_F(CorsTest, any_page_may_see_what_is_for_all) {
    for (const std::string path : {"/all", "/later"}) {
        const HttpReply reply = get(path, theirs);
        EXPECT_EQ(reply.status, 200U);
        EXPECT_TRUE(reply.has("Access-Control-Allow-Origin: *"));
        EXPECT_FALSE(reply.has("Access-Control-Allow-Credentials: true"));
        EXPECT_FALSE(reply.has("Vary: Origin"));
    }
}

TEST_F(CorsTest, pages_of_listed_origins_may_see_it_and_others_may_not) {
    const HttpReply allowed = get("/some", ours);
    EXPECT_TRUE(allowed.has("Access-Control-Allow-Origin: https://app.example"));
    EXPECT_TRUE(allowed.has("Access-Control-Allow-Credentials: true"));
    EXPECT_TRUE(allowed.has("Access-Control-Expose-Headers: ETag, X-Count"));
    EXPECT_TRUE(allowed.has("Vary: Origin"));
    for (const std::string& lines : {theirs, std::string(), ours + theirs}) {
        const HttpReply refused = get("/some", lines);
        EXPECT_EQ(refused.status, 200U);
        EXPECT_EQ(refused.head.find("Access-Control"), std::string::npos) << refused.head;
        EXPECT_TRUE(refused.has("Vary: Origin"));
    }
}

TEST_F(CorsTest, a_preflight_is_told_what_may_follow) {
    const HttpReply allowed = ask_first("/some", "PUT", ours);
    EXPECT_EQ(allowed.status, 204U);
    EXPECT_TRUE(allowed.has("Access-Control-Allow-Origin: https://app.example"));
    EXPECT_TRUE(allowed.has("Access-Control-Allow-Credentials: true"));
    EXPECT_TRUE(allowed.has("Access-Control-Allow-Methods: GET, HEAD, PUT, DELETE, OPTIONS"));
    EXPECT_TRUE(allowed.has("Access-Control-Allow-Headers: X-Token, Content-Type"));
    EXPECT_TRUE(allowed.has("Access-Control-Max-Age: 60"));
    const HttpReply asked =
        ask_first("/all", "GET", theirs + "Access-Control-Request-Headers: x-any,x-other\r\n");
    EXPECT_TRUE(asked.has("Access-Control-Allow-Headers: x-any,x-other"));
    EXPECT_TRUE(asked.has("Vary: Access-Control-Request-Headers"));
    // Of another page, of a method without the option, and of one that there is not.
    for (const HttpReply& refused :
         {ask_first("/some", "PUT", theirs), ask_first("/some", "DELETE", ours),
          ask_first("/some", "PATCH", ours), ask_first("/some", "PUT", "")}) {
        EXPECT_EQ(refused.status, 204U);
        EXPECT_EQ(refused.head.find("Access-Control"), std::string::npos) << refused.head;
    }
}

// Else its page would be told of a network that fails.
TEST_F(CorsTest, a_page_may_see_why_its_request_was_refused) {
    struct Row {
        const char* request;
        unsigned status;
    };
    const Row rows[] = {
        {"PUT /some HTTP/1.1\r\nContent-Length: 9999999\r\n", 413},
        {"PUT /some HTTP/1.1\r\nContent-Length: 1\r\nExpect: wonders\r\n", 417},
        {"PUT /some HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", 400},
        {"POST /some HTTP/1.1\r\n", 405},
        {"POST /all HTTP/1.1\r\n", 405},
    };
    for (const Row& row : rows) {
        TestClient client = server_.connect();
        client.send(row.request + ("Host: a\r\n" + ours) + "\r\nx\r\n");
        const HttpReply reply = client.read_reply();
        EXPECT_EQ(reply.status, row.status) << row.request;
        EXPECT_TRUE(reply.has("Access-Control-Allow-Origin: https://app.example") ||
                    reply.has("Access-Control-Allow-Origin: *"))
            << row.request;
    }
    TestClient other = server_.connect();
    other.send("PUT /some HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n" + theirs + "\r\n");
    const HttpReply reply = other.read_reply();
    EXPECT_EQ(reply.status, 413U);
    EXPECT_EQ(reply.head.find("Access-Control"), std::string::npos);
    EXPECT_TRUE(reply.has("Vary: Origin"));
    EXPECT_EQ(get("/nowhere", ours).head.find("Access-Control"), std::string::npos);
}

TEST(Cors, a_page_may_see_that_time_or_memory_was_up) {
    TestServer server({.memory_max = 1024 * 1024});
    const HttpRouteOptions options{.body_timeout_ms = 100, .cors = {.origins = {"*"}}};
    server->post(
        "/body", [](const Request&, Response&) {}, options);
    server->get(
        "/large",
        [](const Request&, Response& answer) { answer.body.assign(std::size_t{64} << 20, 'x'); },
        options);
    server.start();
    TestClient client = server.connect();
    client.send("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n" + ours + "\r\n");
    const HttpReply late = client.read_reply();
    EXPECT_EQ(late.status, 408U);
    EXPECT_TRUE(late.has("Access-Control-Allow-Origin: *"));
    const HttpReply large = server.connect().get("/large", ours);
    EXPECT_EQ(large.status, 503U);
    EXPECT_TRUE(large.has("Access-Control-Allow-Origin: *"));
}

}  // namespace
}  // namespace edgews::test
