// What Socket.IO 2's clients are told otherwise than those of protocol 5: they speak protocol 4,
// over Engine.IO 3 (socket.io-protocol 4; and npm's server with `allowEIO3`, where that leaves a
// choice).
//
//     0                             the answer to no question: the server connects them to "/"
//     0/admin?token=1%202,          a client connects to /admin; what it brings is a query
//     0/admin,                      it is
//     4/admin,"not authorized"      it is not; also data, if there are any, in place of the message
//
// Packets of all other kinds are those of protocol 5. All append to `out`.
#pragma once

#include "core/socketio/fault.hpp"
#include "core/socketio/json_scan.hpp"

#include <string>
#include <string_view>

namespace edgews::sio {

// A namespace as CONNECT names it, and what is behind its '?'. Both are views.
struct NamespaceAndQuery {
    std::string_view name{};
    std::string_view query{};
};
[[nodiscard]] NamespaceAndQuery split_query(std::string_view text) noexcept;

// The parameters of a query as a JSON object of strings: of two with one name, the last. Those that
// are badly encoded, or not UTF-8, are left out.
void append_query_object(std::string& out, std::string_view query);

void append_connect_4(std::string& out, std::string_view namespace_name);
// As append_connect_error().
[[nodiscard]] Fault append_connect_error_4(std::string& out, std::string_view namespace_name,
                                           std::string_view message, const JsonElements& data = {});

// How the id of a client's socket begins, before that of its session: as such clients make it up
// themselves. Empty in "/".
[[nodiscard]] std::string id_prefix_4(std::string_view namespace_name);

}  // namespace edgews::sio
