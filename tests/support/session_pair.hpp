// A client's session and a server's, joined in memory: what one of them writes, the other one
// reads, in pieces that are heap blocks of exact size. Time is a number.
//
//     connect();
//     server().session.ping(bytes_of("x"), server().queue);
//     exchange();
//     EXPECT_EQ(server().heard(), Entries{"pong: x"});
#pragma once

#include <gtest/gtest.h>

#include "core/base/memory_budget.hpp"
#include "core/websocket/session.hpp"
#include "crypto/random.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/frames.hpp"
#include "tests/support/transcript.hpp"

namespace edgews::test {

using Entries = std::vector<std::string>;

inline constexpr std::array both_roles = {Role::server, Role::client};

inline Role other(Role role) {
    return role == Role::server ? Role::client : Role::server;
}

inline const char* name_of(Role role) {
    return role == Role::server ? "as server" : "as client";
}

// A frame that a peer sends to `receiver`.
inline Bytes frame_to(Role receiver, unsigned first_byte, std::string_view payload) {
    return frame(first_byte, bytes_of(payload), receiver == Role::server);
}

// A fault as Transcript tells it, and what the peer is told of it.
inline std::string heard_of(Fault fault) {
    return "fault: " + std::string(describe(fault));
}
inline std::string said_of(Fault fault) {
    return "close " + std::to_string(close_code_for(fault)) + ": " + std::string(describe(fault));
}

// One side: a session with its queue, its pool and its clock, and what it heard. The pool keeps no
// block, so that a sanitizer sees a payload that is used too late.
class SessionSide {
  public:
    SessionSide(Role role, const SessionSetup& setup, std::uint32_t at_ms = 0)
        : now_ms(at_ms), setup_(filled_in(role, setup)) {}
    SessionSide(const SessionSide&) = delete;
    SessionSide& operator=(const SessionSide&) = delete;

    [[nodiscard]] WebSocketSession::Output output() {
        return {.queue = is_cut_off ? nullptr : &queue, .now_ms = now_ms, .holds_pongs = holds};
    }
    SendResult send(Message message, Compress how = Compress::by_size) {
        return session.send(message, queue, how);
    }
    SendResult send_fragment(Message piece, Fragment which) {
        return session.send_fragment(piece, which, queue);
    }
    SendResult ping(std::string_view payload) { return session.ping(bytes_of(payload), queue); }
    SendResult pong(std::string_view payload) { return session.pong(bytes_of(payload), queue); }
    bool close(std::uint16_t code, std::string_view reason = {}) {
        return session.close(code, reason, output());
    }
    WebSocketSession::Due at(std::uint32_t place = 0) { return session.at(now_ms, queue, place); }
    [[nodiscard]] std::uint32_t next_due_ms(std::uint32_t place = 0) const {
        return session.next_due_ms(now_ms, place);
    }

    void receive(std::span<const std::byte> bytes) {
        const ExactBlock block(bytes);
        std::span<std::byte> input = block.bytes();
        while (const Event event = session.next(input, output())) heard_.add(event);
        EXPECT_TRUE(input.empty());
    }
    void receive(const Pieces& pieces) {
        for (const ExactBlock& piece : pieces) receive(piece.bytes());
    }
    // A frame of the peer's.
    void receive(unsigned first_byte, std::string_view payload) {
        receive(frame_to(role(), first_byte, payload));
    }

    // What the pool lends counts against a budget.
    void limit_memory(std::size_t size_max) {
        budget_ = std::make_unique<MemoryBudget>(size_max);
        pool.count_against(*budget_, 0);
    }

    [[nodiscard]] Role role() const { return setup_.reader.role; }
    // All events so far: see Transcript.
    [[nodiscard]] const Entries& heard() const { return heard_.entries(); }
    // The bytes that were written since the last call. The queue keeps no memory.
    [[nodiscard]] Bytes take_output() {
        struct Vector {
            void* data;
            std::size_t size;
        };
        Bytes bytes;
        while (!queue.is_empty()) {
            std::array<Vector, 4> vectors{};
            const std::size_t count = queue.gather(std::span<Vector>(vectors));
            std::size_t size = 0;
            for (const Vector& v : std::span(vectors).first(count)) {
                const auto* data = static_cast<const std::byte*>(v.data);
                bytes.insert(bytes.end(), data, data + v.size);
                size += v.size;
            }
            queue.consume(size);
        }
        queue.release();
        return bytes;
    }
    // The same as frames: the first byte in hex and the payload, "81: Hello"; or "close 1000: bye".
    [[nodiscard]] Entries said() {
        const Bytes bytes = take_output();
        Entries frames;
        for (std::span<const std::byte> rest = bytes; !rest.empty();) {
            const ParsedHeader parsed = parse_frame_header(rest, other(role()), true);
            const FrameHeader& header = parsed.header;
            if (parsed.fault != Fault::none || parsed.size == 0 ||
                header.payload_size > rest.size() - parsed.size) {
                frames.push_back("no frame: " + to_hex(rest));
                break;
            }
            const unsigned first_byte = std::to_integer<unsigned>(rest[0]);
            frames.push_back(
                described(first_byte, header, rest.subspan(parsed.size, header.payload_size)));
            rest = rest.subspan(parsed.size + header.payload_size);
        }
        return frames;
    }
    // Of the frames that said() told.
    [[nodiscard]] const std::vector<std::uint32_t>& mask_keys() const { return mask_keys_; }

    std::uint32_t now_ms;
    bool holds = false;       // Pongs wait.
    bool is_cut_off = false;  // Nothing can be written any more.

  private:
    static constexpr std::array<std::byte, random_seed_size> seed{std::byte{0x5E}};

    SessionSetup filled_in(Role role, SessionSetup setup) {
        setup.reader.role = role;
        setup.reader.pool = &pool;
        setup.masks = role == Role::client ? &masks_ : nullptr;
        return setup;
    }

    std::string described(unsigned first_byte, const FrameHeader& header,
                          std::span<const std::byte> payload) {
        Bytes plain(payload.begin(), payload.end());
        std::array<std::byte, 4> key{};
        std::memcpy(key.data(), &header.mask_key, key.size());
        for (std::size_t i = 0; header.masked && i < plain.size(); ++i) plain[i] ^= key[i % 4];
        if (header.masked) mask_keys_.push_back(header.mask_key);
        if (first_byte != 0x88) {
            return to_hex(std::array{std::byte(first_byte)}) + ": " + text_of(plain);
        }
        if (plain.empty()) return "close without a code";
        if (plain.size() == 1) return "close with half a code";
        const unsigned code =
            std::to_integer<unsigned>(plain[0]) << 8 | std::to_integer<unsigned>(plain[1]);
        return "close " + std::to_string(code) + ": " + text_of(std::span(plain).subspan(2));
    }

    Random masks_{seed};
    Transcript heard_;
    std::vector<std::uint32_t> mask_keys_;
    std::unique_ptr<MemoryBudget> budget_;  // Outlives the pool.

  public:
    BufferPool pool{0};

  private:
    SessionSetup setup_;

  public:
    OutputQueue queue{pool};
    WebSocketSession session{setup_, now_ms};
};

class SessionPair : public testing::Test {
  protected:
    using Due = WebSocketSession::Due;
    using Cut = std::function<Pieces(std::span<const std::byte>)>;

    // Both sides anew.
    void connect(const SessionSetup& setup = {}, std::uint32_t now_ms = 0) {
        server_.emplace(Role::server, setup, now_ms);
        client_.emplace(Role::client, setup, now_ms);
    }
    [[nodiscard]] SessionSide& server() { return *server_; }
    [[nodiscard]] SessionSide& client() { return *client_; }
    [[nodiscard]] SessionSide& side(Role role) {
        return role == Role::server ? server() : client();
    }

    void pass(std::uint32_t ms) {
        server().now_ms += ms;
        client().now_ms += ms;
    }
    // Carries what both write, until they are silent; then neither holds memory, unless it waits
    // for something.
    void exchange() {
        bool is_silent = false;
        while (!is_silent) {
            const bool was_silent = client().queue.is_empty();
            carry(client(), server());
            is_silent = was_silent && server().queue.is_empty();
            carry(server(), client());
        }
        expect_no_memory_held();
    }
    void expect_no_memory_held() {
        for (const Role role : both_roles) {
            SessionSide& one = side(role);
            const MessageReader& reader = one.session.reader();
            if (!reader.is_idle() || one.session.holds_ping()) continue;
            EXPECT_EQ(one.pool.lent_size(), 0U) << name_of(role);
        }
    }
    Cut cut = [](std::span<const std::byte> whole) { return split_at(whole, {}); };

  private:
    void carry(SessionSide& from, SessionSide& to) {
        if (from.queue.is_empty()) return;
        to.receive(cut(from.take_output()));
    }

    std::optional<SessionSide> server_;
    std::optional<SessionSide> client_;
};

// What a session of `role` hears of `bytes` and says to it, whole, cut once at every position, and
// byte by byte; no memory is left. `begin`: what happens to it before.
inline void expect_however_cut(
    Role role, const SessionSetup& setup, std::span<const std::byte> bytes, const Entries& heard,
    const Entries& said, const std::function<void(SessionSide&)>& begin = [](SessionSide&) {}) {
    SCOPED_TRACE(name_of(role));
    for_each_split(bytes, [&](const Pieces& pieces) {
        SessionSide one(role, setup);
        begin(one);
        one.receive(pieces);
        EXPECT_EQ(one.heard(), heard);
        EXPECT_EQ(one.said(), said);
        EXPECT_EQ(one.pool.lent_size(), 0U);
    });
}

}  // namespace edgews::test
