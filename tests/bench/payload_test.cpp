// What the load generator's messages hold.
#include "bench/load/payload.hpp"

#include <gtest/gtest.h>

#include "core/kernels/utf8.hpp"

#include <span>
#include <string>

namespace load {
namespace {

constexpr Alphabet alphabets[] = {Alphabet::binary,   Alphabet::ascii, Alphabet::latin,
                                  Alphabet::cyrillic, Alphabet::cjk,   Alphabet::emoji};

TEST(Payload, has_the_size_asked_for_and_is_utf8_if_it_is_text) {
    for (const Alphabet alphabet : alphabets) {
        for (unsigned size = 0; size < 300; ++size) {
            const std::string payload = make_payload(alphabet, size, size % 40);
            EXPECT_EQ(payload.size(), size);
            if (alphabet == Alphabet::binary) continue;
            edgews::Utf8Validator validator;
            EXPECT_TRUE(validator.feed(std::as_bytes(std::span(payload))) &&
                        validator.is_complete())
                << name_of(alphabet) << " " << size;
        }
    }
}

TEST(Payload, differs_from_message_to_message) {
    for (const Alphabet alphabet : alphabets) {
        for (unsigned number = 0; number < 15; ++number) {
            EXPECT_NE(make_payload(alphabet, 100, number), make_payload(alphabet, 100, number + 1))
                << name_of(alphabet) << " " << number;
        }
    }
}

TEST(Payload, is_found_by_its_name) {
    for (const Alphabet alphabet : alphabets) {
        EXPECT_EQ(alphabet_named(name_of(alphabet)), alphabet);
    }
    EXPECT_EQ(alphabet_named("klingon"), std::nullopt);
}

}  // namespace
}  // namespace load
