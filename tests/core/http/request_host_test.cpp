// Which names a request may be for: what keeps a page from reaching us by a name of its own.
#include "core/http/request_host.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace edgews {
namespace {

TEST(RequestHost, addresses_localhost_and_names_without_a_dot_are_local) {
    for (const std::string_view host :
         {"127.0.0.1", "10.0.0.1", "127.1", "[::1]", "[fe80::1]", "localhost", "LocalHost",
          "localhost.", "app.localhost", "a.b.LOCALHOST", "devbox", "my_box-1", "a"}) {
        EXPECT_TRUE(is_local_host(host)) << host;
    }
    for (const std::string_view host :
         {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.1.example",
          "evil.example.", "notlocalhost.example", "1.example", "evil%2Eexample", "a..", "..",
          "evil.localhost1", "xn--e1afmkfd.xn--p1ai"}) {
        EXPECT_FALSE(is_local_host(host)) << host;
    }
}

TEST(RequestHost, names_are_allowed_by_the_list_in_any_case_and_at_any_port) {
    struct Row {
        std::string_view host;
        std::vector<std::string> allowed;
        bool is_allowed;
    };
    const Row rows[] = {
        {"", {}, true},
        {"localhost:9001", {}, true},
        {"[::1]:9001", {}, true},
        {"127.0.0.1:9001", {"app.example"}, true},
        {"evil.example", {}, false},
        {"evil.example:9001", {}, false},
        {"evil.example", {"*"}, true},
        {"app.example", {"app.example"}, true},
        {"APP.example:9001", {"x", "app.EXAMPLE"}, true},
        {"app.example.", {"app.example"}, true},
        {"app.example", {"app.example."}, true},
        {"x.app.example", {"app.example"}, false},
        {"app.example.evil", {"app.example"}, false},
        {"evil.example", {"*.example"}, false},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(host_allowed(row.host, row.allowed), row.is_allowed) << row.host;
    }
}

TEST(RequestHost, an_entry_that_can_never_match_is_none) {
    for (const std::string_view text : {"*", "app.example", "[::1]", "localhost"}) {
        EXPECT_TRUE(is_host_entry(text)) << text;
    }
    for (const std::string_view text :
         {"", "app.example:80", "http://app.example", "app.example/", "a b", "@", "*:80"}) {
        EXPECT_FALSE(is_host_entry(text)) << text;
    }
}

}  // namespace
}  // namespace edgews
