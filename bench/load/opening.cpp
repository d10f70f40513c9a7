#include "opening.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/http/http_token.hpp"
#include "core/websocket/handshake.hpp"
#include "crypto/base64.hpp"
#include "crypto/random.hpp"

namespace load {
namespace {

constexpr unsigned text_count = 64;
constexpr std::size_t response_size_max = 16 * 1024;

std::string make_key() {
    std::array<std::byte, 16> bytes;
    edgews::fill_random(bytes);
    std::string key(edgews::websocket_key_size, '\0');
    edgews::base64_encode(bytes, key);
    return key;
}

}  // namespace

OpeningTexts::OpeningTexts(const std::string& host, std::uint16_t port, const std::string& path) {
    const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
    const std::string begin = "GET " + path + " HTTP/1.1\r\nHost: " + name + ":" +
                              std::to_string(port) +
                              "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ";
    for (unsigned i = 0; i < text_count; ++i) {
        const std::string key = make_key();
        const auto accept = edgews::accept_key(key);
        texts_.push_back({begin + key + "\r\n\r\n", std::string(accept.data(), accept.size())});
    }
}

std::string fault_of_response(std::string_view head, std::string_view accept) {
    using edgews::equals_ignoring_case;
    if (!head.starts_with("HTTP/1.1 101 ")) {
        return "the server refuses: " + std::string(head.substr(0, head.find('\r')));
    }
    bool is_upgrade = false;
    bool is_websocket = false;
    bool is_accepted = false;
    while (true) {
        head.remove_prefix(head.find("\r\n") + 2);
        const std::string_view line = head.substr(0, head.find("\r\n"));
        if (line.empty()) break;
        const std::size_t colon = std::min(line.find(':'), line.size() - 1);
        const std::string_view name = line.substr(0, colon);
        const std::string_view value = edgews::trim(line.substr(colon + 1));
        if (equals_ignoring_case(name, "Connection")) {
            is_upgrade = equals_ignoring_case(value, "Upgrade");
        } else if (equals_ignoring_case(name, "Upgrade")) {
            is_websocket = equals_ignoring_case(value, "websocket");
        } else if (equals_ignoring_case(name, "Sec-WebSocket-Accept")) {
            is_accepted = value == accept;
        } else if (equals_ignoring_case(name, "Sec-WebSocket-Extensions") ||
                   equals_ignoring_case(name, "Sec-WebSocket-Protocol")) {
            return "the response to the upgrade agrees to what was not offered: " +
                   std::string(line);
        }
    }
    if (!is_upgrade || !is_websocket) return "the response to the upgrade does not upgrade";
    if (!is_accepted) return "Sec-WebSocket-Accept is wrong or missing";
    return {};
}

Opening::Opening(const Target& target, const OpeningTexts& texts, unsigned number)
    : fd_(target.connect(number)),
      request_(&texts.request(number)),
      accept_(&texts.accept(number)) {
    if (!fd_) {
        fail_with_errno("connect");
    } else {
        send_request();  // On loopback we are connected by now.
    }
}

Opening::Step Opening::advance() {
    if (!fd_) return Step::failed;
    if (!is_sent_ && send_request() == Step::failed) return Step::failed;
    return is_sent_ ? read_response() : Step::waiting;
}

Opening::Step Opening::send_request() noexcept {
    const ssize_t sent = ::send(fd_.get(), request_->data(), request_->size(), MSG_NOSIGNAL);
    if (sent < 0) {
        const bool is_connecting = errno == EAGAIN || errno == ENOTCONN;
        return is_connecting ? Step::waiting : fail_with_errno("connect");
    }
    if (static_cast<std::size_t>(sent) < request_->size()) return fail("a request had no room");
    is_sent_ = true;
    return Step::waiting;
}

Opening::Step Opening::read_response() {
    std::array<char, 2048> buffer;
    const ssize_t size = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (size < 0) return errno == EAGAIN ? Step::waiting : fail_with_errno("recv");
    if (size == 0) return fail("the server closed the connection during the handshake");
    response_.append(buffer.data(), static_cast<std::size_t>(size));
    const std::size_t end = response_.find("\r\n\r\n");
    if (end == std::string::npos) {
        const bool is_too_long = response_.size() > response_size_max;
        return is_too_long ? fail("the response to the upgrade does not end") : Step::waiting;
    }
    std::string fault = fault_of_response(std::string_view(response_).substr(0, end + 4), *accept_);
    if (!fault.empty()) return fail(std::move(fault));
    if (response_.size() > end + 4) return fail("the server sends before it was asked");
    return Step::open;
}

Opening::Step Opening::fail(std::string fault) noexcept {
    fault_ = std::move(fault);
    fd_.reset();
    return Step::failed;
}

Opening::Step Opening::fail_with_errno(const char* what) noexcept {
    return fail(std::string(what) + ": " + std::strerror(errno));
}

}  // namespace load
