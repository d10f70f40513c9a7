// libc's functions of chance, and std::random_device; see calls.hpp. A world's are the same in
// every run of it.
#include "sim/calls.hpp"

#include <dlfcn.h>
#include <sys/random.h>

#include <cstdint>
#include <span>

namespace edgews::sim {

void link_chance_calls() noexcept {}

namespace {

template <class Value>
Value drawn(Kernel& kernel) noexcept {
    Value value{};
    kernel.fill_random(std::as_writable_bytes(std::span(&value, 1)));
    return value;
}

}  // namespace

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

int getentropy(void* to, size_t size) {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return real().getentropy(to, size);
    if (size > 256) return returned_int(failed(EIO));
    kernel->fill_random({static_cast<std::byte*>(to), size});
    return 0;
}

std::uint32_t arc4random() noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    return kernel == nullptr ? real().arc4random() : drawn<std::uint32_t>(*kernel);
}

void arc4random_buf(void* to, size_t size) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return real().arc4random_buf(to, size);
    kernel->fill_random({static_cast<std::byte*>(to), size});
}

std::uint32_t arc4random_uniform(std::uint32_t count) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel == nullptr) return real().arc4random_uniform(count);
    return count == 0 ? 0 : static_cast<std::uint32_t>(drawn<std::uint64_t>(*kernel) % count);
}

// std::random_device::_M_getval(): it asks the CPU. Weak, where libstdc++ itself is linked in.
[[gnu::weak]] unsigned random_device_value(void* device) asm("_ZNSt13random_device9_M_getvalEv");
unsigned random_device_value(void* device) {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel != nullptr) return drawn<unsigned>(*kernel);
    using Function = unsigned (*)(void*);
    static const auto function =
        reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "_ZNSt13random_device9_M_getvalEv"));
    return function(device);
}

}  // extern "C"
