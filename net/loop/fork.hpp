// The question whether the process has children that may share its sockets.
#pragma once

#include <atomic>

namespace edgews {

// Set by the first fork() on any thread, for good; in the child it is not. One that goes on without
// exec keeps copies of all descriptors: closing ours ends a connection no more, and shutdown() has
// to. What is made by posix_spawn or vfork, as system() does, keeps none.
extern constinit std::atomic<bool> has_forked;

}  // namespace edgews
