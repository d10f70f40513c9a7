// Clients that speak WebSocket by hand: cut, slow, deaf, and wrong.
#include <array>
#include <string>
#include <string_view>

#include "socket.hpp"
#include "world.hpp"

namespace soak {
namespace {

constexpr std::uint64_t patience_ms = 9'000;  // More than any limit of the server.
constexpr std::string_view accepted = "HTTP/1.1 101 ";

// An opened connection to `path`; is_over(): it is none.
edgews::Task<Socket> open(World& world, std::string_view path, int receive_size = 0) {
    Socket socket(world.ports.plain, receive_size);
    socket.send(upgrade_request(path));
    const std::string answer = co_await hear(world, socket, "\r\n\r\n", patience_ms);
    if (!answer.starts_with(accepted)) socket.reset();
    co_return std::move(socket);
}

// A close frame of the server's with that code.
std::string closes_with(unsigned code) {
    return {static_cast<char>(code >> 8U), static_cast<char>(code & 0xFFU)};
}

// Each breaks one rule, and is told which close code stands for it.
edgews::Task<bool> breaks_a_rule(World& world) {
    struct Row {
        std::string frames;
        unsigned code;
    };
    const std::array rows{
        Row{std::string("\x81\x05hello", 7), 1002},                    // Not masked.
        Row{frame(0xC1, "hello"), 1002},                               // RSV1.
        Row{frame(0x83, "hello"), 1002},                               // No such opcode.
        Row{frame(0x09, "hello"), 1002},                               // A ping in parts.
        Row{frame(0x80, "hello"), 1002},                               // Goes on with nothing.
        Row{frame(text_frame, "\xC3\x28"), 1007},                      // No UTF-8.
        Row{frame(0x01, "\xF0\x9F") + frame(0x80, "x"), 1007},         // Nor this.
        Row{frame_header(binary_frame, std::size_t{1} << 40U), 1009},  // Too large.
        Row{frame(close_frame, std::string("\x03\xED", 2)), 1002},     // Code 1005.
        Row{frame(0x01, "a") + frame(text_frame, "b"), 1002},          // Two at once.
    };
    Socket socket = co_await open(world, "/echo");
    if (socket.is_over()) co_return false;
    const Row& row = rows[world.dice.below(rows.size())];
    socket.send(row.frames);
    const std::string code = closes_with(row.code);
    const std::string heard = co_await hear(world, socket, code, patience_ms);
    if (world.dice.chance(50)) co_return !heard.empty();
    const bool has_ended = co_await hear_end(world, socket, patience_ms);
    co_return has_ended && !heard.empty();
}

edgews::Task<bool> stops_within_a_frame(World& world) {
    Socket socket = co_await open(world, world.dice.chance(50) ? "/echo" : "/parts");
    if (socket.is_over()) co_return false;
    const std::size_t size = world.dice.between(10, 200'000);
    socket.send(frame_header(binary_frame, size) + std::string(world.dice.below(size), 'x'));
    co_await desert(world, socket);
    co_return true;
}

// Until the server has had enough of it.
edgews::Task<bool> never_finishes_a_frame(World& world) {
    Socket socket = co_await open(world, "/echo");
    if (socket.is_over()) co_return false;
    socket.send(frame_header(binary_frame, 100'000) + std::string(30'000, 'x'));
    const bool has_ended = co_await hear_end(world, socket, patience_ms);
    co_return has_ended;
}

edgews::Task<bool> sends_byte_by_byte(World& world) {
    Socket socket = co_await open(world, "/echo");
    const std::string message =
        frame(0x01, "a small ") + frame(ping_frame, "?") + frame(0x80, "message");
    const bool is_sent = co_await drip(world, socket, message, 3, 15);
    if (!is_sent) co_return false;
    const std::string heard = co_await hear(world, socket, "a small message", patience_ms);
    if (heard.empty() && !socket.is_over()) ++world.wrong_total;
    co_await desert(world, socket);
    co_return !heard.empty();
}

// Asks for more than anyone reads.
edgews::Task<bool> does_not_read(World& world) {
    Socket socket = co_await open(world, "/flood", 4096);
    if (socket.is_over()) co_return false;
    for (int i = 0; i < 8; ++i) socket.send(frame(text_frame, "65536"));
    co_await world.pause(300, 4'000);
    if (world.dice.chance(40)) {
        const bool has_ended = co_await hear_end(world, socket, 1'500);
        co_return has_ended;
    }
    co_await desert(world, socket);
    co_return true;
}

// A reader of a busy room who is too slow for it.
edgews::Task<bool> reads_too_slowly(World& world) {
    Socket socket = co_await open(world, "/room/busy", 4096);
    if (socket.is_over()) co_return false;
    for (int i = 0; i < 20 && !socket.is_over(); ++i) {
        co_await world.pause(50, 400);
        if (world.dice.chance(20)) static_cast<void>(socket.take());
    }
    co_return true;
}

// Says nothing, not even a pong.
edgews::Task<bool> is_silent(World& world) {
    Socket socket = co_await open(world, "/echo");
    if (socket.is_over()) co_return false;
    const bool has_ended = co_await hear_end(world, socket, patience_ms);
    co_return has_ended;
}

// Ends its side, and still wants what it asked for.
edgews::Task<bool> half_closes(World& world) {
    Socket socket = co_await open(world, "/echo");
    if (socket.is_over()) co_return false;
    socket.send(frame(text_frame, "the last words"));
    socket.shut_down();
    const std::string heard = co_await hear(world, socket, "the last words", patience_ms);
    if (heard.empty()) co_return false;
    const bool has_ended = co_await hear_end(world, socket, patience_ms);
    co_return has_ended;
}

// The same, with a reset behind what it sent.
edgews::Task<bool> resets_behind_messages(World& world) {
    Socket socket = co_await open(world, "/room/busy");
    if (socket.is_over()) co_return false;
    const std::uint64_t count = world.dice.between(1, 30);
    for (std::uint64_t i = 0; i < count; ++i) socket.send(frame(text_frame, "gone soon"));
    socket.reset();
    co_return true;
}

// Closes as one should, but never ends TCP.
edgews::Task<bool> closes_and_stays(World& world) {
    Socket socket = co_await open(world, "/echo");
    if (socket.is_over()) co_return false;
    socket.send(frame(close_frame, std::string("\x03\xE8", 2)));
    const bool has_ended = co_await hear_end(world, socket, patience_ms);
    co_return has_ended;
}

// Is told to go, and does not answer the close frame.
edgews::Task<bool> ignores_the_close(World& world) {
    Socket socket = co_await open(world, "/leave");
    if (socket.is_over()) co_return false;
    const bool has_ended = co_await hear_end(world, socket, patience_ms);
    co_return has_ended;
}

// So many small messages, pings and empty fragments that it gets a share of turns only.
edgews::Task<bool> is_loud(World& world) {
    Socket socket = co_await open(world, "/echo");
    if (socket.is_over()) co_return false;
    std::string frames;
    for (int i = 0; i < 1'000; ++i) frames += frame(i % 3 == 0 ? ping_frame : text_frame, "loud");
    frames += frame(0x01, "");
    for (int i = 0; i < 100; ++i) frames += frame(0x00, "");
    frames += frame(0x80, "the end of it");
    for (std::string_view rest = frames; !rest.empty() && !socket.is_over();) {
        const std::string_view part = rest.substr(0, 4'000);
        if (!socket.send(part)) break;
        rest.remove_prefix(part.size());
        static_cast<void>(socket.take());
        co_await world.pause(1, 4);
    }
    const std::string heard = co_await hear(world, socket, "the end of it", patience_ms);
    co_return !heard.empty();
}

constexpr std::array personas{
    Persona{"breaks a rule", 8, breaks_a_rule},
    Persona{"stops within a frame", 6, stops_within_a_frame},
    Persona{"never finishes a frame", 2, never_finishes_a_frame},
    Persona{"sends byte by byte", 4, sends_byte_by_byte},
    Persona{"does not read", 3, does_not_read},
    Persona{"reads too slowly", 3, reads_too_slowly},
    Persona{"is silent", 2, is_silent},
    Persona{"half-closes", 5, half_closes},
    Persona{"resets behind messages", 8, resets_behind_messages},
    Persona{"closes and stays", 2, closes_and_stays},
    Persona{"ignores the close", 2, ignores_the_close},
    Persona{"is loud", 2, is_loud},
};

}  // namespace

std::span<const Persona> raw_personas() noexcept {
    return personas;
}

}  // namespace soak
