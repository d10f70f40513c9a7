// The answer of a plain HTTP handler.
#pragma once

#include "core/http/http_response.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews {

// Headers that an application adds, checked as they come in.
class ResponseHeaders {
  public:
    // Refuses what could break the response open (CR, LF, NUL), names that are no
    // token, and headers that are the engine's to send (core/http/http_response.hpp).
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
