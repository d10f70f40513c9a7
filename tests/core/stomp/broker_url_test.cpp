// The URLs of brokers: what they say, and what is wrong with them.
#include <gtest/gtest.h>

#include "core/stomp/broker_url.hpp"

#include <set>
#include <string>
#include <string_view>

namespace edgews::stomp {
namespace {

using namespace std::literals;
using Carrier = BrokerUrl::Carrier;

TEST(StompBrokerUrl, each_part_is_what_it_says) {
    const struct {
        std::string_view text;
        Carrier carrier;
        std::string_view host;
        std::uint16_t port;
        std::string_view login;
        std::string_view passcode;
        std::string_view virtual_host;
        std::string_view name;
    } rows[] = {
        {"stomp://h", Carrier::tcp, "h", 61613, "", "", "", "stomp://h"},
        {"stomp://h/", Carrier::tcp, "h", 61613, "", "", "", "stomp://h"},
        {"stomp://h:1", Carrier::tcp, "h", 1, "", "", "", "stomp://h:1"},
        {"stomp://h:65535/v", Carrier::tcp, "h", 65535, "", "", "v", "stomp://h:65535"},
        {"stomps://h", Carrier::tls, "h", 61614, "", "", "", "stomps://h"},
        {"stomp+ssl://h", Carrier::tls, "h", 61614, "", "", "", "stomp+ssl://h"},
        {"stomp+tls://h:7", Carrier::tls, "h", 7, "", "", "", "stomp+tls://h:7"},
        {"stomp://joe:secret@h:2/v", Carrier::tcp, "h", 2, "joe", "secret", "v", "stomp://h:2"},
        {"stomp://joe@h", Carrier::tcp, "h", 61613, "joe", "", "", "stomp://h"},
        {"stomp://joe:@h", Carrier::tcp, "h", 61613, "joe", "", "", "stomp://h"},
        {"stomp://:secret@h", Carrier::tcp, "h", 61613, "", "secret", "", "stomp://h"},
        {"stomp://@h", Carrier::tcp, "h", 61613, "", "", "", "stomp://h"},
        // The last '@' ends them, and the first ':' divides them.
        {"stomp://a@b:c:d@e@h", Carrier::tcp, "h", 61613, "a@b", "c:d@e", "", "stomp://h"},
        {"stomp://a%40b%3Ac:d%2Fe%25@h/%2f", Carrier::tcp, "h", 61613, "a@b:c", "d/e%", "/",
         "stomp://h"},
        {"stomp://h/a/b@c:d", Carrier::tcp, "h", 61613, "", "", "a/b@c:d", "stomp://h"},
        {"stomp://h//", Carrier::tcp, "h", 61613, "", "", "/", "stomp://h"},
        {"stomp://127.0.0.1:3", Carrier::tcp, "127.0.0.1", 3, "", "", "", "stomp://127.0.0.1:3"},
        {"stomp://[::1]:4/v", Carrier::tcp, "::1", 4, "", "", "v", "stomp://[::1]:4"},
        {"stomps://joe@[2001:db8::1]", Carrier::tls, "2001:db8::1", 61614, "joe", "", "",
         "stomps://[2001:db8::1]"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.text);
        const BrokerUrl url = parse_broker_url(row.text);
        EXPECT_EQ(url.fault, BrokerUrlFault::none) << describe(url.fault);
        EXPECT_EQ(url.carrier, row.carrier);
        EXPECT_EQ(url.host, row.host);
        EXPECT_EQ(url.port, row.port);
        EXPECT_EQ(url.login, row.login);
        EXPECT_EQ(url.passcode, row.passcode);
        EXPECT_EQ(url.virtual_host, row.virtual_host);
        EXPECT_EQ(url.name, row.name);
        EXPECT_EQ(url.text, "");
    }
}

// Its user information is HTTP's.
TEST(StompBrokerUrl, a_websocket_s_is_read_elsewhere_and_named_without_its_secrets) {
    for (const auto& [text, name] :
         {std::pair{"ws://h:15674/ws?a=b"sv, "ws://h:15674/ws?a=b"sv},
          std::pair{"wss://joe:secret@h/ws"sv, "wss://h/ws"sv}, std::pair{"ws://"sv, "ws://"sv}}) {
        SCOPED_TRACE(text);
        const BrokerUrl url = parse_broker_url(text);
        EXPECT_EQ(url.fault, BrokerUrlFault::none);
        EXPECT_EQ(url.carrier, Carrier::websocket);
        EXPECT_EQ(url.text, text);
        EXPECT_EQ(url.name, name);
        EXPECT_EQ(url.host + url.login + url.passcode + url.virtual_host, "");
        EXPECT_EQ(url.port, 0);
    }
}

TEST(StompBrokerUrl, what_breaks_a_rule_is_told_which_and_nothing_of_it_is_left) {
    const struct {
        std::string_view text;
        BrokerUrlFault fault;
    } rows[] = {
        {"", BrokerUrlFault::scheme_unknown},
        {"stomp", BrokerUrlFault::scheme_unknown},
        {"stomp:/h", BrokerUrlFault::scheme_unknown},
        {"STOMP://h", BrokerUrlFault::scheme_unknown},
        {"http://h", BrokerUrlFault::scheme_unknown},
        {"tcp://h", BrokerUrlFault::scheme_unknown},
        {" stomp://h", BrokerUrlFault::scheme_unknown},
        {"h:61613", BrokerUrlFault::scheme_unknown},
        {"stomp://", BrokerUrlFault::host_malformed},
        {"stomp:///v", BrokerUrlFault::host_malformed},
        {"stomp://joe@", BrokerUrlFault::host_malformed},
        {"stomp://:1", BrokerUrlFault::host_malformed},
        {"stomp://h:0", BrokerUrlFault::host_malformed},
        {"stomp://h:65536", BrokerUrlFault::host_malformed},
        {"stomp://h:1x", BrokerUrlFault::host_malformed},
        {"stomp://h:-1", BrokerUrlFault::host_malformed},
        {"stomp://a b", BrokerUrlFault::host_malformed},
        {"stomp://a\0b"sv, BrokerUrlFault::host_malformed},
        {"stomp://::1", BrokerUrlFault::host_malformed},
        {"stomp://[::1", BrokerUrlFault::host_malformed},
        {"stomp://[::x]", BrokerUrlFault::host_malformed},
        {"stomp://%@h", BrokerUrlFault::escape_malformed},
        {"stomp://a%4@h", BrokerUrlFault::escape_malformed},
        {"stomp://a:%zz@h", BrokerUrlFault::escape_malformed},
        {"stomp://a%00@h", BrokerUrlFault::escape_malformed},
        {"stomp://h/%4", BrokerUrlFault::escape_malformed},
        {"stomp://h/v?x=y", BrokerUrlFault::rest_present},
        {"stomp://h?x", BrokerUrlFault::rest_present},
        {"stomps://h/v#x", BrokerUrlFault::rest_present},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.text);
        const BrokerUrl url = parse_broker_url(row.text);
        EXPECT_EQ(url.fault, row.fault) << describe(url.fault);
        EXPECT_EQ(url.carrier, Carrier::tcp);
        EXPECT_EQ(url.host + url.login + url.passcode + url.virtual_host + url.text + url.name, "");
        EXPECT_EQ(url.port, 0);
    }
}

TEST(StompBrokerUrl, each_fault_has_a_sentence_of_its_own) {
    std::set<std::string_view> sentences;
    constexpr int count = static_cast<int>(BrokerUrlFault::rest_present) + 1;
    for (int i = 0; i < count; ++i) {
        const std::string_view sentence = describe(static_cast<BrokerUrlFault>(i));
        EXPECT_TRUE(sentence.ends_with('.')) << sentence;
        sentences.insert(sentence);
    }
    EXPECT_EQ(sentences.size(), static_cast<std::size_t>(count));
}

}  // namespace
}  // namespace edgews::stomp
