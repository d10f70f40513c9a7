// What people are told of a fault: each enumerator has a sentence of its own, fit for a log.
#include "core/http/http_fault.hpp"
#include "core/http/http_response.hpp"
#include "core/http/path_pattern.hpp"
#include "core/websocket/client_handshake.hpp"
#include "core/websocket/handshake.hpp"
#include "core/websocket/permessage_deflate.hpp"
#include "core/websocket/websocket_url.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace edgews {
namespace {

// `last`: the last enumerator of its kind.
template <typename Fault>
void expect_sentences_up_to(Fault last) {
    std::set<std::string_view> seen;
    for (int i = 0; i <= static_cast<int>(last); ++i) {
        SCOPED_TRACE(i);
        const std::string_view text = describe(static_cast<Fault>(i));
        EXPECT_FALSE(text.empty());
        for (const char c : text) EXPECT_TRUE(c >= ' ' && c <= '~') << text;
        EXPECT_TRUE(seen.insert(text).second) << "said twice: " << text;
    }
}

TEST(Sentences, each_fault_of_a_request_head_has_its_own) {
    expect_sentences_up_to(HttpFault::expectation_unknown);
}

TEST(Sentences, each_fault_of_a_handshake_has_its_own) {
    expect_sentences_up_to(HandshakeFault::host_forbidden);
    expect_sentences_up_to(OpeningRequestFault::host_repeated);
    expect_sentences_up_to(OpeningResponseFault::subprotocol_missing);
    expect_sentences_up_to(DeflateAnswerFault::server_takeover_unwilling);
}

TEST(Sentences, each_mistake_of_an_application_has_its_own) {
    expect_sentences_up_to(HeaderFault::name_reserved);
    expect_sentences_up_to(PatternFault::query_in_pattern);
    expect_sentences_up_to(UrlFault::port_out_of_range);
}

}  // namespace
}  // namespace edgews
