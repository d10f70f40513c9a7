// Has the fuzzer choose what happens in the simulated kernel: the order of events, the faults and
// their sizes, coverage telling which are new.
//
// The input is what sim::Choices takes; where it ends, everything is calm. A history that breaks a
// promise (tests/sim/scenario.hpp), an assert or a sanitizer is a crash. Inputs are histories as
// `build/tests/sim` writes them to build/sim/, and it replays and shrinks what is found here.
#include "tests/sim/player.hpp"

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

// libFuzzer ends without giving back what its driver made.
extern "C" const char* __lsan_default_suppressions() {
    return "leak:fuzzer::FuzzerDriver\n";
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace edgews::sim::test;
    if (size == 0) return 0;
    // In place of the fuzzer's own alarm, which asks in the midst of a history how late it is.
    constexpr unsigned limit_s = 120;
    ::alarm(limit_s);
    const Played played = play({.recorded = std::as_bytes(std::span(data, size))});
    ::alarm(0);
    if (played.record.fault.empty()) return 0;
    std::fprintf(stderr, "%s: %s\n", played.scenario, played.record.fault.c_str());
    std::abort();
}
