// An HTTP request as a handler sees it.
#pragma once

#include <edgews/address.hpp>
#include <edgews/function.hpp>
#include <edgews/http.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace edgews {

class DeferredResponse;  // edgews/response.hpp
class FileRoute;
struct Response;
class EventStream;  // edgews/event_stream.hpp
struct EventStreamOptions;
class ResponseStream;  // edgews/response_stream.hpp
struct StreamOptions;
class HttpConnection;
class HttpHead;
class PathParameters;
class Transport;

// The facts about TLS that a transport knows once it is open.
struct TransportInfo {
    std::string protocol{};        // "TLSv1.3"
    std::string cipher{};          // "TLS_AES_256_GCM_SHA384"
    std::string server_name{};     // The name that the client asked for (SNI). Empty: none.
    std::string client_subject{};  // That of the client's verified certificate. Empty: it has none.
    bool is_resumed = false;       // It goes on with an earlier session.
};

// A view. It is valid until the handler returns, and so are all views that it returns.
class Request {
  public:
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    [[nodiscard]] std::string_view method() const noexcept;
    // The path as it was sent, percent-encoded, without the query.
    [[nodiscard]] std::string_view path() const noexcept;
    [[nodiscard]] std::string_view query() const noexcept;
    // The value of the first query parameter of that name, decoded ('+' is a space). Empty: there
    // is none.
    [[nodiscard]] std::optional<std::string> query(std::string_view name) const;
    // The path parameter of that name in the route's pattern, decoded. "*" names the rest of the
    // path.
    [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
    // The host[:port] that the request is for: the target's, or the Host header's (RFC 9112,
    // section 3.2.2). Empty: a request of HTTP/1.0 has neither.
    [[nodiscard]] std::string_view host() const noexcept;
    // The value of the first header of that name, in any case. Empty: there is none.
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept;
    // All headers, in the order in which they were sent. Requires: index < header_count().
    [[nodiscard]] std::size_t header_count() const noexcept;
    [[nodiscard]] HeaderField header_at(std::size_t index) const noexcept;
    [[nodiscard]] bool offers_subprotocol(std::string_view name) const noexcept;
    // The whole body (RFC 9110, section 6.4), as bytes or as text, of which nothing is checked but
    // the size (HttpRouteOptions::body_size_max). Empty: the request has none, or asks for an
    // upgrade.
    [[nodiscard]] std::span<const std::byte> body_bytes() const noexcept { return body_; }
    [[nodiscard]] std::string_view body() const noexcept {
        return {reinterpret_cast<const char*>(body_.data()), body_.size()};
    }
    // Leaves the answer to whoever has it, on any thread. What the handler writes into its Response
    // is then not sent. The client waits for it, for HttpRouteOptions::answer_timeout_ms at most,
    // and what else it asks for meanwhile waits, too. `gone` is called on the connection's loop, at
    // most once, when nobody waits for the answer any more that has not been given: the client is
    // gone, or sends nothing more, or the time is up, or the server's grace is. It may be empty,
    // and is not called when the handler throws, which answers 500.
    // Throws std::logic_error in an upgrade handler, whose Upgrade defers, and when the answer was
    // deferred already.
    [[nodiscard]] DeferredResponse defer(Function<void()> gone = {}) const;
    // Sends the head of the answer, and the beginning of its content, if there is any; the rest is
    // written by whoever has the stream, on any thread. What the handler writes into its Response
    // is then not sent. What else the client asks for waits until the answer is finished.
    // Throws std::invalid_argument for a status that is none, and std::logic_error as defer() does.
    [[nodiscard]] ResponseStream stream(const Response& head) const;
    [[nodiscard]] ResponseStream stream(const Response& head, StreamOptions options) const;
    // The same as a stream of events, for a page's EventSource. It has status 200.
    [[nodiscard]] EventStream events() const;
    [[nodiscard]] EventStream events(EventStreamOptions options) const;
    // The client's address. Where a trusted proxy forwards the request or the connection, it is the
    // one that the proxy names (ServerOptions::trusted_proxies), perhaps without a port.
    [[nodiscard]] const Address& remote_address() const noexcept { return client_; }
    // The facts about TLS. Null: the request did not come over TLS.
    [[nodiscard]] const TransportInfo* tls() const noexcept;

  private:
    friend class FileRoute;  // The engine's.
    friend class HttpConnection;
    friend class Upgrade;
    // `transport`: null without one. `connection`: whose answer may be deferred; null: it may not.
    Request(const HttpHead& head, const PathParameters& parameters, const Address& client,
            const Transport* transport, std::span<const std::byte> body = {},
            HttpConnection* connection = nullptr) noexcept
        : head_(head),
          parameters_(parameters),
          client_(client),
          transport_(transport),
          body_(body),
          connection_(connection) {}

    const HttpHead& head_;
    const PathParameters& parameters_;
    const Address& client_;
    const Transport* transport_;
    std::span<const std::byte> body_;
    HttpConnection* connection_;
};

}  // namespace edgews
