// A class as an endpoint: each of its members is called for what it is named after, of those that
// need a peer who is slow, too.
#include <edgews/edgews.hpp>
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sim {
namespace {

constexpr std::array calm{std::byte{0}};

std::vector<std::string>& notes() {
    static std::vector<std::string> all;
    return all;
}

struct Member {
    void message_begin(Connection&, Message::Kind kind) {
        notes().push_back(kind == Message::Kind::text ? "begin text" : "begin binary");
    }
    void message_chunk(Connection&, std::span<const std::byte> bytes) {
        notes().push_back("chunk " + std::to_string(bytes.size()));
    }
    void message_end(Connection& c) {
        notes().push_back("end");
        for (int i = 0; i < 30; ++i) {
            if (c.send(std::string(1'000, 'x')) == SendResult::dropped) ++dropped_count;
        }
    }
    void overflow(Connection&, std::size_t count) {
        notes().push_back("overflow " + std::to_string(count - dropped_count));
    }
    void drain(Connection&) { notes().push_back("drain"); }
    void close(Connection&, const CloseEvent& event) {
        notes().push_back("close " + std::to_string(event.code));
    }

    std::size_t dropped_count = 0;
};

TEST(EndpointMembers, are_called_for_what_they_are_named_after) {
    notes().clear();
    World world{{.recorded = calm}};
    Faults& faults = world.faults();
    faults.send_buffer_least = faults.send_buffer_most = 4'096;
    faults.receive_buffer_least = faults.receive_buffer_most = 4'096;
    Server server{{.loops = 1}};
    server.ws<Member>(
        "/", {.backlog_size_max = 10'000, .drain_mark = 1'000, .overflow = Overflow::tell});
    ASSERT_FALSE(server.listen({.host = "127.0.0.1"}));
    server.start();
    WebSocketPeer peer(world, {});
    peer.open = [](WebSocketPeer& opened) {
        opened.set_reading(false);
        opened.send_frame(0x02, "one");
        opened.send_frame(0x80, "three");
    };
    peer.connect(server.port());
    world.run_for(1'000);
    EXPECT_EQ(notes(), (std::vector<std::string>{"begin binary", "chunk 3", "chunk 5", "end",
                                                 "overflow 0"}));
    peer.set_reading(true);
    world.run_for(1'000);
    EXPECT_EQ(notes().back(), "drain");
    peer.close(1'000);
    world.run_for(1'000);
    EXPECT_EQ(notes().back(), "close 1000");
    EXPECT_EQ(notes().size(), 7U);
    server.shutdown(0);
}

}  // namespace
}  // namespace edgews::sim
