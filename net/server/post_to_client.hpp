// How any thread gives a client that waits what was decided about its request.
#pragma once

#include "net/loop/loop_link.hpp"
#include "net/loop/reactor.hpp"
#include "net/server/http_connection.hpp"

#include <memory>
#include <utility>

namespace edgews {

// Runs give(HttpConnection&) on the loop of `link`. False: the client is gone, or the loop is.
template <class Give>
bool post_to_client(const std::shared_ptr<LoopLink>& link, Token token, Give give) {
    if (!link || !link->slots.is_live(token)) return false;
    return link->mailbox.post(make_job([token, give = std::move(give)]() mutable {
        // It may be a WebSocketConnection's by now.
        Registered* const found = Reactor::current()->slots().find(token);
        if (auto* const http = dynamic_cast<HttpConnection*>(found)) give(*http);
    }));
}

}  // namespace edgews
