// Replies of a Redis server for tests: as text.
#pragma once

#include "core/redis/reply_reader.hpp"
#include "core/redis/value.hpp"

#include <span>
#include <string>
#include <vector>

#include "bytes.hpp"

namespace edgews::test {

inline std::string everything(const redis::Value& value);

// "[a, b]", or "[a: b, c: d]" of pairs.
inline std::string elements(const redis::Value& value, bool has_pairs) {
    std::string text = "[";
    std::uint32_t index = 0;
    for (const redis::Value element : value) {
        if (index > 0) text += has_pairs && index % 2 == 1 ? ": " : ", ";
        text += everything(element);
        ++index;
    }
    if (index != value.element_count()) text += " (not as many as it says)";
    return text + "]";
}

// All that a value is: "text", error "text", 7, 1.5 (double), map["a": 1], …
inline std::string everything(const redis::Value& value) {
    using Kind = redis::Value::Kind;
    const std::string text(value.text());
    switch (value.kind()) {
        case Kind::null: return "null";
        case Kind::string: return '"' + text + '"';
        case Kind::error: return "error \"" + text + '"';
        case Kind::integer: return std::to_string(value.integer());
        case Kind::double_number: return text + " (double)";
        case Kind::boolean: return value.is_true() ? "true" : "false";
        case Kind::big_number: return text + " (big)";
        case Kind::array: return elements(value, false);
        case Kind::set: return "set" + elements(value, false);
        case Kind::map: return "map" + elements(value, true);
        case Kind::push: return "push" + elements(value, false);
        case Kind::attribute: break;
    }
    return "attribute";
}

inline std::string everything(const redis::Reply& reply) {
    if (reply.kind == redis::Reply::Kind::fault) return "! " + std::string(describe(reply.fault));
    return everything(reply.value);
}

// All replies of `input`, which the reader must use up.
inline void read_redis(redis::ReplyReader& reader, std::span<const std::byte> input,
                       std::vector<std::string>& replies) {
    while (const redis::Reply reply = reader.next(input)) replies.push_back(everything(reply));
    if (!input.empty()) replies.emplace_back("input was left");
}

}  // namespace edgews::test
