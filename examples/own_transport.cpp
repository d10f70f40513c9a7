// An echo on a transport of your own, with nothing but core/: no loop, no server. Here the
// transport is a socketpair, as `socat TCP-LISTEN:9001,fork EXEC:own_transport` makes one.
#include "core/websocket/handshake.hpp"
#include "core/websocket/session.hpp"

#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <chrono>

using namespace edgews;

static std::uint32_t now_ms() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<std::uint32_t>(now / std::chrono::milliseconds(1));
}

// A client says nothing behind its request until it is answered.
static bool shake_hands(int fd) {
    HttpHead head;
    char request[4096];
    const auto size = std::max<ssize_t>(::read(fd, request, sizeof request), 0);
    const std::string_view input(request, static_cast<std::size_t>(size));
    if (head.parse(input) != HttpHead::Progress::complete) return false;
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
    WebSocketSession session(setup, now_ms());
    while (!session.has_ended()) {
        pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
        const int ready = ::poll(&waiting, 1, static_cast<int>(session.next_due_ms(now_ms())));
        const ssize_t size = ready > 0 ? ::read(fd, space.data(), space.size()) : 0;
        if (size < 0 || (ready > 0 && size == 0)) return;
        std::span<std::byte> input = std::span(space).first(static_cast<std::size_t>(size));
        while (const Event event = session.next(input, {&queue, now_ms()})) {
            if (event.kind == Event::Kind::message)
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

int main() {
    if (shake_hands(STDIN_FILENO)) serve(STDIN_FILENO);
}
