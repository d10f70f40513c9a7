// What is other with clients that speak protocol 4 (core/socketio/protocol_4.hpp).
#include "core/socketio/packet.hpp"
#include "core/socketio/protocol_4.hpp"
#include "net/socketio/client_on_loop.hpp"
#include "net/socketio/hub_on_loop.hpp"
#include "net/socketio/hub_state.hpp"

namespace edgews::sio {

// A client that wants another namespace would take the refusal for its own: without a "/" there is
// none.
void ClientOnLoop::begin() {
    if (speaks_4_ && loop_->hub().find("/") != nullptr) connect({.type = PacketType::connect});
}

// What it brings besides its query does not count.
void ClientOnLoop::connect_4(const Packet& packet) {
    const auto [name, query] = split_query(packet.namespace_name);
    if (name.size() > loop_->hub().options().limits.namespace_size_max) {
        return fail(Reason::parse_error);
    }
    std::string auth;
    if (!query.empty()) append_query_object(auth, query);
    connect({.type = PacketType::connect, .namespace_name = name, .payload = auth});
}

}  // namespace edgews::sio
