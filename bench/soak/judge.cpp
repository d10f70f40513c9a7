#include "judge.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <vector>

namespace soak {
namespace {

// By how much the line of least squares through the points rises from the first to the last.
double growth(std::span<const Calm> calms, std::span<const double> values) {
    double mean_x = 0;
    double mean_y = 0;
    const auto count = static_cast<double>(calms.size());
    for (std::size_t i = 0; i < calms.size(); ++i) {
        mean_x += calms[i].minutes / count;
        mean_y += values[i] / count;
    }
    double covariance = 0;
    double variance = 0;
    for (std::size_t i = 0; i < calms.size(); ++i) {
        covariance += (calms[i].minutes - mean_x) * (values[i] - mean_y);
        variance += (calms[i].minutes - mean_x) * (calms[i].minutes - mean_x);
    }
    const double span = calms.back().minutes - calms.front().minutes;
    return variance > 0 ? covariance / variance * span : 0;
}

struct Findings {
    std::string faults{};
    std::string figures{};

    void add(std::string& list, const std::string& text) const {
        if (!list.empty()) list += "; ";
        list += text;
    }
    // A figure that has to be what it was.
    template <class Get>
    void same(const char* what, const Calm& before, std::span<const Calm> calms, Get get) {
        const std::uint64_t wanted = get(before);
        for (std::size_t i = 0; i < calms.size(); ++i) {
            if (get(calms[i]) == wanted) continue;
            add(faults, std::string(what) + " " + std::to_string(wanted) + " before, " +
                            std::to_string(get(calms[i])) + " in calm " + std::to_string(i + 1));
            return;
        }
        add(figures, std::string(what) + " " + std::to_string(wanted));
    }
    // One that may not grow.
    template <class Get>
    void bounded(const char* what, std::span<const Calm> calms, double tolerance, Get get) {
        std::vector<double> values;
        for (const Calm& calm : calms) values.push_back(static_cast<double>(get(calm)));
        const double rise = growth(calms, values);
        const double most = *std::max_element(values.begin(), values.end()) - values.front();
        std::array<char, 160> text{};
        std::snprintf(text.data(), text.size(),
                      "%s %.0f KiB in the first calm, %+.0f by the line, %+.0f at most "
                      "(%.0f and %.0f allowed)",
                      what, values.front(), rise, most, tolerance, 2 * tolerance);
        add(rise > tolerance || most > 2 * tolerance ? faults : figures, text.data());
    }
};

}  // namespace

Verdict judge(const Calm& before, std::span<const Calm> calms, const Tolerances& tolerances) {
    Findings found;
    if (calms.size() < 2) found.add(found.faults, "fewer than two calms");
    if (calms.empty()) return {false, "not flat: " + found.faults};
    const Calm& last = calms.back();
    found.add(found.figures, std::to_string(calms.size()) + " calms, " +
                                 std::to_string(last.accepted_total) + " connections");
    if (last.accepted_total == 0) found.add(found.faults, "nobody ever came");
    if (last.idle_personas > 0) {
        found.add(found.faults, std::to_string(last.idle_personas) +
                                    " kinds of clients never got what they came for");
    }
    if (last.wrong_total > 0) {
        found.add(found.faults, std::to_string(last.wrong_total) + " wrong answers");
    }
    found.same("descriptors", before, calms, [](const Calm& c) { return c.server.descriptors; });
    found.same("the clients'", before, calms, [](const Calm& c) { return c.clients.descriptors; });
    found.same("connections", before, calms, [](const Calm& c) { return c.connections; });
    found.same("sessions", before, calms, [](const Calm& c) { return c.sessions; });
    found.same("bytes in the broker", before, calms, [](const Calm& c) { return c.broker_bytes; });
    found.same("clients", before, calms, [](const Calm& c) { return c.live_clients; });
    if (tolerances.judges_memory) {
        found.bounded("resident", calms, tolerances.resident_kib,
                      [](const Calm& c) { return c.server.resident_kib; });
        found.bounded("heap", calms, tolerances.heap_kib,
                      [](const Calm& c) { return c.server.heap_kib; });
        found.bounded("the clients' resident", calms, tolerances.clients_resident_kib,
                      [](const Calm& c) { return c.clients.resident_kib; });
        found.bounded("the clients' heap", calms, tolerances.heap_kib,
                      [](const Calm& c) { return c.clients.heap_kib; });
    } else {
        found.add(found.figures, "memory is not judged under a sanitizer");
    }
    if (found.faults.empty()) return {true, "flat: " + found.figures};
    return {false, "not flat: " + found.faults + " (" + found.figures + ")"};
}

}  // namespace soak
