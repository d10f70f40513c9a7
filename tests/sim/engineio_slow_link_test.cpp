// Clients of Engine.IO on slow links: the pong of one that still reads what stands in front of our
// ping is waited for.
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/net/engineio/engineio_server.hpp"

namespace edgews::test {
namespace {

constexpr std::uint64_t ms = 1'000'000;
// 100,000 bytes a second, without a pause of more than 320 ms.
constexpr sim::Pace reading_slowly{.read_size_max = 32'768, .read_gap_ns_max = 320 * ms};

class EngineIoSlowLink : public testing::Test {
  protected:
    EngineIoSlowLink() {
        sim::Faults& faults = world_.faults();
        faults.send_buffer_least = faults.send_buffer_most = 1 << 20;
        faults.receive_buffer_least = faults.receive_buffer_most = 65'536;
        server_.start();
    }
    // It answers pings as soon as it comes to them.
    sim::WebSocketPeer& open(const sim::Pace& pace) {
        sim::WebSocketPeer& peer = peer_.emplace(
            world_,
            sim::WebSocketPeerOptions{.path = EngineIoServer::websocket_path(), .pace = pace});
        peer.message = [this](sim::WebSocketPeer& own, std::string_view payload, bool) {
            read_size_ += payload.size();
            if (payload == "2") own.send_text("3");
            if (payload.starts_with("0{")) id_ = EngineIoServer::id_in(payload);
        };
        peer.connect(server_.server().port());
        world_.run_for(900);
        EXPECT_TRUE(peer.is_open());
        return peer;
    }
    void send(std::string_view id, std::size_t size) {
        server_.with_session(id, [size](engineio::Session& session) {
            (void)session.send(
                engineio::Packet::of_text(engineio::PacketType::message, std::string(size, 'x')));
        });
    }

    sim::World world_{{.seed = 1}};
    EngineIoServer server_{EngineIoServer::Setup{
        .options = {.heartbeat = {.ping_interval_ms = 1'000, .ping_timeout_ms = 1'000},
                    .websocket = {.backlog_size_max = 8 << 20}}}};
    std::optional<sim::WebSocketPeer> peer_;
    std::string id_;
    std::size_t read_size_ = 0;
};

TEST_F(EngineIoSlowLink, a_websocket_that_is_read_all_the_time_goes_on) {
    sim::WebSocketPeer& peer = open(reading_slowly);
    send(id_, 3'000'000);
    world_.run_for(60'000);
    EXPECT_GE(read_size_, 3'000'000U);
    EXPECT_TRUE(peer.is_open());
    EXPECT_EQ(server_.host().session_count(), 1U);
}

TEST_F(EngineIoSlowLink, who_stops_reading_is_given_up) {
    open({}).set_reading(false);
    send(id_, 3'000'000);
    world_.run_for(10'000);
    EXPECT_EQ(server_.notes().wait_for(2).back(), "ended ping_timeout");
}

// Its size is worth 18 seconds.
TEST_F(EngineIoSlowLink, a_large_answer_to_a_poll_gives_its_client_time) {
    const std::string id = server_.open_polling();
    TestClient client = server_.begin_poll(id);
    send(id, 300'000);
    world_.run_for(15'000);
    EXPECT_EQ(client.read_reply().body.size(), 300'001U);
    EXPECT_EQ(server_.poll(id).body, "2");
    EXPECT_EQ(server_.post(id, "3").body, "ok");
    EXPECT_EQ(server_.host().session_count(), 1U);
}

TEST_F(EngineIoSlowLink, but_only_once) {
    const std::string id = server_.open_polling();
    const TestClient client = server_.begin_poll(id);
    send(id, 300'000);
    world_.run_for(25'000);
    EXPECT_EQ(server_.host().session_count(), 0U);
}

}  // namespace
}  // namespace edgews::test
