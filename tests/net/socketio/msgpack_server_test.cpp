// Clients that use socket.io-msgpack-parser on real sockets, and on several loops.
#include <edgews/socketio.hpp>
#include "core/engineio/packet.hpp"
#include "net/socketio/hub_state.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "../../support/msgpack_messages.hpp"
#include "../../support/test_server.hpp"
#include "polling_client.hpp"

namespace edgews::test {
namespace {

using namespace std::literals;

const std::string one_attachment = R"({"_placeholder":true,"num":0})";

class SocketIoMsgpackServer : public testing::TestWithParam<unsigned> {
  protected:
    SocketIoMsgpackServer() {
        hub_.of("/", {.connected = [this](sio::Socket&) { notes_.add("+"); },
                      .disconnected =
                          [this](sio::Socket&, sio::Reason reason) {
                              notes_.add("-" + std::string(describe(reason)));
                          }})
            .on("join",
                [](sio::Socket& socket, const sio::Event&, const sio::Ack& ack) {
                    socket.join("room");
                    ack();
                })
            .on("say", [this](sio::Socket&, const sio::Event& event) {
                hub_.of("/").to("room").emit("said", event.raw());
            });
        hub_.attach(*server_->operator->());
        server_->start();
    }
    ~SocketIoMsgpackServer() override { server_.reset(); }

    // In base64, as a payload has it.
    static std::string payload(std::string_view text, const sio::Attachments& attachments = {}) {
        const std::string message = msgpack_message(text, attachments);
        std::string out;
        append_packet(out, engineio::Packet::of_binary(std::as_bytes(std::span(message))));
        return out;
    }
    static void say(TestClient& client, std::string_view text,
                    const sio::Attachments& attachments = {}) {
        client.send_frame(0x82, msgpack_message(text, attachments));
    }
    static std::string hear(TestClient& client) {
        const ReceivedFrame frame = client.read_frame();
        EXPECT_EQ(frame.first_byte, 0x82U);
        return describe_message(frame.text());
    }
    // Each with a bar behind it.
    [[nodiscard]] static std::string poll(const PollingClient& client) {
        std::string body = client.poll();
        std::string said;
        for (std::size_t end = 0; end != std::string::npos;) {
            end = body.find('\x1E');
            std::string packet = body.substr(0, end);
            const engineio::Packet read =
                engineio::decode_packet(std::as_writable_bytes(std::span(packet)));
            EXPECT_TRUE(read.is_binary) << packet;
            said += describe_message(read.text()) + "|";
            body.erase(0, end == std::string::npos ? end : end + 1);
        }
        return said;
    }
    [[nodiscard]] TestClient open_websocket() {
        TestClient client = server_->open(std::string(transport_path) + "websocket");
        EXPECT_TRUE(client.read_frame().text().starts_with("0{"));
        say(client, "0");
        EXPECT_TRUE(hear(client).starts_with("connect / {\"sid\""));
        return client;
    }
    [[nodiscard]] TestClient open_member() {
        TestClient client = open_websocket();
        say(client, "20[\"join\"]");
        EXPECT_EQ(hear(client), "ack / 0 ()");
        return client;
    }
    [[nodiscard]] PollingClient open_polling_member() {
        PollingClient client(*server_);
        client.post(payload("0") + '\x1E' + payload("20[\"join\"]"));
        const std::string said = poll(client);
        EXPECT_TRUE(said.starts_with("connect / {\"sid\"") && said.ends_with("|ack / 0 ()|"))
            << said;
        return client;
    }
    [[nodiscard]] std::size_t count() const { return sio::HubState::of(hub_).session_count(); }

    sio::Hub hub_{{.parser = sio::Parser::msgpack}};
    Notes notes_;
    std::unique_ptr<TestServer> server_ =
        std::make_unique<TestServer>(ServerOptions{.loops = GetParam()});
    const Bytes bytes_ = from_hex("01 ff");
    const std::string said_ = "binary_event+1 / \"said\" (" + one_attachment + ") <01 ff>";
};

INSTANTIATE_TEST_SUITE_P(On, SocketIoMsgpackServer, testing::Values(1U, 4U), [](const auto& each) {
    return each.param == 1 ? "one_loop"s : std::to_string(each.param) + "_loops";
});

TEST_P(SocketIoMsgpackServer, a_room_is_told_by_both_transports) {
    std::vector<TestClient> members;
    for (int i = 0; i < 6; ++i) members.push_back(open_member());
    const PollingClient polling = open_polling_member();
    say(members[0], "51-[\"say\"," + one_attachment + "]", {bytes_});
    for (TestClient& each : members) EXPECT_EQ(hear(each), said_);
    EXPECT_EQ(poll(polling), said_ + "|");
    polling.post(payload("51-[\"say\"," + one_attachment + "]", {bytes_}));
    for (TestClient& each : members) EXPECT_EQ(hear(each), said_);
    EXPECT_EQ(poll(polling), said_ + "|");
}

TEST_P(SocketIoMsgpackServer, many_packets_in_one_go_are_taken_one_by_one) {
    TestClient client = open_member();
    const PollingClient polling = open_polling_member();
    Bytes frames;
    std::string body;
    for (int i = 0; i < 10; ++i) {
        const std::string text = "2[\"say\"," + std::to_string(i) + "]";
        frames = std::move(frames) + client_frame(0x82, msgpack_message(text));
        body += (i == 0 ? "" : "\x1E") + payload(text);
    }
    std::string all;
    for (int i = 0; i < 10; ++i) all += "event / \"said\" (" + std::to_string(i) + ")|";
    const auto hear_all = [&] {
        std::string heard;
        for (int i = 0; i < 10; ++i) heard += hear(client) + "|";
        EXPECT_EQ(heard, all);
        for (heard = poll(polling); heard.size() < all.size();) heard += poll(polling);
        EXPECT_EQ(heard, all);
    };
    client.send(frames);
    hear_all();
    polling.post(body);
    hear_all();
}

TEST_P(SocketIoMsgpackServer, goes_over_to_a_websocket_with_its_rooms) {
    for (int i = 0; i < 10; ++i) {
        const PollingClient polling = open_polling_member();
        TestClient client = polling.probe();
        hub_.of("/").to("room").emit("said", sio::binary(bytes_));
        client.send_text("5");
        EXPECT_EQ(hear(client), said_);
        say(client, "51-[\"say\"," + one_attachment + "]", {bytes_});
        EXPECT_EQ(hear(client), said_);
        client.reset();
        server_->wait_until([this] { return count() == 0; });
    }
}

TEST_P(SocketIoMsgpackServer, who_speaks_another_parser_is_ended) {
    for (const std::string_view text : {"40", "42[\"x\"]", "4"}) {
        TestClient client = server_->open(std::string(transport_path) + "websocket");
        static_cast<void>(client.read_frame());
        client.send_text(text);
        client.expect_close(1008);
        const PollingClient polling(*server_);
        TestClient posting = server_->connect();
        posting.send(polling.post_head(text));
        static_cast<void>(posting.read_reply());
        EXPECT_EQ(polling.poll(), "1");
    }
    TestClient member = open_member();
    member.send_text("42[\"say\"]");
    member.expect_close(1008);
    server_->wait_until([this] { return count() == 0; });
    EXPECT_EQ(notes_.wait_for(2), (List{"+", "-parse error"}));
}

TEST_P(SocketIoMsgpackServer, a_packet_that_is_none_ends_the_session) {
    const std::string whole = msgpack_message("2[\"say\",1]");
    for (const std::string& each : {""s, "\xC0"s, whole + "\xC0", whole.substr(1),
                                    whole.substr(0, whole.size() - 1), std::string(600, '\x91')}) {
        TestClient client = open_websocket();
        client.send_frame(0x82, each);
        client.expect_close(1008);
    }
    const PollingClient polling = open_polling_member();
    TestClient posting = server_->connect();
    posting.send(polling.post_head("bwA=="));  // A nil.
    static_cast<void>(posting.read_reply());
    EXPECT_EQ(polling.poll(), "1");
    server_->wait_until([this] { return count() == 0; });
}

// Those who are there hear each once, whoever else is reset in the middle of it.
TEST_P(SocketIoMsgpackServer, members_that_are_reset_in_a_broadcast_are_alone) {
    std::vector<TestClient> members;
    for (int i = 0; i < 8; ++i) members.push_back(open_member());
    const Bytes large(30'000, std::byte{7});
    for (int round = 0; round < 5; ++round) {
        TestClient gone = open_member(), closing = open_member();
        const PollingClient polling = open_polling_member();
        hub_.of("/").to("room").emit("said", sio::json(round), sio::binary(large));
        gone.reset();
        say(closing, "1");
        closing.close();
        hub_.of("/").to("room").emit("said", sio::json(round));
        const std::string number = std::to_string(round);
        const std::string first = "binary_event+1 / \"said\" (" + number + ", " + one_attachment +
                                  ") <" + to_hex(large) + ">";
        for (TestClient& each : members) {
            EXPECT_TRUE(hear(each) == first);
            EXPECT_EQ(hear(each), "event / \"said\" (" + number + ")");
        }
    }
}

TEST_P(SocketIoMsgpackServer, the_largest_message_is_taken_and_no_larger_one) {
    TestClient client = open_member();
    const std::size_t head =
        msgpack_message("51-[\"say\"," + one_attachment + "]", {Bytes(100'000)}).size() - 100'000;
    const Bytes bytes(1'000'000 - head);
    say(client, "51-[\"say\"," + one_attachment + "]", {bytes});
    EXPECT_TRUE(hear(client).starts_with("binary_event+1 / \"said\""));
    say(client, "51-[\"say\"," + one_attachment + "]", {bytes + from_hex("00")});
    client.expect_close(1009);
    // As JSON it would be six times as large.
    TestClient other = open_member();
    const std::string text(900'000, '\x01');
    std::string message = msgpack_message("2[\"say\",\"" + std::string(70'000, 'x') + "\"]");
    message.replace(message.find("\xDB"), std::string::npos, "\xDB");
    for (const int shift : {24, 16, 8, 0}) {
        message.push_back(static_cast<char>(text.size() >> shift & 0xFFU));
    }
    other.send_frame(0x82, message + text);
    const ReceivedFrame frame = other.read_frame();
    EXPECT_EQ(frame.payload.size(), message.size() + text.size() + 1) << "said, and not say";
}

}  // namespace
}  // namespace edgews::test
