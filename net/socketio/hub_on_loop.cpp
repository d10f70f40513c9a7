#include "net/socketio/hub_on_loop.hpp"

#include "net/loop/loop_link.hpp"
#include "net/socketio/client_on_loop.hpp"
#include "net/socketio/gathering.hpp"
#include "net/socketio/hub_state.hpp"
#include "net/socketio/pending_connect.hpp"
#include "net/socketio/socket_on_loop.hpp"
#include "net/socketio/survey.hpp"

#include <algorithm>
#include <utility>

namespace edgews::sio {

std::vector<engineio::SharedPacket> shared_packets_of(const PacketEncoder& encoder, Parser parser,
                                                      bool is_for_v3) {
    std::vector<engineio::SharedPacket> packets;
    if (parser == Parser::msgpack) {
        const std::string bytes = encoder.msgpack();
        packets.emplace_back(engineio::Packet::of_binary(std::as_bytes(std::span(bytes))));
        return packets;
    }
    packets.reserve(1 + encoder.attachments().size());
    packets.emplace_back(engineio::Packet::of_text(engineio::PacketType::message, encoder.text()));
    for (const std::span<const std::byte> bytes : encoder.attachments()) {
        packets.emplace_back(engineio::Packet::of_binary(bytes), is_for_v3);
    }
    return packets;
}

HubOnLoop::HubOnLoop(HubState& hub, Reactor& reactor)
    : hub_(hub),
      reactor_(reactor),
      link_(reactor.link()),
      elements_(1 + hub.options().limits.argument_count_max),
      msgpack_reader_(hub.packet_limits(false)) {}

HubOnLoop::~HubOnLoop() = default;

bool HubOnLoop::is_of(const Reactor& reactor) const noexcept {
    return !link_.owner_before(reactor.link()) && !reactor.link().owner_before(link_);
}

NamespaceOnLoop* HubOnLoop::find_namespace(std::string_view name) const noexcept {
    const auto found = namespaces_.find(name);
    return found == namespaces_.end() ? nullptr : found->second.get();
}

NamespaceOnLoop& HubOnLoop::hold_namespace(const NamespaceState& state, std::string_view name) {
    NamespaceOnLoop* held = find_namespace(name);
    if (held == nullptr) {
        auto made = std::make_unique<NamespaceOnLoop>(state, std::string(name));
        const HashedView key(made->name());
        held = namespaces_.emplace(key, std::move(made)).first->second.get();
    }
    ++held->holder_count;
    return *held;
}

void HubOnLoop::release_namespace(NamespaceOnLoop& held) noexcept {
    if (--held.holder_count == 0) namespaces_.erase(namespaces_.find(held.name()));
}

AckState& HubOnLoop::new_ack(SocketOnLoop& socket, std::uint64_t id) {
    AckState& state = acks_.take();
    state.is_sent = false;
    if (!state.link) state.link = reactor_.link();
    state.home = this;
    state.namespace_name = socket.space().name();
    state.socket_id = socket.id_text();
    state.id = id;
    state.parser = hub_.options().parser;
    return state;
}

SendResult HubOnLoop::acknowledge(const AckState& ack, std::span<const Argument> arguments) {
    const Fault fault = encoder_.encode_acknowledgement(ack.namespace_name, ack.id, arguments);
    if (fault != Fault::none) return SendResult::invalid;
    SocketOnLoop* socket = ack.socket;
    if (socket == nullptr) {
        const NamespaceOnLoop* const space = find_namespace(ack.namespace_name);
        if (space != nullptr) socket = space->find(HashedView(ack.socket_id_text()));
    }
    if (socket != nullptr) return socket->send(encoder_);
    send_to(ack.socket_id_text(), ack.namespace_name, shared_packets_of(encoder_, ack.parser));
    return SendResult::queued;
}

// One that is not here has ended, or has moved: then it gets it as it gets what is said to its
// room, where others may be, too.
void HubOnLoop::send_to(std::string_view id, const std::string& namespace_name,
                        std::vector<engineio::SharedPacket> packets) {
    auto spoken = std::make_shared<Spoken>();
    spoken->namespace_name = namespace_name;
    spoken->rooms.emplace_back(HashedView(id));
    spoken->is_for_socket = true;
    spoken->packets = std::move(packets);
    const NamespaceOnLoop* const space = find_namespace(namespace_name);
    SocketOnLoop* const socket = space == nullptr ? nullptr : space->find(spoken->rooms.front());
    if (socket != nullptr) {
        socket->take(*spoken);
    } else {
        hub_.speak(spoken);
    }
}

void HubOnLoop::post(const std::shared_ptr<const Spoken>& spoken) {
    posted_ = spoken->number;
    const std::shared_ptr<LoopLink> link = link_.lock();
    const bool is_posted = link && link->mailbox.post(make_job([this, spoken] { take(spoken); }));
    if (!is_posted && spoken->gathering) spoken->gathering->close_loop();
}

void HubOnLoop::post(const std::shared_ptr<Survey>& survey) {
    const auto answer = [this, survey] {
        for (const auto& [name, space] : namespaces_) survey->add(*space);
        survey->close(hub_.session_count());
    };
    const std::shared_ptr<LoopLink> link = link_.lock();
    const bool is_posted = link && link->mailbox.post(make_job(answer));
    if (!is_posted) survey->close(hub_.session_count());
}

void HubOnLoop::take(const std::shared_ptr<const Spoken>& spoken) {
    taken_ = spoken->number;
    has_taken(taken_);
    deliver(spoken);
}

// No handler is called by it.
void HubOnLoop::deliver(const std::shared_ptr<const Spoken>& spoken) {
    if (NamespaceOnLoop* const space = find_namespace(spoken->namespace_name)) {
        receivers_.clear();
        space->collect(*spoken, receivers_);
        for (SocketOnLoop* const receiver : receivers_) receiver->take(*spoken);
    }
    if (!keepings_.empty()) {
        kept_.push_back(spoken);
    } else if (spoken->gathering) {
        spoken->gathering->close_loop();
    }
}

Departure HubOnLoop::departure() {
    return hub_.departure(*this);
}

HubOnLoop::Keeping::Keeping(HubOnLoop& loop)
    : loop_(loop), first_(loop.keepings_.insert(loop.keepings_.end(), loop.kept_end())) {}

HubOnLoop::Keeping::~Keeping() {
    loop_.keepings_.erase(first_);
    loop_.forget_kept();
}

// All receivers of a call are known here once nobody is to come any more who gets it.
void HubOnLoop::forget_kept() noexcept {
    const std::uint64_t end = keepings_.empty() ? kept_end() : keepings_.front();
    for (; kept_begin_ < end; ++kept_begin_) {
        if (kept_.front()->gathering) kept_.front()->gathering->close_loop();
        kept_.pop_front();
    }
}

// --- Recovery ----------------------------------------------------------------

void HubOnLoop::keep(std::unique_ptr<AbsentSocket> absent) {
    absent->due_ms = reactor_.now_ms() + hub_.options().recovery.max_disconnection_ms;
    const auto waiter = hub_.with_recovery(
        [&absent](RecoveryStore& store) { return store.keep(std::move(absent)); });
    if (waiter) waiter->decide(DeferredDecision::State::accepted, {});
    forget_expired();
}

// And looks again when the next one's time is over. Nothing is locked when data of the
// application's are destroyed, which may call anything.
void HubOnLoop::forget_expired() {
    const std::uint64_t now_ms = reactor_.now_ms();
    std::uint64_t due_ms = 0;
    bool is_done = false;
    while (!is_done) {
        const auto expired = hub_.with_recovery([&](RecoveryStore& store) {
            auto taken = store.take_expired(now_ms);
            due_ms = store.next_due_ms();
            return taken;
        });
        is_done = expired.empty();
    }
    if (due_ms == 0 || std::exchange(is_expiring_, true)) return;
    reactor_.after(due_ms > now_ms ? due_ms - now_ms : 1, make_job([this] {
                       is_expiring_ = false;
                       forget_expired();
                   }));
}

void HubOnLoop::post_overtaken(std::string private_id) {
    const std::shared_ptr<LoopLink> link = link_.lock();
    if (!link) return;  // Then it has ended.
    link->mailbox.post(
        make_job([this, private_id = std::move(private_id)] { overtake(private_id); }));
}

void HubOnLoop::overtake(std::string_view private_id) {
    const auto [loop, socket] = hub_.with_recovery(
        [private_id](const RecoveryStore& store) { return store.find_awaited(private_id); });
    if (loop == nullptr) return;
    if (loop != this) return loop->post_overtaken(std::string(private_id));
    socket->client().be_overtaken();
}

// --- What has ended ----------------------------------------------------------

void HubOnLoop::finish_later(SocketOnLoop& socket) {
    if (finished_.empty()) reactor_.write_first(*this);
    finished_.push_back(&socket);
}

void HubOnLoop::forget(SocketOnLoop& socket) noexcept {
    std::erase(finished_, &socket);
}

// Their handlers may end further ones.
void HubOnLoop::on_turn_end() {
    while (!finished_.empty()) {
        being_finished_.swap(finished_);
        for (SocketOnLoop* const socket : being_finished_) socket->client().finish(*socket);
        being_finished_.clear();
    }
}

}  // namespace edgews::sio
