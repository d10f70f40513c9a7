// Which files are found beneath a directory, and which never: by openat2(), and without it.
#include "net/server/served_directory.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

#include "tests/support/file_tree.hpp"

namespace edgews::test {
namespace {

using Kind = FoundFile::Kind;
using Way = ServedDirectory::Way;

class ServedDirectoryTest : public testing::TestWithParam<Way> {
  protected:
    ServedDirectoryTest() {
        tree_.write("secret", "not served");
        tree_.make("served");
        tree_.make("served/folder");
        tree_.write("served/a.txt", "content");
        tree_.write("served/folder/b.txt", "deeper");
        tree_.write("served/empty", "");
    }
    [[nodiscard]] Kind kind_of(const std::string& path) const {
        return ServedDirectory(tree_.path("served"), GetParam()).open(path).kind;
    }

    FileTree tree_;
};

INSTANTIATE_TEST_SUITE_P(Ways, ServedDirectoryTest,
                         testing::Values(Way::by_kernel, Way::by_segment), [](const auto& one) {
                             return one.param == Way::by_kernel ? "by_kernel" : "by_segment";
                         });

TEST_P(ServedDirectoryTest, files_are_opened_and_measured) {
    const ServedDirectory served(tree_.path("served"), GetParam());
    const FoundFile found = served.open("folder/b.txt");
    ASSERT_EQ(found.kind, Kind::file);
    EXPECT_EQ(found.size, 6U);
    struct stat status {};
    ASSERT_EQ(::stat(tree_.path("served/folder/b.txt").c_str(), &status), 0);
    EXPECT_EQ(found.modified_s, status.st_mtim.tv_sec);
    EXPECT_EQ(found.modified_ns, status.st_mtim.tv_nsec);
    std::array<std::byte, 6> space{};
    EXPECT_EQ(read_file(found.fd, 0, space), 6U);
    EXPECT_EQ(std::to_integer<char>(space[0]), 'd');
    EXPECT_EQ(read_file(found.fd, 4, space), 2U);
    EXPECT_EQ(read_file(found.fd, 6, space), 0U);
    EXPECT_EQ(read_file(Fd{}, 0, space), 0U);
    EXPECT_EQ(served.open("empty").size, 0U);
}

TEST_P(ServedDirectoryTest, what_is_no_regular_file_is_told_apart) {
    ASSERT_EQ(::mkfifo(tree_.path("served/pipe").c_str(), 0600), 0);
    EXPECT_EQ(kind_of("folder"), Kind::directory);
    EXPECT_EQ(kind_of("pipe"), Kind::nothing);
    EXPECT_EQ(kind_of("none"), Kind::nothing);
    EXPECT_EQ(kind_of("none/none"), Kind::nothing);
    EXPECT_EQ(kind_of("a.txt/none"), Kind::nothing);
    EXPECT_EQ(kind_of(std::string(5'000, 'a')), Kind::nothing);
}

TEST_P(ServedDirectoryTest, links_that_lead_out_lead_to_nothing) {
    tree_.link(tree_.path("secret"), "served/absolute");
    tree_.link("../secret", "served/relative");
    tree_.link("..", "served/up");
    tree_.link(tree_.path(""), "served/out");
    tree_.link("/proc/self/root", "served/root");
    tree_.link("/proc/self/cwd", "served/magic");
    tree_.link("loop", "served/loop");
    for (const std::string path : {"absolute", "relative", "up/secret", "out/secret",
                                   "root/etc/passwd", "magic/Makefile", "loop", "loop/a"}) {
        EXPECT_EQ(kind_of(path), Kind::nothing) << path;
    }
}

// Of a path that has been let in by mistake.
TEST(ServedDirectoryOnce, dots_lead_to_nothing) {
    FileTree tree;
    tree.write("secret", "not served");
    tree.make("served");
    const ServedDirectory served(tree.path("served"));
    if (served.way() == Way::by_kernel) {
        for (const std::string path : {"../secret", "./../secret", "/etc/passwd"}) {
            EXPECT_EQ(served.open(path).kind, Kind::nothing) << path;
        }
    }
    EXPECT_EQ(served.open("").kind, Kind::nothing);
}

TEST_P(ServedDirectoryTest, links_within_are_followed_where_the_kernel_can_tell) {
    tree_.link("a.txt", "served/same");
    tree_.link("folder", "served/other");
    tree_.link("../a.txt", "served/folder/back");
    const Way way = ServedDirectory(tree_.path("served"), GetParam()).way();
    const Kind expected = way == Way::by_kernel ? Kind::file : Kind::nothing;
    EXPECT_EQ(kind_of("same"), expected);
    EXPECT_EQ(kind_of("other/b.txt"), expected);
    EXPECT_EQ(kind_of("folder/back"), expected);
}

TEST_P(ServedDirectoryTest, without_descriptors_it_is_refused) {
    const ServedDirectory served(tree_.path("served"), GetParam());
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit few = before;
    few.rlim_cur = 0;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    const Kind kind = served.open("folder/b.txt").kind;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(kind, Kind::refused);
}

// The one that is left is the directory's. Where the kernel knows no openat2() it takes none.
TEST_P(ServedDirectoryTest, that_the_last_descriptor_is_gone_does_not_end_the_following_of_links) {
    const std::string path = tree_.path("served");
    const Way way = ServedDirectory(path, GetParam()).way();
    const int next = Fd(::dup(STDERR_FILENO)).get();
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit few = before;
    few.rlim_cur = static_cast<rlim_t>(next) + 1;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    int error = 0;
    Way tried = way;
    try {
        tried = ServedDirectory(path, GetParam()).way();
    } catch (const std::system_error& failure) {
        error = failure.code().value();
    }
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(error, way == Way::by_kernel ? EMFILE : 0);
    EXPECT_EQ(tried, way);
}

TEST(ServedDirectoryOnce, one_that_is_none_is_an_error) {
    const FileTree tree;
    EXPECT_THROW(ServedDirectory{tree.path("none")}, std::system_error);
    EXPECT_EQ(ServedDirectory(tree.path(""), Way::by_segment).way(), Way::by_segment);
}

}  // namespace
}  // namespace edgews::test
