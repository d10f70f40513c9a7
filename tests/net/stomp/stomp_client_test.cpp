// A STOMP client and the broker of this library, over real sockets: TCP and WebSocket, each with
// TLS, and a Unix socket.
#include <edgews/stomp_broker.hpp>
#include <edgews/stomp_client.hpp>
#include <edgews/tls.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/stomp_client_fixture.hpp"
#include "tests/support/test_server.hpp"
#include "tests/tls/certificates.hpp"

namespace edgews::test {
namespace {

using stomp::AckMode;
using stomp::Message;
using stomp::Receipt;

enum class Way { tcp, tls, websocket, websocket_tls, unix_socket };

const TlsIdentity& identity() {
    static const TlsIdentity made = make_identity("localhost");
    return made;
}

// The broker, on a port of each kind.
class WholeBroker {
  public:
    explicit WholeBroker(StompOptions options = {}, StompHooks hooks = {})
        : broker(std::move(options), std::move(hooks)) {
        broker.attach(*server.operator->(), "/ws");
        const auto tls = Tls::make({.identities = {identity()}}).value;
        listen(server->listen({.host = "127.0.0.1"}));
        listen(server->listen({.host = "127.0.0.1", .tls = tls}));
        listen(broker.listen(*server.operator->(), {.host = "127.0.0.1"}));
        listen(broker.listen(*server.operator->(), {.host = "127.0.0.1", .tls = tls}));
        listen(broker.listen(*server.operator->(), {.unix_path = place.file("stomp")}));
        server->start();
        for (std::size_t i = 0; i < 4; ++i) listening_.push_back(server->listening_on(i));
    }
    [[nodiscard]] stomp::ClientOptions to(Way way) const {
        stomp::ClientOptions options;
        const auto tls = TlsClient::make({.authorities = identity().certificate_chain});
        options.connection.tls = tls.value;
        options.reconnect.enabled = false;
        options.login = "joe";
        options.passcode = "secret";
        switch (way) {
            case Way::tcp: options.brokers = {"stomp://" + name(2)}; break;
            case Way::tls: options.brokers = {"stomps://" + name(3)}; break;
            case Way::websocket: options.brokers = {"ws://" + name(0) + "/ws"}; break;
            case Way::websocket_tls: options.brokers = {"wss://" + name(1) + "/ws"}; break;
            case Way::unix_socket:
                options.brokers = {"stomp://nowhere.invalid"};
                options.connection.unix_path = place.file("stomp");
                break;
        }
        return options;
    }

    Directory place;
    StompBroker broker;
    TestServer server{};

  private:
    static void listen(const Error& error) { EXPECT_FALSE(error) << error.message; }
    // "localhost:PORT": the certificate's.
    [[nodiscard]] std::string name(std::size_t index) const {
        const std::string& at = listening_[index];
        return "localhost" + at.substr(at.rfind(':'));
    }
    std::vector<std::string> listening_{};
};

class StompClientOver : public StompClientFixture, public testing::WithParamInterface<Way> {
  protected:
    // Of the broker's threads nothing is left when the test ends.
    void TearDown() override {
        client.reset();
        EXPECT_TRUE(turn_until(loop, [&] { return loop.next_timeout_ms() == -1; }));
        broker.reset();
        StompClientFixture::TearDown();
    }
    void serve(StompOptions options = {}, StompHooks hooks = {}) {
        broker.emplace(std::move(options), std::move(hooks));
    }
    void connect() {
        serve();
        start(broker->to(GetParam()));
        expect_notes({"connected 1.2"});
        forget();
    }
    [[nodiscard]] SendResult send(const std::string& destination, const std::string& body,
                                  stomp::TransactionNumber transaction = 0) {
        return client->send(
            destination, body,
            {.transaction = transaction, .receipt = receipt(destination + " " + body)});
    }

    std::optional<WholeBroker> broker{};
};

std::string name_of_way(const testing::TestParamInfo<Way>& row) {
    constexpr const char* names[] = {"tcp", "tls", "websocket", "websocket_tls", "unix_socket"};
    return names[static_cast<int>(row.param)];
}

INSTANTIATE_TEST_SUITE_P(, StompClientOver,
                         testing::Values(Way::tcp, Way::tls, Way::websocket, Way::websocket_tls,
                                         Way::unix_socket),
                         name_of_way);

TEST_P(StompClientOver, what_is_sent_comes_back_and_is_confirmed) {
    connect();
    (void)client->subscribe("/topic/a", listener("a"), telling("a"));
    expect_notes({"a is confirmed"});
    EXPECT_EQ(send("/topic/a", "hello"), SendResult::sent);
    await_notes(3);
    std::sort(notes.begin(), notes.end());
    EXPECT_EQ(notes, (Notes{"/topic/a hello confirmed", "a is confirmed", "a: hello"}));
    EXPECT_EQ(client->version(), stomp::Version::v1_2);
    EXPECT_NE(client->remote_address().family(), Address::Family::none);
    EXPECT_EQ(client->buffered_amount(), 0U);
    EXPECT_EQ(&client->loop(), &loop);
    client->disconnect();
    await_notes(4);
    EXPECT_EQ(notes.back(), "disconnected orderly");
}

TEST_P(StompClientOver, large_bodies_go_both_ways) {
    connect();
    std::string all;
    for (int i = 0; i < 200'000; ++i) all += static_cast<char>(i * 7 + i / 251);
    std::size_t count = 0;
    (void)client->subscribe("/queue/a", [&](stomp::Client&, const Message& m) {
        EXPECT_TRUE(m.text() == all);
        ++count;
    });
    for (int i = 0; i < 3; ++i) EXPECT_EQ(client->send("/queue/a", all), SendResult::sent);
    EXPECT_TRUE(until([&] { return count == 3; }));
}

TEST_P(StompClientOver, a_queues_messages_are_acknowledged_in_transactions) {
    connect();
    std::vector<stomp::Unacknowledged> came;
    (void)client->subscribe("/queue/in",
                            [&](stomp::Client&, const Message& m) { came.emplace_back(m); },
                            {.ack = AckMode::client_individual});
    (void)client->subscribe("/queue/out", listener("out"));
    for (const char* body : {"1", "2", "3"}) {
        EXPECT_EQ(client->send("/queue/in", body), SendResult::sent);
    }
    EXPECT_TRUE(until([&] { return came.size() == 3; }));
    const auto aborted = client->begin();
    EXPECT_EQ(client->ack(came[0], {.transaction = aborted}), SendResult::sent);
    EXPECT_EQ(client->send("/queue/out", "wrong", {.transaction = aborted}), SendResult::sent);
    EXPECT_EQ(client->abort(aborted, receipt("abort")), SendResult::sent);
    expect_notes({"abort confirmed"});
    const auto transaction = client->begin();
    EXPECT_EQ(client->ack(came[0], {.transaction = transaction}), SendResult::sent);
    EXPECT_EQ(client->send("/queue/out", "right", {.transaction = transaction}), SendResult::sent);
    EXPECT_EQ(client->commit(transaction), SendResult::sent);
    expect_notes({"abort confirmed", "out: right"});
    // It comes again.
    EXPECT_EQ(client->nack(came[1]), SendResult::sent);
    EXPECT_TRUE(until([&] { return came.size() == 4; }));
    EXPECT_EQ(client->ack(came[3]), SendResult::sent);
    EXPECT_EQ(client->ack(came[2], {.receipt = receipt("last")}), SendResult::sent);
    expect_notes({"abort confirmed", "out: right", "last confirmed"});
    broker->server.wait_until([&] {
        const auto all = broker->broker.destinations();
        return std::ranges::none_of(
            all, [](const auto& one) { return one.waiting + one.unacknowledged > 0; });
    });
}

TEST_P(StompClientOver, an_error_of_the_brokers_is_told_with_the_frame_that_it_names) {
    connect();
    EXPECT_EQ(send("nowhere", "x"), SendResult::sent);
    await_notes(3);
    ASSERT_EQ(notes.size(), 3U);
    EXPECT_EQ(notes[0], "error open");
    EXPECT_EQ(notes[1].substr(0, 17), "nowhere x refused");
    EXPECT_EQ(notes[2], "disconnected");
}

TEST_P(StompClientOver, login_and_passcode_are_shown_and_a_refusal_is_told) {
    StompHooks hooks;
    hooks.authenticate = [](const StompClient&, const stomp::Frame& connect) {
        const bool is_joe = connect.find("login") == "joe" && connect.find("passcode") == "secret";
        return StompAccess{.is_granted = is_joe, .user = "joe", .reason = "nobody knows you"};
    };
    serve({}, std::move(hooks));
    start(broker->to(GetParam()));
    expect_notes({"connected 1.2"});
    client.reset();
    forget();
    stomp::ClientOptions options = broker->to(GetParam());
    options.passcode = "wrong";
    start(options);
    expect_notes({"error handshake"});
    EXPECT_NE(error.body.find("nobody knows you"), std::string::npos) << error.body;
    EXPECT_EQ(error.error.message.find("wrong"), std::string::npos) << error.error.message;
}

TEST_P(StompClientOver, when_the_server_shuts_down_it_is_told) {
    connect();
    EXPECT_EQ(send("/queue/a", "x"), SendResult::sent);
    await_notes(1);
    broker->server->shutdown(10);
    await_notes(3);
    EXPECT_EQ(notes, (Notes{"/queue/a x confirmed", "error open", "disconnected"}));
}

TEST_P(StompClientOver, destroyed_it_leaves_in_order_and_what_it_sent_arrives) {
    connect();
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(client->send("/queue/a", std::string(1'000, 'x')), SendResult::sent);
    }
    client.reset();
    EXPECT_TRUE(until([&] {
        const auto all = broker->broker.destinations();
        return all.size() == 1 && all[0].waiting == 100 && broker->broker.stats().sessions == 0;
    }));
}

TEST_F(StompClientFixture, a_certificate_that_is_not_trusted_ends_it_before_anything_is_said) {
    std::optional<WholeBroker> broker;
    broker.emplace();
    for (const Way way : {Way::tls, Way::websocket_tls}) {
        stomp::ClientOptions options = broker->to(way);
        const auto other = make_identity("localhost");
        options.connection.tls = TlsClient::make({.authorities = other.certificate_chain}).value;
        start(options);
        expect_notes({"error tls"});
        client.reset();
        forget();
    }
    broker.reset();
}

}  // namespace
}  // namespace edgews::test
