#include "crowd.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace load {
namespace {

constexpr std::size_t buffer_size = 256 * 1024;
constexpr unsigned openings_max = 128;  // At once, lest the server's backlog overflows.
constexpr int opening_timeout_ms = 10'000;

}  // namespace

Crowd::Crowd(const Options& options, Failures& failures)
    : failures_(&failures),
      target_(options.host, options.port),
      texts_(options.host, options.port, options.path),
      run_({.alphabet = options.payload, .size = options.size, .in_flight = options.in_flight}),
      buffer_(buffer_size) {}

Crowd::~Crowd() {
    for (Connection& connection : connections_) connection.reset();
}

void Crowd::open(unsigned count) {
    const auto first = static_cast<unsigned>(connections_.size());
    std::vector<Opening> openings;
    openings.reserve(count);
    std::vector<edgews::Fd> fds(count);
    unsigned done = 0;
    while (done < count) {
        while (openings.size() < std::min(count, done + openings_max)) {
            const unsigned number = first + static_cast<unsigned>(openings.size());
            const Opening& opening = openings.emplace_back(target_, texts_, number);
            if (!opening.fd()) throw std::runtime_error(opening.fault());
            poller_.add(opening.fd(), number);
        }
        const auto events = poller_.wait(opening_timeout_ms);
        if (events.empty()) throw std::runtime_error("no answer to the handshake within 10 s");
        for (const epoll_event& event : events) {
            if (event.data.u32 < first) {
                receive(event.data.u32);
                flush(event.data.u32);
                continue;
            }
            const unsigned i = event.data.u32 - first;
            const Opening::Step step = fds[i] ? Opening::Step::waiting : openings[i].advance();
            if (step == Opening::Step::failed) throw std::runtime_error(openings[i].fault());
            if (step != Opening::Step::open) continue;
            fds[i] = openings[i].take_fd();
            ++done;
        }
    }
    connections_.reserve(first + count);
    for (edgews::Fd& fd : fds) connections_.emplace_back(std::move(fd), run_);
    open_count_ += count;
}

void Crowd::close_failed(std::size_t index) {
    Connection& connection = connections_[index];
    failures_->add("connection " + std::to_string(index) + ", message " +
                   std::to_string(connection.received()) + ": " + connection.fault());
    connection.reset();
    --open_count_;
}

std::uint64_t Crowd::missing() const noexcept {
    std::uint64_t count = 0;
    for (const Connection& connection : connections_) {
        if (connection.is_open()) count += connection.expected() - connection.received();
    }
    return count;
}

void Crowd::fail_missing() {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
        const Connection& connection = connections_[i];
        const std::uint64_t count = connection.expected() - connection.received();
        if (!connection.is_open() || count == 0) continue;
        failures_->add("connection " + std::to_string(i) + ": " + std::to_string(count) +
                       " messages never came back");
    }
}

}  // namespace load
