// Which route a path leads to.
#include <gtest/gtest.h>

#include "net/server/router.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace edgews {
namespace {

WebSocketRoute websocket_route(const std::string& pattern) {
    return {.pattern = PathPattern(pattern), .handlers = {}, .options = {}, .user_data = {}};
}
HttpRoute http_route(const std::string& pattern, const std::string& method = "GET") {
    return {.pattern = PathPattern(pattern), .method = method, .handler = {}};
}

// The pattern that `path` leads to; "" if none.
std::string found(const Router& router, std::string_view path) {
    PathParameters parameters;
    const WebSocketRoute* route = router.find_websocket(path, parameters);
    return route == nullptr ? "" : std::string(route->pattern.text());
}

TEST(Router, without_routes_it_finds_none) {
    const Router router;
    PathParameters parameters;
    EXPECT_EQ(router.find_websocket("/", parameters), nullptr);
    EXPECT_EQ(router.find_http("GET", "/", parameters), nullptr);
}

TEST(Router, the_most_specific_pattern_wins_in_whatever_order_they_were_added) {
    struct Row {
        const char* path;
        const char* pattern;
    };
    const Row rows[] = {
        {"/chat/lobby", "/chat/lobby"},
        {"/chat/attic", "/chat/:room"},
        {"/chat/attic/log", "/chat/:room/log"},
        {"/chat/lobby/log", "/chat/:room/log"},
        {"/chat/lobby/else", "/chat/*"},
        {"/chat/", "/chat/*"},
        {"/chat", "/*"},
        {"/", "/*"},
        {"", ""},
    };
    std::vector<std::string> patterns = {"/*", "/chat/*", "/chat/:room", "/chat/:room/log",
                                         "/chat/lobby"};
    do {
        Router router;
        std::string order;
        for (const std::string& pattern : patterns) {
            router.add(websocket_route(pattern));
            order += pattern + " ";
        }
        for (const Row& row : rows) EXPECT_EQ(found(router, row.path), row.pattern) << order;
    } while (std::next_permutation(patterns.begin(), patterns.end()));
}

TEST(Router, any_method_finds_the_most_specific_pattern) {
    Router router;
    router.add(http_route("/*", "GET"));
    router.add(http_route("/a", "PUT"));
    EXPECT_EQ(router.find_any("/a")->method, "PUT");
    EXPECT_EQ(router.find_any("/b")->method, "GET");
    EXPECT_EQ(router.find_any("b"), nullptr);
}

TEST(Router, parameters_are_those_of_the_pattern_that_matched) {
    Router router;
    router.add(websocket_route("/a/:first/x"));
    router.add(websocket_route("/a/:second"));
    const std::string path = "/a/b%20c";
    PathParameters parameters;
    ASSERT_NE(router.find_websocket(path, parameters), nullptr);
    EXPECT_EQ(parameters.count(), 1U);
    EXPECT_EQ(parameters.get("second"), "b c");
    EXPECT_EQ(parameters.get("first"), std::nullopt);
    EXPECT_EQ(router.find_websocket("/nowhere", parameters), nullptr);
    EXPECT_EQ(parameters.count(), 0U);
}

TEST(Router, websocket_and_http_routes_do_not_get_in_each_others_way) {
    Router router;
    router.add(websocket_route("/both"));
    router.add(http_route("/both"));
    router.add(http_route("/page"));
    PathParameters parameters;
    EXPECT_NE(router.find_websocket("/both", parameters), nullptr);
    EXPECT_NE(router.find_http("GET", "/both", parameters), nullptr);
    EXPECT_NE(router.find_http("GET", "/page", parameters), nullptr);
    EXPECT_EQ(router.find_websocket("/page", parameters), nullptr);
    EXPECT_EQ(router.websockets().size(), 1U);
}

TEST(Router, a_mistaken_pattern_throws_an_error_that_names_it) {
    struct Row {
        const char* first;
        const char* second;
        const char* said;
    };
    const Row rows[] = {
        {"/fine", "chat", "\"chat\""},       {"/fine", "/a*b", "\"/a*b\""},
        {"/fine", "/:", "\"/:\""},           {"/same", "/same", "\"/same\""},
        {"/:one", "/:other", "\"/:other\""}, {"/*", "/*", "\"/*\""},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.second);
        Router router;
        router.add(websocket_route("/"));  // So that there is something on both sides.
        router.add(websocket_route(row.first));
        router.add(http_route(row.first));
        try {
            router.add(websocket_route(row.second));
            ADD_FAILURE() << "nothing was thrown";
        } catch (const std::invalid_argument& error) {
            EXPECT_NE(std::string(error.what()).find(row.said), std::string::npos) << error.what();
        }
        EXPECT_THROW(router.add(http_route(row.second)), std::invalid_argument);
        EXPECT_EQ(router.websockets().size(), 2U);
    }
}

TEST(Router, a_method_finds_the_most_specific_pattern_that_has_it) {
    Router router;
    for (const char* method : {"GET", "PUT"}) router.add(http_route("/a/:id", method));
    for (const char* method : {"GET", "POST", "HEAD"}) router.add(http_route("/a/*", method));
    router.add(websocket_route("/a/ws"));
    struct Row {
        const char* method;
        const char* path;
        const char* pattern;  // "": none.
        const char* of;
    };
    const Row rows[] = {
        {"GET", "/a/5", "/a/:id", "GET"}, {"PUT", "/a/5", "/a/:id", "PUT"},
        {"POST", "/a/5", "/a/*", "POST"}, {"HEAD", "/a/5", "/a/*", "HEAD"},
        {"GET", "/a/5/6", "/a/*", "GET"}, {"PUT", "/a/5/6", "", ""},
        {"put", "/a/5", "", ""},          {"DELETE", "/a/5", "", ""},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(std::string(row.method) + " " + row.path);
        PathParameters parameters;
        const HttpRoute* const route = router.find_http(row.method, row.path, parameters);
        EXPECT_EQ(route == nullptr ? "" : route->pattern.text(), row.pattern);
        EXPECT_EQ(route == nullptr ? "" : route->method, row.of);
    }
    EXPECT_EQ(router.methods_of("/a/5"), "GET, HEAD, PUT, POST, OPTIONS");
    EXPECT_EQ(router.methods_of("/a/5/6"), "GET, HEAD, POST, OPTIONS");
    EXPECT_EQ(router.methods_of("/a/ws"), "GET, HEAD, PUT, POST, OPTIONS");
    EXPECT_EQ(router.methods_of("/b"), "");
    EXPECT_TRUE(router.knows("PUT"));
    EXPECT_FALSE(router.knows("PURGE"));
    EXPECT_THROW(router.add(http_route("/a/:other", "PUT")), std::invalid_argument);
    router.add(http_route("/b", "HEAD"));
    EXPECT_EQ(router.methods_of("/b"), "HEAD, OPTIONS");
}

}  // namespace
}  // namespace edgews
