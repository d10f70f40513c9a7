// The frames of a STOMP client that wait for their receipts (1.2, RECEIPT): who is told, and by
// when.
#pragma once

#include <edgews/stomp_client.hpp>
#include "core/base/ring.hpp"

#include <cstdint>

namespace edgews::stomp {

class ClientReceipts {
  public:
    // Notes one, and returns its number, which is not used twice; 0, if nobody is to be told.
    // `due_ms`: not before those of the others; 0: never.
    [[nodiscard]] std::uint64_t add(Completion completion, std::uint64_t due_ms);
    // Who waits for that one, and waits no more. Empty: nobody does.
    [[nodiscard]] Completion take(std::uint64_t number);
    // The oldest. Empty: none waits.
    [[nodiscard]] Completion take_oldest();
    // When the oldest is due. 0: none is.
    [[nodiscard]] std::uint64_t due_ms();

  private:
    struct Waiting {
        std::uint64_t number = 0;
        std::uint64_t due_ms = 0;
        Completion completion{};  // Empty: it was taken.
    };
    void forget_taken() noexcept;

    std::uint64_t last_number_ = 0;
    Ring<Waiting> waiting_;  // By number.
};

}  // namespace edgews::stomp
