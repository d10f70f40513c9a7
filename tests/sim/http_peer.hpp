// An HTTP client outside a simulated world, written apart from the engine's parsers: what it says
// of a server is a second opinion.
#pragma once

#include "sim/peer.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sim::test {

struct HttpAnswer {
    unsigned status = 0;
    std::string headers{};  // All lines, each with its CR and LF.
    std::string body{};
    std::size_t content_length = 0;
    bool is_chunked = false;
    bool closes = false;  // It says that it is the connection's last.

    // Whether that line is among them.
    [[nodiscard]] bool has_line(std::string_view line) const;
};

class HttpPeer final : public Peer {
  public:
    HttpPeer(World& world, const Pace& pace) noexcept : Peer(world, pace) {}

    // An answer came; called as the world's events are.
    std::function<void(const HttpAnswer&)> answered{};

    // `is_head`: the answer to it has no content. Any bytes may be sent besides.
    void ask(std::string_view request, bool is_head = false);
    // What came behind a 101.
    [[nodiscard]] const std::string& upgraded() const noexcept { return upgraded_; }
    [[nodiscard]] bool is_upgraded() const noexcept { return state_ == State::upgraded; }
    [[nodiscard]] bool has_opened() const noexcept { return opened_ns_ != 0; }
    [[nodiscard]] std::uint64_t opened_ns() const noexcept { return opened_ns_; }
    [[nodiscard]] std::uint64_t ended_ns() const noexcept { return ended_ns_; }
    // It has the beginning of an answer that has not come as a whole.
    [[nodiscard]] bool is_in_answer() const noexcept { return !input_.is_empty(); }
    // The rule that the server broke; empty: none.
    [[nodiscard]] const std::string& fault() const noexcept { return fault_; }

  private:
    enum class State : std::uint8_t { answers, upgraded, over };

    void on_open() override { opened_ns_ = world().now_ns(); }
    void on_bytes(std::string_view bytes) override;
    void on_end() override;
    [[nodiscard]] bool read_answer();
    [[nodiscard]] bool read_content(HttpAnswer& answer, std::size_t begin);
    [[nodiscard]] bool read_chunks(HttpAnswer& answer, std::size_t begin);
    [[nodiscard]] bool read_head(HttpAnswer& answer, std::string_view head);
    [[nodiscard]] bool read_line(HttpAnswer& answer, std::string_view line);
    void take(HttpAnswer answer);
    void blame(const char* fault);

    State state_ = State::answers;
    Bytes input_{};
    std::deque<bool> are_heads_{};  // Of what was asked and not answered.
    std::string upgraded_{};
    std::uint64_t opened_ns_ = 0;
    std::uint64_t ended_ns_ = 0;
    std::string fault_{};
};

}  // namespace edgews::sim::test
