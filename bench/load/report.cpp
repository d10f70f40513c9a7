#include "report.hpp"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>

namespace load {
namespace {

struct Quantile {
    const char* key;
    const char* label;
    double share;
};

constexpr std::array quantiles{
    Quantile{"p50", "p50", 0.5},          Quantile{"p90", "p90", 0.9},
    Quantile{"p99", "p99", 0.99},         Quantile{"p99_9", "p99.9", 0.999},
    Quantile{"p99_99", "p99.99", 0.9999}, Quantile{"max", "max", 1.0},
};

[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...) {
    std::array<char, 256> text;
    std::va_list arguments;
    va_start(arguments, pattern);
    const int size = std::vsnprintf(text.data(), text.size(), pattern, arguments);
    va_end(arguments);
    return {text.data(), std::min(static_cast<std::size_t>(size), text.size() - 1)};
}

unsigned long long wide(std::uint64_t number) noexcept {
    return number;
}

// "1,234,567"
std::string grouped(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (std::size_t at = text.size(); at > 3;) {
        at -= 3;
        text.insert(at, ",");
    }
    return text;
}

std::string time_text(double ns) {
    if (ns < 10'000) return format("%.0f ns", ns);
    if (ns < 10'000'000) return format("%.1f us", ns / 1e3);
    return format("%.1f ms", ns / 1e6);
}

std::string server_json(const Report& report) {
    if (!report.server) return "null";
    const ServerFigures& server = *report.server;
    const auto or_null = [](const char* pattern, const auto& figure) {
        return figure ? format(pattern, static_cast<double>(*figure)) : std::string("null");
    };
    return format(
               "{\"cpu_ns\":%.1f,\"user_ns\":%.1f,\"system_ns\":%.1f,\"cpu_share\":%.4f,\"wait_"
               "share\":%.4f,",
               server.cpu_ns, server.user_ns, server.system_ns, server.cpu_share,
               server.wait_share) +
           "\"rss_bytes\":" + or_null("%.0f", server.rss_bytes) +
           ",\"rss_per_connection\":" + or_null("%.1f", server.rss_per_connection) +
           format(",\"voluntary_switches\":%llu,\"involuntary_switches\":%llu}",
                  wide(server.voluntary_switches), wide(server.involuntary_switches));
}

std::string latency_json(const Histogram& latency) {
    if (latency.count() == 0) return "null";
    std::string text = "{";
    for (const Quantile& quantile : quantiles) {
        if (text.size() > 1) text += ',';
        text += format("\"%s\":%llu", quantile.key, wide(latency.value_at(quantile.share)));
    }
    return text + "}";
}

// What the run was asked to do, in one line.
std::string headline(const Options& options, double seconds) {
    std::string text = format("%s: %u connections", name_of(options.mode), options.connections);
    const bool is_open_loop = options.mode == Mode::rate || options.mode == Mode::mixed;
    if (options.mode == Mode::mixed) text += format(" beside %u idle ones", options.idle);
    if (is_open_loop) text += format(", %llu messages a second", wide(options.rate));
    if (options.mode == Mode::echo || options.mode == Mode::broadcast ||
        options.mode == Mode::get) {
        text += format(", %u in flight", options.in_flight);
    }
    if (options.mode != Mode::idle && options.mode != Mode::handshake &&
        options.mode != Mode::get) {
        text += format(", %zu bytes %s", options.size, name_of(options.payload));
    }
    return text + format(", %.1f s\n", seconds);
}

const char* noun_of(Mode mode) noexcept {
    switch (mode) {
        case Mode::echo:
        case Mode::rate:
        case Mode::mixed: return "echoes";
        case Mode::broadcast: return "deliveries";
        case Mode::get: return "answers";
        case Mode::handshake:
        case Mode::idle: return "connections";
    }
    return "";
}

std::string server_table(const Options& options, const ServerFigures& server) {
    std::string text;
    if (options.mode == Mode::idle) {
        text += format("  server      %.2f %% of a core\n", 100 * server.cpu_share);
    } else {
        text += "  server      " + time_text(server.cpu_ns) + " of CPU each (user " +
                time_text(server.user_ns) + ", system " + time_text(server.system_ns) + ")" +
                format(", %.1f %% of a core", 100 * server.cpu_share);
        // Others on the server's core spoil latencies, and cool the caches.
        if (server.wait_share > 0.01) {
            text += format(", and waits for it %.1f %%", 100 * server.wait_share);
        }
        text += "\n";
    }
    text += "  switches    " + grouped(server.voluntary_switches) + " voluntary, " +
            grouped(server.involuntary_switches) + " involuntary\n";
    if (server.rss_bytes) {
        text += format("  memory      %.1f MB", static_cast<double>(*server.rss_bytes) / 1e6);
        if (server.rss_per_connection) {
            text += format(", %.1f bytes per connection", *server.rss_per_connection);
        }
        text += "\n";
    }
    return text;
}

}  // namespace

std::string to_json(const Options& options, const Report& report) {
    return format("{\"mode\":\"%s\",\"connections\":%u,\"in_flight\":%u,\"size\":%zu,",
                  name_of(options.mode), options.connections, options.in_flight, options.size) +
           format("\"payload\":\"%s\",\"rate\":%llu,\"idle\":%u,\"seconds\":%.6f,",
                  name_of(options.payload), wide(options.rate), options.idle, report.seconds) +
           format("\"messages\":%llu,\"per_second\":%.1f,", wide(report.messages),
                  report.per_second) +
           "\"server\":" + server_json(report) +
           ",\"latency_ns\":" + latency_json(report.latency_ns) +
           format(",\"errors\":%llu}\n", wide(report.errors));
}

std::string to_table(const Options& options, const Report& report) {
    std::string text = headline(options, report.seconds);
    text += format("  %-11s ", noun_of(options.mode)) + grouped(report.messages) + ", " +
            grouped(static_cast<std::uint64_t>(report.per_second)) + " per second\n";
    if (report.latency_ns.count() > 0) {
        text += "  latency    ";
        for (const Quantile& quantile : quantiles) {
            const auto value = static_cast<double>(report.latency_ns.value_at(quantile.share));
            text += format(" %s ", quantile.label) + time_text(value);
        }
        text += "\n";
    }
    text += report.server ? server_table(options, *report.server)
                          : "  server      not found (give --pid)\n";
    return text + format("  errors      %llu\n", wide(report.errors));
}

}  // namespace load
