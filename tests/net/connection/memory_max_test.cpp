// ServerOptions::memory_max: who is refused when it is used up, and who goes on.
#include <edgews/connection.hpp>
#include "net/stream/memory_limit.hpp"
#include "net/stream/streams_on_loop.hpp"

#include <gtest/gtest.h>

#include <sys/resource.h>

#include <cstddef>
#include <stdexcept>
#include <string>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

constexpr ClientOptions small_buffer{.receive_buffer = 16'384};
constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;
constexpr std::size_t memory_max = 8 * mib;
// That does not count, and what is in the midst of growing.
constexpr std::size_t margin = StreamsOnLoop::queues_size_max + mib;

std::size_t lent_size() {
    return Reactor::current()->pool().lent_size();
}

class MemoryMax : public testing::Test {
  protected:
    MemoryMax() : server_({.memory_max = memory_max}) {
        RouteOptions options{.backlog_size_max = 64 * mib};
        options.message_size_max = 64 * mib;
        server_->ws("/echo", {.message = [](Connection& c, Message m) { c.send(m); }}, options);
        server_->ws("/flood",
                    {.message =
                         [this](Connection& c, Message m) {
                             const std::string piece(std::stoul(std::string(m.text())), 'p');
                             while (c.send(piece) == SendResult::sent) continue;
                             for (;;) {
                                 const SendResult result = c.send(piece);
                                 if (result != SendResult::queued) break;
                             }
                             notes_.add("refused");
                         },
                     .close = [this](Connection&, CloseEvent e) { notes_.add(describe(e)); }},
                    options);
        server_->ws("/pause",
                    {.message =
                         [this](Connection& c, Message m) {
                             notes_.add(std::string(m.text().substr(0, 10)));
                             held_ = Reactor::current()->pool().take(
                                 memory_max + StreamsOnLoop::queues_size_max);
                             c.pause_reading();
                         },
                     .close = [this](Connection&, CloseEvent e) { notes_.add(describe(e)); }});
        server_->get("/large", [](const Request&, Response& response) {
            response.body.assign(16 * mib, 'b');
        });
        server_->get("/small", [](const Request&, Response& response) { response.body = "small"; });
        server_.start();
    }
    // Holds all there is, and gives it back.
    void use_up() {
        server_.on_loop([this] {
            held_ = Reactor::current()->pool().take(memory_max + StreamsOnLoop::queues_size_max);
        });
    }
    void give_back() {
        server_.on_loop([this] { held_.reset(); });
    }
    void expect_echo(TestClient& client) {
        client.send_text("hello");
        client.expect_text("hello");
    }
    void expect_calm() {
        server_.wait_until([] { return lent_size() < StreamsOnLoop::queues_size_max; });
        TestClient client = server_.open("/echo");
        const std::string message(4 * mib, 'm');
        client.send_frame(0x82, message);
        client.expect_frame(0x82, message);
    }

    Notes notes_;
    Buffer held_;  // Of the loop's.
    TestServer server_;
};

TEST_F(MemoryMax, a_message_that_grows_beyond_it_gets_1013_and_others_go_on) {
    TestClient other = server_.open("/echo");
    TestClient client = server_.open("/echo");
    Bytes frame = client_frame(0x82, std::string(32 * mib, 'm'));
    std::size_t sent = 0;
    while (sent < frame.size()) {
        const std::size_t count = client.try_send(std::span(frame).subspan(sent));
        if (count == 0 && server_->stats()[Counter::protocol_faults] > 0) break;
        sent += count;
        EXPECT_LT(server_.on_loop(lent_size), memory_max + margin);
    }
    client.expect_close(1013);
    expect_echo(other);
    client.close();
    expect_calm();
}

TEST_F(MemoryMax, when_it_is_used_up_small_messages_pass_and_newcomers_get_503) {
    TestClient other = server_.open("/echo");
    TestClient plain = server_.connect();
    EXPECT_EQ(plain.get("/small").status, 200U);
    use_up();
    expect_echo(other);
    other.send_frame(0x01, "he");
    other.send_frame(0x80, "llo");
    other.expect_text("hello");
    TestClient newcomer = server_.connect();
    newcomer.send(TestClient::upgrade_head("/echo"));
    EXPECT_EQ(newcomer.read_reply().status, 503U);
    // Who is connected may ask, but not become a WebSocket.
    EXPECT_EQ(plain.get("/small").status, 200U);
    plain.send(TestClient::upgrade_head("/echo"));
    EXPECT_EQ(plain.read_reply().status, 503U);
    give_back();
    expect_calm();
}

// What is behind a message that pauses has to be kept somewhere.
TEST_F(MemoryMax, who_pauses_when_it_is_used_up_cannot_be_waited_for) {
    TestClient client = server_.open("/pause");
    server_.on_loop([&] {
        client.send(client_frame(0x81, "pause") + client_frame(0x82, std::string(20'000, 'm')));
    });
    client.expect_close(1013);
    EXPECT_EQ(notes_.wait_for(2), (List{"pause", "close 1006  unclean"}));
    EXPECT_EQ(server_->stats()[Counter::protocol_faults], 1U);
    client.close();
    give_back();
    expect_calm();
}

TEST_F(MemoryMax, an_answer_that_is_too_large_becomes_a_503) {
    TestClient client = server_.connect(small_buffer);
    EXPECT_EQ(client.get("/large").status, 503U);
    EXPECT_EQ(client.get("/small").body, "small");
}

TEST_F(MemoryMax, what_a_slow_reader_is_sent_beyond_it_is_an_overflow) {
    for (const char* size : {"1000", "10000", "100000"}) {
        SCOPED_TRACE(size);
        TestClient other = server_.open("/echo");
        TestClient client = server_.open("/flood", "", small_buffer);
        client.send_text(size);
        server_.wait_until([&] { return !notes_.all().empty(); });
        EXPECT_GT(server_.on_loop(lent_size), memory_max / 2);
        EXPECT_LT(server_.on_loop(lent_size), memory_max + margin);
        expect_echo(other);
        client.expect_close(1013);
        client.close();
        server_.wait_until([&] { return notes_.all().size() % 2 == 0; });
        expect_calm();
    }
}

TEST(MemoryMaxOption, less_than_one_mib_is_refused_by_name) {
    for (const std::size_t size : {std::size_t{1}, mib - 1}) {
        try {
            const Server server({.loops = 1, .memory_max = size});
            ADD_FAILURE() << "it was taken: " << size;
        } catch (const std::invalid_argument& error) {
            EXPECT_NE(std::string(error.what()).find("memory_max"), std::string::npos);
        }
    }
    const Server least({.loops = 1, .memory_max = mib});
    const Server none({.loops = 1, .memory_max = SIZE_MAX});
}

TEST(MemoryMaxOption, the_system_says_how_much_there_is) {
    EXPECT_GT(usable_memory_size(), 16 * mib);
    EXPECT_LT(usable_memory_size(), SIZE_MAX);
}

TEST(MemoryMaxOption, a_limit_of_the_process_is_one_of_its_memory) {
    for (const auto resource : {RLIMIT_AS, RLIMIT_DATA}) {
        rlimit before{};
        ASSERT_EQ(::getrlimit(resource, &before), 0);
        rlimit now = before;
        now.rlim_cur = 8 * mib;  // Nothing is allocated meanwhile.
        ASSERT_EQ(::setrlimit(resource, &now), 0);
        const std::size_t size = usable_memory_size();
        ASSERT_EQ(::setrlimit(resource, &before), 0);
        EXPECT_EQ(size, 8 * mib);
    }
}

}  // namespace
}  // namespace edgews::test
