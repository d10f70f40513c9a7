// A client of the engine's, of one kind or another, that calls a service: what all kinds have in
// common.
#pragma once

#include "service.hpp"
#include "talk.hpp"

#include <edgews/edgews.hpp>

#include <cstdint>
#include <string>
#include <thread>

namespace edgews::sim::test {

enum class Manner : std::uint8_t {
    good,   // Says all that it has to say, and comes again as long as it must.
    hasty,  // The same with no patience: its time limits are short.
    wild,   // Closes, drops, throws and goes whenever it likes.
};

// Where all callers of a history are.
struct Scene {
    World& world;
    Record& record;
    Service& service;
    ClientOptions options{};         // That all have: of TLS, of compression.
    std::string host = "127.0.0.1";  // As callers call the service.
    // Of somebody in between; 0: there is nobody.
    std::uint16_t middle_port = 0;
    bool is_watchful = false;    // Who falls mute is found out by pings.
    bool may_run_out = false;    // Of tries, before the service can be reached.
    bool is_hopeless = false;    // Nobody gets through.
    bool may_interrupt = false;  // Wild ones change their mind at any time.
    bool is_leaving = false;     // Nobody begins anew.
};

// A loop on a thread of its own.
class LoopThread {
  public:
    LoopThread() : thread_([this] { loop_.run(); }) {}
    LoopThread(const LoopThread&) = delete;
    LoopThread& operator=(const LoopThread&) = delete;
    ~LoopThread() { stop(); }

    [[nodiscard]] Loop& loop() noexcept { return loop_; }
    void stop() {
        if (!thread_.joinable()) return;
        loop_.stop();
        thread_.join();
    }

  private:
    Loop loop_{};
    std::thread thread_;
};

class Caller {
  public:
    Caller(Scene& scene, std::uint32_t number, Manner manner, bool may_fragment);
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;
    virtual ~Caller() = default;

    // On the thread that made the world, and so are all below.
    virtual void begin() = 0;
    // Does something to it from there.
    virtual void meddle() {}
    // What it has not ended is ended now.
    virtual void leave() {}
    // Nothing goes on.
    [[nodiscard]] virtual bool is_idle() const = 0;
    // Its client goes, before its loop does. Requires, for here: that has stopped.
    enum class Place : std::uint8_t { loop, here };
    virtual void destroy(Place place) { (void)place; }

    // It waits on purpose, and is not to be judged before.
    [[nodiscard]] std::uint64_t rests_until_ns() const noexcept { return rests_until_ns_; }
    // All that it had to say was answered; or it may do without.
    [[nodiscard]] bool is_content() const noexcept;
    void judge();

  protected:
    [[nodiscard]] World& world() const noexcept { return scene_.world; }
    [[nodiscard]] Choices& choices() const noexcept { return scene_.world.choices(); }
    [[nodiscard]] Record& record() const noexcept { return scene_.record; }
    [[nodiscard]] const Scene& scene() const noexcept { return scene_; }
    [[nodiscard]] const ClientOptions& options() const noexcept { return options_; }
    [[nodiscard]] const std::string& url() const noexcept { return url_; }
    [[nodiscard]] Talk& talk() noexcept { return talk_; }
    [[nodiscard]] Manner manner() const noexcept { return manner_; }
    // Connections hold more than bytes under way, which a silence lets go.
    [[nodiscard]] bool may_forget() const noexcept { return options_.compression != nullptr; }
    // Another try after one that failed.
    [[nodiscard]] bool may_try_again() const noexcept;
    // Milliseconds, drawn; it rests as long.
    [[nodiscard]] std::uint32_t rest(std::uint32_t most_ms);
    void rest_for(std::uint64_t milliseconds);
    void check_error(const ClientError& error, bool was_opened) const;

    static constexpr std::size_t attempt_count_max = 12;

  private:
    void draw_options();
    void draw_short_limits();

    Scene& scene_;
    Manner manner_;
    ClientOptions options_;
    std::string url_;
    std::size_t size_max_;  // Of a message.
    Talk talk_;
    std::uint64_t rests_until_ns_ = 0;
};

}  // namespace edgews::sim::test
