// One client's STOMP session: bytes in, checked requests out, and back as frames.
//
//     connecting ──CONNECT accepted──▶ connected ──DISCONNECT, or any fault──▶ over
//
// Pull-style: the session reads a frame and checks what can be checked without the broker; its
// owner asks whoever has a say (hooks), and has it carried out:
//
//     while (const Request* request = session.next(input)) {
//         if (!is_allowed(*request)) session.refuse(…);
//         else session.carry_out();                      // What only this touches the broker.
//     }
//     socket.write(session.output());
//
// Every fault is answered with ERROR, after which the session is over: the owner sends what is in
// output(), and closes (1.2, ERROR).
//
// The choices where the specifications leave one:
// - RECEIPT of a frame in a transaction comes at COMMIT, with its effect, or at once if
//   SessionOptions::receipt_in_transaction says so. At ABORT those that are owed come before its
//   own: that they never have an effect is what became of those frames (1.2, RECEIPT), and who
//   waits for one does not wait for ever. A transaction that DISCONNECT ends owes nothing.
// - UNSUBSCRIBE gives back what is not acknowledged; to acknowledge that later is a fault.
// - ACK of an automatic subscription does nothing.
// - NACK puts the message back in its place, with `requeue:false` into the dead-letter queue; a
//   message of a topic has nobody else to go to, and is gone.
// - A body where none belongs is ignored, and so is `host`, which hooks may look at.
// - A 1.0 subscription without id is known by its destination.
#pragma once

#include <edgews/stomp_options.hpp>
#include "core/base/buffer.hpp"
#include "core/stomp/broker.hpp"
#include "core/stomp/content.hpp"
#include "core/stomp/frame_reader.hpp"
#include "core/stomp/heart_beat.hpp"
#include "core/stomp/relay_rules.hpp"
#include "core/stomp/request.hpp"
#include "core/stomp/transaction.hpp"
#include "core/stomp/version.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews::stomp {

// What the ids of sessions begin with: "/temp-queue/session-…" is the name of somebody's queue, as
// reply-to told it, and no name that a client gives to its own.
inline constexpr std::string_view session_id_prefix = "session-";
inline constexpr std::string_view foreign_queue_prefix = "/temp-queue/session-";

class Session {
  public:
    // All are borrowed. `contents`: of the calling thread. `id`: nobody else's, hard to guess, and
    // beginning with session_id_prefix.
    Session(const SessionOptions& options, Broker& broker, ContentPool& contents,
            BufferPool& buffers, std::string id);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    // Requires: leave() was called.
    ~Session() = default;

    // That of the WebSocket subprotocol: it is agreed on, if CONNECT lists it. Before next().
    void prefer(Version version) noexcept { preferred_ = version; }
    // What belongs to an upstream broker; borrowed. Before next().
    void set_relay(const RelayRules& rules) noexcept { relay_ = &rules; }
    // The next request of `input`, from which it takes what it used. Null: all was used, or the
    // session is over. Requires: the last one was answered, and is not blocked. Does not touch the
    // broker.
    [[nodiscard]] const Request* next(std::span<const std::byte>& input) noexcept;

    // The answers. Each writes what there is to write.

    // To connect. `user`: whose messages /user/… are; empty: anonymous.
    void accept(std::string_view user) noexcept;
    // To any; it is over. `detail`: what is no UTF-8 in it is not shown.
    void refuse(Fault fault, std::string_view detail = {}) noexcept;
    // To application: its handler has run. To a relayed send: it is on its way, and nobody waits
    // for a receipt.
    void answered() noexcept;
    // The id of the receipt that the request wants. Nothing: none.
    [[nodiscard]] std::optional<std::string> wanted_receipt() const;
    // To a relayed send: it is on its way, and confirm() writes its RECEIPT, if it wants one.
    // Requires of confirm(): the session is not over.
    void sent_up() noexcept { wants_receipt_ = false; }
    void confirm(std::string_view receipt) { append_receipt(output_, receipt); }
    // The same send as a frame of 1.2.
    [[nodiscard]] std::string relayed_frame() const;
    // To a request whose effect somebody is to confirm, before carry_out(): its RECEIPT is not
    // written before give_receipt(); or never, but by confirm(), when take_receipt() has said its
    // id. Nothing: it wants none.
    void withhold_receipt() noexcept { is_receipt_withheld_ = true; }
    void give_receipt();
    [[nodiscard]] std::optional<std::string> take_receipt();
    // It is answered later, when its frame may be gone.
    void postpone() noexcept { request_.frame = nullptr; }
    // Of a subscribe, before carry_out(): what is to be filed.
    [[nodiscard]] SubscriptionSetup& setup_asked();
    // Of an unsubscribe, or an ack or nack outside transactions, before carry_out(): which
    // subscription it is about. Null: it is none of these.
    [[nodiscard]] const Subscription* subscription_asked() const noexcept;
    // To a commit, before carry_out(): what of it belongs to the upstream broker. Empty: nothing,
    // or it will be refused.
    [[nodiscard]] RelayedPart relayed_part();
    // Before that: where the handler's reply goes, in its one spelling; empty: nowhere. Touches the
    // broker, which gets a temporary queue if that is what reply-to names.
    [[nodiscard]] std::string open_reply_queue() noexcept;
    // To all others; these touch the broker. `blocked`: call it again when Outbox::may_try_again is
    // set, and do not read meanwhile.
    [[nodiscard]] Outcome carry_out() noexcept;

    // Touch the broker.

    // What the broker has to say: ends the session if outbox().fault is set.
    void attend() noexcept;
    // Gives back what it had. Nothing reaches it any more.
    void leave() noexcept { broker_.leave(outbox_); }
    // After that, without the broker: lets go of what it had kept for later.
    void forget() noexcept { transactions_.clear(); }

    // From this side: ERROR, and it is over.
    void end(Fault fault, std::string_view detail = {}) noexcept;

    // Frames to be sent. Only ERROR has a body, which holds no NUL: each NUL ends a frame.
    [[nodiscard]] std::string& output() noexcept { return output_; }
    // The pieces of a MESSAGE: `front`, then the content's head and body. Appends to `front`.
    [[nodiscard]] std::string_view append_front(const Outgoing& outgoing, std::string& front) const;

    [[nodiscard]] bool is_connected() const noexcept { return state_ == State::connected; }
    [[nodiscard]] bool is_over() const noexcept { return state_ == State::over; }
    // Why it is over; none: by DISCONNECT.
    [[nodiscard]] Fault fault() const noexcept { return fault_; }
    [[nodiscard]] Version version() const noexcept { return version_; }
    [[nodiscard]] Outbox& outbox() noexcept { return outbox_; }
    [[nodiscard]] const Outbox& outbox() const noexcept { return outbox_; }
    // Milliseconds; 0: none. Valid when connected.
    [[nodiscard]] std::uint32_t send_every_ms() const noexcept;
    [[nodiscard]] std::uint32_t hear_every_ms() const noexcept;

  private:
    enum class State : std::uint8_t { connecting, connected, over };
    void enter(State state) noexcept { state_ = state; }

    [[nodiscard]] const Request* replay();
    // These say what is wrong with a frame, or what it asks for, in checked_.
    [[nodiscard]] Fault check(const Frame& frame);
    [[nodiscard]] Fault check_connect(const Frame& frame);
    [[nodiscard]] Fault check_send_frame(const Frame& frame);
    [[nodiscard]] static Fault check_relayed(const Frame& frame);
    [[nodiscard]] Fault check_subscribe_frame(const Frame& frame);
    [[nodiscard]] Fault check_unsubscribe_frame(const Frame& frame);
    [[nodiscard]] Fault check_settling(const Frame& frame);
    [[nodiscard]] Fault check_transaction_frame(const Frame& frame);
    // Whether it is there, if a frame names one.
    [[nodiscard]] bool is_there(std::optional<std::string_view> transaction);
    [[nodiscard]] Fault spell(const Frame& frame);
    [[nodiscard]] Fault make_sending(const Frame& frame,
                                     std::optional<std::string_view> transaction);
    // Where others are to answer. Both empty: reply-to is none of ours to change.
    struct ReplyTo {
        std::string queue{};      // A temporary queue of this session, as the client calls it,
        std::string full_name{};  // and as others do.
    };
    [[nodiscard]] ReplyTo reply_to_of(const Frame& frame) const;

    // What was carried out, or not.
    struct Effect {
        Fault fault = Fault::none;
        bool is_blocked = false;
    };
    [[nodiscard]] Effect carry_out(std::monostate);
    [[nodiscard]] Effect carry_out(ToSend& request);
    [[nodiscard]] Effect carry_out(ToSendToApplication& request);
    [[nodiscard]] Effect carry_out(ToSendUp& request);
    [[nodiscard]] Effect carry_out(ToSubscribe& request);
    [[nodiscard]] Effect carry_out(ToUnsubscribe& request);
    [[nodiscard]] Effect carry_out(ToSettle& request);
    [[nodiscard]] Effect carry_out(ToBegin& request);
    [[nodiscard]] Effect carry_out(ToCommit& request);
    [[nodiscard]] Effect carry_out(ToAbort& request);
    [[nodiscard]] Effect carry_out(ToDisconnect);
    [[nodiscard]] Fault subscribe(SubscriptionSetup setup);
    [[nodiscard]] Fault put_in_transaction(ToSend& request);
    [[nodiscard]] Fault note_in_transaction(Transaction& transaction, std::size_t size,
                                            std::size_t key_size);
    void append_for_application(std::string& out, const Frame& frame) const;
    [[nodiscard]] Fault ensure_reply_queue(const std::string& reply_queue);
    void resolve_own_queue(std::string& key) const;

    // A header with what the client said: it reads it back as it wrote it, whatever is in it.
    static void append_said(std::string& out, std::string_view name, std::string_view value,
                            Version version);
    [[nodiscard]] std::string limit_of(Fault fault) const;
    void write_receipt(std::string& out) const;
    void append_receipt(std::string& out, std::string_view id) const;
    void fail(Fault fault, std::string body, bool has_receipt);

    const SessionOptions& options_;
    Broker& broker_;
    ContentPool& contents_;
    FrameReader reader_;
    Outbox outbox_;
    Transactions transactions_;
    State state_ = State::connecting;
    Version version_ = Version::v1_2;
    std::optional<Version> preferred_{};
    Fault fault_ = Fault::none;
    HeartBeat client_heart_beat_;
    std::string output_;

    // A frame whose destination was spelled otherwise.
    struct Respelled {
        std::string destination;
        std::vector<Header> headers;
        Frame frame;
    };

    const RelayRules* relay_ = nullptr;  // Null: all is the broker's.
    // Of the request that is to be answered.
    Request request_;
    Checked checked_;
    std::unique_ptr<Respelled> respelled_;  // What it refers to; null: to what was received.
    bool wants_receipt_ = false;
    bool is_receipt_withheld_ = false;
    std::string receipt_;    // The id that its RECEIPT is to have.
    std::string spare_key_;  // The memory of the last message's key, for the next.

    // What a COMMIT left for the application, and the receipts that come after it.
    std::string replay_;
    std::size_t replayed_ = 0;
    std::string receipts_after_replay_;
    FrameReader replay_reader_;
};

}  // namespace edgews::stomp
