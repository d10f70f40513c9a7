// What a server held for its peers is the system's again when it is calm, and an answer is held
// once.
#include <edgews/connection.hpp>
#include "net/loop/reactor.hpp"

#include <gtest/gtest.h>

#include <malloc.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/resident.hpp"
#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

constexpr ClientOptions small_buffer{.receive_buffer = 16'384};
constexpr std::size_t mib = 1024 * 1024;
constexpr std::size_t kept_size_max = mib;  // That a calm loop's pool may keep.

std::size_t lent_size() {
    return Reactor::current()->pool().lent_size();
}

TEST(MemoryReturn, what_waited_for_slow_consumers_goes_back_when_they_are_gone) {
    constexpr std::size_t consumer_count = 16;
    constexpr std::size_t waiting_size = 4 * mib;
    constexpr std::size_t total = consumer_count * waiting_size;
    struct Row {
        const char* name;
        std::size_t size;
    };
    TestServer server;
    server->ws("/", {.open = [](Connection& c) { c.subscribe("feed"); }},
               {.backlog_size_max = waiting_size, .overflow = Overflow::drop});
    server.start();
    for (const Row& row : {Row{"copied", 4'000}, Row{"large", 40'000}}) {
        SCOPED_TRACE(row.name);
        std::vector<TestClient> consumers;
        for (std::size_t i = 0; i < consumer_count; ++i) {
            consumers.push_back(server.open("/", "", small_buffer));
        }
        const std::size_t before = resident_size();
        const std::string message(row.size, 'm');
        // Each is a message of its own: nothing is shared.
        server.wait_until([&] {
            server->visit([&](Connection& c) { (void)c.send(message); });
            return lent_size() > total / 8 * 7;
        });
        EXPECT_TRUE(resident_is_over(before + total / 2));
        for (TestClient& consumer : consumers) consumer.reset();
        server.wait_for(Counter::connections_open, 0);
        server.wait_until([] { return Reactor::current()->pool().kept_size() <= kept_size_max; });
        EXPECT_LT(server.on_loop(lent_size), 2 * mib);
        EXPECT_TRUE(resident_is_under(before + total / 4));
    }
}

class LargeAnswer : public testing::Test {
  protected:
    static constexpr std::size_t body_size = 48 * mib;
    LargeAnswer() {
        server_->get("/large", [](const Request&, Response& response) {
            response.body.assign(body_size, 'b');
        });
        server_->get("/small", [](const Request&, Response& response) { response.body = "small"; });
        server_.start();
    }
    TestServer server_;
};

TEST_F(LargeAnswer, it_is_held_once_while_it_is_sent_and_by_nobody_after_it) {
    const std::size_t lent_before = server_.on_loop(lent_size);
    const std::size_t before = resident_size();
    std::optional<TestClient> client = server_.connect(small_buffer);
    client->send(TestClient::get_head("/large"));
    server_.wait_for(Counter::http_requests, 1);
    EXPECT_TRUE(resident_is_over(before + body_size / 4 * 3));
    EXPECT_TRUE(resident_is_under(before + body_size / 2 * 3));
    EXPECT_LT(server_.on_loop(lent_size), lent_before + body_size + mib);
    {
        const HttpReply reply = client->read_reply();
        EXPECT_EQ(reply.body, std::string(body_size, 'b'));
        client.reset();
    }
    server_.wait_until([&] { return lent_size() <= lent_before + mib; });
    ::malloc_trim(0);  // Of what the client read, which is the test's own.
    EXPECT_TRUE(resident_is_under(before + body_size / 4));
    EXPECT_EQ(server_.connect().get("/small").body, "small");
}

TEST_F(LargeAnswer, a_client_that_goes_away_leaves_nothing_of_it) {
    const std::size_t lent_before = server_.on_loop(lent_size);
    TestClient client = server_.connect(small_buffer);
    client.send(TestClient::get_head("/large"));
    server_.wait_until([&] { return lent_size() > lent_before + body_size / 2; });
    client.reset();
    server_.wait_for(Counter::connections_open, 0);
    EXPECT_LT(server_.on_loop(lent_size), lent_before + mib);
}

}  // namespace
}  // namespace edgews::test
