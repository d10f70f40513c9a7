// A coroutine that returns a T to the coroutine that awaits it.
//
//     edgews::Task<int> answer() { co_return 42; }
//     … const int number = co_await answer();
//
// It does not begin before it is awaited, and belongs to whoever holds the Task: to destroy that
// ends the coroutine where it waits, and with it all that it waits for. An exception goes to the
// coroutine that awaits. One thread: its loop's.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

namespace edgews {

template <class T = void>
class [[nodiscard]] Task;

// What the promises of all tasks have.
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

// And how they differ: a value, or none.
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

}  // namespace edgews
