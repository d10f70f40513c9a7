#include "net/server/stream_writer.hpp"

#include "net/loop/reactor.hpp"
#include "net/server/post_to_client.hpp"

#include <string>
#include <utility>

namespace edgews {

StreamWriter::StreamWriter(std::shared_ptr<StreamState> state) noexcept
    : state_(std::move(state)) {}

// Later: it may be destroyed anywhere, in the midst of what the connection does.
StreamWriter::~StreamWriter() {
    if (!is_open()) return;
    post_to_client(state_->link, state_->token,
                   [state = state_](HttpConnection& http) { http.abandon_stream(*state); });
}

bool StreamWriter::is_open() const noexcept {
    return state_->is_open.load(std::memory_order_relaxed) &&
           state_->link->slots.is_live(state_->token);
}

SendResult StreamWriter::write(std::string_view content) const {
    if (!Reactor::is_current(state_->link)) return post(content);
    HttpConnection* const http = client_on_loop(state_->token);
    return http == nullptr ? SendResult::closed : http->write_stream(*state_, content);
}

// The bytes count from here on, so that no thread can post more than the backlog may hold.
SendResult StreamWriter::post(std::string_view content) const {
    if (!is_open()) return SendResult::closed;
    if (content.empty()) return SendResult::queued;
    const std::size_t size = content.size();
    const std::size_t waiting = state_->posted_size.fetch_add(size, std::memory_order_relaxed) +
                                state_->output_size.load(std::memory_order_relaxed);
    if (!state_->has_room_for(size, waiting)) {
        state_->posted_size.fetch_sub(size, std::memory_order_relaxed);
        return refused();
    }
    const bool is_posted =
        post_to_client(state_->link, state_->token,
                       [state = state_, posted = std::string(content)](HttpConnection& http) {
                           http.write_posted(*state, posted);
                       });
    return is_posted ? SendResult::queued : SendResult::closed;
}

// The loop looks at it behind all that was posted before: there may be room again by then, and
// nothing else to tell of it.
SendResult StreamWriter::refused() const {
    if (state_->overflow == Overflow::close) {
        if (state_->is_open.exchange(false, std::memory_order_relaxed)) {
            post_to_client(state_->link, state_->token,
                           [state = state_](HttpConnection& http) { http.cut_stream(*state); });
        }
        return SendResult::closed;
    }
    if (!state_->wants_drain.exchange(true, std::memory_order_relaxed)) {
        post_to_client(state_->link, state_->token,
                       [state = state_](HttpConnection& http) { http.note_dropped(*state); });
    }
    return SendResult::dropped;
}

bool StreamWriter::finish() const {
    if (!is_open() || !state_->is_open.exchange(false, std::memory_order_relaxed)) return false;
    state_->is_finished.store(true, std::memory_order_relaxed);
    if (Reactor::is_current(state_->link)) {
        if (HttpConnection* const http = client_on_loop(state_->token))
            http->finish_stream(*state_);
        return true;
    }
    return post_to_client(state_->link, state_->token,
                          [state = state_](HttpConnection& http) { http.finish_stream(*state); });
}

// ---- ResponseStream ---------------------------------------------------------------------------

SendResult ResponseStream::write(std::string_view content) const {
    return writer_ ? writer_->write(content) : SendResult::closed;
}

bool ResponseStream::finish() const {
    return writer_ && writer_->finish();
}

bool ResponseStream::is_open() const noexcept {
    return writer_ && writer_->is_open();
}

}  // namespace edgews
