#include "core/stomp/transaction.hpp"

namespace edgews::stomp {

Transaction* Transactions::find(std::string_view name) noexcept {
    for (Transaction& transaction : open_) {
        if (transaction.name == name) return &transaction;
    }
    return nullptr;
}

Transaction& Transactions::begin(std::string_view name) {
    open_.push_back({.name = std::string(name), .number = ++last_number_});
    return open_.back();
}

void Transactions::remove(Transaction& transaction) noexcept {
    open_.erase(open_.begin() + (&transaction - open_.data()));
}

}  // namespace edgews::stomp
