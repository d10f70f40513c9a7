#include "failures.hpp"

#include <cstdio>

namespace load {
namespace {

constexpr std::uint64_t told_max = 5;

}  // namespace

void Failures::add(const std::string& text) {
    if (++count_ <= told_max) std::fprintf(stderr, "load: %s\n", text.c_str());
    if (count_ == told_max + 1) std::fputs("load: there are more failures, not told\n", stderr);
}

}  // namespace load
