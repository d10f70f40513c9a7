// Tells an `on_event` hook what has happened (edgews/event.hpp), and survives it.
#pragma once

#include <edgews/event.hpp>
#include <edgews/stats.hpp>
#include "net/loop/registered.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace edgews {

class Reactor;
class LateEvents;

// Who is to be told: a view of a hook, or nobody. Belongs to a loop's thread.
class EventTeller {
  public:
    EventTeller() = default;  // Nobody.
    // All are borrowed. `counters`: of exceptions; null: they are not counted.
    explicit EventTeller(const EventHook& hook, Counters* counters = nullptr) noexcept
        : hook_(hook ? &hook : nullptr), counters_(counters) {}
    // And of handlers that are slow, and of what happens where no handler may run.
    EventTeller(const EventHook& hook, Counters& counters, LateEvents& late,
                std::uint32_t slow_handler_ms) noexcept
        : hook_(hook ? &hook : nullptr),
          counters_(&counters),
          late_(&late),
          slow_handler_ms_(hook ? slow_handler_ms : 0) {}

    // Somebody is to be told.
    explicit operator bool() const noexcept { return hook_ != nullptr; }
    // 0: no handler's time is taken.
    [[nodiscard]] std::uint32_t slow_handler_ms() const noexcept { return slow_handler_ms_; }
    // Its level is that of its kind, if it is not a higher one. Requires: somebody is to be told.
    void tell(EngineEvent event) const noexcept;
    // The same at the end of the turn: the hook may do what must not be done from within send().
    // Its views must be valid until then. Nothing, where nobody is to be told, or there is no such
    // time.
    void tell_later(const EngineEvent& event) const;

  private:
    const EventHook* hook_ = nullptr;  // Null: nobody.
    Counters* counters_ = nullptr;
    LateEvents* late_ = nullptr;
    std::uint32_t slow_handler_ms_ = 0;
};

// Events that are told at the end of the loop's turn.
class LateEvents final : public Writer {
  public:
    // `reactor` is borrowed.
    explicit LateEvents(Reactor& reactor) noexcept : reactor_(reactor) {}
    void add(const EventTeller& teller, const EngineEvent& event);
    void on_turn_end() override;

  private:
    struct Late {
        EventTeller teller;
        EngineEvent event;
    };
    Reactor& reactor_;
    std::vector<Late> events_;
};

// The what() of the exception that is being handled, valid as long as that is; or a sentence that
// says that it has none.
[[nodiscard]] std::string_view text_of_exception() noexcept;

// Milliseconds of a clock that never goes back.
[[nodiscard]] std::uint64_t clock_ms() noexcept;

// Takes the time of a handler, from here to the end of the block, where somebody is to be told of
// slow ones: tell(std::uint32_t milliseconds).
template <class Tell>
class HandlerTimer {
  public:
    // `events` is borrowed.
    HandlerTimer(const EventTeller& events, Tell tell) noexcept
        : tell_(tell),
          limit_ms_(events.slow_handler_ms()),
          begin_ms_(limit_ms_ == 0 ? 0 : clock_ms()) {}
    HandlerTimer(const HandlerTimer&) = delete;
    HandlerTimer& operator=(const HandlerTimer&) = delete;
    ~HandlerTimer() {
        if (limit_ms_ == 0) return;
        const std::uint64_t time_ms = clock_ms() - begin_ms_;
        if (time_ms >= limit_ms_) tell_(static_cast<std::uint32_t>(time_ms));
    }

  private:
    Tell tell_;
    std::uint32_t limit_ms_;
    std::uint64_t begin_ms_;
};

}  // namespace edgews
