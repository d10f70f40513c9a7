// The least that an echo server on epoll can do: the practical limit on this machine.
//
//     floor [--port 9001]
//
// One thread, edge-triggered. For each event one recv, and one send of all that came, its
// frames turned into a server's where they lie. Nothing is checked, nothing is kept but the
// frame that was cut: long messages go back piece by piece as they come. Not a server for
// anyone: what it shows is how much of an echo's cost is the kernel's.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/kernels/mask.hpp"
#include "core/websocket/frame.hpp"
#include "core/websocket/handshake.hpp"
#include "programs/common/number.hpp"

namespace {

using edgews::frame_header_size_max;

constexpr std::size_t input_size = 256 * 1024;
// A payload from this size on is not moved to close the gap that the shorter header leaves.
constexpr std::size_t moved_size_max = 2048;

struct Peer {
    int fd;
    bool is_websocket = false;
    std::uint8_t header_size = 0;  // Bytes of a header that was cut.
    std::array<std::byte, frame_header_size_max> header{};
    std::uint64_t remaining = 0;  // Payload bytes that are to come.
    std::uint32_t key = 0;        // For the next of them.
    std::string kept{};           // The head while it comes; later what had no room in the socket.
};

// | room for a header that was cut | what recv brought |
alignas(64) std::array<std::byte, frame_header_size_max + input_size> buffer;
std::vector<iovec> pieces;  // What to send, all within the buffer.

std::size_t to_size(std::ptrdiff_t distance) {
    return static_cast<std::size_t>(distance);
}

void append_piece(std::byte* begin, std::size_t size) {
    std::byte* end = pieces.empty()
                         ? nullptr
                         : static_cast<std::byte*>(pieces.back().iov_base) + pieces.back().iov_len;
    if (end != nullptr && (begin == end || size < moved_size_max)) {
        if (begin != end) std::memmove(end, begin, size);
        pieces.back().iov_len += size;
    } else {
        pieces.push_back({begin, size});
    }
}

// Turns [at, end) of the buffer into frames of a server, and leaves the pieces of them.
void turn_around(Peer& peer, std::byte* at, std::byte* end) {
    pieces.clear();
    while (at < end) {
        std::byte* begin = at;  // Of what goes out in one go.
        if (peer.remaining == 0) {
            const edgews::ParsedHeader parsed =
                edgews::parse_frame_header(std::span(at, end), edgews::Role::server, false);
            if (parsed.size == 0) {
                peer.header_size = static_cast<std::uint8_t>(end - at);
                std::copy(at, end, peer.header.begin());
                return;
            }
            at += parsed.size;
            begin = at - (parsed.size - sizeof parsed.header.mask_key);
            peer.remaining = parsed.header.payload_size;
            peer.key = parsed.header.mask_key;
            edgews::FrameHeader header = parsed.header;
            header.masked = false;
            std::array<std::byte, frame_header_size_max> bytes;
            std::memcpy(begin, bytes.data(), edgews::encode_frame_header(header, bytes));
        }
        const std::size_t size = std::min<std::size_t>(peer.remaining, to_size(end - at));
        edgews::apply_mask({at, size}, peer.key);
        peer.key = edgews::advance_mask(peer.key, size);
        peer.remaining -= size;
        at += size;
        append_piece(begin, to_size(at - begin));
    }
}

// Sends the pieces, and keeps what has no room. True: all is sent.
bool send_pieces(Peer& peer) {
    if (pieces.empty()) return true;
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    const ssize_t result =
        pieces.size() == 1 ? ::send(peer.fd, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL)
                           : ::sendmsg(peer.fd, &message, MSG_NOSIGNAL);
    std::size_t sent = result > 0 ? static_cast<std::size_t>(result) : 0;
    for (const iovec& piece : pieces) {
        const std::size_t skipped = std::min(sent, piece.iov_len);
        sent -= skipped;
        peer.kept.append(static_cast<const char*>(piece.iov_base) + skipped,
                         piece.iov_len - skipped);
    }
    return peer.kept.empty();
}

bool send_kept(Peer& peer) {
    if (peer.kept.empty()) return true;
    const ssize_t sent = ::send(peer.fd, peer.kept.data(), peer.kept.size(), MSG_NOSIGNAL);
    if (sent > 0) peer.kept.erase(0, static_cast<std::size_t>(sent));
    if (peer.kept.empty()) peer.kept.shrink_to_fit();
    return peer.kept.empty();
}

// Answers a head that is complete. False: it is no handshake.
bool upgrade(Peer& peer, std::string_view input) {
    constexpr std::string_view name = "\r\nSec-WebSocket-Key: ";
    if (!peer.kept.empty() || !input.ends_with("\r\n\r\n")) input = peer.kept.append(input);
    if (!input.ends_with("\r\n\r\n")) return true;
    const std::size_t at = input.find(name);
    if (at == std::string_view::npos) return false;
    const auto accept =
        edgews::accept_key(input.substr(at + name.size(), edgews::websocket_key_size));
    std::string response =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: ";
    response.append(accept.data(), accept.size()).append("\r\n\r\n");
    peer.kept.clear();
    peer.is_websocket = true;
    return ::send(peer.fd, response.data(), response.size(), MSG_NOSIGNAL) > 0;
}

// False: the connection is over.
bool serve(Peer& peer) {
    while (!peer.is_websocket || send_kept(peer)) {
        std::byte* const input = buffer.data() + frame_header_size_max;
        const ssize_t result = ::recv(peer.fd, input, input_size, 0);
        if (result <= 0) return result < 0 && errno == EAGAIN;
        const auto size = static_cast<std::size_t>(result);
        if (peer.is_websocket) {
            std::byte* const begin = input - std::exchange(peer.header_size, std::uint8_t{0});
            std::copy_n(peer.header.begin(), input - begin, begin);
            turn_around(peer, begin, input + size);
            if (!send_pieces(peer)) return true;
        } else if (!upgrade(peer, {reinterpret_cast<const char*>(input), size})) {
            return false;
        }
        if (size < input_size) break;  // The socket is empty.
    }
    return true;
}

void watch(int epoll, int fd, unsigned events, void* data) {
    epoll_event event{};
    event.events = events | EPOLLET;
    event.data.ptr = data;
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) std::perror("floor: epoll_ctl");
}

// A listening socket, or -1. `port` becomes what it listens on. Congestion control without timers
// is enough on loopback.
int listen_on(std::uint16_t& port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // Connections inherit it.
    ::setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    auto* const name = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    if (::bind(fd, name, size) != 0 || ::listen(fd, SOMAXCONN) != 0) return -1;
    ::getsockname(fd, name, &size);
    port = ntohs(address.sin_port);
    return fd;
}

void run(int listener) {
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    watch(epoll, listener, EPOLLIN, nullptr);
    std::array<epoll_event, 512> events;
    while (true) {
        const int count = ::epoll_wait(epoll, events.data(), events.size(), -1);
        for (const epoll_event& event : std::span(events).first(to_size(std::max(count, 0)))) {
            auto* const peer = static_cast<Peer*>(event.data.ptr);
            if (peer != nullptr) {
                const bool is_first_edge = event.events == EPOLLOUT && peer->kept.empty();
                if (is_first_edge || serve(*peer)) continue;
                ::close(peer->fd);
                delete peer;
                continue;
            }
            int fd = -1;
            while ((fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0) {
                watch(epoll, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP, new Peer{.fd = fd});
            }
        }
    }
}

}  // namespace

int main(int count, char** words) {
    std::uint16_t port = 9001;
    const bool has_port = count == 3 && std::string_view(words[1]) == "--port";
    if (count > 1 && !(has_port && programs::parse_number(words[2], port))) {
        std::fputs("usage: floor [--port 0-65535]\n", stderr);
        return 2;
    }
    const int listener = listen_on(port);
    if (listener < 0) {
        std::fprintf(stderr, "floor: --port %d: %s\n", port, std::strerror(errno));
        return 1;
    }
    std::printf("listening on 127.0.0.1:%d\n", port);
    std::fflush(stdout);
    run(listener);
}
