// Where a subscriber to a topic with a history is told to be, and how it comes back there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/support/test_client.hpp"

namespace edgews::test {

struct TopicPlace {
    // What it is told of its place: "recovered", or "not recovered"; `epoch` and `offset` are set.
    std::string place_of(TestClient& client) {
        const std::string text = client.read_frame().text();
        const std::size_t space = text.rfind(' ');
        const std::size_t colon = text.rfind(':');
        epoch = text.substr(space + 1, colon - space - 1);
        offset = std::stoull(text.substr(colon + 1));
        return text.substr(0, space);
    }
    [[nodiscard]] std::string from(std::uint64_t place) const {
        return "news?from=" + epoch + ":" + std::to_string(place);
    }

    std::string epoch = "0";
    std::uint64_t offset = 0;
};

}  // namespace edgews::test
