// A question to all loops of a hub: what they have.
//
// It is complete when each loop has answered, or is gone. Then whoever asked is told on its home
// loop.
#pragma once

#include <edgews/function.hpp>
#include <edgews/socketio.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace edgews {
struct LoopLink;
}

namespace edgews::sio {

class NamespaceOnLoop;

class Survey : public std::enable_shared_from_this<Survey> {
  public:
    // It asks `loop_count` loops. `known`: what none of them has to be asked.
    Survey(std::shared_ptr<LoopLink> home, std::size_t loop_count, HubStats known,
           Function<void(const HubStats&)> told, std::size_t room_count_max) noexcept
        : home_(std::move(home)),
          told_(std::move(told)),
          room_count_max_(room_count_max),
          open_count_(loop_count),
          stats_(std::move(known)) {}

    // Any thread.

    void add(const NamespaceOnLoop& space);
    // One of the loops has answered, or is gone.
    void close(std::size_t session_count);

  private:
    struct Counted {
        std::size_t socket_count = 0;
        std::uint64_t received_total = 0;
        std::uint64_t sent_total = 0;
        std::map<std::string, std::size_t, std::less<>> rooms{};  // Sockets of each.
    };
    [[nodiscard]] NamespaceStats stats_of(const std::string& name, const Counted& counted) const;

    const std::shared_ptr<LoopLink> home_;
    Function<void(const HubStats&)> told_;
    const std::size_t room_count_max_;
    std::mutex mutex_;  // Guards what follows.
    std::map<std::string, Counted, std::less<>> namespaces_;
    std::size_t open_count_;
    HubStats stats_;
};

}  // namespace edgews::sio
