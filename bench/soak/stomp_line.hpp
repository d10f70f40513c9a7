// A client's connection to the broker, by TCP or as a WebSocket.
//
// As a Socket, it is looked at now and then.
#pragma once

#include <edgews/stomp_frame.hpp>
#include "core/base/buffer.hpp"
#include "core/stomp/frame_reader.hpp"

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "world.hpp"

namespace soak {

// What carries frames.
class Carrier {
  public:
    virtual ~Carrier() = default;
    virtual void send(std::string_view bytes) = 0;
    [[nodiscard]] virtual std::string take() = 0;
    [[nodiscard]] virtual bool is_over() const = 0;
    // Without a goodbye.
    virtual void reset() = 0;
};

// A frame that came.
struct Heard {
    edgews::stomp::Command command = edgews::stomp::Command::unknown;
    std::string ack{};
    std::string receipt{};
    std::string body{};
};

class StompLine {
  public:
    // To the broker or to the relay, by TCP, ws or wss, as chance has it.
    explicit StompLine(World& world);

    void send(edgews::stomp::Command command, std::initializer_list<edgews::stomp::Header> headers,
              std::string_view body = {});
    void send_bytes(std::string_view bytes) { carrier_->send(bytes); }
    [[nodiscard]] std::vector<Heard> take();
    [[nodiscard]] bool is_over() const { return carrier_->is_over(); }
    void reset() { carrier_->reset(); }

  private:
    std::unique_ptr<Carrier> carrier_;
    edgews::stomp::FrameLimits limits_{};
    edgews::stomp::FrameReader reader_;
};

// Waits for a frame of that command: the last of those that came by then. `unknown`: none came.
[[nodiscard]] edgews::Task<Heard> hear(World& world, StompLine& line, edgews::stomp::Command wanted,
                                       std::uint64_t limit_ms);
// CONNECT, and its CONNECTED.
[[nodiscard]] edgews::Task<bool> log_in(World& world, StompLine& line,
                                        std::string_view heart_beat = "0,0");
// Whatever comes is ignored, until the broker has ended it.
[[nodiscard]] edgews::Task<bool> hear_end(World& world, StompLine& line, std::uint64_t limit_ms);
// DISCONNECT with its RECEIPT, or a reset, or nothing at all.
[[nodiscard]] edgews::Task<> leave(World& world, StompLine& line);

}  // namespace soak
