// Compression on a client's connections (RFC 7692): what is offered, agreed on, sent and restored.
#include "tests/support/client_fixture.hpp"

#include <edgews/deflate.hpp>
#include "net/connection/connections_on_loop.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "codecs.hpp"
#include "counting.hpp"
#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

// Counts how often a loop asks for what its connections share.
class OnceALoop final : public Compression {
  public:
    DeflateParameters terms() const noexcept override { return inner_->terms(); }
    std::size_t message_size_min() const noexcept override { return inner_->message_size_min(); }
    std::unique_ptr<LoopCompression> open() const override {
        ++open_count;
        return inner_->open();
    }
    mutable int open_count = 0;

  private:
    std::shared_ptr<const Compression> inner_ = edgews::deflate();
};

class DeflateClientTest : public ClientFixture {
  protected:
    static constexpr std::string_view answer_line =
        "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
        "client_no_context_takeover\r\n";
    static edgews::ClientOptions with(std::shared_ptr<const Compression> compression) {
        return {.compression = std::move(compression), .backlog_size_max = std::size_t{64} << 20};
    }
};

TEST_F(DeflateClientTest, messages_of_every_size_come_back_as_they_were) {
    for (const DeflateMemory memory : {DeflateMemory::shared, DeflateMemory::dedicated}) {
        const DeflateOptions options{.memory = memory, .level = 1};
        TestServer server;
        server->ws("/", {.message = [](Connection& c, Message m) { c.send(m, Compress::always); }},
                   {.message_size_max = std::size_t{16} << 20,
                    .backlog_size_max = std::size_t{64} << 20,
                    .compression = edgews::deflate(options)});
        server.start();
        std::vector<std::string> sent;
        for (const std::size_t size : {0U, 1U, 126U, 5000U, 65536U, 1U << 20U, 5U << 20U}) {
            sent.push_back(text_of_size(size));
        }
        std::vector<bool> are_same;
        ClientHandlers handlers;
        handlers.message = [&](Client&, Message m) {
            are_same.push_back(m.text() == sent[are_same.size() / 2]);
        };
        handlers.open = [&](Client& c) {
            for (const std::string& each : sent) {
                c.send(each, Compress::always);
                c.send(each, Compress::never);
            }
        };
        connect("ws://127.0.0.1:" + std::to_string(server.port()) + "/",
                with(edgews::deflate(options)), handlers);
        ASSERT_TRUE(until([&] { return are_same.size() == 2 * sent.size(); }));
        EXPECT_EQ(are_same, std::vector<bool>(2 * sent.size(), true));
        EXPECT_EQ(client->extensions().substr(0, 18), "permessage-deflate");
        client.reset();
    }
}

TEST_F(DeflateClientTest, compressed_frames_are_masked_and_marked) {
    const RawServer server(loop);
    const auto compression = edgews::deflate();
    connect(server.url(), with(compression));
    RawPeer peer = server.accept();
    const std::string request = peer.answer(answer_line);
    EXPECT_EQ(header_of(request, "Sec-WebSocket-Extensions").substr(0, 18), "permessage-deflate");
    await_notes(1);
    CodecPair ends(compression->terms());
    for (const std::size_t size : {200U, 5000U, 300'000U}) {
        const std::string text = text_of_size(size);
        client->send(text);
        const MaskedFrame frame = peer.read_frame();
        EXPECT_EQ(frame.first_byte, 0xC1U);
        EXPECT_TRUE(frame.is_masked);
        EXPECT_LT(frame.payload.size(), size);
        EXPECT_TRUE(restore(ends.server(), frame.payload, 65536).text == text);
        forget();
        peer.send(server_frame(0xC1, compress(ends.server(), text)));
        await_notes(1);
        EXPECT_TRUE(notes[0] == "text " + text);
    }
    client->send("short");
    EXPECT_EQ(peer.read_frame().first_byte, 0x81U);
    client->send(PreparedMessage(text_of_size(5000)));
    EXPECT_EQ(peer.read_frame().payload.size(), 5000U);
}

TEST_F(DeflateClientTest, a_server_need_not_agree) {
    const RawServer server(loop);
    connect(server.url(), with(edgews::deflate()));
    RawPeer peer = server.accept_opened();
    await_notes(1);
    EXPECT_EQ(client->extensions(), "");
    client->send(text_of_size(5000), Compress::always);
    EXPECT_EQ(peer.read_frame().first_byte, 0x81U);
    peer.send(server_frame(0xC1, "x"));
    EXPECT_EQ(peer.read_frame().describe().substr(0, 7), "88 1002");
}

TEST_F(DeflateClientTest, what_cannot_be_restored_fails_the_connection) {
    const RawServer server(loop);
    edgews::ClientOptions options = with(edgews::deflate());
    options.message_size_max = 100'000;
    CodecPair ends(options.compression->terms());
    const struct {
        Bytes frame;
        const char* answer;
    } rows[] = {
        {server_frame(0xC1, "\xFF\xFF\xFF\xFF"), "88 1007"},
        {server_frame(0xC2, compress(ends.server(), std::string(200'000, 'x'))), "88 1009"},
    };
    for (const auto& row : rows) {
        forget();
        connect(server.url(), options);
        RawPeer peer = server.accept_opened(answer_line);
        await_notes(1);
        peer.send(row.frame);
        EXPECT_EQ(peer.read_frame().describe().substr(0, 7), row.answer);
        expect_notes({"open", "error open", "close 1006  unclean"});
    }
}

TEST_F(DeflateClientTest, an_answer_that_was_not_offered_fails_the_handshake) {
    const RawServer server(loop);
    for (const char* value : {"permessage-deflate, permessage-deflate", "x-other",
                              "permessage-deflate; client_max_window_bits=99",
                              "permessage-deflate; no_such_parameter"}) {
        SCOPED_TRACE(value);
        forget();
        connect(server.url(), with(edgews::deflate()));
        RawPeer peer =
            server.accept_opened("Sec-WebSocket-Extensions: " + std::string(value) + "\r\n");
        expect_failure(ClientStage::handshake, "");
        EXPECT_EQ(error.status, 101U);
    }
}

TEST_F(DeflateClientTest, clients_of_one_loop_share_what_compresses) {
    const RawServer server(loop);
    const auto compression = std::make_shared<OnceALoop>();
    for (int round = 1; round <= 2; ++round) {
        std::optional<Client> clients[3];
        std::vector<RawPeer> peers;
        int open_count = 0;
        for (auto& each : clients) {
            each.emplace(loop, server.url(),
                         ClientHandlers{.open =
                                            [&](Client& c) {
                                                ++open_count;
                                                c.send(text_of_size(5000));
                                            }},
                         with(compression));
            peers.push_back(server.accept_opened(answer_line));
            EXPECT_EQ(peers.back().read_frame().first_byte, 0xC1U);
        }
        EXPECT_EQ(open_count, 3);
        EXPECT_EQ(compression->open_count, round);
        for (auto& each : clients) each.reset();
        peers.clear();
        // When the last one has gone, it is gone.
        ASSERT_TRUE(until([&] { return compression.use_count() == 1; }));
    }
}

TEST_F(DeflateClientTest, compressions_that_are_gone_are_forgotten) {
    for (int i = 0; i < 100; ++i) {
        client.emplace(loop, "bad", ClientHandlers{}, with(edgews::deflate()));
    }
    EXPECT_LE(ConnectionsOnLoop::of_clients(reactor).compressions.size(), 2U);
}

}  // namespace
}  // namespace edgews::test
