// The engine's own clients call a service by its name, which leads them astray first: nobody knows
// it for a while, or it has other addresses, too, of which some refuse and some never answer. Who
// can be reached is reached, and all else has an end, also for those who change their mind.
#include "crowd.hpp"
#include "scenario.hpp"

#include <netdb.h>

#include <array>
#include <string>
#include <vector>

namespace edgews::sim::test {

namespace {

constexpr const char* host = "service.test";

// Addresses where nobody listens, or nobody answers, and now and then the service's own.
Names::Answer drawn_answer(Choices& choices, bool is_reachable) {
    static constexpr std::array astray{"127.0.0.9", "192.0.2.1", "::1", "2001:db8::1"};
    Names::Answer answer;
    for (std::uint32_t count = choices.below(4); count > 0; --count) {
        answer.addresses.emplace_back(choices.one_of(astray));
    }
    if (is_reachable) {
        const std::uint32_t place =
            choices.below(static_cast<std::uint32_t>(answer.addresses.size()) + 1);
        answer.addresses.emplace(answer.addresses.begin() + place, "127.0.0.1");
    }
    return answer;
}

// Sooner than most callers give up.
void fail_for_a_while(World& world, const Names::Answer& answer) {
    static constexpr std::array errors{EAI_AGAIN, EAI_NONAME, EAI_FAIL, EAI_MEMORY};
    world.set_name(host, {.error = world.choices().one_of(errors)});
    world.after(world.choices().below(400) * 1'000'000ULL,
                [&world, answer] { world.set_name(host, answer); });
}

}  // namespace

void play_dialing(World& world, Record& record) {
    Choices& choices = world.choices();
    CrowdOptions options{.host = host, .may_interrupt = true, .is_hopeless = choices.once_in(6)};
    options.service.mischief_max = choices.once_in(4) ? choices.between(1, 3) : 0;
    for (const char* silent : {"192.0.2.1", "2001:db8::1"}) {
        world.kernel().network().silence(silent);
    }
    const Names::Answer answer = drawn_answer(choices, !options.is_hopeless);
    world.set_name(host, answer);
    options.may_run_out = choices.once_in(4);
    if (options.may_run_out) fail_for_a_while(world, answer);
    Crowd crowd(world, record, options);
    crowd.play();
    record.require(!options.is_hopeless || crowd.service().receipts().empty(),
                   "who cannot be reached is");
}

}  // namespace edgews::sim::test
