// A handler: any copyable callable of one signature.
//
// What std::function is, for a fraction of its compile time: every program that
// includes edgews.hpp pays for a dozen of these (ARCHITECTURE.md, Decisions).
#pragma once

#include <type_traits>
#include <utility>

namespace edgews {

template <class Signature>
class Function;

template <class Result, class... Arguments>
class Function<Result(Arguments...)> {
  public:
    // Empty: it must not be called.
    Function() = default;
    template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, Function> &&
             std::is_invocable_r_v<Result, std::decay_t<F>&, Arguments...>) Function(F&& callable)
        : callable_(new std::decay_t<F>(std::forward<F>(callable))),
          call_(&call<std::decay_t<F>>),
          manage_(&manage<std::decay_t<F>>) {}
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

    // The callable, if it is an F; null: it is something else.
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

}  // namespace edgews
