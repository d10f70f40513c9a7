// Runs the micro-benchmarks: one line each, with the time of one operation and, where
// bytes go through, bytes per second.
//
// Takes Google Benchmark's options (--help). Ends with the count of rows whose result was
// right and wrong, and with status 1 if any was wrong or none was run.
#include "support.hpp"

#include <cstdio>

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    const std::size_t count = benchmark::RunSpecifiedBenchmarks();
    const auto& wrong = edgews::bench::wrong_rows();
    std::printf("# pass %zu\n# fail %zu\n", count - wrong.size(), wrong.size());
    return count > 0 && wrong.empty() ? 0 : 1;
}
