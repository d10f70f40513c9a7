// libc's functions of chance; see calls.hpp.
#include <edgews/sim/calls.hpp>

#include <sys/random.h>

#include <span>

namespace edgews::sim {

void link_chance_calls() noexcept {}

}  // namespace edgews::sim

using namespace edgews::sim;

extern "C" {

ssize_t getrandom(void* to, size_t size, unsigned flags) {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return system_call(SYS_getrandom, to, size, flags);
    if (const int error = kernel->enter(Call::getrandom); error != 0) {
        return returned(failed(error));
    }
    kernel->fill_random({static_cast<std::byte*>(to), size});
    return static_cast<ssize_t>(size);
}

}  // extern "C"
