// Accounts: how much each client holds of the things that all share, which are memory, queues,
// topics and shapes of patterns.
//
// A session has an account, and all sessions of one user have one together, from which theirs
// draw. One rule keeps any of them from taking what is there for all:
//
//     what a user holds     ≤ what is left of it for all
//     what a session holds  ≤ what is left of it for the user, which is that less what it holds
//
// So a lone session gets a third of it, a lone user half, the next user half of what is left then,
// and so on: nobody takes all of it, and whoever comes next finds some (these are the dynamic
// thresholds of switches with shared memory). Who holds next to nothing is not asked: limits that
// small are for whoever comes first. What a session leaves behind stays on its account until it is
// gone: the messages that it sent to queues, for one.
//
// All is O(1): numbers are added to, and compared.
#pragma once

#include "core/base/string_hash.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace edgews::stomp {

// What is shared. `queued`: bytes of messages in queues, part of `memory`. `backlog`: bytes of
// messages, too, but counted once for each who holds them up.
enum class Common : std::uint8_t { memory, queues, topics, shapes, queued, backlog };
inline constexpr std::size_t common_count = 6;
using Amounts = std::array<std::size_t, common_count>;  // By Common.
// What anyone may hold while it is there.
inline constexpr Amounts next_to_nothing{64 * 1024, 16, 16, 4, 64 * 1024, 64 * 1024};

class Account {
  public:
    [[nodiscard]] std::size_t held(Common what) const noexcept {
        return held_[static_cast<std::size_t>(what)];
    }

  private:
    friend class Accounts;
    Amounts held_{};
    Account* user_ = nullptr;     // Null: it is a user's.
    std::size_t open_count_ = 0;  // Of a session: 1 while it lives. Of a user: its sessions'.
    std::list<Account>::iterator place_{};
    std::string_view name_{};  // Of a user.
};

class Accounts {
  public:
    // `has_shares`: without, whoever comes first takes all.
    Accounts(const Amounts& max, bool has_shares) noexcept : max_(max), has_shares_(has_shares) {}
    Accounts(const Accounts&) = delete;
    Accounts& operator=(const Accounts&) = delete;

    // For a session of that user. Valid until close(), and as long as it holds anything.
    [[nodiscard]] Account& open(std::string_view user);
    void close(Account& account) noexcept;

    // Whether the account may hold so much more. Null: nobody's, who has no share but all.
    [[nodiscard]] bool may_take(const Account* account, Common what,
                                std::size_t more) const noexcept;
    // Messages that wait because their receiver takes none: of memory that is left, its user's.
    [[nodiscard]] bool may_hold_up(const Account& account, std::size_t more) const noexcept;
    void take(Account* account, Common what, std::size_t amount) noexcept {
        total_[index_of(what)] += amount;
        if (account == nullptr) return;
        account->held_[index_of(what)] += amount;
        account->user_->held_[index_of(what)] += amount;
    }
    // May be the account's end. Requires: it holds so much.
    void give_back(Account* account, Common what, std::size_t amount) noexcept {
        assert(total(what) >= amount);
        total_[index_of(what)] -= amount;
        if (account == nullptr) return;
        assert(account->held(what) >= amount);
        account->held_[index_of(what)] -= amount;
        account->user_->held_[index_of(what)] -= amount;
        if (account->open_count_ == 0) forget_if_unused(*account);
    }

    // Whether both are of one user, or nobody's.
    [[nodiscard]] static bool have_one_user(const Account* a, const Account* b) noexcept {
        return (a == nullptr ? nullptr : a->user_) == (b == nullptr ? nullptr : b->user_);
    }
    [[nodiscard]] std::size_t total(Common what) const noexcept { return total_[index_of(what)]; }
    [[nodiscard]] std::size_t left(Common what) const noexcept {
        const std::size_t max = max_[index_of(what)];
        return max - std::min(max, total(what));
    }
    // Users with sessions, or with something that those left.
    [[nodiscard]] std::size_t user_count() const noexcept { return users_.size(); }

  private:
    [[nodiscard]] static std::size_t index_of(Common what) noexcept {
        return static_cast<std::size_t>(what);
    }
    void forget_if_unused(Account& account) noexcept;

    Amounts max_;
    Amounts total_{};
    bool has_shares_;
    std::list<Account> sessions_;
    NameTable<Account> users_;
};

}  // namespace edgews::stomp
