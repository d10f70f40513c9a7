// A client for tests of the server: blocking, over a raw socket on this machine, and with a time
// limit on everything, so that a server that hangs fails a test and does not stop it.
//
//     TestClient client = TestClient::opened(port, "/echo");
//     client.send_text("hello");
//     client.expect_text("hello");
//
// It builds and reads frames without the code under test, and sends what no decent
// client would. What does not come in time, or comes wrong, throws std::runtime_error,
// which fails the test.
#pragma once

#include "net/loop/fd.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "frames.hpp"

namespace edgews::test {

// A frame from the server, which must not be masked.
struct ReceivedFrame {
    unsigned first_byte = 0;  // FIN, RSV1-3 and opcode: 0x81 is a whole text.
    Bytes payload{};

    [[nodiscard]] std::string text() const { return text_of(payload); }
    // Of a close frame: 1005 when it bears none.
    [[nodiscard]] unsigned close_code() const;
    [[nodiscard]] std::string close_reason() const;
};

struct HttpReply {
    unsigned status = 0;
    std::string head{};  // With its empty line.
    std::string body{};

    // Whether the head has that line, in this spelling: "Connection: close".
    [[nodiscard]] bool has(std::string_view line) const;
};

struct ClientOptions {
    int receive_buffer = 0;  // Bytes of SO_RCVBUF; 0: the system's choice.
    int send_buffer = 0;
};

class TestClient {
  public:
    // For those who need their descriptor before they connect().
    static TestClient unconnected(ClientOptions options = {});
    void connect(std::uint16_t port);
    // Connected to the Unix socket at `path`.
    static TestClient over_unix(std::string_view path);
    // Connected to 127.0.0.1:port.
    explicit TestClient(std::uint16_t port, ClientOptions options = {});
    // With the opening handshake done. `lines`: further headers, each with its CR LF.
    static TestClient opened(std::uint16_t port, std::string_view path = "/",
                             std::string_view lines = "", ClientOptions options = {});

    // The head of a correct opening handshake, and of a plain request.
    static std::string upgrade_head(std::string_view path = "/", std::string_view lines = "");
    static std::string get_head(std::string_view path = "/", std::string_view lines = "");

    void send(std::span<const std::byte> bytes);
    void send(std::string_view text) { send(std::as_bytes(std::span(text))); }
    void send_hex(std::string_view hex) { send(from_hex(hex)); }
    // Masked.
    void send_frame(unsigned first_byte, std::string_view payload) {
        send(client_frame(first_byte, payload));
    }
    void send_text(std::string_view text) { send_frame(0x81, text); }
    void send_close(unsigned code, std::string_view reason = "");
    // A byte of TCP's urgent data.
    void send_urgent(std::byte byte);
    // As much as the system takes without waiting. 0: it takes nothing, or the connection is
    // broken.
    std::size_t try_send(std::span<const std::byte> bytes);

    // `has_body`: false for the answer to a HEAD. Chunks are joined.
    HttpReply read_reply(bool has_body = true);
    // The content of the next chunk of an answer (RFC 9112, section 7.1); empty: it was the last.
    std::string read_chunk();
    // Sends a plain GET and reads its answer.
    HttpReply get(std::string_view path, std::string_view lines = "");
    ReceivedFrame read_frame();
    // What one recv() brings, once there is anything: at most 64 KiB. Empty: the end.
    Bytes receive_some();
    Bytes read_exactly(std::size_t size);

    void expect_frame(unsigned first_byte, std::string_view payload);
    void expect_text(std::string_view text) { expect_frame(0x81, text); }
    // A close frame with that code, after any other frames, which are thrown away.
    void expect_close(unsigned code);
    // That the server has nothing more to say: FIN.
    void expect_eof();
    // That the connection is over: FIN or a reset, after whatever else.
    void expect_end();
    // That it was reset, after whatever else.
    void expect_reset();
    // Our close frame, the server's answer, and its FIN.
    void close_cleanly(unsigned code = 1000);

    // We shall send nothing more.
    void half_close();
    // Drops the connection with a RST.
    void reset();
    void close() { fd_.reset(); }
    [[nodiscard]] bool is_open() const noexcept { return static_cast<bool>(fd_); }
    [[nodiscard]] std::uint16_t local_port() const;

  private:
    explicit TestClient(Fd fd) noexcept : fd_(std::move(fd)) {}
    void wait_for(short events);
    bool receive_more();
    // Receives until there are so many bytes.
    void need(std::size_t size);

    Fd fd_;
    Bytes received_;  // Not yet read.
};

}  // namespace edgews::test
