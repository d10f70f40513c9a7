// Runs one fuzz target over every file of the folders that are named.
//
// `make fuzz` needs clang; this lets any compiler run the corpora. Ends with
// status 1 when there was no input: a corpus that got lost must not pass.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::vector<char> read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// A heap block of exactly the input's size: a sanitizer sees one byte too far.
void run_one(const std::vector<char>& input) {
    const auto exact = std::make_unique<std::uint8_t[]>(input.size());
    std::copy(input.begin(), input.end(), exact.get());
    LLVMFuzzerTestOneInput(exact.get(), input.size());
}

}  // namespace

int main(int argc, char** argv) {
    int input_count = 0;
    for (int i = 1; i < argc; ++i) {
        for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
            std::fprintf(stderr, "%s\n",
                         entry.path().c_str());  // The last one named is the culprit.
            run_one(read_file(entry.path()));
            ++input_count;
        }
    }
    std::printf("%d inputs replayed\n", input_count);
    return input_count > 0 ? 0 : 1;
}
