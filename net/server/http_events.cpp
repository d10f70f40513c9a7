// What operators are told of requests (edgews/event.hpp).
#include "net/server/http_connection.hpp"
#include "net/server/shard.hpp"

namespace edgews {

void HttpConnection::report(EventKind kind, std::uint32_t code, std::string_view route,
                            std::string_view text) const noexcept {
    if (!shard_.events()) return;
    shard_.events().tell({.kind = kind,
                          .code = code,
                          .address = admission_.address(),
                          .route = route,
                          .text = text});
}

void HttpConnection::report_refusal(const HttpHead& head, unsigned status,
                                    std::string_view why) const {
    if (!shard_.events()) return;
    const bool is_handshake = wants_websocket(head);
    report(is_handshake ? EventKind::handshake_refused : EventKind::request_refused, status,
           head.path(), why);
}

void HttpConnection::report_failure(unsigned status, std::string_view route) const noexcept {
    if (!shard_.events()) return;
    report(EventKind::handler_failed, status, route, text_of_exception());
}

void HttpConnection::report_failure(const Shard& shard) noexcept {
    if (!shard.events()) return;
    shard.events().tell({.kind = EventKind::handler_failed, .text = text_of_exception()});
}

void HttpConnection::report_no_memory(unsigned status, std::string_view route) const noexcept {
    report(EventKind::limit_reached, status, route, option_of(AdmissionLimit::memory));
}

void HttpConnection::report_slow_reader(std::string_view why) const {
    if (!shard_.events()) return;
    shard_.events().tell_later(
        {.kind = EventKind::consumer_slow, .address = admission_.address(), .text = why});
}

}  // namespace edgews
