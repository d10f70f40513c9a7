// Server-sent events (WHATWG HTML, section 9.2): what a page's EventSource listens to.
//
//     server.get("/news", [&](const edgews::Request& request, edgews::Response&) {
//         listeners.push_back(request.events());
//     });
//     …
//     for (const edgews::EventStream& each : listeners) each.send("something has happened");
#pragma once

#include <edgews/response_stream.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace edgews {

// Text in UTF-8, of which nothing is checked here.
struct ServerSentEvent {
    // Any text. The listener gets each line break in it (CR LF, CR or LF) as LF.
    std::string_view data{};
    // What the listener listens to, without line breaks; empty: "message".
    std::string_view name{};
    // What the client sends as Last-Event-ID when it comes again, without line breaks and NULs.
    // Empty text: it sends none. Without a value it sends what it would have.
    std::optional<std::string_view> id{};
};

struct EventStreamOptions {
    // Milliseconds of silence after which a comment is sent, which no listener hears: proxies cut
    // silent connections, and of a client that is gone only what is sent to it tells. 0: none is.
    std::uint32_t keep_alive_ms = 15'000;
    // Milliseconds that the client waits before it comes again. Without a value it has its own.
    std::optional<std::uint32_t> retry_ms{};
    // As in StreamOptions. What is dropped is lost: events are whole, or are not sent.
    std::size_t backlog_size_max = 1024 * 1024;
    Overflow overflow = Overflow::close;
    Function<void()> gone{};
    // Further headers of the answer.
    ResponseHeaders headers{};
};

// Copies are of the same stream; any thread: see ResponseStream. The client comes again when it
// ends, unless it is answered 204 then. It ends at once when the server shuts down.
class EventStream {
  public:
    // Of no client.
    EventStream() = default;

    // `invalid`: the name or the id has a line break, or the id a NUL. Nothing was sent.
    SendResult send(const ServerSentEvent& event) const;
    SendResult send(std::string_view data) const { return send(ServerSentEvent{.data = data}); }
    bool finish() const { return stream_.finish(); }
    [[nodiscard]] bool is_open() const noexcept { return stream_.is_open(); }
    // The id of the last event that the client has had from an earlier stream. Empty: it says none.
    // It is what the client sent, whatever that is.
    [[nodiscard]] const std::string& last_event_id() const noexcept { return last_event_id_; }

  private:
    friend class Request;
    EventStream(ResponseStream stream, std::string_view last_event_id)
        : stream_(std::move(stream)), last_event_id_(last_event_id) {}

    ResponseStream stream_;
    std::string last_event_id_;
};

}  // namespace edgews
