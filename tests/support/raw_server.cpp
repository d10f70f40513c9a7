#include "raw_server.hpp"

#include "core/websocket/handshake.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>

#include "scripted_source.hpp"

namespace edgews::test {

namespace {

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what);
}

bool is_same_name(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

}  // namespace

bool turn_until(Loop& loop, const std::function<bool()>& is_so) {
    const std::uint64_t begin_ms = steady_ms();
    while (!is_so() && steady_ms() - begin_ms < soon_ms) loop.poll(1);
    return is_so();
}

std::string MaskedFrame::describe() const {
    std::string out = to_hex(std::array{static_cast<std::byte>(first_byte)});
    std::span<const std::byte> rest(payload);
    if (first_byte == 0x88 && rest.size() >= 2) {
        const unsigned code =
            std::to_integer<unsigned>(rest[0]) << 8 | std::to_integer<unsigned>(rest[1]);
        out += ' ' + std::to_string(code);
        rest = rest.subspan(2);
    }
    return rest.empty() ? out : out + ' ' + text_of(rest);
}

std::string header_of(std::string_view request, std::string_view name) {
    std::size_t begin = request.find("\r\n");
    while (begin != std::string_view::npos) {
        const std::string_view line =
            request.substr(begin + 2, request.find("\r\n", begin + 2) - begin - 2);
        const std::size_t colon = line.find(": ");
        if (colon != std::string_view::npos && is_same_name(line.substr(0, colon), name)) {
            return std::string(line.substr(colon + 2));
        }
        begin = request.find("\r\n", begin + 2);
    }
    return "-";
}

std::string opening_answer(std::string_view request, std::string_view lines) {
    const auto accept = accept_key(header_of(request, "Sec-WebSocket-Key"));
    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Accept: " +
           std::string(accept.data(), accept.size()) + "\r\n" + std::string(lines) + "\r\n";
}

void RawPeer::send(std::span<const std::byte> bytes) {
    const std::uint64_t begin_ms = steady_ms();
    while (!bytes.empty()) {
        const ssize_t sent =
            ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(sent));
        } else if (errno != EAGAIN) {
            fail("the client takes nothing any more");
        } else if (steady_ms() - begin_ms > soon_ms) {
            fail("the client reads nothing");
        } else {
            loop_->poll(1);
        }
    }
}

RawPeer::Came RawPeer::receive() {
    std::array<std::byte, 64 * 1024> space;
    const ssize_t count = ::recv(fd_.get(), space.data(), space.size(), MSG_DONTWAIT);
    if (count < 0) return errno == EAGAIN ? Came::nothing : Came::end;
    received_.insert(received_.end(), space.begin(), space.begin() + count);
    return count > 0 ? Came::bytes : Came::end;
}

void RawPeer::need(std::size_t size) {
    const std::uint64_t begin_ms = steady_ms();
    while (received_.size() < size) {
        const Came came = receive();
        if (came == Came::end) fail("the client has ended: " + text_of(received_));
        if (came == Came::nothing) loop_->poll(1);
        if (steady_ms() - begin_ms > soon_ms) fail("the client sends nothing");
    }
}

Bytes RawPeer::read_exactly(std::size_t size) {
    need(size);
    const auto end = received_.begin() + static_cast<std::ptrdiff_t>(size);
    Bytes bytes(received_.begin(), end);
    received_.erase(received_.begin(), end);
    return bytes;
}

std::string RawPeer::read_head() {
    while (text_of(received_).find("\r\n\r\n") == std::string::npos) need(received_.size() + 1);
    return text_of(read_exactly(text_of(received_).find("\r\n\r\n") + 4));
}

std::string RawPeer::answer(std::string_view lines, std::span<const std::byte> behind) {
    std::string request = read_head();
    send(bytes_of(opening_answer(request, lines)) + behind);
    return request;
}

MaskedFrame RawPeer::read_frame() {
    const Bytes start = read_exactly(2);
    MaskedFrame frame{.first_byte = std::to_integer<unsigned>(start[0])};
    frame.is_masked = (start[1] & std::byte{0x80}) != std::byte{};
    std::size_t size = std::to_integer<std::size_t>(start[1] & std::byte{0x7F});
    const std::size_t more = size == 126 ? 2 : size == 127 ? 8 : 0;
    if (more > 0) size = 0;
    for (const std::byte byte : read_exactly(more)) {
        size = size << 8 | std::to_integer<std::size_t>(byte);
    }
    const Bytes key = read_exactly(frame.is_masked ? 4 : 0);
    for (const std::byte byte : key) {
        frame.key = frame.key << 8 | std::to_integer<std::uint32_t>(byte);
    }
    frame.payload = read_exactly(size);
    for (std::size_t i = 0; i < size && frame.is_masked; ++i) frame.payload[i] ^= key[i % 4];
    return frame;
}

Bytes RawPeer::take_input() {
    (void)receive();
    return std::exchange(received_, {});
}

void RawPeer::expect_eof() {
    const std::uint64_t begin_ms = steady_ms();
    Came came = Came::nothing;
    while (came == Came::nothing && steady_ms() - begin_ms < soon_ms) {
        came = receive();
        if (came == Came::nothing) loop_->poll(1);
    }
    if (came != Came::end || !received_.empty()) fail("not the end: " + to_hex(received_));
}

void RawPeer::expect_end() {
    const std::uint64_t begin_ms = steady_ms();
    for (Came came = receive(); came != Came::end; came = receive()) {
        if (came == Came::nothing) loop_->poll(1);
        if (steady_ms() - begin_ms > soon_ms) fail("the client does not end");
    }
}

void RawPeer::expect_silence(int turns) {
    for (int i = 0; i < turns; ++i) {
        loop_->poll(1);
        if (receive() != Came::nothing) fail("not silence: " + to_hex(received_));
    }
}

void RawPeer::half_close() {
    ::shutdown(fd_.get(), SHUT_WR);
}

void RawPeer::reset() {
    const linger no_goodbye{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &no_goodbye, sizeof no_goodbye);
    fd_.reset();
}

RawPeer RawServer::accept() const {
    Fd fd;
    if (!turn_until(*loop_, [&] { return fd || (fd = place_.accept()); })) fail("nobody connects");
    return {*loop_, std::move(fd)};
}

RawPeer RawServer::accept_opened(std::string_view lines, std::span<const std::byte> behind) const {
    RawPeer peer = accept();
    peer.answer(lines, behind);
    return peer;
}

bool RawServer::has_waiting() const {
    loop_->poll(0);
    return place_.has_waiting();
}

}  // namespace edgews::test
