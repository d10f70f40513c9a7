// The engine's side of a Socket.
#pragma once

#include <edgews/socketio.hpp>
#include "core/base/string_hash.hpp"
#include "core/engineio/session_id.hpp"
#include "net/socketio/rooms.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sio {

class ClientOnLoop;
class HubOnLoop;
class PacketEncoder;
struct Spoken;

class SocketOnLoop final : public Socket {
  public:
    static constexpr std::size_t id_size = engineio::SessionId::size;
    // What it takes along to another loop.
    struct Moving {
        const NamespaceState& state;
        std::string namespace_name;
        std::vector<HashedName> rooms;
    };

    // It is in the namespace from then on. `auth`: empty for none.
    SocketOnLoop(ClientOnLoop& client, NamespaceOnLoop& space, std::string auth);
    ~SocketOnLoop();
    [[nodiscard]] static SocketOnLoop& of(Socket& face) noexcept {
        return static_cast<SocketOnLoop&>(face);
    }
    [[nodiscard]] static const SocketOnLoop& of(const Socket& face) noexcept {
        return static_cast<const SocketOnLoop&>(face);
    }

    [[nodiscard]] ClientOnLoop& client() const noexcept { return client_; }
    // Requires: its client is on a loop.
    [[nodiscard]] NamespaceOnLoop& space() const noexcept { return *space_; }
    [[nodiscard]] std::string_view id_text() const noexcept { return id_.text(); }
    // Empty: there is none.
    [[nodiscard]] std::string_view auth_text() const noexcept {
        return auth_ ? std::string_view(*auth_) : std::string_view{};
    }
    // It has ended, and its handler is yet to be told so.
    [[nodiscard]] bool has_ended() const noexcept { return has_ended_; }
    [[nodiscard]] Reason reason() const noexcept { return reason_; }

    // Leaves its namespace and rooms, for good. Requires: it has not ended.
    void end(Reason reason) noexcept;
    // Leaves them to go to another loop, and enters them there.
    [[nodiscard]] Moving leave_loop();
    void enter_loop(HubOnLoop& loop, const Moving& moving);

    // What its functions do.
    SendResult send(const PacketEncoder& packet);
    void take(const Spoken& spoken);
    bool join_room(const HashedView& room);
    bool leave_room(const HashedView& room) noexcept;
    void disconnect_now(bool close);
    [[nodiscard]] void* find_own_data(const UserData& kind);

    // Of its namespace.
    std::size_t place_in_namespace = 0;
    std::uint64_t round = 0;
    std::unique_ptr<Places> places;  // Null: it is in no room.
    // Of its client: the next one. Owned.
    std::unique_ptr<SocketOnLoop> next;

  private:
    struct Data {
        UserData kind;
        void* object;
    };
    ClientOnLoop& client_;
    NamespaceOnLoop* space_;  // Null: it moves.
    const engineio::SessionId id_;
    bool has_ended_ = false;
    Reason reason_ = Reason::transport_close;
    std::unique_ptr<const std::string> auth_;  // Null: none.
    std::unique_ptr<Data> data_;               // Null: none was asked for.
};

// One for every session, the idle ones too.
static_assert(sizeof(SocketOnLoop) <= 88);

}  // namespace edgews::sio
