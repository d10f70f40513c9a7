#include <cstdint>
#include <vector>

#include "crowd.hpp"
#include "measurement.hpp"
#include "modes.hpp"

namespace load {

Report run_handshake(const Options& options, const ServerProbe& probe, Failures& failures) {
    struct Attempt {
        std::uint64_t began_at;
        Opening opening;
    };
    const Target target(options.host, options.port);
    const OpeningTexts texts(options.host, options.port, options.path);
    Poller poller;
    std::vector<Attempt> attempts;
    attempts.reserve(options.connections);
    unsigned next = 0;  // Moves through the requests and through the addresses to come from.
    const auto begin = [&] { return Attempt{now_ns(), Opening(target, texts, next++)}; };
    const auto fail = [&](const Attempt& attempt) { failures.add(attempt.opening.fault()); };

    for (unsigned i = 0; i < options.connections; ++i) {
        const Attempt& attempt = attempts.emplace_back(begin());
        if (attempt.opening.fd())
            poller.add(attempt.opening.fd(), i);
        else
            fail(attempt);
    }
    Measurement measurement(options, probe, failures);
    while (measurement.goes_on(now_ns()) && failures.count() == 0) {
        for (const epoll_event& event : poller.wait(100)) {
            Attempt& attempt = attempts[event.data.u32];
            const Opening::Step step = attempt.opening.advance();
            if (step == Opening::Step::waiting) continue;
            if (step == Opening::Step::failed) {
                fail(attempt);
                continue;
            }
            measurement.record(now_ns() - attempt.began_at);
            attempt.opening.reset();
            attempt = begin();
            if (attempt.opening.fd())
                poller.add(attempt.opening.fd(), event.data.u32);
            else
                fail(attempt);
        }
    }
    measurement.finish();
    for (Attempt& attempt : attempts) attempt.opening.reset();
    return measurement.take_report();
}

}  // namespace load
