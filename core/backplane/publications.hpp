// A node's own messages to topics: how far it is in each, and who does not know that yet.
//
// Those who hear a topic see by a later message that they have missed one, but there is none behind
// the last before a silence. So now and then a node marks how far it is in each topic in which it
// has gone on since, or of which somebody has asked.
#pragma once

#include "core/base/string_hash.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace edgews::backplane {

struct Publication {
    HashedName topic{};
    std::string channel{};  // Its owner's: what the upstream calls the topic.
    std::uint32_t run = 0;
    std::uint64_t sequence = 0;  // Of the last message; 0: there was none.
    std::uint64_t used_ms = 0;   // When that was,
    std::uint64_t began_ms = 0;  // and when the first was.

  private:
    friend class Publications;
    static constexpr std::size_t none = SIZE_MAX;
    std::size_t place_ = none;  // Among those that are to be marked. None: it is not.
};

class Publications {
  public:
    // Milliseconds after its last message for which a topic's sequence is remembered.
    static constexpr std::uint64_t remembered_ms = 600'000;
    // Topics that are remembered: peers may choose their names. One more, and the one that was
    // used longest ago is forgotten.
    static constexpr std::size_t count_max = 100'000;

    // That of the topic, with the next sequence. Valid until the next call, or forget_idle().
    [[nodiscard]] Publication& next(const HashedView& topic, std::uint64_t now_ms);
    // That of the topic. Null: nothing was published there. Valid as above.
    [[nodiscard]] const Publication* find(const HashedView& topic) const noexcept;
    // Somebody asks how far it is. False: nothing was published there.
    bool ask(const HashedView& topic);
    // Others may have forgotten, or never have heard, how far all of them are.
    void mark_all();
    [[nodiscard]] bool has_unmarked() const noexcept { return !unmarked_.empty(); }
    // Has each that is to be marked marked, by `mark(publication)`. False: it is still to be.
    template <class Mark>
    void mark(Mark mark);
    // Those that were marked and not used since remembered_ms.
    void forget_idle(std::uint64_t now_ms) noexcept;

    [[nodiscard]] std::size_t count() const noexcept { return by_topic_.size(); }

  private:
    void need_mark(Publication& publication);
    void forget_oldest() noexcept;

    std::list<Publication> by_age_;  // Of the last use; the oldest first.
    NameViewTable<std::list<Publication>::iterator> by_topic_;
    std::vector<Publication*> unmarked_;
    std::uint32_t last_run_ = 0;
};

template <class Mark>
void Publications::mark(Mark mark) {
    std::size_t left = 0;
    for (Publication* const publication : unmarked_) {
        const bool is_marked = mark(std::as_const(*publication));
        publication->place_ = is_marked ? Publication::none : left;
        if (!is_marked) unmarked_[left++] = publication;
    }
    unmarked_.resize(left);
}

}  // namespace edgews::backplane
