#include "net/engineio/directory.hpp"

namespace edgews::engineio {

Directory::Entry* Directory::find_entry(std::string_view id) noexcept {
    const auto found = sessions_.find(id);
    return found == sessions_.end() ? nullptr : &found->second;
}

bool Directory::add(std::string_view id, const Place& place, bool is_websocket,
                    std::size_t count_max, Dialect dialect) {
    const HashedView name(id);
    const std::lock_guard lock(mutex_);
    if (count_max > 0 && sessions_.size() >= count_max) return false;
    sessions_[name] = {
        .place = place, .socket = is_websocket ? Socket::own : Socket::none, .dialect = dialect};
    return true;
}

void Directory::remove(std::string_view id) noexcept {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(id);
    if (found != sessions_.end()) sessions_.erase(found);
}

void Directory::moved(std::string_view id, const Place& place) {
    const std::lock_guard lock(mutex_);
    if (Entry* const entry = find_entry(id)) entry->place = place;
}

Directory::Found Directory::find(std::string_view id) const {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) return {};
    const Entry& entry = found->second;
    const bool is_websocket = entry.socket == Socket::own;
    return {.result = is_websocket ? Result::is_websocket : Result::found,
            .place = entry.place,
            .dialect = entry.dialect};
}

Directory::Found Directory::begin_post(std::string_view id) {
    const std::lock_guard lock(mutex_);
    Entry* const entry = find_entry(id);
    if (entry == nullptr) return {};
    if (entry->socket == Socket::own) return {.result = Result::is_websocket};
    if (entry->is_posting) return {.result = Result::is_busy, .place = entry->place};
    entry->is_posting = true;
    return {.result = Result::found, .place = entry->place};
}

void Directory::end_post(std::string_view id) noexcept {
    const std::lock_guard lock(mutex_);
    if (Entry* const entry = find_entry(id)) entry->is_posting = false;
}

Directory::Found Directory::claim(std::string_view id) {
    const std::lock_guard lock(mutex_);
    Entry* const entry = find_entry(id);
    if (entry == nullptr) return {};
    if (entry->socket != Socket::none) return {.result = Result::is_websocket};
    entry->socket = Socket::tried;
    return {.result = Result::found, .place = entry->place};
}

void Directory::release(std::string_view id) noexcept {
    const std::lock_guard lock(mutex_);
    Entry* const entry = find_entry(id);
    if (entry != nullptr && entry->socket == Socket::tried) entry->socket = Socket::none;
}

void Directory::leave_polling(std::string_view id) noexcept {
    const std::lock_guard lock(mutex_);
    if (Entry* const entry = find_entry(id)) entry->socket = Socket::own;
}

std::size_t Directory::count() const {
    const std::lock_guard lock(mutex_);
    return sessions_.size();
}

}  // namespace edgews::engineio
