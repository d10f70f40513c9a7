// A STOMP frame as a client sees it, written apart from the engine's: what it says of a server is a
// second opinion.
#pragma once

#include "sim/socket.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace edgews::sim::test {

struct StompFrame {
    std::string command{};
    std::map<std::string, std::string, std::less<>> headers{};
    std::string body{};

    // Empty: there is none of that name.
    [[nodiscard]] std::string get(std::string_view name) const {
        const auto found = headers.find(name);
        return found == headers.end() ? "" : found->second;
    }
};

// `has_length`: with a content-length, even where none is needed.
[[nodiscard]] std::string encode(const StompFrame& frame, bool has_length);

// Takes a frame from the front; nothing: it is not there as a whole. `fault` is the rule of 1.2
// that it breaks, if it was empty.
[[nodiscard]] std::optional<StompFrame> take_frame(Bytes& input, std::string& fault);

}  // namespace edgews::sim::test
