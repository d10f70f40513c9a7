#include "net/socketio/client_on_loop.hpp"

#include "core/socketio/packet.hpp"
#include "core/socketio/packet_writer.hpp"
#include "core/socketio/protocol_4.hpp"
#include "core/socketio/recovery_claim.hpp"
#include "net/loop/loop_link.hpp"
#include "net/socketio/expected_client.hpp"
#include "net/socketio/hub_on_loop.hpp"
#include "net/socketio/hub_state.hpp"
#include "net/socketio/pending_connect.hpp"

#include <cassert>
#include <utility>

namespace edgews::sio {
namespace {

Reason reason_of(engineio::EndReason reason) noexcept {
    switch (reason) {
        case engineio::EndReason::client_closed:
        case engineio::EndReason::transport_closed: return Reason::transport_close;
        case engineio::EndReason::ping_timeout: return Reason::ping_timeout;
        case engineio::EndReason::packet_malformed: return Reason::parse_error;
        case engineio::EndReason::server_closed: return Reason::server_disconnect;
        case engineio::EndReason::shutting_down: return Reason::server_shutting_down;
    }
    return Reason::transport_close;
}

}  // namespace

ClientOnLoop::ClientOnLoop(HubOnLoop& loop, engineio::Session& session)
    : loop_(&loop),
      session_(session),
      speaks_4_(engineio::is_v3(session.dialect())),
      speaks_msgpack_(loop.hub().options().parser == Parser::msgpack) {
    unsettled().connect_due_ms = loop.reactor().now_ms() + loop.hub().options().connect_timeout_ms;
    set_alarm();
}

// The sockets need it, and what they refer to.
ClientOnLoop::~ClientOnLoop() {
    while (first_socket_) static_cast<void>(remove(*first_socket_));
}

void ClientOnLoop::fail(Reason reason) {
    if (std::exchange(is_closing_, true)) return;
    reason_ = reason;
    session_.close(reason == Reason::parse_error ? engineio::EndReason::packet_malformed
                                                 : engineio::EndReason::server_closed);
}

// --- What the client sends ---------------------------------------------------

void ClientOnLoop::take(const engineio::Packet& message) {
    if (is_closing_) return;
    if (speaks_msgpack_) {
        take_msgpack(message);
    } else if (message.is_binary) {
        take_binary(message.data);
    } else {
        take_text(message.text());
    }
}

void ClientOnLoop::take_text(std::string_view text) {
    const std::span<std::string_view> space = loop_->element_space();
    if (!assembler_) {
        const PacketLimits& limits = loop_->hub().packet_limits(speaks_4_);
        const Packet packet = decode_packet(text, limits, space);
        if (packet.fault != Fault::none) return fail(Reason::parse_error);
        if (packet.attachment_count == 0) {
            return handle({.kind = Assembled::Kind::packet, .packet = packet});
        }
        assembler_ = std::make_unique<PacketAssembler>(limits, loop_->reactor().pool());
    }
    handle(assembler_->take_text(text, space));
}

void ClientOnLoop::take_binary(std::span<const std::byte> bytes) {
    if (!assembler_) return fail(Reason::parse_error);
    handle(assembler_->take_binary(bytes, loop_->element_space()));
}

// Text is another parser's.
void ClientOnLoop::take_msgpack(const engineio::Packet& message) {
    if (!message.is_binary) return fail(Reason::parse_error);
    handle(loop_->msgpack_reader().take(message.data, loop_->element_space()));
}

void ClientOnLoop::handle(const Assembled& made) {
    if (made.kind == Assembled::Kind::none) return await_attachment();
    if (made.kind == Assembled::Kind::fault) return fail(Reason::parse_error);
    const Packet& packet = made.packet;
    if (packet.type == PacketType::connect_error) return fail(Reason::parse_error);
    if (packet.type == PacketType::connect) return speaks_4_ ? connect_4(packet) : connect(packet);
    SocketOnLoop* const socket = find(packet.namespace_name);
    if (socket == nullptr) {
        if (!was_disconnected_) fail(Reason::parse_error);
    } else if (packet.type == PacketType::disconnect) {
        socket->end(Reason::client_disconnect);
        finish(*socket);
    } else if (packet.is_event()) {
        dispatch(*socket, made);
    } else {
        take_reply(*socket, made);
    }
}

void ClientOnLoop::dispatch(SocketOnLoop& socket, const Assembled& made) {
    const NamespaceState& state = socket.space().state();
    ++socket.space().received_total;
    const std::string_view name = event_name(made.packet, loop_->scratch());
    const auto known = state.events.find(name);
    const Arguments arguments(made.packet, made.packet.arguments, made.attachments);
    const Event event(name, arguments);
    if (known != state.events.end() && known->second.plain) {
        return guard([&] { known->second.plain(socket, event); });
    }
    const auto& answering =
        known != state.events.end() ? known->second.answering : state.handlers.any;
    if (!answering) return;
    if (!made.packet.id) return guard([&] { answering(socket, event, Ack()); });
    AckState& ack = loop_->new_ack(socket, *made.packet.id);
    const Ack held = AckState::ack_of(ack);  // So that it is there when the handler has returned.
    ack.socket = &socket;
    guard([&] { answering(socket, event, held); });
    ack.socket = nullptr;
}

// --- Connecting to namespaces ------------------------------------------------

void ClientOnLoop::connect(const Packet& packet) {
    if (find(packet.namespace_name) != nullptr || is_connecting(packet.namespace_name)) {
        return fail(Reason::parse_error);
    }
    const NamespaceState* const state = loop_->hub().find(packet.namespace_name);
    const Limits& limits = loop_->hub().options().limits;
    if (state == nullptr) {
        // npm's server says it in the same form to all.
        return refuse(packet.namespace_name, "Invalid namespace",
                      speaks_4_ ? R"({"message":"Invalid namespace"})" : "");
    }
    if (namespace_count() >= limits.namespace_count_max) {
        return refuse(packet.namespace_name, "Too many namespaces");
    }
    if (packet.payload.size() > limits.auth_size_max) {
        return refuse(packet.namespace_name, "Too much to connect with");
    }
    std::optional<RecoveryClaim> claim;
    if (has_recovery()) claim = read_recovery_claim(packet.payload);
    if (state->middleware.empty() && !claim) {
        return admit(*state, packet.namespace_name, std::string(packet.payload));
    }
    auto& connects = unsettled().connects;
    connects.push_back(
        std::make_unique<PendingConnect>(*this, *state, packet.namespace_name, packet.payload));
    connects.back()->claim = std::move(claim);
    go_on(*connects.back());
}

void ClientOnLoop::go_on(PendingConnect& pending) {
    if (loop_->hub().options().recovery.skips_middleware && recover(pending)) return;
    PendingConnect::Outcome outcome = PendingConnect::Outcome::deferred;
    guard([&] { outcome = pending.ask(); });
    if (is_closing_) return remove(pending);
    switch (outcome) {
        case PendingConnect::Outcome::deferred: return;
        case PendingConnect::Outcome::refused:
            refuse(pending.name(), pending.refusal().message, pending.refusal().data);
            remove(pending);
            return;
        case PendingConnect::Outcome::accepted: {
            if (recover(pending)) return;
            const NamespaceState& state = pending.state();
            const std::string name = pending.name();
            std::string auth = std::move(pending.auth());
            remove(pending);
            return admit(state, name, std::move(auth));
        }
    }
}

void ClientOnLoop::decided(PendingConnect& pending) {
    if (is_closing_) return;
    if (pending.take_decision() == PendingConnect::Outcome::accepted) return go_on(pending);
    refuse(pending.name(), pending.refusal().message, pending.refusal().data);
    remove(pending);
}

void ClientOnLoop::admit(const NamespaceState& state, std::string_view name, std::string auth) {
    tell_connected(enter(state, name, std::move(auth), nullptr));
}

SocketOnLoop& ClientOnLoop::enter(const NamespaceState& state, std::string_view name,
                                  std::string auth, std::unique_ptr<AbsentSocket> returning) {
    NamespaceOnLoop& space = loop_->hold_namespace(state, name);
    auto made = std::make_unique<SocketOnLoop>(*this, space, std::move(auth), std::move(returning));
    SocketOnLoop& socket = *made;
    made->next = std::move(first_socket_);
    first_socket_ = std::move(made);
    if (unsettled_ && std::exchange(unsettled_->connect_due_ms, 0) != 0) {
        set_alarm();
        forget_settled();
    }
    std::string& text = loop_->encoder().begin_text();
    if (speaks_4_) {
        append_connect_4(text, space.name());
    } else {
        const Recoverable* const recoverable = space.recoverable_of(socket);
        append_connect(
            text, space.name(), socket.id_text(),
            recoverable == nullptr ? std::string_view{} : recoverable->private_id.text());
    }
    send(loop_->encoder());
    return socket;
}

void ClientOnLoop::tell_connected(SocketOnLoop& socket) {
    const Handlers& handlers = socket.space().state().handlers;
    if (handlers.connected) guard([&] { handlers.connected(socket); });
}

void ClientOnLoop::refuse(std::string_view namespace_name, std::string_view message,
                          std::string_view data) {
    PacketEncoder& encoder = loop_->encoder();
    JsonElements elements;
    if (!data.empty()) elements = scan_json_elements(data).elements_from(0);
    const auto append = speaks_4_ ? append_connect_error_4 : append_connect_error;
    const Fault fault = append(encoder.begin_text(), namespace_name, message, elements);
    assert(fault == Fault::none);  // See make_refusal().
    static_cast<void>(fault);
    send(encoder);
}

SocketOnLoop* ClientOnLoop::find(std::string_view namespace_name) const noexcept {
    for (SocketOnLoop* each = first_socket_.get(); each != nullptr; each = each->next.get()) {
        if (!each->has_ended() && each->space().name() == namespace_name) return each;
    }
    return nullptr;
}

bool ClientOnLoop::is_connecting(std::string_view namespace_name) const noexcept {
    if (!unsettled_) return false;
    for (const auto& each : unsettled_->connects) {
        if (each->name() == namespace_name) return true;
    }
    return false;
}

std::size_t ClientOnLoop::namespace_count() const noexcept {
    std::size_t count = unsettled_ ? unsettled_->connects.size() : 0;
    for (auto* each = first_socket_.get(); each != nullptr; each = each->next.get()) ++count;
    return count;
}

ClientOnLoop::Unsettled& ClientOnLoop::unsettled() {
    if (!unsettled_) unsettled_ = std::make_unique<Unsettled>();
    return *unsettled_;
}

void ClientOnLoop::remove(PendingConnect& pending) noexcept {
    std::erase_if(unsettled_->connects, [&](const auto& each) { return each.get() == &pending; });
    forget_settled();
}

void ClientOnLoop::forget_settled() noexcept {
    if (!unsettled_ || unsettled_->moving || unsettled_->connect_due_ms != 0) return;
    if (unsettled_->attachment_due_ms != 0) return;
    if (unsettled_->connects.empty() && unsettled_->replies.empty()) unsettled_.reset();
}

// --- The end of a socket, and of all -----------------------------------------

void ClientOnLoop::disconnect(SocketOnLoop& socket) {
    append_disconnect(loop_->encoder().begin_text(), socket.space().name());
    send(loop_->encoder());
    socket.end(Reason::server_disconnect);
    was_disconnected_ = true;
    loop_->finish_later(socket);
}

void ClientOnLoop::disconnect_all() {
    for (auto* each = first_socket_.get(); each != nullptr; each = each->next.get()) {
        if (!each->has_ended()) disconnect(*each);
    }
    fail(Reason::server_disconnect);
}

void ClientOnLoop::finish(SocketOnLoop& socket, std::unique_ptr<AbsentSocket> absent) {
    miss_replies_of(socket);
    const Handlers& handlers = socket.space().state().handlers;
    if (handlers.disconnected) guard([&] { handlers.disconnected(socket, socket.reason()); });
    if (absent) {
        absent->data = socket.take_data();
        loop_->keep(std::move(absent));
    }
    static_cast<void>(remove(socket));
}

// Before the turn ends, for it cannot be then. Handlers may end further ones.
void ClientOnLoop::finish_ended() {
    SocketOnLoop* each = first_socket_.get();
    while (each != nullptr) {
        if (!each->has_ended()) {
            each = each->next.get();
            continue;
        }
        loop_->forget(*each);
        finish(*each);
        each = first_socket_.get();
    }
}

std::unique_ptr<SocketOnLoop> ClientOnLoop::remove(SocketOnLoop& socket) noexcept {
    std::unique_ptr<SocketOnLoop>* place = &first_socket_;
    while (place->get() != &socket) place = &(*place)->next;
    std::unique_ptr<SocketOnLoop> removed = std::move(*place);
    *place = std::move(removed->next);
    return removed;
}

void ClientOnLoop::ended(engineio::EndReason reason) {
    is_closing_ = true;
    if (loop_ == nullptr) {  // It was closed when it was to leave, or all loops end on its way.
        const std::unique_ptr<Moving> moving = std::move(unsettled_->moving);
        enter_loop(moving->from, *moving);
    }
    if (unsettled_) unsettled_->alarm.reset();
    const Reason why = reason_.value_or(reason_of(reason));
    while (first_socket_) {
        SocketOnLoop& socket = *first_socket_;
        std::unique_ptr<AbsentSocket> absent;
        if (socket.has_ended()) {
            loop_->forget(socket);
        } else if (may_return(why)) {
            absent = socket.end_for_now(why);
        } else {
            socket.end(why);
        }
        finish(socket, std::move(absent));
    }
    unsettled_.reset();
    report_end(why);
}

// --- Moving to another loop --------------------------------------------------

void ClientOnLoop::leaving() {
    finish_ended();
    Unsettled& own = unsettled();
    own.alarm.reset();
    own.attachment_due_ms = 0;  // By this loop's clock. What is unfinished is taken again there.
    own.moving = std::make_unique<Moving>(Moving{*loop_, loop_->departure()});
    if (assembler_) own.moving->packet = assembler_->take_unfinished();
    assembler_.reset();
    for (auto* each = first_socket_.get(); each != nullptr; each = each->next.get()) {
        own.moving->sockets.push_back(each->leave_loop(own.moving->departure));
    }
    for (const auto& each : own.connects) static_cast<void>(each->decision()->place(nullptr));
    loop_ = nullptr;
}

void ClientOnLoop::enter_loop(HubOnLoop& loop, Moving& moving) {
    loop_ = &loop;
    auto place = moving.sockets.begin();
    for (auto* each = first_socket_.get(); each != nullptr; each = each->next.get()) {
        each->enter_loop(loop, *place++);
    }
}

void ClientOnLoop::arrived(engineio::Expected& expected) {
    const auto& keeping = static_cast<ExpectedClient&>(expected);
    const std::unique_ptr<Moving> moved = std::move(unsettled_->moving);
    enter_loop(keeping.loop(), *moved);
    loop_->has_taken(moved->departure.drawn);
    for (auto* each = first_socket_.get(); each != nullptr; each = each->next.get()) {
        each->arrived();
    }
    keeping.keeping().visit([&](const Spoken& spoken) {
        if (moved->departure.has_had(spoken.number, spoken.origin == &moved->from)) return;
        for (auto* each = first_socket_.get(); each != nullptr; each = each->next.get()) {
            const bool is_in = !each->has_ended() && each->space().name() == spoken.namespace_name;
            if (is_in && each->space().is_for(spoken, *each)) each->take(spoken);
        }
    });
    if (unsettled_) set_alarm();  // Nothing may be left: a call that could not be sent.
    forget_settled();
    if (!moved->packet.text.empty()) {
        take(engineio::Packet::of_text(engineio::PacketType::message, moved->packet.text));
        for (const auto& bytes : moved->packet.attachments) {
            take(engineio::Packet::of_binary(bytes));
        }
    }
    if (!unsettled_) return;
    std::vector<PendingConnect*> connects;
    for (const auto& each : unsettled_->connects) {
        if (each->decision()->place(loop_->reactor().link())) connects.push_back(each.get());
    }
    for (PendingConnect* const each : connects) decided(*each);
}

}  // namespace edgews::sio
