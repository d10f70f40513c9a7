// What STOMP clients of all scenarios do alike: they come, take one step after another, misbehave
// each in its way, and leave. What a step is, and what becomes of what they hear, is each one's
// own.
#pragma once

#include "scenario.hpp"
#include "stomp_frame.hpp"
#include "stomp_peer.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace edgews::sim::test {

// Where what was refused goes, and what nobody acknowledged in so many deliveries.
inline constexpr const char* dead_letters = "/queue/dead-letters";

enum class StompConduct : std::uint8_t {
    stays,
    disconnects,
    pauses,  // It reads nothing for a while.
    errs,    // Its last frame is a wrong one.
    half_closes,
    resets,          // At some time, as the next.
    falls_mute,      // It reads nothing any more.
    never_connects,  // TCP or WebSocket is all it makes.
};

class StompActor {
  public:
    StompActor(const StompActor&) = delete;
    StompActor& operator=(const StompActor&) = delete;
    virtual ~StompActor() = default;

    void come(std::uint16_t port, std::uint64_t delay_ns);
    // Says DISCONNECT, if it is there; who reads nothing resets.
    void leave();

  protected:
    StompActor(World& world, StompConduct conduct, std::uint32_t step_count, bool is_over_websocket,
               const Pace& pace);

    virtual void connect() = 0;
    virtual void disconnect() = 0;
    virtual void act() = 0;
    virtual void err() = 0;
    // What it still does before it half-closes.
    virtual void say_last() {}
    [[nodiscard]] virtual bool awaits_any_receipt() const = 0;
    // It will say no more, or cannot: what it had may be somebody else's.
    virtual void let_go() = 0;
    // The same, and what was not committed never will be.
    virtual void end() = 0;
    virtual void hear(const StompFrame& frame) = 0;
    virtual void hear_end() = 0;

    void step_later();
    [[nodiscard]] bool has_steps_left() const noexcept { return steps_left_ > 0; }
    // The number of a letter, and so many bytes.
    [[nodiscard]] std::string drawn_body(std::size_t number, std::size_t size);
    [[nodiscard]] bool chance(std::uint32_t count) { return world_.choices().once_in(count); }

    World& world_;
    StompPeer peer_;
    std::uint32_t frame_count_ = 0;  // That it has written.
    std::uint32_t nack_count_ = 0;
    bool is_connected_ = false;
    bool is_over_ = false;  // It has said its last, or was ended.
    bool is_mute_ = false;
    bool awaits_receipt_ = false;
    std::string error_{};  // The message of ERROR.

  private:
    void misbehave();
    void step();
    void finish();

    StompConduct conduct_;
    std::uint32_t steps_left_;
};

// Whether what is sent to `destination` reaches a subscription of that name.
[[nodiscard]] bool reaches(std::string_view destination, std::string_view subscribed) noexcept;

}  // namespace edgews::sim::test
