// Frames for tests, built byte by byte without the code under test.
#pragma once

#include "bytes.hpp"

namespace edgews::test {

// A frame as RFC 6455, section 5.2 draws it. `first_byte`: FIN, RSV1-3 and the
// opcode, such as 0x81 for a whole text. The length takes its minimal form.
inline Bytes frame(unsigned first_byte, std::span<const std::byte> payload, bool masked) {
    const std::size_t length_size = payload.size() < 126 ? 0 : payload.size() < 65536 ? 2 : 8;
    const std::size_t short_length = length_size == 0   ? payload.size()
                                     : length_size == 2 ? 126
                                                        : 127;
    Bytes bytes{static_cast<std::byte>(first_byte),
                static_cast<std::byte>(short_length | (masked ? 0x80U : 0U))};
    for (std::size_t i = length_size; i-- > 0;) {
        bytes.push_back(static_cast<std::byte>(payload.size() >> (8 * i)));
    }
    const std::byte key[4] = {std::byte{0x37}, std::byte{0xfa}, std::byte{0x21}, std::byte{0x3d}};
    if (masked) bytes.insert(bytes.end(), key, key + 4);
    const std::size_t header_size = bytes.size();
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    std::byte* const data = bytes.data() + header_size;
    for (std::size_t i = 0; masked && i < payload.size(); ++i) data[i] ^= key[i % 4];
    return bytes;
}

// What a client sends: masked, with the key of the RFC's examples.
inline Bytes client_frame(unsigned first_byte, std::span<const std::byte> payload) {
    return frame(first_byte, payload, true);
}
inline Bytes client_frame(unsigned first_byte, std::string_view payload) {
    return frame(first_byte, bytes_of(payload), true);
}

// What a server sends: not masked.
inline Bytes server_frame(unsigned first_byte, std::span<const std::byte> payload) {
    return frame(first_byte, payload, false);
}
inline Bytes server_frame(unsigned first_byte, std::string_view payload) {
    return frame(first_byte, bytes_of(payload), false);
}

}  // namespace edgews::test
