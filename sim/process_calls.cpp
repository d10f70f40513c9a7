// libc's functions of the process and its threads that can be refused, and do what the system does
// otherwise; see calls.hpp.
#include "sim/calls.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>

namespace edgews::sim {

namespace {

// A sanitizer asks for its limits before it can look at anything of ours: until the first world it
// is answered by functions that it does not watch.
constinit bool has_had_world = false;

// An error number when it is to fail; 0: it is not.
int begin(Call call) {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    return kernel != nullptr ? kernel->enter(call) : 0;
}

}  // namespace

void link_process_calls() noexcept {
    has_had_world = true;
}

}  // namespace edgews::sim

using namespace edgews::sim;

extern "C" {

int pthread_attr_init(pthread_attr_t* attributes) noexcept {
    const int error = begin(Call::thread_attributes);
    return error != 0 ? error : real().pthread_attr_init(attributes);
}

int pthread_setaffinity_np(pthread_t thread, size_t size, const cpu_set_t* set) noexcept {
    const int error = begin(Call::setaffinity);
    return error != 0 ? error : real().pthread_setaffinity_np(thread, size, set);
}

int sched_getaffinity(pid_t process, size_t size, cpu_set_t* set) noexcept {
    const int error = begin(Call::sched_getaffinity);
    return error != 0 ? returned_int(failed(error)) : real().sched_getaffinity(process, size, set);
}

[[gnu::no_sanitize_address]] long sysconf(int name) noexcept {
    const int error = has_had_world ? begin(Call::sysconf) : 0;
    return error != 0 ? returned(failed(error)) : __sysconf(name);
}

// How many descriptors a world has is its own matter: `descriptors_max`.
[[gnu::no_sanitize_address]] int getrlimit(__rlimit_resource_t resource, rlimit* limit) noexcept {
    const int error = has_had_world ? begin(Call::getrlimit) : 0;
    if (error != 0) return returned_int(failed(error));
    const long result = system_call(SYS_prlimit64, 0, resource, nullptr, limit);
    Kernel* const kernel = has_had_world ? current_kernel() : nullptr;
    if (kernel != nullptr && resource == RLIMIT_NOFILE) {
        limit->rlim_cur = kernel->faults().descriptors_max;
        limit->rlim_max = std::max<rlim_t>(limit->rlim_max, limit->rlim_cur);
    }
    return static_cast<int>(result);
}

[[gnu::no_sanitize_address]] int setrlimit(__rlimit_resource_t resource,
                                           const rlimit* limit) noexcept {
    Kernel* const kernel = has_had_world ? current_kernel() : nullptr;
    if (kernel == nullptr || resource != RLIMIT_NOFILE) {
        return static_cast<int>(system_call(SYS_prlimit64, 0, resource, limit, nullptr));
    }
    if (limit->rlim_cur > limit->rlim_max) return returned_int(failed(EINVAL));
    kernel->faults().descriptors_max = limit->rlim_cur;
    return 0;
}

int munmap(void* begins, size_t size) noexcept {
    const int error = begin(Call::munmap);
    return error != 0 ? returned_int(failed(error))
                      : static_cast<int>(system_call(SYS_munmap, begins, size));
}

int madvise(void* begins, size_t size, int advice) noexcept {
    const int error = begin(Call::madvise);
    return error != 0 ? returned_int(failed(error))
                      : static_cast<int>(system_call(SYS_madvise, begins, size, advice));
}

}  // extern "C"
