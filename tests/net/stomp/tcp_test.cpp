// STOMP over TCP: TLS, limits, and how a connection ends.
#include <edgews/tls.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>

#include <future>
#include <string>
#include <utility>

#include "stomp_server.hpp"
#include "tests/tls/certificates.hpp"
#include "tests/tls/openssl_client.hpp"

namespace edgews::test {
namespace {

// The server's first port is that of STOMP.
struct TcpServer {
    explicit TcpServer(StompOptions options = {}, ServerOptions server_options = {},
                       ListenOptions listen_options = {})
        : broker(std::move(options)), server(std::move(server_options)) {
        listen_options.host = "127.0.0.1";
        const Error error = broker.listen(*server.operator->(), std::move(listen_options));
        EXPECT_FALSE(error) << error.message;
        server->start();
    }
    StompPeer open(ClientOptions options = {}) { return {server.connect(options), Over::tcp}; }
    StompBroker broker;
    TestServer server;
};

TEST(StompOverTcp, a_proxy_header_is_not_understood_and_refused_at_once) {
    TestServer server;
    StompBroker broker;
    const Error error =
        broker.listen(*server.operator->(), {.host = "127.0.0.1", .proxy_protocol = true});
    EXPECT_EQ(error.code, std::errc::invalid_argument);
    EXPECT_NE(error.message.find("proxy_protocol"), std::string::npos);
}

TEST(StompOverTcp, tls_is_spoken_where_it_is_asked_for) {
    auto made = Tls::make({.identities = {identity_of("one.example")}});
    ASSERT_FALSE(made.error) << made.error.message;
    TcpServer server({}, {}, {.tls = made.value});
    TestClient socket = server.server.connect();
    OpensslClient tls;
    std::string heard;
    const auto exchange = [&] {
        socket.send(tls.take_output());
        tls.put_input(socket.receive_some());
    };
    while (SSL_do_handshake(tls.get()) != 1) exchange();
    const auto say = [&](std::string_view frame) {
        ASSERT_EQ(SSL_write(tls.get(), frame.data(), static_cast<int>(frame.size())),
                  static_cast<int>(frame.size()));
        socket.send(tls.take_output());
    };
    const auto hear = [&](std::string_view text) {
        for (heard += tls.read(); heard.find(text) == std::string::npos; heard += tls.read()) {
            const Bytes more = socket.receive_some();
            ASSERT_FALSE(more.empty()) << heard;
            tls.put_input(more);
        }
    };
    say("CONNECT\naccept-version:1.2\nhost:x\n\n" + std::string(1, '\0'));
    hear("CONNECTED\n");
    const std::string body(300'000, 'x');
    say("SUBSCRIBE\nid:1\ndestination:/queue/a\n\n" + std::string(1, '\0'));
    say("SEND\ndestination:/queue/a\n\n" + body + '\0');
    hear(body + '\0');
    say("DISCONNECT\nreceipt:bye\n\n" + std::string(1, '\0'));
    hear("receipt-id:bye\n");
    while (!socket.receive_some().empty()) {
    }
}

TEST(StompOverTcp, the_one_too_many_is_closed_and_the_others_live_on) {
    TcpServer server({}, {.connections_max = 2});
    StompPeer first = server.open();
    StompPeer second = server.open();
    first.connect();
    second.connect();
    for (int i = 0; i < 3; ++i) {
        StompPeer late = server.open();
        EXPECT_TRUE(late.hear("ERROR").has("message:There are too many connections."));
        late.client().expect_eof();
    }
    first.await_all();
    second.say("DISCONNECT\n\n");
    second.expect_end(0);
    server.server.wait_for(Counter::connections_open, 1);
    server.open().connect();
}

// In STOMP, not in HTTP.
TEST(StompOverTcp, without_descriptors_a_client_is_told_so) {
    TcpServer server;
    StompPeer first = server.open();
    first.connect();
    TestClient socket = TestClient::unconnected();
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    {
        const Fd lowest_free(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        rlimit few = before;
        few.rlim_cur = static_cast<rlim_t>(lowest_free.get());
        ::setrlimit(RLIMIT_NOFILE, &few);
    }
    socket.connect(server.server.port());
    StompPeer late(std::move(socket), Over::tcp);
    EXPECT_TRUE(late.hear("ERROR").has("message:There are too many connections."));
    ::setrlimit(RLIMIT_NOFILE, &before);
    first.await_all();
}

TEST(StompOverTcp, the_one_too_many_of_an_address_is_closed) {
    TcpServer server({}, {.connections_per_address_max = 1});
    StompPeer first = server.open();
    first.connect();
    server.open().client().expect_end();
    first.await_all();
}

TEST(StompOverTcp, what_comes_before_the_end_of_input_is_done_and_answered) {
    TcpServer server;
    StompPeer joe = server.open();
    joe.connect();
    for (int i = 0; i < 100; ++i) {
        joe.send("/queue/a", std::to_string(i), "receipt:" + std::to_string(i) + "\n");
    }
    joe.client().half_close();
    for (int i = 0; i < 100; ++i) {
        EXPECT_TRUE(joe.hear("RECEIPT").has("receipt-id:" + std::to_string(i)));
    }
    joe.expect_end(0);
    StompPeer jim = server.open();
    jim.connect().subscribe("/queue/a");
    for (int i = 0; i < 100; ++i) EXPECT_EQ(jim.hear("MESSAGE").body, std::to_string(i));
}

// As a client that is killed with something unread leaves it.
TEST(StompOverTcp, what_comes_before_a_reset_is_done) {
    TcpServer server;
    StompPeer jim = server.open();
    jim.connect().subscribe("/queue/a");
    StompPeer joe = server.open();
    joe.connect();
    server.server.on_loop([&] {  // Which finds both at once, what was sent and the reset.
        std::string frames;
        for (int i = 0; i < 100; ++i) {
            frames += "SEND\ndestination:/queue/a\n\n" + std::to_string(i) + '\0';
        }
        joe.client().send(frames);
        joe.client().reset();
    });
    for (int i = 0; i < 100; ++i) EXPECT_EQ(jim.hear("MESSAGE").body, std::to_string(i));
    server.server.wait_for(Counter::connections_open, 1);
}

TEST(StompOverTcp, error_is_read_by_one_who_goes_on_sending) {
    TcpServer server({.session = {.frame = {.body_size_max = 1000}}});
    StompPeer joe = server.open({.send_buffer = 65'536});
    joe.connect();
    joe.send("/queue/a", std::string(8 * 1024 * 1024, 'x'));
    joe.expect_error("body is larger", 0);
}

// What one turn brings may be more than may wait, and need not wait.
TEST(StompOverTcp, one_who_reads_its_receipts_may_ask_for_many_at_once) {
    StompServer server({.session = {.frame = {.body_size_max = 1000}}, .output_size_max = 10'000});
    StompPeer joe = server.connect(Over::tcp);
    std::promise<void> is_sent;
    (*server.server)->loop(0).post([sent = is_sent.get_future()] { sent.wait(); });
    const std::string receipt(900, 'r');
    std::string frames;
    for (int i = 0; i < 110; ++i) {
        frames += "SEND\ndestination:/topic/a\nreceipt:" + receipt + "\n\n" + '\0';
    }
    joe.client().send(frames);
    is_sent.set_value();
    for (int i = 0; i < 110; ++i) EXPECT_TRUE(joe.hear("RECEIPT").has("receipt-id:" + receipt));
}

// Its RECEIPTs wait for it, but not without end.
TEST(StompOverTcp, one_who_asks_for_receipts_and_reads_none_is_dropped) {
    TcpServer server({.session = {.frame = {.body_size_max = 1000}}, .output_size_max = 100'000});
    StompPeer joe = server.open({.receive_buffer = 4096});
    joe.connect();
    const std::string receipt(900, 'r');
    const Bytes frame =
        bytes_of("SEND\ndestination:/topic/a\nreceipt:" + receipt + "\n\n" + std::string(1, '\0'));
    std::size_t sent = 0;
    try {
        while (sent < 64U * 1024 * 1024) {
            joe.client().send(frame);
            sent += frame.size();
        }
        ADD_FAILURE() << "it was never dropped";
    } catch (const std::runtime_error&) {
        // As it has to be.
    }
    server.server.wait_for(Counter::connections_open, 0);
}

}  // namespace
}  // namespace edgews::test
