// A piece of work for a loop: one allocation, any callable, movable-only ones too.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace edgews {

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
