#include "net/engineio/outbox.hpp"

#include <edgews/connection.hpp>
#include "core/base/buffer.hpp"
#include "core/engineio/payload_v3.hpp"

#include <algorithm>
#include <span>

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

template <class Writer>
void Outbox::write_to(Writer writer, std::string_view open) {
    if (!open.empty()) {
        static_cast<void>(writer.add(decode_plain_packet(std::as_bytes(std::span(open)))));
    }
    auto each = packets_.begin();
    std::size_t left = size_;
    for (; each != packets_.end() && writer.add(each->packet()); ++each) left -= cost_of(*each);
    shrink(left);
    packets_.erase(packets_.begin(), each);
    if (packets_.empty()) packets_.shrink_to_fit();
}

Payload Outbox::take_payload(std::size_t size_max, Dialect dialect, std::string_view open) {
    Payload payload;
    if (!is_v3(dialect)) {
        write_to(PayloadWriter(payload.body, size_max), open);
        return payload;
    }
    const auto is_binary = [](const SharedPacket& each) { return each.packet().is_binary; };
    payload.is_binary = dialect == Dialect::v3 && std::ranges::any_of(packets_, is_binary);
    const PayloadForm form = payload.is_binary ? PayloadForm::binary : PayloadForm::text;
    write_to(PayloadWriterV3(payload.body, form, size_max), open);
    return payload;
}

std::vector<SharedPacket> Outbox::take_all() noexcept {
    shrink(0);
    return std::exchange(packets_, {});
}

void Outbox::send_to(Connection& connection, Dialect dialect) {
    for (const SharedPacket& packet : take_all()) {
        if (connection.send(packet.prepared_for(dialect)) != SendResult::dropped) continue;
        connection.close(close_code::try_again_later, "there is no room for what waits");
        return;
    }
}

}  // namespace edgews::engineio
