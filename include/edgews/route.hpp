// What happens on the connections of a path: handlers, and user data.
#pragma once

#include <edgews/function.hpp>
#include <edgews/message.hpp>
#include <edgews/options.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace edgews {

class Connection;
class Request;
class Upgrade;
struct Response;

// How a connection ended (RFC 6455, sections 7.1.4 to 7.1.6).
struct CloseEvent {
    // The peer's status code; 1005 when its close frame bore none, 1006 when there was none.
    std::uint16_t code = close_code::abnormal;
    std::string_view reason{};  // The peer's; UTF-8. Valid until the handler returns.
    bool clean = false;         // Both sides sent a close frame.
    // A client's: bytes, with frame headers, that send() took and that never left, or too late for
    // the peer to look at them.
    std::size_t unsent_size = 0;
};

// What happens on a connection. All are optional and run on the connection's loop; the same
// handlers serve all loops, so what they share must be safe for threads. A handler
// that throws closes its connection with 1011. References and views that they are given are
// valid until they return.
struct Handlers {
    // Before the connection is one: see upgrade.hpp. Without it all are accepted.
    Function<void(const Request&, Upgrade&)> upgrade{};
    Function<void(Connection&)> open{};
    // A whole message.
    Function<void(Connection&, Message)> message{};
    // In place of `message`: messages as they arrive, of any size, in constant memory. A chunk has
    // at least one byte, and may end inside a UTF-8 character.
    Function<void(Connection&, Message::Kind)> message_begin{};
    Function<void(Connection&, std::span<const std::byte>)> message_chunk{};
    Function<void(Connection&)> message_end{};
    // It is answered without help, at the latest when the peer reads.
    Function<void(Connection&, std::span<const std::byte>)> ping{};
    Function<void(Connection&, std::span<const std::byte>)> pong{};
    // The backlog was over RouteOptions::drain_mark, and has fallen below it.
    Function<void(Connection&)> drain{};
    // With Overflow::tell: how many messages were dropped in this turn.
    Function<void(Connection&, std::size_t)> overflow{};
    // What went wrong, in a sentence: the peer broke a rule or fell silent, or a handler
    // threw. `close` follows.
    Function<void(Connection&, std::string_view)> error{};
    // The end: nothing can be sent any more, and no further handler is called.
    // Once for each connection that was opened.
    Function<void(Connection&, CloseEvent)> close{};

    [[nodiscard]] bool is_streaming() const noexcept {
        return message_begin || message_chunk || message_end;
    }
};

// How to make and destroy the user data in a connection's own allocation.
struct UserData {
    std::size_t size = 0;
    void (*construct)(void*) = nullptr;
    void (*destroy)(void*) noexcept = nullptr;
    const void* type = nullptr;  // Tells types apart.
    // What they hold of another type and is as good as user data itself; null: nothing does so.
    void* (*find_inner)(void* data, const void* type) noexcept = nullptr;

    template <class T>
    [[nodiscard]] static UserData of() noexcept {
        static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                      "user data may not be over-aligned");
        UserData made{.size = sizeof(T),
                      .construct = [](void* place) { new (place) T(); },
                      .destroy = [](void* data) noexcept { static_cast<T*>(data)->~T(); },
                      .type = type_of<T>()};
        if constexpr (requires(T own, const void* wanted) { own.find_user_data(wanted); }) {
            made.find_inner = [](void* place, const void* wanted) noexcept {
                return static_cast<T*>(place)->find_user_data(wanted);
            };
        }
        return made;
    }
    template <class T>
    [[nodiscard]] static const void* type_of() noexcept {
        if constexpr (!std::is_same_v<T, std::remove_cv_t<T>>) {
            return type_of<std::remove_cv_t<T>>();
        } else {
            static const char tag = 0;
            return &tag;
        }
    }
    // std::logic_error: there is none of the type that was asked for.
    [[noreturn]] static void throw_other_type();
};

using HttpHandler = Function<void(const Request&, Response&)>;

}  // namespace edgews
