#include "run.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <system_error>
#include <utility>

namespace edgews::sim::test {

namespace {

// Nothing is drawn: each answer is the calmest.
constexpr std::array<std::byte, 1> calm{};

// Why set-up went no further; without an error: it did.
Error play_once(const History& history, Visit& visit) {
    try {
        history.play(visit);
        return {};
    } catch (const SetUpRefused& refused) {
        return refused.error();
    } catch (const std::system_error& error) {
        return {error.code(), error.what()};
    } catch (const std::bad_alloc& error) {
        return {std::make_error_code(std::errc::not_enough_memory), error.what()};
    }
}

// What must hold after each history, also one that came no further than its set-up.
std::string what_is_left(World& world, const Visit& visit) {
    world.await_threads();
    if (!visit.fault().empty()) return visit.fault();
    if (world.descriptor_count() > 0) return "a descriptor is left open";
    if (visit.heard().opened != visit.heard().closed) return "open and close handlers do not pair";
    return {};
}

Outcome outcome_of(const Visit& visit, std::string& fault) {
    std::size_t hurt = 0;
    bool is_all_told = true;
    for (const Guest& guest : visit.guests()) {
        const bool is_hurt = guest.losses > 0 || !guest.is_served;
        if (is_hurt) ++hurt;
        if (!guest.has_ended) {
            is_all_told = false;
            fault = guest.name + " waits for something that does not come";
        } else if (is_hurt && hurt > 1) {
            fault = guest.name + " was lost, too";
        }
    }
    if (!is_all_told || hurt > 1) return Outcome::undefined;
    return hurt == 0 ? Outcome::nothing : Outcome::one_ends;
}

Ran judge(const Visit& visit, std::string fault) {
    Ran ran;
    ran.was_running = visit.has_failed_running();
    ran.refusals = visit.refusals();
    ran.fault = std::move(fault);
    ran.outcome = ran.fault.empty() ? outcome_of(visit, ran.fault) : Outcome::undefined;
    if (ran.outcome == Outcome::nothing && !ran.refusals.empty()) ran.outcome = Outcome::refused;
    return ran;
}

// Set-up was refused by an exception, or twice: all was given up, and is tried anew.
Ran play_anew(const History& history, World& world, Error refusal) {
    Visit visit(world);
    const Error again = play_once(history, visit);
    std::string fault = what_is_left(world, visit);
    if (again && fault.empty()) fault = "it is refused for ever: " + again.message;
    Ran ran = judge(visit, std::move(fault));
    ran.was_running = false;
    ran.refusals.push_back(std::move(refusal));
    if (ran.outcome == Outcome::nothing) ran.outcome = Outcome::refused;
    return ran;
}

}  // namespace

const char* name_of(Outcome outcome) noexcept {
    static constexpr std::array names{"nothing", "refused", "one_ends", "dies", "undefined"};
    return names[static_cast<std::size_t>(outcome)];
}

namespace {

Ran run_in(World& world, const History& history, bool* is_set_up) {
    Visit visit(world, is_set_up);
    Error refusal = play_once(history, visit);
    std::string fault = what_is_left(world, visit);
    if (!refusal || !fault.empty()) return judge(visit, std::move(fault));
    return play_anew(history, world, std::move(refusal));
}

}  // namespace

Ran run(const History& history, const PlannedFault& planned, bool* is_set_up) {
    World world({.recorded = calm});
    world.kernel().plan(planned);
    Ran ran = run_in(world, history, is_set_up);
    ran.has_failed = world.kernel().has_failed_as_planned();
    ran.detail = world.kernel().failed_detail();
    ran.times = world.kernel().calls(planned.call);
    return ran;
}

Ran run_out_of_memory(const History& history, Asker asker, std::uint64_t index, bool* is_set_up) {
    World world({.recorded = calm});
    const Heap heap(asker, index);
    Ran ran;
    {
        const Ran counted = run_in(world, history, is_set_up);
        const Busy busy;
        ran = counted;
    }
    ran.times = heap.asked_count();
    ran.has_failed = Heap::has_refused();
    ran.live_count = heap.live_count();
    return ran;
}

}  // namespace edgews::sim::test
