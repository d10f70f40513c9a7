// A caller that is a Client with handlers: checks the order in which they are called, and does in
// them whatever an application may.
#pragma once

#include "caller.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace edgews::sim::test {

class CallbackCaller final : public Caller {
  public:
    CallbackCaller(Scene& scene, Loop& loop, std::uint32_t number, Manner manner);

    void begin() override;
    void meddle() override;
    void leave() override;
    [[nodiscard]] bool is_idle() const override;
    void destroy(Place place) override;

  private:
    enum class Phase : std::uint8_t { idle, connecting, open, closed };
    enum class Act : std::uint8_t { none, closes, terminates, throws, goes, pings, pauses };

    void connect();
    void begin_attempt();
    [[nodiscard]] ClientHandlers handlers();
    void add_message_handlers(ClientHandlers& handlers);
    void on_open();
    void on_message(const Message& message);
    void on_pong(std::span<const std::byte> payload);
    void on_error(const ClientError& error);
    void check_limit(const ClientError& error) const;
    void on_close(const CloseEvent& event);
    void on_reconnect(Reconnecting& plan);
    void leave_later();
    // A handler is called.
    void enter(std::string_view what);

    void say_more();
    [[nodiscard]] SendResult send(const Piece& piece);
    [[nodiscard]] bool note_unwanted();
    void close(std::uint16_t code);
    void act();
    void interrupt();
    void perform(Act act);
    void pause();
    void go();

    Loop& loop_;
    std::unique_ptr<Client> client_{};
    Handle handle_{};  // For the other thread; names none until it is open.
    Phase phase_ = Phase::idle;
    std::size_t window_;             // Messages that wait for their answer, at most.
    bool rests_;                     // Now and then, between messages.
    bool is_resting_ = false;        // Until a timer.
    bool is_gone_ = false;           // The client was destroyed.
    bool has_error_ = false;         // Of this attempt.
    bool is_unwanted_ = false;       // It was closed by us,
    bool may_be_unwanted_ = false;   // or perhaps, from another thread.
    bool owes_drain_ = false;        // So does the client.
    std::uint64_t dials_by_ns_ = 0;  // When it begins to connect, at the latest.
    std::uint64_t opened_ns_ = 0;
    std::string message_{};  // The parts that have come.
    Message::Kind kind_ = Message::Kind::text;
};

}  // namespace edgews::sim::test
