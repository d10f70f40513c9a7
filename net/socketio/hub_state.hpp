// The state that all loops of a Hub share: its namespaces, its loops, and the order of what is said
// to many.
//
// The mutex is held while a broadcast's number is drawn and the broadcast is posted to the loops,
// and while a loop comes; never while anything is delivered, and never while the application is
// called. Events of one client do not touch it, unless recovery is on: then one that is sent to a
// client is numbered, too.
#pragma once

#include <edgews/socketio.hpp>
#include "core/socketio/packet.hpp"
#include "net/engineio/application.hpp"
#include "net/engineio/host.hpp"
#include "net/socketio/namespace_state.hpp"
#include "net/socketio/recovery_store.hpp"
#include "net/socketio/spoken.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace edgews {
class Reactor;
class Server;
}  // namespace edgews

namespace edgews::sio {

class HubOnLoop;
class PacketEncoder;

class HubState final : public engineio::Application {
  public:
    explicit HubState(Options options);
    ~HubState() override;
    [[nodiscard]] static HubState& of(const Hub& hub) noexcept { return *hub.state_; }
    [[nodiscard]] static NamespaceState& of(const Namespace& face) noexcept { return *face.state_; }

    [[nodiscard]] const Options& options() const noexcept { return options_; }
    // Of those who speak protocol 4, and of all others.
    [[nodiscard]] const PacketLimits& packet_limits(bool of_protocol_4) const noexcept {
        return of_protocol_4 ? packet_limits_4_ : packet_limits_;
    }
    // Any thread: this thread's own, for what it encodes at the moment.
    [[nodiscard]] static PacketEncoder& thread_encoder();

    // As Hub::attach().
    void attach(Server& server, std::string_view path);
    // Any thread. Of all that it serves.
    [[nodiscard]] std::size_t session_count() const;
    // As Hub::of().
    [[nodiscard]] Namespace& define(std::string_view name);
    // Throws std::logic_error, if clients have come.
    void require_setting_up(const char* what) const;
    // Any thread. Those for clients that want that name. Null: there is none.
    [[nodiscard]] const NamespaceState* find(std::string_view name) const noexcept;

    // The loop's part; its thread.
    [[nodiscard]] HubOnLoop& on_loop(Reactor& reactor);
    // Any thread. Numbers what is said, and has all loops take it; if this thread is in a turn of
    // one of them, that one at once. Requires: it has not been sent.
    void speak(const std::shared_ptr<Spoken>& spoken);
    // Any thread. Whatever has a number by then has been posted to all loops
    // (core/socketio/departure.hpp).
    void wait_for_drawn();
    // What that loop, of whose thread this is, has had.
    [[nodiscard]] Departure departure(HubOnLoop& loop);
    // Any thread. A loop for what is to be called on one: this thread's, or any of them. Null:
    // there are none.
    [[nodiscard]] HubOnLoop* some_loop();
    // Any thread. As Hub::stats().
    bool survey(Function<void(const HubStats&)> told, std::size_t room_count_max);
    // Any thread. The id of a call, which no other call of the hub has.
    [[nodiscard]] std::uint64_t next_call_id() noexcept { return ++last_call_id_; }

    // Recovery, see net/socketio/recovery_store.hpp.

    [[nodiscard]] bool has_recovery() const noexcept { return recovery_ != nullptr; }
    // Any thread. For an event, which is then sent again to those who missed it. 0: recovery is
    // off.
    [[nodiscard]] std::uint64_t next_offset() noexcept { return recovery_ ? ++last_offset_ : 0; }
    // Of a new socket there.
    [[nodiscard]] std::unique_ptr<Recoverable> new_recoverable(HubOnLoop& here);
    // Numbers what was said on that loop to one socket, and sent to it.
    void record(HubOnLoop& here, const std::shared_ptr<Spoken>& spoken);
    // Calls use(RecoveryStore&) and returns what that does. `use` calls nobody. Requires: recovery
    // is on.
    template <class F>
    auto with_recovery(const F& use) {
        const std::lock_guard lock(mutex_);
        return use(*recovery_);
    }
    [[nodiscard]] RecoveryStore::Claimed claim(const RecoveryClaim& claim,
                                               std::string_view namespace_name, HubOnLoop& here);

    // As engineio::Application says.
    [[nodiscard]] std::unique_ptr<engineio::Guest> open(engineio::Session& session) override;
    [[nodiscard]] std::unique_ptr<engineio::Expected> expect(std::string_view id, Loop& from,
                                                             Loop& here) override;

  private:
    [[nodiscard]] HubOnLoop* find_here() noexcept;
    [[nodiscard]] HubOnLoop* find_any() noexcept;
    void number(Spoken& spoken, HubOnLoop* here);

    const Options options_;
    const PacketLimits packet_limits_, packet_limits_4_;
    std::vector<std::unique_ptr<engineio::Host>> hosts_;  // Each serves a path of a server.
    std::vector<std::unique_ptr<Namespace>> namespaces_;
    NameTable<const NamespaceState*> names_;       // Without patterns.
    std::vector<const NamespaceState*> patterns_;  // The most specific first.
    std::atomic<bool> has_begun_{false};           // Clients have come.
    std::atomic<std::uint64_t> last_call_id_{0};
    std::atomic<std::uint64_t> last_offset_{0};

    std::mutex mutex_;  // Guards what follows.
    std::vector<std::unique_ptr<HubOnLoop>> loops_;
    std::uint64_t drawn_ = 0;
    const std::unique_ptr<RecoveryStore> recovery_;  // Null: it is off.
};

}  // namespace edgews::sio
