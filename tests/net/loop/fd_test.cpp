// A descriptor with one owner.
#include <fcntl.h>
#include <sys/eventfd.h>

#include <gtest/gtest.h>

#include "net/loop/fd.hpp"

#include <type_traits>
#include <utility>

namespace edgews {
namespace {

static_assert(!std::is_copy_constructible_v<Fd>);
static_assert(!std::is_copy_assignable_v<Fd>);

int open_descriptor() {
    return ::eventfd(0, EFD_CLOEXEC);
}
bool is_open(int number) {
    return ::fcntl(number, F_GETFD) != -1;
}

TEST(Fd, without_a_number_it_is_false_and_owns_nothing) {
    Fd fd;
    EXPECT_FALSE(fd);
    EXPECT_EQ(fd.get(), -1);
    fd.reset();
    EXPECT_FALSE(Fd(-1));
    EXPECT_TRUE(Fd(open_descriptor()));
}

TEST(Fd, zero_is_a_descriptor_like_any_other) {
    // As when a daemon has closed its standard input.
    const Fd saved(::fcntl(0, F_DUPFD_CLOEXEC, 3));
    {
        const Fd zero(0);
        EXPECT_TRUE(zero);
    }
    EXPECT_FALSE(is_open(0));
    ASSERT_EQ(::dup2(saved.get(), 0), saved ? 0 : -1);
}

TEST(Fd, it_closes_at_its_end_and_at_reset) {
    const int number = open_descriptor();
    {
        const Fd fd(number);
        EXPECT_EQ(fd.get(), number);
        EXPECT_TRUE(is_open(number));
    }
    EXPECT_FALSE(is_open(number));

    Fd fd(open_descriptor());
    const int second = fd.get();
    fd.reset();
    EXPECT_FALSE(is_open(second));
    EXPECT_FALSE(fd);
}

TEST(Fd, it_closes_once_so_whoever_gets_the_number_next_keeps_it) {
    Fd fd(open_descriptor());
    const int number = fd.get();
    fd.reset();
    const Fd next(open_descriptor());
    ASSERT_EQ(next.get(), number);  // The system gives the lowest free number.
    fd.reset();
    fd = Fd();
    EXPECT_TRUE(is_open(number));
}

TEST(Fd, moving_moves_the_ownership) {
    Fd first(open_descriptor());
    const int number = first.get();
    Fd second(std::move(first));
    EXPECT_FALSE(first);
    EXPECT_EQ(second.get(), number);

    Fd third(open_descriptor());
    const int replaced = third.get();
    third = std::move(second);
    EXPECT_FALSE(is_open(replaced));
    EXPECT_FALSE(second);
    EXPECT_EQ(third.get(), number);

    Fd& itself = third;
    third = std::move(itself);
    EXPECT_EQ(third.get(), number);
    EXPECT_TRUE(is_open(number));
}

}  // namespace
}  // namespace edgews
