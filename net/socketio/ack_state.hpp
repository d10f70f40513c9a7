// Acknowledgements that clients ask for, and handlers have not sent yet.
//
// Their states are kept by the loop for the next ones, so that an event that is acknowledged
// allocates nothing.
#pragma once

#include <edgews/socketio_event.hpp>
#include <edgews/socketio_options.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace edgews {
struct LoopLink;
}

namespace edgews::sio {

class HubOnLoop;
class SocketOnLoop;

struct AckState {
    std::atomic<std::uint32_t> holder_count{0};
    std::atomic<bool> is_sent{false};
    std::shared_ptr<LoopLink> link{};  // Of the loop where the event came.
    HubOnLoop* home = nullptr;         // There as long as that loop is.
    // While the event's handler runs. Of home's thread.
    SocketOnLoop* socket = nullptr;
    std::string namespace_name{};
    std::string socket_id{};
    std::uint64_t id = 0;
    Parser parser = Parser::standard;

    [[nodiscard]] static Ack ack_of(AckState& state) noexcept;
    [[nodiscard]] std::string_view socket_id_text() const noexcept { return socket_id; }
};

class AckStates {
  public:
    AckStates() = default;
    AckStates(const AckStates&) = delete;
    AckStates& operator=(const AckStates&) = delete;
    ~AckStates();

    // One without a holder, and with a link or without.
    [[nodiscard]] AckState& take();
    // Requires: it has no holder any more.
    void give_back(AckState& state) noexcept;

  private:
    static constexpr std::size_t kept_count_max = 256;

    std::vector<AckState*> kept_;
};

}  // namespace edgews::sio
