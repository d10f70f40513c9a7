// A number that was given to an option.
#pragma once

#include <charconv>
#include <string_view>
#include <system_error>

namespace programs {

// False: it is none, or more than Number holds; then `number` is of no use.
template <class Number>
bool parse_number(std::string_view text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

}  // namespace programs
