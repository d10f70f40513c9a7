// Thousands of clients on one loop.
#include "tests/support/client_fixture.hpp"

#include <malloc.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/test_server.hpp"

namespace edgews {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t client_count = 200;
#else
constexpr std::size_t client_count = 2000;
#endif

class ClientLoad : public test::ClientFixture {};

TEST_F(ClientLoad, thousands_of_clients_connect_talk_and_close) {
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    const char* const wanted = std::getenv("EDGEWS_CLIENTS");
    const std::size_t count = wanted == nullptr ? client_count : std::stoul(wanted);
    // Both ends are in this process. Where it may have fewer, a pass would claim what was not
    // tried.
    if (limit.rlim_cur < 2 * count + 100) GTEST_SKIP() << "too few descriptors";
    test::TestServer server;
    server->ws("/", {.message = [](Connection& c, Message m) { c.send(m); }});
    server.start();
    std::size_t open_count = 0, message_count = 0, close_count = 0;
    const ClientHandlers handlers{
        .open =
            [&](Client& c) {
                ++open_count;
                c.send("hello");
            },
        .message = [&](Client&, Message m) { message_count += m.text() == "hello" ? 1U : 0U; },
        .close = [&](Client&, const CloseEvent& e) { close_count += e.clean ? 1U : 0U; },
    };
    const std::string url = "ws://127.0.0.1:" + std::to_string(server.port()) + "/";
    const std::size_t heap = ::mallinfo2().uordblks;
    std::vector<std::unique_ptr<Client>> clients;
    for (std::size_t i = 0; i < count; ++i) {
        clients.push_back(std::make_unique<Client>(loop, url, handlers));
        if (i % 64 == 63) loop.poll(0);
    }
    ASSERT_TRUE(until([&] { return message_count == count; }));
    EXPECT_EQ(open_count, count);
    if (wanted != nullptr) {
        std::printf("%zu bytes of heap a connection, both ends\n",
                    (::mallinfo2().uordblks - heap) / count);
    }
    for (const auto& each : clients) EXPECT_TRUE(each->close());
    ASSERT_TRUE(until([&] { return close_count == count; }));
}

}  // namespace
}  // namespace edgews
