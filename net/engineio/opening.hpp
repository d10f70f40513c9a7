// Of the request that opens a session: what Session shows of it.
#pragma once

#include <edgews/address.hpp>

#include <memory>
#include <optional>
#include <string_view>

namespace edgews {

class Request;

namespace engineio {

struct Options;

class Opening {
  public:
    // Of no request.
    Opening() = default;
    Opening(const Request& request, const Options& options);

    [[nodiscard]] const Address& client() const noexcept { return client_; }
    [[nodiscard]] std::string_view query() const noexcept;
    // One of Options::kept_headers.
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept;

  private:
    Address client_{};
    // The query, and each header's name and value; behind each a zero, and one more at the end.
    // Each session has one, for as long as it lives. Null: of no request.
    std::unique_ptr<char[]> texts_{};
};

}  // namespace engineio

}  // namespace edgews
