// A session of Engine.IO without a client, for what rides on it: tests say what comes, and see what
// was sent.
#pragma once

#include <edgews/address.hpp>
#include <edgews/loop.hpp>
#include "net/engineio/application.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews::test {

// Runs `function` in a turn of the loop, and what that leads to.
template <class F>
void in_turn(Loop& loop, F function) {
    loop.post(std::move(function));
    loop.poll(0);
    loop.poll(0);
}

class PlayedEngineSession final : public engineio::Session {
  public:
    PlayedEngineSession(engineio::Application& application, Loop& loop,
                        engineio::Dialect dialect = engineio::Dialect::v4)
        : application_(application), loop_(&loop), dialect_(dialect) {
        in_turn(loop, [this] { guest_ = application_.open(*this); });
    }
    ~PlayedEngineSession() { end(engineio::EndReason::transport_closed); }

    // The client's.

    void say(std::string_view text) {
        take(engineio::Packet::of_text(engineio::PacketType::message, text));
    }
    void say(std::span<const std::byte> bytes) { take(engineio::Packet::of_binary(bytes)); }
    void end(engineio::EndReason reason) {
        if (guest_ && !is_closed_) close(reason);
        loop_->poll(0);
        loop_->poll(0);
    }
    // What was sent since the last call, with a space behind each; binary in <>.
    [[nodiscard]] std::string heard() { return std::exchange(sent_, {}); }
    [[nodiscard]] bool has_heard() const noexcept { return !sent_.empty(); }
    [[nodiscard]] bool is_closed() const noexcept { return is_closed_; }
    [[nodiscard]] engineio::EndReason reason() const noexcept { return reason_; }

    // So that as many bytes can be sent without an allocation.
    void reserve(std::size_t size) { sent_.reserve(size); }
    [[nodiscard]] engineio::Guest& guest() const noexcept { return *guest_; }

    // It begins to move; turns of the new loop, the old one and the new one again do the rest. The
    // old loop is told by a job of the new one's, as always. Requires: it does not move.
    void begin_move(Loop& to) {
        is_moving_ = true;
        to.post([this, &to] {
            expected_ = application_.expect(id(), *loop_, to);
            loop_->post([this, &to] { leave(to); });
        });
    }
    [[nodiscard]] bool is_moving() const noexcept { return is_moving_; }
    // All loops have ended while it was on its way.
    void end_on_the_way() {
        is_closed_ = true;
        expected_.reset();
        guest_->ended(engineio::EndReason::shutting_down);
        guest_.reset();
    }
    void move_to(Loop& to) {
        Loop& from = *loop_;
        begin_move(to);
        to.poll(0);
        from.poll(0);
        to.poll(0);
        to.poll(0);
    }

    // As Session has them.

    SendResult send(const engineio::Packet& message) override {
        if (is_closed_) return SendResult::closed;
        if (accepted_count == 0) return SendResult::dropped;
        --accepted_count;
        if (message.is_binary) sent_ += '<';
        sent_ += message.text();
        sent_ += message.is_binary ? "> " : " ";
        return SendResult::sent;
    }
    SendResult send(const engineio::SharedPacket& message) override {
        return send(message.packet());
    }
    [[nodiscard]] std::size_t buffered_amount() const noexcept override { return 0; }
    [[nodiscard]] bool is_writable() const noexcept override { return is_ready; }
    void close(engineio::EndReason reason) override {
        if (std::exchange(is_closed_, true)) return;
        reason_ = reason;
        loop_->post([this] {
            guest_->ended(reason_);
            guest_.reset();
        });
    }
    [[nodiscard]] std::string_view id() const noexcept override { return id_; }
    [[nodiscard]] bool is_websocket() const noexcept override { return true; }
    [[nodiscard]] engineio::Dialect dialect() const noexcept override { return dialect_; }
    [[nodiscard]] Loop& loop() const noexcept override { return *loop_; }
    [[nodiscard]] const Address& remote_address() const noexcept override { return address_; }
    [[nodiscard]] std::string_view query() const noexcept override { return "EIO=4"; }
    [[nodiscard]] std::optional<std::string_view> header(
        std::string_view name) const noexcept override {
        return name == "origin" ? std::optional<std::string_view>("http://x") : std::nullopt;
    }

    bool is_ready = true;
    std::size_t accepted_count = SIZE_MAX;  // Messages, until it drops them.

  private:
    void take(const engineio::Packet& packet) {
        in_turn(*loop_, [this, packet] {
            if (guest_ && !is_closed_) guest_->take(packet);
        });
    }
    void leave(Loop& to) {
        if (is_closed_) {
            to.post([this] { arrive(nullptr); });
            return;
        }
        guest_->leaving();
        to.post([this, &to] { arrive(&to); });
    }
    // `to`: null, if it has ended.
    void arrive(Loop* to) {
        if (to != nullptr) {
            loop_ = to;
            guest_->arrived(*expected_);
        }
        expected_.reset();
        is_moving_ = false;
    }

    engineio::Application& application_;
    Loop* loop_;
    const engineio::Dialect dialect_;
    static inline int count_ = 10'000;
    const std::string id_ = "played-session-" + std::to_string(++count_);
    std::unique_ptr<engineio::Guest> guest_{};
    std::unique_ptr<engineio::Expected> expected_{};
    Address address_{};
    std::string sent_{};
    bool is_closed_ = false;
    bool is_moving_ = false;
    engineio::EndReason reason_ = engineio::EndReason::client_closed;
};

}  // namespace edgews::test
