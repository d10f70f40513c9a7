#include "visit.hpp"

#include "heap.hpp"

#include <system_error>
#include <utility>

namespace edgews::sim::test {

namespace {

// Longer than all that is put off for a moment: accepting after a refusal, connecting again.
constexpr std::uint64_t quiet_ms = 300;
constexpr std::uint64_t limit_ms = 60'000;

}  // namespace

Guest& Visit::expect(std::string name) {
    const Busy busy;
    return guests_.emplace_back(Guest{.name = std::move(name)});
}

void Visit::listen(const std::function<Error()>& listen) {
    Error error = listen();
    if (!error) return;
    {
        const Busy busy;
        refusals_.push_back(error);
    }
    error = listen();
    if (error) throw SetUpRefused(error);
}

void Visit::start(Server& server) {
    listen([&]() -> Error {
        try {
            server.start();
            return {};
        } catch (const std::system_error& error) {
            return {error.code(), error.what()};
        }
    });
}

void Visit::set_up_is_over() noexcept {
    is_set_up_ = true;
    if (told_ != nullptr) *told_ = true;
    has_failed_in_set_up_ = has_failed();
}

bool Visit::has_failed() const noexcept {
    return world_.kernel().has_failed_as_planned() || Heap::has_refused();
}

bool Visit::has_failed_running() const noexcept {
    return is_set_up_ && !has_failed_in_set_up_ && has_failed();
}

void Visit::await() {
    require(world_.run_until_quiet(quiet_ms, limit_ms), "there is no end of it");
}

void Visit::require(bool holds, std::string_view what) {
    const Busy busy;
    if (!holds && fault_.empty()) fault_ = what;
}

}  // namespace edgews::sim::test
