// The opening handshake, the client's half (RFC 6455, section 4.1).
#include "core/websocket/client_handshake.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/head_feed.hpp"

namespace edgews {
namespace {

using test::Feed;
using test::feed;
using test::feed_response;
using test::Progress;

using RequestFault = OpeningRequestFault;
using ResponseFault = OpeningResponseFault;

const std::string_view rfc_key = "dGhlIHNhbXBsZSBub25jZQ==";
const DeflateParameters deflate{};
const std::vector<std::string> chats{"chat", "superchat"};

std::string request_of(std::string_view url, OpeningRequestFields fields) {
    fields.offer.key = rfc_key;
    std::string out;
    EXPECT_EQ(append_opening_request(out, parse_websocket_url(url), fields), RequestFault::none);
    return out;
}

// RFC 6455, section 1.3: "the sample nonce" in base64.
TEST(ClientHandshake, a_key_is_the_nonce_in_base64) {
    const auto nonce = std::as_bytes(std::span("the sample nonce")).first<websocket_nonce_size>();
    const auto key = make_websocket_key(nonce);
    EXPECT_EQ(std::string_view(key.data(), key.size()), rfc_key);
}

// RFC 6455, section 1.2, in another order.
TEST(ClientHandshake, the_request_of_the_rfc_is_written) {
    EXPECT_EQ(request_of("ws://server.example.com/chat",
                         {.offer = {.subprotocols = chats}, .origin = "http://example.com"}),
              "GET /chat HTTP/1.1\r\n"
              "Host: server.example.com\r\n"
              "Upgrade: websocket\r\n"
              "Connection: Upgrade\r\n"
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
              "Sec-WebSocket-Version: 13\r\n"
              "Sec-WebSocket-Protocol: chat, superchat\r\n"
              "Origin: http://example.com\r\n"
              "\r\n");
}

TEST(ClientHandshake, a_request_says_what_the_url_and_the_application_say) {
    const std::array headers{HeaderField{"Cookie", "a=b"}, HeaderField{"X", ""}};
    EXPECT_EQ(request_of("wss://user:p%40ss@[::1]:9001?room=1",
                         {.offer = {.deflate_terms = &deflate}, .headers = headers}),
              "GET /?room=1 HTTP/1.1\r\n"
              "Host: [::1]:9001\r\n"
              "Upgrade: websocket\r\n"
              "Connection: Upgrade\r\n"
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
              "Sec-WebSocket-Version: 13\r\n"
              "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
              "Authorization: Basic dXNlcjpwQHNz\r\n"
              "Cookie: a=b\r\n"
              "X: \r\n"
              "\r\n");
}

TEST(ClientHandshake, the_applications_host_and_authorization_replace_those_of_the_url) {
    const std::array headers{HeaderField{"authorization", "Bearer x"},
                             HeaderField{"host", "other.example:1"}};
    const std::string request = request_of("ws://user@a.example", {.headers = headers});
    EXPECT_TRUE(request.starts_with("GET / HTTP/1.1\r\nhost: other.example:1\r\nUpgrade: "));
    EXPECT_EQ(request.find("a.example\r\n"), std::string::npos);
    EXPECT_EQ(request.find("Basic"), std::string::npos);
    EXPECT_EQ(request.find("host", request.find("Upgrade")), std::string::npos);
    EXPECT_NE(request.find("\r\nauthorization: Bearer x\r\n"), std::string::npos);
}

TEST(ClientHandshake, a_request_that_would_be_broken_is_not_appended) {
    struct Row {
        const char* name;
        std::vector<std::string> subprotocols;
        std::string_view origin;
        std::vector<HeaderField> headers;
        RequestFault fault;
    };
    const Row rows[] = {
        {"no subprotocol", {""}, "", {}, RequestFault::subprotocol_malformed},
        {"two in one", {"a, b"}, "", {}, RequestFault::subprotocol_malformed},
        {"injected", {"a", "b\r\nX: y"}, "", {}, RequestFault::subprotocol_malformed},
        {"twice", {"a", "A", "b", "a"}, "", {}, RequestFault::subprotocol_repeated},
        {"injected", {}, "http://a\r\nX: y", {}, RequestFault::origin_malformed},
        {"name", {}, "", {{"a b", ""}}, RequestFault::header_name_malformed},
        {"no name", {}, "", {{"", ""}}, RequestFault::header_name_malformed},
        {"injected", {}, "", {{"X", "a\r\nY: b"}}, RequestFault::header_value_malformed},
        {"NUL", {}, "", {{"A", "b"}, {"X", {"\0", 1}}}, RequestFault::header_value_malformed},
        {"Host", {}, "", {{"Host", "a\n"}}, RequestFault::header_value_malformed},
        {"Connection", {}, "", {{"connection", "close"}}, RequestFault::header_of_handshake},
        {"Upgrade", {}, "", {{"Upgrade", "h2c"}}, RequestFault::header_of_handshake},
        {"key", {}, "", {{"SEC-WebSocket-key", "x"}}, RequestFault::header_of_handshake},
        {"version", {}, "", {{"Sec-WebSocket-Version", "8"}}, RequestFault::header_of_handshake},
        {"accept", {}, "", {{"Sec-WebSocket-Accept", ""}}, RequestFault::header_of_handshake},
        {"origin", {}, "", {{"origin", "x"}}, RequestFault::header_of_option},
        {"protocol", {}, "", {{"Sec-WebSocket-Protocol", "x"}}, RequestFault::header_of_option},
        {"extension", {}, "", {{"sec-websocket-EXTENSIONS", "x"}}, RequestFault::header_of_option},
        {"length", {}, "", {{"content-length", "0"}}, RequestFault::header_of_body},
        {"coding", {}, "", {{"Transfer-Encoding", "chunked"}}, RequestFault::header_of_body},
        {"Host", {}, "", {{"Host", "a/b"}}, RequestFault::host_malformed},
        {"no Host", {}, "", {{"Host", ""}}, RequestFault::host_malformed},
        {"two Hosts",
         {},
         "",
         {{"Host", "a"}, {"X", ""}, {"host", "a"}},
         RequestFault::host_repeated},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        std::string out = "before";
        const OpeningRequestFields fields{
            .offer = {.key = rfc_key, .subprotocols = row.subprotocols},
            .origin = row.origin,
            .headers = row.headers};
        EXPECT_EQ(append_opening_request(out, parse_websocket_url("ws://a"), fields), row.fault);
        EXPECT_EQ(out, "before");
        EXPECT_FALSE(describe(row.fault).empty());
    }
}

// A response that is correct, whose parts a test replaces; an empty part is left out.
struct Response {
    std::string line = "HTTP/1.1 101 Switching Protocols\r\n";
    std::string upgrade = "Upgrade: websocket\r\n";
    std::string connection = "Connection: Upgrade\r\n";
    std::string accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    std::string more = "";

    std::string text() const { return line + upgrade + connection + accept + more + "\r\n"; }
};

ReadOpeningResponse read(const std::string& text, const OpeningOffer& offer) {
    Feed fed = feed_response(text);
    EXPECT_EQ(fed.progress(), Progress::complete) << describe(fed.head().fault());
    if (fed.progress() != Progress::complete) return {};
    EXPECT_FALSE(is_interim_response(fed.head()));
    return read_opening_response(fed.head(), offer);
}

// RFC 6455, section 1.3.
TEST(ClientHandshake, the_response_of_the_rfc_is_accepted_however_it_is_split) {
    const std::string text =
        "HTTP/1.1 101 Switching Protocols\r\n"
        "Upgrade: websocket\r\n"
        "Connection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        "Sec-WebSocket-Protocol: chat\r\n"
        "\r\n";
    const OpeningOffer offer{.key = rfc_key, .subprotocols = chats};
    test::for_each_split(test::bytes_of(text), [&](const test::Pieces& pieces) {
        Feed fed({}, HttpHead::Kind::response);
        for (const test::ExactBlock& piece : pieces) fed.receive(piece.bytes());
        ASSERT_EQ(fed.progress(), Progress::complete);
        const ReadOpeningResponse response = read_opening_response(fed.head(), offer);
        ASSERT_EQ(response.fault, ResponseFault::none) << describe(response);
        ASSERT_EQ(response.subprotocol, "chat");
        ASSERT_EQ(response.subprotocol.data(), chats[0].data());  // Of the offer: it outlives.
        ASSERT_FALSE(response.deflate_agreed);
    });
}

const std::string protocol = "Sec-WebSocket-Protocol: ";
const std::string extensions = "Sec-WebSocket-Extensions: ";

TEST(ClientHandshake, all_correct_forms_of_a_response_are_accepted) {
    const Response rows[] = {
        {},
        {.line = "HTTP/1.1 101\r\n"},
        {.line = "HTTP/1.1 101 Web Socket Protocol Handshake\r\n"},
        {.upgrade = "UPGRADE: WebSocket\r\n", .connection = "connection: upgrade\r\n"},
        {.connection = "Connection: keep-alive, Upgrade\r\n"},
        {.connection = "Connection: keep-alive\r\nConnection: ,upgrade\r\n"},
        {.accept = "sec-websocket-accept:\t s3pPLMBiTxaQ9kYGzzhZRbK+xOo= \r\n"},
        {.more = extensions + "\r\n" + extensions + " , ,\r\n"},
        {.more = "Content-Length: 0\r\n"},  // Means nothing in a 101 (RFC 9112, section 6.3).
        {.more = "Sec-WebSocket-Version: 13\r\nServer: x\r\nDate: y\r\n"},
    };
    for (const Response& row : rows) {
        SCOPED_TRACE(row.text());
        const ReadOpeningResponse response = read(row.text(), {.key = rfc_key});
        EXPECT_EQ(response.fault, ResponseFault::none) << describe(response);
        EXPECT_EQ(response.subprotocol, "");
        EXPECT_FALSE(response.deflate_agreed);
    }
}

struct FaultRow {
    const char* name;
    Response response;
    ResponseFault fault;
};

// Points 1 to 4 of the list.
const std::vector<FaultRow> upgrade_rows = {
    {"200", {.line = "HTTP/1.1 200 OK\r\n"}, ResponseFault::status_not_101},
    {"301", {.line = "HTTP/1.1 301 x\r\n"}, ResponseFault::status_not_101},
    {"HTTP/1.0", {.line = "HTTP/1.0 502 x\r\n"}, ResponseFault::status_not_101},
    {"101 of HTTP/1.0", {.line = "HTTP/1.0 101 x\r\n"}, ResponseFault::version_too_old},
    {"no Upgrade", {.upgrade = ""}, ResponseFault::upgrade_missing},
    {"Upgrade to h2c", {.upgrade = "Upgrade: h2c\r\n"}, ResponseFault::upgrade_not_websocket},
    {"empty Upgrade", {.upgrade = "Upgrade:\r\n"}, ResponseFault::upgrade_not_websocket},
    {"Upgrade of two",
     {.upgrade = "Upgrade: websocket, h2c\r\n"},
     ResponseFault::upgrade_not_websocket},
    {"two Upgrades", {.more = "Upgrade: websocket\r\n"}, ResponseFault::upgrade_not_websocket},
    {"no Connection", {.connection = ""}, ResponseFault::connection_not_upgrade},
    {"Connection: close",
     {.connection = "Connection: close\r\n"},
     ResponseFault::connection_not_upgrade},
    {"no accept", {.accept = ""}, ResponseFault::accept_missing},
    {"accept twice",
     {.more = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"},
     ResponseFault::accept_repeated},
    {"empty accept", {.accept = "Sec-WebSocket-Accept:\r\n"}, ResponseFault::accept_wrong},
    {"of another key",
     {.accept = "Sec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=\r\n"},
     ResponseFault::accept_wrong},
    {"accept in another case",
     {.accept = "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"},
     ResponseFault::accept_wrong},
    {"the key itself",
     {.accept = "Sec-WebSocket-Accept: dGhlIHNhbXBsZSBub25jZQ==\r\n"},
     ResponseFault::accept_wrong},
};

// Points 5 and 6, where nothing was offered.
const std::vector<FaultRow> nothing_offered_rows = {
    {"deflate",
     {.more = extensions + "permessage-deflate\r\n"},
     ResponseFault::extension_unexpected},
    {"behind an empty header",
     {.more = extensions + "\r\n" + extensions + "x\r\n"},
     ResponseFault::extension_unexpected},
    {"malformed", {.more = extensions + ";\r\n"}, ResponseFault::extension_unexpected},
    {"subprotocol", {.more = protocol + "chat\r\n"}, ResponseFault::subprotocol_unexpected},
    {"empty", {.more = protocol + "\r\n"}, ResponseFault::subprotocol_unexpected},
    {"comma", {.more = protocol + ",\r\n"}, ResponseFault::subprotocol_unexpected},
    {"empty and another",
     {.more = protocol + "\r\n" + protocol + "chat\r\n"},
     ResponseFault::subprotocol_repeated},
};

// Point 6, where "chat" and "superchat" were.
const std::vector<FaultRow> subprotocol_rows = {
    {"another", {.more = protocol + "xmpp\r\n"}, ResponseFault::subprotocol_unexpected},
    {"another case", {.more = protocol + "Chat\r\n"}, ResponseFault::subprotocol_unexpected},
    {"a part", {.more = protocol + "super\r\n"}, ResponseFault::subprotocol_unexpected},
    {"both", {.more = protocol + "chat, superchat\r\n"}, ResponseFault::subprotocol_unexpected},
    {"empty", {.more = protocol + "\r\n"}, ResponseFault::subprotocol_unexpected},
    {"two headers",
     {.more = protocol + "chat\r\n" + protocol + "superchat\r\n"},
     ResponseFault::subprotocol_repeated},
    {"twice the same",
     {.more = protocol + "chat\r\n" + protocol + "chat\r\n"},
     ResponseFault::subprotocol_repeated},
    {"none", {}, ResponseFault::subprotocol_missing},
};

void expect_faults(const std::vector<FaultRow>& rows, OpeningOffer offer) {
    offer.key = rfc_key;
    for (const FaultRow& row : rows) {
        SCOPED_TRACE(row.name);
        const ReadOpeningResponse response = read(row.response.text(), offer);
        EXPECT_EQ(response.fault, row.fault) << describe(response);
        EXPECT_EQ(response.subprotocol, "");
        EXPECT_FALSE(response.deflate_agreed);
        EXPECT_FALSE(describe(response).empty());
    }
}

TEST(ClientHandshake, a_response_that_breaks_a_rule_names_the_rule) {
    expect_faults(upgrade_rows, {});
    expect_faults(nothing_offered_rows, {});
    expect_faults(subprotocol_rows, {.subprotocols = chats});
}

// RFC 6455 alone lets a client go on: what else was agreed is there.
TEST(ClientHandshake, a_missing_subprotocol_is_found_last) {
    const Response text{.more = extensions + "permessage-deflate\r\n"};
    const OpeningOffer offer{.key = rfc_key, .subprotocols = chats, .deflate_terms = &deflate};
    const ReadOpeningResponse response = read(text.text(), offer);
    EXPECT_EQ(response.fault, ResponseFault::subprotocol_missing);
    EXPECT_TRUE(response.deflate_agreed);
    EXPECT_EQ(read(Response{.accept = ""}.text(), offer).fault, ResponseFault::accept_missing);
}

TEST(ClientHandshake, an_answer_to_permessage_deflate_is_read) {
    using Fault = DeflateAnswerFault;
    struct Row {
        const char* name;
        std::string lines;
        ResponseFault fault;
        Fault deflate_fault;
    };
    const Row rows[] = {
        {"good", extensions + "permessage-deflate; server_max_window_bits=10\r\n",
         ResponseFault::none, Fault::none},
        {"beside empty headers",
         extensions + ",\r\n" + extensions + "permessage-deflate; server_max_window_bits=10\r\n" +
             extensions + "\r\n",
         ResponseFault::none, Fault::none},
        {"another", extensions + "x-webkit-deflate-frame\r\n", ResponseFault::extension_unexpected,
         Fault::none},
        {"twice in one", extensions + "permessage-deflate, permessage-deflate\r\n",
         ResponseFault::extension_unexpected, Fault::none},
        {"twice in two",
         extensions + "permessage-deflate\r\n" + extensions + "permessage-deflate\r\n",
         ResponseFault::extension_unexpected, Fault::none},
        {"another behind it", extensions + "permessage-deflate\r\n" + extensions + "x\r\n",
         ResponseFault::extension_unexpected, Fault::none},
        {"malformed", extensions + "permessage-deflate;\r\n", ResponseFault::deflate_answer_invalid,
         Fault::malformed},
        {"unknown parameter", extensions + "permessage-deflate; x\r\n",
         ResponseFault::deflate_answer_invalid, Fault::parameter_unknown},
        {"bad value", extensions + "permessage-deflate; server_max_window_bits=16\r\n",
         ResponseFault::deflate_answer_invalid, Fault::value_invalid},
    };
    const OpeningOffer offer{.key = rfc_key, .deflate_terms = &deflate};
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        const ReadOpeningResponse response = read(Response{.more = row.lines}.text(), offer);
        EXPECT_EQ(response.fault, row.fault) << describe(response);
        EXPECT_EQ(response.deflate_fault, row.deflate_fault);
        if (row.fault == ResponseFault::none) {
            ASSERT_TRUE(response.deflate_agreed);
            EXPECT_EQ(response.deflate_agreed->server_max_window_bits, 10);
        }
        if (row.deflate_fault != Fault::none) {
            EXPECT_EQ(describe(response), describe(row.deflate_fault));
        }
    }
    EXPECT_FALSE(describe(ResponseFault::deflate_answer_invalid).empty());
}

TEST(ClientHandshake, interim_responses_are_told_apart) {
    const auto is_interim = [](std::string_view status) {
        return is_interim_response(
            feed_response("HTTP/1.1 " + std::string(status) + "\r\n\r\n").head());
    };
    EXPECT_TRUE(is_interim("100 Continue"));
    EXPECT_TRUE(is_interim("103 Early Hints"));
    EXPECT_TRUE(is_interim("199"));
    EXPECT_FALSE(is_interim("101 Switching Protocols"));
    EXPECT_FALSE(is_interim("200"));
    EXPECT_FALSE(is_interim("404"));
}

// What one half writes, the other reads: the server's half is core/websocket/handshake.hpp.
TEST(ClientHandshake, client_and_server_agree) {
    const DeflateParameters wanted{.server_no_context_takeover = true,
                                   .client_max_window_bits = 12};
    const OpeningOffer offer{.key = rfc_key, .subprotocols = chats, .deflate_terms = &wanted};
    const std::array headers{HeaderField{"Cookie", "a=b"}};
    const std::string request =
        request_of("wss://u:p@a.example:9001/room?x=%20",
                   {.offer = offer, .origin = "https://a.example:9001", .headers = headers});

    Feed server = feed(request);
    ASSERT_EQ(server.progress(), Progress::complete) << describe(server.head().fault());
    const OpeningRequest read_request = read_opening_request(server.head());
    ASSERT_EQ(read_request.fault, HandshakeFault::none) << describe(read_request.fault);
    EXPECT_EQ(server.head().size(), request.size());
    EXPECT_EQ(server.head().target(), "/room?x=%20");
    EXPECT_EQ(server.head().host(), "a.example:9001");
    EXPECT_EQ(server.head().header("Cookie"), "a=b");
    EXPECT_EQ(server.head().header("Authorization"), "Basic dTpw");
    EXPECT_EQ(read_request.key, rfc_key);
    EXPECT_TRUE(origin_allowed({server.head().header("Origin"), server.head().host(), true}, {}));
    const auto answer = answer_deflate_offers(server.head(), {.server_max_window_bits = 11});
    ASSERT_TRUE(answer);
    std::string answer_text;
    append_deflate_answer(answer_text, *answer);
    const std::vector<std::string> preferred{"superchat"};
    std::string out;
    ASSERT_EQ(
        append_opening_response(out, {.key = read_request.key,
                                      .subprotocol = choose_subprotocol(server.head(), preferred),
                                      .extensions = answer_text}),
        HeaderFault::none);

    const ReadOpeningResponse response = read(out, offer);
    ASSERT_EQ(response.fault, ResponseFault::none) << describe(response);
    EXPECT_EQ(response.subprotocol, "superchat");
    EXPECT_EQ(response.deflate_agreed, answer->agreed);
    EXPECT_EQ(response.deflate_agreed->server_max_window_bits, 11);
    EXPECT_TRUE(response.deflate_agreed->server_no_context_takeover);
}

TEST(ClientHandshake, a_refusal_of_the_server_is_no_connection) {
    std::string out;
    append_refusal(out, HandshakeFault::origin_forbidden);
    EXPECT_EQ(read(out, {.key = rfc_key}).fault, ResponseFault::status_not_101);
}

// RFC 9110, section 9.3.6; RFC 9112, section 3.2.3.
TEST(ClientHandshake, a_proxy_is_asked_for_a_tunnel) {
    const auto request = [](std::string_view url, std::string_view proxy_user_info) {
        std::string out = "before ";
        append_connect_request(out, parse_websocket_url(url), proxy_user_info);
        return out;
    };
    EXPECT_EQ(request("wss://u:p@a.example/chat", ""),
              "before CONNECT a.example:443 HTTP/1.1\r\n"
              "Host: a.example:443\r\n"
              "\r\n");
    EXPECT_EQ(request("ws://[::1]:9001/", "user:p%40ss"),
              "before CONNECT [::1]:9001 HTTP/1.1\r\n"
              "Host: [::1]:9001\r\n"
              "Proxy-Authorization: Basic dXNlcjpwQHNz\r\n"
              "\r\n");
}

}  // namespace
}  // namespace edgews
