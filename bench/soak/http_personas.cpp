// Clients of plain HTTP, of TLS, and of the PROXY header, polite ones and others.
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "socket.hpp"
#include "world.hpp"

namespace soak {
namespace {

constexpr std::uint64_t patience_ms = 6'000;  // More than any limit of the server.

std::string get(std::string_view path) {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
}

std::size_t count_of(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
    return count;
}

// Some requests at once, one of them for a large body; a last one is refused by its path.
edgews::Task<bool> asks_for_pages(World& world) {
    constexpr std::array<std::string_view, 4> paths{"/healthz", "/metrics", "/page", "/none"};
    Socket socket =
        world.dice.chance(20) ? Socket(world.ports.unix_path()) : Socket(world.ports.plain);
    const std::uint64_t count = world.dice.between(1, 6);
    std::string requests;
    for (std::uint64_t i = 0; i < count; ++i) requests += get(paths[world.dice.below(4)]);
    requests += get("/last");
    socket.send(requests);
    const std::string heard = co_await hear(world, socket, "nothing more here", patience_ms);
    if (!heard.empty() && count_of(heard, "HTTP/1.1 ") != count + 1) ++world.wrong_total;
    if (world.dice.chance(50)) co_await desert(world, socket);
    co_return !heard.empty();
}

edgews::Task<bool> asks_byte_by_byte(World& world) {
    Socket socket(world.ports.plain);
    const std::string request = get("/healthz");
    static_cast<void>(co_await drip(world, socket, request, 2, 20));
    const std::string heard = co_await hear(world, socket, "\r\n\r\nok", patience_ms);
    co_return !heard.empty();
}

edgews::Task<bool> stops_within_a_head(World& world) {
    Socket socket(world.ports.plain);
    const std::string request = upgrade_request("/echo");
    socket.send(std::string_view(request).substr(0, world.dice.below(request.size())));
    co_await desert(world, socket);
    co_return true;
}

// Until the server has had enough of it.
edgews::Task<bool> never_finishes_a_head(World& world) {
    Socket socket(world.ports.plain);
    socket.send("GET /echo HTTP/1.1\r\nHost: ");
    const bool has_ended = co_await hear_end(world, socket, patience_ms);
    co_return has_ended;
}

edgews::Task<bool> asks_and_does_not_read(World& world) {
    Socket socket(world.ports.plain, 4096);
    std::string requests;
    for (int i = 0; i < 8; ++i) requests += get("/page");
    socket.send(requests);
    co_await world.pause(500, 4'000);
    co_await desert(world, socket);
    co_return true;
}

edgews::Task<bool> sends_no_http(World& world) {
    Socket socket(world.ports.plain);
    constexpr std::array<std::string_view, 5> nonsense{
        "\x16\x03\x01\x02\x00\x01", "GET /echo\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "BREW /pot HTTP/1.1\r\n\r\n",
        "GET /echo HTTP/1.1\r\n no: colon\r\n\r\n"};
    socket.send(nonsense[world.dice.below(nonsense.size())]);
    const bool has_ended = co_await hear_end(world, socket, patience_ms);
    co_return has_ended;
}

// Many at once, most of whom are gone before anyone looks at them.
edgews::Task<bool> comes_in_a_burst(World& world) {
    const std::uint64_t count = world.dice.between(50, 300);
    std::vector<Socket> sockets;
    sockets.reserve(count);
    const std::string request = upgrade_request("/echo");
    for (std::uint64_t i = 0; i < count; ++i) {
        Socket& socket = sockets.emplace_back(world.ports.plain);
        switch (world.dice.below(3)) {
            case 0: socket.reset(); break;
            case 1: socket.send(request); break;
            default: break;
        }
    }
    co_await world.pause(1, 800);
    for (Socket& socket : sockets) {
        if (world.dice.chance(30)) socket.reset();
    }
    co_return true;
}

// The first flight of TLS, or a part of it, and then nothing.
edgews::Task<bool> stops_within_tls(World& world) {
    Socket socket(world.ports.tls);
    const bool is_whole = world.dice.chance(50);
    socket.send(
        std::string_view(world.client_hello)
            .substr(0, is_whole ? std::string::npos : world.dice.below(world.client_hello.size())));
    if (is_whole) {
        const std::string heard = co_await hear(world, socket, "\x16\x03\x03", 1'000);
        if (heard.empty()) co_return false;
    }
    co_await desert(world, socket);
    co_return true;
}

edgews::Task<bool> never_finishes_tls(World& world) {
    Socket socket(world.ports.tls);
    socket.send(world.client_hello);
    const bool has_ended = co_await hear_end(world, socket, patience_ms);
    co_return has_ended;
}

edgews::Task<bool> speaks_no_tls(World& world) {
    Socket socket(world.ports.tls);
    if (world.dice.chance(50)) {
        socket.send(get("/healthz"));
    } else {
        socket.send(world.client_hello.substr(0, 60) + std::string(200, 'x'));
    }
    const bool has_ended = co_await hear_end(world, socket, patience_ms);
    co_return has_ended;
}

// Behind a proxy, each time from another address, so that tables by address have much to forget.
edgews::Task<bool> comes_by_a_proxy(World& world) {
    Socket socket(world.ports.proxied);
    const auto part = [&world] { return std::to_string(world.dice.below(256)); };
    const std::string head = "PROXY TCP4 10." + part() + "." + part() + "." + part() +
                             " 10.0.0.1 40000 80\r\n" + upgrade_request("/echo") +
                             frame(text_frame, "by a proxy");
    socket.send(head);
    const std::string heard = co_await hear(world, socket, "by a proxy", patience_ms);
    if (world.dice.chance(50)) co_await desert(world, socket);
    co_return !heard.empty();
}

edgews::Task<bool> forgets_the_proxy_header(World& world) {
    Socket socket(world.ports.proxied);
    socket.send(world.dice.chance(50) ? "PROXY TCP4 nonsense\r\n" : "GET / HTTP/1.1\r\n\r\n");
    const bool has_ended = co_await hear_end(world, socket, patience_ms);
    co_return has_ended;
}

// More of one address than may: some are refused.
edgews::Task<bool> crowds_from_one_address(World& world) {
    const std::string head = "PROXY TCP4 10.9.9.9 10.0.0.1 40000 80\r\n" + upgrade_request("/echo");
    std::vector<Socket> sockets;
    for (int i = 0; i < 30; ++i) sockets.emplace_back(world.ports.proxied).send(head);
    co_await world.pause(200, 1'000);
    bool is_refused = false;
    for (Socket& socket : sockets) {
        is_refused = socket.take().find(" 503 ") != std::string::npos || is_refused;
    }
    co_return is_refused;
}

constexpr std::array personas{
    Persona{"asks for pages", 10, asks_for_pages},
    Persona{"asks byte by byte", 3, asks_byte_by_byte},
    Persona{"stops within a head", 6, stops_within_a_head},
    Persona{"never finishes a head", 2, never_finishes_a_head},
    Persona{"asks and does not read", 2, asks_and_does_not_read},
    Persona{"sends no HTTP", 4, sends_no_http},
    Persona{"comes in a burst", 1, comes_in_a_burst},
    Persona{"stops within TLS", 6, stops_within_tls},
    Persona{"never finishes TLS", 2, never_finishes_tls},
    Persona{"speaks no TLS", 3, speaks_no_tls},
    Persona{"comes by a proxy", 8, comes_by_a_proxy},
    Persona{"forgets the PROXY header", 2, forgets_the_proxy_header},
    Persona{"crowds from one address", 1, crowds_from_one_address},
};

}  // namespace

std::span<const Persona> http_personas() noexcept {
    return personas;
}

}  // namespace soak
