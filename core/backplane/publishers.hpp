// Who publishes to a topic, and how far each of them has been heard: what tells a message that is
// new from one that came before, and knows what was missed.
#pragma once

#include "core/backplane/envelope.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace edgews::backplane {

// Messages of one node to a topic that have not come, and will not be delivered any more.
struct Missing {
    NodeId node = 0;
    std::uint64_t first = 0;
    std::uint64_t last = 0;

    [[nodiscard]] std::uint64_t count() const noexcept { return last - first + 1; }
};

class Publishers {
  public:
    // Nodes of one topic that are remembered. One more, and the one that was silent longest is
    // forgotten.
    static constexpr std::size_t count_max = 1'000;

    struct Verdict {
        bool is_new = false;               // False: it came before, or is too late.
        std::optional<Missing> missing{};  // In front of it.
    };

    // Milliseconds that an envelope may have been on its way, and its age does not count.
    static constexpr std::uint64_t transit_max_ms = 500;

    // The topic has been heard since then, milliseconds of the caller's clock, as is `now_ms`. Of a
    // node's run that has begun later nothing may be missing, from 1 on. Of one that began before,
    // or that may have, the first that comes begins.
    void heard_since(std::uint64_t ms) noexcept { heard_since_ms_ = ms; }

    // A message, or a mark, has come. Of a mark, is_new says nothing. Requires: it is no `ask`.
    [[nodiscard]] Verdict take(const Envelope& envelope, std::uint64_t now_ms);

    [[nodiscard]] std::size_t count() const noexcept { return publishers_.size(); }

  private:
    struct Publisher {
        NodeId node;
        std::uint32_t run;
        std::uint64_t last;  // Sequence that was heard, or given up.
        std::uint64_t heard_ms;
    };
    [[nodiscard]] Publisher* find(NodeId node) noexcept;
    [[nodiscard]] Publisher& add(const Envelope& envelope, std::uint64_t now_ms);

    std::vector<Publisher> publishers_;
    std::uint64_t heard_since_ms_ = UINT64_MAX;
};

}  // namespace edgews::backplane
