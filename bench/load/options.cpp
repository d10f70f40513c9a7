#include "options.hpp"

#include "programs/common/number.hpp"

#include <sys/resource.h>

#include <array>
#include <limits>
#include <optional>
#include <string_view>

namespace load {
namespace {

constexpr std::size_t spare_descriptors = 32;         // For all that is no connection.
constexpr std::size_t bytes_in_flight_max = 1 << 30;  // Of one connection; they are in memory.
constexpr double seconds_max = 24 * 3600;

struct ModeRow {
    Mode mode;
    const char* name;
    const char* help;
};

constexpr std::array modes{
    ModeRow{Mode::echo, "echo",
            "a fixed number of messages is always on the way in every connection"},
    ModeRow{Mode::rate, "rate",
            "messages leave at fixed times; the latency counts from those, so that\n"
            "             a stall of the server is not hidden"},
    ModeRow{Mode::handshake, "handshake",
            "connections that open, upgrade and are reset; so many at once"},
    ModeRow{Mode::idle, "idle", "connections that are silent: what memory each one takes"},
    ModeRow{Mode::broadcast, "broadcast",
            "every connection receives what one of them sends; path /broadcast"},
    ModeRow{Mode::mixed, "mixed", "rate, with --idle silent connections beside"},
    ModeRow{Mode::get, "get", "plain HTTP: as echo, with GETs for messages, pipelined"},
};

template <class Number>
bool set_number(std::string_view text, Number& number, Number least, Number most) {
    return programs::parse_number(text, number) && number >= least && number <= most;
}

template <class Number>
constexpr Number largest = std::numeric_limits<Number>::max();

struct OptionRow {
    const char* name;
    const char* value;  // What to write for it, as --help and errors have it. Empty: no value.
    const char* help;
    // False: the text is no such value.
    bool (*set)(Options& options, std::string_view text);
};

constexpr std::array option_rows{
    OptionRow{"--host", "NAME", "of the server (127.0.0.1)",
              [](Options& o, std::string_view text) {
                  o.host = text;
                  return !text.empty();
              }},
    OptionRow{"--port", "1-65535", "of the server (9001)",
              [](Options& o, std::string_view text) {
                  return set_number<std::uint16_t>(text, o.port, 1, 65535);
              }},
    OptionRow{"--path", "/PATH", "to ask for (/; broadcast: /broadcast)",
              [](Options& o, std::string_view text) {
                  o.path = text;
                  return text.starts_with('/') && text.find_first_of(" \r\n") == text.npos;
              }},
    OptionRow{"--pid", "PID", "of the server (the process that listens on the port)",
              [](Options& o, std::string_view text) {
                  return set_number(text, o.pid, pid_t{1}, largest<pid_t>);
              }},
    OptionRow{"--connections", "N", "(64; idle: 10000, broadcast: 1000)",
              [](Options& o, std::string_view text) {
                  return set_number(text, o.connections, 1U, 1'000'000U);
              }},
    OptionRow{"--in-flight", "N", "messages on the way; echo and get: in each connection (1)",
              [](Options& o, std::string_view text) {
                  return set_number(text, o.in_flight, 1U, 100'000U);
              }},
    OptionRow{"--size", "BYTES", "of each message (125)",
              [](Options& o, std::string_view text) {
                  return set_number(text, o.size, std::size_t{0}, bytes_in_flight_max);
              }},
    OptionRow{"--payload", "binary|ascii|latin|cyrillic|cjk|emoji",
              "all but binary are text messages (binary)",
              [](Options& o, std::string_view text) {
                  const std::optional<Alphabet> alphabet = alphabet_named(text);
                  o.payload = alphabet.value_or(Alphabet::binary);
                  return alphabet.has_value();
              }},
    OptionRow{"--rate", "MESSAGES", "a second, on all connections; rate and mixed (20000)",
              [](Options& o, std::string_view text) {
                  return (o.mode == Mode::rate || o.mode == Mode::mixed) &&
                         set_number<std::uint64_t>(text, o.rate, 1, 100'000'000);
              }},
    OptionRow{"--idle", "N", "silent connections; mixed (10000)",
              [](Options& o, std::string_view text) {
                  return o.mode == Mode::mixed && set_number(text, o.idle, 0U, 1'000'000U);
              }},
    OptionRow{"--seconds", "S", "to measure (3)",
              [](Options& o, std::string_view text) {
                  return set_number(text, o.seconds, 0.001, seconds_max);
              }},
    OptionRow{"--warm-up", "S", "before that (0.5)",
              [](Options& o, std::string_view text) {
                  return set_number(text, o.warm_up, 0.0, seconds_max);
              }},
    OptionRow{"--json", "", "one object on one line, in place of a table",
              [](Options& o, std::string_view) { return o.json = true; }},
    OptionRow{"--help", "", "this", [](Options& o, std::string_view) { return o.help = true; }},
};

const OptionRow* option_named(std::string_view name) noexcept {
    for (const OptionRow& row : option_rows) {
        if (name == row.name) return &row;
    }
    return nullptr;
}

const ModeRow* mode_named(std::string_view name) noexcept {
    for (const ModeRow& row : modes) {
        if (name == row.name) return &row;
    }
    return nullptr;
}

Options defaults_of(Mode mode) {
    Options options{.mode = mode};
    if (mode == Mode::idle) options.connections = 10'000;
    if (mode == Mode::broadcast) options.connections = 1'000;
    if (mode == Mode::broadcast) options.path = "/broadcast";
    if (mode == Mode::rate || mode == Mode::mixed) options.rate = 20'000;
    if (mode == Mode::mixed) options.idle = 10'000;
    return options;
}

// What single options cannot know.
std::string fault_of(const Options& options) {
    if (options.size * options.in_flight > bytes_in_flight_max) {
        return "--size times --in-flight may be 1 GiB at most";
    }
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    if (options.connections + options.idle + spare_descriptors > limit.rlim_max) {
        return "--connections: this process may have " +
               std::to_string(limit.rlim_max - spare_descriptors) +
               " (`ulimit -Hn`, less a few), idle ones included";
    }
    return {};
}

}  // namespace

ParsedOptions parse_options(int count, const char* const* words) {
    const std::string_view first = count > 1 ? words[1] : "--help";
    if (first == "--help") return {.options = {.help = true}};
    const ModeRow* mode = mode_named(first);
    if (mode == nullptr) return {.fault = std::string(first) + ": there is no such mode"};
    ParsedOptions parsed{.options = defaults_of(mode->mode)};
    for (int i = 2; i < count; ++i) {
        const std::string_view word = words[i];
        const std::size_t equals = word.find('=');
        const std::string name(word.substr(0, equals));
        const OptionRow* row = option_named(name);
        if (row == nullptr) return {.fault = name + ": there is no such option"};
        const bool wants_value = row->value[0] != '\0';
        const bool has_value = equals != word.npos;
        std::string_view value = has_value ? word.substr(equals + 1) : "";
        if (wants_value && !has_value) {
            if (++i == count) return {.fault = name + " " + row->value + ": the value is missing"};
            value = words[i];
        }
        if ((has_value && !wants_value) || !row->set(parsed.options, value)) {
            return {.fault = name + " " + row->value + ": mode " + mode->name +
                             " does not take \"" + std::string(value) + "\""};
        }
    }
    if (!parsed.options.help) parsed.fault = fault_of(parsed.options);
    return parsed;
}

std::string usage() {
    std::string text =
        "usage: load MODE [--name value | --name=value]...\n"
        "\n"
        "Makes a server work and measures it from the outside. It has one thread,\n"
        "which never sleeps while it sends: give it a core of its own, and the server another\n"
        "(`taskset -c 1 load echo`). Everything that comes back is compared with what it should\n"
        "be.\n"
        "\nmodes\n";
    for (const ModeRow& row : modes) {
        const std::string name = row.name;
        text += "  " + name + std::string(11 - name.size(), ' ') + row.help + "\n";
    }
    text += "\noptions (and what they are when absent)\n";
    for (const OptionRow& row : option_rows) {
        std::string name = "  " + std::string(row.name) + " " + row.value;
        name += name.size() < 25 ? std::string(25 - name.size(), ' ') : "\n" + std::string(25, ' ');
        text += name + row.help + "\n";
    }
    return text +
           "\n"
           "Server CPU is that of its whole process, from /proc: per message, in the measured\n"
           "seconds; in mode idle, of the silence. Latencies are within 1 % of what they say.\n"
           "Exit status: 0, or 1 when an answer was wrong, a connection failed or the server\n"
           "ended, or 2 when an option is wrong.\n";
}

const char* name_of(Mode mode) noexcept {
    return modes[static_cast<std::size_t>(mode)].name;
}

}  // namespace load
