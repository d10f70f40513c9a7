// What a script does with epoll sets, counters and timers, and poll().
#include "script_player.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace edgews::sim::test {

namespace {

std::string outcome(ssize_t result) {
    return result < 0 ? ::strerrorname_np(errno) : std::to_string(result);
}

}  // namespace

std::string ScriptPlayer::poll(const Step& step) {
    pollfd one{
        .fd = slots_[step.slot].fd, .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP, .revents = 0};
    const int count = ::poll(&one, 1, 0);
    if (count < 0) return outcome(count);
    // Their bits are those of epoll.
    return describe_events(static_cast<std::uint32_t>(static_cast<unsigned short>(one.revents)));
}

// An event tells the step that asked for it.
std::string ScriptPlayer::control(const Step& step, int operation) {
    epoll_event event{.events = step.value, .data = {.u64 = at_}};
    const int target = slots_[step.other].fd;
    return outcome(::epoll_ctl(slots_[step.slot].fd, operation, target, &event));
}

// Where TCP is, events come in the order in which its segments happen to arrive: there all are a
// set, and what there was no room for is fetched at once.
std::string ScriptPlayer::wait(const Step& step) {
    std::vector<std::string> told;
    const int count = wait_for(step.slot, static_cast<int>(step.value), told);
    if (count < 0) return outcome(count);
    std::string text;
    if (has_tcp_ && step.value < slot_count) {
        text = std::to_string(count) + " at first";
        (void)wait_for(step.slot, 2 * slot_count, told);
    }
    if (has_tcp_) std::sort(told.begin(), told.end());
    told.erase(std::unique(told.begin(), told.end()), told.end());
    for (const std::string& one : told) text += (text.empty() ? "" : ", ") + one;
    return text.empty() ? "nothing" : text;
}

int ScriptPlayer::wait_for(std::size_t slot, int most, std::vector<std::string>& told) {
    std::array<epoll_event, 2 * slot_count> events{};
    const int count = ::epoll_wait(slots_[slot].fd, events.data(), most, 0);
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        told.push_back(std::to_string(event.data.u64) + ' ' + describe_events(event.events));
    }
    return count;
}

void ScriptPlayer::forget_events() {
    std::vector<std::string> ignored;
    for (std::size_t slot = 0; slot < slot_count; ++slot) {
        if (slots_[slot].kind == Kind::epoll) (void)wait_for(slot, 2 * slot_count, ignored);
    }
}

std::string ScriptPlayer::count(const Step& step) {
    const std::uint64_t added = step.value == UINT32_MAX ? UINT64_MAX - 1 : step.value;
    return outcome(::write(slots_[step.slot].fd, &added, sizeof added));
}

std::string ScriptPlayer::take_count(const Step& step) {
    std::uint64_t number = 0;
    const ssize_t size = ::read(slots_[step.slot].fd, &number, sizeof number);
    return size < 0 ? outcome(size) : std::to_string(number);
}

// It is waited for: a time that is past is told by an interrupt.
std::string ScriptPlayer::set_timer(const Step& step) {
    if (step.op == Op::timer) {
        const int fd = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        return put(step.slot, fd, Kind::timer, {});
    }
    const int fd = slots_[step.slot].fd;
    itimerspec time{};
    const bool expires = step.op != Op::disarm;
    time.it_value.tv_nsec = expires ? 1 : 0;
    time.it_interval.tv_sec = step.op == Op::repeat ? 3'600 : 0;
    if (step.op == Op::repeat) {
        timespec now{};
        ::clock_gettime(CLOCK_MONOTONIC, &now);
        time.it_value.tv_sec = now.tv_sec;
    }
    const int result = ::timerfd_settime(fd, TFD_TIMER_ABSTIME, &time, nullptr);
    pollfd one{.fd = fd, .events = POLLIN, .revents = 0};
    if (result == 0 && expires) (void)::poll(&one, 1, 1'000);
    return outcome(result);
}

}  // namespace edgews::sim::test
