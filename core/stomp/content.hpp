// A message on its way: what a SEND carried, encoded once for all who get it.
//
// One block of memory, counted by its holders:
//
//     | Block | destination | head for 1.2 | body | NUL | head for 1.1 | head for 1.0 |
//
// The heads are what all receivers of a version have in common: from message-id to the blank line.
// Where no header needs escaping, which is usual, one head serves all versions. What differs for
// each receiver, `subscription` and `ack`, is written in front (see Delivery).
//
// Copies may be held, read and dropped on any thread.
#pragma once

#include <edgews/stomp_frame.hpp>
#include "core/stomp/version.hpp"

#include <array>
#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace edgews::stomp {

class ContentPool;

// What a message is made of. Views, borrowed for the call.
struct ContentSource {
    std::string_view destination;
    // The sender's. Those that are the server's to say, or the frame's and not the message's, are
    // left out: destination, content-length, message-id, subscription, ack, redelivered, dropped,
    // gap, receipt, receipt-id, transaction. Repeated ones stay, in their order.
    std::span<const Header> headers{};
    // It says that messages may have been missed: by `gap:true`.
    bool is_gap = false;
    // In place of the headers' own reply-to; empty: that one stays.
    std::string_view reply_to{};
    std::span<const std::byte> body{};
    // Milliseconds since 1970; 0: never.
    std::uint64_t expires_ms = 0;
};

class Content {
  public:
    // Empty: no message.
    Content() = default;
    Content(const Content& other) noexcept : block_(other.block_) {
        if (block_ != nullptr) block_->holders.fetch_add(1, std::memory_order_relaxed);
    }
    Content(Content&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    Content& operator=(Content other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    ~Content() {
        const auto order = std::memory_order_acq_rel;
        if (block_ != nullptr && block_->holders.fetch_sub(1, order) == 1) give_back();
    }

    explicit operator bool() const noexcept { return block_ != nullptr; }

    // Requires for all below: not empty. Views are valid as long as any copy is held.

    // As the SEND said it.
    [[nodiscard]] std::string_view destination() const noexcept;
    // The lines from message-id, which is unique within the broker's life and beyond, to the blank
    // one.
    [[nodiscard]] std::string_view head(Version version) const noexcept;
    // The same without the line of message-id.
    [[nodiscard]] std::string_view head_after_id(Version version) const noexcept;
    [[nodiscard]] std::span<const std::byte> body() const noexcept;
    // The same with the NUL that ends the frame.
    [[nodiscard]] std::span<const std::byte> body_and_end() const noexcept;
    // All of it is UTF-8: it may travel in a text message (RFC 6455, section 5.6).
    [[nodiscard]] bool is_text() const noexcept;
    [[nodiscard]] std::uint64_t expires_ms() const noexcept;
    // Bytes of memory.
    [[nodiscard]] std::size_t size() const noexcept { return block_->size; }
    // Subscriptions that it waits for: counted by who has copies wait, one thread at a time. True:
    // it is the first, or was the last.
    [[nodiscard]] bool add_waiting() const noexcept { return block_->waiting_count++ == 0; }
    [[nodiscard]] bool remove_waiting() const noexcept {
        assert(block_->waiting_count > 0);
        return --block_->waiting_count == 0;
    }

  private:
    friend class ContentPool;
    struct Block;
    // What each block begins with.
    struct Counted {
        std::atomic<std::uint32_t> holders{1};
        std::uint32_t waiting_count = 0;
        std::size_t size = 0;  // Bytes, with all of the block.
    };
    explicit Content(Counted* block) noexcept : block_(block) {}
    [[nodiscard]] Block& block() const noexcept;
    void give_back() noexcept;

    Counted* block_ = nullptr;
};

// Makes messages, and keeps the memory of those that are gone for the next: steady traffic
// allocates nothing. Must outlive them.
class ContentPool {
  public:
    // `name`: begins the ids of this pool's messages; no other pool has it.
    explicit ContentPool(std::string name) : name_(std::move(name)) {}
    ContentPool(const ContentPool&) = delete;
    ContentPool& operator=(const ContentPool&) = delete;
    ~ContentPool();

    // One thread at a time.
    [[nodiscard]] Content make(const ContentSource& source);

  private:
    friend class Content;
    // 256 B, 512 B, … 8 KiB: larger blocks come from the heap and go back there.
    static constexpr std::size_t class_count = 6;
    static constexpr std::size_t kept_size_max = 4 * 1024 * 1024;

    struct Heads;
    void encode_heads(const ContentSource& source);
    void encode_head(std::string& out, const ContentSource& source, Version version) const;
    [[nodiscard]] Content::Block* take(std::size_t size);
    // Any thread.
    void give_back(Content::Block* block) noexcept;
    void sort_returned() noexcept;

    std::string name_;
    std::uint64_t made_count_ = 0;
    std::string id_line_;                              // Of make().
    std::array<std::string, 3> heads_;                 // The same, by version; empty: as 1.2.
    std::array<Content::Block*, class_count> kept_{};  // Each a stack.
    std::atomic<Content::Block*> returned_{nullptr};   // By any thread; a stack, taken whole.
    std::atomic<std::size_t> kept_size_{0};            // Of both.
};

}  // namespace edgews::stomp
