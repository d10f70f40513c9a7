// A client's opening where a step goes wrong that no server of the tests could bring about: nothing
// stays behind, and the next try opens.
#include "toy_tls.hpp"
#include "world_fixture.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sim::test {
namespace {

using edgews::test::RawPeer;
using edgews::test::RawServer;
using edgews::test::server_frame;

class ClientOpeningInWorld : public ClientInWorld {
  protected:
    ClientOpeningInWorld() { drop_others(); }

    [[nodiscard]] ClientOptions secure() const {
        ClientOptions options;
        options.tls = tls;
        return options;
    }
    [[nodiscard]] std::string secure_url(std::string_view target = "/") const {
        return server.url(target, "wss");
    }
    // Of ToyTls, on the server's side.
    static void shake_hands(RawPeer& peer) {
        EXPECT_EQ(edgews::test::text_of(peer.read_exactly(ToyTransport::hello.size())),
                  ToyTransport::hello);
        peer.send(ToyTransport::hello);
    }
    void expect_next_try_opens() {
        forget();
        drop_others();
        tls->manner = ToyTls::Manner::usual;
        client->reconnect();
        RawPeer peer = server.accept();
        if (client->url().starts_with("wss")) shake_hands(peer);
        peer.answer("", server_frame(0x81, "hi"));
        expect_notes({"open", "text hi"});
        client.reset();
        forget();
    }
    void drop_others() {
        while (server.has_waiting()) (void)server.accept();
    }

    const RawServer server{loop};
    std::shared_ptr<ToyTls> tls = std::make_shared<ToyTls>();
};

TEST_F(ClientOpeningInWorld, a_transport_that_cannot_begin_is_of_the_stage_tls) {
    const struct {
        ToyTls::Manner manner;
        std::string_view server_says;
        const char* message;
        std::errc code;
    } rows[] = {
        {ToyTls::Manner::without_memory, "", "the connection was closed",
         std::errc::connection_reset},
        {ToyTls::Manner::without_memory, "hello\n", "the connection was closed",
         std::errc::connection_reset},
        {ToyTls::Manner::without_offer, "", "nothing to agree on", std::errc::protocol_error},
        {ToyTls::Manner::without_offer, "hello\n", "nothing to agree on",
         std::errc::protocol_error},
        {ToyTls::Manner::usual, "help\n", "they are rude", std::errc::protocol_error},
        {ToyTls::Manner::usual, std::string_view("hello\n\0", 7), "a broken record",
         std::errc::protocol_error},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.message);
        forget();
        drop_others();
        tls->manner = row.manner;
        connect(secure_url(), secure());
        RawPeer peer = server.accept();
        if (!row.server_says.empty()) peer.send(row.server_says);
        expect_failure(ClientStage::tls, "open " + secure_url() + ": " + row.message);
        EXPECT_EQ(error.error.code, std::make_error_code(row.code));
        EXPECT_EQ(took_ms, 0U);
        peer.expect_end();
        expect_next_try_opens();
    }
}

TEST_F(ClientOpeningInWorld, a_record_that_breaks_while_the_answer_is_waited_for_is_of_tls_too) {
    connect(secure_url(), secure());
    RawPeer peer = server.accept();
    shake_hands(peer);
    (void)peer.read_head();
    peer.send(std::string_view("\0", 1));
    expect_failure(ClientStage::tls, "a broken record");
    expect_next_try_opens();
}

TEST_F(ClientOpeningInWorld, a_server_that_says_nothing_in_tls_is_given_up_in_time) {
    for (const std::uint32_t limit_ms : {1U, 2U, 70U}) {
        for (const bool is_whole : {false, true}) {
            forget();
            ClientOptions options = secure();
            options.open_timeout_ms = is_whole ? limit_ms : 0;
            options.tls_timeout_ms = is_whole ? 0 : limit_ms;
            connect(secure_url(), options);
            expect_failure(ClientStage::tls, is_whole ? "not open in time" : "no answer in time");
            EXPECT_EQ(took_ms, limit_ms);
            expect_next_try_opens();
        }
    }
}

TEST_F(ClientOpeningInWorld, a_step_without_a_limit_does_not_inherit_that_of_the_one_before) {
    ClientOptions options = secure();
    options.proxy = "http://" + server.name();
    options.handshake_timeout_ms = 30;
    options.tls_timeout_ms = 0;
    options.open_timeout_ms = 0;
    connect("wss://a.test/", options);
    RawPeer peer = server.accept();
    (void)peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\n\r\n");
    (void)peer.read_exactly(ToyTransport::hello.size());
    for (int ms = 0; ms < 1'000; ++ms) loop.poll(1);
    EXPECT_EQ(client->ready_state(), ReadyState::connecting);
    peer.send(ToyTransport::hello);
    begin_ms = edgews::test::steady_ms();
    expect_failure(ClientStage::handshake, "no answer in time");
    EXPECT_EQ(took_ms, 30U);
}

// What they wait for is the loop, which does not do all at once, and not their servers.
TEST_F(ClientOpeningInWorld, whoever_stands_in_line_for_a_handshake_is_not_given_up) {
    constexpr std::size_t count = 60;
    const RawServer patient(loop);
    std::vector<std::unique_ptr<Client>> clients;
    std::vector<RawPeer> peers;
    ClientOptions options = secure();
    options.tls_timeout_ms = 100;
    std::size_t open_count = 0;
    for (std::size_t i = 0; i < count; ++i) {
        ClientHandlers handlers = noting();
        handlers.open = [&](Client&) { ++open_count; };
        clients.push_back(
            std::make_unique<Client>(loop, patient.url("/", "wss"), std::move(handlers), options));
        peers.push_back(patient.accept());
        (void)peers.back().read_exactly(ToyTransport::hello.size());
    }
    for (RawPeer& peer : peers) peer.send(ToyTransport::hello);
    world.run_for(101);  // The loop stands still until all are late.
    for (int i = 0; i < 50; ++i) loop.poll(0);
    EXPECT_EQ(notes, Notes{});
    for (RawPeer& peer : peers) peer.answer();
    EXPECT_TRUE(until([&] { return open_count == count; }));
    EXPECT_EQ(notes, Notes{});
}

TEST_F(ClientOpeningInWorld, the_host_of_the_url_has_to_be_proved_without_its_brackets) {
    for (const std::string host : {"127.0.0.1", "a.test", "[::1]"}) {
        forget();
        ClientOptions options = secure();
        options.proxy = "http://" + server.name();
        connect("wss://" + host + "/", options);
        RawPeer peer = server.accept();
        (void)peer.read_head();
        peer.send("HTTP/1.1 200 OK\r\n\r\n");
        shake_hands(peer);
        peer.answer();
        expect_notes({"open"});
        client.reset();
    }
    EXPECT_EQ(tls->hosts, (Notes{"127.0.0.1", "a.test", "::1"}));
}

TEST_F(ClientOpeningInWorld, a_redirection_may_lead_to_where_it_is_safer_but_not_back) {
    const struct {
        const char* from;
        const char* to;
        const char* why_not;  // Null: it is followed.
    } rows[] = {
        {"ws", "ws", nullptr},
        {"ws", "wss", nullptr},
        {"wss", "wss", nullptr},
        {"wss", "ws", "the server refuses: 302 There (not followed: it leads from wss to ws)"},
        {"wss", "http", "the server refuses: 302 There (not followed: it leads from wss to ws)"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(std::string(row.from) + " to " + row.to);
        forget();
        ClientOptions options = secure();
        options.redirect_count_max = 1;
        connect(server.url("/", row.from), options);
        RawPeer first = server.accept();
        if (row.from == std::string_view("wss")) shake_hands(first);
        (void)first.read_head();
        first.send("HTTP/1.1 302 There\r\nContent-Length: 0\r\nLocation: " +
                   server.url("/there", row.to) + "\r\n\r\n");
        if (row.why_not != nullptr) {
            expect_failure(ClientStage::handshake, row.why_not);
            EXPECT_FALSE(server.has_waiting());
            continue;
        }
        RawPeer second = server.accept();
        if (row.to == std::string_view("wss")) shake_hands(second);
        EXPECT_EQ(second.answer().substr(0, 10), "GET /there");
        first.expect_end();
        expect_notes({"open"});
    }
}

TEST_F(ClientOpeningInWorld, what_comes_for_one_does_not_keep_the_loop_from_others) {
    Faults& faults = world.faults();
    faults.send_buffer_least = faults.send_buffer_most = 4 << 20;
    faults.receive_buffer_least = faults.receive_buffer_most = 4 << 20;
    const RawServer roomy(loop);
    connect(roomy.url());
    RawPeer peer = roomy.accept();
    const std::string request = peer.read_head();
    constexpr std::size_t piece_count = 13;
    std::string many;
    while (many.size() < piece_count * Reactor::receive_space_size)
        many += "HTTP/1.1 100 Continue\r\n\r\n";
    peer.send(many.substr(0, piece_count * Reactor::receive_space_size));
    world.run_for(1);
    std::vector<std::uint64_t> counts;
    for (int i = 0; i < 4; ++i) {
        const std::uint64_t before = world.kernel().calls(Call::recv);
        loop.poll(0);
        counts.push_back(world.kernel().calls(Call::recv) - before);
    }
    // What an event tells of is received four times, and so is what was left over, in each turn.
    EXPECT_EQ(counts, (std::vector<std::uint64_t>{4 + 4, 4, 2, 0}));
    peer.send(many.substr(piece_count * Reactor::receive_space_size));
    peer.send(edgews::test::opening_answer(request));
    world.run_for(1);
    // A receive that was short has taken all: one more would be for nothing.
    const std::uint64_t before = world.kernel().calls(Call::recv);
    loop.poll(0);
    EXPECT_EQ(world.kernel().calls(Call::recv) - before, 1U);
    expect_notes({"open"});
}

// A proxy that has not heard all of what it is asked for opens no tunnel.
TEST_F(ClientOpeningInWorld, a_proxy_that_answers_before_it_was_asked_is_not_believed) {
    Faults& faults = world.faults();
    faults.send_buffer_least = faults.send_buffer_most = 4'096;
    faults.receive_buffer_least = faults.receive_buffer_most = 4'096;
    const RawServer proxy(loop);
    ClientOptions options;
    options.proxy = "http://joe:" + std::string(20'000, 'x') + "@" + proxy.name();
    for (const bool has_asked : {false, true}) {
        forget();
        connect("ws://a.test/", options);
        RawPeer peer = proxy.accept();
        if (has_asked) (void)peer.read_head();
        peer.send("HTTP/1.1 200 OK\r\n\r\n");
        if (has_asked) {
            peer.answer();
            expect_notes({"open"});
        } else {
            expect_failure(ClientStage::proxy, "the proxy says more than that the tunnel is open");
            EXPECT_EQ(error.error.code, std::make_error_code(std::errc::protocol_error));
        }
    }
}

TEST_F(ClientOpeningInWorld, only_a_status_from_200_to_299_opens_a_tunnel) {
    for (const unsigned status : {101U, 200U, 299U, 300U, 407U}) {
        forget();
        ClientOptions options;
        options.proxy = "http://" + server.name();
        connect("ws://a.test/", options);
        RawPeer peer = server.accept();
        (void)peer.read_head();
        const std::string line = std::to_string(status) + " It is so";
        peer.send("HTTP/1.1 " + line + "\r\n\r\n");
        if (status >= 200 && status <= 299) {
            peer.answer();
            expect_notes({"open"});
            continue;
        }
        expect_failure(ClientStage::proxy, "open ws://a.test/: the proxy refuses: " + line);
        EXPECT_EQ(error.error.code, std::make_error_code(std::errc::connection_refused));
        EXPECT_EQ(took_ms, status == 101 ? 0U : 100U);  // That one has no body.
    }
}

TEST_F(ClientOpeningInWorld, a_status_is_told_where_it_is_what_is_wrong) {
    const struct {
        const char* answer;
        const char* told;
        unsigned status;
    } rows[] = {
        {"HTTP/1.1 101 Fine\r\n\r\n", "the answer has no Upgrade header", 101},
        {"HTTP/1.1 404 Not Here\r\nContent-Length: 0\r\n\r\n", "the server refuses: 404 Not Here",
         404},
    };
    for (const auto& row : rows) {
        forget();
        connect(server.url());
        RawPeer peer = server.accept();
        (void)peer.read_head();
        peer.send(row.answer);
        expect_failure(ClientStage::handshake, "");
        EXPECT_EQ(error.error.message, "open " + server.url() + ": " + row.told);
        EXPECT_EQ(error.error.code, std::make_error_code(std::errc::connection_refused));
        EXPECT_EQ(error.status, row.status);
    }
}

// It would be open for nobody.
TEST_F(ClientOpeningInWorld, an_answer_with_a_reset_behind_it_does_not_open) {
    connect(server.url());
    RawPeer peer = server.accept();
    peer.answer();
    peer.reset();
    world.run_for(1);
    expect_failure(ClientStage::handshake, "open " + server.url() + ": the connection was closed");
    EXPECT_EQ(error.error.code, std::make_error_code(std::errc::connection_reset));
    expect_next_try_opens();
}

TEST_F(ClientOpeningInWorld, only_some_statuses_lead_elsewhere) {
    for (const unsigned status : {300U, 301U, 302U, 303U, 304U, 305U, 306U, 307U, 308U, 309U}) {
        SCOPED_TRACE(status);
        const bool leads_on = (status >= 301 && status <= 303) || status == 307 || status == 308;
        forget();
        connect(server.url(), {.redirect_count_max = 1});
        RawPeer first = server.accept();
        (void)first.read_head();
        const std::string line = std::to_string(status) + " There";
        first.send("HTTP/1.1 " + line + "\r\nContent-Length: 0\r\nLocation: /there\r\n\r\n");
        if (leads_on) {
            RawPeer second = server.accept();
            EXPECT_EQ(second.answer().substr(0, 10), "GET /there");
            expect_notes({"open"});
        } else {
            expect_failure(ClientStage::handshake, "");
            EXPECT_EQ(error.error.message,
                      "open " + server.url() + ": the server refuses: " + line);
            EXPECT_FALSE(server.has_waiting());
        }
    }
}

// What is before an @ may be a secret, also where the rest of the URL cannot be understood.
TEST_F(ClientOpeningInWorld, an_error_names_the_url_without_its_user) {
    const struct {
        const char* url;
        const char* named;
    } rows[] = {
        {"ws://joe:secret@host:99999/", "ws://host:99999/"},
        {"ws://joe:sec@ret@host:99999/", "ws://host:99999/"},
        {"ws://@host:99999/", "ws://host:99999/"},
        {"ws://host:99999/", "ws://host:99999/"},
        {"ftp://joe@host/", "ftp://host/"},
        {"joe:secret@host", "host"},
        {"@host", "host"},
        {"a@b://host/", "a@b://host/"},
        {"host", "host"},
        {"", ""},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.url);
        forget();
        connect(row.url);
        expect_failure(ClientStage::options, "");
        const std::string begin = "open " + std::string(row.named) + ": the URL";
        EXPECT_EQ(error.error.message.substr(0, begin.size()), begin);
    }
}

TEST_F(ClientOpeningInWorld, an_error_names_the_url_as_it_is_understood) {
    const std::string port = std::to_string(server.port());
    for (const char* before :
         {"ws://joe:secret@127.0.0.1:", "WS://127.0.0.1:", "http://127.0.0.1:"}) {
        const std::string url = before + port;
        forget();
        connect(url);
        server.accept().close();
        expect_failure(ClientStage::handshake, "");
        EXPECT_EQ(error.error.message,
                  "open ws://127.0.0.1:" + port + "/: the connection was closed");
    }
}

// Any of them will do.
TEST_F(ClientOpeningInWorld, who_takes_messages_in_parts_may_leave_some_of_them) {
    for (const std::string which : {"begin", "chunk", "end"}) {
        forget();
        ClientHandlers handlers = noting();
        if (which == "begin") handlers.message_begin = [&](Client& c, auto) { note(c, which); };
        if (which == "chunk") handlers.message_chunk = [&](Client& c, auto) { note(c, which); };
        if (which == "end") handlers.message_end = [&](Client& c) { note(c, which); };
        RawPeer peer = open(server, {}, handlers);
        peer.send(server_frame(0x81, "one"));
        expect_notes({"open", which});
    }
}

// ---- What the system refuses -----------------------------------------------

TEST_F(ClientOpeningInWorld, what_the_system_refuses_is_told_and_the_next_try_opens) {
    Kernel& kernel = world.kernel();
    const struct {
        Call call;
        int error;
        const char* messages[3];  // One for each time; the last may be there for all further ones.
    } rows[] = {
        {Call::socket, EMFILE, {"connect to %: Too many open files", nullptr}},
        {Call::connect, ENETUNREACH, {"connect to %: Network is unreachable", nullptr}},
        {Call::epoll_ctl,
         ENOSPC,
         {"connect to %: No space left on device", nullptr,
          "the system refuses to watch the socket"}},
    };
    for (const auto& row : rows) {
        for (std::uint64_t i = 0; i < std::size(row.messages); ++i) {
            SCOPED_TRACE(std::string(name_of(row.call)) + " " + std::to_string(i));
            forget();
            drop_others();
            kernel.plan(
                {.call = row.call, .index = kernel.calls(row.call) + i, .error = row.error});
            connect(server.url());
            const char* const message = row.messages[i];
            if (message == nullptr) {
                RawPeer peer = server.accept_opened();
                expect_notes({"open"});
                kernel.plan({});
                client.reset();
                continue;
            }
            std::string text = message;
            if (const auto at = text.find('%'); at != std::string::npos) {
                text.replace(at, 1, server.name());
            }
            expect_failure(ClientStage::connect, "open " + server.url() + ": " + text);
            EXPECT_EQ(error.error.code.value(), row.error);
            expect_next_try_opens();
        }
    }
}

}  // namespace
}  // namespace edgews::sim::test
