// Coroutines over loops, clients and routes. Optional: nothing else includes it.
//
//     edgews::Task<> talk(edgews::Loop& loop) {
//         const auto ws = co_await edgews::connect(loop, "ws://localhost:9001/echo");
//         if (!ws) print(ws.error().error.message);
//         co_await ws.send("hello");
//         while (const auto message = co_await ws.receive()) print(message->text());
//         loop.stop();
//     }
//     edgews::Loop loop;
//     edgews::spawn(loop, talk(loop));
//     loop.run();
//
// A coroutine runs on the thread of its loop, and goes on from within the loop's turns. The holder
// of its Task owns it, and once it is spawned, the loop does: a loop that is destroyed destroys its
// coroutines, and all that they hold.
#pragma once

#include <edgews/async_connection.hpp>
#include <edgews/client.hpp>
#include <edgews/loop.hpp>
#include <edgews/server.hpp>

#include <algorithm>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace edgews {

// A coroutine that returns a T to the coroutine that awaits it.
//
//     edgews::Task<int> answer() { co_return 42; }
//     … const int number = co_await answer();
//
// It does not begin before it is awaited, and belongs to whoever holds the Task: to destroy that
// ends the coroutine where it waits, and with it all that it waits for. An exception goes to the
// coroutine that awaits. One thread: its loop's.
template <class T = void>
class [[nodiscard]] Task;

// The part that the promises of all tasks have in common.
class TaskPromise {
  public:
    [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
    // Goes on with whoever awaits.
    struct Final {
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(
            std::coroutine_handle<Promise> finished) const noexcept {
            return finished.promise().awaiting_;
        }
        void await_resume() const noexcept {}
    };
    [[nodiscard]] Final final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { exception_ = std::current_exception(); }

    void set_awaiting(std::coroutine_handle<> awaiting) noexcept { awaiting_ = awaiting; }

  protected:
    void rethrow() const {
        if (exception_) std::rethrow_exception(exception_);
    }

  private:
    std::coroutine_handle<> awaiting_ = std::noop_coroutine();
    std::exception_ptr exception_{};
};

// The part in which they differ: a value, or none.
template <class T>
class TaskResult : public TaskPromise {
  public:
    template <class Value>
    void return_value(Value&& value) {
        value_.emplace(std::forward<Value>(value));
    }
    [[nodiscard]] T take() {
        rethrow();
        return std::move(*value_);
    }

  private:
    std::optional<T> value_{};
};

template <>
class TaskResult<void> : public TaskPromise {
  public:
    void return_void() const noexcept {}
    void take() const { rethrow(); }
};

template <class T>
class [[nodiscard]] Task {
  public:
    struct promise_type : TaskResult<T> {  // NOLINT(readability-identifier-naming): as C++ asks.
        Task get_return_object() noexcept { return Task(Handle::from_promise(*this)); }
    };
    using Handle = std::coroutine_handle<promise_type>;

    Task() = default;  // No coroutine: to await it throws std::logic_error.
    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Task& operator=(Task&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Task() {
        if (handle_) handle_.destroy();
    }

    // There is a coroutine.
    [[nodiscard]] explicit operator bool() const noexcept { return handle_ != nullptr; }

    // To await it.
    [[nodiscard]] bool await_ready() const {
        if (!handle_) throw std::logic_error("a Task without a coroutine is awaited");
        return handle_.done();
    }
    Handle await_suspend(std::coroutine_handle<> awaiting) const noexcept {
        handle_.promise().set_awaiting(awaiting);
        return handle_;
    }
    T await_resume() const { return handle_.promise().take(); }

  private:
    explicit Task(Handle handle) noexcept : handle_(handle) {}

    Handle handle_ = nullptr;
};

// ---- On loops ----------------------------------------------------------------------------------

// Runs `task` until it waits for the first time. From then on `loop` runs it and owns it.
// Loop::cancel() of the token ends it where it waits, at the end of the turn. `failed` is told of
// an exception that leaves the task; without `failed` such an exception ends the program, as in a
// thread. A task without a coroutine throws std::invalid_argument.
Token spawn(Loop& loop, Task<> task, Function<void(std::exception_ptr)> failed = {});

// A timer that ends with its owner.
class CoroutineTimer {
  public:
    explicit CoroutineTimer(Loop& loop) noexcept : loop_(loop) {}
    CoroutineTimer(const CoroutineTimer&) = delete;
    CoroutineTimer& operator=(const CoroutineTimer&) = delete;
    ~CoroutineTimer() { cancel(); }

    template <class F>
    void start(std::chrono::milliseconds time, F&& function) {
        const auto delay_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0));
        token_ = loop_.after(delay_ms, std::forward<F>(function));
    }
    void cancel() noexcept { loop_.cancel(token_); }

  private:
    Loop& loop_;
    Token token_ = no_token;
};

// co_await sleep(loop, 5ms).
class [[nodiscard]] Sleep {
  public:
    Sleep(Loop& loop, std::chrono::milliseconds time) noexcept : timer_(loop), time_(time) {}
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> coroutine) {
        timer_.start(time_, [coroutine] { coroutine.resume(); });
    }
    void await_resume() const noexcept {}

  private:
    CoroutineTimer timer_;
    std::chrono::milliseconds time_;
};

inline Sleep sleep(Loop& loop, std::chrono::milliseconds time) noexcept {
    return {loop, time};
}

// co_await within(loop, 2s, task) gives the task's result as a std::optional; for a Task<> it gives
// true. Empty, or false: the time is up, and the task was ended where it waited.
template <class T>
class [[nodiscard]] Within {
  public:
    Within(Loop& loop, std::chrono::milliseconds limit, Task<T> task) noexcept
        : timer_(loop), limit_(limit), task_(std::move(task)) {}
    [[nodiscard]] bool await_ready() const {
        (void)task_.await_ready();  // Throws where there is no coroutine.
        return false;
    }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> coroutine) {
        timer_.start(limit_, [this, coroutine] {
            task_ = {};
            coroutine.resume();
        });
        return task_.await_suspend(coroutine);
    }
    auto await_resume() {
        timer_.cancel();
        if constexpr (std::is_void_v<T>) {
            if (task_) task_.await_resume();
            return static_cast<bool>(task_);
        } else {
            return task_ ? std::optional<T>(task_.await_resume()) : std::optional<T>();
        }
    }

  private:
    CoroutineTimer timer_;
    std::chrono::milliseconds limit_;
    Task<T> task_;
};

template <class T>
Within<T> within(Loop& loop, std::chrono::milliseconds limit, Task<T> task) noexcept {
    return {loop, limit, std::move(task)};
}

// Connects as a Client does. co_await gives the connection. If it could not be opened, it is false,
// and its error() says why. The options `drain_mark`, `overflow` and `reconnect` are not used.
//
// The options must be a variable: gcc 12 destroys objects that braces make within a co_await twice.
[[nodiscard]] Task<AsyncConnection> connect(Loop& loop, std::string_view url,
                                            Delivery delivery = Delivery::messages);
[[nodiscard]] Task<AsyncConnection> connect(Loop& loop, std::string_view url,
                                            const ClientOptions& options,
                                            Delivery delivery = Delivery::messages);
Task<AsyncConnection> connect(Loop& loop, std::string_view url, ClientOptions&& options,
                              Delivery delivery = Delivery::messages) = delete;

struct CoroutineRoute {
    // The options `drain_mark` and `overflow` are not used.
    RouteOptions options{};
    Delivery delivery = Delivery::messages;
    Function<void(const Request&, Upgrade&)> upgrade{};  // As in Handlers.
};

// A route whose handler is a coroutine, one for each connection: Task<> handler(AsyncConnection).
// When it returns, the connection is closed with 1000; when it throws, with 1011. It may go on
// after the connection has ended, until the loop ends. An empty handler throws
// std::invalid_argument.
template <class F>
void serve(Server& server, std::string_view pattern, F handler, CoroutineRoute route = {});
// The same with a T for each connection, which is made before the upgrade handler is called.
// Upgrade::data<T>(), Connection::data<T>() and AsyncConnection::data<T>() return it.
template <class T, class F>
void serve(Server& server, std::string_view pattern, F handler, CoroutineRoute route = {});

// The parts of serve().

struct AsyncUserData {
    std::shared_ptr<AsyncState> state = std::make_shared<AsyncState>();

    // Finds the state's data (edgews/route.hpp, UserData).
    [[nodiscard]] void* find_user_data(const void* type) const noexcept {
        return state->find_data(type);
    }
};

template <class T>
struct AsyncUserDataWith : AsyncUserData {
    AsyncUserDataWith() { state->make_data<T>(); }
};

// Runs `handler` for the connection.
void start_handler(Connection& connection, const std::shared_ptr<AsyncState>& state,
                   Task<> handler);

template <class Data, class F>
void serve_with(Server& server, std::string_view pattern, F handler, CoroutineRoute route) {
    require_callable(handler, "serve()");
    route.options.drain_mark = 0;
    route.options.overflow = Overflow::drop;
    Handlers handlers = async_handlers(
        route.delivery, [](Connection& c) -> AsyncState& { return *c.data<Data>().state; });
    handlers.upgrade = std::move(route.upgrade);
    handlers.open = [handler](Connection& connection) {
        const std::shared_ptr<AsyncState>& state = connection.data<Data>().state;
        start_handler(connection, state, handler(AsyncConnection(state)));
    };
    server.ws<Data>(pattern, std::move(handlers), std::move(route.options));
}

template <class F>
void serve(Server& server, std::string_view pattern, F handler, CoroutineRoute route) {
    serve_with<AsyncUserData>(server, pattern, std::move(handler), std::move(route));
}

template <class T, class F>
void serve(Server& server, std::string_view pattern, F handler, CoroutineRoute route) {
    serve_with<AsyncUserDataWith<T>>(server, pattern, std::move(handler), std::move(route));
}

}  // namespace edgews
