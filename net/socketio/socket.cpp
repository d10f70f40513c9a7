#include <edgews/socketio.hpp>

#include "core/socketio/packet_encoder.hpp"
#include "net/engineio/application.hpp"
#include "net/loop/reactor.hpp"
#include "net/socketio/client_on_loop.hpp"
#include "net/socketio/hub_on_loop.hpp"
#include "net/socketio/hub_state.hpp"
#include "net/socketio/socket_on_loop.hpp"

#include <utility>

namespace edgews::sio {

std::string_view Socket::id() const noexcept {
    return SocketOnLoop::of(*this).id_text();
}

std::string_view Socket::namespace_name() const noexcept {
    return SocketOnLoop::of(*this).space().name();
}

std::optional<std::string> Socket::parameter(std::string_view name) const {
    const NamespaceOnLoop& space = SocketOnLoop::of(*this).space();
    return space.state().parameter(space.name(), name);
}

std::string_view Socket::auth() const noexcept {
    const std::string_view auth = SocketOnLoop::of(*this).auth_text();
    return auth.empty() ? std::string_view("{}") : auth;
}

bool Socket::is_connected() const noexcept {
    return !SocketOnLoop::of(*this).has_ended();
}

bool Socket::is_recovered() const noexcept {
    return SocketOnLoop::of(*this).is_recovered();
}

SendResult Socket::emit_all(std::string_view event, std::span<const Argument> arguments) {
    SocketOnLoop& own = SocketOnLoop::of(*this);
    const ClientOnLoop& client = own.client();
    return own.emit(event, arguments,
                    client.has_recovery() ? client.loop().hub().next_offset() : 0);
}

SendResult Socket::emit_unreliably(std::string_view event, std::span<const Argument> arguments) {
    SocketOnLoop& own = SocketOnLoop::of(*this);
    if (own.has_ended()) return SendResult::closed;
    if (!own.client().session().is_writable()) return SendResult::dropped;
    return own.emit(event, arguments, 0);
}

SendResult Socket::call_all(std::string_view event, std::uint32_t timeout_ms,
                            Function<void(const Reply&)> reply,
                            std::span<const Argument> arguments) {
    require_callable(reply, "sio::Socket::call()");
    SocketOnLoop& own = SocketOnLoop::of(*this);
    if (own.has_ended()) return SendResult::closed;
    HubOnLoop& loop = own.client().loop();
    const std::uint64_t id = loop.hub().next_call_id();
    const Fault fault = loop.encoder().encode_event(own.space().name(), id, event, arguments);
    if (fault != Fault::none) return SendResult::invalid;
    return own.client().call(own, id, loop.encoder(), timeout_ms, std::move(reply));
}

bool Socket::join(std::string_view room) {
    return SocketOnLoop::of(*this).join_room(HashedView(room));
}

bool Socket::leave(std::string_view room) {
    return SocketOnLoop::of(*this).leave_room(HashedView(room));
}

bool Socket::is_in(std::string_view room) const noexcept {
    const SocketOnLoop& own = SocketOnLoop::of(*this);
    return !own.has_ended() && own.space().is_in(own, HashedView(room));
}

Broadcast Socket::broadcast() const {
    const SocketOnLoop& own = SocketOnLoop::of(*this);
    return {own.client().loop().hub(), own.space().name(), own.id_text()};
}

Broadcast Socket::to(std::string_view room) const {
    return std::move(broadcast().to(room));
}

void Socket::disconnect(bool close) {
    SocketOnLoop::of(*this).disconnect_now(close);
}

const Address& Socket::remote_address() const noexcept {
    return SocketOnLoop::of(*this).client().session().remote_address();
}

std::string_view Socket::query() const noexcept {
    return SocketOnLoop::of(*this).client().session().query();
}

std::optional<std::string_view> Socket::header(std::string_view name) const noexcept {
    return SocketOnLoop::of(*this).client().session().header(name);
}

Loop& Socket::loop() const noexcept {
    return SocketOnLoop::of(*this).client().loop().reactor().loop();
}

void* Socket::find_data(const UserData& kind) {
    return SocketOnLoop::of(*this).find_own_data(kind);
}

}  // namespace edgews::sio
