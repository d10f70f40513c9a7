#include "sim/websocket_peer.hpp"

#include <charconv>
#include <utility>

namespace edgews::sim {

namespace {

constexpr unsigned text = 0x1;
constexpr unsigned binary = 0x2;
constexpr unsigned close_frame = 0x8;
constexpr unsigned ping_frame = 0x9;
constexpr unsigned pong_frame = 0xA;

void append_size(std::string& frame, std::size_t size) {
    const auto append = [&](unsigned count) {
        while (count-- > 0) frame += static_cast<char>(size >> (8 * count));
    };
    if (size < 126) {
        frame += static_cast<char>(0x80 | size);
    } else if (size < 65'536) {
        frame += '\xFE';
        append(2);
    } else {
        frame += '\xFF';
        append(8);
    }
}

std::uint64_t big_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
}

}  // namespace

WebSocketPeer::WebSocketPeer(World& world, WebSocketPeerOptions options)
    : Peer(world, options.pace), options_(std::move(options)) {}

// ---- Sending ---------------------------------------------------------------

void WebSocketPeer::on_open() {
    for (const std::string& path : options_.paths_before) {
        send("GET " + path + " HTTP/1.1\r\nHost: " + options_.host + "\r\n\r\n");
    }
    send("GET " + options_.path + " HTTP/1.1\r\nHost: " + options_.host +
         "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
         options_.headers + "\r\n");
    if (options_.is_hasty) send(std::exchange(early_, {}));
}

void WebSocketPeer::send_frame(unsigned first_byte, std::string_view payload) {
    if (has_sent_close_) return;
    has_sent_close_ = (first_byte & 0x0F) == close_frame;
    std::string frame(1, static_cast<char>(first_byte));
    append_size(frame, payload.size());
    const std::uint32_t mask = world().choices().below(UINT32_MAX);
    for (unsigned i = 0; i < 4; ++i) frame += static_cast<char>(mask >> (8 * i));
    for (std::size_t i = 0; i < payload.size(); ++i) {
        frame += static_cast<char>(static_cast<unsigned char>(payload[i]) ^ (mask >> (i % 4 * 8)));
    }
    const bool may_leave = is_open_ || (options_.is_hasty && has_connected());
    may_leave ? send(frame) : (void)early_.append(frame);
}

void WebSocketPeer::close(std::uint16_t code, std::string_view reason) {
    std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
    send_frame(0x80 | close_frame, payload.append(reason));
}

// ---- Receiving -------------------------------------------------------------

void WebSocketPeer::blame(const char* fault) {
    if (fault_.empty()) fault_ = fault;
}

void WebSocketPeer::on_bytes(std::string_view bytes) {
    input_.append(bytes);
    if (!is_open_) read_answer();
    while (is_open_ && !is_gone() && read_frame()) {
    }
}

void WebSocketPeer::on_end() {
    if (gone) gone(*this);
}

// True: it was there, whole.
bool WebSocketPeer::pass_over_answer() {
    static constexpr std::string_view length = "Content-Length: ";
    const std::string_view answer = input_.view();
    const std::size_t end = answer.find("\r\n\r\n");
    if (answers_passed_ == options_.paths_before.size() || end == std::string_view::npos) {
        return false;
    }
    const std::size_t header = answer.find(length);
    std::size_t size = 0;
    if (header < end) {
        const char* const begin = answer.data() + header + length.size();
        std::from_chars(begin, answer.data() + end, size);
    }
    if (answer.size() < end + 4 + size) return false;
    input_.consume(end + 4 + size);
    ++answers_passed_;
    return true;
}

void WebSocketPeer::read_answer() {
    while (pass_over_answer()) {
    }
    if (answers_passed_ < options_.paths_before.size()) return;
    const std::string_view answer = input_.view();
    const std::size_t end = answer.find("\r\n\r\n");
    if (end == std::string_view::npos || refused_status_ != 0) return;
    if (!answer.starts_with("HTTP/1.1 ")) return blame("no status line of HTTP/1.1");
    int status = 0;
    std::from_chars(answer.data() + 9, answer.data() + 12, status);
    if (status != 101) {
        refused_status_ = status;
        return;
    }
    // The example of RFC 6455, section 1.3.
    if (answer.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") > end) blame("another Sec-WebSocket-Accept");
    input_.consume(end + 4);
    is_open_ = true;
    send(std::exchange(early_, {}));
    if (open) open(*this);
}

// RFC 6455, section 5.2.
WebSocketPeer::Head WebSocketPeer::read_head() {
    const std::string_view bytes = input_.view();
    if (bytes.size() < 2) return {};
    const unsigned second = static_cast<unsigned char>(bytes[1]);
    if ((second & 0x80) != 0) blame("5.1: a server does not mask");
    const unsigned size = second & 0x7F;
    if (size < 126) return {.size = 2, .payload_size = size};
    const std::size_t width = size == 126 ? 2 : 8;
    if (bytes.size() < 2 + width) return {};
    const std::uint64_t payload_size = big_endian(bytes.substr(2, width));
    if (payload_size < (width == 2 ? 126U : 65'536U)) blame("5.2: the length is not minimal");
    return {.size = 2 + width, .payload_size = payload_size};
}

bool WebSocketPeer::read_frame() {
    const Head head = read_head();
    if (head.size == 0 || input_.size() - head.size < head.payload_size) return false;
    const std::string frame(input_.view().substr(0, head.size + head.payload_size));
    input_.consume(frame.size());
    take_frame(static_cast<unsigned char>(frame[0]), std::string_view(frame).substr(head.size));
    return true;
}

void WebSocketPeer::take_frame(unsigned first_byte, std::string_view payload) {
    const unsigned reserved = options_.allows_rsv1 ? 0x30 : 0x70;
    if ((first_byte & reserved) != 0) blame("5.2: a reserved bit");
    if (close_code_ != 0) blame("5.5.1: a frame behind the close frame");
    const unsigned opcode = first_byte & 0x0F;
    if (opcode < close_frame) return take_data(first_byte, payload);
    if ((first_byte & 0x80) == 0 || payload.size() > 125) blame("5.5: no control frame");
    take_control(opcode, payload);
}

void WebSocketPeer::take_data(unsigned first_byte, std::string_view payload) {
    const unsigned opcode = first_byte & 0x0F;
    if (opcode > binary) return blame("5.2: a reserved opcode");
    if ((opcode == 0) != is_in_message_) return blame("5.4: no continuation where one belongs");
    if (opcode != 0) {
        is_text_ = opcode == text;
        message_.clear();
    }
    message_ += payload;
    is_in_message_ = (first_byte & 0x80) == 0;
    if (!is_in_message_ && message) message(*this, message_, is_text_);
}

void WebSocketPeer::take_control(unsigned opcode, std::string_view payload) {
    if (opcode == ping_frame) return send_frame(0x80 | pong_frame, payload);
    if (opcode == pong_frame) {
        ++pongs_;
        return;
    }
    if (opcode != close_frame) return blame("5.2: a reserved opcode");
    close_code_ = 1005;
    if (payload.size() == 1) blame("5.5.1: half a status code");
    if (payload.size() >= 2) {
        close_code_ = static_cast<unsigned>(big_endian(payload.substr(0, 2)));
    }
    if (!has_sent_close_ && options_.answers_close) send_frame(0x80 | close_frame, payload);
}

}  // namespace edgews::sim
