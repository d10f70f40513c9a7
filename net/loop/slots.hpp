// The table of tokens and the objects that they name. It is the reason why a stale event, handle or
// timer can never reach a freed or a reused object.
//
// A token is a slot's index and its generation, which goes up each time that the
// slot is freed. The owning loop asks for objects; any thread may ask whether a
// token still lives, so slots never move and are freed with the table only.
#pragma once

#include "net/loop/registered.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace edgews {

class Slots {
  public:
    Slots();
    ~Slots();

    // Requires: fewer than 2^24 objects.
    [[nodiscard]] Token insert(Registered& object) noexcept;
    // From now on the token names `object`. Requires: is_live(token).
    void replace(Token token, Registered& object) noexcept;
    void erase(Token token) noexcept;
    // Null: the token's object is gone.
    [[nodiscard]] Registered* find(Token token) const noexcept;
    // Any thread.
    [[nodiscard]] bool is_live(Token token) const noexcept;

    // All objects, for visits: index 0 … count()-1; null where a slot is free.
    [[nodiscard]] std::size_t count() const noexcept { return used_; }
    [[nodiscard]] Registered* at(std::size_t index) const noexcept;

  private:
    struct Slot {  // 16 bytes.
        std::atomic<Token> token{no_token};
        union {
            Registered* object = nullptr;  // While taken.
            std::size_t next_free;         // While free.
        };
    };
    static constexpr unsigned index_bits = 24;
    static constexpr std::size_t none = SIZE_MAX;
    static constexpr std::size_t chunk_size = 4096;
    static constexpr std::size_t chunk_count = (std::size_t{1} << index_bits) / chunk_size;

    [[nodiscard]] Slot* slot(std::size_t index) const noexcept;
    [[nodiscard]] static std::size_t index_of(Token token) noexcept {
        return token & ((Token{1} << index_bits) - 1);
    }

    std::unique_ptr<std::atomic<Slot*>[]> chunks_;
    std::size_t used_ = 0;
    std::size_t first_free_ = none;  // Of a list through the free slots.
};

}  // namespace edgews
