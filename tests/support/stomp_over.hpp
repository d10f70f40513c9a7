// What STOMP is spoken over.
#pragma once

namespace edgews::test {

enum class Over { web_socket, tcp };
inline constexpr Over both[] = {Over::web_socket, Over::tcp};

inline const char* name_of(Over over) {
    return over == Over::tcp ? "over TCP" : "over WebSocket";
}

}  // namespace edgews::test
