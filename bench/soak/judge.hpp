// Whether a server is after an hour what it was at the beginning.
//
// Every few minutes all clients leave. What the server has then must be what it had in the first
// such calm: the same descriptors, no connection, no session, no message, and memory that does not
// grow. A line is laid through the calms' figures (least squares), for one figure alone may be
// high or low by chance; what it rises from the first calm to the last is the growth. One calm
// alone may have twice as much more than the first.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "gauge.hpp"

namespace soak {

// What is there at the end of a calm.
struct Calm {
    double minutes = 0;  // Since the beginning.
    Usage server{};
    Usage clients{};
    std::uint64_t connections = 0;
    std::uint64_t sessions = 0;      // Of STOMP.
    std::uint64_t broker_bytes = 0;  // What its queues and topics take.
    std::uint64_t live_clients = 0;
    std::uint64_t accepted_total = 0;
    std::uint64_t wrong_total = 0;
    std::uint64_t idle_personas = 0;
};

struct Tolerances {
    // Kibibytes by which memory may grow by the line.
    double resident_kib = 0;
    double clients_resident_kib = 0;
    double heap_kib = 0;        // Of either process.
    bool judges_memory = true;  // False under a sanitizer, which keeps what is freed.
};

struct Verdict {
    bool is_flat = false;
    std::string text{};  // "flat: …" or "not flat: …", with all figures.
};

// `before`: with the server up, before the first client came.
[[nodiscard]] Verdict judge(const Calm& before, std::span<const Calm> calms,
                            const Tolerances& tolerances);

}  // namespace soak
