#include "net/socketio/pending_connect.hpp"

#include "core/kernels/utf8.hpp"
#include "core/socketio/json_scan.hpp"
#include "net/loop/loop_link.hpp"
#include "net/loop/reactor.hpp"
#include "net/socketio/client_on_loop.hpp"
#include "net/socketio/hub_on_loop.hpp"
#include "net/socketio/namespace_state.hpp"

#include <cassert>
#include <stdexcept>
#include <utility>

namespace edgews::sio {

Refusal make_refusal(const char* where, std::string_view message, std::string_view data) {
    const auto fail = [where](const char* what) {
        throw std::invalid_argument(std::string(where) + ": " + what);
    };
    if (!is_utf8(message)) fail("the message is not UTF-8");
    // As it will be in the packet: there it is nested in one more.
    const JsonScan scan = scan_json_elements(data);
    if (scan.fault() != JsonFault::none || (!data.empty() && scan.element_count() != 1)) {
        fail("the data are not one JSON value, or are nested too deep");
    }
    return {std::string(message), std::string(data)};
}

bool DeferredDecision::decide(State state, Refusal refusal) {
    std::shared_ptr<LoopLink> link;
    {
        const std::lock_guard lock(mutex_);
        if (state_ != State::open || client_ == nullptr) return false;
        state_ = state;
        refusal_ = std::move(refusal);
        link = link_;
    }
    if (link) link->mailbox.post(make_job([self = shared_from_this()] { self->tell(); }));
    return true;
}

// On the loop where the client was. If it is there still, it stays while this runs.
void DeferredDecision::tell() {
    ClientOnLoop* client = nullptr;
    {
        const std::lock_guard lock(mutex_);
        if (Reactor::is_current(link_)) client = client_;
    }
    if (client != nullptr) client->decided(*pending_);
}

bool DeferredDecision::place(std::shared_ptr<LoopLink> link) noexcept {
    const std::lock_guard lock(mutex_);
    link_ = std::move(link);
    return state_ != State::open;
}

void DeferredDecision::forget_client() noexcept {
    const std::lock_guard lock(mutex_);
    client_ = nullptr;
    link_ = nullptr;
}

DeferredDecision::State DeferredDecision::state() noexcept {
    const std::lock_guard lock(mutex_);
    return state_;
}

Refusal DeferredDecision::take_refusal() noexcept {
    const std::lock_guard lock(mutex_);
    return std::exchange(refusal_, {});
}

HandshakeVerdict::~HandshakeVerdict() {
    decision_->decide(DeferredDecision::State::refused, {"Nobody decided", {}});
}

PendingConnect::~PendingConnect() {
    if (decision_) decision_->forget_client();
}

void PendingConnect::refuse(Refusal refusal) noexcept {
    is_refused_ = true;
    refusal_ = std::move(refusal);
}

std::shared_ptr<HandshakeVerdict> PendingConnect::defer() {
    if (decision_) throw std::logic_error("sio::Handshake::defer(): it was deferred already");
    decision_ = std::make_shared<DeferredDecision>(client_, *this);
    return std::make_shared<HandshakeVerdict>(decision_);
}

std::shared_ptr<DeferredDecision> PendingConnect::wait() {
    assert(!decision_);
    ++wait_count_;
    decision_ = std::make_shared<DeferredDecision>(client_, *this);
    static_cast<void>(decision_->place(client_.loop().reactor().link()));
    return decision_;
}

// A decision may be made before its middleware returns. It counts from when that has.
PendingConnect::Outcome PendingConnect::ask() {
    while (asked_count_ < state_.middleware.size()) {
        const Function<void(Handshake&)>& middleware = state_.middleware[asked_count_++];
        Handshake handshake(*this);
        middleware(handshake);
        if (is_refused_) return Outcome::refused;
        if (!decision_) continue;
        if (!decision_->place(Reactor::current()->link())) return Outcome::deferred;
        const Outcome outcome = take_decision();
        if (outcome != Outcome::accepted) return outcome;
    }
    return Outcome::accepted;
}

PendingConnect::Outcome PendingConnect::take_decision() {
    const std::shared_ptr<DeferredDecision> decision = std::exchange(decision_, nullptr);
    decision->forget_client();  // Who made it may not have told of it yet.
    if (decision->state() == DeferredDecision::State::accepted) return Outcome::accepted;
    refuse(decision->take_refusal());
    return Outcome::refused;
}

}  // namespace edgews::sio
