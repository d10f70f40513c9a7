// The answers of StompHooks::authorise about names that a session's patterns cover. It is asked
// about each name once, and not for each message.
#pragma once

#include "core/base/string_hash.hpp"

#include <cstddef>
#include <memory>
#include <optional>

namespace edgews {

class StompVerdicts {
  public:
    // Bytes that they may take: others choose the names. Beyond that all are forgotten, and asked
    // about again as they come.
    static constexpr std::size_t size_max = 64 * 1024;

    // Nothing: it has not been asked about.
    [[nodiscard]] std::optional<bool> find(const HashedView& name) const noexcept;
    // Requires: it is not known.
    void add(const HashedView& name, bool is_allowed);
    void forget() noexcept { known_.reset(); }

  private:
    struct Known {
        NameTable<bool> names{};
        std::size_t size = 0;
    };
    std::unique_ptr<Known> known_;  // Null: none; most sessions have no patterns.
};

}  // namespace edgews
