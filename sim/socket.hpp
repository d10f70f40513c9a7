// A stream socket: TCP as Linux does it, and Unix.
//
// What is sent waits in the send buffer, leaves it in segments, each after a while, as far as the
// receiver has room, and wakes the receiver. Everything that an edge-triggered reader or writer can
// stumble over is Linux's: when EPOLLOUT comes again (a third of the buffer is free, and somebody
// was told that it was full), a reset behind bytes that stay readable, the error that is told once.
#pragma once

#include "sim/address.hpp"
#include "sim/choices.hpp"
#include "sim/file.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace edgews::sim {

// Bytes in order, taken from the front.
class Bytes {
  public:
    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size() - begin_; }
    [[nodiscard]] bool is_empty() const noexcept { return size() == 0; }
    [[nodiscard]] std::string_view view() const noexcept {
        return std::string_view(bytes_).substr(begin_);
    }
    void append(std::string_view bytes) { bytes_.append(bytes); }
    void consume(std::size_t size) noexcept;
    void clear() noexcept {
        bytes_.clear();
        begin_ = 0;
    }

  private:
    std::string bytes_{};
    std::size_t begin_ = 0;
};

class Socket : public File, public std::enable_shared_from_this<Socket> {
  public:
    enum class State : std::uint8_t { fresh, listening, connecting, connected, dead };

    Socket(Kernel& kernel, int family) noexcept
        : File(kernel), family_(family), local_(Address::none(family)) {}

    [[nodiscard]] int family() const noexcept { return family_; }
    [[nodiscard]] State state() const noexcept { return state_; }
    Address& local() noexcept { return local_; }
    Address& remote() noexcept { return remote_; }
    // Where it was bound to: what of it the application asked for stays its own after a connection.
    struct Binding {
        bool is_bound = false;
        bool has_own_host = false;
        bool has_own_port = false;
    };
    Binding& binding() noexcept { return binding_; }
    // All addresses, and the same port.
    void forget_host() noexcept;
    [[nodiscard]] bool is_closed() const noexcept { return is_closed_; }
    // Nothing more can come of a connection that was closed.
    [[nodiscard]] virtual bool is_over() const noexcept { return true; }
    [[nodiscard]] bool is_shut_for_reading() const noexcept { return has_fin_; }

    // The calls. `flags`: MSG_PEEK and MSG_OOB; MSG_OOB.
    [[nodiscard]] virtual Result receive(void* to, std::size_t size, int flags) = 0;
    [[nodiscard]] virtual Result send(std::span<const iovec> pieces, int flags) = 0;
    [[nodiscard]] virtual Result shutdown(int how) = 0;
    // A read of nothing is not one of the socket.
    Result read(void* to, std::size_t size) override {
        return size == 0 ? Result{} : receive(to, size, 0);
    }
    Result write(const void* from, std::size_t size) override;
    // What getsockopt(SO_ERROR) says, once.
    [[nodiscard]] int take_error() noexcept;
    // Bytes that were sent and have not arrived (SIOCOUTQ), and that have not been read (SIOCINQ).
    [[nodiscard]] virtual std::size_t unsent_size() const noexcept = 0;
    [[nodiscard]] virtual std::size_t unread_size() const noexcept = 0;
    // Bytes that one call can receive at most.
    [[nodiscard]] virtual std::size_t held_size() const noexcept { return unread_size(); }

    // The network's side of connecting.
    void begin_listening(int backlog) noexcept;
    // Both ends of a connection.
    virtual void connect_to(const std::shared_ptr<Socket>& peer) = 0;
    void refuse(int error);
    // False: its queue is full.
    [[nodiscard]] bool offer(std::shared_ptr<Socket> child);
    // Null: nobody waits.
    [[nodiscard]] std::shared_ptr<Socket> take_waiting();
    [[nodiscard]] bool has_waiting() const noexcept { return !waiting_.empty(); }
    [[nodiscard]] bool is_queue_full() const noexcept { return waiting_.size() >= backlog_; }
    // SO_LINGER with no time, SO_REUSEPORT and SO_REUSEADDR.
    void set_reset_at_close(bool is_set) noexcept { resets_at_close_ = is_set; }
    void set_shares_port(bool is_set) noexcept { shares_port_ = is_set; }
    void set_reuses_address(bool is_set) noexcept { reuses_address_ = is_set; }
    // SO_RCVTIMEO and SO_SNDTIMEO: how long its calls wait; UINT64_MAX: for ever.
    struct Patience {
        std::uint64_t receive_ns = UINT64_MAX;
        std::uint64_t send_ns = UINT64_MAX;
    };
    [[nodiscard]] Patience& patience() noexcept { return patience_; }
    // What a connection has of its listener.
    void inherit(const Socket& listener) noexcept;
    // Both may have one address.
    [[nodiscard]] bool may_share_with(const Socket& other) const noexcept;

    // The other end, while it is there.
    [[nodiscard]] std::shared_ptr<Socket> peer() const noexcept { return peer_.lock(); }

  protected:
    [[nodiscard]] std::uint32_t ready_to_accept() const noexcept;
    [[nodiscard]] static std::size_t drawn_size(Choices& choices, std::size_t least,
                                                std::size_t most);
    void close_queue();

    State state_ = State::fresh;
    int error_ = 0;         // To be told once.
    bool has_fin_ = false;  // The peer sends no more, or we shut that down (RCV_SHUTDOWN).
    bool is_shut_ = false;  // We send no more (SEND_SHUTDOWN).
    bool resets_at_close_ = false;
    bool is_closed_ = false;  // No descriptor names it any more.
    std::weak_ptr<Socket> peer_{};

  private:
    int family_;
    Address local_{};
    Address remote_{};
    std::deque<std::shared_ptr<Socket>> waiting_{};  // To be accepted.
    std::size_t backlog_ = 0;
    Patience patience_{};
    Binding binding_{};
    bool shares_port_ = false;
    bool reuses_address_ = false;
};

class TcpSocket final : public Socket {
  public:
    using Socket::Socket;

    [[nodiscard]] std::uint32_t ready() override;
    void closed() override;
    [[nodiscard]] Result receive(void* to, std::size_t size, int flags) override;
    [[nodiscard]] Result send(std::span<const iovec> pieces, int flags) override;
    [[nodiscard]] Result shutdown(int how) override;
    [[nodiscard]] std::size_t unsent_size() const noexcept override;
    [[nodiscard]] std::size_t unread_size() const noexcept override;
    [[nodiscard]] std::size_t held_size() const noexcept override { return received_.size(); }
    void connect_to(const std::shared_ptr<Socket>& peer) override;
    void connect_to_itself();
    [[nodiscard]] bool is_over() const noexcept override;
    // What connect() says where the socket has been connected, or tries to; none: it may begin.
    [[nodiscard]] std::optional<Result> connect_again();
    // The number of the try.
    std::uint32_t begin_connecting() noexcept;
    [[nodiscard]] bool is_connecting(std::uint32_t tried) const noexcept {
        return state_ == State::connecting && tried == tries_;
    }
    [[nodiscard]] bool may_listen() const noexcept { return phase_ == Phase::unconnected; }
    // The connection ends now, and the peer is told so behind what it has received.
    void reset();

  private:
    // What connect() goes by (Linux's SS_…), apart from how the connection is.
    enum class Phase : std::uint8_t { unconnected, connecting, connected, broken };

    void disconnect();
    void forget_connection() noexcept;
    void leave_port() noexcept;
    [[nodiscard]] bool is_writable() const noexcept;
    [[nodiscard]] std::size_t receive_room() const noexcept;
    [[nodiscard]] std::size_t offered_window() const noexcept;
    void open_window() noexcept { window_ = std::max(window_, offered_window()); }
    void update_window();
    void probe(TcpSocket& peer);
    [[nodiscard]] TcpSocket* tcp_peer() const noexcept;
    [[nodiscard]] bool refuses_data() const noexcept;
    void refuse_data(std::optional<std::size_t> urgent, std::string_view bytes);
    void end_sending();
    void transmit(std::uint64_t delay_ns);
    void deliver();
    void deliver_bytes(TcpSocket& peer);
    void arrive(std::string_view bytes);
    void arrive_fin();
    void arrive_urgent(std::size_t at, char byte);
    void bring_urgent(TcpSocket& peer);
    [[nodiscard]] Result receive_urgent(void* to, std::size_t size, bool peeks);
    // The bytes that were passed, from the front on: those of `to`, and an urgent one.
    void take_received(std::size_t size);
    void arrive_reset();
    void tell_of_space();
    void send_reset();
    void die(int error);

    Phase phase_ = Phase::unconnected;
    std::uint32_t tries_ = 0;  // To connect.
    Bytes received_{};
    Bytes unsent_{};  // Until it has arrived.
    std::size_t unsent_max_ = 0;
    std::size_t received_max_ = 0;
    std::size_t window_ = 0;   // What the peer may send yet, as far as it knows.
    bool is_probing_ = false;  // The peer will be asked for its.
    std::size_t segment_size_max_ = 0;
    std::uint64_t latency_ns_ = 0;
    std::uint64_t gap_ns_ = 0;
    bool is_transmitting_ = false;
    bool has_ended_ = false;     // Our FIN stands behind what is unsent.
    bool is_end_known_ = false;  // The peer has it.
    bool has_had_fin_ = false;   // We have the peer's (SOCK_DONE): its errors come as an end.
    bool has_no_space_ = false;  // Somebody was told that there is none (SOCK_NOSPACE).
    // A byte of received_ that usual reading stops at and passes by.
    struct Urgent {
        std::size_t at = 0;
        char byte = '\0';
        bool was_taken = false;  // By MSG_OOB.
    };
    std::optional<Urgent> urgent_{};
    std::optional<std::size_t> unsent_urgent_{};  // The place in unsent_ of one that is sent so.
};

// What was sent is kept apart, call by call, where the receiver finds it (an skb in Linux): the
// room that it takes is the sender's until all of it was read.
class UnixSocket final : public Socket {
  public:
    explicit UnixSocket(Kernel& kernel) noexcept : Socket(kernel, AF_UNIX) {}

    [[nodiscard]] std::uint32_t ready() override;
    void closed() override;
    [[nodiscard]] Result receive(void* to, std::size_t size, int flags) override;
    [[nodiscard]] Result send(std::span<const iovec> pieces, int flags) override;
    [[nodiscard]] Result shutdown(int how) override;
    // The memory that it takes, as Linux says it.
    [[nodiscard]] std::size_t unsent_size() const noexcept override { return charged_; }
    [[nodiscard]] std::size_t unread_size() const noexcept override;
    void connect_to(const std::shared_ptr<Socket>& peer) override;

  private:
    struct Packet {
        std::string bytes{};
        std::size_t read_size = 0;
        std::size_t charge = 0;  // The sender's memory.
        [[nodiscard]] std::size_t unread_size() const noexcept { return bytes.size() - read_size; }
    };
    using Packets = std::list<Packet>;

    // At most a quarter is taken, and not quite: Linux counts from 1 (unix_writable()).
    [[nodiscard]] bool is_writable() const noexcept {
        return charged_ * 4 < charged_max_ || charged_ == 0;
    }
    [[nodiscard]] UnixSocket* unix_peer() const noexcept;
    [[nodiscard]] Result receive_urgent(void* to, bool peeks);
    [[nodiscard]] Packets::iterator pass_urgent(Packets::iterator packet, bool peeks,
                                                bool has_some);
    void drop(Packets::iterator packet);
    void give_back(std::size_t charge);
    // 0, or an error number.
    [[nodiscard]] int queue(UnixSocket& peer, std::string bytes, bool is_urgent);

    Packets received_{};
    Packets::iterator urgent_ = received_.end();  // The one that is; end(): none.
    std::size_t charged_ = 0;                     // For what the peer has not read.
    std::size_t charged_max_ = 0;
};

}  // namespace edgews::sim
