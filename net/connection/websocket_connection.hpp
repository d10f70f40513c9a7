// The engine's side of a Connection: a Stream on which a WebSocketSession is, client or server's.
// What the protocol says is in the session; what is here is about sockets, memory, turns and
// handlers.
//
// It is spread over websocket_connection.cpp (the life and the input), websocket_output.cpp,
// websocket_compression.cpp, websocket_timers.cpp and websocket_topics.cpp.
#pragma once

#include <edgews/connection.hpp>
#include <edgews/event.hpp>
#include "core/websocket/session.hpp"
#include "net/connection/admission.hpp"
#include "net/connection/connection_parts.hpp"
#include "net/stream/stream.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace edgews {

class HttpHead;
struct Published;
struct RouteOnLoop;
struct ConnectionsOnLoop;

class WebSocketConnection final : public Stream, public Connection {
  public:
    // With the route's user data behind it, constructed. Not yet connected.
    [[nodiscard]] static std::unique_ptr<WebSocketConnection> create(RouteOnLoop& route);
    ~WebSocketConnection() override;
    static void operator delete(void* place) { ::operator delete(place); }
    // The handshake is done: takes the socket over, opens, and reads `input`, which
    // arrived behind the request. `prepare` runs before the open handler; it may be empty.
    // Deletes itself when it ends.
    void start(Stream& predecessor, Admission admission, std::span<std::byte> input,
               const Function<void(Connection&)>& prepare);
    void set_subprotocol(std::string_view name);
    // Agrees on compression, if `head` offers it and the route has it. Before start().
    void negotiate_compression(const HttpHead& head);
    // The same for a client, whose offer was answered. Requires: the route has it.
    void agree_on_compression(const DeflateAnswer& answer);
    // Appends the value of the response's Sec-WebSocket-Extensions; nothing: there are none.
    void append_extensions(std::string& out) const;
    // Sends what waits without waiting for the end of the turn. False: the peer has to read first;
    // if more than RouteOptions::drain_mark waits, the drain handler will say when it has.
    [[nodiscard]] bool push_out();
    // Its place under the server's limits.
    [[nodiscard]] const Admission& admission() const noexcept { return admission_; }
    // Input may have come while nobody read.
    void read_again() { read_later(); }
    void end_grace() override;
    // Whoever uses it closes it when the server shuts down, once its peer can hear why; what is
    // left when the grace ends is dropped as all others are.
    void set_closed_by_user(bool is) noexcept { is_closed_by_user_ = is; }
    [[nodiscard]] bool is_closed_by_user() const noexcept { return is_closed_by_user_; }
    // The application has closed or terminated it, here or through a Handle.
    [[nodiscard]] bool is_unwanted() const noexcept { return is_unwanted_; }
    // A ping or a close frame is about to leave: what the peer's system takes from here on, of what
    // is in front of that, shows that it reads.
    void mark_taken();
    // The peer has been silent for longer than it may: whether that is no fault of its own. It
    // counts as heard when its system has taken some of what waited at the last look, 16 KiB or
    // more, or all that is left: the ping may stand behind what it still reads. What its system has
    // taken, or a proxy's, it may read at 16 KiB a second, beyond the `patience_ms` that it has
    // from the time when it was heard.
    [[nodiscard]] bool is_still_taking(std::uint32_t patience_ms);
    // When the peer was heard last, in milliseconds of Reactor::listened_ms(), modulo 2^32.
    [[nodiscard]] std::uint32_t last_heard_ms() const noexcept { return session_.heard_ms(); }
    [[nodiscard]] bool is_client() const noexcept { return session_.is_client(); }
    // The application has heard of its end.
    [[nodiscard]] bool is_reported() const noexcept { return is_reported_; }
    // The pattern of its route.
    [[nodiscard]] std::string_view pattern() const noexcept;
    // Runs call(), which may throw, as a handler of this connection.
    template <class F>
    void guard(F&& call) {
        try {
            call();
        } catch (const std::exception& exception) {
            fail(exception.what());
        } catch (...) {
            fail("a handler threw something that is no std::exception");
        }
    }

    // As Connection has them.

    SendResult send(Message message);
    SendResult send(Message message, Compress how);
    SendResult send(Message::Kind kind, std::span<const std::span<const std::byte>> pieces);
    SendResult send(const PreparedMessage& message);
    SendResult send_fragment(Message piece, Fragment which);
    [[nodiscard]] bool is_sending_fragments() const noexcept {
        return session_.is_sending_fragments();
    }
    SendResult ping(std::span<const std::byte> payload = {});
    SendResult pong(std::span<const std::byte> payload = {});
    bool close(std::uint16_t code = close_code::normal, std::string_view reason = {});
    void terminate();
    [[nodiscard]] bool is_open() const noexcept {
        return !is_reported_ && Stream::is_open() && !is_broken() && session_.may_send();
    }
    [[nodiscard]] std::size_t buffered_amount() const noexcept { return output_size(); }
    [[nodiscard]] const Address& remote_address() const noexcept { return admission_.address(); }
    [[nodiscard]] std::string_view subprotocol() const noexcept;
    [[nodiscard]] const DeflateParameters* compression() const noexcept;
    [[nodiscard]] std::uint32_t opened_ms() const noexcept { return opened_ms_; }
    void pause_reading() noexcept { is_paused_ = is_open(); }
    void resume_reading();
    [[nodiscard]] bool is_paused() const noexcept { return is_paused_; }
    [[nodiscard]] Handle handle() const noexcept { return {reactor().link(), token()}; }
    bool subscribe(std::string_view topic);
    bool unsubscribe(std::string_view topic);
    [[nodiscard]] bool is_subscribed(std::string_view topic) const noexcept;
    PublishResult publish(std::string_view topic, Message message);
    PublishResult publish(std::string_view topic, const PreparedMessage& message);
    [[nodiscard]] void* find_data(const void* type) noexcept;

  private:
    friend class Topics;
    explicit WebSocketConnection(RouteOnLoop& route) noexcept;

    void on_readable() override;
    void on_lost() override;
    void on_reset() override;
    void on_blocked() override;
    void on_writable() override;
    void on_output_lost(std::size_t size) noexcept override;
    void count_unsent(std::size_t waiting);
    void count_sent(std::size_t size) noexcept override;
    void on_timer() override;

    [[nodiscard]] std::span<std::byte> direct_space() noexcept;
    [[nodiscard]] std::span<std::byte> shared_space() const noexcept;
    void dispatch(std::span<std::byte> input);
    void begin_share() noexcept;
    friend class Stream;
    [[nodiscard]] Reading reading() const noexcept;
    [[nodiscard]] Reading reading(int receive_count) const noexcept;
    [[nodiscard]] std::span<std::byte> space() noexcept;
    [[nodiscard]] bool take(const Received& received, std::span<std::byte> bytes);
    [[nodiscard]] bool holds_input() const noexcept;
    [[nodiscard]] bool owes_events(std::span<const std::byte> input) const noexcept;
    void hold(std::span<const std::byte> input);
    void dispatch_held();
    void handle(const Event& event);
    // The same, and takes the handler's time.
    void handle_in_time(const Event& event);
    void handle_message(const Event& event);
    [[nodiscard]] Event restore_step(std::span<std::byte>& input);
    void handle_close(const Event& event) noexcept;
    void handle_fault(Fault fault) noexcept;
    // Writes a session's answer. What waits of a client will not be looked at, whatever ends it.
    void answer(const Event& event);
    void count_answer(std::size_t size_before);
    void fail(std::string_view what) noexcept;
    void report_fault(Fault fault) const noexcept;
    // Tells on_event, if there is one.
    void report(EventKind kind, std::uint32_t code, std::string_view text) const noexcept;
    // Of a server, at the end of the turn: from within send() nothing may be told.
    void report_slow(std::uint32_t code);
    // Calls a handler, of that name, and takes its time where it is asked for.
    template <class F>
    void timed(const char* name, F&& call);

    [[nodiscard]] bool has_room_for(std::size_t size) const noexcept;
    [[nodiscard]] bool make_room_for(std::size_t size);
    [[nodiscard]] bool has_time_for(std::size_t size);
    [[nodiscard]] bool has_used_up_time() const noexcept;
    SendResult refused();
    SendResult overflow();
    void tell_overflow();
    // Frames for many, those of `run`, past the queue. False: something waits, or must not be
    // overtaken.
    [[nodiscard]] bool send_at_once(std::span<const Published> run,
                                    std::span<const std::byte> frames);
    // The same as one piece of the queue. False: they must be sent one by one.
    [[nodiscard]] bool send_frames(std::span<const std::byte> frames, std::size_t count);
    // What was published before is in the queue, and a message of now may follow it.
    [[nodiscard]] bool may_send_now();
    // Empty: it would not be shorter, and is still to be sent.
    std::optional<SendResult> send_compressed(Message message);
    SendResult send_prepared(const PreparedMessage& message);
    SendResult send_prepared_compressed(const PreparedMessage& message);
    SendResult send_data(const FrameHeader& header, std::span<const std::byte> payload);
    SendResult send_large(const FrameHeader& header, std::span<const std::byte> payload);
    SendResult send_masked(const FrameHeader& header, std::span<const std::byte> payload);
    SendResult send_application_control(Opcode opcode, std::span<const std::byte> payload);
    [[nodiscard]] WebSocketSession::Output session_output();
    bool begin_closing(std::uint16_t code, std::string_view reason);
    void answer_held_ping();
    // Something was written.
    SendResult accepted() {
        request_flush();
        if (!is_blocked()) return SendResult::sent;
        on_blocked();
        return SendResult::queued;
    }
    void end(CloseEvent event);

    [[nodiscard]] bool has_taken_more();
    void set_timer();
    void check_open_timers();
    [[nodiscard]] bool has_reached_lifetime() const noexcept;
    // Spreads the pings of those who came together.
    [[nodiscard]] std::uint32_t place() const noexcept {
        return static_cast<std::uint32_t>(token());
    }
    [[nodiscard]] std::uint32_t now() const noexcept {
        return static_cast<std::uint32_t>(reactor().listened_ms());
    }
    [[nodiscard]] std::uint32_t age_ms() const noexcept {
        return static_cast<std::uint32_t>(reactor().now_ms()) - opened_ms_;
    }
    // Null: none.
    [[nodiscard]] ConnectionParts* some_parts() const noexcept {
        return static_cast<ConnectionParts*>(session_.parts());
    }
    [[nodiscard]] ConnectionParts& parts() {
        return static_cast<ConnectionParts&>(session_.make_parts());
    }
    [[nodiscard]] const RouteOnLoop& route() const noexcept;
    [[nodiscard]] const RouteOptions& options() const noexcept;
    [[nodiscard]] const Handlers& handlers() const noexcept;
    [[nodiscard]] const UserData& route_data() const noexcept;
    [[nodiscard]] void* data_place() noexcept;
    [[nodiscard]] ConnectionsOnLoop& connections() const noexcept;

    // In an order that leaves no gaps: an idle connection is little more than this.
    [[no_unique_address]] WebSocketSession session_;
    std::uint32_t opened_ms_ = 0;
    std::uint32_t is_reported_ : 1 = true;  // The close handler has run, or never will.
    std::uint32_t is_over_mark_ : 1 = false;
    std::uint32_t is_over_limit_ : 1 = false;  // See ConnectionParts::over_limit_since_ms.
    std::uint32_t has_long_messages_ : 1 = false;
    std::uint32_t is_paused_ : 1 = false;
    std::uint32_t is_unwanted_ : 1 = false;
    std::uint32_t has_user_data_ : 1 = false;
    std::uint32_t is_closed_by_user_ : 1 = false;
    static constexpr std::uint32_t unanswered_size_max = (1U << 24) - 1;
    // Bytes that were sent since the peer was heard last; the most that can be counted, or more.
    std::uint32_t unanswered_size_ : 24 = 0;
    Admission admission_;
};

// What is behind the face that handlers see.
[[nodiscard]] inline WebSocketConnection& engine_of(Connection& connection) noexcept {
    return static_cast<WebSocketConnection&>(connection);
}
[[nodiscard]] inline const WebSocketConnection& engine_of(const Connection& connection) noexcept {
    return static_cast<const WebSocketConnection&>(connection);
}

}  // namespace edgews
