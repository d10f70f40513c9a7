// The opening handshake, the server's half (RFC 6455, section 4.2).
#include "core/websocket/handshake.hpp"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/head_feed.hpp"

namespace edgews {
namespace {

using test::Feed;
using test::feed;
using test::Progress;

// A request that is correct, whose parts a test replaces; an empty part is left out.
struct Request {
    std::string method = "GET";
    std::string host = "Host: server.example.com\r\n";
    std::string upgrade = "Upgrade: websocket\r\n";
    std::string connection = "Connection: Upgrade\r\n";
    std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    std::string version = "Sec-WebSocket-Version: 13\r\n";
    std::string more = "";

    std::string text() const {
        return method + " /chat HTTP/1.1\r\n" + host + upgrade + connection + key + version + more +
               "\r\n";
    }
};

HandshakeFault fault_of(const Request& request) {
    Feed fed = feed(request.text());
    EXPECT_EQ(fed.progress(), Progress::complete) << describe(fed.head().fault());
    if (fed.progress() != Progress::complete) return HandshakeFault::none;
    return read_opening_request(fed.head()).fault;
}

// RFC 6455, section 1.2 and 1.3: the request, and the response to it.
TEST(Handshake, the_example_of_the_rfc_is_answered) {
    Feed fed = feed(
        "GET /chat HTTP/1.1\r\n"
        "Host: server.example.com\r\n"
        "Upgrade: websocket\r\n"
        "Connection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Origin: http://example.com\r\n"
        "Sec-WebSocket-Protocol: chat, superchat\r\n"
        "Sec-WebSocket-Version: 13\r\n"
        "\r\n");
    ASSERT_EQ(fed.progress(), Progress::complete);
    const OpeningRequest request = read_opening_request(fed.head());
    ASSERT_EQ(request.fault, HandshakeFault::none) << describe(request.fault);
    EXPECT_EQ(request.key, "dGhlIHNhbXBsZSBub25jZQ==");
    const std::vector<std::string> preferred{"chat"};
    std::string out;
    EXPECT_EQ(
        append_opening_response(
            out, {.key = request.key, .subprotocol = choose_subprotocol(fed.head(), preferred)}),
        HeaderFault::none);
    EXPECT_EQ(out,
              "HTTP/1.1 101 Switching Protocols\r\n"
              "Upgrade: websocket\r\n"
              "Connection: Upgrade\r\n"
              "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
              "Sec-WebSocket-Protocol: chat\r\n"
              "\r\n");
}

TEST(Handshake, the_accept_key_follows_from_the_key) {
    const auto accept = accept_key("x3JJHMbDL1EzLkh9GBhXDw==");  // Checked with Python's hashlib.
    EXPECT_EQ(std::string(accept.begin(), accept.end()), "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
}

TEST(Handshake, all_correct_forms_of_a_request_are_accepted) {
    const Request rows[] = {
        {},
        {.upgrade = "UPGRADE: WebSocket\r\n", .connection = "connection: upgrade\r\n"},
        {.connection = "Connection: keep-alive, Upgrade\r\n"},
        {.connection = "Connection: keep-alive\r\nConnection: ,upgrade\r\n"},
        {.upgrade = "Upgrade: h2c, websocket\r\n"},
        {.upgrade = "Upgrade: h2c\r\nUpgrade: websocket\r\n"},
        {.key = "Sec-WebSocket-Key:\t dGhlIHNhbXBsZSBub25jZQ== \t\r\n"},
        {.more = "Content-Length: 0\r\n"},
        {.more = "Sec-WebSocket-Protocol: a, A, b\r\nSec-WebSocket-Protocol: c\r\n"},
        {.more = "Sec-WebSocket-Extensions: a; b=\"c\"\r\nSec-WebSocket-Extensions: a, d\r\n"},
        {.more = "Sec-WebSocket-Unknown: ?\r\nOrigin: null\r\n"},
        // tcllib, libsoup and old python-websockets, with nothing to offer.
        {.more = "Sec-WebSocket-Protocol:\r\nSec-WebSocket-Extensions: \r\n"},
        {.more = "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: \t\r\n"},
        {.more = "Sec-WebSocket-Extensions: a; b;\r\nSec-WebSocket-Extensions: ,\r\n"},
    };
    for (const Request& row : rows) {
        SCOPED_TRACE(row.text());
        EXPECT_EQ(fault_of(row), HandshakeFault::none);
        EXPECT_TRUE(wants_websocket(feed(row.text()).head()));
    }
}

struct RefusalRow {
    const char* name;
    Request request;
    HandshakeFault fault;
    unsigned status;
};

const std::string bare_key = "Sec-WebSocket-Key: ";
const std::string protocol = "Sec-WebSocket-Protocol: ";
const std::string extensions = "Sec-WebSocket-Extensions: ";

// RFC 6455, section 4.2.1, points 1, 3 and 4.
const std::vector<RefusalRow> upgrade_rows = {
    {"POST", {.method = "POST"}, HandshakeFault::method_not_get, 405},
    {"lower-case get", {.method = "get"}, HandshakeFault::method_not_get, 405},
    {"POST with a body",
     {.method = "POST", .more = "Content-Length: 3\r\n"},
     HandshakeFault::method_not_get,
     405},
    {"plain",
     {.upgrade = "", .connection = "", .key = "", .version = ""},
     HandshakeFault::plain_request,
     426},
    {"plain, kept alive",
     {.upgrade = "", .connection = "Connection: keep-alive\r\n", .key = "", .version = ""},
     HandshakeFault::plain_request,
     426},
    {"no Upgrade", {.upgrade = ""}, HandshakeFault::upgrade_missing, 400},
    {"Connection alone",
     {.upgrade = "", .key = "", .version = ""},
     HandshakeFault::upgrade_missing,
     400},
    {"key alone",
     {.upgrade = "", .connection = "", .version = ""},
     HandshakeFault::upgrade_missing,
     400},
    {"Upgrade to h2c", {.upgrade = "Upgrade: h2c\r\n"}, HandshakeFault::upgrade_not_websocket, 400},
    {"Upgrade to websockets",
     {.upgrade = "Upgrade: websockets\r\n"},
     HandshakeFault::upgrade_not_websocket,
     400},
    {"Upgrade with a version",
     {.upgrade = "Upgrade: websocket/13\r\n"},
     HandshakeFault::upgrade_not_websocket,
     400},
    {"empty Upgrade", {.upgrade = "Upgrade:\r\n"}, HandshakeFault::upgrade_not_websocket, 400},
    {"no Connection", {.connection = ""}, HandshakeFault::connection_not_upgrade, 400},
    {"Connection: keep-alive",
     {.connection = "Connection: keep-alive\r\n"},
     HandshakeFault::connection_not_upgrade,
     400},
    {"Connection: upgrades",
     {.connection = "Connection: upgrades\r\n"},
     HandshakeFault::connection_not_upgrade,
     400},
};

// Points 5 and 6.
const std::vector<RefusalRow> version_and_key_rows = {
    {"no version", {.version = ""}, HandshakeFault::version_missing, 426},
    {"version 99",
     {.version = "Sec-WebSocket-Version: 99\r\n"},
     HandshakeFault::version_unsupported,
     426},
    {"version 8",
     {.version = "Sec-WebSocket-Version: 8\r\n"},
     HandshakeFault::version_unsupported,
     426},
    {"version 013",
     {.version = "Sec-WebSocket-Version: 013\r\n"},
     HandshakeFault::version_unsupported,
     426},
    {"version list",
     {.version = "Sec-WebSocket-Version: 13, 8\r\n"},
     HandshakeFault::version_unsupported,
     426},
    {"empty version",
     {.version = "Sec-WebSocket-Version:\r\n"},
     HandshakeFault::version_unsupported,
     426},
    {"version twice",
     {.version = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13\r\n"},
     HandshakeFault::version_repeated,
     400},
    {"version 99, no key",
     {.key = "", .version = "Sec-WebSocket-Version: 99\r\n"},
     HandshakeFault::version_unsupported,
     426},
    {"no key", {.key = ""}, HandshakeFault::key_missing, 400},
    {"key twice",
     {.more = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"},
     HandshakeFault::key_repeated,
     400},
    {"empty key", {.key = bare_key + "\r\n"}, HandshakeFault::key_malformed, 400},
    {"15 bytes",
     {.key = bare_key + "AAAAAAAAAAAAAAAAAAAA\r\n"},
     HandshakeFault::key_malformed,
     400},
    {"17 bytes",
     {.key = bare_key + "AAAAAAAAAAAAAAAAAAAAAAA=\r\n"},
     HandshakeFault::key_malformed,
     400},
    {"18 bytes",
     {.key = bare_key + "AAAAAAAAAAAAAAAAAAAAAAAA\r\n"},
     HandshakeFault::key_malformed,
     400},
    {"no padding",
     {.key = bare_key + "dGhlIHNhbXBsZSBub25jZQ\r\n"},
     HandshakeFault::key_malformed,
     400},
    {"not base64",
     {.key = bare_key + "dGhlIHNhbXBsZSBub25j!Q==\r\n"},
     HandshakeFault::key_malformed,
     400},
    {"the URL's alphabet",
     {.key = bare_key + "dGhlIHNhbXBsZSBub25-_Q==\r\n"},
     HandshakeFault::key_malformed,
     400},
    {"19 bytes",
     {.key = bare_key + "dGhlIHNhbXBsZSBub25jZQAAAA==\r\n"},
     HandshakeFault::key_malformed,
     400},
};

// Points 7 to 9, and the body that there must not be.
const std::vector<RefusalRow> optional_rows = {
    {"body", {.more = "Content-Length: 1\r\n"}, HandshakeFault::body_present, 400},
    {"chunked body", {.more = "Transfer-Encoding: chunked\r\n"}, HandshakeFault::body_present, 400},
    {"only commas",
     {.more = protocol + "a\r\n" + protocol + ", ,\r\n"},
     HandshakeFault::subprotocol_malformed,
     400},
    {"space in a subprotocol",
     {.more = protocol + "a b\r\n"},
     HandshakeFault::subprotocol_malformed,
     400},
    {"URL as a subprotocol",
     {.more = protocol + "http://a\r\n"},
     HandshakeFault::subprotocol_malformed,
     400},
    {"subprotocol twice",
     {.more = protocol + "a, b, a\r\n"},
     HandshakeFault::subprotocol_repeated,
     400},
    {"twice in two headers",
     {.more = protocol + "a\r\n" + protocol + "a\r\n"},
     HandshakeFault::subprotocol_repeated,
     400},
    {"parameter without name",
     {.more = extensions + "a;=b\r\n"},
     HandshakeFault::extensions_malformed,
     400},
    {"second extensions bad",
     {.more = extensions + "a\r\n" + extensions + "a b\r\n"},
     HandshakeFault::extensions_malformed,
     400},
    {"two origins",
     {.more = "Origin: http://a\r\nOrigin: http://a\r\n"},
     HandshakeFault::origin_repeated,
     400},
};

void expect_refusals(const std::vector<RefusalRow>& rows) {
    for (const RefusalRow& row : rows) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(fault_of(row.request), row.fault);
        EXPECT_EQ(status_code(row.fault), row.status);
        EXPECT_FALSE(describe(row.fault).empty());
    }
}

TEST(Handshake, an_upgrade_that_breaks_a_rule_names_the_rule) {
    expect_refusals(upgrade_rows);
}

TEST(Handshake, a_version_or_key_that_breaks_a_rule_names_the_rule) {
    expect_refusals(version_and_key_rows);
}

TEST(Handshake, an_optional_header_that_breaks_a_rule_names_the_rule) {
    expect_refusals(optional_rows);
}

// RFC 9110, section 7.8: there is no Upgrade in HTTP/1.0, though some programs send one.
TEST(Handshake, http_1_0_upgrades_only_where_it_is_allowed_to) {
    std::string text = Request{}.text();
    text.replace(text.find("HTTP/1.1"), 8, "HTTP/1.0");
    Feed fed = feed(text);
    EXPECT_EQ(read_opening_request(fed.head()).fault, HandshakeFault::version_too_old);
    EXPECT_EQ(status_code(HandshakeFault::version_too_old), 426u);
    EXPECT_EQ(read_opening_request(fed.head(), {.http_1_0_allowed = true}).fault,
              HandshakeFault::none);
    Feed plain = feed("GET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(read_opening_request(plain.head()).fault, HandshakeFault::plain_request);
    text.replace(text.find("HTTP/1.0"), 8, "HTTP/1.2");
    EXPECT_EQ(read_opening_request(feed(text).head()).fault, HandshakeFault::none);
}

// What nobody reads cannot be wrong.
TEST(Handshake, extensions_are_looked_at_only_where_any_are_served) {
    Feed fed = feed(Request{.more = extensions + "a b; =\"\r\n"}.text());
    EXPECT_EQ(read_opening_request(fed.head()).fault, HandshakeFault::extensions_malformed);
    EXPECT_EQ(read_opening_request(fed.head(), {.extensions_served = false}).fault,
              HandshakeFault::none);
}

// RFC 6455, section 4.2.1 (2): Host; here already its head fails.
TEST(Handshake, a_request_without_a_host_is_refused) {
    Feed fed = feed(Request{.host = ""}.text());
    EXPECT_EQ(fed.progress(), Progress::failed);
    EXPECT_EQ(status_code(fed.head().fault()), 400u);
}

TEST(Handshake, the_signs_of_websocket_are_seen) {
    const auto wants = [](std::string_view lines) {
        return wants_websocket(feed(test::head_with(lines)).head());
    };
    EXPECT_TRUE(wants("Upgrade: WEBSOCKET\r\n"));
    EXPECT_TRUE(wants("sec-websocket-version: 13\r\n"));
    EXPECT_FALSE(wants("Upgrade: h2c\r\nConnection: Upgrade\r\n"));
    EXPECT_FALSE(wants("Sec-WebSocke: 1\r\nX-Sec-WebSocket-Key: 1\r\n"));
}

std::string offers_of(const HttpHead& head) {
    std::string text;
    SubprotocolReader reader(head);
    for (auto offer = reader.next(); !offer.empty(); offer = reader.next()) {
        text += std::string(offer) + "|";
    }
    return text;
}

TEST(Handshake, offered_subprotocols_are_read_in_order_from_all_headers) {
    EXPECT_EQ(offers_of(feed(Request{}.text()).head()), "");
    const Request request{.more =
                              "Sec-WebSocket-Protocol: c ,a\r\n"
                              "X: d\r\n"
                              "sec-websocket-protocol: ,b,\r\n"};
    EXPECT_EQ(offers_of(feed(request.text()).head()), "c|a|b|");
}

TEST(Handshake, the_servers_first_choice_that_is_offered_is_chosen) {
    struct Row {
        const char* offered;
        std::vector<std::string> preferred;
        const char* chosen;
    };
    const Row rows[] = {
        {"a, b", {"b", "a"}, "b"}, {"a, b", {"c", "a"}, "a"}, {"a, b", {"c"}, ""},
        {"a, b", {}, ""},          {"a, b", {"A", "B"}, ""},  // Compared in their case.
        {"ab", {"a", "b"}, ""},    {"a", {"ab", ""}, ""},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.offered);
        Feed fed = feed(
            Request{.more = "Sec-WebSocket-Protocol: " + std::string(row.offered) + "\r\n"}.text());
        EXPECT_EQ(choose_subprotocol(fed.head(), row.preferred), row.chosen);
        EXPECT_EQ(offers_subprotocol(fed.head(), row.chosen), *row.chosen != '\0');
    }
    EXPECT_EQ(choose_subprotocol(feed(Request{}.text()).head(), rows[0].preferred), "");
}

TEST(Handshake, as_many_subprotocols_as_allowed_pass_and_one_more_is_too_many) {
    const auto request_of = [](std::size_t count) {
        std::string lines = "Sec-WebSocket-Protocol: p";
        for (std::size_t i = 1; i < count; ++i) lines += ",p" + std::to_string(i);
        return Request{.more = lines + "\r\n"};
    };
    EXPECT_EQ(fault_of(request_of(subprotocol_count_max)), HandshakeFault::none);
    EXPECT_EQ(fault_of(request_of(subprotocol_count_max + 1)),
              HandshakeFault::too_many_subprotocols);
}

TEST(Handshake, an_origin_is_welcome_or_not) {
    using Origin = std::optional<std::string_view>;
    struct Row {
        const char* name;
        Origin origin;
        std::string_view host;
        bool secure;
        std::vector<std::string> allowed;
        bool is_welcome;
    };
    const Row rows[] = {
        {"no browser", std::nullopt, "a.example", false, {}, true},
        {"no browser, list", std::nullopt, "a.example", false, {"https://b.example"}, true},
        {"same", "http://a.example:9001", "a.example:9001", false, {}, true},
        {"same, any case", "http://A.example", "a.EXAMPLE", false, {}, true},
        {"same, IPv6", "http://[::1]:9001", "[::1]:9001", false, {}, true},
        {"default port written in Host", "http://a.example", "a.example:80", false, {}, true},
        {"default port written in Origin", "http://a.example:80", "a.example", false, {}, true},
        {"TLS ends in a proxy", "https://a.example", "a.example", false, {}, true},
        {"and its port is written", "https://a.example", "a.example:443", false, {}, true},
        {"TLS ends here", "https://a.example", "a.example", true, {}, true},
        // Programs: ws4py, and websocket-client over wss.
        {"ws", "ws://a.example:9001", "a.example:9001", false, {}, true},
        {"ws, default port written", "ws://a.example", "a.example:80", false, {}, true},
        {"wss, a proxy ends TLS", "wss://a.example", "a.example", false, {}, true},
        {"wss, TLS ends here", "wss://a.example", "a.example:443", true, {}, true},
        {"http, TLS here", "http://a.example", "a.example", true, {}, true},
        {"http, TLS here, its port written", "http://a.example", "a.example:443", true, {}, true},
        {"http, TLS here, another port", "http://a.example:8443", "a.example:8443", true, {}, true},
        {"http, TLS here, not its port", "http://a.example", "a.example:8443", true, {}, false},
        {"ws of another host", "ws://b.example", "a.example", false, {}, false},
        {"http of another host, TLS here", "http://b.example", "a.example", true, {}, false},
        {"a file", "file://", "a.example", false, {}, false},
        {"a file, listed", "file://", "a.example", false, {"file://"}, true},
        {"another host", "http://b.example", "a.example", false, {}, false},
        {"subdomain", "http://x.a.example", "a.example", false, {}, false},
        {"host as a prefix", "http://a.example.evil", "a.example", false, {}, false},
        {"another port", "http://a.example:9002", "a.example:9001", false, {}, false},
        {"port against default", "http://a.example:9001", "a.example", false, {}, false},
        {"default against port", "http://a.example", "a.example:9001", false, {}, false},
        {"default of another scheme", "https://a.example", "a.example:80", false, {}, false},
        {"null", "null", "a.example", false, {}, false},
        {"null, host null", "null", "null", false, {}, false},
        {"empty", "", "a.example", false, {}, false},
        {"another scheme", "chrome-extension://a.example", "a.example", false, {}, false},
        {"with a path", "http://a.example/", "a.example", false, {}, false},
        {"with a user", "http://b@a.example", "a.example", false, {}, false},
        {"listed", "https://b.example", "a.example", false, {"x", "https://b.example"}, true},
        {"listed, any case", "https://B.example", "a", false, {"HTTPS://b.example"}, true},
        {"listed, another scheme", "http://b.example", "a", false, {"https://b.example"}, false},
        {"listed, another port", "https://b.example:1", "a", false, {"https://b.example"}, false},
        {"listed, longer", "https://b.example.evil", "a", false, {"https://b.example"}, false},
        {"listed null", "null", "a", false, {"null"}, true},
        {"a list is the whole list", "http://a", "a", false, {"https://b.example"}, false},
        {"same, listed", "http://a", "a", false, {"https://b", "same-origin"}, true},
        {"another beside same", "http://c", "a", false, {"https://b", "same-origin"}, false},
        {"called so", "same-origin", "same-origin", false, {}, false},
        {"open", "https://b.example", "a.example", false, {"*"}, true},
        {"open to null", "null", "a.example", false, {"*"}, true},
        {"a star inside is no pattern", "https://b.example", "a", false, {"https://*"}, false},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(origin_allowed({row.origin, row.host, row.secure}, row.allowed), row.is_welcome)
            << row.name;
    }
}

}  // namespace
}  // namespace edgews
