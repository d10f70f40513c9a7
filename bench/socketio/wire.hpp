// Bytes between a client of Socket.IO and its server: WebSocket frames and HTTP messages, as far as
// the load needs them. Pure functions, which keep nothing.
//
// What is wrong throws std::runtime_error: the run is worth nothing then.
#pragma once

#include "core/websocket/frame.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace load::sio {

// The request for a WebSocket, always with one key: no server is to know that it is no secret.
[[nodiscard]] std::string websocket_request(std::string_view host, std::string_view path);
// Bytes of the server's answer to it at the start of `input`, which is checked. 0: more is needed.
[[nodiscard]] std::size_t read_websocket_answer(std::string_view input);

// A text as one frame of a client.
void append_text_frame(std::vector<std::byte>& out, std::string_view text);
// A Close frame that says 1000 (RFC 6455, section 7.4.1).
void append_close_frame(std::vector<std::byte>& out);

struct Frame {
    std::size_t size = 0;  // Bytes that it takes. 0: more is needed.
    edgews::Opcode opcode = edgews::Opcode::text;
    std::string_view payload{};
};

// The server's frame at the start of `input`. One in fragments is wrong: nothing asks for them.
[[nodiscard]] Frame read_frame(std::string_view input);

void append_get(std::vector<std::byte>& out, std::string_view host, std::string_view path);
void append_post(std::vector<std::byte>& out, std::string_view host, std::string_view path,
                 std::string_view body);

struct Answer {
    std::size_t size = 0;  // Bytes of head and body. 0: more is needed.
    std::string_view body{};
    bool is_last = false;  // The server closes the connection.
};

// The answer to a GET or POST at the start of `input`. Any but 200 with a Content-Length is wrong.
[[nodiscard]] Answer read_answer(std::string_view input);

// The "sid" of an OPEN packet without its type, or of the data of a CONNECT.
[[nodiscard]] std::string_view session_id_of(std::string_view json);

// The first packet of a payload, which is taken off it (Engine.IO protocol 4, HTTP long-polling).
[[nodiscard]] std::string_view take_packet(std::string_view& payload);

}  // namespace load::sio
