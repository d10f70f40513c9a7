// How an answer is sent from a file: a slice in a turn, from the file to the socket, or through the
// transport. The file may change meanwhile, or end sooner than was said: that ends the connection.
#include "net/server/http_connection.hpp"
#include "net/server/shard.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

namespace edgews {

namespace {

constexpr std::size_t slice_size_max = 256 * 1024;  // In one turn, before others get theirs.
constexpr std::size_t copied_size_max = 128 * 1024;

}  // namespace

void HttpConnection::send_file(const Response& head, FileContent content) {
    Exchange& exchange = *handled_;
    exchange.is_answered = true;
    const bool keep_alive = count_answer(exchange);
    append_head(head.status, head.headers, exchange, content.size, keep_alive);
    if (!exchange.wants_content) return end_answer(keep_alive);
    file_ = std::make_unique<SendingFile>(
        SendingFile{.content = std::move(content), .keep_alive = keep_alive});
}

// What was said before comes first.
void HttpConnection::send_file_on() {
    if (!is_open()) return;
    flush();
    if (is_broken() || is_blocked() || output_size() > 0) return;
    FileContent& content = file_->content;
    const std::size_t size = send_slice();
    if (is_broken()) return;
    content.offset += size;
    content.size -= size;
    if (content.size == 0) return end_file();
    if (is_blocked()) return watch_reader();
    if (size > 0) return read_later();
    // The client has less than it was promised, and the end says so.
    file_.reset();
    finish(Farewell::linger, linger_ms);
}

// How many bytes left the file. 0: the socket takes none, or the file has no more.
std::size_t HttpConnection::send_slice() {
    const FileContent& content = file_->content;
    if (transport() == nullptr && !file_->is_copied) {
        const std::size_t size = std::min<std::uint64_t>(content.size, slice_size_max);
        const SentFile sent = send_directly(content.fd, content.offset, size);
        if (!sent.is_refused) return sent.size;
        file_->is_copied = true;
    }
    const std::size_t size_max = std::min<std::uint64_t>(content.size, copied_size_max);
    const std::span<std::byte> space = reactor().receive_space().first(size_max);
    const std::size_t size = read_file(content.fd, content.offset, space);
    if (size == 0) return 0;
    const std::size_t sent_size = send_directly(space.first(size));
    if (is_broken()) return 0;
    output().append(space.first(size).subspan(sent_size));
    return size;
}

// The server may have begun to shut down since the head said that there may be more.
void HttpConnection::end_file() {
    const bool keep_alive = file_->keep_alive && !shard_.is_shutting_down();
    file_.reset();
    end_answer(keep_alive);
    go_on_behind_answer();
}

}  // namespace edgews
