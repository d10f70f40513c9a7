// An answer of plain HTTP that is sent piece by piece, as its content comes to be.
//
//     server.get("/numbers", [](const edgews::Request& request, edgews::Response&) {
//         const edgews::ResponseStream numbers = request.stream({});
//         for (int i = 0; i < 1'000; ++i) numbers.write(std::to_string(i) + "\n");
//         numbers.finish();
//     });
#pragma once

#include <edgews/function.hpp>
#include <edgews/message.hpp>
#include <edgews/options.hpp>
#include <edgews/response.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace edgews {

class StreamWriter;  // The engine's.

struct StreamOptions {
    // Bytes of the whole content, which the head then tells (Content-Length). A write beyond them,
    // and an end before them, cut the connection. Without a value the content is sent in chunks
    // (RFC 9112, section 7.1), and to a client of HTTP/1.0 until the connection ends.
    std::optional<std::uint64_t> content_length{};
    // Bytes that may wait for a client that reads slowly, or on their way from other threads. A
    // write may always be made when nothing waits, however large it is.
    std::size_t backlog_size_max = 1024 * 1024;
    // The way to deal with a write that would exceed that. close: the connection is cut, and the
    // write returns `closed`. drop and tell: it returns `dropped`; nothing of it is sent, and it
    // may be made again, in `drain` at the latest.
    Overflow overflow = Overflow::close;
    // Bytes. `drain` is called when the backlog has grown beyond this, or a write was dropped, and
    // it is back below it.
    std::size_t drain_mark = 64 * 1024;
    // There is no end that the client waits for, as with events: when the server shuts down, or the
    // client sends nothing more, it ends at once and in good order. Without it the server's grace
    // is there for the rest, and a client that sends nothing more is still sent it.
    bool is_endless = false;
    // Called on the connection's loop.
    Function<void()> drain{};
    // Called on the connection's loop, at most once, when nobody wants more of what is not
    // finished: the client is gone, or sends nothing more; the connection was cut; the server's
    // grace is over; or the answer has no content, as that to a HEAD. It is not called when the
    // request's handler throws, the last copy is destroyed, or finish() comes before
    // content_length: these cut the connection, and who did so knows.
    Function<void()> gone{};
};

// Copies are of the same answer. All functions may be called on any thread: on that of the
// connection's loop they act at once, from another one in the order of that thread's calls, and a
// result may be out of date by then.
//
// When the last copy is destroyed before finish(), the connection is cut: what the client has is
// never taken for the whole.
class ResponseStream {
  public:
    // Of no answer.
    ResponseStream() = default;

    // Sends more of the content, of which nothing is kept. `sent` or `queued`: it is on its way.
    // `invalid`: it is more than StreamOptions::content_length, and the connection is cut.
    // `closed`: nobody wants it.
    SendResult write(std::string_view content) const;
    SendResult write(std::span<const std::byte> content) const {
        return write(
            std::string_view(reinterpret_cast<const char*>(content.data()), content.size()));
    }
    // The content is complete; the connection goes on, if the client wants and may. False: it was
    // said already, or nobody wants it.
    bool finish() const;
    // Somebody wants more. It may be false a moment later.
    [[nodiscard]] bool is_open() const noexcept;

  private:
    friend class HttpConnection;  // The engine's.
    explicit ResponseStream(std::shared_ptr<const StreamWriter> writer) noexcept
        : writer_(std::move(writer)) {}

    std::shared_ptr<const StreamWriter> writer_;
};

}  // namespace edgews
