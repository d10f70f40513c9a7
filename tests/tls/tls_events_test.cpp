// What on_event is told of TLS that fails, of a server and of a client.
#include "tests/support/client_fixture.hpp"

#include <edgews/stomp_broker.hpp>
#include <edgews/tls.hpp>

#include <memory>
#include <stdexcept>
#include <string>

#include "certificates.hpp"
#include "openssl_client.hpp"
#include "tests/support/told_events.hpp"

namespace edgews::test {
namespace {

std::shared_ptr<Tls> make_tls() {
    auto made = Tls::make({.identities = {identity_of("one.example")}});
    if (made.error) throw std::runtime_error(made.error.message);
    return made.value;
}

ServerOptions telling(ToldEvents& events, ServerOptions options = {}) {
    options.on_event = events.hook();
    return options;
}

TEST(TlsEvents, what_is_no_tls_is_told_with_the_reason) {
    const struct {
        std::string bytes;
        const char* told;
    } rows[] = {
        {"GET / HTTP/1.1\r\n\r\n", "notice tls_failed 0: http request"},
        {std::string(100, '\x55'), "notice tls_failed 0: wrong version number"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.told);
        ToldEvents events;
        TestServer server(telling(events));
        server.start({.host = "127.0.0.1", .tls = make_tls()});
        TestClient client = server.connect();
        client.send(row.bytes);
        client.half_close();
        client.expect_end();
        EXPECT_EQ(events.wait_for(1), List{row.told});
        EXPECT_EQ(events.peers(), List{"127.0.0.1"});
    }
}

TEST(TlsEvents, a_handshake_that_does_not_come_to_its_end_is_told) {
    ToldEvents events;
    TestServer server(telling(events, {.handshake_timeout_ms = 20}));
    server.start({.host = "127.0.0.1", .tls = make_tls()});
    TestClient client = server.connect();
    client.expect_end();
    EXPECT_EQ(events.wait_for(1), List{"notice timed_out 0: TLS's handshake took too long"});
}

TEST(TlsEvents, a_broken_record_of_a_websocket_and_of_stomp_is_told) {
    for (const bool is_stomp : {false, true}) {
        ToldEvents events;
        StompBroker broker;
        TestServer server(telling(events));
        server->ws("/echo", {});
        const ListenOptions listen{.host = "127.0.0.1", .tls = make_tls()};
        if (is_stomp) {
            ASSERT_FALSE(broker.listen(*server.operator->(), listen));
            server->start();
        } else {
            server.start(listen);
        }
        TestClient socket = server.connect();
        OpensslClient tls;
        const auto send = [&] { socket.send(tls.take_output()); };
        while (SSL_do_handshake(tls.get()) != 1) {
            send();
            tls.put_input(socket.receive_some());
        }
        const std::string words =
            is_stomp ? "CONNECT\naccept-version:1.2\nhost:x\n\n" + std::string(1, '\0')
                     : TestClient::upgrade_head("/echo");
        tls.write(words);
        send();
        for (std::string heard; heard.empty(); heard = tls.read()) {
            tls.put_input(socket.receive_some());
        }
        socket.send(std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x'));
        EXPECT_EQ(events.wait_for(1),
                  List{"notice tls_failed 0" + std::string(is_stomp ? "" : " /echo") +
                       ": decryption failed or bad record mac"});
    }
}

class TlsClientEvents : public ClientFixture {};

TEST_F(TlsClientEvents, a_certificate_that_is_not_trusted_is_told) {
    std::vector<std::string> told;
    {
        ToldEvents events;
        TestServer server(telling(events));
        server.start({.host = "127.0.0.1", .tls = make_tls()});
        auto made =
            TlsClient::make({.authorities = identity_of("other.example").certificate_chain});
        ASSERT_FALSE(made.error) << made.error.message;
        edgews::ClientOptions options{.tls = made.value};
        options.on_event = [&](const EngineEvent& event) { told.push_back(to_string(event)); };
        const std::string name = "127.0.0.1:" + std::to_string(server.port());
        connect("wss://" + name + "/", std::move(options));
        ASSERT_TRUE(until([&] { return !told.empty(); }));
        EXPECT_TRUE(told[0].starts_with("warning connect_failed 0: open wss://" + name + "/: "))
            << told[0];
        EXPECT_NE(told[0].find("certificate verify failed"), std::string::npos) << told[0];
        const List of_server = events.wait_for(1);
        EXPECT_TRUE(of_server[0].starts_with("notice tls_failed 0: ")) << of_server[0];
        client.reset();
    }
    turn(3);
    EXPECT_EQ(told.size(), 1U);
}

}  // namespace
}  // namespace edgews::test
