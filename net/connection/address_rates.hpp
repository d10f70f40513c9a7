// Limits on how often something may happen for each address.
#pragma once

#include <edgews/address.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

namespace edgews {

// A bucket of tokens for each address: it holds a minute's worth, and fills evenly. Any thread.
//
// Whoever has many addresses cannot fill the memory: of those that used a token within the last
// minute or two, the newest 32,768 are remembered. An address that was forgotten has all its tokens
// again; who comes by as many has more than the limit anyway.
class AddressRates {
  public:
    // 0: no limit.
    explicit AddressRates(std::uint32_t per_minute_max) noexcept;

    // Takes a token. False: there is none. `now_ms`: Loop::now_ms().
    [[nodiscard]] bool take(const Address& address, std::uint64_t now_ms);
    // Whether there is one to take.
    [[nodiscard]] bool has(const Address& address, std::uint64_t now_ms) const;
    // Addresses that are remembered.
    [[nodiscard]] std::size_t size() const;

    static constexpr std::size_t size_max = 32 * 1024;

  private:
    // When the bucket will be full, in microseconds (the generic cell rate algorithm). By address,
    // in order: what a peer chooses cannot make a search of it long.
    using FullAt = std::map<Address, std::uint64_t>;
    [[nodiscard]] std::uint64_t full_at_us(const Address& address) const noexcept;
    [[nodiscard]] bool is_empty(std::uint64_t full_at_us, std::uint64_t now_us) const noexcept;
    void forget(std::uint64_t now_us);

    std::uint64_t token_us_;  // Until there is one more; 0: no limit.
    mutable std::mutex mutex_;
    // Those used since the last change of generations, and in the one before.
    FullAt young_;
    FullAt old_;
    std::uint64_t changed_us_ = 0;
};

}  // namespace edgews
