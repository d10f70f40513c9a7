#include "net/stream/streams_on_loop.hpp"

#include <utility>

namespace edgews {

namespace {

// As many as are answered together (net/loop/reactor.cpp), so that steady traffic takes nothing
// from the heap.
constexpr std::size_t first_queue_count = 32;
constexpr std::size_t warm_queue_count_max = 64;
constexpr std::size_t spare_queue_count_max = 16 * 1024;

HandshakeLine& add_handshake_line(Reactor& reactor) {
    auto line = std::make_unique<HandshakeLine>(reactor);
    reactor.add(*line);
    return *line.release();
}

}  // namespace

StreamsOnLoop::StreamsOnLoop(Reactor& reactor)
    : reactor_(reactor), handshakes_(add_handshake_line(reactor)) {
    while (warm_queues_.size() < first_queue_count) {
        warm_queues_.push_back(std::make_unique<OutputQueue>(reactor_.pool()));
        warm_queues_.back()->warm_up();
    }
}

std::unique_ptr<OutputQueue> StreamsOnLoop::take_queue() {
    Queues& queues = warm_queues_.empty() ? queues_ : warm_queues_;
    if (queues.empty()) return std::make_unique<OutputQueue>(reactor_.pool());
    std::unique_ptr<OutputQueue> queue = std::move(queues.back());
    queues.pop_back();
    return queue;
}

void StreamsOnLoop::give_back(std::unique_ptr<OutputQueue> queue) noexcept {
    if (!queue->is_empty()) queue->clear();
    if (warm_queues_.size() < warm_queue_count_max) return warm_queues_.push_back(std::move(queue));
    queue->release();
    if (queues_.size() < spare_queue_count_max) queues_.push_back(std::move(queue));
}

std::span<std::byte> StreamsOnLoop::transport_space() {
    if (!transport_space_) transport_space_.reset(new std::byte[Reactor::receive_space_size]);
    return {transport_space_.get(), Reactor::receive_space_size};
}

bool StreamsOnLoop::fills_discarded_unit(std::size_t size) noexcept {
    discarded_size_ += size;
    if (discarded_size_ < discarded_unit) return false;
    discarded_size_ -= discarded_unit;
    return true;
}

}  // namespace edgews
