// The handlers of the connections of a path, and the data that the application keeps in each.
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
    // The code of the peer's close frame. 1005: it had none. 1006: there was no close frame.
    std::uint16_t code = close_code::abnormal;
    // The peer's reason, in UTF-8. It is valid until the handler returns.
    std::string_view reason{};
    // True: both sides sent a close frame.
    bool clean = false;
    // For a client: bytes, frame headers included, that send() accepted and that never left, or
    // left too late for the peer to look at them.
    std::size_t unsent_size = 0;
};

// The handlers of a route. All are optional, and run on the connection's loop. The same handlers
// serve all loops, so data that they share must be safe for threads. A handler that throws closes
// its connection with 1011. References and views that a handler is given are valid until it
// returns.
struct Handlers {
    // Decides whether a request becomes a connection: see edgews/upgrade.hpp. Without this handler
    // all requests do.
    Function<void(const Request&, Upgrade&)> upgrade{};
    // The connection is open. Messages can be sent.
    Function<void(Connection&)> open{};
    // A whole message has come.
    Function<void(Connection&, Message)> message{};
    // These three are in place of `message`: they are given messages of any size as they arrive, in
    // constant memory. A chunk has at least one byte, and may end inside a UTF-8 character.
    Function<void(Connection&, Message::Kind)> message_begin{};
    Function<void(Connection&, std::span<const std::byte>)> message_chunk{};
    Function<void(Connection&)> message_end{};
    // A ping has come. The engine answers it by itself, at the latest when the peer reads.
    Function<void(Connection&, std::span<const std::byte>)> ping{};
    Function<void(Connection&, std::span<const std::byte>)> pong{};
    // The backlog was beyond RouteOptions::drain_mark, and is back below it.
    Function<void(Connection&)> drain{};
    // Messages were dropped in this turn: so many. Called with Overflow::tell.
    Function<void(Connection&, std::size_t)> overflow{};
    // The connection fails. The sentence says why: the peer broke a rule or fell silent, or a
    // handler threw. `close` follows.
    Function<void(Connection&, std::string_view)> error{};
    // The connection has ended: nothing can be sent any more, and no further handler is called.
    // Called once for each connection that was opened.
    Function<void(Connection&, CloseEvent)> close{};

    [[nodiscard]] bool is_streaming() const noexcept {
        return message_begin || message_chunk || message_end;
    }
};

// The type of a route's user data, which lie in each connection's own allocation.
struct UserData {
    std::size_t size = 0;
    void (*construct)(void*) = nullptr;
    void (*destroy)(void*) noexcept = nullptr;
    const void* type = nullptr;  // An address that tells types apart.
    // Finds an object of another type inside them that is as good as user data itself. Null: there
    // is none.
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
    // Throws std::logic_error: the route has no user data of the type that was asked for.
    [[noreturn]] static void throw_other_type();
};

using HttpHandler = Function<void(const Request&, Response&)>;

}  // namespace edgews
