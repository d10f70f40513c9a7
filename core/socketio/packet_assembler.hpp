// From messages to packets: the attachments of a binary packet come behind it, each in a message of
// its own (protocol 5, Packet encoding).
//
// Without I/O, for one connection. What is kept of a packet whose attachments are still to come is
// in Buffers on loan, which grow with what arrived, never with the number that the packet claims.
// The last attachment, mostly the only one, is shown where it lies. Between two packets nothing is
// on loan.
#pragma once

#include "core/base/buffer.hpp"
#include "core/socketio/packet.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sio {

struct Attachment {
    const std::byte* data = nullptr;
    std::size_t size = 0;

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data, size}; }
};

// What a message made.
struct Assembled {
    enum class Kind : std::uint8_t {
        none,    // No packet yet: attachments are to come.
        packet,  // `packet`, with `attachments`, as many as it says.
        fault,   // `packet.fault`. The assembler stays failed, and discards all that follows.
    };
    Kind kind = Kind::none;
    Packet packet{};
    std::span<const Attachment> attachments{};
};

// What came of a packet whose other attachments are still to come.
struct UnfinishedPacket {
    std::string text{};  // Empty: there is none.
    std::vector<std::vector<std::byte>> attachments{};
};

class PacketAssembler {
  public:
    // Both are borrowed.
    PacketAssembler(const PacketLimits& limits, BufferPool& pool) noexcept
        : limits_(&limits), pool_(&pool) {}

    // The next message. The result is valid until the next one, as long as the message's memory and
    // `space`, for which see decode_packet().
    [[nodiscard]] Assembled take_text(std::string_view text,
                                      std::span<std::string_view> space) noexcept;
    [[nodiscard]] Assembled take_binary(std::span<const std::byte> bytes,
                                        std::span<std::string_view> space) noexcept;

    // Attachments are to come.
    [[nodiscard]] bool is_inside_packet() const noexcept { return step_ == Step::attachments; }
    // Takes what came of a packet, for another assembler, perhaps of another pool, to be fed with.
    // This one is then between two packets.
    [[nodiscard]] UnfinishedPacket take_unfinished();

  private:
    enum class Step : std::uint8_t {
        text,         // A packet comes next. What the last one borrowed goes back then.
        attachments,  // They come next.
        discarding,   // After a fault. Never left.
    };

    [[nodiscard]] Assembled fail(Fault fault) noexcept;
    [[nodiscard]] Assembled complete(std::span<const std::byte> last,
                                     std::span<std::string_view> space) noexcept;
    [[nodiscard]] bool keep_size(std::size_t size) noexcept;
    [[nodiscard]] std::span<Attachment> kept_attachments() const noexcept;
    void give_back() noexcept;

    const PacketLimits* limits_;
    BufferPool* pool_;
    Buffer kept_;         // The text, and all attachments behind it.
    Buffer attachments_;  // Of each an Attachment, whose data are not yet known.
    std::uint32_t text_size_ = 0;
    std::uint8_t attachment_count_ = 0;  // That the packet says.
    Step step_ = Step::text;
};

// One in every connection, the idle ones too.
static_assert(sizeof(PacketAssembler) <= 40);

}  // namespace edgews::sio
