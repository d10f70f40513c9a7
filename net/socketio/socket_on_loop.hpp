// The engine's side of a Socket.
#pragma once

#include <edgews/socketio.hpp>
#include "core/base/string_hash.hpp"
#include "core/engineio/session_id.hpp"
#include "core/socketio/departure.hpp"
#include "net/socketio/absent_socket.hpp"
#include "net/socketio/rooms.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
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
    // Whether it may be the id of one: as it is, or behind a '#' (id_prefix_4()).
    [[nodiscard]] static bool may_be_id(std::string_view text) noexcept {
        return text.size() == id_size ||
               (text.size() > id_size && text[text.size() - id_size - 1] == '#');
    }
    // What it takes along to another loop.
    struct Moving {
        const NamespaceState& state;
        std::string namespace_name;
        std::vector<HashedName> rooms;
        std::unique_ptr<Recoverable> recoverable;
    };

    // It is in the namespace from then on. `auth`: empty for none. `returning`: null, or what it
    // was before; its course is on this loop.
    SocketOnLoop(ClientOnLoop& client, NamespaceOnLoop& space, std::string auth,
                 std::unique_ptr<AbsentSocket> returning);
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
    [[nodiscard]] std::string_view id_text() const noexcept {
        return long_id_size_ == 0 ? id_.text() : text().substr(0, long_id_size_);
    }
    // Empty: there is none.
    [[nodiscard]] std::string_view auth_text() const noexcept {
        return text().substr(long_id_size_);
    }
    // It has ended, and its handler is yet to be told so.
    [[nodiscard]] bool has_ended() const noexcept { return has_ended_; }
    [[nodiscard]] Reason reason() const noexcept { return reason_; }

    [[nodiscard]] bool is_recovered() const noexcept { return is_recovered_; }

    // Leaves its namespace and rooms, for good. Requires: it has not ended.
    void end(Reason reason) noexcept;
    // The same, but its client may come back. Null: it may not, for recovery is off.
    [[nodiscard]] std::unique_ptr<AbsentSocket> end_for_now(Reason reason);
    // Its data, for when it comes back.
    [[nodiscard]] std::unique_ptr<OwnData> take_data() noexcept { return std::move(data_); }
    // Leaves them to go to another loop, enters them there, and goes on.
    [[nodiscard]] Moving leave_loop(const Departure& departure);
    void enter_loop(HubOnLoop& loop, Moving& moving);
    void arrived();

    // What its functions do.
    SendResult send(const PacketEncoder& packet);
    SendResult emit(std::string_view event, std::span<const Argument> arguments,
                    std::uint64_t offset);
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
    [[nodiscard]] std::unique_ptr<Recoverable> leave_namespace(Reason reason) noexcept;
    [[nodiscard]] std::vector<HashedName> rooms() const;
    void forget(const Recoverable* recoverable) noexcept;
    [[nodiscard]] std::string_view text() const noexcept {
        return text_ ? std::string_view(*text_) : std::string_view{};
    }

    ClientOnLoop& client_;
    NamespaceOnLoop* space_;  // Null: it moves.
    const engineio::SessionId id_;
    // Of its id as protocol 4 has it, in front of the auth. 0: that is id_.
    std::uint16_t long_id_size_ = 0;
    bool has_ended_ : 1 = false;
    bool is_recovered_ : 1 = false;
    Reason reason_ = Reason::transport_close;
    std::unique_ptr<const std::string> text_;  // Null: none.
    std::unique_ptr<OwnData> data_;            // Null: none was asked for.
};

// One for every session, the idle ones too.
static_assert(sizeof(SocketOnLoop) <= 88);

}  // namespace edgews::sio
