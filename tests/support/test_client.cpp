#include "test_client.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace edgews::test {

namespace {

constexpr int time_limit_ms = 20'000;  // For anything; reached only by what is broken.

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what);
}

[[noreturn]] void fail_with_errno(const std::string& what) {
    fail(what + ": " + std::strerror(errno));
}

std::string describe(const ReceivedFrame& frame) {
    const Bytes start(frame.payload.begin(),
                      frame.payload.begin() + static_cast<std::ptrdiff_t>(
                                                  std::min<std::size_t>(frame.payload.size(), 60)));
    return "frame " + to_hex(std::array{static_cast<std::byte>(frame.first_byte)}) + " with " +
           std::to_string(frame.payload.size()) + " bytes: \"" + text_of(start) + "\"";
}

}  // namespace

unsigned ReceivedFrame::close_code() const {
    if (payload.size() < 2) return 1005;
    return std::to_integer<unsigned>(payload[0]) << 8 | std::to_integer<unsigned>(payload[1]);
}

std::string ReceivedFrame::close_reason() const {
    return payload.size() < 2 ? "" : text_of(std::span(payload).subspan(2));
}

bool HttpReply::has(std::string_view line) const {
    return head.find("\r\n" + std::string(line) + "\r\n") != std::string::npos;
}

TestClient TestClient::unconnected(ClientOptions options) {
    Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) fail_with_errno("socket");
    const int one = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    for (const auto& [name, size] : {std::pair{SO_RCVBUF, options.receive_buffer},
                                     std::pair{SO_SNDBUF, options.send_buffer}}) {
        if (size > 0) ::setsockopt(fd.get(), SOL_SOCKET, name, &size, sizeof size);
    }
    return TestClient(std::move(fd));
}

void TestClient::connect(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        fail_with_errno("connect to port " + std::to_string(port));
    }
}

TestClient TestClient::over_unix(std::string_view path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) fail("the path is too long");
    path.copy(address.sun_path, path.size());
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        fail_with_errno("connect to " + std::string(path));
    }
    return TestClient(std::move(fd));
}

TestClient::TestClient(std::uint16_t port, ClientOptions options)
    : TestClient(unconnected(options)) {
    connect(port);
}

TestClient TestClient::opened(std::uint16_t port, std::string_view path, std::string_view lines,
                              ClientOptions options) {
    TestClient client(port, options);
    client.send(upgrade_head(path, lines));
    const HttpReply reply = client.read_reply();
    if (reply.status != 101) fail("the handshake was answered:\n" + reply.head + reply.body);
    return client;
}

// With the key of RFC 6455, section 1.3.
std::string TestClient::upgrade_head(std::string_view path, std::string_view lines) {
    return get_head(path,
                    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                    "Sec-WebSocket-Version: 13\r\n" +
                        std::string(lines));
}

std::string TestClient::get_head(std::string_view path, std::string_view lines) {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(lines) +
           "\r\n";
}

void TestClient::wait_for(short events) {
    pollfd waiting{.fd = fd_.get(), .events = events, .revents = 0};
    int count = 0;
    do {
        count = ::poll(&waiting, 1, time_limit_ms);
    } while (count < 0 && errno == EINTR);
    if (count == 0) fail("nothing happened in time");
}

void TestClient::send(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        wait_for(POLLOUT);
        const ssize_t count =
            ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && errno != EAGAIN && errno != EINTR) fail_with_errno("send");
        if (count > 0) bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
}

void TestClient::send_urgent(std::byte byte) {
    if (::send(fd_.get(), &byte, 1, MSG_OOB | MSG_NOSIGNAL) != 1) {
        throw std::runtime_error("the urgent byte could not be sent");
    }
}

std::size_t TestClient::try_send(std::span<const std::byte> bytes) {
    const ssize_t count =
        ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return count < 0 ? 0 : static_cast<std::size_t>(count);
}

void TestClient::send_close(unsigned code, std::string_view reason) {
    Bytes payload{static_cast<std::byte>(code >> 8), static_cast<std::byte>(code & 0xFF)};
    send(client_frame(0x88, std::move(payload) + bytes_of(reason)));
}

Bytes TestClient::receive_some() {
    if (received_.empty()) receive_more();
    return std::exchange(received_, {});
}

// False: the server ended the connection.
bool TestClient::receive_more() {
    wait_for(POLLIN);
    std::array<std::byte, 64 * 1024> bytes;
    const ssize_t count = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
    if (count < 0) fail_with_errno("recv");
    received_.insert(received_.end(), bytes.begin(), bytes.begin() + count);
    return count > 0;
}

void TestClient::need(std::size_t size) {
    while (received_.size() < size) {
        if (!receive_more()) fail("the server ended the connection after " + text_of(received_));
    }
}

Bytes TestClient::read_exactly(std::size_t size) {
    need(size);
    const auto end = received_.begin() + static_cast<std::ptrdiff_t>(size);
    Bytes bytes(received_.begin(), end);
    received_.erase(received_.begin(), end);
    return bytes;
}

HttpReply TestClient::read_reply(bool has_body) {
    std::size_t end = 0;
    while ((end = text_of(received_).find("\r\n\r\n")) == std::string::npos) {
        need(received_.size() + 1);
    }
    HttpReply reply;
    reply.head = text_of(read_exactly(end + 4));
    reply.status = static_cast<unsigned>(std::atoi(reply.head.substr(9, 3).c_str()));
    constexpr std::string_view length = "\r\nContent-Length: ";
    const std::size_t found = reply.head.find(length);
    if (has_body && reply.has("Transfer-Encoding: chunked")) {
        for (std::string chunk = read_chunk(); !chunk.empty(); chunk = read_chunk()) {
            reply.body += chunk;
        }
    } else if (has_body && found != std::string::npos) {
        const std::string number = reply.head.substr(found + length.size());
        reply.body = text_of(read_exactly(std::strtoul(number.c_str(), nullptr, 10)));
    }
    return reply;
}

std::string TestClient::read_chunk() {
    std::size_t end = 0;
    while ((end = text_of(received_).find("\r\n")) == std::string::npos) {
        need(received_.size() + 1);
    }
    const std::string line = text_of(read_exactly(end + 2));
    const std::size_t size = std::stoul(line, nullptr, 16);
    const std::string content = text_of(read_exactly(size));
    if (text_of(read_exactly(2)) != "\r\n") fail("a chunk is longer than it said");
    return content;
}

HttpReply TestClient::get(std::string_view path, std::string_view lines) {
    send(get_head(path, lines));
    return read_reply();
}

ReceivedFrame TestClient::read_frame() {
    const Bytes start = read_exactly(2);
    std::size_t size = std::to_integer<std::size_t>(start[1]);
    if (size > 127) fail("the server sent a masked frame");
    if (size >= 126) {
        const Bytes length = read_exactly(size == 126 ? 2 : 8);
        size = 0;
        for (const std::byte byte : length) size = size << 8 | std::to_integer<std::size_t>(byte);
    }
    return {.first_byte = std::to_integer<unsigned>(start[0]), .payload = read_exactly(size)};
}

void TestClient::expect_frame(unsigned first_byte, std::string_view payload) {
    const ReceivedFrame frame = read_frame();
    if (frame.first_byte == first_byte && frame.text() == payload) return;
    fail("expected " + describe({.first_byte = first_byte, .payload = bytes_of(payload)}) +
         ", got " + describe(frame));
}

void TestClient::expect_close(unsigned code) {
    ReceivedFrame frame = read_frame();
    while (frame.first_byte != 0x88) frame = read_frame();
    if (frame.close_code() == code) return;
    fail("expected close code " + std::to_string(code) + ", got " +
         std::to_string(frame.close_code()) + ": " + frame.close_reason());
}

void TestClient::expect_eof() {
    const Bytes bytes = receive_some();
    if (!bytes.empty()) fail("expected the end, got \"" + text_of(bytes) + "\"");
}

void TestClient::expect_end() {
    for (;;) {
        received_.clear();
        wait_for(POLLIN);
        std::array<std::byte, 65536> bytes;
        const ssize_t count = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
        if (count == 0 || (count < 0 && errno == ECONNRESET)) return;
        if (count < 0) fail_with_errno("recv");
    }
}

void TestClient::expect_reset() {
    std::array<std::byte, 65536> bytes;
    ssize_t count = 1;
    while (count > 0) {
        wait_for(POLLIN);
        count = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
    }
    if (count == 0) fail("expected a reset, got the end");
    if (errno != ECONNRESET) fail_with_errno("recv");
}

void TestClient::close_cleanly(unsigned code) {
    send_close(code);
    expect_close(code);
    expect_eof();
    close();
}

void TestClient::half_close() {
    ::shutdown(fd_.get(), SHUT_WR);
}

void TestClient::reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    fd_.reset();
}

std::uint16_t TestClient::local_port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
}

}  // namespace edgews::test
