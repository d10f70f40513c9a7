// A pipe, as Linux has it: one end writes what the other one reads.
#pragma once

#include "sim/file.hpp"
#include "sim/socket.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace edgews::sim {

class PipeEnd final : public File {
  public:
    enum class Side : std::uint8_t { reads, writes };

    PipeEnd(Kernel& kernel, Side side) noexcept : File(kernel), side_(side) {}
    static void join(const std::shared_ptr<PipeEnd>& reader,
                     const std::shared_ptr<PipeEnd>& writer);

    [[nodiscard]] std::uint32_t ready() override;
    // Requires: the side does so.
    Result read(void* to, std::size_t size) override;
    Result write(const void* from, std::size_t size) override;
    void closed() override;
    [[nodiscard]] int access_mode() const noexcept override;

    [[nodiscard]] std::size_t unread_size() const noexcept { return bytes_->size(); }

  private:
    [[nodiscard]] std::size_t room() const noexcept;

    Side side_;
    std::shared_ptr<Bytes> bytes_{};
    std::weak_ptr<PipeEnd> other_{};
};

}  // namespace edgews::sim
