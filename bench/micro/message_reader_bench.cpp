// From received bytes to messages: whole ones, batches, and input in pieces.
#include "core/websocket/message_reader.hpp"

#include "support.hpp"

#include <cstring>

namespace edgews::bench {
namespace {

// What is received: `count` messages of one size, in pieces.
struct Input {
    const Alphabet* alphabet;  // Null: binary.
    std::size_t size;
    std::size_t count = 1;
    std::size_t first_piece_size = SIZE_MAX;
    std::size_t piece_size = SIZE_MAX;  // Of the others.
};

Bytes payload_of(const Input& input) {
    return input.alphabet != nullptr ? text_of(*input.alphabet, input.size)
                                     : varied_bytes(input.size);
}

Bytes stream_of(const Input& input, std::uint32_t mask_key) {
    const Opcode opcode = input.alphabet != nullptr ? Opcode::text : Opcode::binary;
    const Bytes frame = client_frame(opcode, payload_of(input), mask_key);
    Bytes stream;
    for (std::size_t i = 0; i < input.count; ++i) {
        stream.insert(stream.end(), frame.begin(), frame.end());
    }
    return stream;
}

// Feeds the whole stream as a connection does, and calls on_event(event) for each. Where the
// reader wants to receive into its own memory, a copy stands for the system's.
template <class OnEvent>
void read(MessageReader& reader, std::span<std::byte> stream, const Input& input,
          OnEvent on_event) {
    std::size_t piece_size = input.first_piece_size;
    while (!stream.empty()) {
        std::span<std::byte> piece = stream.first(std::min(piece_size, stream.size()));
        const std::span<std::byte> direct = reader.direct_space();
        if (!direct.empty()) {
            const std::size_t size = std::min(direct.size(), piece.size());
            std::memcpy(direct.data(), piece.data(), size);
            reader.direct_received(size);
            stream = stream.subspan(size);
            piece = {};
        } else {
            stream = stream.subspan(piece.size());
        }
        while (const Event event = reader.next(piece)) on_event(event);
        piece_size = input.piece_size;
    }
}

void time_reader(benchmark::State& state, const Input& input) {
    BufferPool pool;
    const ReaderSetup setup{.pool = &pool};
    MessageReader reader(setup);

    const Bytes payload = payload_of(input);
    std::size_t right_count = 0;
    Bytes masked = stream_of(input, 0x3d21fa37);
    read(reader, masked, input, [&](const Event& event) {
        const bool is_right =
            event.kind == Event::Kind::message && std::ranges::equal(event.payload, payload);
        right_count += is_right ? 1 : 0;
    });
    check(state, right_count == input.count && reader.is_idle());

    // Masked by zero, so that unmasking in place leaves the stream what it is.
    const Bytes stream = stream_of(input, 0);
    Copies copies(stream);
    for (auto _ : state) {
        read(reader, copies.next(), input,
             [](const Event& event) { benchmark::DoNotOptimize(event); });
        benchmark::ClobberMemory();
    }
    count_bytes(state, stream.size());
    count_things(state, "message", input.count);
}

void add(const std::string& way, const Input& input) {
    const char* payload = input.alphabet != nullptr ? input.alphabet->name : "binary";
    add_row("message_reader/" + way + "/" + payload + "/" + std::to_string(input.size),
            [=](benchmark::State& state) { time_reader(state, input); });
}

[[maybe_unused]] const bool is_added = [] {
    const Alphabet* const ascii = &alphabets[0];
    const Alphabet* const cjk = &alphabets[3];
    for (const Alphabet* alphabet : {static_cast<const Alphabet*>(nullptr), ascii, cjk}) {
        for (const std::size_t size : {16U, 125U, 1024U, 16384U, 1U << 20}) {
            add("whole", {alphabet, size});
        }
        add("batch_of_16", {alphabet, 125, 16});
        add("cut_in_header", {alphabet, 125, 1, 3});
        add("cut_in_payload", {alphabet, 125, 1, 70});
        add("byte_by_byte", {alphabet, 125, 1, 1, 1});
        add("pieces_of_1448", {alphabet, 16384, 1, 1448, 1448});  // TCP segments.
        add("pieces_of_256K", {alphabet, 1 << 20, 1, 256 * 1024, 256 * 1024});
    }
    return true;
}();

}  // namespace
}  // namespace edgews::bench
