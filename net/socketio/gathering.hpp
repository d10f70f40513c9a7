// The replies to a call to many sockets, which come on all loops.
//
// It is complete when each loop has said for how many sockets the call was there, and each of these
// has answered or ended. Then, or when the time is up, its handler is called on its home loop.
#pragma once

#include <edgews/function.hpp>
#include <edgews/socketio.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string_view>

namespace edgews {
struct LoopLink;
}

namespace edgews::sio {

class Gathering {
  public:
    // `home`: the loop where `handler` is called.
    Gathering(std::shared_ptr<LoopLink> home, Function<void(const Replies&)> handler,
              std::size_t size_max) noexcept
        : home_(std::move(home)), handler_(std::move(handler)), size_max_(size_max) {}

    // Any thread; each call of an `open` is followed by one of its counterparts.

    void open_loop() noexcept;
    void close_loop();  // All its sockets are known.
    void open_reply() noexcept;
    void add_reply(std::string_view text);
    void miss_reply();
    // The time is up.
    void give_up();

  private:
    void close_if_done(std::unique_lock<std::mutex>& lock);
    void close(std::unique_lock<std::mutex>& lock);

    const std::shared_ptr<LoopLink> home_;
    std::mutex mutex_;                        // Guards what follows.
    Function<void(const Replies&)> handler_;  // Empty: it was called.
    const std::size_t size_max_;              // Bytes of all replies.
    std::size_t size_ = 0;
    std::size_t open_loop_count_ = 0;
    std::size_t open_reply_count_ = 0;
    bool is_missing_some_ = false;
    Replies replies_{};
};

}  // namespace edgews::sio
