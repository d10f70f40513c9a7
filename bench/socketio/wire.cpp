#include "wire.hpp"

#include "core/engineio/payload.hpp"
#include "core/http/http_head.hpp"
#include "core/websocket/handshake.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>

#include "bench/load/frame_run.hpp"
#include "bench/load/opening.hpp"

namespace load::sio {
namespace {

constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455, section 1.3
constexpr std::size_t head_size_max = 16 * 1024;

void append(std::vector<std::byte>& out, std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_head(std::vector<std::byte>& out, std::string_view method, std::string_view host,
                 std::string_view path) {
    append(out, method);
    append(out, path);
    append(out, " HTTP/1.1\r\nHost: ");
    append(out, host);
    append(out, "\r\n");
}

}  // namespace

std::string websocket_request(std::string_view host, std::string_view path) {
    std::string request = "GET ";
    request += path;
    request += " HTTP/1.1\r\nHost: ";
    request += host;
    request +=
        "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: ";
    request += key;
    return request + "\r\n\r\n";
}

std::size_t read_websocket_answer(std::string_view input) {
    static const auto accept = edgews::accept_key(key);
    const std::size_t end = input.find("\r\n\r\n");
    if (end == std::string_view::npos) {
        if (input.size() > head_size_max) throw std::runtime_error("a head does not end");
        return 0;
    }
    const std::string fault =
        fault_of_response(input.substr(0, end + 4), {accept.data(), accept.size()});
    if (!fault.empty()) throw std::runtime_error(fault);
    return end + 4;
}

void append_text_frame(std::vector<std::byte>& out, std::string_view text) {
    append_frame(out, edgews::Role::client, edgews::Opcode::text, std::as_bytes(std::span(text)));
}

void append_close_frame(std::vector<std::byte>& out) {
    constexpr std::array code{std::byte{0x03}, std::byte{0xE8}};
    append_frame(out, edgews::Role::client, edgews::Opcode::close, code);
}

Frame read_frame(std::string_view input) {
    const edgews::ParsedHeader parsed =
        edgews::parse_frame_header(std::as_bytes(std::span(input)), edgews::Role::client, false);
    if (parsed.fault != edgews::Fault::none) {
        throw std::runtime_error("a frame is wrong: " + std::string(describe(parsed.fault)));
    }
    if (parsed.size == 0 || input.size() - parsed.size < parsed.header.payload_size) return {};
    if (!parsed.header.fin) throw std::runtime_error("a message comes in fragments");
    const auto payload_size = static_cast<std::size_t>(parsed.header.payload_size);
    return {.size = parsed.size + payload_size,
            .opcode = parsed.header.opcode,
            .payload = input.substr(parsed.size, payload_size)};
}

void append_get(std::vector<std::byte>& out, std::string_view host, std::string_view path) {
    append_head(out, "GET ", host, path);
    append(out, "\r\n");
}

void append_post(std::vector<std::byte>& out, std::string_view host, std::string_view path,
                 std::string_view body) {
    append_head(out, "POST ", host, path);
    append(out, "Content-Type: text/plain;charset=UTF-8\r\nContent-Length: ");
    append(out, std::to_string(body.size()));
    append(out, "\r\n\r\n");
    append(out, body);
}

Answer read_answer(std::string_view input) {
    edgews::HttpHead head(edgews::HttpHead::Kind::response);
    switch (head.parse(input)) {
        case edgews::HttpHead::Progress::more: return {};
        case edgews::HttpHead::Progress::failed:
            throw std::runtime_error("an answer is wrong: " + std::string(describe(head.fault())));
        case edgews::HttpHead::Progress::complete: break;
    }
    if (head.status() != 200 || !head.header("Content-Length")) {
        throw std::runtime_error("an answer is not 200 with a length: " + std::string(input));
    }
    const auto body_size = static_cast<std::size_t>(head.content_length());
    if (input.size() - head.size() < body_size) return {};
    return {.size = head.size() + body_size,
            .body = input.substr(head.size(), body_size),
            .is_last = !head.keep_alive()};
}

std::string_view session_id_of(std::string_view json) {
    constexpr std::string_view before = "{\"sid\":\"";
    const std::size_t end = json.find('"', std::min(before.size(), json.size()));
    if (!json.starts_with(before) || end == std::string_view::npos || end == before.size()) {
        throw std::runtime_error("it has no sid: " + std::string(json));
    }
    return json.substr(before.size(), end - before.size());
}

std::string_view take_packet(std::string_view& payload) {
    const std::size_t end =
        std::min(payload.find(edgews::engineio::packet_separator), payload.size());
    const std::string_view packet = payload.substr(0, end);
    payload.remove_prefix(std::min(end + 1, payload.size()));
    return packet;
}

}  // namespace load::sio
