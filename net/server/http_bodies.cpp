// How a request's body is received: most lie behind their head whole, and are seen where they were
// received; the rest is gathered, within the limits of its route.
#include "core/base/ascii.hpp"
#include "net/server/http_connection.hpp"
#include "net/server/shard.hpp"

#include <cstring>
#include <utility>

namespace edgews {

namespace {

constexpr std::string_view please_continue = "HTTP/1.1 100 Continue\r\n\r\n";

// A client of HTTP/1.0 does not know what it would expect (RFC 9110, section 10.1.1).
bool expects_what_is_unknown(const HttpHead& head) noexcept {
    const auto expectation = head.header("Expect");
    return expectation && !head.is_http_1_0() &&
           !equals_ignoring_case(*expectation, "100-continue");
}

}  // namespace

void HttpConnection::receive_body(const HttpHead& head, const HttpRoute& route,
                                  const PathParameters& parameters, std::span<std::byte>& rest) {
    if (expects_what_is_unknown(head)) return refuse(head, route, HttpFault::expectation_unknown);
    HttpBodyReader reader(head, route.options.body_size_max);
    const bool is_begun = !rest.empty();
    std::byte* const begin = rest.data();
    std::size_t size = 0;
    HttpBodyReader::Step step = reader.next(rest);
    // Chunks are joined where the first of them is: behind what was read.
    for (; step == HttpBodyReader::Step::piece; step = reader.next(rest)) {
        std::memmove(begin + size, reader.piece().data(), reader.piece().size());
        size += reader.piece().size();
    }
    switch (step) {
        case HttpBodyReader::Step::complete:
            return serve_http(head, route, parameters, {begin, size});
        case HttpBodyReader::Step::failed: return refuse(head, route, reader.fault());
        case HttpBodyReader::Step::more:
        case HttpBodyReader::Step::piece: break;
    }
    await_body(head, route, reader, {begin, size});
    if (receiving_ && !is_begun && head.header("Expect") && !head.is_http_1_0()) {
        output().append(std::as_bytes(std::span(please_continue)));
        request_flush();
    }
}

void HttpConnection::await_body(const HttpHead& head, const HttpRoute& route,
                                const HttpBodyReader& reader, std::span<const std::byte> begun) {
    auto receiving =
        std::make_unique<Receiving>(Receiving{.head = head, .reader = reader, .route = route});
    BufferPool& pool = reactor().pool();
    if (!pool.try_reserve(receiving->head_bytes, head.size()) ||
        !pool.try_reserve(receiving->body, begun.size(), reader.announced_size())) {
        return refuse(head, route, EventKind::limit_reached, 503, no_memory_left);
    }
    receiving->head_bytes.append(std::as_bytes(std::span(head.text())));
    receiving->head.rebase({reinterpret_cast<const char*>(receiving->head_bytes.bytes().data()),
                            receiving->head_bytes.size()});
    receiving->body.append(begun);
    receiving_ = std::move(receiving);
    begin_body_time();
}

bool HttpConnection::go_on_with_body(std::span<std::byte>& input) {
    HttpBodyReader& reader = receiving_->reader;
    HttpBodyReader::Step step = reader.next(input);
    for (; step == HttpBodyReader::Step::piece; step = reader.next(input)) {
        Buffer& body = receiving_->body;
        if (!reactor().pool().try_reserve(body, reader.piece().size(), reader.announced_size())) {
            refuse_body(EventKind::limit_reached, 503, no_memory_left);
            return false;
        }
        body.append(reader.piece());
    }
    if (step == HttpBodyReader::Step::more) return false;
    const std::unique_ptr<Receiving> received = std::move(receiving_);
    if (step == HttpBodyReader::Step::failed) {
        refuse(received->head, received->route, reader.fault());
        return false;
    }
    PathParameters parameters;
    (void)received->route.pattern.match(received->head.path(), parameters);
    serve_http(received->head, received->route, parameters, received->body.bytes());
    return true;
}

// Lets go of its memory at once: the answer may take a while to be read.
void HttpConnection::refuse_body(EventKind kind, unsigned status, std::string_view why) {
    const std::unique_ptr<Receiving> refused = std::move(receiving_);
    refuse(refused->head, refused->route, kind, status, why);
}

// Without a limit there is still one for a peer that takes nothing of what we said.
void HttpConnection::begin_body_time() noexcept {
    receiving_->counted_size = receiving_->body.size();
    const std::uint32_t limit_ms = receiving_->route.options.body_timeout_ms;
    reactor().schedule(*this, limit_ms > 0 ? limit_ms : shard_.options().keep_alive_timeout_ms);
}

// The time of one that comes too slowly is up; but while what we said is not taken, it is us who do
// not read.
void HttpConnection::on_body_timeout() {
    if (is_blocked()) return is_being_read() ? begin_body_time() : close();
    const HttpRouteOptions& options = receiving_->route.options;
    const std::uint64_t size_min =
        std::uint64_t{options.body_timeout_ms} * options.body_rate_min / 1'000;
    const std::size_t came_size = receiving_->body.size() - receiving_->counted_size;
    const bool is_slow = came_size == 0 || came_size < size_min;
    if (is_slow && options.body_timeout_ms > 0)
        return refuse_body(EventKind::timed_out, 408, "The body took too long.\n");
    begin_body_time();
}

}  // namespace edgews
