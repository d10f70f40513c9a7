#include <edgews/deflate.hpp>

#include "deflate/zlib_stream.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace edgews {

namespace {

using Progress = MessageCodec::Progress;

// A match ends at least so far before the window's end (zlib's MIN_LOOKAHEAD).
constexpr std::size_t look_ahead = 262;
static_assert(DeflateOptions::window_bits_min == window_bits_min &&
              DeflateOptions::window_bits_max == window_bits_max);

constexpr std::uint8_t zlib_window_bits_min = 9;
// As many entries in the hash table as in the window, and symbols in a block as bytes.
constexpr int memory_level_of_window = 6;

// What the codecs of one loop share: streams for messages that stand alone.
class SharedStreams final : public LoopCompression {
  public:
    explicit SharedStreams(const DeflateOptions& options) noexcept : options_(options) {}

    std::unique_ptr<MessageCodec> make_codec(const DeflateParameters& agreed, Role role) override;

    [[nodiscard]] const DeflateOptions& options() const noexcept { return options_; }

    // One for a message of that size, which begins anew. To begin costs as much as the tables are
    // large: a small message gets small ones, just large enough to look back to its beginning.
    [[nodiscard]] Deflater& deflater_for(std::size_t size, std::uint8_t window_bits_limit) {
        const auto fitting = static_cast<std::uint8_t>(
            std::min<std::size_t>(std::bit_width(size + look_ahead - 1), window_bits_max));
        const auto bits = std::max(std::min(fitting, window_bits_limit), zlib_window_bits_min);
        std::unique_ptr<Deflater>& deflater = deflaters_[bits];
        if (deflater) {
            deflater->reset();
        } else {
            deflater = std::make_unique<Deflater>(DeflaterSetup{
                .window_bits = bits,
                .level = options_.level,
                .memory_level = std::min(options_.memory_level, bits - memory_level_of_window)});
        }
        return *deflater;
    }

    // An inflater on loan, for one message.
    [[nodiscard]] std::unique_ptr<Inflater> take_inflater() {
        if (inflaters_.empty()) return std::make_unique<Inflater>(window_bits_max);
        std::unique_ptr<Inflater> inflater = std::move(inflaters_.back());
        inflaters_.pop_back();
        return inflater;
    }
    void give_back(std::unique_ptr<Inflater> inflater) {
        if (inflaters_.size() == spare_count_max) return;
        inflater->reset();
        inflaters_.push_back(std::move(inflater));
    }

  private:
    static constexpr std::size_t spare_count_max = 16;

    DeflateOptions options_;
    std::array<std::unique_ptr<Deflater>, window_bits_max + 1> deflaters_;  // By window bits.
    std::vector<std::unique_ptr<Inflater>> inflaters_;
};

// How one side's messages are compressed.
struct Direction {
    bool stands_alone;
    std::uint8_t window_bits;
};

class DeflateCodec final : public MessageCodec {
  public:
    DeflateCodec(SharedStreams& shared, Direction sent, Direction received) noexcept
        : shared_(shared), sent_(sent), received_(received) {}

    Progress restore(std::span<const std::byte>& input, std::span<std::byte>& output,
                     Part part) noexcept override {
        if (!inflater_) begin_receiving();
        const Progress progress = inflater_->restore(input, output, part);
        if (progress == Progress::complete && received_.stands_alone) {
            shared_.give_back(std::move(inflater_));
        }
        return progress;
    }

    std::size_t compressed_size_max(std::size_t size) const noexcept override {
        return deflated_size_max(size);
    }
    bool has_context() const noexcept override { return !sent_.stands_alone; }
    std::size_t compress(std::span<const std::byte> message,
                         std::span<std::byte> output) noexcept override {
        if (sent_.stands_alone) return compress_alone(message, output);
        if (!deflater_) {
            const DeflateOptions& options = shared_.options();
            deflater_ =
                std::make_unique<Deflater>(DeflaterSetup{.window_bits = sent_.window_bits,
                                                         .level = options.level,
                                                         .memory_level = options.memory_level});
        }
        if (std::exchange(begins_anew_, false)) deflater_->reset();
        has_sent_ = true;
        return deflater_->compress(message, output);
    }

    std::size_t compress_alone(std::span<const std::byte> message,
                               std::span<std::byte> output) noexcept override {
        return shared_.deflater_for(message.size(), sent_.window_bits).compress(message, output);
    }
    std::uint8_t window_bits() const noexcept override { return sent_.window_bits; }
    void sent_alone() noexcept override { begins_anew_ = deflater_ != nullptr; }

    // The peer may refer to its last messages whenever it likes, so these are kept, as bytes. What
    // we sent we need not refer to; but the peer may be silent while it is sent to all the time.
    void rest() noexcept override {
        if (!std::exchange(has_sent_, false)) {
            deflater_.reset();
            begins_anew_ = false;
        }
        if (!inflater_) return;
        window_ = inflater_->window();
        inflater_.reset();
    }

  private:
    void begin_receiving() noexcept {
        if (received_.stands_alone) {
            inflater_ = shared_.take_inflater();
            return;
        }
        inflater_ = std::make_unique<Inflater>(received_.window_bits);
        inflater_->set_window(window_);
        window_ = {};
    }

    SharedStreams& shared_;
    Direction sent_;
    Direction received_;
    std::unique_ptr<Inflater> inflater_;  // Null: between messages that stand alone, or at rest.
    std::unique_ptr<Deflater> deflater_;  // Null: messages stand alone, or nothing was sent.
    std::vector<std::byte> window_;       // At rest: what the peer may refer to.
    bool begins_anew_ = false;            // The next message that is sent.
    bool has_sent_ = false;               // Through deflater_, since the last rest().
};

std::unique_ptr<MessageCodec> SharedStreams::make_codec(const DeflateParameters& agreed,
                                                        Role role) {
    const Direction by_server{agreed.server_no_context_takeover, agreed.server_max_window_bits};
    const Direction by_client{agreed.client_no_context_takeover, agreed.client_max_window_bits};
    const bool is_server = role == Role::server;
    return std::make_unique<DeflateCodec>(*this, is_server ? by_server : by_client,
                                          is_server ? by_client : by_server);
}

class Deflate final : public Compression {
  public:
    explicit Deflate(const DeflateOptions& options) noexcept : options_(options) {}

    DeflateParameters terms() const noexcept override {
        const bool is_shared = options_.memory == DeflateMemory::shared;
        return {.server_no_context_takeover = is_shared,
                .client_no_context_takeover = is_shared,
                .server_max_window_bits = options_.window_bits,
                .client_max_window_bits = options_.window_bits};
    }
    std::size_t message_size_min() const noexcept override {
        const bool is_shared = options_.memory == DeflateMemory::shared;
        return options_.message_size_min.value_or(is_shared ? 128 : 32);
    }
    std::unique_ptr<LoopCompression> open() const override {
        return std::make_unique<SharedStreams>(options_);
    }

  private:
    DeflateOptions options_;
};

void check_range(const char* name, int value, int min, int max) {
    if (value >= min && value <= max) return;
    throw std::invalid_argument(std::string("DeflateOptions::") + name + " is " +
                                std::to_string(value) + ", not " + std::to_string(min) + " to " +
                                std::to_string(max));
}

}  // namespace

std::shared_ptr<const Compression> deflate(const DeflateOptions& options) {
    check_range("window_bits", options.window_bits, window_bits_min, window_bits_max);
    check_range("level", options.level, 1, 9);
    check_range("memory_level", options.memory_level, 1, 9);
    return std::make_shared<Deflate>(options);
}

}  // namespace edgews
