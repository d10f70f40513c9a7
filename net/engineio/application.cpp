#include "net/engineio/application.hpp"

namespace edgews::engineio {

std::string_view describe(EndReason reason) noexcept {
    switch (reason) {
        case EndReason::client_closed: return "The client said CLOSE.";
        case EndReason::transport_closed: return "The client's connection is gone.";
        case EndReason::ping_timeout: return "No pong came in time.";
        case EndReason::packet_malformed: return "The client broke a rule, or a limit.";
        case EndReason::server_closed: return "The application closed the session.";
        case EndReason::shutting_down: return "The server shuts down.";
    }
    return "";
}

}  // namespace edgews::engineio
