// A namespace on one loop: its sockets there, and who is in which room.
//
// A room exists while it has members. Both sides know their places, so joining and leaving are O(1)
// whatever their number. Each socket is also in the room of its own id, which costs nothing more
// than that it can be found by it.
#pragma once

#include "core/base/string_hash.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace edgews::sio {

struct NamespaceState;
struct Recoverable;
struct Spoken;
class SocketOnLoop;

struct Room {
    HashedName name;
    std::vector<SocketOnLoop*> members;
};

// A socket's rooms, and its places among their members.
using Places = std::unordered_map<Room*, std::size_t>;

class NamespaceOnLoop {
  public:
    NamespaceOnLoop(const NamespaceState& state, std::string name);
    NamespaceOnLoop(const NamespaceOnLoop&) = delete;
    NamespaceOnLoop& operator=(const NamespaceOnLoop&) = delete;
    ~NamespaceOnLoop();

    [[nodiscard]] const NamespaceState& state() const noexcept { return state_; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }

    // `recoverable`: where recovery is on, all have one; elsewhere none has.
    void add(SocketOnLoop& socket, std::unique_ptr<Recoverable> recoverable);
    // It leaves all its rooms, too. Requires: it was added.
    std::unique_ptr<Recoverable> remove(SocketOnLoop& socket) noexcept;
    // Null: it has none. Requires: the socket was added.
    [[nodiscard]] Recoverable* recoverable_of(const SocketOnLoop& socket) const noexcept;
    // Requires: the socket was added. False: nothing changed.
    bool join(SocketOnLoop& socket, const HashedView& room);
    bool leave(SocketOnLoop& socket, const HashedView& room) noexcept;
    [[nodiscard]] bool is_in(const SocketOnLoop& socket, const HashedView& room) const noexcept;

    // The socket of that id. Null: it is not here.
    [[nodiscard]] SocketOnLoop* find(const HashedView& id) const noexcept;
    // Appends those that it is for, each once.
    void collect(const Spoken& spoken, std::vector<SocketOnLoop*>& sockets);
    // Whether it is for that one.
    [[nodiscard]] bool is_for(const Spoken& spoken, const SocketOnLoop& socket) const noexcept;

    [[nodiscard]] std::size_t socket_count() const noexcept { return sockets_.size(); }
    // Calls visitor(const Room&) for each.
    template <class F>
    void visit_rooms(const F& visitor) const {
        for (const auto& [name, room] : rooms_) visitor(*room);
    }
    // Sockets that refer to it, those that have ended and are not gone included.
    std::size_t holder_count = 0;
    // Events and acknowledgements that came from its sockets here, and were sent to them.
    std::uint64_t received_total = 0;
    std::uint64_t sent_total = 0;

  private:
    // Sockets by their ids, without a key beside each.
    struct IdHash {
        using is_transparent = void;
        std::size_t operator()(const SocketOnLoop* socket) const noexcept;
        std::size_t operator()(const HashedView& id) const noexcept { return id.hash(); }
    };
    struct IdEqual {
        using is_transparent = void;
        bool operator()(const SocketOnLoop* a, const SocketOnLoop* b) const noexcept {
            return a == b;
        }
        bool operator()(const HashedView& id, const SocketOnLoop* socket) const noexcept;
    };
    [[nodiscard]] Room* find_room(const HashedView& name) const noexcept;
    void leave(SocketOnLoop& socket, Places::iterator place) noexcept;
    template <class F>
    void visit(const HashedView& room, const F& visitor) const;

    const NamespaceState& state_;
    const std::string name_;
    std::vector<SocketOnLoop*> sockets_;
    std::vector<std::unique_ptr<Recoverable>>
        recoverables_;  // Of them, each at its place; or none.
    std::unordered_set<SocketOnLoop*, IdHash, IdEqual> ids_;
    NameViewTable<std::unique_ptr<Room>> rooms_;  // The keys are views of the rooms' own names.
    std::uint64_t round_ = 0;                     // Of collect().
};

}  // namespace edgews::sio
