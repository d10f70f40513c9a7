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
// default constructor, inside the connection's own allocation. A member function of such a
// name that cannot be called so, or is private, does not compile. A misspelt name does not compile
// either, if the class derives from EndpointBase and each handler ends in `override`.
#pragma once

#include <edgews/connection.hpp>
#include <edgews/route.hpp>
#include <edgews/upgrade.hpp>

#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>

namespace edgews {

// An endpoint may derive from this class and write `override` behind each of its handlers: then one
// whose name or parameters are wrong is an error of the compiler's. Handlers that it does not have
// cost nothing.
class EndpointBase {
  public:
    virtual void upgrade(const Request&, Upgrade&) {}
    virtual void open(Connection&) {}
    virtual void message(Connection&, Message) {}
    virtual void message_begin(Connection&, Message::Kind) {}
    virtual void message_chunk(Connection&, std::span<const std::byte>) {}
    virtual void message_end(Connection&) {}
    virtual void ping(Connection&, std::span<const std::byte>) {}
    virtual void pong(Connection&, std::span<const std::byte>) {}
    virtual void drain(Connection&) {}
    virtual void overflow(Connection&, std::size_t) {}
    virtual void error(Connection&, std::string_view) {}
    virtual void close(Connection&, CloseEvent) {}

  protected:
    EndpointBase() = default;
    virtual ~EndpointBase() = default;
};

// Whether a class has a member named as a handler is, whatever its parameters: one that would never
// be called is an error of the compiler's and not silence.
//
// A name that a class shares with another base of a class derived from both is ambiguous there:
// that finds overloaded, templated and private members, too, which no expression can name. Of a
// final class it misses those. Data, types and enumerators of such a name are none of our business,
// but private ones cannot be told apart.
namespace endpoint {

// One class for each handler, with a member of its name.
struct Names {
    struct Upgrade {
        int upgrade;
    };
    struct Open {
        int open;
    };
    struct Message {
        int message;
    };
    struct MessageBegin {
        int message_begin;
    };
    struct MessageChunk {
        int message_chunk;
    };
    struct MessageEnd {
        int message_end;
    };
    struct Ping {
        int ping;
    };
    struct Pong {
        int pong;
    };
    struct Drain {
        int drain;
    };
    struct Overflow {
        int overflow;
    };
    struct Error {
        int error;
    };
    struct Close {
        int close;
    };
};

template <class T, class Name>
struct Both : T, Name {};

template <class T>
concept derivable = std::is_class_v<T> && !std::is_final_v<T>;

// It has the handler of EndpointBase, and none of its own, be it public or not.
template <class T>
concept inherits_upgrade = requires {
    requires std::is_same_v<decltype(&T::upgrade), decltype(&EndpointBase::upgrade)>;
};
template <class T>
concept inherits_open = requires {
    requires std::is_same_v<decltype(&T::open), decltype(&EndpointBase::open)>;
};
template <class T>
concept inherits_message = requires {
    requires std::is_same_v<decltype(&T::message), decltype(&EndpointBase::message)>;
};
template <class T>
concept inherits_message_begin = requires {
    requires std::is_same_v<decltype(&T::message_begin), decltype(&EndpointBase::message_begin)>;
};
template <class T>
concept inherits_message_chunk = requires {
    requires std::is_same_v<decltype(&T::message_chunk), decltype(&EndpointBase::message_chunk)>;
};
template <class T>
concept inherits_message_end = requires {
    requires std::is_same_v<decltype(&T::message_end), decltype(&EndpointBase::message_end)>;
};
template <class T>
concept inherits_ping = requires {
    requires std::is_same_v<decltype(&T::ping), decltype(&EndpointBase::ping)>;
};
template <class T>
concept inherits_pong = requires {
    requires std::is_same_v<decltype(&T::pong), decltype(&EndpointBase::pong)>;
};
template <class T>
concept inherits_drain = requires {
    requires std::is_same_v<decltype(&T::drain), decltype(&EndpointBase::drain)>;
};
template <class T>
concept inherits_overflow = requires {
    requires std::is_same_v<decltype(&T::overflow), decltype(&EndpointBase::overflow)>;
};
template <class T>
concept inherits_error = requires {
    requires std::is_same_v<decltype(&T::error), decltype(&EndpointBase::error)>;
};
template <class T>
concept inherits_close = requires {
    requires std::is_same_v<decltype(&T::close), decltype(&EndpointBase::close)>;
};

template <class T>
concept upgrade_is_other = requires {
    typename T::upgrade;
}
|| !std::is_function_v<decltype(T::upgrade)>;
template <class T>
concept names_upgrade = !upgrade_is_other<T> && !inherits_upgrade<T> &&
                        ((derivable<T> && !requires { &Both<T, Names::Upgrade>::upgrade; }) ||
                         (!derivable<T> && requires { &T::upgrade; }));
template <class T>
concept open_is_other = requires {
    typename T::open;
}
|| !std::is_function_v<decltype(T::open)>;
template <class T>
concept names_open = !open_is_other<T> && !inherits_open<T> &&
                     ((derivable<T> && !requires { &Both<T, Names::Open>::open; }) ||
                      (!derivable<T> && requires { &T::open; }));
template <class T>
concept message_is_other = requires {
    typename T::message;
}
|| !std::is_function_v<decltype(T::message)>;
template <class T>
concept names_message = !message_is_other<T> && !inherits_message<T> &&
                        ((derivable<T> && !requires { &Both<T, Names::Message>::message; }) ||
                         (!derivable<T> && requires { &T::message; }));
template <class T>
concept message_begin_is_other = requires {
    typename T::message_begin;
}
|| !std::is_function_v<decltype(T::message_begin)>;
template <class T>
concept names_message_begin =
    !message_begin_is_other<T> && !inherits_message_begin<T> &&
    ((derivable<T> && !requires { &Both<T, Names::MessageBegin>::message_begin; }) ||
     (!derivable<T> && requires { &T::message_begin; }));
template <class T>
concept message_chunk_is_other = requires {
    typename T::message_chunk;
}
|| !std::is_function_v<decltype(T::message_chunk)>;
template <class T>
concept names_message_chunk =
    !message_chunk_is_other<T> && !inherits_message_chunk<T> &&
    ((derivable<T> && !requires { &Both<T, Names::MessageChunk>::message_chunk; }) ||
     (!derivable<T> && requires { &T::message_chunk; }));
template <class T>
concept message_end_is_other = requires {
    typename T::message_end;
}
|| !std::is_function_v<decltype(T::message_end)>;
template <class T>
concept names_message_end =
    !message_end_is_other<T> && !inherits_message_end<T> &&
    ((derivable<T> && !requires { &Both<T, Names::MessageEnd>::message_end; }) ||
     (!derivable<T> && requires { &T::message_end; }));
template <class T>
concept ping_is_other = requires {
    typename T::ping;
}
|| !std::is_function_v<decltype(T::ping)>;
template <class T>
concept names_ping = !ping_is_other<T> && !inherits_ping<T> &&
                     ((derivable<T> && !requires { &Both<T, Names::Ping>::ping; }) ||
                      (!derivable<T> && requires { &T::ping; }));
template <class T>
concept pong_is_other = requires {
    typename T::pong;
}
|| !std::is_function_v<decltype(T::pong)>;
template <class T>
concept names_pong = !pong_is_other<T> && !inherits_pong<T> &&
                     ((derivable<T> && !requires { &Both<T, Names::Pong>::pong; }) ||
                      (!derivable<T> && requires { &T::pong; }));
template <class T>
concept drain_is_other = requires {
    typename T::drain;
}
|| !std::is_function_v<decltype(T::drain)>;
template <class T>
concept names_drain = !drain_is_other<T> && !inherits_drain<T> &&
                      ((derivable<T> && !requires { &Both<T, Names::Drain>::drain; }) ||
                       (!derivable<T> && requires { &T::drain; }));
template <class T>
concept overflow_is_other = requires {
    typename T::overflow;
}
|| !std::is_function_v<decltype(T::overflow)>;
template <class T>
concept names_overflow = !overflow_is_other<T> && !inherits_overflow<T> &&
                         ((derivable<T> && !requires { &Both<T, Names::Overflow>::overflow; }) ||
                          (!derivable<T> && requires { &T::overflow; }));
template <class T>
concept error_is_other = requires {
    typename T::error;
}
|| !std::is_function_v<decltype(T::error)>;
template <class T>
concept names_error = !error_is_other<T> && !inherits_error<T> &&
                      ((derivable<T> && !requires { &Both<T, Names::Error>::error; }) ||
                       (!derivable<T> && requires { &T::error; }));
template <class T>
concept close_is_other = requires {
    typename T::close;
}
|| !std::is_function_v<decltype(T::close)>;
template <class T>
concept names_close = !close_is_other<T> && !inherits_close<T> &&
                      ((derivable<T> && !requires { &Both<T, Names::Close>::close; }) ||
                       (!derivable<T> && requires { &T::close; }));

// One concept for each handler that T may have.

using Bytes = std::span<const std::byte>;

template <class T>
concept has_upgrade = !inherits_upgrade<T> && requires(T t, const Request& r, Upgrade& u) {
    t.upgrade(r, u);
};
template <class T>
concept has_open = !inherits_open<T> && requires(T t, Connection& c) {
    t.open(c);
};
template <class T>
concept has_message = !inherits_message<T> && requires(T t, Connection& c, Message m) {
    t.message(c, m);
};
template <class T>
concept has_message_begin =
    !inherits_message_begin<T> && requires(T t, Connection& c, Message::Kind k) {
    t.message_begin(c, k);
};
template <class T>
concept has_message_chunk = !inherits_message_chunk<T> && requires(T t, Connection& c, Bytes b) {
    t.message_chunk(c, b);
};
template <class T>
concept has_message_end = !inherits_message_end<T> && requires(T t, Connection& c) {
    t.message_end(c);
};
template <class T>
concept has_ping = !inherits_ping<T> && requires(T t, Connection& c, Bytes b) {
    t.ping(c, b);
};
template <class T>
concept has_pong = !inherits_pong<T> && requires(T t, Connection& c, Bytes b) {
    t.pong(c, b);
};
template <class T>
concept has_drain = !inherits_drain<T> && requires(T t, Connection& c) {
    t.drain(c);
};
template <class T>
concept has_overflow = !inherits_overflow<T> && requires(T t, Connection& c, std::size_t n) {
    t.overflow(c, n);
};
template <class T>
concept has_error = !inherits_error<T> && requires(T t, Connection& c, std::string_view s) {
    t.error(c, s);
};
template <class T>
concept has_close = !inherits_close<T> && requires(T t, Connection& c, CloseEvent e) {
    t.close(c, e);
};

// A member that would never be called stops here. What is no handler needs another name.
template <class T>
constexpr void check() {
    static_assert(!names_upgrade<T> || has_upgrade<T>,
                  "an endpoint's upgrade must be a public upgrade(const Request&, Upgrade&)");
    static_assert(!names_open<T> || has_open<T>,
                  "an endpoint's open must be a public open(Connection&)");
    static_assert(!names_message<T> || has_message<T>,
                  "an endpoint's message must be a public message(Connection&, Message)");
    static_assert(
        !names_message_begin<T> || has_message_begin<T>,
        "an endpoint's message_begin must be a public message_begin(Connection&, Message::Kind)");
    static_assert(!names_message_chunk<T> || has_message_chunk<T>,
                  "an endpoint's message_chunk must be a public message_chunk(Connection&, "
                  "std::span<const std::byte>)");
    static_assert(!names_message_end<T> || has_message_end<T>,
                  "an endpoint's message_end must be a public message_end(Connection&)");
    static_assert(
        !names_ping<T> || has_ping<T>,
        "an endpoint's ping must be a public ping(Connection&, std::span<const std::byte>)");
    static_assert(
        !names_pong<T> || has_pong<T>,
        "an endpoint's pong must be a public pong(Connection&, std::span<const std::byte>)");
    static_assert(!names_drain<T> || has_drain<T>,
                  "an endpoint's drain must be a public drain(Connection&)");
    static_assert(!names_overflow<T> || has_overflow<T>,
                  "an endpoint's overflow must be a public overflow(Connection&, std::size_t)");
    static_assert(!names_error<T> || has_error<T>,
                  "an endpoint's error must be a public error(Connection&, std::string_view)");
    static_assert(!names_close<T> || has_close<T>,
                  "an endpoint's close must be a public close(Connection&, CloseEvent)");
}

}  // namespace endpoint

template <class T>
concept Endpoint =
    endpoint::names_open<T> || endpoint::names_message<T> || endpoint::names_message_begin<T> ||
    endpoint::names_message_chunk<T> || endpoint::names_message_end<T> || endpoint::names_close<T>;

template <Endpoint T>
[[nodiscard]] Handlers endpoint_handlers() {
    using endpoint::Bytes;
    endpoint::check<T>();
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
    if constexpr (endpoint::has_error<T>) {
        h.error = [](Connection& c, std::string_view s) { c.data<T>().error(c, s); };
    }
    if constexpr (endpoint::has_close<T>) {
        h.close = [](Connection& c, CloseEvent e) { c.data<T>().close(c, e); };
    }
    return h;
}

}  // namespace edgews
