#include "net/loop/slots.hpp"

#include <cassert>
#include <utility>

namespace edgews {

// The generation's lowest bit says that the slot is taken: the tokens of a slot
// are generations 1, 3, 5 …, and 0, 2, 4 … mark it free in between. With 40 bits
// of generation a slot would have to be reused 2^39 times for a token to return.

// The first chunk is there from the beginning: what is set up finds its place.
Slots::Slots() : chunks_(new std::atomic<Slot*>[chunk_count]()) {
    chunks_[0].store(new Slot[chunk_size], std::memory_order_relaxed);
}

Slots::~Slots() {
    for (std::size_t i = 0; i < chunk_count; ++i) {
        delete[] chunks_[i].load(std::memory_order_relaxed);
    }
}

Token Slots::insert(Registered& object) noexcept {
    std::size_t index = first_free_;
    if (index != none) {
        first_free_ = slot(index)->next_free;
    } else {
        index = used_++;
        assert(index < chunk_size * chunk_count);
        if (slot(index) == nullptr) {
            chunks_[index / chunk_size].store(new Slot[chunk_size], std::memory_order_release);
        }
    }
    Slot& taken = *slot(index);
    const Token generation = (taken.token.load(std::memory_order_relaxed) >> index_bits) + 1;
    const Token token = generation << index_bits | index;
    taken.object = &object;
    taken.token.store(token, std::memory_order_relaxed);
    return token;
}

void Slots::replace(Token token, Registered& object) noexcept {
    assert(is_live(token));
    slot(index_of(token))->object = &object;
}

void Slots::erase(Token token) noexcept {
    assert(is_live(token));
    Slot& freed = *slot(index_of(token));
    freed.token.store(token + (Token{1} << index_bits), std::memory_order_relaxed);
    freed.next_free = std::exchange(first_free_, index_of(token));
}

Registered* Slots::find(Token token) const noexcept {
    const Slot* found = slot(index_of(token));
    if (found == nullptr || found->token.load(std::memory_order_relaxed) != token) return nullptr;
    return found->object;
}

bool Slots::is_live(Token token) const noexcept {
    const Slot* found = slot(index_of(token));
    return token != no_token && found != nullptr &&
           found->token.load(std::memory_order_relaxed) == token;
}

Registered* Slots::at(std::size_t index) const noexcept {
    const Slot& looked_at = *slot(index);
    const bool is_taken = (looked_at.token.load(std::memory_order_relaxed) >> index_bits) % 2 == 1;
    return is_taken ? looked_at.object : nullptr;
}

Slots::Slot* Slots::slot(std::size_t index) const noexcept {
    Slot* chunk = chunks_[index / chunk_size].load(std::memory_order_acquire);
    return chunk == nullptr ? nullptr : &chunk[index % chunk_size];
}

}  // namespace edgews
