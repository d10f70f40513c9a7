// Options of a STOMP client that can be used, and those that are refused.
#include "net/stomp/client_brokers.hpp"

#include <edgews/loop.hpp>
#include <edgews/tls.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp {
namespace {

ClientOptions to(const std::string& broker) {
    return {.brokers = {broker}};
}

struct Refused {
    const char* option;
    std::string_view why;
    std::function<void(ClientOptions&)> change;
};

void expect_refused(const std::vector<Refused>& rows) {
    Loop loop;
    for (const Refused& row : rows) {
        SCOPED_TRACE(std::string(row.option) + ": " + std::string(row.why));
        ClientOptions options = to("stomp://h");
        row.change(options);
        try {
            const Client client(loop, options);
            ADD_FAILURE() << "it is not refused";
        } catch (const std::invalid_argument& refusal) {
            const std::string text = refusal.what();
            const std::string name = std::string("stomp::ClientOptions::") + row.option;
            EXPECT_EQ(text.substr(0, name.size()), name);
            EXPECT_NE(text.find(row.why, name.size()), std::string::npos) << text;
            EXPECT_EQ(text.find("secret"), std::string::npos) << text;
        }
    }
}

TEST(StompClientBrokers, an_option_that_would_fail_at_each_try_is_refused_at_once) {
    expect_refused({
        {"brokers", "there is none", [](ClientOptions& o) { o.brokers = {}; }},
        {"brokers", "begins with", [](ClientOptions& o) { o.brokers = {"localhost:61613"}; }},
        {"brokers", "The host", [](ClientOptions& o) { o.brokers = {"stomp://"}; }},
        {"brokers", "The host", [](ClientOptions& o) { o.brokers.emplace_back("stomp://a b"); }},
        {"brokers", "percent", [](ClientOptions& o) { o.brokers = {"stomp://h/%"}; }},
        {"brokers", "no query", [](ClientOptions& o) { o.brokers = {"stomp://h?x"}; }},
        {"brokers", "host", [](ClientOptions& o) { o.brokers = {"ws://"}; }},
        {"brokers", "port", [](ClientOptions& o) { o.brokers = {"ws://h:0/"}; }},
        {"brokers", "fragment", [](ClientOptions& o) { o.brokers = {"ws://h/#x"}; }},
        {"connection.tls", "stomps://h",
         [](ClientOptions& o) { o.brokers = {"stomps://joe:secret@h"}; }},
        {"connection.tls", "stomp+ssl://h",
         [](ClientOptions& o) { o.brokers = {"stomp+ssl://h"}; }},
        {"connection.tls", "wss://h",
         [](ClientOptions& o) { o.brokers = {"wss://joe:secret@h/"}; }},
        {"connection.lookup", "empty", [](ClientOptions& o) { o.connection.lookup = {}; }},
        {"connection.close_timeout_ms", "0",
         [](ClientOptions& o) { o.connection.close_timeout_ms = 0; }},
        {"connection.tcp_keep_alive_ms", "more than the system knows",
         [](ClientOptions& o) { o.connection.tcp_keep_alive_ms = UINT32_MAX; }},
        {"connection.proxy", "stomp://h",
         [](ClientOptions& o) { o.connection.proxy = "http://p:1"; }},
        {"connection.proxy", "host",
         [](ClientOptions& o) {
             o.brokers = {"ws://h/"};
             o.connection.proxy = "http://";
         }},
        {"connection.proxy", "must be http",
         [](ClientOptions& o) {
             o.brokers = {"ws://h/"};
             o.connection.proxy = "https://p";
         }},
        {"disconnect_timeout_ms", "0", [](ClientOptions& o) { o.disconnect_timeout_ms = 0; }},
    });
}

// CONNECT has no escapes: these would forge a header.
TEST(StompClientBrokers, what_CONNECT_cannot_say_is_refused_at_once) {
    expect_refused({
        {"login", "cannot say", [](ClientOptions& o) { o.login = "joe\nx:y"; }},
        {"passcode", "cannot say", [](ClientOptions& o) { o.passcode = "a\rb"; }},
        {"host", "cannot say", [](ClientOptions& o) { o.host = std::string(1, '\0'); }},
        {"login", "cannot say", [](ClientOptions& o) { o.brokers = {"stomp://a%0Ab@h"}; }},
        {"passcode", "cannot say", [](ClientOptions& o) { o.brokers = {"stomp://a:b%0D@h"}; }},
        {"host", "cannot say", [](ClientOptions& o) { o.brokers = {"stomp://h/a%0Ab"}; }},
        {"headers", "a:b",
         [](ClientOptions& o) {
             o.headers = {{"x", "y"}, {"a:b", "y"}};
         }},
        {"headers", "x",
         [](ClientOptions& o) {
             o.headers = {{"x", "a\nb"}};
         }},
        {"headers", "cannot say",
         [](ClientOptions& o) {
             o.headers = {{"", "y"}};
         }},
    });
}

TEST(StompClientBrokers, each_has_its_host) {
    ClientOptions options;
    options.brokers = {"stomp://a:1",         "stomps://[::1]",       "stomp+tls://b",
                       "ws://joe:x@c:2/ws?y", "wss://[2001:db8::1]/", "ws://d"};
    const auto made = TlsClient::make({.accepts_any_certificate = true});
    options.connection.tls = made.value;
    const std::vector<BrokerUrl> brokers = usable_brokers(options);
    const char* hosts[] = {"a", "::1", "b", "c", "2001:db8::1", "d"};
    ASSERT_EQ(brokers.size(), 6U);
    for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(brokers[i].host, hosts[i]);
    EXPECT_EQ(brokers[3].text, "ws://joe:x@c:2/ws?y");
}

TEST(StompClientBrokers, a_websocket_may_go_through_a_proxy) {
    ClientOptions options = to("ws://h/");
    options.connection.proxy = "http://joe:secret@p:3128";
    EXPECT_EQ(usable_brokers(options).size(), 1U);
}

TEST(StompClientBrokers, an_empty_handler_is_refused) {
    Loop loop;
    ClientOptions options = to("stomp://127.0.0.1:1");
    options.reconnect.enabled = false;
    Client client(loop, options);
    EXPECT_THROW((void)client.subscribe("/a", {}), std::invalid_argument);
}

}  // namespace
}  // namespace edgews::stomp
