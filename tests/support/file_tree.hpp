// Files of a test's own, in a directory that goes with them.
#pragma once

#include <gtest/gtest.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace edgews::test {

class FileTree {
  public:
    FileTree() { EXPECT_NE(::mkdtemp(root_.data()), nullptr); }
    ~FileTree() {
        std::error_code ignored;
        std::filesystem::remove_all(root_, ignored);
    }
    FileTree(const FileTree&) = delete;
    FileTree& operator=(const FileTree&) = delete;

    [[nodiscard]] std::string path(const std::string& name) const { return root_ + '/' + name; }
    void make(const std::string& folder) const {
        EXPECT_TRUE(std::filesystem::create_directory(path(folder)));
    }
    void write(const std::string& name, const std::string& content) const {
        std::ofstream(path(name), std::ios::binary) << content;
    }
    void link(const std::string& to, const std::string& name) const {
        std::filesystem::create_symlink(to, path(name));
    }
    // Since the beginning of 1970.
    void set_modified(const std::string& name, long seconds) const {
        const timespec times[2]{{.tv_sec = seconds, .tv_nsec = 0},
                                {.tv_sec = seconds, .tv_nsec = 0}};
        EXPECT_EQ(::utimensat(AT_FDCWD, path(name).c_str(), times, 0), 0);
    }

  private:
    std::string root_ = std::filesystem::temp_directory_path() / "edgews-files-XXXXXX";
};

}  // namespace edgews::test
