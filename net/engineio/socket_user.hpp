// What the WebSockets of a Host have as their user data: the request that asked for one, until it
// is open, and then whose it is, a session's or a Probe's.
#pragma once

#include <edgews/message.hpp>
#include "core/engineio/dialect.hpp"
#include "core/engineio/session_id.hpp"
#include "net/engineio/opening.hpp"

#include <memory>
#include <optional>
#include <string>

namespace edgews::engineio {

[[nodiscard]] SessionId new_session_id() noexcept;

struct Handshake {
    SessionId id;  // Of the session that it opens,
    Dialect dialect = Dialect::v4;
    std::optional<std::string> tried_by{};  // or the session that is to go on with it.
    Opening opening{};
};

class SocketUser {
  public:
    virtual void received(Message message) = 0;
    // The connection has ended. Whoever lets go of it before does not hear of it.
    virtual void lost() = 0;

  protected:
    ~SocketUser() = default;
};

struct SocketData {
    std::unique_ptr<Handshake> handshake{};
    SocketUser* user = nullptr;  // Null: nobody's, and what comes does not count.
};

}  // namespace edgews::engineio
