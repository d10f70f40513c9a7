// The extensions behind the size of a chunk (RFC 9112, section 7.1.1):
//
//     *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )
//
// Nobody here knows any, so that they are only checked: byte by byte, without a copy.
#pragma once

#include <cstdint>

namespace edgews {

class ChunkExtensions {
  public:
    // The next byte behind the size. False: none of the grammar's can stand there, nor may another
    // follow.
    [[nodiscard]] bool take(char c) noexcept;
    // Whether the line may end here, at its CR.
    [[nodiscard]] bool may_end() const noexcept;

  private:
    enum class State : std::uint8_t {
        ended,        // Behind the size, or the closing mark of a value.
        end_space,    // In spaces that only another extension may follow.
        name_start,   // Behind a semicolon.
        name,         // Behind the first byte of its name.
        name_space,   // In spaces behind that.
        value_start,  // Behind the equals sign.
        value,        // Behind the first byte of a token.
        quoted,       // In a value between quotation marks.
        escaped,      // Behind a backslash there.
    };
    bool enter(State next) noexcept;
    bool end_with(char c) noexcept;

    State state_ = State::ended;
};

}  // namespace edgews
