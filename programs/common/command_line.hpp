// The words that a program was started with.
#pragma once

#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>

namespace programs {

// Has arguments.take(option, value) take them, which says how many it took: an option, and its
// value if it has one. 0: it is not understood. Then calls run(arguments). Returns the program's
// status. It is 2, and standard error says why, where words are not understood or run() throws
// std::invalid_argument.
template <class Arguments, class Run>
int run_with(const char* name, const std::string& usage, int count, char** words, const Run& run) {
    Arguments arguments;
    for (int i = 1; i < count;) {
        const std::string_view value = i + 1 < count ? words[i + 1] : "";
        const int taken = arguments.take(words[i], value);
        if (taken == 0) {
            std::fprintf(stderr, "%s: %s %s is not understood\nusage: %s %s\n", name, words[i],
                         value.data(), name, usage.c_str());
            return 2;
        }
        i += taken;
    }
    try {
        return run(arguments);
    } catch (const std::invalid_argument& error) {
        std::fprintf(stderr, "%s: %s\nusage: %s %s\n", name, error.what(), name, usage.c_str());
        return 2;
    }
}

}  // namespace programs
