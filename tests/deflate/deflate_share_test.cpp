// A compressed message that takes long to restore: others have their turn meanwhile.
#include <edgews/deflate.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "codecs.hpp"
#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

constexpr std::string_view offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

// Bits as DEFLATE packs them, the lowest first (RFC 1951, section 3.1.1).
class BitWriter {
  public:
    void write(unsigned value, unsigned count) {
        for (unsigned i = 0; i < count; ++i, ++size_) {
            if (size_ % 8 == 0) bytes_.push_back(std::byte{0});
            if ((value >> i & 1) != 0) bytes_.back() |= std::byte{1} << size_ % 8;
        }
    }
    [[nodiscard]] const Bytes& bytes() const noexcept { return bytes_; }

  private:
    Bytes bytes_;
    std::size_t size_ = 0;  // Bits.
};

// A block with codes of its own and nothing in it (section 3.2.7): 256 literals without a code, in
// two runs, then one bit for the end of the block, and one distance without a code.
void write_empty_block(BitWriter& bits) {
    bits.write(0b100, 3);
    bits.write(0, 5 + 5);
    bits.write(14, 4);  // The lengths of 18 codes follow: of 18 one bit, of 0 and 1 two.
    for (const unsigned length :
         {0U, 0U, 1U, 2U, 0U, 0U, 0U, 0U, 0U, 0U, 0U, 0U, 0U, 0U, 0U, 0U, 0U, 2U}) {
        bits.write(length, 3);
    }
    bits.write(0 | (138 - 11) << 1, 8);
    bits.write(0 | (118 - 11) << 1, 8);
    bits.write(0b11, 2);
    bits.write(0b01, 2);
    bits.write(0, 1);
}

// Many of them, and the beginning of the empty block that ends a message (RFC 7692, section 7.2.1).
Bytes empty_blocks(std::size_t size) {
    BitWriter bits;
    while (bits.bytes().size() < size) write_empty_block(bits);
    bits.write(0, 3);
    return bits.bytes();
}

class DeflateShare : public testing::TestWithParam<bool> {
  protected:
    DeflateShare() {
        Handlers handlers;
        if (GetParam()) {
            handlers.message_chunk = [this](Connection&, auto bytes) { text_ += text_of(bytes); };
            handlers.message_end = [this](Connection&) { notes_.add("whole"); };
        } else {
            handlers.message = [this](Connection&, Message m) {
                text_ = text_of(m.bytes());
                notes_.add("whole");
            };
        }
        server_->ws("/packed", std::move(handlers),
                    {.message_size_max = 64 << 20, .compression = deflate()});
        server_->ws("/", {.message = [this](Connection&, Message) { notes_.add("other"); }});
        server_.start();
    }

    Notes notes_;
    std::string text_;  // Of the last message, once there is a note of it.
    TestServer server_;
};

TEST_P(DeflateShare, of_empty_blocks_is_no_more_than_that_of_others) {
    TestClient flooder = server_.open("/packed", offer);
    TestClient bystander = server_.open();
    server_.on_loop([&] {
        flooder.send(client_frame(0xC1, empty_blocks(60'000)));
        bystander.send_text("x");
    });
    EXPECT_EQ(notes_.wait_for(2), (List{"other", "whole"}));
    EXPECT_EQ(text_, "");
}

TEST_P(DeflateShare, of_a_large_message_changes_nothing_of_it) {
    TestClient client = server_.open("/packed", offer);
    std::string text;
    for (std::uint32_t i = 0; text.size() < 20'000'000; ++i) {
        text += std::to_string(i * 2'654'435'761U);
    }
    const auto compression = deflate();
    const auto loop = compression->open();
    const auto codec = loop->make_codec(
        {.server_no_context_takeover = true, .client_no_context_takeover = true}, Role::client);
    client.send(client_frame(0xC1, compress(*codec, text)) + client_frame(0x89, "ping"));
    client.expect_frame(0x8A, "ping");
    EXPECT_EQ(notes_.wait_for(1), List{"whole"});
    EXPECT_TRUE(text_ == text);
    client.close_cleanly();
}

INSTANTIATE_TEST_SUITE_P(WholeAndInParts, DeflateShare, testing::Bool());

}  // namespace
}  // namespace edgews::test
