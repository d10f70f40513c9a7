#include "world.hpp"

#include <array>

namespace soak {

std::string World::text(std::size_t size) {
    constexpr std::array<std::string_view, 12> words{
        "{\"price\":", "\"symbol\":\"", "\",\"time\":", "EURUSD", "günstig",    "日本",
        "\"volume\":", "true,",         "null},",       "[1,2,",  "\"bid\":1.", "\"ask\":1."};
    std::string text;
    while (text.size() < size) {
        text += words[dice.below(words.size())];
        text += std::to_string(dice.below(10'000));
    }
    // As long as asked for, but for a character that would be cut.
    std::size_t end = size;
    while (end > 0 && end < text.size() &&
           (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) {
        --end;
    }
    text.resize(end);
    return text;
}

}  // namespace soak
