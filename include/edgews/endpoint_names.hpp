// Whether a class has a member named as a handler is, whatever its parameters: what
// edgews/endpoint.hpp asks, so that one which would never be called is an error of the compiler's
// and not silence.
//
// A name that a class shares with another base of a class derived from both is ambiguous there:
// that finds overloaded, templated and private members, too, which no expression can name. Of a
// final class it misses those. Data, types and enumerators of such a name are none of our business,
// but private ones cannot be told apart.
#pragma once

#include <type_traits>

namespace edgews::endpoint {

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

template <class T>
concept upgrade_is_other = requires {
    typename T::upgrade;
}
|| !std::is_function_v<decltype(T::upgrade)>;
template <class T>
concept names_upgrade =
    !upgrade_is_other<T> && ((derivable<T> && !requires { &Both<T, Names::Upgrade>::upgrade; }) ||
                             (!derivable<T> && requires { &T::upgrade; }));
template <class T>
concept open_is_other = requires {
    typename T::open;
}
|| !std::is_function_v<decltype(T::open)>;
template <class T>
concept names_open =
    !open_is_other<T> && ((derivable<T> && !requires { &Both<T, Names::Open>::open; }) ||
                          (!derivable<T> && requires { &T::open; }));
template <class T>
concept message_is_other = requires {
    typename T::message;
}
|| !std::is_function_v<decltype(T::message)>;
template <class T>
concept names_message =
    !message_is_other<T> && ((derivable<T> && !requires { &Both<T, Names::Message>::message; }) ||
                             (!derivable<T> && requires { &T::message; }));
template <class T>
concept message_begin_is_other = requires {
    typename T::message_begin;
}
|| !std::is_function_v<decltype(T::message_begin)>;
template <class T>
concept names_message_begin =
    !message_begin_is_other<T> &&
    ((derivable<T> && !requires { &Both<T, Names::MessageBegin>::message_begin; }) ||
     (!derivable<T> && requires { &T::message_begin; }));
template <class T>
concept message_chunk_is_other = requires {
    typename T::message_chunk;
}
|| !std::is_function_v<decltype(T::message_chunk)>;
template <class T>
concept names_message_chunk =
    !message_chunk_is_other<T> &&
    ((derivable<T> && !requires { &Both<T, Names::MessageChunk>::message_chunk; }) ||
     (!derivable<T> && requires { &T::message_chunk; }));
template <class T>
concept message_end_is_other = requires {
    typename T::message_end;
}
|| !std::is_function_v<decltype(T::message_end)>;
template <class T>
concept names_message_end =
    !message_end_is_other<T> &&
    ((derivable<T> && !requires { &Both<T, Names::MessageEnd>::message_end; }) ||
     (!derivable<T> && requires { &T::message_end; }));
template <class T>
concept ping_is_other = requires {
    typename T::ping;
}
|| !std::is_function_v<decltype(T::ping)>;
template <class T>
concept names_ping =
    !ping_is_other<T> && ((derivable<T> && !requires { &Both<T, Names::Ping>::ping; }) ||
                          (!derivable<T> && requires { &T::ping; }));
template <class T>
concept pong_is_other = requires {
    typename T::pong;
}
|| !std::is_function_v<decltype(T::pong)>;
template <class T>
concept names_pong =
    !pong_is_other<T> && ((derivable<T> && !requires { &Both<T, Names::Pong>::pong; }) ||
                          (!derivable<T> && requires { &T::pong; }));
template <class T>
concept drain_is_other = requires {
    typename T::drain;
}
|| !std::is_function_v<decltype(T::drain)>;
template <class T>
concept names_drain =
    !drain_is_other<T> && ((derivable<T> && !requires { &Both<T, Names::Drain>::drain; }) ||
                           (!derivable<T> && requires { &T::drain; }));
template <class T>
concept overflow_is_other = requires {
    typename T::overflow;
}
|| !std::is_function_v<decltype(T::overflow)>;
template <class T>
concept names_overflow = !overflow_is_other<T> &&
                         ((derivable<T> && !requires { &Both<T, Names::Overflow>::overflow; }) ||
                          (!derivable<T> && requires { &T::overflow; }));
template <class T>
concept error_is_other = requires {
    typename T::error;
}
|| !std::is_function_v<decltype(T::error)>;
template <class T>
concept names_error =
    !error_is_other<T> && ((derivable<T> && !requires { &Both<T, Names::Error>::error; }) ||
                           (!derivable<T> && requires { &T::error; }));
template <class T>
concept close_is_other = requires {
    typename T::close;
}
|| !std::is_function_v<decltype(T::close)>;
template <class T>
concept names_close =
    !close_is_other<T> && ((derivable<T> && !requires { &Both<T, Names::Close>::close; }) ||
                           (!derivable<T> && requires { &T::close; }));

}  // namespace edgews::endpoint
