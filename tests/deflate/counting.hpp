// Compression that counts what its codecs do, and what its tests send.
#pragma once

#include <edgews/deflate.hpp>
#include "core/websocket/message_codec.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace edgews::test {

inline constexpr std::string_view offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

inline std::string text_of_size(std::size_t size) {
    std::string text;
    for (int i = 0; text.size() < size; ++i) text += "line " + std::to_string(i) + ", ";
    return text.substr(0, size);
}

// Counts what codecs do.
class CountingCompression final : public Compression {
  public:
    explicit CountingCompression(const DeflateOptions& options) : inner_(deflate(options)) {}
    DeflateParameters terms() const noexcept override { return inner_->terms(); }
    std::size_t message_size_min() const noexcept override { return inner_->message_size_min(); }
    std::unique_ptr<LoopCompression> open() const override {
        return std::make_unique<Counting>(inner_->open(), counts_);
    }
    struct Counts {
        std::atomic<std::size_t> restored_size = 0;
        std::atomic<int> compressed_alone = 0;
        std::atomic<int> rested = 0;
    };
    [[nodiscard]] Counts& counts() const { return counts_; }

  private:
    class CountingCodec final : public MessageCodec {
      public:
        CountingCodec(std::unique_ptr<MessageCodec> inner, Counts& counts)
            : inner_(std::move(inner)), counts_(counts) {}
        Progress restore(std::span<const std::byte>& input, std::span<std::byte>& output,
                         Part part) noexcept override {
            const std::size_t room = output.size();
            const Progress progress = inner_->restore(input, output, part);
            counts_.restored_size += room - output.size();
            return progress;
        }
        std::size_t compressed_size_max(std::size_t size) const noexcept override {
            return inner_->compressed_size_max(size);
        }
        bool has_context() const noexcept override { return inner_->has_context(); }
        std::size_t compress(std::span<const std::byte> message,
                             std::span<std::byte> output) noexcept override {
            return inner_->compress(message, output);
        }
        std::size_t compress_alone(std::span<const std::byte> message,
                                   std::span<std::byte> output) noexcept override {
            ++counts_.compressed_alone;
            return inner_->compress_alone(message, output);
        }
        std::uint8_t window_bits() const noexcept override { return inner_->window_bits(); }
        void sent_alone() noexcept override { inner_->sent_alone(); }
        void rest() noexcept override {
            ++counts_.rested;
            inner_->rest();
        }

      private:
        std::unique_ptr<MessageCodec> inner_;
        Counts& counts_;
    };
    class Counting final : public LoopCompression {
      public:
        Counting(std::unique_ptr<LoopCompression> inner, Counts& counts)
            : inner_(std::move(inner)), counts_(counts) {}
        std::unique_ptr<MessageCodec> make_codec(const DeflateParameters& agreed,
                                                 Role role) override {
            return std::make_unique<CountingCodec>(inner_->make_codec(agreed, role), counts_);
        }

      private:
        std::unique_ptr<LoopCompression> inner_;
        Counts& counts_;
    };

    std::shared_ptr<const Compression> inner_;
    mutable Counts counts_;
};

}  // namespace edgews::test
