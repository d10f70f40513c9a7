#include "net/stomp/verdicts.hpp"

namespace edgews {
namespace {

// Of an entry, about, beside its name.
constexpr std::size_t entry_size = 96;

}  // namespace

std::optional<bool> StompVerdicts::find(const HashedView& name) const noexcept {
    if (!known_) return std::nullopt;
    const auto found = known_->names.find(name);
    return found == known_->names.end() ? std::nullopt : std::optional(found->second);
}

void StompVerdicts::add(const HashedView& name, bool is_allowed) {
    const std::size_t size = entry_size + name.text().size();
    if (known_ && known_->size + size > size_max) forget();
    if (!known_) known_ = std::make_unique<Known>();
    known_->names.emplace(name, is_allowed);
    known_->size += size;
}

}  // namespace edgews
