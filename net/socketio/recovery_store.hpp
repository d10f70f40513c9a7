// Connection state recovery (protocol 5): who may come back, and what was said since.
//
// Each socket has a private id, by which it is found here, with its loop. When its connection is
// lost it ends as any socket does, but its rooms and its data are kept here, for some time. Its
// client comes back to whichever loop, and gets all that its rooms were told behind the last event
// that it got (core/socketio/course.hpp).
//
// A client often comes back before its old connection is known to be lost. Then the old session is
// ended first, on its loop, and the client waits for that.
//
// Guarded by the mutex of the HubState that it is part of. It calls nobody, and destroys no data of
// the application's: what is not kept any more is handed out.
#pragma once

#include <edgews/socketio_options.hpp>
#include "core/base/string_hash.hpp"
#include "core/socketio/recovery_claim.hpp"
#include "net/socketio/absent_socket.hpp"
#include "net/socketio/spoken_log.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sio {

class DeferredDecision;
class HubOnLoop;
class SocketOnLoop;

class RecoveryStore {
  public:
    explicit RecoveryStore(const RecoveryOptions& options) noexcept
        : options_(options), log_(options.ring_size_max) {}

    // A socket has come, or one that was absent; place(): it is there now, and `loop` is null while
    // it moves. True: somebody waits for its end.
    void add(const Recoverable& recoverable, std::string_view namespace_name, HubOnLoop& loop,
             SocketOnLoop& socket);
    bool place(const Recoverable& recoverable, HubOnLoop* loop, SocketOnLoop* socket) noexcept;
    // Where a socket is by now for whose end somebody waits. Nowhere: it has ended, or is on its
    // way, or nobody waits, for it is the one that has come back. `socket` is for that loop's
    // thread.
    struct Whereabouts {
        HubOnLoop* loop = nullptr;
        SocketOnLoop* socket = nullptr;
    };
    [[nodiscard]] Whereabouts find_awaited(std::string_view private_id) const noexcept;

    // It has ended: for good, or it may come back. Who waited for that.
    [[nodiscard]] std::shared_ptr<DeferredDecision> remove(const Recoverable& recoverable) noexcept;
    [[nodiscard]] std::shared_ptr<DeferredDecision> keep(std::unique_ptr<AbsentSocket> absent);

    struct Claimed {
        enum class Result : std::uint8_t {
            refused,   // It does not come back. `socket`: what was kept, and is not any more.
            restored,  // Then add() or remove() follows.
            live,      // It has not ended. `loop`: where it is; null: it is on its way.
            behind,    // This loop is to take first what was posted to it.
        };
        Result result = Result::refused;
        std::unique_ptr<AbsentSocket> socket{};
        // What may be for it (SpokenLog::find_behind()), and what it had last: nothing of what is
        // there. leave_missed() is for whoever does not hold the mutex any more.
        std::vector<std::shared_ptr<const Spoken>> missed{};
        std::optional<Said> last{};
        Departure now{};
        HubOnLoop* loop = nullptr;

        // Leaves of it what was said behind the last one, and that loop has had, on which it is;
        // in the order of its course. Requires: it is restored.
        void leave_missed(const HubOnLoop& here);
    };
    // `now`: what the loop has had on which the client is. `now_ms`: its Loop::now_ms().
    [[nodiscard]] Claimed claim(const RecoveryClaim& claim, std::string_view namespace_name,
                                HubOnLoop& here, const Departure& now, std::uint64_t now_ms);
    // `waiter` is told when that one ends. The result: who does not wait any more, this one if it
    // has ended, or one that came before it.
    [[nodiscard]] std::shared_ptr<DeferredDecision> await(std::string_view private_id,
                                                          std::shared_ptr<DeferredDecision> waiter);

    void record(const std::shared_ptr<const Spoken>& spoken);

    // Some of those whose time is over, or who are too many. None: there are no more of them.
    [[nodiscard]] std::vector<std::unique_ptr<AbsentSocket>> take_expired(std::uint64_t now_ms);
    // When the next one's time is over. 0: there is none.
    [[nodiscard]] std::uint64_t next_due_ms() const noexcept {
        return absent_.empty() ? 0 : absent_.front()->due_ms;
    }
    [[nodiscard]] std::size_t absent_count() const noexcept { return absent_.size(); }
    [[nodiscard]] const SpokenLog& log() const noexcept { return log_; }

  private:
    using Absent = std::list<std::unique_ptr<AbsentSocket>>;
    struct Known {
        std::string namespace_name;
        HubOnLoop* loop = nullptr;       // Null: it is absent, or on its way.
        SocketOnLoop* socket = nullptr;  // For that loop's thread.
        Absent::iterator absent{};       // Where is_absent.
        bool is_absent = false;
        std::shared_ptr<DeferredDecision> waiter{};
    };
    [[nodiscard]] std::unique_ptr<AbsentSocket> take(Known& known) noexcept;
    [[nodiscard]] bool find_missed(const RecoveryClaim& claim, Claimed& claimed) const;
    void forget_if_alone() noexcept;

    const RecoveryOptions options_;
    NameTable<Known> known_;  // By private ids.
    Absent absent_;           // Who has been so longest is first.
    SpokenLog log_;
    std::uint64_t last_number_ = 0;
};

}  // namespace edgews::sio
