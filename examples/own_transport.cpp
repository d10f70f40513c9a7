// An echo on a transport of your own, with nothing but core/: no loop, no server. Here the
// transport is a socketpair; it may be shared memory or a kernel bypass.
#include "core/websocket/handshake.hpp"
#include "core/websocket/session.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <thread>

using namespace edgews;

static std::uint32_t now_ms() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<std::uint32_t>(now / std::chrono::milliseconds(1));
}

// A client says nothing behind its request until it is answered.
static bool shake_hands(int fd) {
    HttpHead head;
    char request[4096];
    const auto size = static_cast<std::size_t>(::read(fd, request, sizeof request));
    if (head.parse({request, size}) != HttpHead::Progress::complete) return false;
    std::string answer;
    const auto [fault, key] = read_opening_request(head);
    if (fault != HandshakeFault::none) append_refusal(answer, fault);
    if (fault == HandshakeFault::none) (void)append_opening_response(answer, {.key = key});
    return ::write(fd, answer.data(), answer.size()) > 0 && fault == HandshakeFault::none;
}

static void serve(int fd) {
    BufferPool pool;
    OutputQueue queue(pool);
    const SessionSetup setup{.reader = {.pool = &pool}};
    std::vector<std::byte> space(64 * 1024);
    if (!shake_hands(fd)) return;
    WebSocketSession session(setup, now_ms());
    while (!session.has_ended()) {
        pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
        const int ready = ::poll(&waiting, 1, static_cast<int>(session.next_due_ms(now_ms())));
        const ssize_t size = ready > 0 ? ::read(fd, space.data(), space.size()) : 0;
        if (size < 0 || (ready > 0 && size == 0)) return;
        std::span<std::byte> input = std::span(space).first(static_cast<std::size_t>(size));
        while (const Event event = session.next(input, {&queue, now_ms()})) {
            if (event.kind != Event::Kind::message) continue;
            session.send(Message::checked(event.message_kind(), event.payload), queue);
        }
        if (session.at(now_ms(), queue) == WebSocketSession::Due::peer_silent) return;
        for (iovec piece; queue.gather(std::span(&piece, 1)) > 0;) {
            const ssize_t sent = ::writev(fd, &piece, 1);
            if (sent < 0) return;
            queue.consume(static_cast<std::size_t>(sent));
        }
    }
}

// A client that says "Hello" (RFC 6455, section 5.7), and goodbye.
int main() {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 1;
    std::thread server([&] { serve(ends[0]); });
    const auto ask = [&](std::string_view bytes) {
        char answer[512];
        if (::write(ends[1], bytes.data(), bytes.size()) < 0) return std::string();
        return std::string(answer,
                           static_cast<std::size_t>(::read(ends[1], answer, sizeof answer)));
    };
    std::cout << ask(
        "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
    std::cout << ask({"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11}).substr(2) << '\n';
    (void)ask({"\x88\x80\0\0\0\0", 6});
    server.join();
}
