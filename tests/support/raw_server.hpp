// A server that the test plays itself, byte by byte, for a client on a loop in the same thread.
//
//     RawServer server(loop);
//     Client client(loop, server.url("/"), …);
//     RawPeer peer = server.accept();
//     peer.answer();                         // 101, for the request that came
//     peer.send(server_frame(0x81, "hello"));
//     EXPECT_EQ(peer.read_frame().text(), "hello");
//
// While it waits it turns the loop. What does not come in time, or comes wrong, throws
// std::runtime_error, which fails the test.
#pragma once

#include <edgews/loop.hpp>
#include "net/loop/fd.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "frames.hpp"
#include "places.hpp"

namespace edgews::test {

// Turns the loop until `is_so`, or for too long. Whether it is.
bool turn_until(Loop& loop, const std::function<bool()>& is_so);

// A frame from the client.
struct MaskedFrame {
    unsigned first_byte = 0;
    bool is_masked = false;
    std::uint32_t key = 0;
    Bytes payload{};  // Unmasked.

    [[nodiscard]] std::string text() const { return text_of(payload); }
    // "88 03e9 bye": of a close frame, its code in between.
    [[nodiscard]] std::string describe() const;
};

// The value of a header in a request as it was sent; "-": it is not there.
[[nodiscard]] std::string header_of(std::string_view request, std::string_view name);
// A correct response to that request. `lines`: further headers, each with its CR LF.
[[nodiscard]] std::string opening_answer(std::string_view request, std::string_view lines = "");

// One accepted connection.
class RawPeer {
  public:
    RawPeer(Loop& loop, Fd fd) : loop_(&loop), fd_(std::move(fd)) {}

    void send(std::span<const std::byte> bytes);
    void send(std::string_view text) { send(std::as_bytes(std::span(text))); }
    // Up to the empty line, with it.
    std::string read_head();
    // Reads the request and answers it with 101; returns the request.
    std::string answer(std::string_view lines = "", std::span<const std::byte> behind = {});
    MaskedFrame read_frame();
    Bytes read_exactly(std::size_t size);
    // What has come by now.
    Bytes take_input();
    // That the client has shut down or closed: FIN, before anything else.
    void expect_eof();
    // That the connection is over, FIN or a reset, after whatever else.
    void expect_end();
    // That nothing comes, no FIN either, in `turns` turns of a millisecond.
    void expect_silence(int turns = 20);

    void half_close();
    void reset();
    void close() { fd_.reset(); }

  private:
    enum class Came : std::uint8_t { bytes, nothing, end };
    Came receive();
    void need(std::size_t size);

    Loop* loop_;
    Fd fd_;
    Bytes received_{};  // Not yet read.
};

// Listens on a free port of loopback.
class RawServer {
  public:
    explicit RawServer(Loop& loop) : loop_(&loop), place_("127.0.0.1") { place_.listen(); }

    [[nodiscard]] std::string url(std::string_view target = "/",
                                  std::string_view scheme = "ws") const {
        return std::string(scheme) + "://" + place_.name() + std::string(target);
    }
    [[nodiscard]] std::uint16_t port() const { return place_.port(); }
    [[nodiscard]] std::string name() const { return place_.name(); }
    // The next one that connects.
    [[nodiscard]] RawPeer accept() const;
    // Accepts and answers with 101.
    [[nodiscard]] RawPeer accept_opened(std::string_view lines = "",
                                        std::span<const std::byte> behind = {}) const;
    // Whether somebody waits to be accepted.
    [[nodiscard]] bool has_waiting() const;

  private:
    Loop* loop_;
    Place place_;
};

}  // namespace edgews::test
