// Somebody outside a simulated world, at the other end of a connection.
#pragma once

#include "sim/world.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace edgews::sim {

// How fast it writes and reads; each step is drawn anew, up to these.
struct Pace {
    std::size_t write_size_max = 65'536;
    std::uint64_t write_gap_ns_max = 10'000;
    std::size_t read_size_max = 65'536;
    std::uint64_t read_gap_ns_max = 10'000;

    [[nodiscard]] static Pace drawn(Choices& choices);
};

// It belongs to the world's events: its functions may be called in them, and on the thread that
// made the world. The world must outlive it.
class Peer {
  public:
    Peer(World& world, const Pace& pace) noexcept : world_(world), pace_(pace) {}
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;
    virtual ~Peer();

    // To 127.0.0.1. Once.
    void connect(std::uint16_t port) { connect(Address::ip("127.0.0.1", port)); }
    void connect(const Address& address);
    // In place of connect(): what somebody else has made, and accepted.
    void adopt(std::shared_ptr<Socket> socket);
    // They leave in order, at its pace.
    void send(std::string_view bytes);
    // Sends no more than it was given so far, and says so (FIN).
    void end();
    // The connection ends at once (RST); what was not sent never is.
    void reset();
    void set_reading(bool reads);

    [[nodiscard]] World& world() const noexcept { return world_; }
    // The connection was there, if only for a moment.
    [[nodiscard]] bool has_connected() const noexcept { return has_connected_; }
    // The other side has ended, in order or not; or it never began.
    [[nodiscard]] bool has_heard_end() const noexcept { return has_heard_end_; }
    // By a reset, or a refusal.
    [[nodiscard]] bool was_reset() const noexcept { return was_reset_; }
    // Nothing happens here any more.
    [[nodiscard]] bool is_gone() const noexcept { return socket_ == nullptr; }
    // Bytes that it was given and that its system has not taken.
    [[nodiscard]] std::size_t unsent_size() const noexcept { return output_.size(); }
    // All that it was given has arrived at the other side's system.
    [[nodiscard]] bool has_delivered() const noexcept;
    // When it did something that the other side could notice.
    [[nodiscard]] std::uint64_t last_act_ns() const noexcept { return last_act_ns_; }

  protected:
    virtual void on_open() {}
    virtual void on_bytes(std::string_view bytes) = 0;
    // The other side sends no more.
    virtual void on_end() {}

  private:
    void hold(std::shared_ptr<Socket> socket);
    void note_act();
    void act_after(std::uint64_t delay_ns);
    void act();
    void note_connected();
    [[nodiscard]] bool write_some();
    [[nodiscard]] bool read_some();
    void hear_end(bool is_reset);
    void leave();

    World& world_;
    Pace pace_;
    std::shared_ptr<Socket> socket_{};
    Bytes output_{};
    bool has_connected_ = false;
    bool has_heard_end_ = false;
    bool was_reset_ = false;
    bool is_reading_ = true;
    bool is_to_end_ = false;
    bool has_ended_ = false;
    bool is_to_act_ = false;
    std::uint64_t last_act_ns_ = 0;
    // Its events outlive it, and then do nothing.
    std::shared_ptr<bool> is_there_ = std::make_shared<bool>(true);
};

}  // namespace edgews::sim
