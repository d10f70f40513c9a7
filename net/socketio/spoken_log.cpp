#include "net/socketio/spoken_log.hpp"

#include <algorithm>
#include <utility>

namespace edgews::sio {
namespace {

// Of the memory of a packet and of a name, beside its bytes.
constexpr std::size_t overhead_size = 64;

std::size_t size_of(const Spoken& spoken) noexcept {
    std::size_t size = sizeof(Spoken) + overhead_size + spoken.namespace_name.size();
    for (const engineio::SharedPacket& packet : spoken.packets) {
        size += overhead_size + packet.prepared().payload().size();
    }
    for (const auto* const names : {&spoken.rooms, &spoken.except}) {
        for (const HashedName& name : *names) size += sizeof(HashedName) + name.text().size();
    }
    return size;
}

}  // namespace

void SpokenLog::add(std::shared_ptr<const Spoken> spoken) {
    size_ += size_of(*spoken);
    kept_.push_back(std::move(spoken));
    while (size_ > size_max_) {
        size_ -= size_of(*kept_.front());
        forgotten_ = kept_.front()->number;
        kept_.pop_front();
    }
}

void SpokenLog::forget_all(std::uint64_t number) noexcept {
    kept_.clear();
    size_ = 0;
    forgotten_ = number;
}

// Who comes back has mostly missed little.
const Spoken* SpokenLog::find(std::uint64_t offset) const noexcept {
    const auto has_it = [offset](const auto& spoken) { return spoken->offset == offset; };
    const auto found = std::find_if(kept_.rbegin(), kept_.rend(), has_it);
    return found == kept_.rend() ? nullptr : found->get();
}

std::size_t SpokenLog::index_behind(std::uint64_t number) const noexcept {
    const auto first =
        std::ranges::upper_bound(kept_, number, {}, [](const auto& each) { return each->number; });
    return static_cast<std::size_t>(first - kept_.begin());
}

}  // namespace edgews::sio
