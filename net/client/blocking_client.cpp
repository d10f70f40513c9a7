#include <edgews/blocking_client.hpp>

#include <algorithm>
#include <climits>
#include <utility>

namespace edgews {

BlockingClient::BlockingClient(std::string url, ClientOptions options) {
    options.reconnect = {};
    client_.emplace(loop_, std::move(url), handlers(), std::move(options));
    turn_until([this] { return client_->ready_state() != ReadyState::connecting; });
}

BlockingClient::~BlockingClient() {
    client_.reset();
    loop_.poll(0);  // In which the close frame leaves.
}

ClientHandlers BlockingClient::handlers() {
    ClientHandlers handlers;
    handlers.message = [this](Client& client, Message message) {
        messages_.push_back({message.kind(), std::string(message.text())});
        client.connection()->pause_reading();  // Until that is taken.
    };
    handlers.error = [this](Client&, const ClientError& error) { error_ = error; };
    handlers.close = [this](Client&, const CloseEvent& event) {
        reason_ = event.reason;
        close_event_ = event;
        close_event_.reason = reason_;
    };
    return handlers;
}

template <class F>
void BlockingClient::turn_until(F is_so, Duration limit) {
    using Clock = std::chrono::steady_clock;
    const auto begin = Clock::now();
    Duration left = limit;
    while (!is_so()) {
        const auto wait_ms = std::clamp<Duration::rep>(left.count(), 0, INT_MAX);
        loop_.poll(limit == for_ever ? -1 : static_cast<int>(wait_ms));
        if (limit == for_ever) continue;
        if (left <= Duration::zero()) return;
        left = limit - std::chrono::duration_cast<Duration>(Clock::now() - begin);
    }
}

SendResult BlockingClient::send(Message message) {
    SendResult result = client_->send(message);
    // Refused with nothing in front of it, it is not for want of room: to wait would not help.
    while (result == SendResult::dropped && client_->buffered_amount() > 0) {
        turn_until([this] { return client_->buffered_amount() == 0 || is_closed(); });
        result = client_->send(message);
    }
    turn_until([this] { return client_->buffered_amount() == 0 || is_closed(); });
    if (!is_closed()) loop_.poll(0);  // Of a connection that broke nothing waits: it tells so now.
    if (is_closed() && client_->buffered_amount() > 0) return SendResult::closed;
    return result == SendResult::queued ? SendResult::sent : result;
}

std::optional<BlockingClient::Received> BlockingClient::receive(Duration limit) {
    if (messages_.empty() && client_->connection() != nullptr) {
        client_->connection()->resume_reading();
    }
    turn_until([this] { return !messages_.empty() || is_closed(); }, limit);
    if (messages_.empty()) return std::nullopt;
    Received received = std::move(messages_.front());
    messages_.pop_front();
    return received;
}

bool BlockingClient::close(std::uint16_t code, std::string_view reason) {
    if (!client_->close(code, reason)) return false;
    turn_until([this] { return is_closed(); });
    return true;
}

}  // namespace edgews
