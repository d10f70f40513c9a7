// Chance, of which a world has its own.
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <random>
#include <vector>

namespace edgews::sim {
namespace {

std::vector<std::uint64_t> draw() {
    std::vector<std::uint64_t> drawn{::arc4random(), ::arc4random_uniform(1'000'000)};
    std::random_device device;
    drawn.push_back(device());
    std::uint64_t value = 0;
    ::arc4random_buf(&value, sizeof value);
    drawn.push_back(value);
    EXPECT_EQ(::getentropy(&value, sizeof value), 0);
    drawn.push_back(value);
    EXPECT_EQ(::getrandom(&value, sizeof value, 0), 8);
    drawn.push_back(value);
    const int fd = ::open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(::read(fd, &value, sizeof value), 8);
    drawn.push_back(value);
    ::close(fd);
    return drawn;
}

std::vector<std::uint64_t> draw_in_a_world() {
    World world({.seed = 1});
    return draw();
}

TEST(Chance, is_the_same_in_all_runs_of_a_world) {
    EXPECT_EQ(draw_in_a_world(), draw_in_a_world());
}

TEST(Chance, is_another_one_each_time) {
    World world({.seed = 1});
    EXPECT_NE(draw(), draw());
}

TEST(Chance, is_the_systems_outside) {
    EXPECT_NE(draw(), draw());
}

}  // namespace
}  // namespace edgews::sim
