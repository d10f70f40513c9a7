#include "core/http/chunk_extensions.hpp"

#include "core/http/http_token.hpp"

namespace edgews {

bool ChunkExtensions::take(char c) noexcept {
    const bool is_space = c == ' ' || c == '\t';
    const bool is_token = is_char_of(CharClass::token, c);
    switch (state_) {
        case State::ended: return end_with(c);
        case State::end_space: return is_space || (c == ';' && enter(State::name_start));
        case State::name_start: return is_space || (is_token && enter(State::name));
        case State::name:
            if (is_token) return true;
            if (c == '=') return enter(State::value_start);
            return is_space ? enter(State::name_space) : end_with(c);
        case State::name_space:
            if (c == '=') return enter(State::value_start);
            return is_space || (c == ';' && enter(State::name_start));
        case State::value_start:
            if (c == '"') return enter(State::quoted);
            return is_space || (is_token && enter(State::value));
        case State::value: return is_token || end_with(c);
        case State::quoted:
            if (c == '"') return enter(State::ended);
            if (c == '\\') return enter(State::escaped);
            return is_char_of(CharClass::field_value, c);
        case State::escaped: return is_char_of(CharClass::field_value, c) && enter(State::quoted);
    }
    return false;
}

bool ChunkExtensions::may_end() const noexcept {
    return state_ == State::ended || state_ == State::name || state_ == State::value;
}

// Behind the size or an extension.
bool ChunkExtensions::end_with(char c) noexcept {
    if (c == ';') return enter(State::name_start);
    return (c == ' ' || c == '\t') && enter(State::end_space);
}

bool ChunkExtensions::enter(State next) noexcept {
    state_ = next;
    return true;
}

}  // namespace edgews
