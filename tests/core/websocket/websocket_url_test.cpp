// URLs of WebSockets (RFC 6455, section 3), and where a redirection leads (RFC 3986, section 5).
#include "core/websocket/websocket_url.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace edgews {
namespace {

// All that a URL says, as text.
std::string everything(const WebSocketUrl& url) {
    if (url.fault != UrlFault::none) return "fault: " + std::string(describe(url.fault));
    return std::string(url.is_secure ? "wss " : "ws ") + url.user_info + "@" + url.host + " " +
           std::to_string(url.port) + " " + url.target;
}

TEST(WebSocketUrl, a_url_is_taken_apart) {
    struct Row {
        std::string_view text;
        std::string everything;
        std::string_view host_header;
    };
    const Row rows[] = {
        {"ws://example.com", "ws @example.com 80 /", "example.com"},
        {"wss://example.com/", "wss @example.com 443 /", "example.com"},
        {"http://example.com/a", "ws @example.com 80 /a", "example.com"},
        {"https://example.com/a", "wss @example.com 443 /a", "example.com"},
        {"WSS://Example.COM/A", "wss @Example.COM 443 /A", "Example.COM"},
        {"ws://a:80/", "ws @a 80 /", "a"},
        {"ws://a:443/", "ws @a 443 /", "a:443"},
        {"wss://a:443/", "wss @a 443 /", "a"},
        {"wss://a:80/", "wss @a 80 /", "a:80"},
        {"ws://a:/", "ws @a 80 /", "a"},
        {"ws://a:00081", "ws @a 81 /", "a:81"},
        {"ws://a:65535", "ws @a 65535 /", "a:65535"},
        {"ws://a:1?q", "ws @a 1 /?q", "a:1"},
        {"ws://a?q=/b?c", "ws @a 80 /?q=/b?c", "a"},
        {"ws://a/b/../c/./%2e?d=%zz&\"{x}\"", "ws @a 80 /b/../c/./%2e?d=%zz&\"{x}\"", "a"},
        {"ws://a//b", "ws @a 80 //b", "a"},
        {"ws://a/@b:c", "ws @a 80 /@b:c", "a"},
        {"ws://a?@b", "ws @a 80 /?@b", "a"},
        {"ws://127.0.0.1:9001/", "ws @127.0.0.1 9001 /", "127.0.0.1:9001"},
        {"ws://[::1]", "ws @[::1] 80 /", "[::1]"},
        {"wss://[2001:DB8::1.2.3.4]:9/", "wss @[2001:DB8::1.2.3.4] 9 /", "[2001:DB8::1.2.3.4]:9"},
        {"ws://under_score-dash.", "ws @under_score-dash. 80 /", "under_score-dash."},
        {"ws://user@a", "ws user@a 80 /", "a"},
        {"ws://user:pass%40w:ord@a:1/", "ws user:pass%40w:ord@a 1 /", "a:1"},
        {"ws://@a", "ws @a 80 /", "a"},
        {"ws://:@[::1]:1", "ws :@[::1] 1 /", "[::1]:1"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.text);
        const WebSocketUrl url = parse_websocket_url(row.text);
        EXPECT_EQ(everything(url), row.everything);
        EXPECT_EQ(url.host_header(), row.host_header);
    }
}

TEST(WebSocketUrl, the_bare_host_has_no_brackets) {
    EXPECT_EQ(parse_websocket_url("ws://[::1]:1/").bare_host(), "::1");
    EXPECT_EQ(parse_websocket_url("ws://a.example:1/").bare_host(), "a.example");
}

// RFC 6874, and how it is typed. What leaves this machine has no zone.
TEST(WebSocketUrl, an_ipv6_address_may_have_a_zone) {
    struct Row {
        std::string_view text;
        std::string_view dial_host;
        std::string_view whole;
    };
    const Row rows[] = {
        {"ws://[fe80::1%25eth0]:9001/x", "fe80::1%eth0", "ws://[fe80::1%25eth0]:9001/x"},
        {"ws://[fe80::1%eth0]:9001/x", "fe80::1%eth0", "ws://[fe80::1%25eth0]:9001/x"},
        {"ws://[fe80::1%252]:9001", "fe80::1%2", "ws://[fe80::1%252]:9001/"},
        {"ws://u@[fe80::1%25br%2Flan.7]:9001/", "fe80::1%br/lan.7",
         "ws://u@[fe80::1%25br%2Flan.7]:9001/"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.text);
        const WebSocketUrl url = parse_websocket_url(row.text);
        ASSERT_EQ(url.fault, UrlFault::none);
        EXPECT_EQ(url.dial_host(), row.dial_host);
        EXPECT_EQ(url.bare_host(), "fe80::1");
        EXPECT_EQ(url.host_header(), "[fe80::1]:9001");
        EXPECT_EQ(url.to_string(), row.whole);
        EXPECT_EQ(parse_websocket_url(url.to_string()).zone, url.zone);
    }
    EXPECT_EQ(parse_websocket_url("ws://[::1]").dial_host(), "::1");
}

TEST(WebSocketUrl, a_zone_goes_along_to_the_same_address_and_tells_it_from_another) {
    const WebSocketUrl base = parse_websocket_url("ws://u@[fe80::1%25eth0]/a");
    const WebSocketUrl back = resolve_location(base, "ws://[FE80::1]/b");
    EXPECT_EQ(back.zone, "eth0");
    EXPECT_EQ(back.user_info, "u");
    EXPECT_EQ(resolve_location(base, "/b").zone, "eth0");
    EXPECT_EQ(resolve_location(base, "ws://[fe80::2]/b").zone, "");
    EXPECT_EQ(resolve_location(base, "ws://[fe80::1%25eth1]/b").user_info, "");
}

struct FaultRow {
    std::string text;
    UrlFault fault;
};

const std::vector<FaultRow> fault_rows = {
    {"ws://a/b c", UrlFault::character_forbidden},
    {" ws://a", UrlFault::character_forbidden},
    {"ws://a\r\nX: y", UrlFault::character_forbidden},
    {"ws://a/\t", UrlFault::character_forbidden},
    {std::string("ws://a/\0", 8), UrlFault::character_forbidden},
    {"ws://a/\x7F", UrlFault::character_forbidden},
    {"ws://\xC3\xA4/", UrlFault::character_forbidden},
    {"ws://a/\xC3\xA4", UrlFault::character_forbidden},
    {"", UrlFault::scheme_unsupported},
    {"a.example", UrlFault::scheme_unsupported},
    {"//a.example", UrlFault::scheme_unsupported},
    {"ws:a.example", UrlFault::scheme_unsupported},
    {"ws:/a.example", UrlFault::scheme_unsupported},
    {"wss:/", UrlFault::scheme_unsupported},
    {"ftp://a", UrlFault::scheme_unsupported},
    {"xws://a", UrlFault::scheme_unsupported},
    {"wsss://a", UrlFault::scheme_unsupported},
    {"ws://[fe80::1%25]/", UrlFault::zone_malformed},
    {"ws://[fe80::1%]/", UrlFault::zone_malformed},
    {"ws://[fe80::1%25a%2]/", UrlFault::zone_malformed},
    {"ws://[fe80::1%25a%00]/", UrlFault::zone_malformed},
    {"ws://[fe80::1%25a%0Ab]/", UrlFault::zone_malformed},
    {"ws://[fe80::1%25a/", UrlFault::host_malformed},
    {"ws://[fe80%25eth0]/", UrlFault::host_malformed},
    {"ws://a%25eth0/", UrlFault::host_malformed},
    {"ws://a#", UrlFault::fragment_present},
    {"ws://a/b?c#d", UrlFault::fragment_present},
    {"ws://u#@a/", UrlFault::fragment_present},
    {"ws://u%@a", UrlFault::user_info_malformed},
    {"ws://u:p%4@a", UrlFault::user_info_malformed},
    {"ws://u:p%zz@a", UrlFault::user_info_malformed},
    {"ws://u%00@a", UrlFault::user_info_malformed},
    {"ws://u:%0A@a", UrlFault::user_info_malformed},
    {"ws://u%3Av:p@a", UrlFault::user_info_malformed},
    {"ws://u@v@a", UrlFault::user_info_malformed},
    {"ws://u[@a", UrlFault::user_info_malformed},
    {"ws://", UrlFault::host_missing},
    {"ws:///a", UrlFault::host_missing},
    {"ws://:80/", UrlFault::host_missing},
    {"ws://u@/", UrlFault::host_missing},
    {"ws://?q", UrlFault::host_missing},
    {"ws://a\\b/", UrlFault::host_malformed},
    {"ws://<a>/", UrlFault::host_malformed},
    {"ws://%61/", UrlFault::host_malformed},
    {"ws://[::1", UrlFault::host_malformed},
    {"ws://[]", UrlFault::host_malformed},
    {"ws://[", UrlFault::host_malformed},
    {"ws://[::1]a", UrlFault::host_malformed},
    {"ws://[1.2.3.4]", UrlFault::host_malformed},
    {"ws://[:::]:80", UrlFault::host_malformed},
    {"ws://a]", UrlFault::host_malformed},
    {"ws://a:b", UrlFault::port_malformed},
    {"ws://a:-1", UrlFault::port_malformed},
    {"ws://a:+1", UrlFault::port_malformed},
    {"ws://a:80:80", UrlFault::port_malformed},
    {"ws://2001:db8::1/", UrlFault::port_malformed},
    {"ws://[::1]:x", UrlFault::port_malformed},
    {"ws://a:0", UrlFault::port_out_of_range},
    {"ws://a:000", UrlFault::port_out_of_range},
    {"ws://a:65536", UrlFault::port_out_of_range},
    {"ws://a:4294967376", UrlFault::port_out_of_range},  // 2^32 + 80
    {"ws://a:99999999999999999999999999", UrlFault::port_out_of_range},
};

TEST(WebSocketUrl, a_url_that_breaks_a_rule_names_the_rule) {
    for (const FaultRow& row : fault_rows) {
        SCOPED_TRACE(row.text);
        const WebSocketUrl url = parse_websocket_url(row.text);
        EXPECT_EQ(url.fault, row.fault) << describe(url.fault);
        EXPECT_FALSE(describe(row.fault).empty());
        EXPECT_TRUE(url.host.empty() && url.user_info.empty() && url.target.empty());
        EXPECT_EQ(url.port, 0);
    }
}

// RFC 3986, section 5.4: all examples that have no fragment and do not leave the scheme.
TEST(WebSocketUrl, the_references_of_the_rfc_are_resolved) {
    struct Row {
        std::string_view reference;
        std::string_view resolved;
    };
    const Row rows[] = {
        {"g", "/b/c/g"},
        {"./g", "/b/c/g"},
        {"g/", "/b/c/g/"},
        {"/g", "/g"},
        {"?y", "/b/c/d;p?y"},
        {"g?y", "/b/c/g?y"},
        {"#s", "/b/c/d;p?q"},
        {"g#s", "/b/c/g"},
        {"g?y#s", "/b/c/g?y"},
        {";x", "/b/c/;x"},
        {"g;x", "/b/c/g;x"},
        {"g;x?y#s", "/b/c/g;x?y"},
        {"", "/b/c/d;p?q"},
        {".", "/b/c/"},
        {"./", "/b/c/"},
        {"..", "/b/"},
        {"../", "/b/"},
        {"../g", "/b/g"},
        {"../..", "/"},
        {"../../", "/"},
        {"../../g", "/g"},
        {"../../../g", "/g"},
        {"../../../../g", "/g"},
        {"/./g", "/g"},
        {"/../g", "/g"},
        {"g.", "/b/c/g."},
        {".g", "/b/c/.g"},
        {"g..", "/b/c/g.."},
        {"..g", "/b/c/..g"},
        {"./../g", "/b/g"},
        {"./g/.", "/b/c/g/"},
        {"g/./h", "/b/c/g/h"},
        {"g/../h", "/b/c/h"},
        {"g;x=1/./y", "/b/c/g;x=1/y"},
        {"g;x=1/../y", "/b/c/y"},
        {"g?y/./x", "/b/c/g?y/./x"},
        {"g?y/../x", "/b/c/g?y/../x"},
        {"g#s/../x", "/b/c/g"},
    };
    const WebSocketUrl base = parse_websocket_url("http://u:p@a:1/b/c/d;p?q");
    for (const Row& row : rows) {
        EXPECT_EQ(everything(resolve_location(base, row.reference)),
                  "ws u:p@a 1 " + std::string(row.resolved))
            << row.reference;
    }
    EXPECT_EQ(everything(resolve_location(base, "//g")), "ws @g 80 /");
}

TEST(WebSocketUrl, a_redirection_is_resolved_and_takes_no_secret_elsewhere) {
    struct Row {
        std::string_view location;
        std::string everything;
    };
    const Row rows[] = {
        {"wss://b/c", "wss @b 443 /c"},
        {"https://b/c/../d?e#f", "wss @b 443 /d?e"},
        {"http://b", "ws @b 80 /"},
        {"HTTPS://A:8443/x", "wss u:p@A 8443 /x"},  // The same origin.
        {"//a:8443/x/.", "wss u:p@a 8443 /x/"},
        {"https://v@a:8443/x", "wss v@a 8443 /x"},
        {"https://a/x", "wss @a 443 /x"},
        {"http://a:8443/x", "ws @a 8443 /x"},
        {"//b:1/x", "wss @b 1 /x"},
        {"//b?q", "wss @b 443 /?q"},
        {"/x:y//z", "wss u:p@a 8443 /x:y//z"},
        {"./x:y", "wss u:p@a 8443 /dir/x:y"},
        {"x?http://b/", "wss u:p@a 8443 /dir/x?http://b/"},
    };
    const WebSocketUrl base = parse_websocket_url("wss://u:p@a:8443/dir/file?q=/");
    for (const Row& row : rows) {
        EXPECT_EQ(everything(resolve_location(base, row.location)), row.everything) << row.location;
    }
}

TEST(WebSocketUrl, a_redirection_that_leads_nowhere_names_the_rule) {
    struct Row {
        std::string_view location;
        UrlFault fault;
    };
    const Row rows[] = {
        {"mailto:a@b", UrlFault::scheme_unsupported},
        {"https:a", UrlFault::scheme_unsupported},
        {"x:y", UrlFault::scheme_unsupported},
        {"//", UrlFault::host_missing},
        {"///x", UrlFault::host_missing},
        {"//b:0", UrlFault::port_out_of_range},
        {"https://b:c/", UrlFault::port_malformed},
        {"/a b", UrlFault::character_forbidden},
        {"a\xC3\xA4", UrlFault::character_forbidden},
        {"?\x01", UrlFault::character_forbidden},
    };
    const WebSocketUrl base = parse_websocket_url("wss://a/b");
    for (const Row& row : rows) {
        EXPECT_EQ(resolve_location(base, row.location).fault, row.fault) << row.location;
    }
}

TEST(WebSocketUrl, an_origin_is_scheme_host_and_port) {
    const auto is_same = [](std::string_view a, std::string_view b) {
        return is_same_origin(parse_websocket_url(a), parse_websocket_url(b));
    };
    EXPECT_TRUE(is_same("ws://u@a/x", "http://A:80/y"));
    EXPECT_TRUE(is_same("wss://a:443/x", "https://a?y"));
    EXPECT_FALSE(is_same("ws://a:443/", "wss://a/"));
    EXPECT_FALSE(is_same("ws://a", "ws://a:81"));
    EXPECT_FALSE(is_same("ws://a", "ws://a.b"));
}

}  // namespace
}  // namespace edgews
