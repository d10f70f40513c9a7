// STOMP frames: from received bytes to frames, and from headers to bytes.
#include "core/stomp/frame_reader.hpp"
#include "core/stomp/frame_writer.hpp"

#include "support.hpp"

#include <vector>

namespace edgews::bench {
namespace {

using stomp::Version;

const std::vector<stomp::Header> send_headers = {{"destination", "/topic/prices/EURUSD"},
                                                 {"content-type", "application/json"},
                                                 {"receipt", "message-12345"}};

// What is received: SEND frames, in pieces.
struct Input {
    std::size_t body_size;
    bool has_content_length = true;
    bool has_escapes = false;
    std::size_t count = 1;
    std::size_t piece_size = SIZE_MAX;
};

Bytes stream_of(const Input& input) {
    const Bytes body = text_of(alphabets[0], input.body_size);
    std::string frame = "SEND\n";
    for (const stomp::Header& header : send_headers) {
        append_header(frame, header, Version::v1_2);
    }
    const stomp::Header last{"correlation", input.has_escapes ? "a:b\\c:d" : "a-b-c-d"};
    append_header(frame, last, Version::v1_2);
    if (input.has_content_length) {
        frame += "content-length:" + std::to_string(input.body_size) + "\n";
    }
    frame += '\n';
    frame.append(reinterpret_cast<const char*>(body.data()), body.size());
    frame += '\0';
    Bytes stream;
    for (std::size_t i = 0; i < input.count; ++i) {
        const Bytes bytes = bytes_of(frame);
        stream.insert(stream.end(), bytes.begin(), bytes.end());
    }
    return stream;
}

template <class OnFrame>
void read(stomp::FrameReader& reader, std::span<const std::byte> stream, std::size_t piece_size,
          OnFrame on_frame) {
    while (!stream.empty()) {
        std::span<const std::byte> piece = stream.first(std::min(piece_size, stream.size()));
        stream = stream.subspan(piece.size());
        while (const stomp::Frame* frame = reader.next(piece)) on_frame(*frame);
    }
}

void time_reader(benchmark::State& state, const Input& input) {
    BufferPool pool;
    const stomp::FrameLimits limits;
    stomp::FrameReader reader(limits, pool);
    const Bytes stream = stream_of(input);
    std::size_t right_count = 0;
    read(reader, stream, input.piece_size, [&](const stomp::Frame& frame) {
        const bool is_right = frame.fault == stomp::Fault::none &&
                              frame.body.size() == input.body_size &&
                              frame.find("receipt") == "message-12345";
        right_count += is_right ? 1 : 0;
    });
    check(state, right_count == input.count && !reader.is_inside_frame());
    for (auto _ : state) {
        read(reader, stream, input.piece_size, [](const stomp::Frame& frame) {
            benchmark::DoNotOptimize(frame.headers.data());
            benchmark::DoNotOptimize(frame.body.data());
        });
        benchmark::ClobberMemory();
    }
    count_bytes(state, stream.size());
    count_things(state, "frame", input.count);
}

void time_writer(benchmark::State& state, std::size_t body_size, bool has_escapes) {
    const Bytes body = text_of(alphabets[0], body_size);
    const std::vector<stomp::Header> headers = {
        {"destination", "/topic/prices/EURUSD"},
        {"message-id", "T_1234567890"},
        {"subscription", "sub-0"},
        {"content-type", "application/json"},
        {"correlation", has_escapes ? "a:b\\c:d" : "a-b-c-d"}};
    std::string out;
    append_frame(out, stomp::Command::message, headers, body, Version::v1_2);
    BufferPool pool;
    const stomp::FrameLimits limits;
    stomp::FrameReader reader(limits, pool);
    std::span<const std::byte> input = std::as_bytes(std::span(out));
    const stomp::Frame* const frame = reader.next(input);
    check(state, frame != nullptr && frame->headers.size() == 6 &&
                     frame->find("correlation") == headers[4].value &&
                     std::ranges::equal(frame->body, body));
    const std::size_t size = out.size();
    for (auto _ : state) {
        out.clear();
        append_frame(out, stomp::Command::message, headers, body, Version::v1_2);
        benchmark::DoNotOptimize(out.data());
        benchmark::ClobberMemory();
    }
    count_bytes(state, size);
    count_things(state, "frame", 1);
}

void add_reader(const std::string& way, const Input& input) {
    add_row("stomp_frame/" + way + "/" + std::to_string(input.body_size),
            [=](benchmark::State& state) { time_reader(state, input); });
}

[[maybe_unused]] const bool is_added = [] {
    for (const std::size_t size : {std::size_t{100}, std::size_t{1024}, std::size_t{64 * 1024}}) {
        add_reader("read_counted", {.body_size = size});
        add_reader("read_to_nul", {.body_size = size, .has_content_length = false});
        add_reader("read_escaped", {.body_size = size, .has_escapes = true});
        for (const bool has_escapes : {false, true}) {
            const std::string way = has_escapes ? "write_escaped" : "write";
            add_row("stomp_frame/" + way + "/" + std::to_string(size),
                    [=](benchmark::State& state) { time_writer(state, size, has_escapes); });
        }
    }
    add_reader("read_batch_of_16", {.body_size = 100, .count = 16});
    add_reader("read_cut_in_head", {.body_size = 100, .piece_size = 150});
    add_reader("read_cut_in_body", {.body_size = 1024, .piece_size = 1000});
    add_reader("read_byte_by_byte", {.body_size = 1024, .piece_size = 1});
    add_reader("read_pieces_of_1448", {.body_size = 64 * 1024, .piece_size = 1448});
    return true;
}();

}  // namespace
}  // namespace edgews::bench
