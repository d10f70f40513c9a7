#include "net/socketio/spoken_log.hpp"

#include "core/base/string_hash.hpp"
#include "net/socketio/absent_socket.hpp"

#include <algorithm>
#include <bit>
#include <unordered_set>
#include <utility>

namespace edgews::sio {
namespace {

// Of the memory of a packet and of a name, beside its bytes.
constexpr std::size_t overhead_size = 64;
// Of a place in a chain, and of a chain that has no other.
constexpr std::size_t place_size = 80;

std::size_t size_of(const Spoken& spoken) noexcept {
    std::size_t size = sizeof(Spoken) + overhead_size + spoken.namespace_name.size() +
                       spoken.room.text().size() +
                       place_size * std::max<std::size_t>(spoken.rooms.size(), 1);
    for (const engineio::SharedPacket& packet : spoken.packets) {
        size += overhead_size + packet.prepared().payload().size();
    }
    for (const auto* const names : {&spoken.rooms, &spoken.except}) {
        for (const HashedName& name : *names) size += sizeof(HashedName) + name.text().size();
    }
    return size;
}

// The chain of everybody in a namespace, and of a room there. Two rooms may have one, seldom.
std::size_t chain_of(std::string_view namespace_name) noexcept {
    return hash_of(namespace_name);
}
std::size_t chain_of(std::size_t everybody, const HashedView& room) noexcept {
    return std::rotl(everybody, 1) ^ room.hash();
}

}  // namespace

void SpokenLog::add(const std::shared_ptr<const Spoken>& spoken) {
    size_ += size_of(*spoken);
    if (spoken->offset != 0) {
        auto next = offsets_.end();
        while (next != offsets_.begin() && std::prev(next)->offset > spoken->offset) --next;
        offsets_.insert(next, {spoken->offset, end()});
    }
    const std::size_t everybody = chain_of(spoken->namespace_name);
    if (spoken->rooms.empty()) add(spoken, everybody);
    for (const HashedName& room : spoken->rooms) add(spoken, chain_of(everybody, room));
    while (size_ > size_max_) forget_first();
}

void SpokenLog::add(const std::shared_ptr<const Spoken>& spoken, std::size_t chain) {
    auto& known = *chains_.try_emplace(chain).first;
    kept_.push_back({spoken, known, std::exchange(known.second, end())});
}

void SpokenLog::forget_first() noexcept {
    forgotten_ = kept_.front().spoken->number;
    size_ -= size_of(*kept_.front().spoken);
    while (!kept_.empty() && kept_.front().spoken->number == forgotten_) {
        const auto& [chain, last] = kept_.front().chain;
        if (last == first_) chains_.erase(chains_.find(chain));
        kept_.pop_front();
        ++first_;
    }
    while (!offsets_.empty() && !is_kept(offsets_.front().place)) offsets_.pop_front();
}

void SpokenLog::forget_all(std::uint64_t number) noexcept {
    first_ = end();
    kept_.clear();
    chains_ = {};
    offsets_.clear();
    size_ = 0;
    forgotten_ = number;
}

const Spoken* SpokenLog::find(std::uint64_t offset) const noexcept {
    const auto found = std::ranges::lower_bound(offsets_, offset, {}, &Offset::offset);
    if (found == offsets_.end() || found->offset != offset || !is_kept(found->place)) {
        return nullptr;
    }
    return at(found->place).spoken.get();
}

std::vector<std::shared_ptr<const Spoken>> SpokenLog::find_behind(
    std::uint64_t number, const AbsentSocket& socket) const {
    const std::size_t everybody = chain_of(socket.namespace_name);
    std::vector<std::size_t> chains{everybody, chain_of(everybody, HashedView(socket.id.text()))};
    for (const HashedName& room : socket.rooms) chains.push_back(chain_of(everybody, room));
    std::unordered_set<std::size_t> known(chains.begin(), chains.end());
    std::vector<std::uint64_t> places;
    for (std::size_t i = 0; i < chains.size(); ++i) {
        const auto last = chains_.find(chains[i]);
        std::uint64_t place = last == chains_.end() ? 0 : last->second;
        for (; is_kept(place) && at(place).spoken->number > number; place = at(place).before) {
            places.push_back(place);
            const Spoken& spoken = *at(place).spoken;
            if (spoken.act != Spoken::Act::join) continue;
            const std::size_t joined = chain_of(everybody, spoken.room);
            if (known.insert(joined).second) chains.push_back(joined);
        }
    }
    std::ranges::sort(places);
    std::vector<std::shared_ptr<const Spoken>> found;
    for (const std::uint64_t each : places) {
        if (found.empty() || found.back() != at(each).spoken) found.push_back(at(each).spoken);
    }
    return found;
}

}  // namespace edgews::sio
