// The answer of a plain HTTP handler.
#pragma once

#include <edgews/http.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews {

enum class HeaderFault : std::uint8_t {
    none,
    status_out_of_range,
    name_malformed,   // Not a token.
    value_malformed,  // CR, LF, NUL or another control character.
    name_reserved,    // Ours to send: Connection, Content-Length, Transfer-Encoding, Upgrade, …
};

// One sentence about the mistake, for the application's developer.
[[nodiscard]] std::string_view describe(HeaderFault fault) noexcept;

// Headers that an application adds, checked as they come in.
class ResponseHeaders {
  public:
    // Refuses what could break the response open (CR, LF, NUL), names that are no
    // token, and headers that are the engine's to send (HeaderFault::name_reserved).
    HeaderFault add(std::string_view name, std::string_view value);
    // Valid until the next add().
    [[nodiscard]] std::vector<HeaderField> fields() const;

  private:
    std::vector<std::pair<std::string, std::string>> owned_;
};

struct Response {
    unsigned status = 200;  // 200 to 599.
    ResponseHeaders headers{};
    std::string body{};
};

}  // namespace edgews
