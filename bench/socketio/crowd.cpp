#include "crowd.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace load::sio {
namespace {

constexpr std::size_t opened_at_a_time = 64;  // Lest the server's backlog overflows.

}  // namespace

Crowd::Crowd(const Options& options, Handler& handler)
    : around_{.target = Target(options.load.host, options.load.port),
              .host = options.load.host + ":" + std::to_string(options.load.port),
              .handler = &handler} {}

Session& Crowd::add() {
    return sessions_.emplace_back(around_, static_cast<std::uint32_t>(sessions_.size()));
}

std::size_t Crowd::connected_count() const noexcept {
    return static_cast<std::size_t>(
        std::ranges::count_if(sessions_, [](const Session& one) { return one.is_connected(); }));
}

void Crowd::open(std::size_t count, Transport transport) {
    while (count > 0) {
        const std::size_t first = size();
        const std::size_t some = std::min(count, opened_at_a_time);
        for (std::size_t i = 0; i < some; ++i) {
            Session& session = add();
            session.open(transport);
            session.flush();
        }
        await("a session is not let in", [&] {
            return std::all_of(sessions_.begin() + static_cast<std::ptrdiff_t>(first),
                               sessions_.end(),
                               [](const Session& one) { return one.is_connected(); });
        });
        count -= some;
    }
}

void Crowd::turn(int timeout_ms) {
    for (const epoll_event& event : around_.poller.wait(timeout_ms)) {
        now_ = now_ns();
        Session& session = sessions_[event.data.u32 / Session::link_count];
        session.on_events(event.data.u32 % Session::link_count, event.events);
    }
}

void Crowd::fail_waiting(const char* what) {
    throw std::runtime_error(what);
}

}  // namespace load::sio
