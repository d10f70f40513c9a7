// Membership: an intrusive list, without allocation, left in O(1).
#pragma once

#include <cassert>
#include <utility>

namespace edgews::stomp {

// A place in one list. Asserts that it is neither linked twice nor destroyed linked.
template <class T>
struct ListLink {
    T* previous = nullptr;
    T* next = nullptr;
    bool is_linked = false;

    ListLink() = default;
    ListLink(const ListLink&) = delete;
    ListLink& operator=(const ListLink&) = delete;
    ~ListLink() { assert(!is_linked); }
};

template <class T, ListLink<T> T::*link>
class List {
  public:
    // Null: the list is empty.
    [[nodiscard]] T* front() const noexcept { return front_; }
    [[nodiscard]] T* back() const noexcept { return back_; }
    [[nodiscard]] bool is_empty() const noexcept { return front_ == nullptr; }

    void push_back(T& element) noexcept {
        ListLink<T>& place = element.*link;
        assert(!place.is_linked);
        place.is_linked = true;
        place.previous = back_;
        place.next = nullptr;
        (back_ == nullptr ? front_ : (back_->*link).next) = &element;
        back_ = &element;
    }
    // Nothing happens if it is not linked. Requires: it is in no other list by this link.
    void remove(T& element) noexcept {
        ListLink<T>& place = element.*link;
        if (!place.is_linked) return;
        (place.previous == nullptr ? front_ : (place.previous->*link).next) = place.next;
        (place.next == nullptr ? back_ : (place.next->*link).previous) = place.previous;
        place.previous = nullptr;
        place.next = nullptr;
        place.is_linked = false;
    }
    // Null: the list is empty.
    T* pop_front() noexcept {
        T* const element = front_;
        if (element != nullptr) remove(*element);
        return element;
    }

  private:
    T* front_ = nullptr;
    T* back_ = nullptr;
};

}  // namespace edgews::stomp
