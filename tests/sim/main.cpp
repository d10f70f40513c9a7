// Plays histories in the simulated kernel, and says which break a promise.
//
//     sim [--first SEED] [--seeds COUNT] [--seconds COUNT] [--only SCENARIO] [--stop] [--verbose]
//     sim --replay FILE...    plays recorded choices
//     sim --shrink FILE       makes them fewer, as long as they fail: FILE.min
//
// --stop ends with the first that fails. --trace tells all that happens on standard error. The
// choices of a history that fails are written to build/sim/. Ends with status 1 when one fails; the
// last line reads "N histories, N failed".
#include "heap.hpp"
#include "player.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

using namespace edgews::sim;
using namespace edgews::sim::test;

extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)());

namespace {

struct Options {
    std::uint64_t first = 1;
    std::uint64_t seeds = 1'000;
    unsigned seconds = 0;  // 0: as long as the seeds take.
    std::string only{};
    bool is_verbose = false;
    bool stops_at_failure = false;
    bool is_traced = false;
    bool is_replay = false;
    std::string to_shrink{};
    std::vector<std::string> files{};
};

struct Totals {
    std::uint64_t histories = 0;
    std::uint64_t failed = 0;
    std::uint64_t connections = 0;
    std::uint64_t messages = 0;
    std::uint64_t virtual_ns = 0;
};

char current[128] = "";  // What is being played, for when it ends the process.

void write_file(const char* path, std::span<const std::byte> bytes) noexcept {
    const int file = ::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0 || ::write(file, bytes.data(), bytes.size()) < 0) std::perror(path);
    ::close(file);
}

// "seed 7" is kept in build/sim/seed-7; what was replayed is kept already.
void keep_choices(std::span<const std::byte> choices) noexcept {
    char path[128] = "";
    unsigned long long seed = 0;
    if (std::sscanf(current, "seed %llu", &seed) != 1) return;
    ::mkdir("build/sim", 0755);
    std::snprintf(path, sizeof path, "build/sim/seed-%llu", seed);
    write_file(path, choices);
}

void tell_current() {
    keep_choices(choices_so_far());
    const char* const words = "\nedgews: the process ended in ";
    (void)!::write(2, words, std::strlen(words));
    (void)!::write(2, current, std::strlen(current));
    (void)!::write(2, "\n", 1);
}

void on_signal(int signal) {
    tell_current();
    ::signal(signal, SIG_DFL);
    ::raise(signal);
}

void watch_for_death() {
    for (const int signal : {SIGABRT, SIGSEGV, SIGALRM}) ::signal(signal, on_signal);
    if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(tell_current);
}

void count(Totals& totals, const Played& played, const Options& options) {
    if (*played.scenario == '\0') return;
    ++totals.histories;
    totals.connections += played.record.connections;
    totals.messages += played.record.messages;
    totals.virtual_ns += played.virtual_ns;
    const bool has_failed = !played.record.fault.empty();
    if (has_failed) {
        ++totals.failed;
        keep_choices(played.choices);
    }
    if (has_failed ? totals.failed <= 20 : options.is_verbose) {
        std::printf("%s: %s: %s (%zu choices, hash %016" PRIx64 ")\n", current, played.scenario,
                    has_failed ? played.record.fault.c_str() : "held", played.choices.size(),
                    played.hash);
        std::fflush(stdout);
    }
}

std::FILE* trace_of(const Options& options) {
    return options.is_traced ? stderr : nullptr;
}

// Every so often: the same seed is the same history, and leaves no memory behind.
constexpr std::uint64_t again_every = 25;

Played play_seed(std::uint64_t seed, const Options& options) {
    Played first = play({.seed = seed}, options.only, trace_of(options));
    if (seed % again_every != 0 || *first.scenario == '\0') return first;
    const std::size_t before = live_blocks();
    std::uint64_t hash = 0;
    {
        const Played second = play({.seed = seed}, options.only);
        hash = second.hash;
    }
    first.record.require(hash == first.hash, "played again, it is another history");
    first.record.require(live_blocks() == before, "memory is left");
    return first;
}

void play_seeds(const Options& options, Totals& totals) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options.seconds);
    for (std::uint64_t i = 0; options.seconds > 0 || i < options.seeds; ++i) {
        if (options.seconds > 0 && std::chrono::steady_clock::now() >= end) break;
        if (options.stops_at_failure && totals.failed > 0) break;
        std::snprintf(current, sizeof current, "seed %" PRIu64, options.first + i);
        ::alarm(120);  // A history that does not end.
        count(totals, play_seed(options.first + i, options), options);
    }
}

std::vector<std::byte> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    const auto view = std::as_bytes(std::span(bytes));
    return {view.begin(), view.end()};
}

void replay(const Options& options, Totals& totals) {
    for (const std::string& path : options.files) {
        std::snprintf(current, sizeof current, "%s", path.c_str());
        const std::vector<std::byte> choices = read_file(path);
        if (choices.empty()) {
            std::printf("%s: nothing is recorded there\n", path.c_str());
            ++totals.failed;
            continue;
        }
        ::alarm(120);
        count(totals, play({.recorded = choices}, options.only, trace_of(options)), options);
    }
}

int shrink_file(const std::string& path) {
    const std::vector<std::byte> choices = shrink(read_file(path), 120);
    const std::string shorter = path + ".min";
    write_file(shorter.c_str(), choices);
    std::printf("%zu choices in %s\n", choices.size(), shorter.c_str());
    return 0;
}

// How many words were taken; 0: none is understood.
int take(Options& options, std::string_view word, const char* value) {
    const auto number = [&] { return std::strtoull(value, nullptr, 10); };
    if (word == "--verbose") return (options.is_verbose = true, 1);
    if (word == "--stop") return (options.stops_at_failure = true, 1);
    if (word == "--trace") return (options.is_traced = true, 1);
    if (word == "--replay") return (options.is_replay = true, 1);
    if (!word.starts_with("--")) return (options.files.emplace_back(word), 1);
    if (value == nullptr) return 0;
    if (word == "--first") return (options.first = number(), 2);
    if (word == "--seeds") return (options.seeds = number(), 2);
    if (word == "--seconds") return (options.seconds = static_cast<unsigned>(number()), 2);
    if (word == "--only") return (options.only = value, 2);
    if (word == "--shrink") return (options.to_shrink = value, 2);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc;) {
        const int taken = take(options, argv[i], i + 1 < argc ? argv[i + 1] : nullptr);
        if (taken == 0) {
            std::fprintf(stderr, "sim: %s is not understood; see tests/sim/main.cpp\n", argv[i]);
            return 2;
        }
        i += taken;
    }
    if (!options.to_shrink.empty()) return shrink_file(options.to_shrink);
    watch_for_death();
    Totals totals;
    const auto begin = std::chrono::steady_clock::now();
    options.is_replay ? replay(options, totals) : play_seeds(options, totals);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::printf("%" PRIu64 " connections, %" PRIu64 " messages, %.0f s of their time in %.1f s\n",
                totals.connections, totals.messages, static_cast<double>(totals.virtual_ns) / 1e9,
                took.count());
    std::printf("%" PRIu64 " histories, %" PRIu64 " failed\n", totals.histories, totals.failed);
    return totals.failed == 0 && totals.histories > 0 ? 0 : 1;
}
