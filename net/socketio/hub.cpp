#include <edgews/socketio.hpp>

#include "net/socketio/client_on_loop.hpp"
#include "net/socketio/hub_state.hpp"
#include "net/socketio/pending_connect.hpp"
#include "net/socketio/socket_on_loop.hpp"

#include <stdexcept>
#include <string>
#include <utility>

namespace edgews::sio {

std::string_view describe(Reason reason) noexcept {
    switch (reason) {
        case Reason::transport_close: return "transport close";
        case Reason::ping_timeout: return "ping timeout";
        case Reason::client_disconnect: return "client namespace disconnect";
        case Reason::server_disconnect: return "server namespace disconnect";
        case Reason::parse_error: return "parse error";
        case Reason::handler_error: return "forced server close";
        case Reason::server_shutting_down: return "server shutting down";
    }
    return {};
}

// --- Hub ---------------------------------------------------------------------

Hub::Hub(Options options) : state_(std::make_unique<HubState>(std::move(options))) {}

Hub::~Hub() = default;

Namespace& Hub::of(std::string_view name) {
    return state_->define(name);
}

Namespace& Hub::of(std::string_view name, Handlers handlers) {
    Namespace& made = state_->define(name);
    state_->require_setting_up("sio::Hub::of()");
    Handlers& known = HubState::of(made).handlers;
    if (handlers.connected) known.connected = std::move(handlers.connected);
    if (handlers.disconnected) known.disconnected = std::move(handlers.disconnected);
    if (handlers.any) known.any = std::move(handlers.any);
    return made;
}

void Hub::attach(Server& server, std::string_view path) {
    state_->attach(server, path);
}

Broadcast Hub::in(std::string_view namespace_name) const {
    return {*state_, namespace_name};
}

bool Hub::stats(Function<void(const HubStats&)> told, std::size_t room_count_max) const {
    require_callable(told, "sio::Hub::stats()");
    return state_->survey(std::move(told), room_count_max);
}

// --- Namespace ---------------------------------------------------------------

Namespace::Namespace(std::unique_ptr<NamespaceState> state) noexcept : state_(std::move(state)) {}

Namespace::~Namespace() = default;

Namespace& Namespace::use(Function<void(Handshake&)> middleware) {
    state_->hub.require_setting_up("sio::Namespace::use()");
    require_callable(middleware, "sio::Namespace::use()");
    state_->middleware.push_back(std::move(middleware));
    return *this;
}

Namespace& Namespace::on(std::string_view event, Function<void(Socket&, const Event&)> handler) {
    require_callable(handler, "sio::Namespace::on()");
    state_->add(event, {.plain = std::move(handler)});
    return *this;
}

Namespace& Namespace::on(std::string_view event,
                         Function<void(Socket&, const Event&, Ack)> handler) {
    require_callable(handler, "sio::Namespace::on()");
    state_->add(event, {.answering = std::move(handler)});
    return *this;
}

Broadcast Namespace::broadcast() const {
    return {state_->hub, state_->name};
}

Broadcast Namespace::to(std::string_view room) const {
    return std::move(broadcast().to(room));
}

// --- Handshake ---------------------------------------------------------------

std::string_view Handshake::auth() const noexcept {
    return pending_.auth().empty() ? std::string_view("{}") : pending_.auth();
}

std::string_view Handshake::namespace_name() const noexcept {
    return pending_.name();
}

std::optional<std::string> Handshake::parameter(std::string_view name) const {
    return pending_.state().parameter(pending_.name(), name);
}

const Address& Handshake::remote_address() const noexcept {
    return pending_.client().session().remote_address();
}

std::string_view Handshake::query() const noexcept {
    return pending_.client().session().query();
}

std::optional<std::string_view> Handshake::header(std::string_view name) const noexcept {
    return pending_.client().session().header(name);
}

void Handshake::refuse(std::string_view message, std::string_view data) {
    pending_.refuse(make_refusal("sio::Handshake::refuse()", message, data));
}

DeferredHandshake Handshake::defer() {
    return DeferredHandshake(pending_.defer());
}

bool DeferredHandshake::accept() const {
    return verdict_ && verdict_->decision().decide(DeferredDecision::State::accepted, {});
}

bool DeferredHandshake::refuse(std::string_view message, std::string_view data) const {
    Refusal refusal = make_refusal("sio::DeferredHandshake::refuse()", message, data);
    return verdict_ &&
           verdict_->decision().decide(DeferredDecision::State::refused, std::move(refusal));
}

}  // namespace edgews::sio
