// The user data of a route: whoever asks for another type is told so, in every build.
#include <edgews/client.hpp>
#include <edgews/coroutine.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

struct Mine {
    std::string name = "new";
};
struct Other {
    int number = 0;
};

unsigned upgrade_status(const TestServer& server, std::string_view path = "/") {
    TestClient client = server.connect();
    client.send(TestClient::upgrade_head(path));
    return client.read_reply(false).status;
}

TEST(UserData, of_another_type_close_a_handlers_connection_with_1011) {
    TestServer server;
    server->ws<Mine>("/other",
                     Handlers{.message = [](Connection& c, Message) { ++c.data<Other>().number; }});
    server->ws("/none", {.message = [](Connection& c, Message) { ++c.data<Other>().number; }});
    server.start();
    for (const char* path : {"/other", "/none"}) {
        SCOPED_TRACE(path);
        TestClient client = server.open(path);
        client.send_text("x");
        client.expect_close(1011);
    }
}

TEST(UserData, of_another_type_in_the_upgrade_handler_are_answered_500) {
    TestServer server;
    server->ws<Mine>(
        "/", Handlers{.upgrade = [](const Request&, Upgrade& u) { ++u.data<Other>().number; }});
    server.start();
    EXPECT_EQ(upgrade_status(server), 500U);
}

TEST(UserData, may_be_asked_for_where_they_need_not_be) {
    TestServer server;
    server->ws<Mine>("/", Handlers{.open = [](Connection& c) {
                         EXPECT_EQ(c.data_if<Other>(), nullptr);
                         EXPECT_EQ(c.data_if<const Mine>(), &c.data<Mine>());
                         c.send(c.data<Mine>().name);
                     }});
    server.start();
    server.open().expect_text("new");
}

TEST(UserData, a_client_has_none) {
    TestServer server;
    server->ws("/", {});
    server.start();
    Loop loop;
    std::string what;
    Client client(loop, "ws://127.0.0.1:" + std::to_string(server.port()),
                  {.open = [](Client& c) { ++c.connection()->data<Other>().number; },
                   .error = [&](Client&, const ClientError& e) { what = e.error.message; },
                   .close = [&](Client&, const CloseEvent&) { loop.stop(); }});
    loop.run();
    EXPECT_NE(what.find("data<T>()"), std::string::npos) << what;
}

TEST(UserData, a_coroutine_route_without_any_answers_500_to_who_asks_for_some) {
    TestServer server;
    serve(*server.operator->(), "/", [](AsyncConnection) -> Task<> { co_return; },
          {.upgrade = [](const Request&, Upgrade& u) { ++u.data<Other>().number; }});
    server.start();
    EXPECT_EQ(upgrade_status(server), 500U);
}

TEST(UserData, of_a_coroutine_route_are_the_same_for_upgrade_connection_and_coroutine) {
    TestServer server;
    serve<Mine>(*server.operator->(), "/:name",
                [](AsyncConnection ws) -> Task<> {
                    EXPECT_EQ(&ws.data<Mine>(), &ws.connection()->data<Mine>());
                    EXPECT_THROW((void)ws.data<Other>(), std::logic_error);
                    EXPECT_EQ(ws.connection()->data_if<Other>(), nullptr);
                    const std::string& name = ws.data<Mine>().name;
                    co_await ws.send(name);
                    while (co_await ws.receive()) {
                    }
                },
                {.upgrade = [](const Request& r, Upgrade& u) {
                    u.data<Mine>().name = *r.parameter("name");
                }});
    server.start();
    TestClient bob = server.open("/bob");
    TestClient eve = server.open("/eve");
    bob.expect_text("bob");
    eve.expect_text("eve");
    bob.close_cleanly();
}

TEST(UserData, of_a_coroutine_route_outlive_its_connection_and_end_with_its_coroutine) {
    static std::atomic<int> alive;
    alive = 0;
    struct Counted {
        Counted() { ++alive; }
        ~Counted() { --alive; }
    };
    Notes notes;
    TestServer server;
    serve<Counted>(*server.operator->(), "/", [&notes](AsyncConnection ws) -> Task<> {
        Counted& mine = ws.data<Counted>();
        while (co_await ws.receive()) {
        }
        co_await sleep(ws.loop(), std::chrono::milliseconds(5));  // The connection is deleted.
        EXPECT_EQ(ws.connection(), nullptr);
        EXPECT_EQ(&ws.data<Counted>(), &mine);
        notes.add(std::to_string(alive));
    });
    server.start();
    server.open().close_cleanly();
    EXPECT_EQ(notes.wait_for(1), List{"1"});
    server.wait_until([] { return alive == 0; });
}

}  // namespace
}  // namespace edgews::test
