// The answer of a plain HTTP handler.
#pragma once

#include <edgews/http.hpp>
#include <edgews/loop.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
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
    // Adds all that `others` has.
    void add(const ResponseHeaders& others) { lines_ += others.lines_; }
    // Whether one of them has that name, in any case.
    [[nodiscard]] bool has(std::string_view name) const noexcept;

    // Both are valid until the next add() and clear(). The lines are what is sent: "name: value"
    // CR LF, of each.
    [[nodiscard]] std::vector<HeaderField> fields() const;
    [[nodiscard]] std::string_view lines() const noexcept { return lines_; }
    // There are none then. Their memory is kept.
    void clear() noexcept { lines_.clear(); }

  private:
    std::string lines_;
};

struct Response {
    unsigned status = 200;  // 200 to 599.
    ResponseHeaders headers{};
    std::string body{};
};

// An answer that is still to be given, and may be on any thread: see Request::defer(). Copies are
// of the same answer.
class DeferredResponse {
  public:
    DeferredResponse() = default;

    // The first answer counts, and goes to the connection's loop. False: nobody waits for it any
    // more.
    bool send(Response response) const;
    // Somebody waits for it. It may be false a moment later.
    [[nodiscard]] bool is_awaited() const noexcept;

  private:
    friend class HttpConnection;  // The engine's.
    DeferredResponse(std::shared_ptr<LoopLink> link, Token token)
        : link_(std::move(link)),
          token_(token),
          is_claimed_(std::make_shared<std::atomic<bool>>(false)) {}
    // Makes the answer the caller's to give. False: it is somebody else's.
    [[nodiscard]] bool claim() const noexcept;

    std::shared_ptr<LoopLink> link_;
    Token token_ = no_token;
    std::shared_ptr<std::atomic<bool>> is_claimed_;  // Null: nothing was deferred.
};

}  // namespace edgews
