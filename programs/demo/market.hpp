// The demo's ticker: four prices that stroll about.
#pragma once

#include "programs/common/json.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace demo {

// Belongs to one loop's thread.
class Market {
  public:
    // The next prices, as a message.
    std::string tick() {
        std::string row = "[";
        for (std::size_t i = 0; i < std::size(symbols); ++i) {
            const int reach = std::max(1, cents_[i] / 500);
            cents_[i] += std::uniform_int_distribution(-reach, reach)(random_);
            cents_[i] = std::max(cents_[i], symbols[i].open / 10);
            row += (i == 0 ? "" : ",") + money(cents_[i]);
        }
        history_.push_back(row += "]");
        if (history_.size() > history_count_max) history_.pop_front();
        return R"({"type":"tick","prices":)" + row + "}";
    }

    [[nodiscard]] std::string symbols_and_history() const {
        std::string text = R"("symbols":[)";
        for (const Symbol& s : symbols) {
            text += &s == symbols ? "{" : ",{";
            text += R"("symbol":)" + quote(s.symbol) + R"(,"name":)" + quote(s.name);
            text += R"(,"open":)" + money(s.open) + "}";
        }
        text += R"(],"history":[)";
        for (const std::string& row : history_) text += (&row == &history_[0] ? "" : ",") + row;
        return text + "]";
    }

  private:
    struct Symbol {
        std::string_view symbol;
        std::string_view name;
        int open;
    };
    static constexpr Symbol symbols[] = {{"EDG", "Edge Trigger", 10150},
                                         {"WSS", "Secure Line", 6445},
                                         {"TCP", "Handshake", 793},
                                         {"UDP", "Best Effort", 2317}};
    static constexpr std::size_t history_count_max = 300;  // A minute.

    static std::string money(int cents) {
        const std::string fraction = std::to_string(100 + cents % 100).substr(1);
        return std::to_string(cents / 100) + "." + fraction;
    }

    std::mt19937 random_{std::random_device{}()};
    std::vector<int> cents_{symbols[0].open, symbols[1].open, symbols[2].open, symbols[3].open};
    std::deque<std::string> history_;
};

}  // namespace demo
