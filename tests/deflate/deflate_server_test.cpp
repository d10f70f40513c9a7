// Compression on connections (RFC 7692, section 6): what is negotiated, refused, delivered, sent.
#include <edgews/deflate.hpp>
#include "net/stream/streams_on_loop.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codecs.hpp"
#include "counting.hpp"
#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

class DeflateServerTest : public testing::Test {
  protected:
    void start(Handlers handlers, const DeflateOptions& deflate_options = {},
               RouteOptions options = {}) {
        compression_ = std::make_shared<CountingCompression>(deflate_options);
        options.compression = compression_;
        const DeflateParameters terms = compression_->terms();
        server_->ws("/", std::move(handlers), std::move(options));
        server_.start();
        client_.emplace(server_.open("/", offer));
        ends_.emplace(terms);
    }
    void start_echo(const DeflateOptions& deflate_options = {}, RouteOptions options = {}) {
        start({.message = [](Connection& c, Message m) { c.send(m); }}, deflate_options,
              std::move(options));
    }
    TestClient& client() { return *client_; }
    MessageCodec& codec() { return ends_->client(); }

    void send_compressed(std::string_view text, unsigned first_byte = 0xC1) {
        client().send(client_frame(first_byte, compress(codec(), text)));
    }
    void expect_compressed(std::string_view text, unsigned first_byte = 0xC1) {
        const ReceivedFrame frame = client().read_frame();
        EXPECT_EQ(frame.first_byte, first_byte);
        EXPECT_EQ(restore(codec(), frame.payload).text, text);
    }

    std::shared_ptr<CountingCompression> compression_;
    TestServer server_;
    std::optional<TestClient> client_;
    std::optional<CodecPair> ends_;
};

TEST_F(DeflateServerTest, it_is_agreed_on_with_who_offers_it) {
    start_echo({.memory = DeflateMemory::dedicated, .window_bits = 12});
    const auto reply_to = [&](std::string_view lines) {
        TestClient client = server_.connect();
        client.send(TestClient::upgrade_head("/", lines));
        return client.read_reply();
    };
    EXPECT_TRUE(reply_to(offer).has(
        "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12"));
    EXPECT_TRUE(reply_to("Sec-WebSocket-Extensions: permessage-deflate; "
                         "client_max_window_bits; server_no_context_takeover\r\n")
                    .has("Sec-WebSocket-Extensions: permessage-deflate; "
                         "server_no_context_takeover; server_max_window_bits=12; "
                         "client_max_window_bits=12"));
    EXPECT_TRUE(reply_to("Sec-WebSocket-Extensions: permessage-deflate; ;\r\n")
                    .has("Sec-WebSocket-Extensions: permessage-deflate; "
                         "server_max_window_bits=12"));
    EXPECT_EQ(reply_to("Sec-WebSocket-Extensions: permessage-deflate; =\r\n").status, 400U);
    for (const char* lines :
         {"", "Sec-WebSocket-Extensions:\r\n",
          "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=7\r\n"}) {
        const HttpReply reply = reply_to(lines);
        EXPECT_EQ(reply.status, 101U);
        EXPECT_EQ(reply.head.find("Extensions"), std::string::npos) << reply.head;
    }
}

TEST_F(DeflateServerTest, the_application_can_ask_what_was_agreed) {
    Notes notes;
    start({.open = [&](Connection& c) {
        const DeflateParameters* agreed = c.compression();
        notes.add(agreed == nullptr ? "none" : std::to_string(agreed->server_max_window_bits));
    }});
    (void)notes.wait_for(1);
    const TestClient plain = server_.open();
    EXPECT_EQ(notes.wait_for(2), (List{"15", "none"}));
}

TEST_F(DeflateServerTest, messages_are_echoed_compressed_in_both_memory_modes) {
    for (const DeflateMemory memory : {DeflateMemory::shared, DeflateMemory::dedicated}) {
        TestServer server;
        const auto compression = deflate({.memory = memory});
        server->ws("/", {.message = [](Connection& c, Message m) { c.send(m); }},
                   {.compression = compression});
        server.start();
        TestClient client = server.open("/", offer);
        CodecPair ends(compression->terms());
        for (const std::size_t size : {150U, 150U, 5'000U, 200'000U, 128U}) {
            const std::string text = text_of_size(size);
            client.send(client_frame(0xC1, compress(ends.client(), text)));
            const ReceivedFrame frame = client.read_frame();
            EXPECT_EQ(frame.first_byte, 0xC1U);
            EXPECT_LT(frame.payload.size(), size);
            EXPECT_EQ(restore(ends.client(), frame.payload).text, text);
        }
        client.close_cleanly();
    }
}

TEST_F(DeflateServerTest, compressed_and_plain_messages_mix) {
    start_echo();
    const std::string text = text_of_size(300);
    client().send_text(text);
    expect_compressed(text);
    send_compressed("short");
    client().expect_text("short");
    send_compressed("");
    client().expect_text("");
    send_compressed(text, 0xC2);
    expect_compressed(text, 0xC2);
}

TEST_F(DeflateServerTest, a_compressed_message_may_come_in_fragments_around_a_ping) {
    start_echo();
    const std::string text = text_of_size(1'000);
    const Bytes packed = compress(codec(), text);
    const std::span<const std::byte> all(packed);
    client().send(client_frame(0x41, all.first(10)) + client_frame(0x89, std::string("p")) +
                  client_frame(0x00, std::string()) + client_frame(0x00, all.subspan(10, 20)) +
                  client_frame(0x80, all.subspan(30)));
    client().expect_frame(0x8A, "p");
    expect_compressed(text);
}

TEST_F(DeflateServerTest, compressed_messages_may_be_cut_anywhere) {
    start_echo();
    const std::string text = text_of_size(400);
    const Bytes frame = client_frame(0xC1, compress(codec(), text));
    for (std::size_t cut = 0; cut <= frame.size(); cut += 3) {
        client().send(std::span(frame).first(cut));
        server_.on_loop([] {});
        client().send(std::span(frame).subspan(cut));
        expect_compressed(text);
    }
}

struct BrokenRule {
    const char* name;
    Bytes bytes;
    unsigned code;
};

// Section 6: RSV1 on the first frame of a data message, and nowhere else.
TEST_F(DeflateServerTest, what_breaks_a_rule_is_answered_by_its_code) {
    start_echo({}, {.message_size_max = 1'000});
    CodecPair ends(deflate()->terms());
    const auto packed = [&](std::string_view text) { return compress(ends.client(), text); };
    const BrokenRule rows[] = {
        {"RSV1 on a continuation", client_frame(0x41, packed("x")) + client_frame(0xC0, "x"), 1002},
        {"RSV1 on a ping", client_frame(0xC9, "x"), 1002},
        {"RSV1 on a close frame", client_frame(0xC8, "\x03\xE8"), 1002},
        {"RSV2", client_frame(0xA1, "x"), 1002},
        {"RSV1 and RSV3", client_frame(0xD1, "x"), 1002},
        {"no stream", client_frame(0xC2, "\x06 nothing that zlib knows"), 1007},
        {"cut short", client_frame(0xC2, text_of(packed("Hello")).substr(0, 4)), 1007},
        {"no UTF-8 once restored", client_frame(0xC1, packed("\xFF\xFF\xFF\xFF")), 1007},
        {"half a character", client_frame(0xC1, packed("\xE6\x97")), 1007},
        {"1001 bytes once restored", client_frame(0xC2, packed(std::string(1'001, 'x'))), 1009},
        {"a bomb", client_frame(0xC2, packed(std::string(1'000'000, 'x'))), 1009},
        {"many bytes that stand for few", client_frame(0xC2, std::string(1'200, '\0')), 1009},
    };
    for (const BrokenRule& row : rows) {
        SCOPED_TRACE(row.name);
        TestClient client = server_.open("/", offer);
        client.send(row.bytes);
        client.expect_close(row.code);
        client.expect_eof();
    }
    // At the limit, and what does not become shorter by it.
    for (const std::string& text : {std::string(1'000, 'x'), text_of_size(1'000)}) {
        send_compressed(text);
        expect_compressed(text);
    }
}

TEST_F(DeflateServerTest, without_an_agreement_rsv1_is_1002) {
    start_echo();
    TestClient plain = server_.open();
    plain.send(client_frame(0xC1, compress(codec(), "Hello")));
    plain.expect_close(1002);
}

TEST_F(DeflateServerTest, of_a_bomb_no_more_than_the_limit_is_restored) {
    const std::size_t limit = 100'000;
    start_echo({}, {.message_size_max = limit});
    client().send(client_frame(0xC2, compress(codec(), std::string(100'000'000, '\0'))));
    client().expect_close(1009);
    EXPECT_EQ(compression_->counts().restored_size, limit + 1);
}

// What arrived at once becomes 200 MB: others get their turns in between.
TEST_F(DeflateServerTest, whoever_sends_much_in_few_bytes_does_not_hold_up_the_others) {
    std::atomic<std::uint64_t> first_turn = 0;
    std::atomic<std::uint64_t> last_turn = 0;
    start({.message = [&](Connection& c, Message) {
        if (first_turn == 0) first_turn = Reactor::of(c.loop()).turn();
        last_turn = Reactor::of(c.loop()).turn();
    }});
    const Bytes frame = client_frame(0xC2, compress(codec(), std::string(1'000'000, 'x')));
    Bytes all;
    for (int i = 0; i < 200; ++i) all = all + frame;
    client().send(all);
    server_.wait_for(Counter::messages_received, 200);
    EXPECT_GE(last_turn - first_turn, 3U);
}

TEST_F(DeflateServerTest, streams_are_delivered_in_pieces_as_they_arrive) {
    std::string received;
    std::size_t largest = 0;
    Notes notes;
    start({.message_begin = [&](Connection&, Message::Kind) { notes.add("begin"); },
           .message_chunk =
               [&](Connection& c, std::span<const std::byte> chunk) {
                   received += text_of(chunk);
                   largest = std::max(largest, chunk.size());
                   c.send(Message(chunk), Compress::never);
               },
           .message_end = [&](Connection&) { notes.add("end " + std::to_string(received.size())); },
           .error = [&](Connection&, std::string_view what) { notes.add(std::string(what)); }},
          {}, {.message_size_max = 3'000'000});
    const std::string text = text_of_size(1'000'000) + std::string(1'000'000, 'x');
    const Bytes packed = compress(codec(), text);
    const std::span<const std::byte> all(packed);
    client().send(client_frame(0x41, all.first(1'000)) + client_frame(0x80, all.subspan(1'000)));
    std::string echoed;
    while (echoed.size() < text.size()) echoed += client().read_frame().text();
    EXPECT_TRUE(echoed == text);
    EXPECT_EQ(notes.wait_for(2), (List{"begin", "end 2000000"}));
    EXPECT_LE(largest, 16U * 1024);

    client().send(client_frame(0xC2, compress(codec(), std::string(3'000'001, 'x'))));
    client().expect_close(1009);
    EXPECT_EQ(notes.wait_for(4).back(), "The message is larger than the limit.");
}

TEST_F(DeflateServerTest, what_is_compressed_goes_by_size_or_by_choice) {
    start({.message =
               [](Connection& c, Message m) {
                   c.send(m, Compress::always);
                   c.send(m, Compress::never);
                   c.send(m);
               }},
          {.message_size_min = 100});
    for (const std::size_t size : {99U, 100U}) {
        const std::string text(size, 'x');
        client().send_text(text);
        expect_compressed(text);
        client().expect_text(text);
        if (size < 100) {
            client().expect_text(text);
        } else {
            expect_compressed(text);
        }
    }
    client().send_text("incompressible");  // It would become longer.
    for (int i = 0; i < 3; ++i) client().expect_text("incompressible");
    TestClient plain = server_.open();
    plain.send_text(std::string(200, 'x'));
    for (int i = 0; i < 3; ++i) plain.expect_text(std::string(200, 'x'));
}

TEST_F(DeflateServerTest, large_answers_from_a_restored_message_survive_a_full_socket) {
    start({.message =
               [](Connection& c, Message m) {
                   c.send(m, Compress::never);
                   if (m.size() < 10'000) throw std::runtime_error("after sending");
               }},
          {}, {.backlog_size_max = 100'000'000});
    std::vector<std::string> texts;
    Bytes all;
    for (int i = 0; i < 20; ++i) {
        texts.push_back(std::string(50'000, static_cast<char>('a' + i)));
        all = all + client_frame(0xC1, compress(codec(), texts.back()));
    }
    texts.push_back(std::string(9'000, 'z'));
    all = all + client_frame(0xC1, compress(codec(), texts.back()));
    client().send(all);
    for (const std::string& text : texts) client().expect_text(text);
    client().expect_close(1011);
}

TEST_F(DeflateServerTest, what_waits_for_who_does_not_read_takes_little_more_than_its_bytes) {
    start({.message =
               [](Connection& c, Message) {
                   const std::string text = text_of_size(200'000);
                   for (int i = 0; i < 300; ++i) c.send(text);
               }},
          {}, {.backlog_size_max = 100'000'000});
    client_.emplace(server_.open("/", offer, {.receive_buffer = 4096}));
    const std::size_t before =
        server_.on_loop([] { return Reactor::current()->pool().lent_size(); });
    client().send_text("go");
    std::size_t waiting = 0;
    server_.wait_until([&] {
        server_->visit([&](Connection& c) { waiting = std::max(waiting, c.buffered_amount()); });
        return waiting > 1'500'000;
    });
    server_.on_loop(
        [&] { EXPECT_LT(Reactor::current()->pool().lent_size(), before + 4 * waiting); });
}

// Whatever is dropped, what arrives is whole: nothing is compressed with a context and not sent.
TEST_F(DeflateServerTest, with_a_full_backlog_messages_are_dropped_before_they_are_compressed) {
    start({.open = [](Connection& c) { c.subscribe("t"); },
           .message =
               [](Connection& c, Message m) {
                   for (int i = 0; i < 40; ++i) {
                       c.send(std::to_string(i) + std::string(m.text()));
                       c.publish("t", "all " + std::string(m.text()));
                   }
                   c.send("end", Compress::never);
               }},
          {.memory = DeflateMemory::dedicated},
          {.backlog_size_max = 300'000, .overflow = Overflow::drop});
    client_.emplace(server_.open("/", offer, {.receive_buffer = 4096}));
    TestClient other = server_.open("/", offer, {.receive_buffer = 4096});
    CodecPair others(compression_->terms());
    const std::string noise = [] {
        std::string text;
        std::uint32_t state = 1;
        while (text.size() < 60'000) {
            state = state * 1664525 + 1013904223;
            text += static_cast<char>('!' + (state >> 25) % 90);
        }
        return text;
    }();
    for (int round = 0; round < 20; ++round) send_compressed(noise);
    server_.wait_until([&] { return server_->stats()[Counter::messages_dropped] > 100; });
    const auto expect_whole = [&](TestClient& client, MessageCodec& receiver) {
        for (int i = 0; i < 4; ++i) {
            const ReceivedFrame frame = client.read_frame();
            if (frame.first_byte == 0x81) continue;
            ASSERT_EQ(frame.first_byte, 0xC1U);
            const Restored restored = restore(receiver, frame.payload);
            ASSERT_EQ(restored.progress, CodecProgress::complete);
            ASSERT_TRUE(restored.text.ends_with(noise));
        }
    };
    expect_whole(client(), codec());
    expect_whole(other, others.client());
}

// The memory of a silent connection goes back with its first ping.
TEST_F(DeflateServerTest, after_a_long_silence_messages_still_build_on_those_before) {
    start_echo({.memory = DeflateMemory::dedicated}, {.idle_ping_ms = 20});
    const std::string text = text_of_size(2'000);
    for (int i = 0; i < 3; ++i) {
        send_compressed(text);
        ReceivedFrame frame = client().read_frame();
        while (frame.first_byte == 0x89) {
            client().send_frame(0x8A, "");
            frame = client().read_frame();
        }
        EXPECT_EQ(restore(codec(), frame.payload).text, text);
        client().expect_frame(0x89, "");
    }
    EXPECT_GT(compression_->counts().rested, 0);
}

}  // namespace
}  // namespace edgews::test
