// The negotiation of permessage-deflate (RFC 7692, sections 5 and 7.1), both sides.
#include "core/websocket/permessage_deflate.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "tests/support/head_feed.hpp"

namespace edgews {
namespace {

// What a server with these terms answers to headers with these values; "" when nothing.
std::string answer_to(std::string_view lines, const DeflateParameters& terms = {}) {
    test::Feed feed = test::feed(test::head_with(lines));
    EXPECT_EQ(feed.progress(), HttpHead::Progress::complete) << lines;
    const auto answer = answer_deflate_offers(feed.head(), terms);
    std::string text;
    if (answer) append_deflate_answer(text, *answer);
    return text;
}
std::string answer_to_offer(std::string_view offer, const DeflateParameters& terms = {}) {
    return answer_to("Sec-WebSocket-Extensions: " + std::string(offer) + "\r\n", terms);
}

TEST(PermessageDeflateServer, valid_offers_are_taken_with_their_parameters) {
    struct Row {
        const char* offer;
        const char* answer;
    };
    const Row rows[] = {
        {"permessage-deflate", "permessage-deflate"},
        // As browsers write it.
        {"permessage-deflate; client_max_window_bits", "permessage-deflate"},
        {"permessage-deflate;server_no_context_takeover",
         "permessage-deflate; server_no_context_takeover"},
        {"permessage-deflate; client_no_context_takeover",
         "permessage-deflate; client_no_context_takeover"},
        // 7.1.2.1: accepted by naming the same value, or a smaller one.
        {"permessage-deflate; server_max_window_bits=8",
         "permessage-deflate; server_max_window_bits=8"},
        {"permessage-deflate; server_max_window_bits=15",
         "permessage-deflate; server_max_window_bits=15"},
        {"permessage-deflate; server_max_window_bits=\"10\"",
         "permessage-deflate; server_max_window_bits=10"},
        {"permessage-deflate; client_max_window_bits=9",
         "permessage-deflate; client_max_window_bits=9"},
        {"permessage-deflate; client_max_window_bits=15", "permessage-deflate"},
        {"permessage-deflate; client_max_window_bits; server_max_window_bits=12; "
         "client_no_context_takeover; server_no_context_takeover",
         "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
         "server_max_window_bits=12"},
    };
    for (const Row& row : rows) EXPECT_EQ(answer_to_offer(row.offer), row.answer) << row.offer;
}

TEST(PermessageDeflateServer, invalid_offers_are_passed_over_and_the_next_one_counts) {
    const char* const invalid[] = {
        "x-webkit-deflate-frame",
        "permessage-bzip2",
        "Permessage-Deflate",
        "permessage-deflate; unknown",
        "permessage-deflate; unknown=1",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover=true",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=08",
        "permessage-deflate; server_max_window_bits=010",
        "permessage-deflate; server_max_window_bits=1",
        "permessage-deflate; server_max_window_bits=1e1",
        "permessage-deflate; server_max_window_bits=-8",
        "permessage-deflate; server_max_window_bits=4294967304",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=0",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
        "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
    };
    for (const char* const offer : invalid) {
        EXPECT_EQ(answer_to_offer(offer), "") << offer;
        EXPECT_EQ(answer_to_offer(std::string(offer) + ", permessage-deflate; "
                                                       "client_no_context_takeover"),
                  "permessage-deflate; client_no_context_takeover")
            << offer;
    }
    EXPECT_EQ(answer_to(""), "");
}

// Section 7.1: in the client's order of preference, which goes on over repeated headers.
TEST(PermessageDeflateServer, the_first_valid_offer_of_all_headers_counts) {
    EXPECT_EQ(answer_to_offer("permessage-deflate; server_max_window_bits=10, permessage-deflate"),
              "permessage-deflate; server_max_window_bits=10");
    EXPECT_EQ(answer_to("Sec-WebSocket-Extensions: foo; bar=1\r\n"
                        "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=3\r\n"
                        "Sec-WebSocket-Extensions: baz, permessage-deflate\r\n"),
              "permessage-deflate");
}

TEST(PermessageDeflateServer, its_own_terms_make_an_offer_stricter_and_never_laxer) {
    const DeflateParameters terms{.server_no_context_takeover = true,
                                  .client_no_context_takeover = true,
                                  .server_max_window_bits = 11,
                                  .client_max_window_bits = 10};
    const std::string flags =
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    // 7.1.2.2: whoever does not offer client_max_window_bits must not be answered with it.
    EXPECT_EQ(answer_to_offer("permessage-deflate", terms), flags + "; server_max_window_bits=11");
    EXPECT_EQ(answer_to_offer("permessage-deflate; client_max_window_bits", terms),
              flags + "; server_max_window_bits=11; client_max_window_bits=10");
    EXPECT_EQ(answer_to_offer(
                  "permessage-deflate; client_max_window_bits=9; server_max_window_bits=14", terms),
              flags + "; server_max_window_bits=11; client_max_window_bits=9");
    EXPECT_EQ(answer_to_offer("permessage-deflate; server_max_window_bits=9", terms),
              flags + "; server_max_window_bits=9");
}

TEST(PermessageDeflateServer, what_is_agreed_is_what_the_answer_says) {
    test::Feed feed = test::feed(test::head_with(
        "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12\r\n"));
    const auto answer = answer_deflate_offers(
        feed.head(), {.client_no_context_takeover = true, .client_max_window_bits = 9});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->agreed, (DeflateParameters{.client_no_context_takeover = true,
                                                 .server_max_window_bits = 12}));
}

TEST(PermessageDeflateClient, an_offer_names_what_differs_from_the_default) {
    const auto offer = [](const DeflateParameters& terms) {
        std::string text;
        append_deflate_offer(text, terms);
        return text;
    };
    EXPECT_EQ(offer({}), "permessage-deflate; client_max_window_bits");
    EXPECT_EQ(offer({.server_no_context_takeover = true,
                     .client_no_context_takeover = true,
                     .server_max_window_bits = 9,
                     .client_max_window_bits = 8}),
              "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
              "server_max_window_bits=9; client_max_window_bits=8");
}

TEST(PermessageDeflateClient, answers_are_held_to_what_was_offered) {
    using F = DeflateAnswerFault;
    const DeflateParameters plain{};
    const DeflateParameters strict{.server_no_context_takeover = true,
                                   .server_max_window_bits = 10};
    struct Row {
        const char* answer;
        DeflateParameters terms;
        F fault;
    };
    const Row rows[] = {
        {"permessage-deflate", plain, F::none},
        {"permessage-deflate; server_no_context_takeover", plain, F::none},
        {"permessage-deflate; server_max_window_bits=8; client_max_window_bits=15", plain, F::none},
        {"permessage-deflate; server_no_context_takeover; server_max_window_bits=10", strict,
         F::none},
        {"permessage-deflate; server_no_context_takeover; server_max_window_bits=11", strict,
         F::server_window_too_large},
        {"permessage-deflate; server_no_context_takeover", strict, F::server_window_too_large},
        {"permessage-deflate; server_max_window_bits=9", strict, F::server_takeover_unwilling},
        {"permessage-deflate; =", plain, F::malformed},
        {"", plain, F::extension_unexpected},
        {"foo", plain, F::extension_unexpected},
        {"permessage-deflate, permessage-deflate", plain, F::extension_unexpected},
        {"permessage-deflate, foo", plain, F::extension_unexpected},
        {"permessage-deflate; foo", plain, F::parameter_unknown},
        {"permessage-deflate; server_max_window_bits=9; server_max_window_bits=9", plain,
         F::parameter_repeated},
        {"permessage-deflate; client_max_window_bits", plain, F::value_invalid},
        {"permessage-deflate; server_max_window_bits=7", plain, F::value_invalid},
        {"permessage-deflate; client_no_context_takeover=1", plain, F::value_invalid},
    };
    for (const Row& row : rows) {
        const ReadDeflateAnswer read = read_deflate_answer(row.answer, row.terms);
        EXPECT_EQ(read.fault, row.fault) << row.answer << ": " << describe(read.fault);
    }
}

TEST(PermessageDeflateClient, it_keeps_to_its_own_terms_whatever_the_server_allows) {
    const DeflateParameters terms{.client_no_context_takeover = true, .client_max_window_bits = 10};
    EXPECT_EQ(read_deflate_answer("permessage-deflate; client_max_window_bits=12", terms).agreed,
              terms);
    EXPECT_EQ(read_deflate_answer("permessage-deflate; client_max_window_bits=9", terms).agreed,
              (DeflateParameters{.client_no_context_takeover = true, .client_max_window_bits = 9}));
}

// Whatever a client of ours offers and a server of ours demands, they agree on the same.
TEST(PermessageDeflate, both_sides_come_to_the_same_agreement) {
    for (unsigned i = 0; i < 256; ++i) {
        const auto terms = [](unsigned bits) {
            return DeflateParameters{
                .server_no_context_takeover = (bits & 1) != 0,
                .client_no_context_takeover = (bits & 2) != 0,
                .server_max_window_bits = static_cast<std::uint8_t>((bits & 4) != 0 ? 9 : 15),
                .client_max_window_bits = static_cast<std::uint8_t>((bits & 8) != 0 ? 8 : 15)};
        };
        std::string offer;
        append_deflate_offer(offer, terms(i));
        test::Feed feed =
            test::feed(test::head_with("Sec-WebSocket-Extensions: " + offer + "\r\n"));
        const auto answer = answer_deflate_offers(feed.head(), terms(i >> 4));
        ASSERT_TRUE(answer) << offer;
        std::string text;
        append_deflate_answer(text, *answer);
        const ReadDeflateAnswer read = read_deflate_answer(text, terms(i));
        EXPECT_EQ(read.fault, DeflateAnswerFault::none) << offer << " / " << text;
        EXPECT_EQ(read.agreed, answer->agreed) << offer << " / " << text;
    }
}

}  // namespace
}  // namespace edgews
