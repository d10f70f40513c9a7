// All first two bytes that a frame can have, in every state of the reader, as server and as client,
// with permessage-deflate and without, against the rules of RFC 6455 (sections 5.1 to 5.5) and RFC
// 7692 (section 6) as they are written down here once more.
#include "tests/support/frames.hpp"
#include "tests/support/transcript.hpp"

#include <gtest/gtest.h>

#include "core/websocket/message_reader.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace edgews {
namespace {

using test::Bytes;
using test::Transcript;
using test::operator+;

using Entries = std::vector<std::string>;

// ---- The rules --------------------------------------------------------------

// Who receives, and what was negotiated.
struct Receiver {
    bool is_server = true;
    bool has_deflate = false;
};

// As section 5.2 draws it.
struct Head {
    Head(unsigned first, unsigned second)
        : fin((first & 0x80) != 0),
          rsv1((first & 0x40) != 0),
          rsv2((first & 0x20) != 0),
          rsv3((first & 0x10) != 0),
          opcode(first & 0x0F),
          mask((second & 0x80) != 0),
          length(second & 0x7F) {}

    [[nodiscard]] bool is_control() const { return opcode >= 8; }
    [[nodiscard]] bool is_continuation() const { return opcode == 0; }

    bool fin, rsv1, rsv2, rsv3;
    unsigned opcode;
    bool mask;
    unsigned length;
};

// Of several rules that a byte breaks, the one whose bits come first counts: RSV1 to 3, the opcode,
// and then what FIN may be with it.
Fault broken_by_first_byte(const Head& head, const Receiver& receiver) {
    // RFC 7692, section 6: RSV1 says that a message is compressed, on its first frame alone.
    const bool begins_message = head.opcode == 1 || head.opcode == 2;
    const bool is_rsv1_defined = receiver.has_deflate && begins_message;
    if (head.rsv2 || head.rsv3 || (head.rsv1 && !is_rsv1_defined)) return Fault::reserved_bits;
    const bool is_reserved = (head.opcode >= 3 && head.opcode <= 7) || head.opcode >= 0xB;
    if (is_reserved) return Fault::reserved_opcode;                              // 5.2
    if (head.is_control() && !head.fin) return Fault::fragmented_control_frame;  // 5.5
    return Fault::none;
}

Fault broken_by_second_byte(const Head& head, const Receiver& receiver) {
    if (receiver.is_server && !head.mask) return Fault::unmasked_client_frame;         // 5.1
    if (!receiver.is_server && head.mask) return Fault::masked_server_frame;           // 5.1
    if (head.is_control() && head.length > 125) return Fault::control_frame_too_long;  // 5.5
    return Fault::none;
}

// ---- The states -------------------------------------------------------------

struct Frame {
    unsigned first_byte;
    std::string payload;
};

struct State {
    const char* name;
    std::vector<Frame> before;
    unsigned opcode = 0;  // Of the message that has begun; 0: none has.
    bool is_compressed = false;
    std::string begun{};   // The payload of that message so far.
    std::string needed{};  // The bytes that its text cannot go on without.
    bool is_over = false;  // Nothing that comes counts any more.
};

const std::vector<State> states = {
    {"at the beginning", {}},
    {"after a message", {{0x82, "m"}}},
    {"after a message of two frames", {{0x02, "m"}, {0x80, "n"}}},
    {"after a ping", {{0x89, "p"}}},
    {"inside a text", {{0x01, "t"}}, 1, false, "t"},
    {"inside a text that is empty so far", {{0x01, ""}}, 1},
    {"inside a text, inside a character", {{0x01, "\xE2\x82"}}, 1, false, "\xE2\x82", "\xAC"},
    {"inside a binary", {{0x02, "\xFF"}}, 2, false, "\xFF"},
    {"inside a binary, after its second frame", {{0x02, "a"}, {0x00, "b"}}, 2, false, "ab"},
    {"inside a text, after a ping", {{0x01, "t"}, {0x89, "p"}}, 1, false, "t"},
    {"inside a compressed text", {{0x41, "\xFF"}}, 1, true, "\xFF"},
    {"inside a compressed binary", {{0x42, "\xFF"}}, 2, true, "\xFF"},
    {"after a compressed message", {{0xC1, "\xFF"}}},
    {"after a compressed message of two frames", {{0x41, "\xFF"}, {0x80, "\xFE"}}},
    {.name = "after a close frame", .before = {{0x88, ""}}, .is_over = true},
    {.name = "after a close frame inside a text",
     .before = {{0x01, "t"}, {0x88, "\x03\xE8"}},
     .is_over = true},
    {.name = "after a fault", .before = {{0x83, ""}}, .is_over = true},
};

bool needs_deflate(const State& state) {
    return !state.before.empty() && (state.before.front().first_byte & 0x40) != 0;
}

// ---- What a whole frame means ------------------------------------------------

// So many bytes that the message may go on with, or the control frame may hold.
std::string payload_of(const Head& head, const State& state) {
    const std::size_t size = head.length < 126 ? head.length : head.length == 126 ? 200 : 65536;
    std::string payload(size, 'x');
    if (head.opcode == 8) payload.replace(0, std::min<std::size_t>(size, 2), "\x03\xE8", 0, size);
    if (head.is_continuation()) {
        payload.replace(0, std::min(size, state.needed.size()), state.needed, 0, size);
    }
    return payload;
}

Entries fault_entries(Entries before, Fault fault) {
    before.push_back("fault: " + std::string(describe(fault)));
    return before;
}

Entries meaning_of_control(const Head& head, const std::string& payload) {
    if (head.opcode == 9) return {"ping: " + payload};
    if (head.opcode == 10) return {"pong: " + payload};
    if (payload.empty()) return {"close 1005: "};                                    // 7.1.5
    if (payload.size() == 1) return fault_entries({}, Fault::close_payload_of_one);  // 5.5.1
    return {"close 1000: " + payload.substr(2)};
}

// Requires: neither of its first bytes breaks a rule.
Entries meaning_of(const Head& head, const State& state, const std::string& payload,
                   bool streaming) {
    if (state.is_over) return {};
    if (head.is_control()) return meaning_of_control(head, payload);
    // 5.4: the fragments of one message do not mix with those of another.
    const bool is_inside = state.opcode != 0;
    if (head.is_continuation() && !is_inside) {
        return fault_entries({}, Fault::unexpected_continuation);
    }
    if (!head.is_continuation() && is_inside) {
        return fault_entries({}, Fault::expected_continuation);
    }
    const bool is_compressed = is_inside ? state.is_compressed : head.rsv1;
    const unsigned opcode = is_inside ? state.opcode : head.opcode;
    const std::string type =
        std::string(is_compressed ? "compressed " : "") + (opcode == 1 ? "text" : "binary");
    Entries entries;
    if (streaming && !is_inside) entries.push_back("begin " + type);
    if (streaming && !payload.empty()) entries.push_back("chunk " + type + ": " + payload);
    if (!head.fin) return entries;
    const bool is_cut = payload.size() < state.needed.size();
    if (is_cut) return fault_entries(std::move(entries), Fault::invalid_utf8);  // 8.1
    entries.push_back(streaming ? "end " + type : type + ": " + state.begun + payload);
    return entries;
}

// Whether another frame of a message is to come.
bool is_inside_after(const Head& head, const State& state, const Entries& meaning) {
    const std::string last = meaning.empty() ? "" : meaning.back();
    if (last.starts_with("fault") || last.starts_with("close")) return false;
    return head.is_control() ? state.opcode != 0 : !head.fin;
}

// ---- One against the other -----------------------------------------------------

template <class Run>
void for_each_state(Run run) {
    for (const bool is_server : {true, false}) {
        for (const bool has_deflate : {false, true}) {
            for (const State& state : states) {
                if (needs_deflate(state) && !has_deflate) continue;
                run(Receiver{is_server, has_deflate}, state);
                if (testing::Test::HasFatalFailure()) return;
            }
        }
    }
}

// A reader of one kind, brought into one state.
class Subject {
  public:
    Subject(const ReaderSetup& setup, const Receiver& receiver, std::span<const std::byte> before)
        : reader_(setup), streaming_(setup.streaming) {
        if (receiver.has_deflate) reader_.allow_compressed();
        if (before.empty()) return;
        std::array<std::byte, 32> space;  // Payloads are unmasked in place.
        std::memcpy(space.data(), before.data(), before.size());
        // In two pieces, so that what can be held of it is held.
        feed({space.data(), before.size() - 1});
        feed({space.data() + before.size() - 1, 1});
    }

    // The fault that these bytes are. None: they are no event at all.
    [[nodiscard]] Fault fault_of(std::span<std::byte> input) {
        const Event event = reader_.next(input);
        if (event && event.kind != Event::Kind::fault) ADD_FAILURE() << "an event of half a frame";
        return event.fault;
    }
    [[nodiscard]] MessageReader& reader() { return reader_; }

  private:
    void feed(std::span<std::byte> input) {
        Event event;
        do {
            event = reader_.next(input);
        } while (!input.empty() || (streaming_ && event));
    }

    MessageReader reader_;
    bool streaming_;
};

class Walk {
  public:
    Walk(const Receiver& receiver, const State& state, bool streaming)
        : receiver_(receiver),
          state_(state),
          setup_{.role = receiver.is_server ? Role::server : Role::client,
                 .streaming = streaming,
                 .pool = &pool_} {
        for (const Frame& frame : state.before) {
            before_ =
                std::move(before_) +
                test::frame(frame.first_byte, test::bytes_of(frame.payload), receiver.is_server);
        }
    }

    // Of the heads that break a rule by themselves, and of those that come too late.
    void expect_faults() {
        for (unsigned first = 0; first < 256; ++first) {
            const Fault by_first = expected_of_first(first);
            expect_fault(first, 0, 1, by_first);
            for (unsigned second = 0; second < 256; ++second) {
                const Fault fault = expected_of_both(first, second);
                if (fault == Fault::none && !state_.is_over) continue;
                expect_fault(first, second, 2, fault);
                if (testing::Test::HasFailure()) return;
            }
        }
    }
    // Of all others, with what belongs to them.
    void expect_frames() {
        for (unsigned first = 0; first < 256; ++first) {
            if (expected_of_first(first) != Fault::none) continue;
            for (unsigned second = 0; second < 256; ++second) {
                if (expected_of_both(first, second) != Fault::none) continue;
                expect_frame(first, second);
                if (testing::Test::HasFailure()) return;
            }
        }
    }

  private:
    [[nodiscard]] Fault expected_of_first(unsigned first) const {
        if (state_.is_over) return Fault::none;
        return broken_by_first_byte(Head(first, 0), receiver_);
    }
    [[nodiscard]] Fault expected_of_both(unsigned first, unsigned second) const {
        const Fault by_first = expected_of_first(first);
        if (by_first != Fault::none || state_.is_over) return by_first;
        return broken_by_second_byte(Head(first, second), receiver_);
    }

    void expect_fault(unsigned first, unsigned second, std::size_t size, Fault expected) {
        std::byte head[] = {static_cast<std::byte>(first), static_cast<std::byte>(second)};
        Subject subject(setup_, receiver_, before_);
        const Fault fault = subject.fault_of({head, size});
        if (fault == expected) return;
        ADD_FAILURE() << name_of({head, size}) << ": \"" << describe(fault) << "\" in place of \""
                      << describe(expected) << '"';
    }

    void expect_frame(unsigned first, unsigned second) {
        const Head head(first, second);
        const std::string payload = payload_of(head, state_);
        const Bytes frame = test::frame(first, test::bytes_of(payload), receiver_.is_server);
        ASSERT_EQ(frame[1], static_cast<std::byte>(second));
        const Entries expected = meaning_of(head, state_, payload, setup_.streaming);
        const bool is_inside = is_inside_after(head, state_, expected);
        const std::size_t header_size = frame.size() - payload.size();
        // Long ones, and streams, are cut enough elsewhere.
        const std::size_t first_cut = head.length == 127 ? 2 : setup_.streaming ? 1 : 0;
        const std::size_t last_cut = setup_.streaming ? first_cut : 2;
        for (std::size_t cut = first_cut; cut <= last_cut; ++cut) {
            Subject subject(setup_, receiver_, before_);
            Bytes bytes = frame;
            Transcript transcript;
            if (cut > 0) transcript.read(subject.reader(), std::span(bytes).first(cut));
            const bool is_too_early = cut < header_size && !transcript.entries().empty();
            transcript.read(subject.reader(), std::span(bytes).subspan(cut));
            const bool is_right = subject.reader().is_inside_message() == is_inside;
            if (transcript.entries() == expected && is_right && !is_too_early) continue;
            ADD_FAILURE() << name_of(std::span(frame).first(2)) << ", cut at " << cut << ": "
                          << testing::PrintToString(transcript.entries()) << " in place of "
                          << testing::PrintToString(expected);
        }
    }

    [[nodiscard]] std::string name_of(std::span<const std::byte> head) const {
        return std::string(receiver_.is_server ? "server" : "client") +
               (receiver_.has_deflate ? " with deflate" : "") +
               (setup_.streaming ? ", streaming, " : ", ") + state_.name + ", " +
               test::to_hex(head);
    }

    BufferPool pool_;
    const Receiver& receiver_;
    const State& state_;
    ReaderSetup setup_;
    Bytes before_;
};

TEST(FrameHeads, those_that_break_a_rule_are_the_fault_that_names_it_in_every_state) {
    for_each_state([](const Receiver& receiver, const State& state) {
        Walk(receiver, state, false).expect_faults();
    });
}

TEST(FrameHeads, all_others_mean_in_every_state_what_the_rules_say) {
    for_each_state([](const Receiver& receiver, const State& state) {
        if (state.is_over) return;
        for (const bool streaming : {false, true}) Walk(receiver, state, streaming).expect_frames();
    });
}

TEST(FrameHeads, one_parsed_by_itself_is_the_same_fault_or_header) {
    for (const bool is_server : {true, false}) {
        for (const bool has_deflate : {false, true}) {
            const Receiver receiver{is_server, has_deflate};
            const Role role = is_server ? Role::server : Role::client;
            for (unsigned value = 0; value < 65536; ++value) {
                const unsigned first = value >> 8, second = value & 0xFF;
                const Head head(first, second);
                const std::byte bytes[] = {static_cast<std::byte>(first),
                                           static_cast<std::byte>(second)};
                const ParsedHeader parsed = parse_frame_header(bytes, role, has_deflate);
                Fault fault = broken_by_first_byte(head, receiver);
                if (fault == Fault::none) fault = broken_by_second_byte(head, receiver);
                const bool is_whole = fault == Fault::none && !head.mask && head.length < 126;
                const std::size_t size = is_whole ? 2 : 0;
                bool is_right = parsed.fault == fault && parsed.size == size;
                if (is_whole) {
                    is_right = is_right && parsed.header.fin == head.fin &&
                               parsed.header.rsv1 == head.rsv1 && !parsed.header.masked &&
                               static_cast<unsigned>(parsed.header.opcode) == head.opcode &&
                               parsed.header.payload_size == head.length;
                }
                if (!is_right) FAIL() << test::to_hex(bytes) << ": " << describe(parsed.fault);
            }
        }
    }
}

TEST(FrameHeads, inside_a_payload_any_two_bytes_are_payload) {
    for (const Role role : {Role::server, Role::client}) {
        BufferPool pool;
        const ReaderSetup setup{.role = role, .pool = &pool};
        for (const unsigned first_byte : {0x82U, 0x89U, 0xC1U}) {
            const Bytes frame =
                test::frame(first_byte, test::bytes_of("ab__"), role == Role::server);
            for (unsigned value = 0; value < 65536; ++value) {
                const std::byte two[] = {static_cast<std::byte>(value >> 8),
                                         static_cast<std::byte>(value)};
                Bytes bytes = frame;
                // What was masked as '_' is masked as the other byte.
                bytes[bytes.size() - 2] ^= two[0] ^ std::byte{'_'};
                bytes[bytes.size() - 1] ^= two[1] ^ std::byte{'_'};
                MessageReader reader(setup);
                reader.allow_compressed();
                std::span<std::byte> begin = std::span(bytes).first(bytes.size() - 2);
                std::span<std::byte> end = std::span(bytes).last(2);
                const bool is_early = static_cast<bool>(reader.next(begin));
                const Event event = reader.next(end);
                const bool is_right = !is_early && event.payload.size() == 4 &&
                                      event.payload[2] == two[0] && event.payload[3] == two[1];
                if (!is_right) FAIL() << test::to_hex(two) << ": " << describe(event.fault);
            }
        }
    }
}

}  // namespace
}  // namespace edgews
