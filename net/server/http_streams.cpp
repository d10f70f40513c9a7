// How an answer is sent piece by piece: by the holders of its stream, on any thread, until they
// say that it is complete, or nobody wants more of it.
//
//                       the client sees      `gone` is called
//     end_stream()      the end              no
//     cut_off()         that it was cut      later: the cause may be the holder's write
//     lose_stream()     that it was cut      at once
#include "core/http/http_chunk.hpp"
#include "core/http/http_response.hpp"
#include "core/http/server_sent_event.hpp"
#include "net/server/http_connection.hpp"
#include "net/server/shard.hpp"
#include "net/server/stream_writer.hpp"

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace edgews {

namespace {

std::span<const std::byte> bytes_of(std::string_view text) noexcept {
    return std::as_bytes(std::span(text));
}

}  // namespace

// ---- The beginning ----------------------------------------------------------------------------

ResponseStream HttpConnection::stream(const Response& head, StreamOptions options,
                                      std::uint32_t comment_ms) {
    if (awaiting_ || handled_->is_answered) {
        throw std::logic_error("Request::stream(): the answer was deferred or streamed already");
    }
    if (!is_response_status(head.status)) {
        throw std::invalid_argument("Request::stream(): " +
                                    std::string(describe(HeaderFault::status_out_of_range)));
    }
    auto state = std::make_shared<StreamState>(reactor().link(), token(), options);
    ResponseStream made(std::make_shared<const StreamWriter>(state));
    streaming_ = std::make_unique<Streaming>(Streaming{.state = std::move(state),
                                                       .options = std::move(options),
                                                       .comment_ms = comment_ms,
                                                       .written_ms = reactor().listened_ms()});
    begin_stream(head);
    return made;
}

void HttpConnection::begin_stream(const Response& head) {
    Exchange& exchange = *handled_;
    exchange.is_answered = true;
    Streaming& streaming = *streaming_;
    streaming.keep_alive = count_answer(exchange);
    const bool has_content = exchange.wants_content && may_have_content(head.status);
    const auto length = streaming.options.content_length;
    streaming.size_left = length.value_or(0);
    if (!has_content) {
        streaming.end = Streaming::End::head;
        streaming.state->is_open.store(false, std::memory_order_relaxed);
    } else if (length) {
        streaming.end = Streaming::End::length;
    } else if (!exchange.knows_chunks) {
        streaming.end = Streaming::End::connection;
    }
    append_head(head.status, head.headers, exchange, length, streaming.keep_alive);
    if (has_content && !head.body.empty()) (void)append_to_stream(head.body);
}

// The handler has returned. The end of the client's side may have come before its request was read.
void HttpConnection::go_on_streaming() {
    if (streaming_->end != Streaming::End::head) {
        if (streaming_->comment_ms > 0) reactor().schedule(*this, streaming_->comment_ms);
        return note_end();
    }
    const std::unique_ptr<Streaming> over = std::move(streaming_);
    tell(shard_, over->options.gone);
    if (is_open() && !is_broken()) end_answer(over->keep_alive);
}

bool HttpConnection::is_streaming(const StreamState& state) const noexcept {
    return streaming_ && streaming_->state.get() == &state;
}

// ---- Writing ----------------------------------------------------------------------------------

SendResult HttpConnection::write_stream(const StreamState& state, std::string_view content) {
    const bool is_over = !is_streaming(state) || !state.is_open.load(std::memory_order_relaxed);
    if (is_over || is_broken()) return SendResult::closed;
    if (!has_room_for(content.size())) return is_broken() ? SendResult::closed : overflow();
    return append_to_stream(content);
}

// It had room when it was posted. A write on the loop may have been dropped for it: there is room
// again when it has left, and nothing else to tell of that.
void HttpConnection::write_posted(StreamState& state, std::string_view content) {
    state.posted_size.fetch_sub(content.size(), std::memory_order_relaxed);
    if (!is_streaming(state) || is_broken()) return;
    (void)append_to_stream(content);
    if (!streaming_ || !streaming_->wants_drain) return;
    flush();
    look_for_room();
}

// What waits may only be this turn's: the socket is asked before anything is refused, and may turn
// out to be broken.
bool HttpConnection::has_room_for(std::size_t size) {
    const StreamState& state = *streaming_->state;
    const auto waiting = [&] {
        return output_size() + state.posted_size.load(std::memory_order_relaxed);
    };
    if (state.has_room_for(size, waiting())) return true;
    flush();
    return !is_broken() && state.has_room_for(size, waiting());
}

// Who does not read holds no more than memory_max lets it (see ServerOptions).
SendResult HttpConnection::append_to_stream(std::string_view content) {
    Streaming& streaming = *streaming_;
    const bool is_length_told = streaming.end == Streaming::End::length;
    if (is_length_told && content.size() > streaming.size_left) {
        cut_off(std::move(streaming.options.gone));
        return SendResult::invalid;
    }
    if (content.empty()) return SendResult::sent;  // A chunk of nothing would be the last.
    if (!reactor().pool().may_hold(output_size(), content.size())) {
        report_slow_reader("ServerOptions::memory_max");
        cut_off(std::move(streaming.options.gone));
        return SendResult::closed;
    }
    if (is_length_told) streaming.size_left -= content.size();
    streaming.written_ms = reactor().listened_ms();
    const bool is_chunk = streaming.end == Streaming::End::chunk;
    if (is_chunk) output().append(bytes_of(chunk_head(content.size())));
    output().append(bytes_of(content));
    if (is_chunk) output().append(bytes_of(chunk_end));
    streaming.state->output_size.store(output_size(), std::memory_order_relaxed);
    request_flush();
    return is_blocked() ? SendResult::queued : SendResult::sent;
}

SendResult HttpConnection::overflow() {
    if (streaming_->options.overflow == Overflow::close) {
        report_slow_reader("StreamOptions::backlog_size_max");
        cut_off(std::move(streaming_->options.gone));
        return SendResult::closed;
    }
    streaming_->wants_drain = true;
    return SendResult::dropped;
}

void HttpConnection::note_dropped(StreamState& state) {
    if (!is_streaming(state)) return;
    streaming_->wants_drain = true;
    flush();
    look_for_room();
}

// A flush left something.
void HttpConnection::note_backlog() {
    if (output_size() > streaming_->options.drain_mark) streaming_->wants_drain = true;
}

void HttpConnection::look_for_room() {
    Streaming& streaming = *streaming_;
    if (!streaming.wants_drain || output_size() > streaming.options.drain_mark) return;
    if (is_broken()) return;
    streaming.wants_drain = false;
    streaming.state->wants_drain.store(false, std::memory_order_relaxed);
    // It may end the stream, and then is not there to be called.
    Function<void()> drain = std::move(streaming.options.drain);
    const bool does = tell(shard_, drain);
    if (!streaming_) return;
    streaming_->options.drain = std::move(drain);
    if (!does && !is_broken()) cut_off(std::move(streaming_->options.gone));
}

// The one timer was the reader's while it had to take something: it is that of silence again.
void HttpConnection::go_on_writing() {
    look_for_room();
    if (streaming_ && !is_blocked() && !is_broken()) on_reader_timer();
}

void HttpConnection::count_sent(std::size_t size) noexcept {
    shard_.counters().add(Counter::bytes_sent, size);
    if (!streaming_) return;
    streaming_->state->output_size.store(output_size() - size, std::memory_order_relaxed);
}

// ---- The end ----------------------------------------------------------------------------------

void HttpConnection::finish_stream(const StreamState& state) {
    if (!is_streaming(state) || is_broken()) return;
    const bool is_short = streaming_->end == Streaming::End::length && streaming_->size_left > 0;
    is_short ? cut_off({}) : end_stream();
}

// The server may have begun to shut down since the head said that there may be more.
void HttpConnection::end_stream() {
    const std::unique_ptr<Streaming> ended = std::move(streaming_);
    ended->state->is_open.store(false, std::memory_order_relaxed);
    if (ended->end == Streaming::End::chunk) {
        output().append(bytes_of(last_chunk));
        request_flush();
    }
    if (ended->end == Streaming::End::connection) return finish(Farewell::whole, linger_ms);
    end_answer(ended->keep_alive && !shard_.is_shutting_down());
    go_on_behind_answer();
}

// The client sends nothing more, or the server shuts down.
void HttpConnection::note_stream_end() {
    const bool is_endless = streaming_->options.is_endless;
    if (is_endless) streaming_->state->is_open.store(false, std::memory_order_relaxed);
    if (!streaming_->state->is_finished.load(std::memory_order_relaxed)) {
        tell(shard_, std::exchange(streaming_->options.gone, {}));
    }
    if (is_endless && streaming_ && is_open() && !is_broken()) end_stream();
}

void HttpConnection::abandon_stream(const StreamState& state) {
    if (is_streaming(state) && !is_broken()) cut_off({});
}

void HttpConnection::cut_stream(const StreamState& state) {
    if (!is_streaming(state) || is_broken()) return;
    report_slow_reader("StreamOptions::backlog_size_max");
    cut_off(std::move(streaming_->options.gone));
}

// Behind what has a length, or chunks, its end is missed (RFC 9112, section 8); where the end of
// the connection is that of the answer, only a reset says that it was none.
void HttpConnection::cut_off(Function<void()> gone) {
    const std::unique_ptr<Streaming> cut = std::move(streaming_);
    cut->state->is_open.store(false, std::memory_order_relaxed);
    if (gone) {
        reactor().post(make_job([&shard = shard_, gone = std::move(gone)] { tell(shard, gone); }));
    }
    if (cut->end == Streaming::End::connection) return reset();
    finish(Farewell::linger, linger_ms);
}

void HttpConnection::lose_stream() {
    const std::unique_ptr<Streaming> lost = std::move(streaming_);
    lost->state->is_open.store(false, std::memory_order_relaxed);
    if (lost->end == Streaming::End::connection) reset();  // As in cut_off().
    if (!lost->state->is_finished.load(std::memory_order_relaxed)) tell(shard_, lost->options.gone);
}

// Requires: nothing waits.
void HttpConnection::comment() {
    const std::uint64_t wait_ms = streaming_ ? streaming_->comment_ms : 0;
    if (wait_ms == 0) return;
    const std::uint64_t silent_ms = reactor().listened_ms() - streaming_->written_ms;
    if (silent_ms < wait_ms) return reactor().schedule(*this, wait_ms - silent_ms);
    (void)append_to_stream(event_comment);
    if (streaming_) reactor().schedule(*this, wait_ms);
}

}  // namespace edgews
