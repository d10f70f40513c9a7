#include "net/engineio/outbox.hpp"

#include <edgews/connection.hpp>

namespace edgews::engineio {

void Outbox::add(SharedPacket packet) {
    size_ += cost_of(packet);
    packets_.push_back(std::move(packet));
}

void Outbox::write_to(PayloadWriter& writer) {
    auto each = packets_.begin();
    for (; each != packets_.end() && writer.add(each->packet()); ++each) size_ -= cost_of(*each);
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
    size_ = 0;
    for (const SharedPacket& packet : std::exchange(packets_, {})) {
        static_cast<void>(connection.send(packet.prepared()));
    }
}

}  // namespace edgews::engineio
