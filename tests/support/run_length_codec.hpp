// A codec for tests, which stands for DEFLATE: each pair of bytes, a count and a value, means so
// many of that value. No count is 0.
#pragma once

#include "core/websocket/message_codec.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace edgews::test {

class RunLengthCodec final : public MessageCodec {
  public:
    explicit RunLengthCodec(std::uint8_t window_bits = 15) : window_bits_(window_bits) {}

    [[nodiscard]] Progress restore(std::span<const std::byte>& input, std::span<std::byte>& output,
                                   Part part) noexcept override {
        while (true) {
            const std::size_t count = std::min(run_size_, output.size());
            std::fill_n(output.begin(), count, run_value_);
            output = output.subspan(count);
            run_size_ -= count;
            if (run_size_ > 0) return Progress::full;
            if (input.empty()) return part == Part::last ? Progress::complete : Progress::hungry;
            const std::byte byte = input.front();
            if (!has_count_ && byte == std::byte{0}) return Progress::malformed;
            input = input.subspan(1);
            if (has_count_) {
                run_size_ = count_;
                run_value_ = byte;
            } else {
                count_ = std::to_integer<std::size_t>(byte);
            }
            has_count_ = !has_count_;
        }
    }

    [[nodiscard]] std::size_t compressed_size_max(std::size_t size) const noexcept override {
        return 2 * size;
    }
    [[nodiscard]] bool has_context() const noexcept override { return false; }
    [[nodiscard]] std::size_t compress(std::span<const std::byte> message,
                                       std::span<std::byte> output) noexcept override {
        ++compressed_count;
        std::size_t size = 0;
        for (std::size_t i = 0; i < message.size(); ++i) {
            const bool is_more =
                i > 0 && message[i] == message[i - 1] && output[size - 2] != std::byte{255};
            if (!is_more) {
                output[size++] = std::byte{0};
                output[size++] = message[i];
            }
            output[size - 2] = std::byte(std::to_integer<unsigned>(output[size - 2]) + 1);
        }
        return size;
    }
    [[nodiscard]] std::size_t compress_alone(std::span<const std::byte> message,
                                             std::span<std::byte> output) noexcept override {
        return compress(message, output);
    }
    [[nodiscard]] std::uint8_t window_bits() const noexcept override { return window_bits_; }
    void sent_alone() noexcept override {}
    void rest() noexcept override {}

    int compressed_count = 0;

  private:
    std::uint8_t window_bits_;
    bool has_count_ = false;  // The first byte of a pair was read.
    std::size_t count_ = 0;
    std::size_t run_size_ = 0;  // What is left of the run that is being written.
    std::byte run_value_{};
};

}  // namespace edgews::test
