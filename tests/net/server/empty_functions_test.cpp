// Functions that must be there, and are not: each is refused where it is given, not when it is due.
#include <edgews/client.hpp>
#include <edgews/coroutine.hpp>
#include <edgews/server.hpp>
#include <edgews/signals.hpp>
#include <edgews/stomp_broker.hpp>
#include "net/client/resolver.hpp"
#include "net/loop/reactor.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <stdexcept>
#include <string>
#include <utility>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

bool names(const std::string& text, const std::string& name) {
    return text.find(name) != std::string::npos;
}

template <class F>
void expect_refused(const std::string& name, F call) {
    SCOPED_TRACE(name);
    try {
        call();
        ADD_FAILURE() << "it was taken";
    } catch (const std::invalid_argument& refused) {
        EXPECT_PRED2(names, refused.what(), name);
    }
}

TEST(EmptyFunctions, of_a_server_are_refused_by_name) {
    Server server(ServerOptions{.loops = 1});
    expect_refused("Server::get(\"/page\")", [&] { server.get("/page", {}); });
    expect_refused("Server::visit()", [&] { server.visit({}); });
    expect_refused("Server::on_shutdown()", [&] { server.on_shutdown({}); });
    void (*const handler)(const Request&, Response&) = nullptr;
    expect_refused("Server::get(\"/page\")", [&] { server.get("/page", handler); });
}

TEST(EmptyFunctions, of_a_loop_are_refused_by_name) {
    Loop loop;
    const Function<void()> empty;
    void (*const pointer)() = nullptr;
    expect_refused("Loop::post()", [&] { (void)(loop.post(empty)); });
    expect_refused("Loop::post()", [&] { (void)(loop.post(pointer)); });
    expect_refused("Loop::after()", [&] { (void)(loop.after(1, empty)); });
    expect_refused("Loop::every()", [&] { (void)(loop.every(1, empty)); });
    expect_refused("Handle::post()", [&] { (void)(Handle().post(Function<void(Connection&)>())); });
    expect_refused("Signals", [&] { const Signals signals(loop, {SIGUSR1}, {}); });
    expect_refused("ResolveRequest::lookup", [&] {
        (void)(resolve(Reactor::of(loop), {.host = "x", .lookup = {}}, [](auto) {}));
    });
    expect_refused("resolve()", [&] { (void)(resolve(Reactor::of(loop), {.host = "x"}, {})); });
    EXPECT_EQ(loop.next_timeout_ms(), -1);  // Nothing of them stayed.
}

TEST(EmptyFunctions, of_a_broker_are_refused_by_name) {
    StompBroker broker;
    expect_refused("StompBroker::app(\"/app/x\")", [&] { broker.app("/app/x", {}); });
}

TEST(EmptyFunctions, of_coroutines_are_refused_by_name) {
    Loop loop;
    Server server(ServerOptions{.loops = 1});
    expect_refused("spawn()", [&] { (void)(spawn(loop, Task<>())); });
    Task<> (*const handler)(AsyncConnection) = nullptr;
    expect_refused("serve()", [&] { serve(server, "/", handler); });
}

TEST(EmptyFunctions, a_task_without_a_coroutine_throws_where_it_is_awaited) {
    Loop loop;
    int thrown = 0;
    const auto await_nothing = [&]() -> Task<> {
        try {
            co_await Task<>();
        } catch (const std::logic_error&) {
            ++thrown;
        }
        try {
            (void)co_await within(loop, std::chrono::milliseconds(1), Task<int>());
        } catch (const std::logic_error&) {
            ++thrown;
        }
    };
    spawn(loop, await_nothing());
    EXPECT_EQ(thrown, 2);
}

TEST(EmptyFunctions, a_coroutine_route_that_gives_no_coroutine_closes_with_1011) {
    TestServer server;
    serve(*server.operator->(), "/", [](AsyncConnection) { return Task<>(); });
    server.start();
    TestClient client = server.open();
    client.expect_close(1011);
}

TEST(EmptyFunctions, a_client_without_a_lookup_says_so) {
    Loop loop;
    std::string message;
    Client client(loop, "ws://example.invalid/",
                  {.error =
                       [&](Client&, const ClientError& error) {
                           EXPECT_EQ(error.stage, ClientStage::options);
                           message = error.error.message;
                       },
                   .close = [&](Client&, const CloseEvent&) { loop.stop(); }},
                  {.lookup = {}});
    loop.run();
    EXPECT_PRED2(names, message, "ClientOptions::lookup");
}

}  // namespace
}  // namespace edgews::test
