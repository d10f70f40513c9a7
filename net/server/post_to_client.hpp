// How any thread gives a client that waits what was decided about its request.
#pragma once

#include "net/loop/loop_link.hpp"
#include "net/loop/reactor.hpp"
#include "net/server/http_connection.hpp"

#include <memory>
#include <utility>

namespace edgews {

// The client of that token. Null: it is gone. Requires: this is its loop's thread.
[[nodiscard]] inline HttpConnection* client_on_loop(Token token) noexcept {
    // It may be a WebSocketConnection's by now.
    return dynamic_cast<HttpConnection*>(Reactor::current()->slots().find(token));
}

// Runs give(HttpConnection&) on the loop of `link`. False: the client is gone, or the loop is.
template <class Give>
bool post_to_client(const std::shared_ptr<LoopLink>& link, Token token, Give give) {
    if (!link || !link->slots.is_live(token)) return false;
    return link->mailbox.post(make_job([token, give = std::move(give)]() mutable {
        if (HttpConnection* const http = client_on_loop(token)) give(*http);
    }));
}

}  // namespace edgews
