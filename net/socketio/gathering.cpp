#include "net/socketio/gathering.hpp"

#include "net/loop/loop_link.hpp"

#include <string>
#include <utility>

namespace edgews::sio {

void Gathering::open_loop() noexcept {
    const std::lock_guard lock(mutex_);
    ++open_loop_count_;
}

void Gathering::close_loop() {
    std::unique_lock lock(mutex_);
    --open_loop_count_;
    close_if_done(lock);
}

void Gathering::open_reply() noexcept {
    const std::lock_guard lock(mutex_);
    ++open_reply_count_;
}

void Gathering::add_reply(std::string_view text) {
    std::unique_lock lock(mutex_);
    --open_reply_count_;
    if (text.size() > size_max_ - size_) {
        is_missing_some_ = true;
    } else if (handler_) {
        size_ += text.size();
        replies_.texts_.emplace_back(text);
    }
    close_if_done(lock);
}

void Gathering::miss_reply() {
    std::unique_lock lock(mutex_);
    --open_reply_count_;
    is_missing_some_ = true;
    close_if_done(lock);
}

void Gathering::give_up() {
    std::unique_lock lock(mutex_);
    is_missing_some_ = true;
    close(lock);
}

void Gathering::close_if_done(std::unique_lock<std::mutex>& lock) {
    if (open_loop_count_ == 0 && open_reply_count_ == 0) close(lock);
}

// Never within the call that completes it: whoever made that holds on to something.
void Gathering::close(std::unique_lock<std::mutex>& lock) {
    if (!handler_) return;
    replies_.is_complete_ = !is_missing_some_;
    auto run = [handler = std::exchange(handler_, {}), replies = std::exchange(replies_, {})] {
        try {
            handler(replies);
        } catch (...) {  // It is nobody's session that could end.
        }
    };
    lock.unlock();
    home_->mailbox.post(make_job(std::move(run)));
}

}  // namespace edgews::sio
