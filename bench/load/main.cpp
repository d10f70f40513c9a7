// The load generator: makes a WebSocket or HTTP server work, and measures it from the outside.
//
//     load MODE [options]
//
// One thread, which never sleeps while it measures: it wants a core of its own, and the
// server another.
#include <cstdio>
#include <exception>
#include <string>

#include "descriptors.hpp"
#include "failures.hpp"
#include "modes.hpp"
#include "options.hpp"
#include "report.hpp"
#include "server_probe.hpp"

namespace {

using namespace load;

RunMode* mode_of(const Options& options) noexcept {
    switch (options.mode) {
        case Mode::echo: return run_echo;
        case Mode::rate:
        case Mode::mixed: return run_rate;
        case Mode::handshake: return run_handshake;
        case Mode::idle: return run_idle;
        case Mode::broadcast: return run_broadcast;
        case Mode::get: return run_get;
    }
    return nullptr;
}

int run(const Options& options) {
    const pid_t pid = options.pid != 0 ? options.pid : find_listener(options.port);
    const ServerProbe probe(pid);
    if (probe.has_server() && !probe.sample()) {
        std::fprintf(stderr, "load: --pid %d: there is no such process\n", pid);
        return 2;
    }
    Failures failures;
    Report report = mode_of(options)(options, probe, failures);
    report.errors = failures.count();
    std::fputs((options.json ? to_json(options, report) : to_table(options, report)).c_str(),
               stdout);
    return report.errors == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
    const ParsedOptions parsed = parse_options(count, words);
    if (!parsed.fault.empty()) {
        std::fprintf(stderr, "load: %s\nTry load --help.\n", parsed.fault.c_str());
        return 2;
    }
    if (parsed.options.help) {
        std::fputs(usage().c_str(), stdout);
        return 0;
    }
    raise_descriptor_limit();  // Options were checked against that.
    try {
        return run(parsed.options);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "load: %s\n", error.what());
        return 1;
    }
}
