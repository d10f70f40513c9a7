#include "core/engineio/session_phase.hpp"

#include <array>
#include <cassert>
#include <optional>

namespace edgews::engineio {

namespace {

using State = SessionPhase::State;
using Event = SessionPhase::Event;

struct Step {
    State from;
    Event event;
    State to;
};

// All that can happen.
constexpr std::array steps{
    Step{State::opening, Event::accepted_polling, State::polling},
    Step{State::opening, Event::accepted_websocket, State::websocket},
    Step{State::opening, Event::closed, State::closing},
    Step{State::opening, Event::ended, State::over},
    Step{State::polling, Event::probe_began, State::probing},
    Step{State::polling, Event::closed, State::closing},
    Step{State::polling, Event::ended, State::over},
    Step{State::probing, Event::probe_ended, State::polling},
    Step{State::probing, Event::left, State::moving},
    Step{State::probing, Event::closed, State::closing},
    Step{State::probing, Event::ended, State::over},
    Step{State::moving, Event::arrived, State::websocket},
    Step{State::moving, Event::ended, State::over},
    Step{State::websocket, Event::closed, State::closing},
    Step{State::websocket, Event::ended, State::over},
    Step{State::closing, Event::parted, State::parting},
    Step{State::closing, Event::ended, State::over},
    Step{State::parting, Event::ended, State::over},
};

constexpr std::optional<State> next(State state, Event event) noexcept {
    for (const Step& step : steps) {
        if (step.from == state && step.event == event) return step.to;
    }
    return std::nullopt;
}

}  // namespace

bool SessionPhase::allows(Event event) const noexcept {
    return next(state_, event).has_value();
}

void SessionPhase::enter(Event event) noexcept {
    const auto state = next(state_, event);
    assert(state);
    state_ = state.value_or(state_);
}

}  // namespace edgews::engineio
