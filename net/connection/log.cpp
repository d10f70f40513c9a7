#include <edgews/log.hpp>

#include "net/connection/event_teller.hpp"
#include "net/connection/log_line.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace edgews {

namespace {

std::uint64_t wall_clock_ms() noexcept {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

// systemd.exec(5): "device:inode" of the stream that leads to it.
bool leads_to_journald(int fd) {
    const char* const stream = std::getenv("JOURNAL_STREAM");
    struct stat status {};
    if (stream == nullptr || ::fstat(fd, &status) != 0) return false;
    return stream == std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino);
}

// Without waiting: a pipe that has room at all has it for a line (pipe(7), PIPE_BUF). False: there
// is none, or nobody reads.
bool write_at_once(int fd, std::string_view line) noexcept {
    pollfd state{.fd = fd, .events = POLLOUT, .revents = 0};
    if (::poll(&state, 1, 0) != 1 || state.revents != POLLOUT) return false;
    return ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

class Log {
  public:
    explicit Log(const LogOptions& options) : options_(options) {
        if (options_.stamp != LogStamp::automatic) return;
        options_.stamp = leads_to_journald(options_.fd) ? LogStamp::priority : LogStamp::time;
    }
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    ~Log() { tell_suppressed(UINT64_MAX); }

    void take(const EngineEvent& event) {
        const bool is_wanted = event.level >= options_.level_min;
        const bool is_end = event.kind == EventKind::shutdown_done;
        if (!is_wanted && !is_end) return;
        const std::lock_guard lock(mutex_);
        if (is_wanted) count(event, clock_ms());
        if (is_end) tell_suppressed(UINT64_MAX);
    }

  private:
    // In the present period.
    struct OfKind {
        std::uint64_t end_ms = 0;
        std::uint32_t line_count =
            0;  // Those that could not be written, too: to try costs as much.
        std::uint64_t suppressed_count = 0;
    };

    void count(const EngineEvent& event, std::uint64_t now_ms) {
        if (has_suppressed_) tell_suppressed(now_ms);
        OfKind& kind = kinds_[static_cast<std::size_t>(event.kind)];
        if (now_ms >= kind.end_ms) {
            kind.end_ms = now_ms + options_.period_ms;
            kind.line_count = 0;
        }
        if (kind.line_count < options_.line_count_max) {
            ++kind.line_count;
            if (write(event)) return;
        }
        ++kind.suppressed_count;
        has_suppressed_ = true;
    }
    // Of those periods that are over then. What cannot be written is tried again.
    void tell_suppressed(std::uint64_t now_ms) noexcept {
        has_suppressed_ = false;
        for (std::size_t i = 0; i < kinds_.size(); ++i) {
            OfKind& kind = kinds_[i];
            if (kind.suppressed_count == 0) continue;
            if (now_ms < kind.end_ms || !write(static_cast<EventKind>(i), kind.suppressed_count)) {
                has_suppressed_ = true;
            } else {
                kind.suppressed_count = 0;
            }
        }
    }
    [[nodiscard]] bool write(const EngineEvent& event) const {
        LogLine line(options_.format, options_.stamp, event.level, wall_clock_ms());
        line.add("kind", name_of(event.kind));
        line.add("code", event.code);
        if (event.address.family() != Address::Family::none) {
            line.add("address", event.address.to_string());
        }
        if (!event.route.empty()) line.add_quoted("route", event.route, LogLine::route_size_max);
        if (!event.text.empty()) line.add_quoted("text", event.text, LogLine::text_size_max);
        return write_at_once(options_.fd, line.finish());
    }
    [[nodiscard]] bool write(EventKind kind, std::uint64_t suppressed_count) const noexcept {
        LogLine line(options_.format, options_.stamp, EventLevel::notice, wall_clock_ms());
        line.add("kind", name_of(kind));
        line.add("suppressed", suppressed_count);
        return write_at_once(options_.fd, line.finish());
    }

    LogOptions options_;
    std::mutex mutex_;  // Guards what follows.
    std::array<OfKind, event_kind_count> kinds_{};
    bool has_suppressed_ = false;
};

}  // namespace

EventHook log_to_stderr(const LogOptions& options) {
    return [log = std::make_shared<Log>(options)](const EngineEvent& event) { log->take(event); };
}

}  // namespace edgews
