// A connection's topics: what it hears and says, and how what was published leaves.
#include "core/websocket/output_queue.hpp"
#include "net/connection/connections_on_loop.hpp"
#include "net/connection/server_on_loop.hpp"
#include "net/connection/websocket_connection.hpp"

namespace edgews {

bool WebSocketConnection::subscribe(std::string_view topic) {
    return !is_client() && connections().topics.subscribe(*this, topic);
}

bool WebSocketConnection::is_subscribed(std::string_view topic) const noexcept {
    return connections().topics.is_subscribed(*this, topic);
}

bool WebSocketConnection::unsubscribe(std::string_view topic) {
    return connections().topics.unsubscribe(*this, topic);
}

PublishResult WebSocketConnection::publish(std::string_view topic, Message message) {
    return publish(topic, PreparedMessage(message));
}

PublishResult WebSocketConnection::publish(std::string_view topic, const PreparedMessage& message) {
    if (is_client()) return PublishResult::refused;
    return connections().server->publish(topic, message, this);
}

// Several go as one piece only within the backlog's limit: beyond that a single message may wait.
bool WebSocketConnection::send_at_once(std::span<const Published> run,
                                       std::span<const std::byte> frames) {
    if (!is_open() || is_sending_fragments() || output_size() > 0 || is_blocked()) return false;
    if (compression() != nullptr) return false;  // Its frames may be others.
    if (run.size() > 1 && frames.size() > options().backlog_size_max) return false;
    connections().counters.add(Counter::messages_sent, run.size());
    const std::size_t sent = send_directly(frames);
    if (sent == frames.size() || is_broken()) return true;
    if (run.size() == 1) {
        output().append(run[0].message);  // Which shares what is large.
        output().consume(sent);
    } else {
        output().append(frames.subspan(sent));
    }
    (void)accepted();
    return true;
}

bool WebSocketConnection::send_frames(std::span<const std::byte> frames, std::size_t count) {
    if (!is_open() || is_sending_fragments() || !has_room_for(frames.size())) return false;
    if (compression() != nullptr || frames.size() > options().backlog_size_max) return false;
    output().append(frames);
    connections().counters.add(Counter::messages_sent, count);
    (void)accepted();
    return true;
}

}  // namespace edgews
