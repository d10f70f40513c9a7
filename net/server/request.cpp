#include <edgews/request.hpp>

#include <edgews/response.hpp>
#include <edgews/response_stream.hpp>
#include "core/http/http_head.hpp"
#include "core/http/path_pattern.hpp"
#include "core/http/url.hpp"
#include "core/websocket/handshake.hpp"
#include "net/server/http_connection.hpp"
#include "net/stream/transport.hpp"

#include <stdexcept>
#include <utility>

namespace edgews {

std::string_view Request::method() const noexcept {
    return head_.method();
}

std::string_view Request::path() const noexcept {
    return head_.path();
}

std::string_view Request::query() const noexcept {
    return head_.query();
}

std::optional<std::string> Request::query(std::string_view name) const {
    return query_value(head_.query(), name);
}

std::optional<std::string> Request::parameter(std::string_view name) const {
    return parameters_.get(name);
}

std::string_view Request::host() const noexcept {
    return head_.host();
}

std::optional<std::string_view> Request::header(std::string_view name) const noexcept {
    return head_.header(name);
}

std::size_t Request::header_count() const noexcept {
    return head_.header_count();
}

HeaderField Request::header_at(std::size_t index) const noexcept {
    return head_.header_at(index);
}

bool Request::offers_subprotocol(std::string_view name) const noexcept {
    return edgews::offers_subprotocol(head_, name);
}

DeferredResponse Request::defer(Function<void()> gone) const {
    if (connection_ == nullptr) throw std::logic_error("Request::defer(): an Upgrade defers");
    return connection_->defer(std::move(gone));
}

ResponseStream Request::stream(const Response& head) const {
    return stream(head, {});
}

ResponseStream Request::stream(const Response& head, StreamOptions options) const {
    if (connection_ == nullptr) throw std::logic_error("Request::stream(): an Upgrade has none");
    return connection_->stream(head, std::move(options));
}

const TransportInfo* Request::tls() const noexcept {
    return transport_ == nullptr ? nullptr : &transport_->info();
}

}  // namespace edgews
