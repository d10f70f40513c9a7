// In place of TLS, for clients in a world: a handshake of one line each way, and then bytes as they
// are. A NUL is a broken record.
#pragma once

#include <edgews/client_options.hpp>
#include "core/base/buffer.hpp"
#include "net/stream/transport.hpp"

#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews::sim::test {

class ToyTransport final : public Transport {
  public:
    static constexpr std::string_view hello = "hello\n";

    // `fails`: there is nothing that could be offered.
    explicit ToyTransport(bool fails) : fails_(fails) {}

    [[nodiscard]] State state() const noexcept override { return state_; }
    [[nodiscard]] const TransportInfo& info() const noexcept override { return info_; }
    [[nodiscard]] std::string_view failure() const noexcept override { return failure_; }

    std::size_t open(std::span<const std::byte> received,
                     std::span<std::byte> plain) noexcept override {
        if (fails_) return fail("nothing to agree on");
        if (!std::exchange(has_spoken_, true)) pending_ += hello;
        if (state_ == State::opening) {
            for (; !received.empty() && answer_.size() < hello.size();
                 received = received.subspan(1)) {
                answer_ += static_cast<char>(received.front());
            }
            if (answer_ != hello.substr(0, answer_.size())) return fail("they are rude");
            if (answer_.size() < hello.size()) return 0;
            state_ = State::open;
        }
        const auto end = std::find(received.begin(), received.end(), std::byte{0});
        if (end != received.end()) return fail("a broken record");
        std::copy(received.begin(), received.end(), plain.begin());
        return received.size();
    }
    void seal(std::span<const iovec> pieces) noexcept override {
        for (const iovec& piece : pieces) {
            pending_.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
        }
    }
    bool end() noexcept override { return false; }
    [[nodiscard]] std::span<const std::byte> pending() const noexcept override {
        return std::as_bytes(std::span(pending_));
    }
    void sent(std::size_t count) noexcept override { pending_.erase(0, count); }

  private:
    std::size_t fail(std::string_view why) noexcept {
        state_ = State::failed;
        failure_ = why;
        return 0;
    }

    bool fails_;
    bool has_spoken_ = false;
    State state_ = State::opening;
    std::string answer_{};
    std::string pending_{};
    std::string failure_{};
    TransportInfo info_{};
};

class ToyTls final : public ClientTransportFactory {
  public:
    enum class Manner : std::uint8_t { usual, without_memory, without_offer };

    [[nodiscard]] std::unique_ptr<Transport> connect(
        BufferPool&, std::string_view host) const noexcept override {
        hosts.emplace_back(host);
        if (manner == Manner::without_memory) return nullptr;
        return std::make_unique<ToyTransport>(manner == Manner::without_offer);
    }

    Manner manner = Manner::usual;
    mutable std::vector<std::string> hosts{};  // That had to be proved.
};

}  // namespace edgews::sim::test
