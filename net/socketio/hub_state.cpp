#include "net/socketio/hub_state.hpp"

#include <edgews/server.hpp>
#include "core/socketio/packet.hpp"
#include "core/socketio/packet_encoder.hpp"
#include "core/socketio/placeholders.hpp"
#include "net/engineio/socket_user.hpp"
#include "net/loop/reactor.hpp"
#include "net/socketio/client_on_loop.hpp"
#include "net/socketio/expected_client.hpp"
#include "net/socketio/gathering.hpp"
#include "net/socketio/hub_on_loop.hpp"
#include "net/socketio/survey.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace edgews::sio {
namespace {

constexpr std::size_t argument_count_bound = 4'095;
constexpr std::size_t namespace_size_bound_4 = 60'000;  // Of the ids that begin with such a name.

void refuse(const char* option, const char* reason) {
    throw std::invalid_argument(std::string("sio::Options::") + option + ": " + reason);
}

void check(const Options& options) {
    if (options.connect_timeout_ms == 0) refuse("connect_timeout_ms", "it must not be 0");
    if (options.allows_eio3 && options.limits.namespace_size_max > namespace_size_bound_4) {
        refuse("limits.namespace_size_max", "it is more than 60,000, and allows_eio3");
    }
    if (options.allows_eio3 && options.parser == Parser::msgpack) {
        refuse("parser", "it is msgpack, and allows_eio3");
    }
    if (options.limits.argument_count_max > argument_count_bound) {
        refuse("limits.argument_count_max", "it is more than 4,095");
    }
    if (options.limits.attachment_count_max > attachment_count_bound) {
        refuse("limits.attachment_count_max", "it is more than 64");
    }
}

engineio::Options session_options(const Options& options) {
    return {.heartbeat = {.ping_interval_ms = options.ping_interval_ms,
                          .ping_timeout_ms = options.ping_timeout_ms},
            .upgrade_timeout_ms = options.upgrade_timeout_ms,
            .payload_size_max = options.payload_size_max,
            .transports = {.polling = options.has_polling,
                           .websocket = options.has_websocket,
                           .v3 = options.allows_eio3},
            .cors = options.cors,
            .cookie = options.cookie,
            .kept_headers = options.kept_headers,
            .session_count_max = options.session_count_max,
            .backlog_size_max = options.backlog_size_max,
            .websocket = options.websocket};
}

// In protocol 4 a query is behind the name, with its '?'.
PacketLimits limits_with_query(PacketLimits limits, const Options& options) noexcept {
    limits.namespace_size_max +=
        1 + std::min(options.limits.auth_size_max, options.payload_size_max);
    return limits;
}

// "/rooms/:id" is one, and "/files/*".
bool is_pattern(std::string_view name) noexcept {
    return name.find("/:") != std::string_view::npos || name.ends_with("/*");
}

}  // namespace

HubState::HubState(Options options)
    : options_(std::move(options)),
      packet_limits_{.attachment_count_max = options_.limits.attachment_count_max,
                     .attachments_size_max = options_.limits.attachments_size_max,
                     .namespace_size_max = options_.limits.namespace_size_max},
      packet_limits_4_(limits_with_query(packet_limits_, options_)),
      recovery_(options_.recovery.max_disconnection_ms == 0
                    ? nullptr
                    : std::make_unique<RecoveryStore>(options_.recovery)) {
    check(options_);
}

HubState::~HubState() = default;

PacketEncoder& HubState::thread_encoder() {
    thread_local PacketEncoder encoder;
    return encoder;
}

void NamespaceState::add(std::string_view event, EventHandler handler) {
    hub.require_setting_up("sio::Namespace::on()");
    if (is_reserved_event(event)) {
        throw std::invalid_argument("sio::Namespace::on(\"" + std::string(event) +
                                    "\"): no client sends that");
    }
    if (!events.emplace(HashedName(HashedView(event)), std::move(handler)).second) {
        throw std::invalid_argument("sio::Namespace::on(\"" + std::string(event) +
                                    "\"): it has a handler already");
    }
}

void HubState::attach(Server& server, std::string_view path) {
    auto host = std::make_unique<engineio::Host>(*this, session_options(options_));
    host->attach(server, path);
    hosts_.push_back(std::move(host));
    for (std::size_t i = 0; i < server.loop_count(); ++i) {
        static_cast<void>(on_loop(Reactor::of(server.loop(i))));
    }
}

std::size_t HubState::session_count() const {
    std::size_t count = 0;
    for (const auto& host : hosts_) count += host->session_count();
    return count;
}

void HubState::require_setting_up(const char* what) const {
    if (has_begun_.load(std::memory_order_relaxed)) {
        throw std::logic_error(std::string(what) + " comes before the first server runs");
    }
}

Namespace& HubState::define(std::string_view name) {
    for (const auto& known : namespaces_) {
        if (known->state_->name == name) return *known;
    }
    require_setting_up("sio::Hub::of()");
    auto state = std::make_unique<NamespaceState>(NamespaceState{*this, std::string(name)});
    if (is_pattern(name)) {
        state->pattern.emplace(std::string(name));
        const PatternFault fault = state->pattern->fault();
        if (fault != PatternFault::none) {
            throw std::invalid_argument("sio::Hub::of(\"" + state->name +
                                        "\"): " + std::string(describe(fault)));
        }
        const auto is_less_specific = [&state](const NamespaceState* other) {
            return state->pattern->is_more_specific_than(*other->pattern);
        };
        patterns_.insert(std::ranges::find_if(patterns_, is_less_specific), state.get());
    } else {
        if (!is_namespace(name) || name.size() > options_.limits.namespace_size_max) {
            throw std::invalid_argument("sio::Hub::of(\"" + state->name +
                                        "\"): it is no namespace's name");
        }
        names_.emplace(HashedName(HashedView(name)), state.get());
    }
    namespaces_.push_back(std::unique_ptr<Namespace>(new Namespace(std::move(state))));
    return *namespaces_.back();
}

const NamespaceState* HubState::find(std::string_view name) const noexcept {
    const auto known = names_.find(name);
    if (known != names_.end()) return known->second;
    PathParameters parameters;
    for (const NamespaceState* const each : patterns_) {
        if (each->pattern->match(name, parameters)) return each;
    }
    return nullptr;
}

HubOnLoop& HubState::on_loop(Reactor& reactor) {
    const std::lock_guard lock(mutex_);
    for (const auto& known : loops_) {
        if (known->is_of(reactor)) return *known;
    }
    loops_.push_back(std::make_unique<HubOnLoop>(*this, reactor));
    return *loops_.back();
}

// Requires: the mutex is held.
HubOnLoop* HubState::find_here() noexcept {
    const Reactor* const current = Reactor::current();
    if (current == nullptr) return nullptr;
    for (const auto& each : loops_) {
        if (each->is_of(*current)) return each.get();
    }
    return nullptr;
}

// Requires: the mutex is held.
void HubState::number(Spoken& spoken, HubOnLoop* here) {
    spoken.taken = here == nullptr ? 0 : here->taken(drawn_);
    spoken.number = ++drawn_;
    spoken.origin = here;
}

void HubState::speak(const std::shared_ptr<Spoken>& spoken) {
    HubOnLoop* here = nullptr;
    {
        const std::lock_guard lock(mutex_);
        here = find_here();
        number(*spoken, here);
        const bool is_act = spoken->act != Spoken::Act::send;
        if (recovery_ && (spoken->offset != 0 || is_act)) recovery_->record(spoken);
        if (spoken->gathering) {
            for (std::size_t i = 0; i < loops_.size(); ++i) spoken->gathering->open_loop();
        }
        for (const auto& each : loops_) {
            if (each.get() != here) each->post(spoken);
        }
    }
    if (here != nullptr) here->take_own(spoken);
}

void HubState::wait_for_drawn() {
    const std::lock_guard lock(mutex_);
}

Departure HubState::departure(HubOnLoop& loop) {
    const std::lock_guard lock(mutex_);
    return {.drawn = drawn_, .taken = loop.taken(drawn_)};
}

std::unique_ptr<Recoverable> HubState::new_recoverable(HubOnLoop& here) {
    const std::uint64_t first_offset = last_offset_;
    return std::unique_ptr<Recoverable>(
        new Recoverable{engineio::new_session_id(), Course(&here, departure(here)), first_offset});
}

void HubState::record(HubOnLoop& here, const std::shared_ptr<Spoken>& spoken) {
    const std::lock_guard lock(mutex_);
    number(*spoken, &here);
    recovery_->record(spoken);
}

RecoveryStore::Claimed HubState::claim(const RecoveryClaim& claim, std::string_view namespace_name,
                                       HubOnLoop& here) {
    RecoveryStore::Claimed claimed;
    {
        const std::lock_guard lock(mutex_);
        const Departure now{.drawn = drawn_, .taken = here.taken(drawn_)};
        claimed = recovery_->claim(claim, namespace_name, here, now, here.reactor().now_ms());
    }
    if (claimed.result == RecoveryStore::Claimed::Result::restored) claimed.leave_missed(here);
    return claimed;
}

HubOnLoop* HubState::some_loop() {
    const std::lock_guard lock(mutex_);
    return find_any();
}

// Requires: the mutex is held.
HubOnLoop* HubState::find_any() noexcept {
    HubOnLoop* const here = find_here();
    if (here != nullptr) return here;
    for (const auto& each : loops_) {
        if (!each->is_gone()) return each.get();
    }
    return nullptr;
}

bool HubState::survey(Function<void(const HubStats&)> told, std::size_t room_count_max) {
    const std::lock_guard lock(mutex_);
    HubOnLoop* const home = find_any();
    std::shared_ptr<LoopLink> link = home == nullptr ? nullptr : home->link();
    if (!link) return false;
    const auto survey = std::make_shared<Survey>(
        std::move(link), loops_.size(),
        HubStats{.absent_count = recovery_ ? recovery_->absent_count() : 0}, std::move(told),
        room_count_max);
    for (const auto& each : loops_) each->post(survey);
    return true;
}

std::unique_ptr<engineio::Guest> HubState::open(engineio::Session& session) {
    has_begun_.store(true, std::memory_order_relaxed);
    auto client = std::make_unique<ClientOnLoop>(on_loop(Reactor::of(session.loop())), session);
    client->begin();
    return client;
}

std::unique_ptr<engineio::Expected> HubState::expect(std::string_view, Loop&, Loop& here) {
    HubOnLoop& loop = on_loop(Reactor::of(here));
    auto expected = std::make_unique<ExpectedClient>(loop);
    wait_for_drawn();  // core/socketio/departure.hpp: what was taken before is everywhere.
    return expected;
}

}  // namespace edgews::sio
