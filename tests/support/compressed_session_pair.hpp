// A client's session and a server's that agreed on permessage-deflate (RFC 7692), and a codec that
// counts.
#pragma once

#include <gtest/gtest.h>

#include "core/websocket/message_codec.hpp"
#include "core/websocket/session.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "tests/support/run_length_codec.hpp"
#include "tests/support/session_pair.hpp"

namespace edgews::test {

// What the codecs were asked to do.
struct Count {
    std::size_t restored_size = 0;
    std::size_t slice_size_max = 0;
    std::size_t compressed = 0;
    std::size_t rested = 0;
};

class CountedCodec final : public MessageCodec {
  public:
    explicit CountedCodec(Count& count, bool has_context = false)
        : count_(count), has_context_(has_context) {}

    [[nodiscard]] Progress restore(std::span<const std::byte>& input, std::span<std::byte>& output,
                                   Part part) noexcept override {
        count_.slice_size_max = std::max(count_.slice_size_max, input.size());
        const std::size_t room = output.size();
        const Progress progress = codec_.restore(input, output, part);
        count_.restored_size += room - output.size();
        return progress;
    }
    [[nodiscard]] std::size_t compressed_size_max(std::size_t size) const noexcept override {
        return codec_.compressed_size_max(size);
    }
    [[nodiscard]] bool has_context() const noexcept override { return has_context_; }
    [[nodiscard]] std::size_t compress(std::span<const std::byte> message,
                                       std::span<std::byte> output) noexcept override {
        ++count_.compressed;
        return codec_.compress(message, output);
    }
    [[nodiscard]] std::size_t compress_alone(std::span<const std::byte> message,
                                             std::span<std::byte> output) noexcept override {
        return compress(message, output);
    }
    [[nodiscard]] std::uint8_t window_bits() const noexcept override { return 15; }
    void sent_alone() noexcept override {}
    void rest() noexcept override { ++count_.rested; }

  private:
    RunLengthCodec codec_;
    Count& count_;
    bool has_context_;
};

// `count` bytes, each of them `times` times.
inline std::string runs(std::size_t count, std::size_t times) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text.append(times, static_cast<char>('a' + i % 26));
    return text;
}

// What that is compressed to. `times`: at most 127.
inline std::string packed_runs(std::size_t count, std::size_t times) {
    std::string packed;
    for (std::size_t i = 0; i < count; ++i) {
        packed += static_cast<char>(times);
        packed += static_cast<char>('a' + i % 26);
    }
    return packed;
}

class CompressedSessionPair : public SessionPair {
  protected:
    void agree(SessionSide& one, std::size_t message_size_min = 0, bool has_context = false) {
        DeflateAnswer answer;
        answer.agreed.server_max_window_bits = 12;
        one.session.compress_with(std::make_unique<CountedCodec>(count, has_context), answer,
                                  message_size_min);
    }
    void connect_compressed(const SessionSetup& setup = {}, std::size_t message_size_min = 0) {
        connect(setup);
        for (const Role role : both_roles) agree(side(role), message_size_min);
        count = {};
    }
    // However it is cut, whole or streamed.
    void expect_events(const ReaderSetup& reader, Role role, std::span<const std::byte> bytes,
                       const Entries& heard, const Entries& said) {
        const auto begin = [&](SessionSide& one) { agree(one); };
        expect_however_cut(role, {.reader = reader}, bytes, heard, said, begin);
    }

    Count count;
};

}  // namespace edgews::test
