// How a connection agrees on compression, and compresses what it sends (RFC 7692).
#include "core/websocket/message_codec.hpp"
#include "core/websocket/output_queue.hpp"
#include "core/websocket/permessage_deflate.hpp"
#include "net/connection/connections_on_loop.hpp"
#include "net/connection/websocket_connection.hpp"

namespace edgews {

void WebSocketConnection::negotiate_compression(const HttpHead& head) {
    if (!route().compression) return;
    const Compression& compression = *options().compression;
    const auto answer = answer_deflate_offers(head, compression.terms());
    if (!answer) return;
    agree_on_compression(*answer);
}

void WebSocketConnection::agree_on_compression(const DeflateAnswer& answer) {
    session_.compress_with(route().compression->make_codec(answer.agreed, route().reader.role),
                           answer, options().compression->message_size_min());
}

void WebSocketConnection::append_extensions(std::string& out) const {
    if (session_.compression() != nullptr) append_deflate_answer(out, *session_.compression());
}

const DeflateParameters* WebSocketConnection::compression() const noexcept {
    return session_.compression() == nullptr ? nullptr : &session_.compression()->agreed;
}

// Room is asked for as if it were not compressed: what a peer will find, once it was, must be sent.
std::optional<SendResult> WebSocketConnection::send_compressed(Message message) {
    const std::size_t size = frame_header_size_max + message.size();
    if (!has_room_for(size) && !make_room_for(size)) return refused();
    if (!session_.write_compressed(message, output())) return std::nullopt;
    connections().counters.add(Counter::messages_sent);
    return accepted();
}

SendResult WebSocketConnection::send_prepared_compressed(const PreparedMessage& message) {
    MessageCodec& codec = session_.parts()->deflating->codec();
    const PreparedMessage packed = message.compressed(codec);
    const SendResult result = send_prepared(packed);
    if (packed.is_compressed() && result != SendResult::dropped) codec.sent_alone();
    return result;
}

}  // namespace edgews
