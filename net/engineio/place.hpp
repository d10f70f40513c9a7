// Where something is that others on any thread want to reach: on which loop, and by which token.
#pragma once

#include <edgews/loop.hpp>
#include "net/loop/reactor.hpp"
#include "net/loop/registered.hpp"
#include "net/loop/slots.hpp"

#include <utility>

namespace edgews::engineio {

struct Place {
    Reactor* reactor = nullptr;  // It outlives whoever is told of it: all are loops of one server.
    Token token = no_token;

    friend bool operator==(const Place&, const Place&) = default;
};

// What is there; null: it is gone. On the place's loop. Requires: the token is a T's.
template <class T>
[[nodiscard]] T* find_at(const Place& place) noexcept {
    return static_cast<T*>(place.reactor->slots().find(place.token));
}

// Any thread. Runs call(T*) on the place's loop, in a later turn or later in this one, with what is
// there by then: null, if that is gone.
template <class T, class Call>
void post_to(const Place& place, Call call) {
    place.reactor->post(
        make_job([place, call = std::move(call)]() mutable { call(find_at<T>(place)); }));
}

}  // namespace edgews::engineio
