#include "script.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <utility>

namespace edgews::sim::test {

namespace {

// What follows a step's verb and its slot: another slot, and a value.
struct Wording {
    const char* verb;
    bool has_other = false;
    bool has_value = true;
};
constexpr std::array<Wording, op_count> wordings{{
    {"socket"},
    {"pair", true, false},
    {"pipe", true, false},
    {"bind"},
    {"listen"},
    {"connect"},
    {"accept", true, false},
    {"send"},
    {"send_pieces"},
    {"write"},
    {"send_urgent"},
    {"fill", false, false},
    {"receive"},
    {"peek"},
    {"receive_pieces"},
    {"read_pieces"},
    {"receive_urgent"},
    {"drain", false, false},
    {"shutdown"},
    {"close", false, false},
    {"linger", false, false},
    {"duplicate", true, false},
    {"replace", true, false},
    {"far", true},
    {"error", false, false},
    {"queues", false, false},
    {"names", false, false},
    {"poll", false, false},
    {"epoll", false, false},
    {"add", true},
    {"modify", true},
    {"remove", true, false},
    {"wait"},
    {"counter"},
    {"semaphore"},
    {"count"},
    {"timer", false, false},
    {"expire", false, false},
    {"repeat", false, false},
    {"disarm", false, false},
    {"take_count", false, false},
}};

using Words = std::span<const char* const>;
constexpr std::array families{"tcp4", "tcp6", "local_path", "local_abstract"};
constexpr std::array places{"first_4",     "second_4",       "any_4",
                            "first_6",     "any_6",          "first_path",
                            "second_path", "first_abstract", "second_abstract"};
constexpr std::array ways_to_shut{"RD", "WR", "RDWR"};

// Of a value that has names; empty: it is a number, or events.
Words words_of(Op op) {
    switch (op) {
        case Op::socket: return families;
        case Op::bind:
        case Op::connect: return places;
        case Op::shutdown: return ways_to_shut;
        default: return {};
    }
}

bool has_events(Op op) {
    return op == Op::add || op == Op::modify;
}

std::string describe_value(const Step& step) {
    const Words words = words_of(step.op);
    if (!words.empty()) return words[step.value];
    return has_events(step.op) ? describe_events(step.value) : std::to_string(step.value);
}

constexpr std::array<std::pair<std::uint32_t, const char*>, 9> event_names{
    {{EPOLLIN, "IN"},
     {EPOLLOUT, "OUT"},
     {EPOLLPRI, "PRI"},
     {EPOLLRDHUP, "RDHUP"},
     {EPOLLHUP, "HUP"},
     {EPOLLERR, "ERR"},
     {EPOLLET, "ET"},
     {EPOLLONESHOT, "ONESHOT"},
     {EPOLLEXCLUSIVE, "EXCLUSIVE"}}};

std::uint32_t number_in(std::string_view text) {
    std::uint32_t number = 0;
    (void)std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

std::uint32_t events_in(std::string_view text) {
    std::uint32_t events = 0;
    while (!text.empty()) {
        const std::string_view name = text.substr(0, text.find('|'));
        text.remove_prefix(std::min(name.size() + 1, text.size()));
        for (const auto& [bit, its_name] : event_names) events |= name == its_name ? bit : 0;
    }
    return events;
}

std::uint32_t value_in(Op op, std::string_view text) {
    if (has_events(op)) return events_in(text);
    const Words words = words_of(op);
    const auto found = std::find(words.begin(), words.end(), text);
    if (found == words.end()) return number_in(text);
    return static_cast<std::uint32_t>(found - words.begin());
}

// "accept 0, 3", "send 2: 100"
std::optional<Step> step_in(std::string_view line) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const std::string_view verb = line.substr(0, line.find(' '));
    const auto found = std::find_if(wordings.begin(), wordings.end(),
                                    [&](const Wording& one) { return verb == one.verb; });
    if (found == wordings.end()) return std::nullopt;
    Step step{.op = static_cast<Op>(found - wordings.begin())};
    line.remove_prefix(std::min(verb.size() + 1, line.size()));
    step.slot = number_in(line);
    const std::size_t comma = line.find(", ");
    if (comma != line.npos) step.other = number_in(line.substr(comma + 2));
    const std::size_t colon = line.find(": ");
    if (colon != line.npos) step.value = value_in(step.op, line.substr(colon + 2));
    return step;
}

}  // namespace

std::string describe_events(std::uint32_t events) {
    std::string text;
    for (const auto& [bit, name] : event_names) {
        if ((events & bit) != 0) text += (text.empty() ? "" : "|") + std::string(name);
        events &= ~bit;
    }
    if (events != 0) text += "|and " + std::to_string(events);
    return text.empty() ? "0" : text;
}

std::string describe(const Step& step) {
    const Wording& wording = wordings[static_cast<std::size_t>(step.op)];
    std::string text = wording.verb + std::string(" ") + std::to_string(step.slot);
    if (wording.has_other) text += ", " + std::to_string(step.other);
    if (wording.has_value) text += ": " + describe_value(step);
    return text;
}

Script script_of(std::string_view text) {
    Script script;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (const std::optional<Step> step = step_in(line)) script.push_back(*step);
    }
    return script;
}

}  // namespace edgews::sim::test
