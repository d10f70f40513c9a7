// A loop that the system does not let be set up says what was refused, and leaves nothing behind.
#include <edgews/loop.hpp>
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>

namespace edgews::sim {
namespace {

constexpr std::array calm{std::byte{0}};

TEST(LoopSetup, what_the_system_refuses_is_named) {
    const struct {
        Call call;
        std::uint64_t index;
        int error;
        const char* what;
    } rows[] = {
        {Call::eventfd, 0, EMFILE, "eventfd"},
        {Call::epoll_create, 0, ENOMEM, "epoll_create1"},
        {Call::timerfd_create, 0, ENFILE, "timerfd_create"},
        {Call::epoll_ctl, 0, ENOSPC, "epoll_ctl"},
        {Call::epoll_ctl, 1, ENOMEM, "epoll_ctl"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(std::string(row.what) + ' ' + std::to_string(row.index));
        World world{{.recorded = calm}};
        const std::size_t descriptor_count = world.descriptor_count();
        world.kernel().plan({.call = row.call, .index = row.index, .error = row.error});
        try {
            const Loop loop;
            ADD_FAILURE() << "it was set up";
        } catch (const std::system_error& error) {
            EXPECT_EQ(error.code(), std::error_code(row.error, std::system_category()));
            EXPECT_EQ(std::string(error.what()).rfind(row.what, 0), 0U) << error.what();
        }
        EXPECT_EQ(world.descriptor_count(), descriptor_count);
        const Loop next;  // The world refuses once.
        EXPECT_GT(world.descriptor_count(), descriptor_count);
    }
}

}  // namespace
}  // namespace edgews::sim
