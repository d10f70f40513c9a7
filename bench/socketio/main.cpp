// Load for a server of Socket.IO, and what that costs it.
//
//     build/bench/socketio_load echo|broadcast|connect|upgrade|idle --port 3000 [--host 127.0.0.1]
//         [--pid PID] [--transport websocket|polling] [--connections 64] [--in-flight 1]
//         [--size 125] [--seconds 3] [--warm-up 0.5]
//
// In its namespace "/" the server acknowledges `echo` (data) with the data, and `join` (room) when
// it has done so, to `broadcast` (data) it emits `news` (data) to the room "room", and it may send
// `auth` to whoever has connected. What it sends is checked. One thread,
// which never sleeps while it measures: it wants a core of its own, and the server another. CPU
// time is that of all threads of --pid, or of the process that listens on the port. The line that
// it prints is JSON; what was not measured is null.
#include <cstdio>
#include <exception>
#include <optional>
#include <string>

#include "bench/load/descriptors.hpp"
#include "modes.hpp"

namespace {

using namespace load;

sio::RunMode* mode_of(sio::Mode mode) noexcept {
    switch (mode) {
        case sio::Mode::echo: return sio::run_echo;
        case sio::Mode::broadcast: return sio::run_broadcast;
        case sio::Mode::connect: return sio::run_connect;
        case sio::Mode::upgrade: return sio::run_upgrade;
        case sio::Mode::idle: return sio::run_idle;
    }
    return nullptr;
}

std::string or_null(const std::optional<double>& number) {
    return number ? std::to_string(*number) : "null";
}

void tell(const sio::Options& options, const Report& report) {
    std::optional<double> cpu_ns, cpu_share, wait_share, memory;
    if (report.server) {
        cpu_ns = report.server->cpu_ns;
        cpu_share = report.server->cpu_share;
        wait_share = report.server->wait_share;
        memory = report.server->rss_per_connection;
    }
    std::printf(
        "{\"mode\":\"%s\",\"transport\":\"%s\",\"connections\":%u,\"in_flight\":%u,\"size\":%zu,"
        "\"messages\":%llu,\"per_second\":%.0f,\"p50_ns\":%llu,\"cpu_ns_per_message\":%s,"
        "\"cpu_share\":%s,\"wait_share\":%s,\"memory_per_session\":%s}\n",
        sio::name_of(options.mode).data(), sio::name_of(options.transport).data(),
        options.load.connections, options.load.in_flight, options.load.size,
        static_cast<unsigned long long>(report.messages), report.per_second,
        static_cast<unsigned long long>(report.latency_ns.value_at(0.5)), or_null(cpu_ns).c_str(),
        or_null(cpu_share).c_str(), or_null(wait_share).c_str(), or_null(memory).c_str());
}

}  // namespace

int main(int count, char** words) {
    raise_descriptor_limit();
    try {
        const sio::Options options = sio::parse_options(count, words);
        const pid_t pid =
            options.load.pid != 0 ? options.load.pid : find_listener(options.load.port);
        Failures failures;
        const Report report = mode_of(options.mode)(options, ServerProbe(pid), failures);
        if (failures.count() > 0) return 1;
        tell(options, report);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "socketio_load: %s\n", error.what());
        return 1;
    }
}
