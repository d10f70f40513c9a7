// A connected socket on a loop: reads edge-triggered, sends what was gathered in
// one write, and closes without losing what the peer has yet to read.
//
// What is written while input is dispatched, or within one turn, leaves together:
// writers append to output() and call request_flush(); the loop does the rest.
//
//     open ──finish()──▶ finishing ──all sent──▶ lingering ──peer ended──▶ closed
//       └──────────────────────close()───────────────────────────────────────▲
//
// The words for its end, and what the peer sees of each:
//
//     shut_down()   the server says so     by protocol: a close frame, ERROR, or the last answer
//     finish()      the protocol is over   all that waits, then the end of our side
//     break_off()   it is given up         the end of TCP, or a reset; on_lost() follows
//     reset()       the same               a reset; on_lost() follows
//     close()       nothing is left to do  the end of TCP
//     retire()      of the reactor         nothing: the object goes at the end of the turn
//
// Lingering means: our side is shut down, what the peer still sends is thrown
// away. Closing a socket with unread input would reset the connection, and the
// peer could lose our last bytes (RFC 6455, section 7.1.1).
#pragma once

#include "core/websocket/output_queue.hpp"
#include "net/loop/fd.hpp"
#include "net/loop/reactor.hpp"
#include "net/loop/registered.hpp"
#include "net/stream/streams_on_loop.hpp"
#include "net/stream/transport.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

struct iovec;

namespace edgews {

// What a receive brought.
struct Received {
    enum class End : std::uint8_t {
        open,         // `size` bytes, at least one.
        would_block,  // Nothing now.
        ended,        // The peer will send nothing more.
        lost,         // The connection is broken.
    };
    End end = End::open;
    std::size_t size = 0;
};

// What a child of Stream does with input that may be there.
//
//                 it is open    it has had its share    something else comes first    it is over
//     reading()   go_on         later                   wait                          over
//     pull()      receives      read_later()            returns: read_later() is      returns
//                                                       called when that has come
enum class Reading : std::uint8_t { go_on, later, wait, over };

class Stream : public Watched {
  public:
    ~Stream() override;

    void on_events(std::uint32_t events) final;
    void on_flush() final;
    // The server shuts down: says goodbye, if it is no WebSocket.
    virtual void shut_down() {}
    // The server's grace has ended: those that are clients' go with the loop.
    virtual void end_grace() { break_off(); }
    // Gives the connection up: nothing is sent or to be read any more. on_lost() follows in this
    // turn, or, where it is finished already, its end.
    void break_off();
    // The same, and the peer of a TCP connection is told that it was cut: an end could be taken for
    // what was meant to be said.
    void reset();

    [[nodiscard]] Reactor& reactor() const noexcept { return streams_->reactor(); }
    // Bytes that wait for the socket, or for the end of the turn.
    [[nodiscard]] std::size_t output_size() const noexcept {
        return (output_ ? output_->size() : 0) + (transport_ ? transport_->pending().size() : 0);
    }
    // These, and what was sent and the peer's system has not acknowledged. A system call.
    [[nodiscard]] std::size_t untaken_size() const noexcept;

  protected:
    explicit Stream(StreamsOnLoop& streams) noexcept;

    // Takes a connected, non-blocking socket and registers it. 0, or the system's error number.
    [[nodiscard]] int open(Fd fd) noexcept;
    // From here on the socket is received from and sent to through `transport`.
    void speak_through(std::unique_ptr<Transport> transport) noexcept;
    // Has the transport begin its handshake, as a client's has to.
    void speak_first();
    // Takes the socket, the token and the output of `predecessor`, which is then
    // closed and deleted at the end of the turn. False: its last receive may have
    // left something unread.
    [[nodiscard]] bool take_over(Stream& predecessor) noexcept;

    // There is something to read. It ends in pull().
    virtual void on_readable() = 0;
    // The connection is gone without a goodbye. Must end in close() or finish().
    virtual void on_lost() = 0;
    // The connection was reset: is_broken(), and what came before that is still to be read. Must
    // end as on_lost(), at once or when a receive says so.
    virtual void on_reset() { on_lost(); }
    // A flush left something that waits for the peer to read.
    virtual void on_blocked() {}
    // The connection broke, and so many bytes of output will never leave.
    virtual void on_output_lost(std::size_t) noexcept {}
    // So many bytes have left.
    virtual void count_sent(std::size_t size) noexcept = 0;
    // The socket took all or some of what it had refused before.
    virtual void on_writable() {}

    // Receives into `space`, of which a transport needs 64 KiB.
    [[nodiscard]] Received receive(std::span<std::byte> space) noexcept {
        return transport_ ? receive_opened(space) : receive_raw(space);
    }
    // The same without a transport, and what it brings stays in the socket.
    [[nodiscard]] Received peek(std::span<std::byte> space) noexcept;
    // The receive loop of all children, each of which has
    //     Reading reading(int count)                after so many receives of this call
    //     std::span<std::byte> space()              where the next bytes go
    //     bool take(const Received&, std::span<std::byte> bytes)
    //                                               handles them, or why there are none, and says
    //                                               whether there may be more
    template <class Child>
    void pull(Child& child) {
        int count = 0;
        Reading reading = child.reading(count);
        while (reading == Reading::go_on) {
            const std::span<std::byte> space = child.space();
            const Received received = receive(space);
            if (!child.take(received, space.first(received.size))) return;
            reading = child.reading(++count);
        }
        if (reading == Reading::later) read_later();
    }
    // It waits for its turn to go on with its transport's handshake.
    [[nodiscard]] bool waits_for_handshake() const noexcept {
        return transport_ && streams_->handshakes().has(*this);
    }
    // The last receive took all there was, unless has_ended().
    [[nodiscard]] bool is_drained() const noexcept { return is_drained_; }
    // Another receive would bring something, bytes or the end.
    [[nodiscard]] bool may_bring_more() const noexcept { return !is_drained_ || has_ended_; }
    [[nodiscard]] const Transport* transport() const noexcept { return transport_.get(); }
    [[nodiscard]] bool has_failed_transport() const noexcept {
        return transport_ && transport_->state() == Transport::State::failed;
    }
    // The peer has shut down its side: there is an end to be read.
    [[nodiscard]] bool has_ended() const noexcept { return has_ended_; }

    // Where to write. Followed by request_flush().
    [[nodiscard]] OutputQueue& output() {
        if (!output_) take_output();
        return *output_;
    }
    [[nodiscard]] bool output_has_borrowed() const noexcept {
        return output_ && output_->has_borrowed();
    }
    // Sends all at the end of the present dispatch or turn.
    void request_flush() {
        if (!is_dispatching_ && !is_flush_requested_) flush_later();
    }
    // Between these two, request_flush() does nothing: end_dispatch() sends all. Much leaves at
    // once, while its memory is warm, and what is borrowed must, before that is received into
    // again; the rest leaves with the answers of the next few connections.
    void begin_dispatch() noexcept { is_dispatching_ = true; }
    void end_dispatch() {
        is_dispatching_ = false;
        const bool is_small = output_ && output_->size() <= answer_size_max;
        if (!is_small || is_flush_requested_ || output_->has_borrowed()) return flush();
        is_flush_requested_ = true;
        reactor().flush_soon(*this);
    }
    // In place of end_dispatch(): all leaves at once.
    void finish_dispatch() {
        is_dispatching_ = false;
        flush();
    }
    // Sends as much as the socket takes. Calls no handler: an error shows as on_reset() at
    // the end of the turn.
    void flush();
    // Sends the beginning of `bytes` past the queue. Requires: nothing waits. Returns how many
    // bytes the socket took; what follows them is to be queued.
    [[nodiscard]] std::size_t send_directly(std::span<const std::byte> bytes);
    // The same of a file's, `size` bytes from `offset` on, by sendfile(). 0 bytes, and the socket
    // is neither blocked nor broken: the file has no more, or cannot be read. Requires: no
    // transport.
    struct SentFile {
        std::size_t size = 0;
        bool is_refused = false;  // The system cannot do it with this file.
    };
    [[nodiscard]] SentFile send_directly(const Fd& file, std::uint64_t offset, std::size_t size);
    // The socket took less than there was; the rest waits for it.
    [[nodiscard]] bool is_blocked() const noexcept { return is_blocked_; }
    // Output waits, and the peer has taken some since this was asked last.
    [[nodiscard]] bool is_being_read() noexcept;
    // The same of what the socket holds, where nothing waits for it here: `untaken_size` is what
    // this said the last time.
    [[nodiscard]] bool is_being_read(std::uint32_t& untaken_size) noexcept;
    // Bytes that were sent and that the peer's system has not acknowledged; SIZE_MAX: ours does not
    // say. A system call.
    [[nodiscard]] std::size_t unacknowledged_size() const noexcept;
    // Has on_readable() called once more, soon, after others had their turn.
    void read_later() { reactor().read_later(*this); }

    enum class Farewell : std::uint8_t {
        close,   // The peer has promised to send nothing more: close as soon as all is sent.
        linger,  // Input may still come: shut down our side, wait for the peer's end.
        whole,   // The same, and the end says that this was all: before all is sent it is a reset.
    };
    // Sends what is left, then closes as `farewell` says; at the latest when the peer
    // takes nothing, or does not end, for `timeout_ms`.
    void finish(Farewell farewell, std::uint32_t timeout_ms);
    [[nodiscard]] bool is_given_up() const noexcept { return is_given_up_; }
    // Nothing can be sent any more: it was given up, or the peer has reset it.
    [[nodiscard]] bool is_broken() const noexcept { return is_broken_; }
    // Closes now. The object is deleted at the end of the turn.
    void close() noexcept;
    [[nodiscard]] bool is_open() const noexcept { return phase_ == Phase::open; }
    [[nodiscard]] bool is_closed() const noexcept { return phase_ == Phase::closed; }

    // A derived class passes its on_timer() on when it is not open, with finish()'s time.
    void on_finish_timer(std::uint32_t timeout_ms) noexcept;

  private:
    static constexpr std::size_t answer_size_max = 16 * 1024;
    enum class Phase : std::uint8_t { open, finishing, lingering, closed };
    void enter(Phase phase) noexcept { phase_ = phase; }
    [[nodiscard]] bool may_shake_hands();
    void take_output();
    void forget_output() noexcept;
    void note_reset() noexcept;
    void tell_broken();
    void flush_later();
    [[nodiscard]] Received receive_raw(std::span<std::byte> space, int flags = 0) noexcept;
    [[nodiscard]] Received receive_opened(std::span<std::byte> space) noexcept;
    [[nodiscard]] std::size_t send_pieces(std::span<iovec> pieces);
    [[nodiscard]] std::size_t send_sealed(std::span<const iovec> pieces);
    bool send_pending();
    [[nodiscard]] std::size_t send_raw(std::span<iovec> pieces, std::size_t size);
    void all_sent() noexcept;
    void cut() noexcept;
    void discard_input() noexcept;
    void end_for_children() noexcept;

    StreamsOnLoop* streams_;
    std::unique_ptr<OutputQueue> output_;   // Null: nothing to send.
    std::unique_ptr<Transport> transport_;  // Null: none.
    Fd fd_;
    Phase phase_ = Phase::open;
    Farewell farewell_ = Farewell::linger;
    bool is_blocked_ : 1 = false;
    bool is_broken_ : 1 = false;
    bool is_drained_ : 1 = true;  // The last receive took all that an edge has told of.
    bool has_ended_ : 1 = false;
    bool is_flush_requested_ : 1 = false;
    bool is_dispatching_ : 1 = false;
    bool has_sent_ : 1 = false;  // Since is_being_read() was asked.
    bool has_shaken_hands_ : 1 = false;
    std::uint8_t discarded_units_ : 6 = 0;  // Of input that nobody wanted.
    bool is_given_up_ : 1 = false;
    bool is_urgent_ : 1 = false;  // The peer has sent urgent data.
};

}  // namespace edgews
