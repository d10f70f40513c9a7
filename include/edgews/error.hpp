// An error of a function that sets something up: the system's code, and a sentence that says what
// was tried and where.
#pragma once

#include <string>
#include <system_error>

namespace edgews {

struct Error {
    std::error_code code{};  // Empty: no error.
    std::string message{};   // "listen on 127.0.0.1:9001: Address already in use"

    explicit operator bool() const noexcept { return static_cast<bool>(code); }
};

// The result of a function that makes or finds something: that, or the error.
template <class T>
struct Made {
    T value{};  // With an error it is empty.
    Error error{};
};

}  // namespace edgews
