// Whoever reads slowly still gets all of it, however large the system's buffers are.
#include <edgews/edgews.hpp>
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace edgews::sim {
namespace {

constexpr std::size_t body_size = 1'000'000;

class Reader final : public Peer {
  public:
    // 16 KB in a second, on average; its system opens the window by 32 KB at a time, about every
    // 2 s.
    explicit Reader(World& world)
        : Peer(world, {.read_size_max = 4'096, .read_gap_ns_max = 250'000'000}) {}
    std::size_t size = 0;

  private:
    void on_bytes(std::string_view bytes) override { size += bytes.size(); }
};

void expect_all(const char* lines) {
    World world({.seed = 7});
    world.faults().send_buffer_least = world.faults().send_buffer_most = 262'144;
    world.faults().receive_buffer_least = world.faults().receive_buffer_most = 65'536;
    Server server({.loops = 1, .keep_alive_timeout_ms = 10'000});
    server.get("/", [](const Request&, Response& response) {
        response.body = std::string(body_size, 'x');
    });
    ASSERT_FALSE(server.listen({.host = "127.0.0.1"}));
    server.start();
    Reader reader(world);
    reader.connect(server.port());
    reader.send("GET / HTTP/1.1\r\nHost: localhost\r\n" + std::string(lines) + "\r\n");
    world.run_for(1'000'000);
    EXPECT_GT(reader.size, body_size) << lines;  // A head, too.
    server.shutdown(0);
}

TEST(SlowReader, gets_an_answer_whole_and_keeps_the_connection) {
    expect_all("");
}

TEST(SlowReader, gets_the_last_answer_whole) {
    expect_all("Connection: close\r\n");
}

}  // namespace
}  // namespace edgews::sim
