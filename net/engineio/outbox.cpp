#include "net/engineio/outbox.hpp"

#include <edgews/connection.hpp>
#include "core/base/buffer.hpp"

namespace edgews::engineio {

void Outbox::add(SharedPacket packet) {
    const std::size_t cost = cost_of(packet);
    size_ += cost;
    if (pool_ != nullptr) pool_->count_held(cost);
    packets_.push_back(std::move(packet));
}

void Outbox::leave_loop() noexcept {
    if (pool_ != nullptr) pool_->count_released(size_);
    pool_ = nullptr;
}

void Outbox::shrink(std::size_t size) noexcept {
    if (pool_ != nullptr) pool_->count_released(size_ - size);
    size_ = size;
}

void Outbox::write_to(PayloadWriter& writer) {
    auto each = packets_.begin();
    std::size_t left = size_;
    for (; each != packets_.end() && writer.add(each->packet()); ++each) left -= cost_of(*each);
    shrink(left);
    packets_.erase(packets_.begin(), each);
    if (packets_.empty()) packets_.shrink_to_fit();
}

std::string Outbox::take_payload(std::size_t size_max) {
    std::string payload;
    PayloadWriter writer(payload, size_max);
    write_to(writer);
    return payload;
}

void Outbox::send_to(Connection& connection) {
    shrink(0);
    for (const SharedPacket& packet : std::exchange(packets_, {})) {
        if (connection.send(packet.prepared()) != SendResult::dropped) continue;
        connection.close(close_code::try_again_later, "there is no room for what waits");
        return;
    }
}

}  // namespace edgews::engineio
