// What an upstream broker has refused a short while ago.
//
// To ask it again costs all who share the connection with whoever asks another connection: so for
// some seconds the answer is the same without asking. And of each who asked it is known how often
// he was refused.
#pragma once

#include "core/base/string_hash.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace edgews::stomp {

class RefusedNames {
  public:
    static constexpr std::uint64_t kept_ms = 10'000;
    // Beyond this the oldest are forgotten.
    static constexpr std::size_t count_max = 1'000;
    // Of a reason, in bytes: of one that is longer the rest is not kept.
    static constexpr std::size_t reason_size_max = 1'024;

    struct Refusal {
        std::string_view name{};
        std::string_view reason{};
        std::string_view asker{};
    };
    // `now_ms`: by a clock that is not set back.
    void add(const Refusal& refusal, std::uint64_t now_ms);
    // Why it was refused, valid until the next call. Nothing: it was not, or long ago.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name, std::uint64_t now_ms);
    // Names that he was refused.
    [[nodiscard]] std::size_t count(std::string_view asker, std::uint64_t now_ms);

  private:
    struct Refused {
        HashedName name;
        std::string reason;
        std::string asker;
        std::uint64_t since_ms;
    };
    void forget_oldest() noexcept;
    void forget_old(std::uint64_t now_ms) noexcept;

    std::deque<Refused> by_time_;              // The oldest first.
    NameViewTable<const Refused*> by_name_{};  // The keys are views of those.
};

}  // namespace edgews::stomp
