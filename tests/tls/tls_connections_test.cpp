// Clients of wss: whom they believe, and what becomes of connections that are cut.
#include "tests/support/client_fixture.hpp"

#include <edgews/tls.hpp>

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "certificates.hpp"
#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

constexpr std::string_view host = "one.example";

class WssTest : public ClientFixture {
  protected:
    void serve(TlsOptions options = {}) {
        if (options.identities.empty()) options.identities = {identity_of(std::string(host))};
        auto made = Tls::make(options);
        ASSERT_FALSE(made.error) << made.error.message;
        server_.emplace();
        (*server_)->ws(
            "/",
            {.upgrade = [this](const Request& r, Upgrade&) { is_resumed_ = r.tls()->is_resumed; },
             .message = [](Connection& c, Message m) { c.send(m); }},
            {.message_size_max = std::size_t{16} << 20, .backlog_size_max = std::size_t{16} << 20});
        (*server_)->ws("/plain", {.upgrade = [](const Request&, Upgrade& upgrade) {
                           EXPECT_EQ(upgrade.add_header("Location", "ws://one.example/"),
                                     HeaderFault::none);
                           upgrade.reject(302);
                       }});
        server_->start({.host = "127.0.0.1", .tls = made.value});
    }
    void TearDown() override {
        client.reset();
        server_.reset();
        ClientFixture::TearDown();
    }
    // Of whom it trusts; every name is found on this machine.
    [[nodiscard]] edgews::ClientOptions options(TlsClientOptions tls = {}) {
        if (tls.authorities.empty()) {
            tls.authorities = identity_of(std::string(host)).certificate_chain;
        }
        auto made = TlsClient::make(tls);
        EXPECT_FALSE(made.error) << made.error.message;
        return {.tls = made.value, .lookup = [](const std::string&, std::uint16_t port) {
                    return Resolved{.value = {socket_address("127.0.0.1", port)}};
                }};
    }
    [[nodiscard]] static std::string url(std::uint16_t port, std::string_view name = host) {
        return "wss://" + std::string(name) + ':' + std::to_string(port) + "/";
    }
    [[nodiscard]] std::string url(std::string_view name = host) const {
        return url(server_->port(), name);
    }
    // Carries bytes both ways until `is_so`.
    bool relay_until(RawPeer& peer, const Fd& upstream, const std::function<bool()>& is_so) {
        return until([&] {
            const Bytes out = peer.take_input();
            if (!out.empty()) ::send(upstream.get(), out.data(), out.size(), MSG_NOSIGNAL);
            std::array<std::byte, 65536> space;
            const ssize_t count = ::recv(upstream.get(), space.data(), space.size(), MSG_DONTWAIT);
            if (count > 0) peer.send(std::span(space).first(static_cast<std::size_t>(count)));
            return is_so();
        });
    }
    [[nodiscard]] Fd connect_upstream() const {
        const SocketAddress to = socket_address("127.0.0.1", server_->port());
        Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::connect(fd.get(), to.get(), to.size), 0);
        return fd;
    }

    std::optional<TestServer> server_;
    std::atomic<bool> is_resumed_ = false;
};

TEST_F(WssTest, messages_go_both_ways) {
    serve();
    ClientHandlers handlers = noting();
    handlers.drain = {};
    connect(url(), options(), handlers);
    await_notes(1);
    const std::string large(3 << 20, 'x');
    client->send("small");
    client->send(large);
    await_notes(3);
    EXPECT_EQ(notes[1], "text small");
    EXPECT_TRUE(notes[2] == "text " + large);
    client->close(4000);
    expect_notes({"open", "text small", notes[2], "close 4000  clean"});
}

TEST_F(WssTest, whoever_cannot_prove_its_name_is_of_the_stage_tls) {
    serve();
    connect(url("two.example"), options());
    expect_failure(ClientStage::tls, "certificate verify failed: hostname mismatch");
    forget();
    connect(url("127.0.0.1"), options());
    expect_failure(ClientStage::tls, "certificate verify failed: IP address mismatch");
    forget();
    connect(url(), options({.authorities = identity_of("two.example").certificate_chain}));
    expect_failure(ClientStage::tls, "certificate verify failed: self-signed certificate");
    const TlsIdentity old = make_identity(std::string(host), "DNS", -3600);
    forget();
    serve({.identities = {old}});
    connect(url(), options({.authorities = old.certificate_chain}));
    expect_failure(ClientStage::tls, "certificate verify failed: certificate has expired");
}

TEST_F(WssTest, no_redirection_leads_to_where_anybody_may_listen) {
    serve();
    edgews::ClientOptions twice = options();
    twice.redirect_count_max = 2;
    connect(url() + "plain", std::move(twice));
    expect_failure(ClientStage::handshake, "302 Found (not followed: it leads from wss to ws)");
}

TEST_F(WssTest, a_certificate_of_the_clients_is_shown_where_it_is_asked_for) {
    const TlsIdentity own = make_identity("client.example");
    serve({.client_certificates = ClientCertificates::required,
           .client_authorities = own.certificate_chain});
    connect(url(), options({.identity = own}));
    expect_notes({"open"});
    forget();
    connect(url(), options());
    expect_failure(ClientStage::tls, "certificate required");
}

TEST_F(WssTest, a_server_that_speaks_plainly_is_of_the_stage_tls) {
    const RawServer server(loop);
    connect(url(server.port()), options());
    RawPeer peer = server.accept();
    peer.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    expect_failure(ClientStage::tls, "wrong version number");
    peer.expect_end();
}

TEST_F(WssTest, a_server_that_ends_or_stalls_in_the_tls_handshake_is_of_the_stage_tls) {
    const RawServer server(loop);
    for (const bool is_reset : {false, true}) {
        forget();
        connect(url(server.port()), options());
        RawPeer peer = server.accept();
        (void)peer.read_exactly(5);
        is_reset ? peer.reset() : peer.close();
        expect_failure(ClientStage::tls, "the connection was closed");
    }
    forget();
    edgews::ClientOptions slow = options();
    slow.tls_timeout_ms = 50;
    connect(url(server.port()), slow);
    RawPeer peer = server.accept();
    expect_failure(ClientStage::tls, "no answer in time");
    EXPECT_GE(took_ms, 50U);
    peer.expect_end();
}

TEST_F(WssTest, a_plain_client_of_a_tls_server_is_refused) {
    serve();
    connect("ws://127.0.0.1:" + std::to_string(server_->port()) + "/");
    expect_failure(ClientStage::handshake, "");
}

TEST_F(WssTest, through_a_proxy_tls_begins_in_the_tunnel) {
    serve();
    const RawServer proxy(loop);
    edgews::ClientOptions through = options();
    through.proxy = "http://" + proxy.name();
    connect(url(), through);
    RawPeer peer = proxy.accept();
    EXPECT_EQ(peer.read_head().substr(0, 20), "CONNECT one.example:");
    const Fd upstream = connect_upstream();
    peer.send("HTTP/1.1 200 OK\r\n\r\n");
    ASSERT_TRUE(relay_until(peer, upstream, [&] { return !notes.empty(); }));
    client->send("hello");
    ASSERT_TRUE(relay_until(peer, upstream, [&] { return notes.size() == 2; }));
    EXPECT_EQ(notes, (Notes{"open", "text hello"}));
}

TEST_F(WssTest, a_step_without_a_limit_does_not_inherit_that_of_the_one_before) {
    const RawServer proxy(loop);
    edgews::ClientOptions through = options();
    through.proxy = "http://" + proxy.name();
    through.handshake_timeout_ms = 30;
    through.tls_timeout_ms = 0;
    connect(url(1), through);
    RawPeer peer = proxy.accept();
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\n\r\n");
    (void)peer.read_exactly(5);
    for (const std::uint64_t start_ms = steady_ms(); steady_ms() < start_ms + 60;) loop.poll(1);
    EXPECT_EQ(client->ready_state(), ReadyState::connecting);
}

TEST_F(WssTest, a_connection_that_somebody_cuts_is_lost) {
    serve();
    const RawServer relay(loop);
    for (const bool is_reset : {false, true}) {
        forget();
        connect(url(relay.port()), options());
        RawPeer peer = relay.accept();
        const Fd upstream = connect_upstream();
        ASSERT_TRUE(relay_until(peer, upstream, [&] { return !notes.empty(); }));
        is_reset ? peer.reset() : peer.close();
        expect_notes({"open", "error open", "close 1006  unclean"});
    }
}

TEST_F(WssTest, a_session_is_resumed_when_it_connects_again) {
    serve();
    connect(url(), options());
    await_notes(1);
    EXPECT_FALSE(is_resumed_);
    client->send("hello");  // Its echo has the tickets before it.
    await_notes(2);
    client->close();
    await_notes(3);
    client->reconnect();
    await_notes(4);
    EXPECT_TRUE(is_resumed_);
}

TEST_F(WssTest, it_may_be_destroyed_in_every_phase) {
    serve();
    const RawServer stalling(loop);
    connect(url(stalling.port()), options());
    RawPeer peer = stalling.accept();
    (void)peer.read_exactly(5);
    client.reset();
    peer.expect_end();
    for (int turns = 0; turns < 30; ++turns) {
        connect(url(), options());
        for (int i = 0; i < turns; ++i) loop.poll(1);
        forget();
        client.reset();
    }
    EXPECT_TRUE(notes.empty());
}

}  // namespace
}  // namespace edgews::test
