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

}  // namespace
}  // namespace edgews::test
