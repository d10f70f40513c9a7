// A client of a hub that comes back when its connection is lost, without one: it knows what Node's
// client does, its private id and the offset of the last event that it got.
#pragma once

#include <edgews/socketio.hpp>
#include "net/socketio/hub_state.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "../../support/played_engine_session.hpp"

namespace edgews::test {

class ReturningClient {
  public:
    explicit ReturningClient(sio::Hub& hub) : hub_(hub) {}

    // Connects to "/" by a new session; the old one is not looked at any more.
    void connect(Loop& on) {
        lose();
        session_ = std::make_unique<PlayedEngineSession>(sio::HubState::of(hub_), on);
        session_->say(connect_packet());
    }
    [[nodiscard]] std::string connect_packet() const {
        if (private_id_.empty()) return "0";
        std::string packet = "0{\"pid\":\"" + private_id_ + "\"";
        if (!offset_.empty()) packet += ",\"offset\":\"" + offset_ + "\"";
        return packet + "}";
    }
    // The connection is lost, and with it what came behind the packets that were read.
    void end(engineio::EndReason reason = engineio::EndReason::transport_closed) {
        unread_.clear();
        session_->end(reason);
    }
    // The same, and the server does not know.
    void lose() {
        if (!session_) return;
        unread_.clear();
        lost_ = std::move(session_);
    }
    // Reads so many packets, and returns those that are no answers to CONNECT, without their
    // offsets, a space behind each.
    std::string read(std::size_t count = SIZE_MAX) {
        unread_ += session_->heard();
        std::string events;
        for (std::size_t end = 0; count > 0 && (end = unread_.find(' ')) != std::string::npos;
             --count) {
            events += read_one(unread_.substr(0, end));
            unread_.erase(0, end + 1);
        }
        return events;
    }

    [[nodiscard]] PlayedEngineSession& session() const noexcept { return *session_; }
    // The one before; null: there is none.
    [[nodiscard]] PlayedEngineSession* lost() const noexcept { return lost_.get(); }
    [[nodiscard]] const std::string& id() const noexcept { return id_; }
    // The last answer to CONNECT had the private id that it came with.
    [[nodiscard]] bool is_recovered() const noexcept { return is_recovered_; }

    std::string private_id_{};
    std::string offset_{};

  private:
    std::string read_one(std::string packet) {
        if (packet.starts_with("0{")) {
            id_ = value_of(packet, "sid");
            const std::string private_id = value_of(packet, "pid");
            is_recovered_ = private_id == private_id_;
            private_id_ = private_id;
            return {};
        }
        const std::size_t begin = packet.rfind(",\"");
        if (packet.starts_with("2") && packet.ends_with("\"]") && begin != std::string::npos) {
            offset_ = packet.substr(begin + 2, packet.size() - begin - 4);
            packet = packet.substr(0, begin) + "]";
        }
        return packet + " ";
    }
    [[nodiscard]] static std::string value_of(const std::string& packet, std::string_view name) {
        const std::size_t begin = packet.find("\"" + std::string(name) + "\":\"");
        if (begin == std::string::npos) return {};
        const std::size_t value = begin + name.size() + 4;
        return packet.substr(value, packet.find('"', value) - value);
    }

    sio::Hub& hub_;
    std::unique_ptr<PlayedEngineSession> session_{};
    std::unique_ptr<PlayedEngineSession> lost_{};
    std::string unread_{};
    std::string id_{};
    bool is_recovered_ = false;
};

}  // namespace edgews::test
