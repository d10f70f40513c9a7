// The part of a loop that other threads may hold on to.
#pragma once

#include "net/loop/mailbox.hpp"
#include "net/loop/slots.hpp"

namespace edgews {

// Outlives the loop while someone holds it, and then says that the loop is gone.
struct LoopLink {
    Mailbox mailbox;
    Slots slots;
};

}  // namespace edgews
