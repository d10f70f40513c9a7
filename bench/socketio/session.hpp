// A client of Socket.IO in its namespace "/", over WebSocket or HTTP long-polling (Engine.IO
// protocol 4, Socket.IO protocol 5).
//
//     closed ── open() ── opening ── OPEN ── joining ── CONNECT ── connected ── close() ── closing
//                                                       upgrade() │   ▲                       │
//                                                              probing│ UPGRADE            closed
//                                                       "3probe" │   │
//                                                                leaving: the last GET is awaited
//
// Over polling there is a GET on its way all the time, and a POST when there is something to send,
// each on a connection of its own that is kept. What goes wrong throws std::runtime_error.
#pragma once

#include "core/websocket/frame.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "link.hpp"

namespace load::sio {

enum class Transport : std::uint8_t { websocket, polling };

class Session;

// What sessions tell. None of these may destroy one.
class Handler {
  public:
    virtual ~Handler() = default;
    // The server has let it in: it may emit.
    virtual void on_connected(Session& session) = 0;
    // A packet of Socket.IO that is none of the session's own.
    virtual void on_packet(Session& session, std::string_view packet) = 0;
    // After upgrade(): it may emit again.
    virtual void on_upgraded(Session& session) = 0;
    // After close(): it may open() anew.
    virtual void on_closed(Session& session) = 0;
};

// What all sessions of a run share.
struct Surroundings {
    Target target;
    std::string host;  // As a request names it.
    Poller poller{};
    Handler* handler = nullptr;
};

class Session {
  public:
    // Epoll numbers its connections from index * link_count on.
    static constexpr std::uint32_t link_count = 3;

    // `around` is borrowed.
    Session(Surroundings& around, std::uint32_t index) noexcept : around_(&around), index_(index) {}

    void open(Transport transport);
    // From polling to WebSocket. Requires: connected.
    void upgrade();
    // Requires: connected, and not between upgrade() and on_upgraded().
    void emit(std::string_view packet);
    // Leaves the namespace and closes the WebSocket. Requires: connected, by one.
    void close();

    // Over polling: closes the connection of its POSTs, unless there is one on its way.
    void rest() noexcept;

    // Sends what is queued, as far as it can go now.
    void flush();
    // Epoll has told of a connection: index * link_count + link.
    void on_events(std::uint32_t link, std::uint32_t events);

    [[nodiscard]] std::uint32_t index() const noexcept { return index_; }
    [[nodiscard]] bool is_connected() const noexcept { return step_ == Step::connected; }

  private:
    enum class Step : std::uint8_t {
        closed,
        opening,
        joining,
        connected,
        probing,
        leaving,
        closing,
    };
    enum LinkName : std::uint32_t { web, get, post };

    void connect(LinkName link);
    void connect_anew(LinkName link);
    void open_web(std::string_view query);
    void take_web();
    void take_frame(edgews::Opcode opcode, std::string_view payload);
    [[nodiscard]] std::optional<std::string_view> take_answer(LinkName link, bool& is_awaited);
    void take_polled();
    void take_packet(std::string_view packet);
    void take_message(std::string_view packet);
    void send_packet(std::string_view packet);
    void request_get();
    void leave_polling();
    void take_end(LinkName link);
    [[nodiscard]] std::string polling_path() const;

    Surroundings* around_;
    std::uint32_t index_;
    Step step_ = Step::closed;
    Transport transport_ = Transport::websocket;
    bool is_web_open_ = false;  // The server has agreed to a WebSocket.
    bool is_getting_ = false;
    bool is_posting_ = false;
    std::array<Link, link_count> links_{};
    std::string id_{};       // Of Engine.IO.
    std::string waiting_{};  // Packets for the next POST.
};

}  // namespace load::sio
