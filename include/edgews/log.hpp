// A ready hook for `on_event` (edgews/event.hpp): a line on standard error for each event, for
// people, for journald, or as JSON.
//
//     edgews::Server server({.on_event = edgews::log_to_stderr()});
//
//     2026-11-30T21:00:00.123Z level=warning kind=limit_reached code=503
//         address=192.0.2.7:40312 text="ServerOptions::connections_max"      (one line)
//
// What peers wrote is written as a JSON string in both formats: control characters, line ends and
// what turns the direction of text are escaped, what is not UTF-8 becomes U+FFFD, and of a long one
// the beginning is left. A flood costs little: the lines of each kind are limited, and those that
// were left out are counted.
#pragma once

#include <edgews/event.hpp>

#include <cstdint>

namespace edgews {

enum class LogFormat : std::uint8_t {
    text,  // key=value; what may contain anything is quoted.
    json,  // One object a line.
};

// What a line begins with.
enum class LogStamp : std::uint8_t {
    // `priority`, if it is journald that reads (JOURNAL_STREAM names the descriptor); else `time`.
    automatic,
    time,      // Of UTC, to the millisecond (RFC 3339); in JSON it is the member "time".
    priority,  // "<4>": the level, as journald reads it (sd-daemon(3)). It adds the time itself.
};

struct LogOptions {
    LogFormat format = LogFormat::text;
    LogStamp stamp = LogStamp::automatic;
    // Lower ones are neither written nor counted.
    EventLevel level_min = EventLevel::info;
    // Lines of each kind that are written in a period, and its length in milliseconds. Further ones
    // are left out. How many these were is a line of its own, `suppressed=N`, which follows with
    // the first event behind the period, with shutdown_done, or when the hook is destroyed.
    std::uint32_t line_count_max = 20;
    std::uint32_t period_ms = 10'000;
    // A descriptor, which is borrowed. A line is one write(2) of at most 2 KiB. One that a pipe or
    // a socket has no room for is left out and counted, too: no loop waits for whoever reads.
    int fd = 2;
};

// Any thread may call the hook; loops may share it, and so may servers, clients and brokers. Its
// copies are one, with one limit.
[[nodiscard]] EventHook log_to_stderr(const LogOptions& options = {});

}  // namespace edgews
