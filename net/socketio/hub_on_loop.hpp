// A Hub's part on one loop: the namespaces with their sockets there, and what is said to them.
//
// Of its loop's thread alone, but what is marked "Any thread".
#pragma once

#include "core/base/string_hash.hpp"
#include "core/socketio/departure.hpp"
#include "core/socketio/msgpack_packet.hpp"
#include "core/socketio/packet_encoder.hpp"
#include "net/loop/reactor.hpp"
#include "net/loop/registered.hpp"
#include "net/socketio/ack_state.hpp"
#include "net/socketio/rooms.hpp"
#include "net/socketio/spoken.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sio {

class HubState;
class Survey;
struct AbsentSocket;

// What was encoded last, for any number of sessions, on any thread. `is_for_v3`: those of Engine.IO
// 3 are among many that it is for.
[[nodiscard]] std::vector<engineio::SharedPacket> shared_packets_of(const PacketEncoder& encoder,
                                                                    Parser parser,
                                                                    bool is_for_v3 = false);

class HubOnLoop final : public Writer {
  public:
    HubOnLoop(HubState& hub, Reactor& reactor);
    HubOnLoop(const HubOnLoop&) = delete;
    HubOnLoop& operator=(const HubOnLoop&) = delete;
    ~HubOnLoop();

    // Any thread. Another loop may lie where one was.
    [[nodiscard]] bool is_of(const Reactor& reactor) const noexcept;
    [[nodiscard]] bool is_gone() const noexcept { return link_.expired(); }
    // Null: the loop is gone.
    [[nodiscard]] std::shared_ptr<LoopLink> link() const noexcept { return link_.lock(); }
    [[nodiscard]] HubState& hub() const noexcept { return hub_; }
    [[nodiscard]] Reactor& reactor() const noexcept { return reactor_; }

    // For whoever encodes or reads a packet at the moment.
    [[nodiscard]] PacketEncoder& encoder() noexcept { return encoder_; }
    [[nodiscard]] std::span<std::string_view> element_space() noexcept { return elements_; }
    [[nodiscard]] std::string& scratch() noexcept { return scratch_; }
    [[nodiscard]] MsgpackPacketReader& msgpack_reader() noexcept { return msgpack_reader_; }

    // Made when it is asked for first; it goes when nothing refers to it.
    [[nodiscard]] NamespaceOnLoop& hold_namespace(const NamespaceState& state,
                                                  std::string_view name);
    void release_namespace(NamespaceOnLoop& held) noexcept;

    [[nodiscard]] AckStates& acks() noexcept { return acks_; }
    [[nodiscard]] AckState& new_ack(SocketOnLoop& socket, std::uint64_t id);
    SendResult acknowledge(const AckState& ack, std::span<const Argument> arguments);
    // Sends to the socket of that id, wherever it is by now.
    void send_to(std::string_view id, const std::string& namespace_name,
                 std::vector<engineio::SharedPacket> packets);

    // Any thread that holds the hub's mutex. Has it taken soon.
    void post(const std::shared_ptr<const Spoken>& spoken);
    // All that was posted here with numbers up to that has been taken; it never gets less. `drawn`:
    // the last number of all. Requires: the hub's mutex is held.
    [[nodiscard]] std::uint64_t taken(std::uint64_t drawn) noexcept {
        if (taken_ == posted_) all_taken_ = drawn;
        return all_taken_;
    }
    // All that has numbers up to that was posted here, and has been taken.
    void has_taken(std::uint64_t number) noexcept { all_taken_ = std::max(all_taken_, number); }
    // Any thread. Has it answered soon.
    void post(const std::shared_ptr<Survey>& survey);
    // It was drawn here.
    void take_own(const std::shared_ptr<const Spoken>& spoken) { deliver(spoken); }

    // For sessions that move, see core/socketio/departure.hpp. What is taken is kept as long as
    // there is one of these.
    class Keeping {
      public:
        explicit Keeping(HubOnLoop& loop);
        Keeping(const Keeping&) = delete;
        Keeping& operator=(const Keeping&) = delete;
        ~Keeping();

        // Calls visitor(const Spoken&) for each that was taken meanwhile, in order.
        template <class F>
        void visit(const F& visitor) const {
            for (std::uint64_t i = *first_; i < loop_.kept_end(); ++i) {
                visitor(*loop_.kept_[static_cast<std::size_t>(i - loop_.kept_begin_)]);
            }
        }

      private:
        HubOnLoop& loop_;
        const std::list<std::uint64_t>::iterator first_;
    };
    [[nodiscard]] Departure departure();
    [[nodiscard]] std::size_t kept_count() const noexcept { return kept_.size(); }

    // Its client finishes the socket at the end of the turn. forget(): it does before.
    void finish_later(SocketOnLoop& socket);
    void forget(SocketOnLoop& socket) noexcept;
    void on_turn_end() override;

    // Recovery. A socket has ended, and may come back.
    void keep(std::unique_ptr<AbsentSocket> absent);
    // Any thread. Has that socket's session end soon, for its client has come back elsewhere.
    void post_overtaken(std::string private_id);

  private:
    void take(const std::shared_ptr<const Spoken>& spoken);
    void deliver(const std::shared_ptr<const Spoken>& spoken);
    [[nodiscard]] std::uint64_t kept_end() const noexcept { return kept_begin_ + kept_.size(); }
    void forget_kept() noexcept;
    void overtake(std::string_view private_id);
    void forget_expired();
    [[nodiscard]] NamespaceOnLoop* find_namespace(std::string_view name) const noexcept;

    HubState& hub_;
    Reactor& reactor_;
    const std::weak_ptr<LoopLink> link_;  // The hub, and what it has of a loop, may outlive that.
    PacketEncoder encoder_;
    std::vector<std::string_view> elements_;
    std::string scratch_;
    MsgpackPacketReader msgpack_reader_;
    AckStates acks_;
    NameViewTable<std::unique_ptr<NamespaceOnLoop>> namespaces_;  // By views of their own names.
    std::vector<SocketOnLoop*> receivers_;                        // Of deliver().
    std::vector<SocketOnLoop*> finished_;                         // At the end of the turn.
    std::vector<SocketOnLoop*> being_finished_;                   // Of on_turn_end().
    std::uint64_t taken_ = 0;   // The last number that was taken from the mailbox.
    std::uint64_t posted_ = 0;  // The last one that was posted there. Guarded by the hub's mutex.
    // The same as taken_, or more, where what lies between was not posted here.
    std::uint64_t all_taken_ = 0;
    bool is_expiring_ = false;  // forget_expired() will be called.

    // What was taken since the first Keeping began: number kept_begin_ and those behind it.
    std::deque<std::shared_ptr<const Spoken>> kept_;
    std::uint64_t kept_begin_ = 0;
    std::list<std::uint64_t> keepings_;  // Where each of them begins; so they are in order.
};

}  // namespace edgews::sio
