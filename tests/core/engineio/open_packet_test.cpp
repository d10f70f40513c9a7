// OPEN, and the names of sessions.
#include "core/engineio/open_packet.hpp"
#include "core/engineio/session_id.hpp"

#include "tests/support/bytes.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <set>
#include <span>
#include <string>

namespace edgews::engineio {
namespace {

TEST(EngineIoOpenPacket, says_what_the_client_has_to_know) {
    std::string out = "before ";
    append_open_packet(out, {.session_id = "lv_VI97HAXpY6yYWAAAC"});
    EXPECT_EQ(out,
              "before 0{\"sid\":\"lv_VI97HAXpY6yYWAAAC\",\"upgrades\":[\"websocket\"],"
              "\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}");
    out.clear();
    append_open_packet(out, {.session_id = "a",
                             .may_upgrade = false,
                             .ping_interval_ms = 300,
                             .ping_timeout_ms = 200,
                             .payload_size_max = 1});
    EXPECT_EQ(out,
              "0{\"sid\":\"a\",\"upgrades\":[],\"pingInterval\":300,\"pingTimeout\":200,"
              "\"maxPayload\":1}");
}

std::string id_of(std::string_view hex) {
    const test::Bytes bytes = test::from_hex(hex);
    return std::string(SessionId(std::span(bytes).first<SessionId::random_size>()).text());
}

TEST(EngineIoSessionId, is_base64url_of_fifteen_bytes) {
    EXPECT_EQ(id_of("00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"), "AAAAAAAAAAAAAAAAAAAA");
    EXPECT_EQ(id_of("FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF"), "____________________");
    EXPECT_EQ(id_of("FB EF BE 00 00 00 00 00 00 00 00 00 00 00 01"), "----AAAAAAAAAAAAAAAB");
    EXPECT_EQ(id_of("14 FB 9C 03 D9 7E 00 00 00 00 00 00 00 00 00"), "FPucA9l-AAAAAAAAAAAA");
}

TEST(EngineIoSessionId, each_bit_makes_another_one_of_unreserved_characters) {
    std::set<std::string> seen;
    for (std::size_t bit = 0; bit < SessionId::random_size * 8; ++bit) {
        std::array<std::byte, SessionId::random_size> random{};
        random[bit / 8] = std::byte{1} << (bit % 8);
        const SessionId id(random);
        EXPECT_EQ(id.text().find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                              "0123456789-_"),
                  std::string_view::npos);
        EXPECT_TRUE(seen.emplace(id.text()).second);
    }
}

}  // namespace
}  // namespace edgews::engineio
