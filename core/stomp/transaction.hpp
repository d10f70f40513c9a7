// The transactions of a session: what is to happen at COMMIT, or never (1.2, BEGIN).
#pragma once

#include "core/stomp/broker.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp {

struct Transaction {
    std::string name;
    std::uint32_t number = 0;  // Within the session, from 1.
    std::vector<Sending> sendings{};
    std::vector<Settling> settlings{};  // Reserved for it.
    // SENDs to the application, as frames of 1.2, for its handlers at COMMIT.
    std::string application_frames{};
    std::string relayed_frames{};  // The same to an upstream broker.
    std::string receipts{};        // RECEIPT frames of what is in it, not sent yet.
    std::size_t count = 0;         // Frames.
    std::size_t size = 0;          // Bytes of memory that those take,
    std::size_t taken = 0;         // and all of it, as the broker knows it.
};

// Few are open at a time, so they are searched one by one.
class Transactions {
  public:
    // Null: there is none of that name. Valid until begin() or remove().
    [[nodiscard]] Transaction* find(std::string_view name) noexcept;
    // Requires: there is none of that name.
    Transaction& begin(std::string_view name);
    void remove(Transaction& transaction) noexcept;
    void clear() noexcept { open_ = {}; }
    [[nodiscard]] std::size_t count() const noexcept { return open_.size(); }

  private:
    std::vector<Transaction> open_;
    std::uint32_t last_number_ = 0;
};

}  // namespace edgews::stomp
