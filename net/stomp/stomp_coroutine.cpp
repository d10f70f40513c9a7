#include <edgews/stomp_coroutine.hpp>

#include <algorithm>

namespace edgews::stomp {

Confirmed::Confirmed(Client& client, std::string_view destination, std::string_view text,
                     SendOptions options) {
    options.receipt = [state = state_](const Receipt& receipt) {
        state->answer = {.outcome = receipt.outcome, .reason = std::string(receipt.reason)};
        state->is_done = true;
        Waiter::resume(state->waiting);
    };
    const SendResult result = client.send(destination, text, std::move(options));
    state_->is_done = result != SendResult::sent && result != SendResult::queued;
}

std::string_view KeptMessage::header(std::string_view name) const noexcept {
    const auto found = std::ranges::find(headers, name, &ClientHeader::name);
    return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

Subscriber::Subscriber(Client& client, std::string_view destination, SubscriberOptions options)
    : client_(client),
      waiting_size_max_(options.waiting_size_max),
      number_(client.subscribe(
          destination, [this](Client&, const Message& message) { keep(message); },
          {.ack = options.ack,
           .headers = options.headers,
           .confirmed = [this](Client&, SubscriptionNumber, bool is_confirmed) {
               is_confirmed_ = is_confirmed;
               is_refused_ = !is_confirmed;
               // One at most waits, and it may destroy this.
               Waiter::resume(is_refused_ && receiver_ != nullptr ? receiver_ : confirmer_);
           }})) {
    is_refused_ = number_ == 0;
}

Subscriber::~Subscriber() {
    if (is_holding_) client_.resume_reading();
    client_.unsubscribe(number_);
}

void Subscriber::keep(const Message& message) {
    KeptMessage kept{.destination = std::string(message.destination()),
                     .text = std::string(message.text()),
                     .token = message};
    for (const Header& header : message.frame().headers) {
        kept.headers.push_back({std::string(header.name), std::string(header.value)});
    }
    waiting_size_ += kept.text.size();
    messages_.push_back(std::move(kept));
    if (waiting_size_ > waiting_size_max_ && !is_holding_) {
        is_holding_ = true;
        client_.pause_reading();
    }
    Waiter::resume(receiver_);
}

std::optional<KeptMessage> Subscriber::take() {
    if (messages_.empty()) return std::nullopt;
    KeptMessage message = std::move(messages_.front());
    messages_.pop_front();
    waiting_size_ -= message.text.size();
    if (is_holding_ && waiting_size_ <= waiting_size_max_ / 2) {
        is_holding_ = false;
        client_.resume_reading();
    }
    return message;
}

}  // namespace edgews::stomp
