// The load generator's look at the response to its handshake (RFC 6455, section 4.1).
#include "bench/load/opening.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace load {
namespace {

// RFC 6455, section 1.3.
const std::string accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

TEST(OpeningResponse, is_right_in_any_case_and_order) {
    EXPECT_EQ(fault_of_response("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                "Connection: Upgrade\r\nSec-WebSocket-Accept: " +
                                    accept + "\r\n\r\n",
                                accept),
              "");
    EXPECT_EQ(
        fault_of_response("HTTP/1.1 101 \r\nsec-websocket-accept:" + accept +
                              " \r\nX: y\r\nconnection: upgrade\r\nupgrade: WebSocket\r\n\r\n",
                          accept),
        "");
}

TEST(OpeningResponse, a_fault_says_what_is_wrong) {
    const std::string begin = "HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\n";
    const std::string good = begin + "Connection: Upgrade\r\n";
    const std::string key = "Sec-WebSocket-Accept: " + accept + "\r\n";
    struct Row {
        std::string head;
        std::string fault;
    };
    const std::vector<Row> rows = {
        {"HTTP/1.1 404 Not Found\r\nServer: x\r\n", "the server refuses: HTTP/1.1 404 Not Found"},
        {"nonsense\r\n", "the server refuses: nonsense"},
        {good, "Sec-WebSocket-Accept is wrong or missing"},
        {good + "Sec-WebSocket-Accept: AAAA\r\n", "Sec-WebSocket-Accept is wrong or missing"},
        {begin + key, "the response to the upgrade does not upgrade"},
        {good + key + "Sec-WebSocket-Extensions: permessage-deflate\r\n",
         "the response to the upgrade agrees to what was not offered: "
         "Sec-WebSocket-Extensions: permessage-deflate"},
        {good + "no colon\r\n", "Sec-WebSocket-Accept is wrong or missing"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(fault_of_response(row.head + "\r\n", accept), row.fault) << row.head;
    }
}

}  // namespace
}  // namespace load
