#include "sim/file.hpp"

#include "sim/clocks.hpp"
#include "sim/kernel.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace edgews::sim {

namespace {

// Of an item's events: what is no event (Linux's EP_PRIVATE_BITS).
constexpr std::uint32_t private_bits = EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE;
constexpr std::size_t nested_max = 5;  // Sets that watch each other in a row.

std::string describe(std::uint32_t events) {
    constexpr std::array<std::pair<std::uint32_t, const char*>, 6> names{{{EPOLLIN, "IN "},
                                                                          {EPOLLOUT, "OUT "},
                                                                          {EPOLLPRI, "PRI "},
                                                                          {EPOLLRDHUP, "RDHUP "},
                                                                          {EPOLLHUP, "HUP "},
                                                                          {EPOLLERR, "ERR "}}};
    std::string text;
    for (const auto& [bit, name] : names) text += (events & bit) != 0 ? name : "";
    return text;
}

}  // namespace

// ---- File ------------------------------------------------------------------

int File::access_mode() const noexcept {
    return O_RDWR;
}

Result File::read(void*, std::size_t) {
    return failed(EINVAL);
}

Result File::write(const void*, std::size_t) {
    return failed(EINVAL);
}

void File::wake(std::uint32_t key) {
    if (on_wake) on_wake();
    kernel().wake_pollers();
    bool has_woken_one = false;  // Of those that want to be woken alone (EPOLLEXCLUSIVE).
    const std::vector<EpollItem*> watchers = watchers_;
    for (EpollItem* item : watchers) {
        const bool is_off = (item->events & ~private_bits) == 0;
        const bool concerns = key == 0 || (key & item->events) != 0;
        const bool is_exclusive = (item->events & EPOLLEXCLUSIVE) != 0;
        if (is_off || !concerns || (is_exclusive && has_woken_one)) continue;
        if (is_exclusive) has_woken_one = kernel().is_waited_for(*item->epoll);
        item->epoll->enlist(*item);
    }
}

// Who came last is woken first, but for those who want to be woken alone.
void File::add_watcher(EpollItem& item) {
    const bool is_exclusive = (item.events & EPOLLEXCLUSIVE) != 0;
    watchers_.insert(is_exclusive ? watchers_.end() : watchers_.begin(), &item);
}

void File::forget_watchers() {
    for (EpollItem* item : std::vector<EpollItem*>(watchers_)) item->epoll->forget(*item);
}

// ---- Epoll -----------------------------------------------------------------

Epoll::~Epoll() {
    for (auto& [key, item] : items_) item.file->remove_watcher(item);
}

void Epoll::closed() {
    while (!items_.empty()) forget(items_.begin()->second);
}

std::uint32_t Epoll::events_of(const EpollItem& item) {
    return item.file->ready() & item.events;
}

// To ask drops what does not hold any more, as to wait does.
std::uint32_t Epoll::ready() {
    while (!ready_.empty()) {
        if (events_of(*ready_.front()) != 0) return EPOLLIN;
        ready_.front()->is_ready = false;
        ready_.pop_front();
    }
    return 0;
}

// Those who watch this set are woken each time, whether it knew or not.
void Epoll::enlist(EpollItem& item) {
    if (!item.is_ready) ready_.push_back(&item);
    item.is_ready = true;
    kernel().wake_waiters(*this);
    wake(EPOLLIN);
}

void Epoll::look_at(EpollItem& item) {
    if (events_of(item) != 0 && !item.is_ready) enlist(item);
}

void Epoll::forget(EpollItem& item) {
    item.file->remove_watcher(item);
    if (item.is_ready) std::erase(ready_, &item);
    items_.erase({item.file, item.fd});
}

bool Epoll::reaches(const File& file) const {
    return this == &file || std::any_of(items_.begin(), items_.end(), [&](const auto& entry) {
               const auto* const set = dynamic_cast<const Epoll*>(entry.second.file);
               return set != nullptr && set->reaches(file);
           });
}

std::size_t Epoll::depth_below() const {
    std::size_t most = 0;
    for (const auto& [key, item] : items_) {
        if (const auto* const set = dynamic_cast<const Epoll*>(item.file)) {
            most = std::max(most, set->depth_below());
        }
    }
    return most + 1;
}

std::size_t Epoll::depth_above() const {
    std::size_t most = 0;
    for (const EpollItem* const item : watchers()) {
        most = std::max(most, item->epoll->depth_above());
    }
    return most + 1;
}

int Epoll::refusal(int operation, const File& file, const epoll_event* event) const {
    constexpr std::uint32_t allowed_alone =
        EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE;
    const auto* const set = dynamic_cast<const Epoll*>(&file);
    if (!file.can_be_watched()) return EPERM;
    if (set == this) return EINVAL;
    if (operation == EPOLL_CTL_DEL) return 0;
    if (operation != EPOLL_CTL_ADD && operation != EPOLL_CTL_MOD) return EINVAL;
    if ((event->events & EPOLLEXCLUSIVE) != 0) {
        if (operation == EPOLL_CTL_MOD || set != nullptr) return EINVAL;
        if ((event->events & ~allowed_alone) != 0) return EINVAL;
    }
    if (operation == EPOLL_CTL_MOD || set == nullptr) return 0;
    return set->reaches(*this) || depth_above() + set->depth_below() > nested_max ? ELOOP : 0;
}

Result Epoll::control(int operation, int fd, File* file, const epoll_event* event) {
    if (const int error = refusal(operation, *file, event); error != 0) return failed(error);
    const auto found = items_.find({file, fd});
    if (operation == EPOLL_CTL_DEL) {
        if (found == items_.end()) return failed(ENOENT);
        forget(found->second);
        return {};
    }
    if ((operation == EPOLL_CTL_ADD) == (found != items_.end())) {
        return failed(operation == EPOLL_CTL_ADD ? EEXIST : ENOENT);
    }
    EpollItem& item = items_[{file, fd}];
    if ((item.events & EPOLLEXCLUSIVE) != 0) return failed(EINVAL);
    item.events = event->events | EPOLLERR | EPOLLHUP;
    item.data = event->data;
    if (operation == EPOLL_CTL_ADD) {
        item.epoll = this;
        item.file = file;
        item.fd = fd;
        file->add_watcher(item);
    }
    look_at(item);
    return {};
}

// What a wake-up brought here and does not hold any more is dropped without a word. What the caller
// has no room for stays in front.
int Epoll::collect(epoll_event* events, int count_max) {
    std::list<EpollItem*> list = std::exchange(ready_, {});
    if (list.size() > 1 && kernel().choices().once_in(kernel().faults().reorder)) {
        const std::uint32_t first =
            kernel().choices().below(static_cast<std::uint32_t>(list.size()));
        list.splice(list.end(), list, list.begin(), std::next(list.begin(), first));
    }
    int count = 0;
    while (!list.empty() && count < count_max) {
        EpollItem& item = *list.front();
        list.pop_front();
        item.is_ready = false;
        const std::uint32_t now = events_of(item);
        if (now == 0) continue;
        kernel().tell("event %d: %s", item.fd, describe(now).c_str());
        events[count].events = now;
        events[count++].data = item.data;
        kernel().note(now ^ static_cast<std::uint64_t>(item.fd) << 32);
        if ((item.events & EPOLLONESHOT) != 0) item.events &= private_bits;
        if ((item.events & (EPOLLET | EPOLLONESHOT)) != 0) continue;
        item.is_ready = true;
        ready_.push_back(&item);
    }
    ready_.splice(ready_.begin(), list);
    return count;
}

// ---- Text ------------------------------------------------------------------

Result TextFile::read(void* to, std::size_t size) {
    const std::size_t taken = std::min(size, text_.size() - read_size_);
    std::memcpy(to, text_.data() + read_size_, taken);
    read_size_ += taken;
    return {.value = static_cast<ssize_t>(taken)};
}

// ---- Chance ----------------------------------------------------------------

Result RandomFile::read(void* to, std::size_t size) {
    kernel().fill_random({static_cast<std::byte*>(to), size});
    return {.value = static_cast<ssize_t>(size)};
}

// ---- Events and timers -----------------------------------------------------

std::uint32_t EventFile::ready() {
    return (count_ > 0 ? static_cast<std::uint32_t>(EPOLLIN) : 0U) |
           (count_ < UINT64_MAX - 1 ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
}

Result EventFile::read(void* to, std::size_t size) {
    if (size < sizeof count_) return failed(EINVAL);
    if (count_ == 0) return failed(EAGAIN);
    const std::uint64_t taken = is_semaphore_ ? 1 : count_;
    std::memcpy(to, &taken, sizeof taken);
    count_ -= taken;
    wake(EPOLLOUT);
    return {.value = sizeof count_};
}

Result EventFile::write(const void* from, std::size_t size) {
    std::uint64_t added = 0;
    if (size != sizeof added) return failed(EINVAL);  // As Linux has it since 6.11.
    std::memcpy(&added, from, sizeof added);
    if (added == UINT64_MAX) return failed(EINVAL);
    if (added > UINT64_MAX - 1 - count_) return failed(EAGAIN);
    count_ += added;
    wake(EPOLLIN);
    return {.value = sizeof added};
}

std::uint32_t TimerFile::ready() {
    return expirations_ > 0 ? static_cast<std::uint32_t>(EPOLLIN) : 0;
}

Result TimerFile::read(void* to, std::size_t size) {
    if (size < sizeof expirations_) return failed(EINVAL);
    if (expirations_ == 0) return failed(EAGAIN);
    count_passed();
    has_expired_ = false;
    std::memcpy(to, &expirations_, sizeof expirations_);
    expirations_ = 0;
    return {.value = sizeof expirations_};
}

std::uint64_t TimerFile::now_ns() const noexcept {
    return kernel().now_ns() + offset_of(clock_).value_or(0);
}

void TimerFile::set(const Setting& setting) {
    expirations_ = 0;
    has_expired_ = false;
    setting_ = setting;
    start(setting.due_ns);
}

TimerFile::Setting TimerFile::left() {
    count_passed();
    Setting left = setting_;
    left.due_ns = setting_.due_ns - std::min(setting_.due_ns, now_ns());
    return left;
}

void TimerFile::start(std::uint64_t due_ns) {
    setting_.due_ns = due_ns;
    const std::uint64_t generation = ++generation_;
    if (due_ns == 0 || due_ns == never_ns) return;
    kernel().at_time(moment_by(clock_, timespec_of(due_ns)), [self = weak_from_this(), generation] {
        const auto timer = self.lock();
        if (!timer || timer->generation_ != generation) return;
        ++timer->expirations_;
        timer->has_expired_ = true;
        timer->wake(EPOLLIN);
    });
}

// Of one that goes off again and again: those since it was told, and the next one is waited for.
void TimerFile::count_passed() {
    if (!has_expired_ || setting_.interval_ns == 0) return;
    has_expired_ = false;
    const std::uint64_t late_ns = now_ns() - std::min(now_ns(), setting_.due_ns);
    const std::uint64_t count = late_ns / setting_.interval_ns + 1;
    expirations_ += count - 1;
    start(setting_.due_ns + count * setting_.interval_ns);
}

}  // namespace edgews::sim
