#include <edgews/event_stream.hpp>

#include <edgews/request.hpp>
#include "core/http/http_response.hpp"
#include "core/http/server_sent_event.hpp"
#include "net/server/http_connection.hpp"

#include <stdexcept>
#include <utility>

namespace edgews {

namespace {

void add_unless_set(ResponseHeaders& headers, std::string_view name, std::string_view value) {
    if (!headers.has(name)) headers.add(name, value);
}

}  // namespace

EventStream Request::events() const {
    return events({});
}

EventStream Request::events(EventStreamOptions options) const {
    if (connection_ == nullptr) throw std::logic_error("Request::events(): an Upgrade has none");
    Response head{.headers = std::move(options.headers)};
    add_unless_set(head.headers, "Content-Type", "text/event-stream");
    add_unless_set(head.headers, "Cache-Control", "no-store");
    add_unless_set(head.headers, "X-Accel-Buffering", "no");  // nginx would keep events back.
    if (options.retry_ms) append_retry(head.body, *options.retry_ms);
    StreamOptions stream{.backlog_size_max = options.backlog_size_max,
                         .overflow = options.overflow,
                         .is_endless = true,
                         .gone = std::move(options.gone)};
    return {connection_->stream(head, std::move(stream), options.keep_alive_ms),
            header("Last-Event-ID").value_or("")};
}

SendResult EventStream::send(const ServerSentEvent& event) const {
    std::string text;
    if (!append_event(text, event)) return SendResult::invalid;
    return stream_.write(text);
}

}  // namespace edgews
