// The members of an object that is known to be JSON, one by one.
//
// Header-only, as the tokens are.
#pragma once

#include "core/socketio/json_tokens.hpp"

#include <cstddef>
#include <string_view>

namespace edgews::sio {

class JsonMembers {
  public:
    explicit JsonMembers(std::string_view object) noexcept : tokens_(object) {
        static_cast<void>(tokens_.next());  // The brace.
    }

    struct Member {
        std::string_view name{};  // A string, as it stands. Empty: there is no further member.
        std::string_view value{};
    };
    [[nodiscard]] Member next() noexcept {
        std::string_view name = tokens_.next();
        if (name == ",") name = tokens_.next();
        if (name == "}") return {};
        static_cast<void>(tokens_.next());  // The colon.
        return {name, take_value()};
    }

  private:
    [[nodiscard]] std::string_view take_value() noexcept {
        const std::string_view first = tokens_.next();
        std::string_view last = first;
        std::size_t depth = 0;
        for (;; last = tokens_.next()) {
            if (last == "{" || last == "[") ++depth;
            if (last == "}" || last == "]") --depth;
            if (depth == 0) break;
        }
        const char* const end = last.data() + last.size();
        return {first.data(), static_cast<std::size_t>(end - first.data())};
    }

    JsonTokens tokens_;
};

}  // namespace edgews::sio
