// A name for a connection: a value to keep, to copy, and to use on any thread.
#pragma once

#include <edgews/function.hpp>
#include <edgews/loop.hpp>
#include <edgews/message.hpp>
#include <edgews/prepared_message.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace edgews {

class Connection;
class WebSocketConnection;

// A handle names one connection for ever, and never reaches a freed or a reused one. All functions
// may be called on any thread, also when the connection, its loop or its server is gone: then they
// do nothing and say so.
//
// On the thread of the connection's loop they act at once. From another thread they are carried out
// on the loop, in the order of that thread's calls, and a result may be out of date by then.
class Handle {
  public:
    // Names no connection.
    Handle() = default;

    // True: the connection still exists. It may be closing.
    [[nodiscard]] bool is_live() const noexcept;
    // Sends a message, as Connection::send(). From another thread its bytes are copied, and the
    // result is `queued`: it is on its way to the loop.
    SendResult send(Message message) const;
    SendResult send(PreparedMessage message) const;
    // As Connection::close() and terminate(). False: the connection is gone, or the code or the
    // reason cannot be sent.
    bool close(std::uint16_t code = 1000, std::string_view reason = {}) const;
    bool terminate() const;

    // Runs function(Connection&) on the connection's loop, if the connection is open by then. It
    // never runs before post() returns. False: the connection is gone already. An empty function
    // throws std::invalid_argument.
    template <class F>
    bool post(F&& function) const {
        require_callable<std::decay_t<F>>(function, "Handle::post()");
        if (!is_live()) return false;
        return post_job(
            make_job([token = token_, call = std::decay_t<F>(std::forward<F>(function))]() mutable {
                run_on(
                    token,
                    [](void* own, Connection& connection) {
                        (*static_cast<std::decay_t<F>*>(own))(connection);
                    },
                    &call);
            }));
    }

    friend bool operator==(const Handle& a, const Handle& b) noexcept {
        return a.token_ == b.token_ && a.link_ == b.link_;
    }
    // Some order, for std::map.
    friend std::strong_ordering operator<=>(const Handle& a, const Handle& b) noexcept {
        const auto by_loop = std::compare_three_way()(a.link_.get(), b.link_.get());
        return std::is_neq(by_loop) ? by_loop : a.token_ <=> b.token_;
    }

  private:
    friend class WebSocketConnection;
    friend struct std::hash<Handle>;
    Handle(std::shared_ptr<LoopLink> link, Token token) noexcept
        : link_(std::move(link)), token_(token) {}

    [[nodiscard]] bool is_on_own_loop() const noexcept;
    bool post_job(std::unique_ptr<Job> job) const noexcept;
    // Calls run(function, connection) if the connection of that token is open. An exception closes
    // it, as a handler's does. On the loop's thread.
    static void run_on(Token token, void (*run)(void* function, Connection&), void* function);

    std::shared_ptr<LoopLink> link_;
    Token token_ = no_token;
};

}  // namespace edgews

template <>
struct std::hash<edgews::Handle> {
    std::size_t operator()(const edgews::Handle& handle) const noexcept {
        // The slot's number is in the token's low bits, and alone would do for one loop.
        return std::hash<std::uint64_t>()(handle.token_) ^
               (std::hash<const void*>()(handle.link_.get()) >> 4U);
    }
};
