// A class as the endpoint of a route: one object per connection, whose member
// functions are the handlers.
//
//     struct Chat {
//         void open(Connection& c);
//         void message(Connection& c, Message m);
//         void close(Connection& c, CloseEvent event);
//     };
//     server.ws<Chat>("/chat/:room");
//
// Any of Handlers' names may be there, with its parameters; the others cost
// nothing. `upgrade` is a member, too: the object exists by then. T is made by its
// default constructor, inside the connection's own allocation.
#pragma once

#include <edgews/net/connection.hpp>
#include <edgews/net/route.hpp>
#include <edgews/net/upgrade.hpp>

#include <cstddef>
#include <span>
#include <string_view>

namespace edgews {

// One concept for each handler that T may have.
namespace endpoint {

using Bytes = std::span<const std::byte>;

template <class T>
concept has_upgrade = requires(T t, const Request& r, Upgrade& u) {
    t.upgrade(r, u);
};
template <class T>
concept has_open = requires(T t, Connection& c) {
    t.open(c);
};
template <class T>
concept has_message = requires(T t, Connection& c, Message m) {
    t.message(c, m);
};
template <class T>
concept has_message_begin = requires(T t, Connection& c, Message::Kind k) {
    t.message_begin(c, k);
};
template <class T>
concept has_message_chunk = requires(T t, Connection& c, Bytes b) {
    t.message_chunk(c, b);
};
template <class T>
concept has_message_end = requires(T t, Connection& c) {
    t.message_end(c);
};
template <class T>
concept has_ping = requires(T t, Connection& c, Bytes b) {
    t.ping(c, b);
};
template <class T>
concept has_pong = requires(T t, Connection& c, Bytes b) {
    t.pong(c, b);
};
template <class T>
concept has_drain = requires(T t, Connection& c) {
    t.drain(c);
};
template <class T>
concept has_overflow = requires(T t, Connection& c, std::size_t n) {
    t.overflow(c, n);
};
template <class T>
concept has_close = requires(T t, Connection& c, CloseEvent e) {
    t.close(c, e);
};
template <class T>
concept has_error = requires(T t, Connection& c, std::string_view s) {
    t.error(c, s);
};

}  // namespace endpoint

template <class T>
concept Endpoint =
    endpoint::has_open<T> || endpoint::has_message<T> || endpoint::has_message_begin<T> ||
    endpoint::has_message_chunk<T> || endpoint::has_message_end<T> || endpoint::has_close<T>;

template <Endpoint T>
[[nodiscard]] Handlers endpoint_handlers() {
    using endpoint::Bytes;
    Handlers h;
    if constexpr (endpoint::has_upgrade<T>) {
        h.upgrade = [](const Request& r, Upgrade& u) { u.data<T>().upgrade(r, u); };
    }
    if constexpr (endpoint::has_open<T>) {
        h.open = [](Connection& c) { c.data<T>().open(c); };
    }
    if constexpr (endpoint::has_message<T>) {
        h.message = [](Connection& c, Message m) { c.data<T>().message(c, m); };
    }
    if constexpr (endpoint::has_message_begin<T>) {
        h.message_begin = [](Connection& c, Message::Kind k) { c.data<T>().message_begin(c, k); };
    }
    if constexpr (endpoint::has_message_chunk<T>) {
        h.message_chunk = [](Connection& c, Bytes b) { c.data<T>().message_chunk(c, b); };
    }
    if constexpr (endpoint::has_message_end<T>) {
        h.message_end = [](Connection& c) { c.data<T>().message_end(c); };
    }
    if constexpr (endpoint::has_ping<T>) {
        h.ping = [](Connection& c, Bytes b) { c.data<T>().ping(c, b); };
    }
    if constexpr (endpoint::has_pong<T>) {
        h.pong = [](Connection& c, Bytes b) { c.data<T>().pong(c, b); };
    }
    if constexpr (endpoint::has_drain<T>) {
        h.drain = [](Connection& c) { c.data<T>().drain(c); };
    }
    if constexpr (endpoint::has_overflow<T>) {
        h.overflow = [](Connection& c, std::size_t n) { c.data<T>().overflow(c, n); };
    }
    if constexpr (endpoint::has_close<T>) {
        h.close = [](Connection& c, CloseEvent e) { c.data<T>().close(c, e); };
    }
    if constexpr (endpoint::has_error<T>) {
        h.error = [](Connection& c, std::string_view s) { c.data<T>().error(c, s); };
    }
    return h;
}

}  // namespace edgews
