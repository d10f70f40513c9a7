// A connection before it is a WebSocket: HTTP/1.1 requests, one after another,
// until one of them upgrades (RFC 6455, section 4.2).
//
// The way of a request: its head (http_connection.cpp), its body (http_bodies.cpp), the handler and
// its answer, now or later (http_answers.cpp), piece by piece (http_streams.cpp) or from a file
// (http_files.cpp); or the upgrade (http_upgrade.cpp).
#pragma once

#include <edgews/event.hpp>
#include <edgews/response_stream.hpp>
#include <edgews/upgrade.hpp>
#include "core/base/buffer.hpp"
#include "core/http/http_body.hpp"
#include "core/websocket/handshake.hpp"
#include "net/connection/admission.hpp"
#include "net/connection/websocket_connection.hpp"
#include "net/server/file_route.hpp"
#include "net/server/router.hpp"
#include "net/stream/stream.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace edgews {

class Shard;
struct ListenerSetup;
struct StreamState;

class HttpConnection final : public Stream {
  public:
    // Requires: `admission` is not refused.
    HttpConnection(Shard& shard, Admission admission, const ListenerSetup& listener);
    ~HttpConnection() override;

    // Registers with the shard's loop. False: the system refuses.
    [[nodiscard]] bool start(Fd fd) noexcept;
    // Makes a deferred decision the caller's. False: it is somebody else's.
    [[nodiscard]] static bool claim(const DeferredUpgrade& upgrade) noexcept {
        return upgrade.claim();
    }
    // The decision that an upgrade handler deferred; nobody may wait for one any more.
    void accept_pending(UpgradeAnswer answer);
    // `why`: of the engine's own decisions.
    void reject_pending(unsigned status, std::string_view body,
                        std::string_view why = refused_by_application);
    // The answer that a handler of plain HTTP deferred, and that was claimed.
    void answer_deferred(const DeferredResponse& deferred, Response response);

    // Of the answer that is streamed; nothing, when it is over. As ResponseStream has them.

    SendResult write_stream(const StreamState& state, std::string_view content);
    void finish_stream(const StreamState& state);
    // What another thread has written, and counted as posted.
    void write_posted(StreamState& state, std::string_view content);
    // Another thread's write was dropped.
    void note_dropped(StreamState& state);
    // Another thread's write was too much. The connection ends so that what the client has is not
    // taken for the whole.
    void cut_stream(const StreamState& state);
    // Nobody can write or finish it any more.
    void abandon_stream(const StreamState& state);

    // Answers the request whose handler runs with the content of a file. To a HEAD it says the size
    // alone.
    void send_file(const Response& head, FileContent content);

    // The server shuts down: closes, unless a request is on its way, or its response.
    void shut_down() override;

    // The answer to a connection over a limit, whatever it asks for: it has no content, as the
    // request may be a HEAD.
    static constexpr std::string_view one_too_many =
        "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n"
        "Content-Length: 0\r\n\r\n";

  private:
    static constexpr std::string_view no_memory_left = "The server has no memory to spare.\n";
    static constexpr std::string_view refused_by_application = "the application refuses";
    static constexpr std::uint32_t linger_ms = 5'000;  // For a peer to read a refusal.

    // A head that has not arrived as a whole. The common one has, and is parsed where
    // it was received.
    struct Partial {
        HttpHead head;
        Buffer bytes;
    };
    // A request whose upgrade handler deferred its decision.
    struct Pending {
        std::unique_ptr<WebSocketConnection> connection;
        std::array<char, websocket_key_size> key;
        UpgradeAnswer answer;
        DeferredUpgrade deferred;
        Buffer input;  // What came behind the head.
    };

    // A request whose body has not arrived as a whole.
    struct Receiving {
        HttpHead head;
        HttpBodyReader reader;
        const HttpRoute& route;
        Buffer head_bytes{};
        Buffer body{};
        std::size_t counted_size = 0;  // Of the body, when its time began.
    };
    // What of a request counts when it is answered.
    struct Exchange {
        bool is_followed = false;  // Another request may come behind it.
        bool wants_content = true;
        bool knows_chunks = true;
        bool is_answered = false;  // Its handler has begun to stream the answer.
        ResponseHeaders cors{};    // What its route adds for pages of other origins.
    };
    // A request whose answer was deferred.
    struct Awaiting {
        DeferredResponse deferred;
        Function<void()> gone;
        Exchange exchange{};
        std::uint32_t timeout_ms = 0;  // 0: none.
    };

    // An answer that is sent as it comes to be.
    struct Streaming {
        // How the client knows its end (RFC 9112, section 6.3).
        enum class End : std::uint8_t { chunk, length, connection, head };
        std::shared_ptr<StreamState> state;
        StreamOptions options;
        End end = End::chunk;
        std::uint64_t size_left = 0;  // Of End::length.
        std::uint32_t comment_ms = 0;
        std::uint64_t written_ms = 0;  // By Reactor::listened_ms(), the last time.
        bool keep_alive = false;       // Another request may come behind it.
        bool wants_drain = false;
    };
    // An answer that is read from a file as it is sent.
    struct SendingFile {
        FileContent content;             // What is left of it.
        bool keep_alive = false;         // Another request may come behind it.
        bool is_copied = false;          // The system cannot send it by itself.
        std::uint32_t untaken_size = 0;  // See Stream::is_being_read().
    };

    void on_readable() override;
    friend class Request;
    friend class Stream;
    [[nodiscard]] Reading reading(int receive_count) const noexcept;
    // The answer to a request is still to come, or to end.
    [[nodiscard]] bool is_being_answered() const noexcept {
        return awaiting_ || streaming_ || file_;
    }
    // Another request may come behind it. Requires: is_being_answered().
    [[nodiscard]] bool& may_be_followed() noexcept {
        if (awaiting_) return awaiting_->exchange.is_followed;
        return streaming_ ? streaming_->keep_alive : file_->keep_alive;
    }
    [[nodiscard]] std::span<std::byte> space() const noexcept { return reactor().receive_space(); }
    [[nodiscard]] bool take(const Received& received, std::span<std::byte> bytes);
    void on_lost() override;
    void on_blocked() override;
    void on_writable() override;
    void on_timer() override;
    void count_sent(std::size_t size) noexcept override;

    void process(std::span<std::byte> input);
    [[nodiscard]] bool go_on();
    [[nodiscard]] bool start_tls() noexcept;
    [[nodiscard]] bool take_proxy_header();
    void refuse_proxy(EventKind kind, std::string_view why);
    void refuse_client();
    void end_unanswered();
    void find_client(const HttpHead& head);
    void put_off(std::span<const std::byte> input);
    void keep(std::span<const std::byte> input, const HttpHead& head);
    // Takes the body, as far as it is there, from the front of `rest`.
    void serve(const HttpHead& head, std::span<std::byte>& rest);
    [[nodiscard]] bool is_for_us(const HttpHead& head) const;
    void serve_options(const HttpHead& head);
    void refuse_path(const HttpHead& head);

    void receive_body(const HttpHead& head, const HttpRoute& route,
                      const PathParameters& parameters, std::span<std::byte>& rest);
    void await_body(const HttpHead& head, const HttpRoute& route, const HttpBodyReader& reader,
                    std::span<const std::byte> begun);
    // True: it is complete, and was served.
    [[nodiscard]] bool go_on_with_body(std::span<std::byte>& input);
    void refuse_body(EventKind kind, unsigned status, std::string_view why);
    void begin_body_time() noexcept;
    void on_body_timeout();
    void serve_http(const HttpHead& head, const HttpRoute& route, const PathParameters& parameters,
                    std::span<const std::byte> body);
    [[nodiscard]] DeferredResponse defer(Function<void()> gone);
    void await_answer(Exchange exchange, std::uint32_t timeout_ms);
    void go_on_answering();
    void on_answer_timeout();
    void note_end();
    // Calls it, unless it is empty. False: it threw.
    static bool tell(Shard& shard, const Function<void()>& whom) noexcept;
    void tell_gone() noexcept;

    // `comment_ms`: of silence, after which a comment is sent to those who listen to events; 0:
    // none is.
    [[nodiscard]] ResponseStream stream(const Response& head, StreamOptions options,
                                        std::uint32_t comment_ms = 0);
    void begin_stream(const Response& head);
    void go_on_streaming();
    [[nodiscard]] bool is_streaming(const StreamState& state) const noexcept;
    [[nodiscard]] SendResult append_to_stream(std::string_view content);
    [[nodiscard]] bool has_room_for(std::size_t size);
    SendResult overflow();
    void note_backlog();
    void look_for_room();
    void go_on_writing();
    void note_stream_end();
    void end_stream();
    void cut_off(Function<void()> gone);
    void lose_stream();
    void comment();

    void send_file_on();
    [[nodiscard]] std::size_t send_slice();
    void end_file();
    void watch_reader();
    void on_reader_timer();
    void serve_websocket(const HttpHead& head, const WebSocketRoute& route,
                         const PathParameters& parameters, std::span<std::byte> rest);
    void call_upgrade(const WebSocketRoute& route, const Request& request, Upgrade& upgrade) const;
    void decide(std::string_view key, Upgrade& upgrade,
                std::unique_ptr<WebSocketConnection> connection, std::span<std::byte> rest);
    void accept(std::string_view key, const UpgradeAnswer& answer,
                std::unique_ptr<WebSocketConnection> connection, std::span<std::byte> rest);
    void reject(unsigned status, const ResponseHeaders& headers, std::string_view body);

    // Tell on_event, if there is one. `route`: its pattern; of a request without one, its path.
    void report(EventKind kind, std::uint32_t code, std::string_view route,
                std::string_view text) const noexcept;
    // Of a request without a route, which may have been for a WebSocket.
    void report_refusal(const HttpHead& head, unsigned status, std::string_view why) const;
    // Of the exception that is being handled.
    void report_failure(unsigned status, std::string_view route) const noexcept;
    static void report_failure(const Shard& shard) noexcept;
    void report_no_memory(unsigned status, std::string_view route) const noexcept;
    // Of an answer that is streamed and cut off: at the end of the turn, for whoever writes it is
    // not interrupted.
    void report_slow_reader(std::string_view why) const;

    template <class Fault>
    void refuse_for(const HttpHead& head, Fault fault, const ResponseHeaders& cors = {});
    void refuse(const HttpHead& head, HttpFault fault);
    void refuse_host(const HttpHead& head);
    void refuse(const HttpHead& head, const WebSocketRoute& route, HandshakeFault fault);
    // Of a request that has found its route.
    void refuse(const HttpHead& head, const HttpRoute& route, HttpFault fault);
    void refuse(const HttpHead& head, const HttpRoute& route, EventKind kind, unsigned status,
                std::string_view why);
    [[nodiscard]] ResponseHeaders cors_of(const HttpHead& head, const HttpRoute& route) const;
    [[nodiscard]] static bool wants_content(const HttpHead& head) noexcept;
    [[nodiscard]] static Response plain_text(unsigned status, std::string_view body);
    [[nodiscard]] static Exchange exchange_of(const HttpHead& head, bool is_body_read) noexcept;
    [[nodiscard]] bool count_answer(const Exchange& exchange);
    void append_head(unsigned status, const ResponseHeaders& headers, const Exchange& exchange,
                     std::optional<std::uint64_t> content_length, bool keep_alive);
    void end_answer(bool keep_alive);
    void go_on_behind_answer();
    void respond(const HttpHead& head, Response response);
    void respond(const Exchange& exchange, Response& response);
    void respond_and_finish(Response response, bool has_body = true);
    void answer_error(unsigned status, std::string_view body = {}, bool has_body = true);
    // False: there is no memory for it, and it says that.
    [[nodiscard]] bool make_affordable(Response& response) const;
    void append_response(Response& response, bool keep_alive, bool has_body);
    void send_scratch();

    Shard& shard_;
    // The peer, or whom a PROXY header names in its place. Each request may be for another client.
    Address from_;
    std::uint32_t request_count_ = 0;  // Plain ones that were answered.
    Admission admission_;
    std::shared_ptr<const TransportFactory> tls_;  // Null: none, or it has begun.
    std::unique_ptr<Partial> partial_;
    std::unique_ptr<Receiving> receiving_;
    std::unique_ptr<Awaiting> awaiting_;
    std::unique_ptr<Streaming> streaming_;
    std::unique_ptr<SendingFile> file_;
    std::unique_ptr<Pending> pending_;
    Exchange* handled_ = nullptr;  // Of the request whose handler runs; null: none does.
    bool is_head_begun_ = false;
    bool is_put_off_ = false;  // partial_ may hold whole requests.
    bool is_watched_ = false;  // The timer looks whether the client reads what is being sent.
    bool is_from_proxy_;       // A trusted one: its requests say whom they are for.
    bool checks_host_;         // See ServerOptions::hosts.
    bool awaits_proxy_header_;
};

}  // namespace edgews
