// The opening handshake, the client's half (RFC 6455, section 4.1): from connect() to a
// response that is checked.
#pragma once

#include "net/loop/fd.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "target.hpp"

namespace load {

// Requests made beforehand, each with a key of its own, and the answers to their keys.
class OpeningTexts {
  public:
    OpeningTexts(const std::string& host, std::uint16_t port, const std::string& path);

    // Any number; they repeat.
    [[nodiscard]] const std::string& request(unsigned number) const noexcept {
        return texts_[number % texts_.size()].request;
    }
    [[nodiscard]] const std::string& accept(unsigned number) const noexcept {
        return texts_[number % texts_.size()].accept;
    }

  private:
    struct Text {
        std::string request;
        std::string accept;
    };
    std::vector<Text> texts_;
};

// What is wrong with a whole response head, or an empty string. `accept`: what its
// Sec-WebSocket-Accept must be.
[[nodiscard]] std::string fault_of_response(std::string_view head, std::string_view accept);

class Opening {
  public:
    enum class Step : std::uint8_t { waiting, open, failed };

    // Begins to connect, and sends the request if that is possible at once. Both are borrowed;
    // `number` chooses the request and the address to come from.
    Opening(const Target& target, const OpeningTexts& texts, unsigned number);

    // Goes on, after epoll has told something. `open`: the connection is a WebSocket.
    [[nodiscard]] Step advance();

    // To be watched for input, output and its end, edge-triggered; invalid when begun in vain.
    [[nodiscard]] const edgews::Fd& fd() const noexcept { return fd_; }
    // Requires: open. The socket is the caller's then.
    [[nodiscard]] edgews::Fd take_fd() noexcept { return std::move(fd_); }
    // Ends it at once.
    void reset() noexcept { close_at_once(fd_); }
    // Why it failed.
    [[nodiscard]] const std::string& fault() const noexcept { return fault_; }

  private:
    Step fail(std::string fault) noexcept;
    Step fail_with_errno(const char* what) noexcept;
    Step send_request() noexcept;
    Step read_response();

    edgews::Fd fd_;
    const std::string* request_;
    const std::string* accept_;
    bool is_sent_ = false;
    std::string response_{};
    std::string fault_{};
};

}  // namespace load
