// A PROXY header in front of TLS, as from a proxy that forwards connections and does not decrypt.
#include <edgews/tls.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "certificates.hpp"
#include "openssl_client.hpp"
#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

const std::string line = "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n";

// Headers of version 2: for TCP over IPv4 from 192.0.2.7:56324, and of a health check.
Bytes binary_header() {
    return from_hex("0D0A0D0A 000D0A51 5549540A 21 11 000C C0000207 C6336401 DC04 01BB");
}
Bytes local_header() {
    return from_hex("0D0A0D0A 000D0A51 5549540A 20 00 0000");
}
// As large as one may be: the rest is a field that means nothing (PP2_TYPE_NOOP).
Bytes large_header() {
    constexpr std::size_t size = 16 * 1024;
    Bytes header = from_hex("0D0A0D0A 000D0A51 5549540A 21 11 3FF0 C0000207 C6336401 DC04 01BB") +
                   from_hex("04 3FE1");
    header.resize(size);
    return header;
}

// A client of a server, from its ClientHello on.
class Secured {
  public:
    explicit Secured(TestClient socket, const OpensslSetup& setup = {})
        : socket_(std::move(socket)), tls_(setup) {
        SSL_do_handshake(tls_.get());
        hello_ = tls_.take_output();
    }
    [[nodiscard]] const Bytes& hello() const { return hello_; }
    [[nodiscard]] TestClient& socket() { return socket_; }

    void send(std::span<const std::byte> bytes) { socket_.send(bytes); }
    // After the hello was sent.
    void shake_hands() {
        while (SSL_do_handshake(tls_.get()) != 1) {
            socket_.send(tls_.take_output());
            receive();
        }
    }
    void open(std::span<const std::byte> header) {
        send(Bytes(header.begin(), header.end()) + hello_);
        shake_hands();
    }
    // Sends a request, and returns what answers it up to and with `end`.
    std::string ask(const std::string& request, std::string_view end) {
        tls_.write(request);
        socket_.send(tls_.take_output());
        std::string answer;
        while (!answer.ends_with(end)) {
            receive();
            answer += tls_.read();
        }
        return answer;
    }
    // The handshake is done, and the server takes it for this client.
    void expect_taken_for(std::string_view address) {
        const std::string body = "<" + std::string(address) + ">";
        EXPECT_TRUE(ask(TestClient::get_head("/whoami"), ">").ends_with(body)) << body;
    }

  private:
    void receive() {
        const Bytes bytes = socket_.receive_some();
        if (bytes.empty()) throw std::runtime_error("the server ended the connection");
        tls_.put_input(bytes);
    }

    TestClient socket_;
    OpensslClient tls_;
    Bytes hello_;
};

class TlsProxyTest : public testing::Test {
  protected:
    void start(ServerOptions options = {}) {
        if (options.trusted_proxies.empty()) options.trusted_proxies = {"127.0.0.1"};
        auto made = Tls::make({.identities = {identity_of("one.example")},
                               .on_failure = [this](std::string_view, const Address& peer) {
                                   failures_.add(peer.ip());
                               }});
        ASSERT_FALSE(made.error) << made.error.message;
        server_ = std::make_unique<TestServer>(std::move(options));
        (*server_)->get("/whoami", [](const Request& request, Response& response) {
            response.body = "<" + request.remote_address().ip() + ">";
        });
        (*server_)->ws(
            "/", {.open = [](Connection& c) { c.send("<" + c.remote_address().ip() + ">"); }});
        server_->start({.host = "127.0.0.1", .tls = std::move(made.value), .proxy_protocol = true});
    }
    [[nodiscard]] TestServer& server() { return *server_; }
    [[nodiscard]] Secured connect(const OpensslSetup& setup = {}) {
        return Secured(server_->connect(), setup);
    }
    // Whom each failure was told of. Declared first: the server may add to them to its end.
    Notes failures_;

  private:
    std::unique_ptr<TestServer> server_;
};

TEST_F(TlsProxyTest, a_header_before_the_handshake_names_the_client) {
    start();
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        for (const Bytes& header : {bytes_of(line), binary_header(), large_header()}) {
            Secured client = connect({.version_max = version});
            client.open(header);
            client.expect_taken_for("192.0.2.7");
            EXPECT_TRUE(client.ask(TestClient::upgrade_head(), ">").ends_with("<192.0.2.7>"));
        }
    }
    Secured check = connect();
    check.open(local_header());
    check.expect_taken_for("127.0.0.1");
    EXPECT_TRUE(failures_.all().empty());
}

// Every client says another hello, of the same size.
TEST_F(TlsProxyTest, header_and_handshake_may_be_cut_anywhere) {
    start();
    for (const Bytes& header : {bytes_of(line), binary_header()}) {
        for_each_split(header + connect().hello(), [&](const Pieces& pieces) {
            Secured client = connect();
            const Bytes whole = header + client.hello();
            std::span<const std::byte> rest = whole;
            for (const ExactBlock& piece : pieces) {
                client.send(rest.first(piece.bytes().size()));
                rest = rest.subspan(piece.bytes().size());
                server().on_loop([] {});
            }
            ASSERT_TRUE(rest.empty());
            client.shake_hands();
            client.expect_taken_for("192.0.2.7");
        });
    }
}

TEST_F(TlsProxyTest, more_may_come_at_once_than_shake_hands_in_one_turn) {
    start();
    std::deque<Secured> clients;
    for (int i = 0; i < 40; ++i) clients.emplace_back(server().connect());
    server().on_loop([&] {
        for (Secured& client : clients) client.send(binary_header() + client.hello());
    });
    for (Secured& client : clients) {
        client.shake_hands();
        client.expect_taken_for("192.0.2.7");
    }
}

TEST_F(TlsProxyTest, who_sends_no_header_is_closed_before_any_handshake) {
    start();
    Secured client = connect();
    client.send(client.hello());
    client.socket().expect_eof();
    EXPECT_EQ(server()->stats()[Counter::connections_refused], 1U);
    EXPECT_TRUE(failures_.all().empty());
}

TEST_F(TlsProxyTest, with_those_who_are_not_trusted_tls_begins_at_once) {
    start({.trusted_proxies = {"10.0.0.0/8"}});
    Secured client = connect();
    client.open({});
    client.expect_taken_for("127.0.0.1");
    Secured spoofer = connect();
    spoofer.send(binary_header() + spoofer.hello());
    spoofer.socket().expect_end();
    EXPECT_EQ(failures_.all(), List{"127.0.0.1"});
}

TEST_F(TlsProxyTest, for_the_one_too_many_no_handshake_begins) {
    start({.connections_per_address_max = 1});
    Secured first = connect();
    first.open(binary_header());
    Secured second = connect();
    second.send(binary_header() + second.hello());
    second.socket().expect_eof();
    first.expect_taken_for("192.0.2.7");

    start({.connections_max = 1, .trusted_proxies = {"10.0.0.0/8"}});
    Secured only = connect();
    only.open({});
    server().connect().expect_eof();
    only.expect_taken_for("127.0.0.1");
    EXPECT_EQ(server()->stats()[Counter::connections_refused], 1U);
    EXPECT_TRUE(failures_.all().empty());
}

TEST_F(TlsProxyTest, a_failure_is_told_of_the_client_and_not_of_the_proxy) {
    start();
    for (const Bytes& header : {binary_header(), local_header()}) {
        TestClient broken = server().connect();
        broken.send(header + bytes_of("no handshake at all, just some bytes"));
        broken.expect_end();
    }
    EXPECT_EQ(failures_.all(), (List{"192.0.2.7", "127.0.0.1"}));
}

TEST_F(TlsProxyTest, a_header_alone_buys_no_time) {
    start({.handshake_timeout_ms = 50});
    Secured client = connect();
    client.send(binary_header());
    client.socket().expect_eof();
    EXPECT_EQ(server()->stats()[Counter::connections_refused], 0U);
}

TEST_F(TlsProxyTest, who_ends_behind_the_header_or_within_is_no_trouble) {
    start({.handshake_timeout_ms = 60'000});  // More than the client waits.
    for (const std::size_t size : {std::size_t{0}, std::size_t{20}, line.size()}) {
        TestClient client = server().connect();
        server().on_loop([&] {  // So that it sees both at once.
            client.send(line.substr(0, size));
            client.half_close();
        });
        client.expect_eof();
    }
    server().wait_for(Counter::connections_open, 0);
    EXPECT_EQ(server()->stats()[Counter::connections_refused], 0U);
    EXPECT_TRUE(failures_.all().empty());
}

}  // namespace
}  // namespace edgews::test
