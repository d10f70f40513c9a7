// Callables: a handler, which is copyable and has one signature, and a job for a loop.
//
// Function does the work of std::function for a fraction of its compile time: every program that
// includes edgews/edgews.hpp pays for a dozen of these (ARCHITECTURE.md, Decisions).
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace edgews {

// True: nothing is behind the callable. It is a null pointer, an empty Function or std::function.
template <class F>
[[nodiscard]] constexpr bool is_empty_callable(const F& callable) noexcept {
    if constexpr (std::is_pointer_v<F> || std::is_member_pointer_v<F>) {
        return callable == nullptr;
    } else if constexpr (requires { static_cast<bool>(callable); } &&
                         !std::is_convertible_v<const F&, bool>) {
        return !static_cast<bool>(callable);
    } else {
        return false;
    }
}

// Throws std::invalid_argument, which says that `where` was given an empty callable.
[[noreturn]] void throw_empty_callable(const char* where);

template <class F>
void require_callable(const F& callable, const char* where) {
    if (is_empty_callable(callable)) throw_empty_callable(where);
}

template <class Signature>
class Function;

template <class Result, class... Arguments>
class Function<Result(Arguments...)> {
  public:
    // Empty. It must not be called. One that is made of an empty callable is empty, too.
    Function() = default;
    template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, Function> &&
             std::is_invocable_r_v<Result, std::decay_t<F>&, Arguments...>) Function(F&& callable) {
        if (is_empty_callable<std::decay_t<F>>(callable)) return;
        callable_ = new std::decay_t<F>(std::forward<F>(callable));
        call_ = &call<std::decay_t<F>>;
        manage_ = &manage<std::decay_t<F>>;
    }
    Function(const Function& other)
        : callable_(other.manage_ == nullptr ? nullptr : other.manage_(other.callable_, Act::copy)),
          call_(other.call_),
          manage_(other.manage_) {}
    Function(Function&& other) noexcept { swap(other); }
    Function& operator=(Function other) noexcept {
        swap(other);
        return *this;
    }
    ~Function() {
        if (manage_ != nullptr) manage_(callable_, Act::destroy);
    }

    explicit operator bool() const noexcept { return call_ != nullptr; }
    // Requires: not empty. The callable's own state is not const.
    Result operator()(Arguments... arguments) const {
        return call_(callable_, std::forward<Arguments>(arguments)...);
    }

    // The callable. Null: it is no F.
    template <class F>
    [[nodiscard]] const F* target() const noexcept {
        return manage_ == &manage<F> ? static_cast<const F*>(callable_) : nullptr;
    }

  private:
    enum class Act : unsigned char { copy, destroy };

    template <class F>
    static Result call(void* callable, Arguments... arguments) {
        return (*static_cast<F*>(callable))(std::forward<Arguments>(arguments)...);
    }
    // Returns the copy.
    template <class F>
    static void* manage(void* callable, Act act) {
        if (act == Act::copy) return new F(*static_cast<const F*>(callable));
        delete static_cast<F*>(callable);
        return nullptr;
    }
    void swap(Function& other) noexcept {
        std::swap(callable_, other.callable_);
        std::swap(call_, other.call_);
        std::swap(manage_, other.manage_);
    }

    void* callable_ = nullptr;
    Result (*call_)(void*, Arguments...) = nullptr;
    void* (*manage_)(void*, Act) = nullptr;
};

// A piece of work for a loop: any callable, also one that can only be moved, in one allocation.
class Job {
  public:
    Job() = default;
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;
    virtual ~Job() = default;
    virtual void run() = 0;

  private:
    friend class Mailbox;
    Job* next_ = nullptr;  // The mailbox's list goes through the jobs themselves.
};

template <class F>
[[nodiscard]] std::unique_ptr<Job> make_job(F&& function) {
    struct FunctionJob final : Job {
        explicit FunctionJob(F&& f) : function_(std::forward<F>(f)) {}
        void run() override { function_(); }
        std::decay_t<F> function_;
    };
    return std::make_unique<FunctionJob>(std::forward<F>(function));
}

}  // namespace edgews
