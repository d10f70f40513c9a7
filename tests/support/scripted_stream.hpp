// Streams and transports that do as they are told, and keep a diary.
#pragma once

#include "net/stream/stream.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bytes.hpp"
#include "scripted_source.hpp"

namespace edgews::test {

inline constexpr std::uint32_t goodbye_ms = 30'000;

// What it is told, in words, and what it read.
struct Diary {
    std::vector<std::string> notes{};
    std::string input{};
    void note(std::string what) { notes.push_back(std::move(what)); }
    [[nodiscard]] std::vector<std::string> take_notes() { return std::exchange(notes, {}); }
};

class TestStream final : public Stream {
  public:
    TestStream(Loop& loop, Diary& diary)
        : Stream(StreamsOnLoop::of(Reactor::of(loop))), diary_(diary) {}
    ~TestStream() override { diary_.note("deleted"); }

    using Stream::begin_dispatch;
    using Stream::break_off;
    using Stream::close;
    using Stream::Farewell;
    using Stream::finish;
    using Stream::flush;
    using Stream::has_ended;
    using Stream::has_failed_transport;
    using Stream::is_being_read;
    using Stream::is_blocked;
    using Stream::is_broken;
    using Stream::is_closed;
    using Stream::is_drained;
    using Stream::is_open;
    using Stream::on_finish_timer;
    using Stream::open;
    using Stream::output;
    using Stream::peek;
    using Stream::receive;
    using Stream::request_flush;
    using Stream::send_directly;
    using Stream::speak_first;
    using Stream::speak_through;
    using Stream::take_over;

    void write(std::string_view text) {
        output().append(bytes_of(text));
        request_flush();
    }

    std::size_t space_size = Reactor::receive_space_size;
    std::size_t sent_size = 0;
    bool reads = true;

  private:
    void on_readable() override {
        while (reads) {
            const std::span<std::byte> space = reactor().receive_space().first(space_size);
            const Received received = receive(space);
            if (received.end == Received::End::would_block) return;
            if (received.end == Received::End::lost) return on_lost();
            if (received.end == Received::End::ended) {
                diary_.note("ended");
                reads = false;
                return;
            }
            diary_.input += text_of(space.first(received.size));
            if (is_drained() && !has_ended()) return;
        }
    }
    void on_lost() override {
        diary_.note("lost");
        close();
    }
    void on_reset() override {
        diary_.note("reset");
        on_readable();
    }
    void on_blocked() override { diary_.note("blocked"); }
    void on_writable() override { diary_.note("writable"); }
    void on_output_lost(std::size_t size) noexcept override {
        diary_.note("output lost " + std::to_string(size));
    }
    void count_sent(std::size_t size) noexcept override { sent_size += size; }
    void on_timer() override { on_finish_timer(goodbye_ms); }

    Diary& diary_;
};

// Bytes mean themselves, but: '-' nothing, 'h' a step of the handshake, '.' a goodbye, '!' a fault,
// '?' a question that is answered at length.
class TestTransport final : public Transport {
  public:
    explicit TestTransport(int step_count = 0, std::size_t answer_size = 0)
        : state_(step_count > 0 ? State::opening : State::open),
          step_count_(step_count),
          answer_size_(answer_size) {}

    [[nodiscard]] State state() const noexcept override { return state_; }
    [[nodiscard]] const TransportInfo& info() const noexcept override { return info_; }
    [[nodiscard]] std::string_view failure() const noexcept override { return {}; }

    std::size_t open(std::span<const std::byte> received,
                     std::span<std::byte> plain) noexcept override {
        if (received.empty()) pending_ += "hello";
        std::size_t size = 0;
        for (const std::byte byte : received) {
            switch (static_cast<char>(byte)) {
                case '-': break;
                case 'h':
                    if (--step_count_ == 0) state_ = State::open;
                    break;
                case '.': state_ = State::ended; break;
                case '!':
                    state_ = State::failed;
                    pending_ += "alert";
                    break;
                case '?': pending_.append(answer_size_, 'a'); break;
                default: plain[size++] = byte;
            }
        }
        return size;
    }
    void seal(std::span<const iovec> pieces) noexcept override {
        if (fails_to_seal) {
            state_ = State::failed;
            return;
        }
        for (const iovec& piece : pieces) {
            pending_.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
        }
    }
    bool end() noexcept override {
        if (has_said_end_ || state_ == State::failed) return false;
        has_said_end_ = true;
        pending_ += '~';
        return true;
    }
    [[nodiscard]] std::span<const std::byte> pending() const noexcept override {
        return std::as_bytes(std::span(pending_));
    }
    void sent(std::size_t count) noexcept override { pending_.erase(0, count); }

    bool fails_to_seal = false;

  private:
    State state_;
    int step_count_;
    std::size_t answer_size_;
    bool has_said_end_ = false;
    TransportInfo info_{};
    std::string pending_{};
};

using Notes = std::vector<std::string>;

// The same two ends over TCP, which has urgent data.
inline SocketPair tcp_pair() {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const address = reinterpret_cast<sockaddr*>(&place);
    socklen_t size = sizeof(place);
    const Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(listener.get(), address, size), 0);
    EXPECT_EQ(::listen(listener.get(), 1), 0);
    EXPECT_EQ(::getsockname(listener.get(), address, &size), 0);
    SocketPair pair;
    pair.far = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(pair.far.get(), address, size), 0);
    pair.near = Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    EXPECT_TRUE(pair.near);
    return pair;
}

// One stream and its peer, turn by turn.
class StreamTest : public testing::Test {
  protected:
    TestStream& open() { return open(pair_, diary_); }
    TestStream& open(SocketPair& pair, Diary& diary) {
        auto* stream = new TestStream(loop_, diary);  // The loop deletes it.
        near_ = pair.near.get();
        EXPECT_EQ(stream->open(std::move(pair.near)), 0);
        loop_.poll(0);
        return *stream;
    }
    TestStream& open_through(std::unique_ptr<Transport> transport) {
        TestStream& stream = open();
        stream.speak_through(std::move(transport));
        return stream;
    }
    void say(std::string_view text) const { say(pair_, text); }
    static void say(const SocketPair& pair, std::string_view text) {
        ASSERT_EQ(::send(pair.far.get(), text.data(), text.size(), 0),
                  static_cast<ssize_t>(text.size()));
    }
    void say_end() const { ASSERT_EQ(::shutdown(pair_.far.get(), SHUT_WR), 0); }
    // All that the peer has been sent, and whether there is an end to it.
    std::string heard() {
        std::string text;
        std::array<char, 65536> piece;
        ssize_t count = 0;
        while ((count = ::recv(pair_.far.get(), piece.data(), piece.size(), 0)) > 0) {
            text.append(piece.data(), static_cast<std::size_t>(count));
        }
        hears_end_ = count == 0;
        return text;
    }
    // Until nothing more comes, with turns between.
    std::string heard_in_turns() {
        std::string all;
        for (std::string more = heard(); !more.empty(); more = heard()) {
            all += more;
            loop_.poll(0);
        }
        return all;
    }
    // The socket takes nothing more. The bytes that it took.
    [[nodiscard]] std::size_t fill() const {
        const std::string text(65536, 'f');
        std::size_t size = 0;
        for (std::size_t step = text.size(); step > 0; step /= 2) {
            ssize_t count = 0;
            while ((count = ::send(near_, text.data(), step, 0)) > 0) {
                size += static_cast<std::size_t>(count);
            }
        }
        return size;
    }
    void turn(int count = 1) {
        while (count-- > 0) loop_.poll(0);
    }
    // A successor of `stream`, and whether nothing was left unread.
    TestStream& succeed(TestStream& stream, bool is_all_read) {
        auto* successor = new TestStream(loop_, second_diary_);
        EXPECT_EQ(successor->take_over(stream), is_all_read);
        EXPECT_TRUE(stream.is_closed());
        return *successor;
    }

    SocketPair pair_;
    int near_ = -1;
    bool hears_end_ = false;
    Diary diary_;
    Diary second_diary_;
    std::vector<Diary> diaries_;  // Of many.
    Loop loop_;
};

}  // namespace edgews::test
