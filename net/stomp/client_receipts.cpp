#include "net/stomp/client_receipts.hpp"

#include <utility>

namespace edgews::stomp {

std::uint64_t ClientReceipts::add(Completion completion, std::uint64_t due_ms) {
    if (!completion) return 0;
    waiting_.push_back(
        {.number = ++last_number_, .due_ms = due_ms, .completion = std::move(completion)});
    return last_number_;
}

// None is missing between the first and the last.
Completion ClientReceipts::take(std::uint64_t number) {
    if (waiting_.is_empty() || number < waiting_.front().number || number > last_number_) return {};
    const std::uint64_t place = number - waiting_.front().number;
    Completion taken = std::move(waiting_[static_cast<std::size_t>(place)].completion);
    forget_taken();
    return taken;
}

Completion ClientReceipts::take_oldest() {
    if (waiting_.is_empty()) return {};
    return take(waiting_.front().number);
}

std::uint64_t ClientReceipts::due_ms() {
    return waiting_.is_empty() ? 0 : waiting_.front().due_ms;
}

void ClientReceipts::forget_taken() noexcept {
    while (!waiting_.is_empty() && !waiting_.front().completion) {
        static_cast<void>(waiting_.pop_front());
    }
}

}  // namespace edgews::stomp
