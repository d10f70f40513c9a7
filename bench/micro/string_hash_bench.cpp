// The hash of names, and a name looked up in a table of many.
#include "core/base/string_hash.hpp"

#include "support.hpp"

#include <string>
#include <vector>

namespace edgews::bench {
namespace {

void time_hash(benchmark::State& state, std::size_t size) {
    const Bytes text = text_of(alphabets[0], size);
    const std::string_view view(reinterpret_cast<const char*>(text.data()), text.size());
    check(state, hash_of(view) == HashedView(view).hash());
    for (auto _ : state) {
        benchmark::DoNotOptimize(view);
        benchmark::DoNotOptimize(hash_of(view));
    }
    count_bytes(state, size);
}

void time_find(benchmark::State& state, std::size_t count) {
    NameTable<std::size_t> table;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) {
        names.push_back("/topic/prices/" + std::to_string(1'000'000 + i));
        table.emplace(HashedView(names.back()), i);
    }
    std::size_t right_count = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (table.find(std::string_view(names[i]))->second == i) ++right_count;
    }
    check(state, right_count == count);
    std::size_t next = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(table.find(std::string_view(names[next]))->second);
        if (++next == count) next = 0;
    }
    count_things(state, "name", 1);
}

[[maybe_unused]] const bool is_added = [] {
    for (const std::size_t size : {8U, 20U, 64U, 1024U}) {
        add_row("string_hash/hash/" + std::to_string(size),
                [=](benchmark::State& state) { time_hash(state, size); });
    }
    for (const std::size_t count : {16U, 10'000U}) {
        add_row("string_hash/find_of/" + std::to_string(count),
                [=](benchmark::State& state) { time_find(state, count); });
    }
    return true;
}();

}  // namespace
}  // namespace edgews::bench
