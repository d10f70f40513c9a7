#include "histories.hpp"

#include "guests.hpp"
#include "stomp_guests.hpp"
#include "tests/tls/certificates.hpp"

#include <edgews/deflate.hpp>
#include <edgews/stomp_broker.hpp>
#include <edgews/tls.hpp>

namespace edgews::sim::test {

namespace {

// By the world's date, which is the same in all of them.
const TlsIdentity& identity() {
    const Busy busy;
    static const TlsIdentity made = edgews::test::make_identity("localhost");
    return made;
}

// Two that compress well, and that build on each other.
std::vector<std::string> verses() {
    const Busy busy;
    return {std::string(3'000, 'a') + "first", std::string(3'000, 'a') + "last"};
}

template <class Made>
auto made_tls(Made made) {
    if (made.error) throw SetUpRefused(std::move(made.error));
    return made.value;
}

}  // namespace

void play_secure(Visit& visit) {
    const auto tls = made_tls(Tls::make({.identities = {identity()}}));
    const auto client_tls =
        made_tls(TlsClient::make({.authorities = identity().certificate_chain}));
    Server server({.loops = 1});
    const auto compression =
        deflate({.memory = DeflateMemory::dedicated, .window_bits = 10, .memory_level = 1});
    Handlers handlers;
    handlers.open = [&heard = visit.heard()](Connection&) { ++heard.opened; };
    handlers.close = [&heard = visit.heard()](Connection&, const CloseEvent&) { ++heard.closed; };
    handlers.message = [](Connection& connection, Message message) { connection.send(message); };
    server.ws("/echo", std::move(handlers),
              {.idle_ping_ms = 3'600'000, .message_timeout_ms = 0, .compression = compression});
    visit.listen(server, {.host = "127.0.0.1", .tls = tls});
    Loop loop;
    visit.start(server);
    visit.set_up_is_over();
    run_client(loop, visit.bring<ClientGuest>("client", verses()),
               "wss://localhost:" + std::to_string(server.port()) + "/echo",
               {.tls = client_tls, .compression = compression});
    server.shutdown(1'000);
}

void play_stomp(Visit& visit) {
    StompBroker broker({}, {});
    Server server({.loops = 2});
    broker.attach(server, "/stomp");
    visit.listen([&] { return broker.listen(server, {.host = "127.0.0.1"}); });
    const Address tcp = Address::ip("127.0.0.1", server.port());
    const Address web = Address::ip("127.0.0.2", server.port());
    visit.listen(server, {.host = "127.0.0.2", .port = server.port()});
    visit.start(server);
    visit.set_up_is_over();
    visit.bring<StompTcpGuest>("over TCP", "/topic/first").come(tcp);
    visit.bring<StompTcpGuest>("over TCP, too", "/topic/second").come(tcp);
    visit.bring<StompWebSocketGuest>("over WebSocket", "/topic/third").come(web);
    visit.await();
    (void)broker.send("/topic/news", std::as_bytes(std::span("news", 4)));
    visit.await();
    server.shutdown(1'000);
    visit.await();
}

}  // namespace edgews::sim::test
