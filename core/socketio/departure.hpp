// Which broadcasts a session had before it left a loop for another one.
//
// A broadcast has a number, drawn under one mutex of the hub. While that is held, the broadcast is
// posted to the mailboxes of all loops but the one that drew it, which delivers it at once. So a
// loop takes those of others in the order of their numbers, and its own when it draws them; each
// loop takes each exactly once. A session moves from its old loop to a new one in this order:
//
//     new loop   expect: waits for the mutex once, and keeps all that it takes from now on
//     new loop   posts to the old one that the session may leave
//     old loop   leaves: waits for the mutex once, and reads the Departure
//     old loop   posts the session to the new one
//     new loop   arrives: gets of what was kept all that it had not, and from now on what is taken
//
// Each broadcast is delivered exactly once, on the old loop if that takes it before the session
// leaves, else on the new one:
// - The new loop took it before `expect`. Whoever drew it has finished posting it by the time that
//   `expect` has had the mutex, so it was in the old loop's mailbox before the job that lets the
//   session leave: the old loop has taken it by then, and delivered it.
// - The new loop took it between `expect` and `arrives`. It is kept, and the departure tells
//   whether the old loop had taken it: its own if they were drawn by then, those of others up to
//   the last that it took.
// - The new loop takes it after `arrives`. Had the old loop taken it before the session left, it
//   would have been drawn before, and posted to the new loop by the time that `leaves` has had the
//   mutex: in front of the session, and taken before it arrived.
#pragma once

#include <cstdint>

namespace edgews::sio {

struct Departure {
    std::uint64_t drawn = 0;  // The last number that any loop had drawn.
    // The last that the old loop took from its mailbox, or a later one, if what lies between was
    // not posted there.
    std::uint64_t taken = 0;

    // `is_own`: the old loop drew it.
    [[nodiscard]] bool has_had(std::uint64_t number, bool is_own) const noexcept {
        return number <= (is_own ? drawn : taken);
    }
};

}  // namespace edgews::sio
