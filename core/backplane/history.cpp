#include "core/backplane/history.hpp"

namespace edgews::backplane {

void History::drop_first() noexcept {
    kept_size_ -= kept_.front().message.frame().size();
    kept_.pop_front();
}

void History::expire(std::uint64_t now_ms) noexcept {
    while (!kept_.empty() && now_ms - kept_.front().since_ms >= limits_.ttl_ms) drop_first();
}

void History::add(const PreparedMessage& message, std::uint64_t now_ms) {
    ++offset_;
    kept_.push_back({message, now_ms});
    kept_size_ += message.frame().size();
    expire(now_ms);
    while (kept_.size() > limits_.count_max || kept_size_ > limits_.size_max) drop_first();
}

std::optional<std::vector<PreparedMessage>> History::since(std::uint64_t epoch,
                                                           std::uint64_t offset,
                                                           std::uint64_t now_ms) {
    expire(now_ms);
    const bool is_known = epoch == epoch_ && offset <= offset_ && offset >= whole_from_;
    if (!is_known || offset_ - offset > kept_.size()) return std::nullopt;
    std::vector<PreparedMessage> messages;
    for (std::size_t i = kept_.size() - (offset_ - offset); i < kept_.size(); ++i) {
        messages.push_back(kept_[i].message);
    }
    return messages;
}

}  // namespace edgews::backplane
