// Compressing and restoring on zlib (RFC 7692, section 7.2), without a connection.
#include <edgews/deflate.hpp>
#include "deflate/zlib_stream.hpp"

#include <malloc.h>
#include <sys/resource.h>

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "codecs.hpp"
#include "tests/support/resident.hpp"

namespace edgews::test {
namespace {

constexpr DeflateParameters takeover{};
constexpr DeflateParameters no_takeover{.server_no_context_takeover = true,
                                        .client_no_context_takeover = true};

std::string json_of(std::size_t size) {
    std::string text;
    for (int i = 0; text.size() < size; ++i) {
        text += R"({"id":)" + std::to_string(1'000 + i * 7) + R"(,"symbol":"EDG)" +
                std::to_string(i % 5) + R"(","price":)" + std::to_string(100 + i * 31 % 97) +
                R"(.25,"side":")" + (i % 2 == 0 ? "buy" : "sell") + R"("},)";
    }
    return text.substr(0, size);
}

std::string noise_of(std::size_t size, unsigned seed = 1) {
    std::mt19937 random(seed);
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>(random());
    return text;
}

// Section 7.2.3: all "Hello".
TEST(Deflate, the_examples_of_the_rfc_are_restored) {
    struct Row {
        const char* name;
        const char* hex;
    };
    const Row rows[] = {
        {"7.2.3.1: one block", "f2 48 cd c9 c9 07 00"},
        {"7.2.3.2: referring to the one before", "f2 00 11 00 00"},
        {"7.2.3.3: stored", "00 05 00 fa ff 48 65 6c 6c 6f 00"},
        {"7.2.3.4: a final block", "f3 48 cd c9 c9 07 00 00"},
        {"7.2.3.5: two blocks", "f2 48 05 00 00 00 ff ff ca c9 c9 07 00"},
        {"a final block, and what it referred to is still there", "f2 00 11 00 00"},
    };
    CodecPair pair(takeover);
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        const Restored restored = restore(pair.server(), from_hex(row.hex));
        EXPECT_EQ(restored.progress, CodecProgress::complete);
        EXPECT_EQ(restored.text, "Hello");
    }
}

TEST(Deflate, hello_is_compressed_as_the_rfc_does_it) {
    CodecPair pair(takeover);
    EXPECT_EQ(to_hex(compress(pair.server(), "Hello")), "f2 48 cd c9 c9 07 00");
    EXPECT_EQ(to_hex(compress(pair.server(), "Hello")), "f2 00 11 00 00");
    EXPECT_EQ(to_hex(compress_alone(pair.server(), "Hello")), "f2 48 cd c9 c9 07 00");
    EXPECT_EQ(to_hex(compress(pair.server(), "")), "00");  // 7.2.3.6
}

TEST(Deflate, messages_arrive_in_every_combination_of_parameters) {
    std::vector<std::string> messages{"",
                                      "x",
                                      json_of(64),
                                      json_of(300),
                                      noise_of(300),
                                      json_of(5'000),
                                      noise_of(70'000),
                                      std::string(200'000, 'a'),
                                      json_of(100'000)};
    for (const bool server_alone : {false, true}) {
        for (const bool client_alone : {false, true}) {
            for (std::uint8_t bits = window_bits_min; bits <= window_bits_max; ++bits) {
                CodecPair pair(
                    {server_alone, client_alone, bits, static_cast<std::uint8_t>(23 - bits)});
                EXPECT_EQ(pair.server().has_context(), !server_alone);
                EXPECT_EQ(pair.client().has_context(), !client_alone);
                for (const std::string& message : messages) pair.expect_both_ways(message);
            }
        }
    }
}

TEST(Deflate, every_level_and_memory_level_compresses_within_its_bound) {
    const std::string noise = noise_of(40'000);
    for (int level = 1; level <= 9; ++level) {
        for (int memory_level = 1; memory_level <= 9; ++memory_level) {
            for (const DeflateParameters& agreed : {takeover, no_takeover}) {
                CodecPair pair(agreed, {.level = level, .memory_level = memory_level});
                for (std::size_t size : {1U, 2U, 60U, 127U, 128U, 1'000U, 40'000U}) {
                    pair.expect_both_ways(std::string_view(noise).substr(0, size));
                }
            }
        }
    }
}

// As a peer with a window of 2^bits bytes restores it: byte by byte, so that what was put out so
// far is no window of its own.
std::string restored_by_zlib(Bytes message, std::uint8_t bits) {
    message = message + from_hex("00 00 ff ff");
    z_stream stream{};
    EXPECT_EQ(inflateInit2(&stream, -bits), Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(message.data());
    stream.avail_in = static_cast<uInt>(message.size());
    std::string restored;
    int result = Z_OK;
    while (result == Z_OK) {
        char byte = 0;
        stream.next_out = reinterpret_cast<Bytef*>(&byte);
        stream.avail_out = 1;
        result = inflate(&stream, Z_SYNC_FLUSH);
        if (stream.avail_out == 0) restored += byte;
    }
    inflateEnd(&stream);
    return restored;
}

TEST(Deflate, nothing_is_referred_to_beyond_the_window) {
    for (std::uint8_t bits = window_bits_min; bits <= window_bits_max; ++bits) {
        const std::size_t window_size = std::size_t{1} << bits;
        // It repeats itself just beyond, and just within, the window.
        std::string text = noise_of(window_size + 1);
        text += text + text.substr(0, window_size / 2) + noise_of(100, 2) + text;
        CodecPair pair({.server_max_window_bits = bits});
        EXPECT_EQ(restored_by_zlib(compress_alone(pair.server(), text), bits), text);
        EXPECT_EQ(restored_by_zlib(compress(pair.server(), text), bits), text);
    }
}

TEST(Deflate, messages_are_restored_however_they_are_cut_and_whatever_room_there_is) {
    const std::string text = json_of(700);
    CodecPair pair(takeover);
    for (int i = 0; i < 2; ++i) {  // The second one refers to the first.
        const Bytes packed = compress(pair.client(), text);
        const DeflateOptions options{.memory = DeflateMemory::dedicated};
        for_each_split(packed, [&](const Pieces& pieces) {
            for (const std::size_t room : {1U, 7U, 699U, 700U, 701U}) {
                CodecPair other(takeover, options);
                if (i == 1) (void)restore(other.server(), compress(other.client(), text));
                const Restored restored = restore(other.server(), pieces, room);
                ASSERT_EQ(restored.progress, CodecProgress::complete);
                ASSERT_EQ(restored.text, text);
            }
        });
    }
}

// The last bytes of these stand for more than there is room for: the tail waits.
TEST(Deflate, what_is_left_when_all_has_come_is_restored_with_little_room) {
    for (std::size_t size = 2'900; size < 3'000; ++size) {  // 2,980 fill all room, and end there.
        const std::string text(size, 'a');
        CodecPair pair(takeover);
        const Restored restored = restore(pair.server(), compress(pair.client(), text), 20);
        ASSERT_EQ(restored.progress, CodecProgress::complete) << size;
        ASSERT_EQ(restored.text, text) << size;
        ASSERT_EQ(restore(pair.server(), compress(pair.client(), "next")).text, "next") << size;
    }
}

// Each one ends a stream and begins another, which must not cost much.
TEST(Deflate, hundreds_of_thousands_of_final_blocks_take_no_longer_than_other_bytes) {
    CodecPair pair(takeover);
    (void)restore(pair.server(), compress(pair.client(), noise_of(40'000)));  // A full window.
    Bytes blocks;
    while (blocks.size() < 400'000) blocks = blocks + from_hex("03 00 03 00 03 00 03 00 03 00");
    const std::clock_t begin = std::clock();
    EXPECT_EQ(restore(pair.server(), blocks).progress, CodecProgress::complete);
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    EXPECT_LT(seconds, 0.2);  // 8 ms; with copies of the window it was half a second.
    EXPECT_EQ(restore(pair.server(), from_hex("00")).progress, CodecProgress::complete);
}

TEST(Deflate, a_message_that_was_cut_short_is_malformed) {
    CodecPair pair(no_takeover);
    for (const std::string& text : {std::string("Hello"), json_of(500)}) {
        const Bytes packed = compress(pair.client(), text);
        for (std::size_t size = 0; size < packed.size(); ++size) {
            CodecPair other(no_takeover);
            const Restored restored = restore(other.server(), std::span(packed).first(size));
            // Nothing at all stands for an empty message; else its end is missing.
            const bool is_empty = size == 0;
            EXPECT_EQ(restored.progress,
                      is_empty ? CodecProgress::complete : CodecProgress::malformed)
                << size << " of " << packed.size();
        }
    }
}

TEST(Deflate, what_is_no_stream_is_malformed) {
    struct Row {
        const char* name;
        const char* hex;
    };
    const Row rows[] = {
        {"a reserved block type", "06 00"},
        {"a stored block whose lengths differ", "00 05 00 fa fe 48 65 6c 6c 6f 00"},
        {"a distance to before the beginning", "f2 00 11 00 00"},
        {"a fixed block without an end", "f2 48 cd c9 c9"},
        {"an invalid code length set", "fc ff ff ff ff ff ff ff"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        CodecPair pair(takeover);
        EXPECT_EQ(restore(pair.server(), from_hex(row.hex)).progress, CodecProgress::malformed);
    }
}

TEST(Deflate, small_messages_become_much_smaller_when_they_build_on_those_before) {
    CodecPair alone(no_takeover);
    CodecPair building(takeover);
    const std::string text = json_of(200);
    EXPECT_EQ(compress(alone.server(), text).size(), compress(alone.server(), text).size());
    (void)compress(building.server(), text);
    EXPECT_LT(compress(building.server(), text).size(), 12U);
}

// A message for many goes to a receiver whose window knows nothing of what we compress from then
// on.
TEST(Deflate, messages_for_many_may_come_between_a_connections_own) {
    CodecPair pair(takeover);
    for (int i = 0; i < 3; ++i) {
        const std::string own = json_of(400) + std::to_string(i);
        pair.expect_arrives(pair.server(), pair.client(), own);
        const Bytes shared = compress_alone(pair.server(), "for all: " + own);
        pair.server().sent_alone();
        EXPECT_EQ(restore(pair.client(), shared).text, "for all: " + own);
    }
}

TEST(Deflate, who_only_sends_keeps_what_it_builds_on) {
    CodecPair pair(takeover, {.memory = DeflateMemory::dedicated});
    const std::string text = json_of(200);
    (void)compress(pair.server(), text);
    pair.server().rest();  // The peer was silent, we were not.
    EXPECT_LT(compress(pair.server(), text).size(), 20U);
    pair.server().rest();
    pair.server().rest();  // Now we were, too.
    EXPECT_GT(compress(pair.server(), text).size(), 60U);
}

TEST(Deflate, at_rest_it_forgets_nothing_that_the_peer_may_refer_to) {
    for (const DeflateParameters& agreed : {takeover, no_takeover}) {
        CodecPair pair(agreed, {.memory = DeflateMemory::dedicated});
        for (int i = 0; i < 3; ++i) {
            pair.expect_both_ways(json_of(3'000));
            pair.server().rest();  // The client does not, and goes on referring.
            if (i == 1) pair.server().rest();
        }
        pair.expect_both_ways(json_of(3'000));
    }
}

TEST(Deflate, at_rest_the_system_gets_the_memory_back) {
    constexpr std::size_t count = 100;
    std::vector<std::unique_ptr<CodecPair>> pairs;
    while (pairs.size() < count) {
        pairs.push_back(std::make_unique<CodecPair>(
            takeover, DeflateOptions{.memory = DeflateMemory::dedicated}));
    }
    const std::size_t before = resident_size();
    for (const auto& pair : pairs) pair->expect_both_ways(json_of(1'000));
    EXPECT_TRUE(resident_is_over(before + count * 100'000));
    for (int i = 0; i < 2; ++i) {  // After the first they have been silent both ways.
        for (const auto& pair : pairs) {
            pair->server().rest();
            pair->client().rest();
        }
    }
    EXPECT_TRUE(resident_is_under(before + count * 16'000));
}

TEST(Deflate, an_option_out_of_its_range_is_named) {
    const auto message_of = [](const DeflateOptions& options) -> std::string {
        try {
            (void)deflate(options);
        } catch (const std::invalid_argument& error) {
            return error.what();
        }
        return "none";
    };
    EXPECT_EQ(message_of({.window_bits = 7}), "DeflateOptions::window_bits is 7, not 8 to 15");
    EXPECT_EQ(message_of({.window_bits = 16}), "DeflateOptions::window_bits is 16, not 8 to 15");
    EXPECT_EQ(message_of({.level = 0}), "DeflateOptions::level is 0, not 1 to 9");
    EXPECT_EQ(message_of({.memory_level = 10}), "DeflateOptions::memory_level is 10, not 1 to 9");
    EXPECT_EQ(message_of({.level = 10}), "DeflateOptions::level is 10, not 1 to 9");
    EXPECT_EQ(message_of({.memory_level = 0}), "DeflateOptions::memory_level is 0, not 1 to 9");
    EXPECT_EQ(message_of({.window_bits = 8, .level = 1, .memory_level = 1}), "none");
    EXPECT_EQ(message_of({.window_bits = 15, .level = 9, .memory_level = 9}), "none");
    EXPECT_EQ(message_of({}), "none");
}

// The terms that a server answers with, and what is worth compressing.
TEST(Deflate, shared_memory_is_for_messages_that_stand_alone) {
    const auto shared = deflate({.window_bits = 10});
    EXPECT_EQ(shared->terms(), (DeflateParameters{true, true, 10, 10}));
    EXPECT_EQ(shared->message_size_min(), 128U);
    const auto dedicated = deflate({.memory = DeflateMemory::dedicated});
    EXPECT_EQ(dedicated->terms(), (DeflateParameters{false, false, 15, 15}));
    EXPECT_EQ(dedicated->message_size_min(), 32U);
    EXPECT_EQ(deflate({.message_size_min = 0})->message_size_min(), 0U);
}

// What restores it has restored those of others, and forgotten them.
TEST(Deflate, alone_a_message_cannot_refer_to_what_others_were_sent) {
    const std::string secret = noise_of(400);
    CodecPair takes_over(takeover);
    const Bytes first = compress(takes_over.client(), secret);
    const Bytes second = compress(takes_over.client(), secret);
    EXPECT_LT(second.size(), first.size() / 4);
    const std::unique_ptr<LoopCompression> loop = deflate({})->open();
    const auto victim = loop->make_codec(no_takeover, Role::server);
    const auto thief = loop->make_codec(no_takeover, Role::server);
    EXPECT_EQ(restore(*victim, first).text, secret);
    const Restored stolen = restore(*thief, second);
    EXPECT_EQ(stolen.progress, CodecProgress::malformed);
    EXPECT_EQ(stolen.text.find(secret.substr(0, 20)), std::string::npos);
    EXPECT_EQ(restore(*victim, first).text, secret);
}

// A message that stands alone gets tables of its size: large enough to look back to its beginning.
TEST(Deflate, alone_a_message_becomes_as_small_as_in_a_stream_of_its_own) {
    const std::string noise = noise_of(100);
    for (const std::size_t power : {512U, 1024U, 2048U, 4096U, 8192U, 16384U, 32768U}) {
        for (const std::size_t size : {power - 263, power - 262, power - 261, power}) {
            if (size + 262 > 32768) continue;  // No window reaches so far.
            SCOPED_TRACE(size);
            const std::string text = noise + std::string(size - 200, 'x') + noise;
            CodecPair alone(no_takeover);
            CodecPair own(takeover);
            EXPECT_LE(compress(alone.server(), text).size(),
                      compress(own.server(), text).size() + 2);
        }
    }
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// As for all that the engine itself needs: no connection is left in the midst of a message.
TEST(DeflateMemory, without_any_the_process_ends_and_says_why) {
    const auto use_up = [](auto make) {
        std::vector<decltype(make())> all;
        all.reserve(1'000'000);  // More than what the heap has got.
        const rlimit nothing_more{};
        ::setrlimit(RLIMIT_AS, &nothing_more);
        while (all.size() < all.capacity()) all.push_back(make());
    };
    EXPECT_DEATH(use_up([] { return std::make_unique<Deflater>(DeflaterSetup{}); }),
                 "edgews: out of memory");
    EXPECT_DEATH(use_up([] { return std::make_unique<Inflater>(std::uint8_t{15}); }),
                 "edgews: out of memory");
}

TEST(DeflateMemory, without_pages_of_its_own_a_stream_takes_what_the_heap_has) {
    const auto work = [] {
        ::mallopt(M_MMAP_THRESHOLD, 32 * 1024 * 1024);
        ::mallopt(M_TRIM_THRESHOLD, 32 * 1024 * 1024);
        std::free(std::malloc(16 * 1024 * 1024));  // Which stays in the heap.
        const rlimit nothing_more{};
        ::setrlimit(RLIMIT_AS, &nothing_more);
        CodecPair pair(takeover);
        for (int i = 0; i < 3; ++i) pair.expect_both_ways(json_of(5'000));
        std::_Exit(testing::Test::HasFailure() ? 1 : 0);
    };
    EXPECT_EXIT(work(), testing::ExitedWithCode(0), "");
}
#endif

}  // namespace
}  // namespace edgews::test
