// A route of files: what a request finds beneath the directory, and how that is answered.
#pragma once

#include <edgews/options.hpp>
#include <edgews/request.hpp>
#include <edgews/response.hpp>
#include "core/http/preconditions.hpp"
#include "net/server/served_directory.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace edgews {

// A part of a file that is sent as it is read.
struct FileContent {
    Fd fd{};
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::shared_ptr<const void> place{};  // Among those that may be open at a time.
};

// Shared by all loops.
class FileRoute {
  public:
    // Throws std::system_error: the directory cannot be opened; std::invalid_argument: an option is
    // no header's value.
    FileRoute(const std::string& directory, FileOptions options);

    // Requires: the request's route ends in "*".
    void serve(const Request& request, Response& response) const;

    // To the same path with a slash behind it.
    static void redirect_to_directory(const Request& request, Response& response);

    // Files up to so many bytes are read as a whole, and leave with their heads.
    static constexpr std::size_t small_size_max = 16 * 1024;

  private:
    static void refuse(Response& response);
    void send(const Request& request, Response& response, FoundFile file,
              std::string_view path) const;
    void send_content(const Request& request, Response& response, FileContent content) const;
    [[nodiscard]] std::shared_ptr<const void> take_place() const;
    [[nodiscard]] std::string_view type_of(std::string_view path) const noexcept;

    ServedDirectory directory_;
    FileOptions options_;
    std::shared_ptr<std::atomic<std::size_t>> open_count_;  // Of large ones, which are being sent.
};

}  // namespace edgews
