#include "net/socketio/survey.hpp"

#include "net/loop/loop_link.hpp"
#include "net/socketio/rooms.hpp"

#include <algorithm>

namespace edgews::sio {

void Survey::add(const NamespaceOnLoop& space) {
    if (space.socket_count() == 0) return;
    const std::lock_guard lock(mutex_);
    Counted& counted = namespaces_[space.name()];
    counted.socket_count += space.socket_count();
    counted.received_total += space.received_total;
    counted.sent_total += space.sent_total;
    space.visit_rooms([&](const Room& room) {
        counted.rooms[std::string(room.name.text())] += room.members.size();
    });
}

void Survey::close(std::size_t session_count) {
    {
        const std::lock_guard lock(mutex_);
        if (--open_count_ > 0) return;
        stats_.session_count = session_count;
        for (const auto& [name, counted] : namespaces_) {
            stats_.namespaces.push_back(stats_of(name, counted));
        }
    }
    // Where that loop has ended nobody waits for it.
    static_cast<void>(
        home_->mailbox.post(make_job([self = shared_from_this()] { self->told_(self->stats_); })));
}

NamespaceStats Survey::stats_of(const std::string& name, const Counted& counted) const {
    NamespaceStats stats{.name = name,
                         .socket_count = counted.socket_count,
                         .room_count = counted.rooms.size(),
                         .received_total = counted.received_total,
                         .sent_total = counted.sent_total};
    for (const auto& [room, count] : counted.rooms) stats.rooms.push_back({room, count});
    std::ranges::stable_sort(stats.rooms, std::ranges::greater(), &RoomStats::socket_count);
    stats.rooms.resize(std::min(stats.rooms.size(), room_count_max_));
    return stats;
}

}  // namespace edgews::sio
