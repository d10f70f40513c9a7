// The measurement of `wsc --latency`: how long a message takes to an echoing server and back.
#pragma once

#include <edgews/message.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace wsc {

class Latency {
  public:
    Latency(edgews::Message::Kind kind, std::size_t size, std::uint64_t count)
        : kind_(kind), payload_(size, 'x'), count_(count) {}

    // The next message, each a little different. The clock runs from here.
    [[nodiscard]] edgews::Message next() {
        const std::string number = std::to_string(times_us_.size());
        const std::size_t size = std::min(number.size(), payload_.size());
        payload_.replace(0, size, number, number.size() - size, size);
        sent_ = Clock::now();
        if (times_us_.empty()) begun_ = sent_;
        return {kind_, std::as_bytes(std::span(payload_))};
    }

    // True: it is the echo; the next may go. Whatever else a server says is passed over.
    bool take(edgews::Message answer) {
        const auto now = Clock::now();
        if (answer.text() != payload_ || is_complete()) return false;
        times_us_.push_back(std::chrono::duration<double, std::micro>(now - sent_).count());
        ended_ = now;
        return true;
    }

    [[nodiscard]] bool is_complete() const noexcept { return times_us_.size() >= count_; }
    [[nodiscard]] bool is_empty() const noexcept { return times_us_.empty(); }

    // Requires: not empty.
    [[nodiscard]] std::string table() {
        std::string text = std::to_string(times_us_.size()) + " messages of " +
                           std::to_string(payload_.size()) + " bytes, one at a time\n";
        char line[64];
        for (const auto& [name, value] : figures()) {
            std::snprintf(line, sizeof line, "%-6s %10.1f µs\n", name, value);
            text += line;
        }
        std::snprintf(line, sizeof line, "rate   %10.0f messages/s", rate());
        return text + line;
    }

    // Requires: not empty.
    [[nodiscard]] std::string json() {
        std::string text = R"({"type":"latency","messages":)" + std::to_string(times_us_.size()) +
                           R"(,"size":)" + std::to_string(payload_.size());
        char member[64];
        for (const auto& [name, value] : figures()) {
            std::string key = name;
            std::replace(key.begin(), key.end(), '.', '_');
            std::snprintf(member, sizeof member, ",\"%s_us\":%.1f", key.c_str(), value);
            text += member;
        }
        std::snprintf(member, sizeof member, ",\"messages_per_second\":%.0f}", rate());
        return text + member;
    }

  private:
    using Clock = std::chrono::steady_clock;
    struct Figure {
        const char* name;
        double us;
    };

    [[nodiscard]] std::vector<Figure> figures() {
        std::sort(times_us_.begin(), times_us_.end());
        const auto count = static_cast<double>(times_us_.size());
        // The least value that such a share of all does not exceed.
        const auto quantile = [&](double share) {
            return times_us_[static_cast<std::size_t>(std::ceil(share * count)) - 1];
        };
        const double sum = std::accumulate(times_us_.begin(), times_us_.end(), 0.0);
        return {{"min", times_us_.front()}, {"p50", quantile(0.5)},     {"p90", quantile(0.9)},
                {"p99", quantile(0.99)},    {"p99.9", quantile(0.999)}, {"max", times_us_.back()},
                {"mean", sum / count}};
    }

    [[nodiscard]] double rate() const {
        const double seconds = std::chrono::duration<double>(ended_ - begun_).count();
        return static_cast<double>(times_us_.size()) / seconds;
    }

    edgews::Message::Kind kind_;
    std::string payload_;
    std::uint64_t count_;
    std::vector<double> times_us_{};
    Clock::time_point begun_{};
    Clock::time_point sent_{};
    Clock::time_point ended_{};
};

}  // namespace wsc
