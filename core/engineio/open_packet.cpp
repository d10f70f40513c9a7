#include "core/engineio/open_packet.hpp"

#include "core/base/number.hpp"

namespace edgews::engineio {

void append_open_packet(std::string& out, const OpenPacket& packet) {
    out.append("0{\"sid\":\"").append(packet.session_id);
    out.append("\",\"upgrades\":[").append(packet.may_upgrade ? "\"websocket\"" : "");
    out.append("],\"pingInterval\":");
    append_number(out, packet.ping_interval_ms);
    out.append(",\"pingTimeout\":");
    append_number(out, packet.ping_timeout_ms);
    out.append(",\"maxPayload\":");
    append_number(out, packet.payload_size_max);
    out.push_back('}');
}

}  // namespace edgews::engineio
