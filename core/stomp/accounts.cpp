#include "core/stomp/accounts.hpp"

#include <cassert>

namespace edgews::stomp {

Account& Accounts::open(std::string_view user) {
    const HashedView name(user);
    auto found = users_.find(name);
    if (found == users_.end()) {
        found = users_.try_emplace(HashedName(name)).first;
        found->second.name_ = found->first;
    }
    ++found->second.open_count_;
    Account& account = sessions_.emplace_back();
    account.user_ = &found->second;
    account.open_count_ = 1;
    account.place_ = std::prev(sessions_.end());
    return account;
}

void Accounts::close(Account& account) noexcept {
    assert(account.open_count_ == 1);
    account.open_count_ = 0;
    forget_if_unused(account);
}

bool Accounts::may_take(const Account* account, Common what, std::size_t more) const noexcept {
    const std::size_t left_now = left(what);
    if (more > left_now) return false;
    if (account == nullptr || !has_shares_) return true;
    const std::size_t least = next_to_nothing[index_of(what)];
    const std::size_t left_for_all = left_now - more;
    const std::size_t held_by_user = account->user_->held(what) + more;
    if (held_by_user > std::max(left_for_all, least)) return false;
    const std::size_t left_for_user = left_for_all - std::min(left_for_all, held_by_user);
    return account->held(what) + more <= std::max(left_for_user, least);
}

bool Accounts::may_hold_up(const Account& account, std::size_t more) const noexcept {
    if (!has_shares_) return true;
    const std::size_t least = next_to_nothing[index_of(Common::backlog)];
    return account.user_->held(Common::backlog) + more <= std::max(left(Common::memory), least);
}

// What a session's account holds, its user's holds, too: that goes last.
void Accounts::forget_if_unused(Account& account) noexcept {
    if (account.open_count_ > 0 || account.held_ != Amounts{}) return;
    Account& user = *account.user_;
    sessions_.erase(account.place_);
    if (--user.open_count_ > 0) return;
    assert(user.held_ == Amounts{});
    users_.erase(users_.find(user.name_));
}

}  // namespace edgews::stomp
