// A piece of work for a loop: one allocation, any callable, movable-only ones too.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace edgews {

class Task {
  public:
    Task() = default;
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;
    virtual ~Task() = default;
    virtual void run() = 0;

  private:
    friend class Mailbox;
    Task* next_ = nullptr;  // The mailbox's list goes through the tasks themselves.
};

template <class F>
[[nodiscard]] std::unique_ptr<Task> make_task(F&& function) {
    struct FunctionTask final : Task {
        explicit FunctionTask(F&& f) : function_(std::forward<F>(f)) {}
        void run() override { function_(); }
        std::decay_t<F> function_;
    };
    return std::make_unique<FunctionTask>(std::forward<F>(function));
}

}  // namespace edgews
