// An HTTP request as a handler sees it.
#pragma once

#include <edgews/address.hpp>
#include <edgews/http.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace edgews {

class HttpHead;
class PathParameters;
class Transport;

// What a transport knows about its peer once it is open.
struct TransportInfo {
    std::string protocol{};        // "TLSv1.3"
    std::string cipher{};          // "TLS_AES_256_GCM_SHA384"
    std::string server_name{};     // That the client asked for (SNI); empty: none.
    std::string client_subject{};  // Of its certificate, which was verified; empty: it has none.
    bool is_resumed = false;       // From an earlier session.
};

// A view: it, and all views that it returns, are valid until the handler returns.
class Request {
  public:
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    [[nodiscard]] std::string_view method() const noexcept;
    // As sent, percent-encoded, without the query.
    [[nodiscard]] std::string_view path() const noexcept;
    [[nodiscard]] std::string_view query() const noexcept;
    // The first query parameter of that name, decoded ('+' is a space).
    [[nodiscard]] std::optional<std::string> query(std::string_view name) const;
    // The path parameter of that name in the route's pattern ("*": the rest), decoded.
    [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
    // host[:port] that the request is for: the target's or the Host header's (RFC 9112, section
    // 3.2.2). Empty only where a request of HTTP/1.0 has neither.
    [[nodiscard]] std::string_view host() const noexcept;
    // The first header of that name, in any case.
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept;
    // All headers, in order: at 0 to header_count() - 1.
    [[nodiscard]] std::size_t header_count() const noexcept;
    [[nodiscard]] HeaderField header_at(std::size_t index) const noexcept;
    [[nodiscard]] bool offers_subprotocol(std::string_view name) const noexcept;
    // The client's: where a trusted proxy forwards the request or the connection, as that says
    // (ServerOptions::trusted_proxies), and then perhaps without a port.
    [[nodiscard]] const Address& remote_address() const noexcept { return client_; }
    // How it came, and from whom: version, cipher, the certificate's subject. Null: not over TLS.
    [[nodiscard]] const TransportInfo* tls() const noexcept;

  private:
    friend class HttpConnection;  // The engine's.
    friend class Upgrade;
    // `transport`: null without one.
    Request(const HttpHead& head, const PathParameters& parameters, const Address& client,
            const Transport* transport) noexcept
        : head_(head), parameters_(parameters), client_(client), transport_(transport) {}

    const HttpHead& head_;
    const PathParameters& parameters_;
    const Address& client_;
    const Transport* transport_;
};

}  // namespace edgews
