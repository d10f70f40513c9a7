#include "crypto/random.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <set>
#include <type_traits>
#include <vector>

#include "crypto/chacha.hpp"

namespace edgews {
namespace {

using Seed = std::array<std::byte, random_seed_size>;

// The bytes first, first + 1, and so on.
Seed counting_seed(unsigned first) {
    Seed seed;
    for (std::byte& byte : seed) byte = static_cast<std::byte>(first++);
    return seed;
}

bool all_zero(std::span<const std::byte> bytes) {
    return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

TEST(FillRandom, fills_every_byte_and_none_beside) {
    for (const std::size_t size : {0u, 1u, 2u, 31u, 32u, 255u, 256u, 257u, 4096u, 100'000u}) {
        // A byte stays zero in 16 independent fills once in 2^128.
        const auto bytes = std::make_unique<std::byte[]>(size);
        std::vector<std::byte> seen(size);
        for (int fill = 0; fill < 16; ++fill) {
            fill_random({bytes.get(), size});
            for (std::size_t i = 0; i < size; ++i) seen[i] |= bytes[i];
        }
        EXPECT_EQ(std::ranges::count(seen, std::byte{0}), 0) << size;
    }
}

TEST(FillRandom, gives_other_bytes_each_time) {
    Seed first;
    Seed second;
    fill_random(first);
    fill_random(second);
    EXPECT_NE(first, second);
}

std::atomic<int> alarms{0};
static_assert(std::atomic<int>::is_always_lock_free);

// Sends SIGALRM to the process every millisecond, without SA_RESTART, while it lives.
class Alarms {
  public:
    Alarms() {
        struct sigaction action {};
        action.sa_handler = [](int) { alarms.fetch_add(1, std::memory_order_relaxed); };
        sigaction(SIGALRM, &action, &action_before_);
        set_interval_us(1000);
    }
    ~Alarms() {
        set_interval_us(0);
        sigaction(SIGALRM, &action_before_, nullptr);
    }
    Alarms(const Alarms&) = delete;
    Alarms& operator=(const Alarms&) = delete;

  private:
    static void set_interval_us(suseconds_t interval) {
        const itimerval timer{{0, interval}, {0, interval}};
        setitimer(ITIMER_REAL, &timer, nullptr);
    }

    struct sigaction action_before_ {};
};

// A signal cuts a large getrandom() short, and so does the kernel's limit on one call.
TEST(FillRandom, fills_all_though_signals_cut_it_short) {
    constexpr std::size_t page_size = 4096;
    const std::size_t size = 40 * 1024 * 1024;
    const auto bytes = std::make_unique<std::byte[]>(size);
    const int alarms_before = alarms;
    {
        const Alarms running;
        fill_random({bytes.get(), size});
    }
    EXPECT_GT(alarms, alarms_before);
    for (std::size_t i = 0; i < size; i += page_size) {
        ASSERT_FALSE(all_zero({bytes.get() + i, page_size})) << "at " << i;
    }
}

TEST(FillRandomDeathTest, ends_the_process_with_a_message_if_the_kernel_refuses) {
    // No page is mapped there: getrandom() fails with EFAULT.
    const std::span<std::byte> nowhere{reinterpret_cast<std::byte*>(16), 16};
    EXPECT_DEATH(fill_random(nowhere), "edgews: getrandom: Bad address");
}

TEST(Random, the_same_seed_gives_the_same_words) {
    Random one{counting_seed(0)};
    Random other{counting_seed(0)};
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(one.next(), other.next()) << i;
}

TEST(Random, every_bit_of_the_seed_changes_the_words) {
    std::set<std::uint32_t> first_words;
    for (std::size_t bit = 0; bit < 8 * random_seed_size; ++bit) {
        Seed seed{};
        seed[bit / 8] = static_cast<std::byte>(1u << bit % 8);
        first_words.insert(Random{seed}.next());
    }
    EXPECT_EQ(first_words.size(), 8 * random_seed_size);
}

TEST(Random, the_kernel_seeds_each_object_differently) {
    Random one;
    Random other;
    int equal = 0;
    for (int i = 0; i < 100; ++i) equal += one.next() == other.next() ? 1 : 0;
    EXPECT_LE(equal, 1);
}

// The construction once more, step by step from its description.
TEST(Random, a_refill_spends_its_first_eight_words_on_the_next_key) {
    const Seed seed = counting_seed(0);
    ChachaInput input{};
    for (std::uint32_t i = 0; i < 8; ++i) {
        input.key[i] = 0x03020100u + 0x04040404u * i;  // The seed, lowest byte first.
    }
    Random random{seed};
    for (int refill = 0; refill < 5; ++refill) {
        std::vector<std::uint32_t> words;
        for (std::uint32_t block = 0; block < 4; ++block) {
            input.position[0] = block;
            const ChachaBlock made = chacha_block(input, 8);
            words.insert(words.end(), made.begin(), made.end());
        }
        for (std::size_t i = 8; i < words.size(); ++i) {
            ASSERT_EQ(random.next(), words[i]) << "refill " << refill << ", word " << i;
        }
        std::copy_n(words.begin(), input.key.size(), input.key.begin());
    }
}

// What memory would show to who reads it afterwards.
TEST(Random, keeps_neither_old_keys_nor_words_it_gave) {
    const Seed seed = counting_seed(1);
    Random random{seed};
    std::set<std::uint32_t> gone;
    for (std::uint32_t i = 0; i < 8; ++i) gone.insert(0x04030201u + 0x04040404u * i);
    for (int i = 0; i < 100; ++i) gone.insert(random.next());

    std::array<std::uint32_t, sizeof(Random) / sizeof(std::uint32_t)> memory;
    std::memcpy(memory.data(), static_cast<const void*>(&random), sizeof random);
    for (const std::uint32_t word : memory) EXPECT_FALSE(gone.contains(word)) << word;
}

TEST(Random, is_not_copied) {
    static_assert(!std::is_copy_constructible_v<Random>);
    static_assert(!std::is_copy_assignable_v<Random>);
    static_assert(!std::is_move_constructible_v<Random>);
}

// From one seed, so that it passes always or never: no word comes back soon, and each bit
// is set half of the time (within six standard deviations).
TEST(Random, words_are_spread_evenly) {
    constexpr int count = 20'000;
    Random random{counting_seed(7)};
    std::set<std::uint32_t> words;
    std::array<int, 32> bits_set{};
    for (int i = 0; i < count; ++i) {
        const std::uint32_t word = random.next();
        words.insert(word);
        for (unsigned bit = 0; bit < 32; ++bit) bits_set[bit] += static_cast<int>(word >> bit & 1);
    }
    EXPECT_GE(words.size(), count - 3u);
    for (const int set : bits_set) EXPECT_NEAR(set, count / 2, 425);
}

}  // namespace
}  // namespace edgews
