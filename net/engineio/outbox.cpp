#include "net/engineio/outbox.hpp"

#include <edgews/connection.hpp>
#include "core/engineio/payload.hpp"

#include <iterator>

namespace edgews::engineio {

void Outbox::add(SharedPacket packet) {
    size_ += cost_of(packet);
    packets_.push_back(std::move(packet));
}

void Outbox::append_payload(std::string& out, std::size_t payload_size_max) {
    PayloadWriter writer(out, payload_size_max);
    auto each = packets_.begin();
    for (; each != packets_.end() && writer.add(each->packet()); ++each) size_ -= cost_of(*each);
    packets_.erase(packets_.begin(), each);
    if (packets_.empty()) packets_.shrink_to_fit();
}

void Outbox::send_to(Connection& connection) {
    size_ = 0;
    for (const SharedPacket& packet : std::exchange(packets_, {})) {
        static_cast<void>(connection.send(packet.prepared()));
    }
}

}  // namespace edgews::engineio
