// Parses the lines of a STOMP head (1.2, STOMP Frames; Value Encoding).
#pragma once

#include <edgews/stomp_frame.hpp>
#include "core/base/buffer.hpp"
#include "core/stomp/frame_store.hpp"
#include "core/stomp/version.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace edgews::stomp {

struct HeadRules {
    Version version = Version::v1_2;
    std::size_t body_size_max = 0;
};

struct ParsedHead {
    Command command = Command::unknown;
    Fault fault = Fault::none;                    // The first.
    std::optional<std::size_t> content_length{};  // The first, if it is a number.
};

// Reads the command and the headers of `lines`, each of which is whole; the blank one may be
// missing. Good headers go to `store`, which begins with them; what breaks a rule is left out.
//
// Views of `lines` get into the store.
[[nodiscard]] ParsedHead parse_head(std::span<const std::byte> lines, const HeadRules& rules,
                                    FrameStore& store, BufferPool& pool) noexcept;

}  // namespace edgews::stomp
