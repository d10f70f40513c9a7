// An HTTP request as a handler sees it.
#pragma once

#include <edgews/address.hpp>
#include "core/http/http_head.hpp"
#include "core/http/path_pattern.hpp"
#include "core/http/url.hpp"
#include "core/websocket/handshake.hpp"
#include "net/stream/transport.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace edgews {

// A view: it, and all views that it returns, are valid until the handler returns.
class Request {
  public:
    // `transport`: null without one.
    Request(const HttpHead& head, const PathParameters& parameters, const Address& client,
            const Transport* transport) noexcept
        : head_(head), parameters_(parameters), client_(client), transport_(transport) {}

    [[nodiscard]] std::string_view method() const noexcept { return head_.method(); }
    // As sent, percent-encoded, without the query.
    [[nodiscard]] std::string_view path() const noexcept { return head_.path(); }
    [[nodiscard]] std::string_view query() const noexcept { return head_.query(); }
    // The first query parameter of that name, decoded ('+' is a space).
    [[nodiscard]] std::optional<std::string> query(std::string_view name) const {
        return query_value(head_.query(), name);
    }
    // The path parameter of that name in the route's pattern ("*": the rest), decoded.
    [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const {
        return parameters_.get(name);
    }
    // The first header of that name, in any case.
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept {
        return head_.header(name);
    }
    [[nodiscard]] bool offers_subprotocol(std::string_view name) const noexcept {
        return edgews::offers_subprotocol(head_, name);
    }
    // The client's: where a trusted proxy forwards the request or the connection, as that says
    // (ServerOptions::trusted_proxies), and then perhaps without a port.
    [[nodiscard]] const Address& remote_address() const noexcept { return client_; }
    // How it came, and from whom: version, cipher, the certificate's subject. Null: not over TLS.
    [[nodiscard]] const TransportInfo* tls() const noexcept {
        return transport_ == nullptr ? nullptr : &transport_->info();
    }
    // All headers, lists and tokens: see core/http/http_head.hpp.
    [[nodiscard]] const HttpHead& head() const noexcept { return head_; }

  private:
    const HttpHead& head_;
    const PathParameters& parameters_;
    const Address& client_;
    const Transport* transport_;
};

}  // namespace edgews
