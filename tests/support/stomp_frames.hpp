// STOMP frames for tests: as text, and what a FrameReader says of them.
#pragma once

#include <edgews/stomp_frame.hpp>
#include "core/stomp/frame_reader.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bytes.hpp"

namespace edgews::test {

// "SEND\ndestination:/a\n\nbody" with its NUL.
inline Bytes stomp_bytes(std::string_view text) {
    Bytes bytes = bytes_of(text);
    bytes.push_back(std::byte{0});
    return bytes;
}

// All that a frame is: "SEND [destination: /a] [x: y] | body ! What is wrong with it."
inline std::string everything(const stomp::Frame& frame) {
    std::string text(to_string(frame.command));
    if (text.empty()) text = "unknown";
    for (const stomp::Header& header : frame.headers) {
        text += " [" + std::string(header.name) + ": " + std::string(header.value) + "]";
    }
    if (!frame.body.empty()) text += " | " + text_of(frame.body);
    if (frame.fault != stomp::Fault::none) text += " ! " + std::string(describe(frame.fault));
    return text;
}

// All frames of `input`, which the reader must use up.
inline void read_stomp(stomp::FrameReader& reader, std::span<const std::byte> input,
                       std::vector<std::string>& frames) {
    while (const stomp::Frame* frame = reader.next(input)) frames.push_back(everything(*frame));
    if (!input.empty()) frames.emplace_back("input was left");
}

}  // namespace edgews::test
