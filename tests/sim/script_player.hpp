// Plays a script by system calls, of whichever kernel answers them.
#pragma once

#include "script.hpp"

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sim::test {

class ScriptPlayer {
  public:
    // Waits until all that these TCP sockets have sent has arrived, as far as there is room for it.
    using Settle = std::function<void(std::span<const int> sockets)>;

    // `folder`: where sockets that have a path are.
    ScriptPlayer(std::string folder, Settle settle);
    ScriptPlayer(const ScriptPlayer&) = delete;
    ScriptPlayer& operator=(const ScriptPlayer&) = delete;

    // What each step came to, in words that do not depend on the kernel: descriptors are numbered
    // in the order in which it gives them out, ports as they are first seen, and bytes are named by
    // the step that sent them. Once.
    [[nodiscard]] std::vector<std::string> play(const Script& script);

  private:
    enum class Kind : std::uint8_t { none, tcp, local, pipe, epoll, counter, timer };
    struct Slot {
        int fd = -1;
        Kind kind = Kind::none;
        Family family = Family::tcp4;
    };
    struct Address {
        sockaddr_storage storage{};
        socklen_t size = 0;  // 0: nobody was bound there.
    };

    [[nodiscard]] std::string play(const Step& step);
    [[nodiscard]] std::string play_set_up(const Step& step);
    [[nodiscard]] std::string play_transfer(const Step& step);
    [[nodiscard]] std::string play_socket(const Step& step);
    [[nodiscard]] std::string play_watch(const Step& step);

    [[nodiscard]] std::string make_socket(const Step& step);
    [[nodiscard]] std::string make_pair(const Step& step);
    [[nodiscard]] std::string make_pipe(const Step& step);
    [[nodiscard]] std::string duplicate(const Step& step);
    [[nodiscard]] std::string bind(const Step& step);
    [[nodiscard]] std::string connect(const Step& step);
    [[nodiscard]] std::string accept(const Step& step);
    [[nodiscard]] std::string send_pieces(const Step& step);
    [[nodiscard]] std::string fill(const Step& step);
    [[nodiscard]] std::string receive(const Step& step, int flags);
    [[nodiscard]] std::string receive_pieces(const Step& step);
    [[nodiscard]] std::string drain(const Step& step);
    [[nodiscard]] std::string queues(const Step& step);
    [[nodiscard]] std::string names(const Step& step);
    [[nodiscard]] std::string poll(const Step& step);
    [[nodiscard]] std::string control(const Step& step, int operation);
    [[nodiscard]] std::string wait(const Step& step);
    [[nodiscard]] int wait_for(std::size_t slot, int most, std::vector<std::string>& told);
    // Those that all sets have to tell.
    void forget_events();
    [[nodiscard]] std::string count(const Step& step);
    [[nodiscard]] std::string set_timer(const Step& step);
    [[nodiscard]] std::string take_count(const Step& step);

    // What the call brought is in that slot; it must be empty.
    [[nodiscard]] std::string put(std::size_t slot, int fd, Kind kind, Family family);
    [[nodiscard]] bool is_empty(std::size_t slot) const { return slots_[slot].fd < 0; }
    [[nodiscard]] std::string name_of(const Address& address);
    [[nodiscard]] std::string received(std::string_view bytes, ssize_t count, std::size_t asked);
    [[nodiscard]] std::string runs_of(std::string_view bytes) const;
    [[nodiscard]] bool was_filled(char byte) const;
    // What this step sends.
    [[nodiscard]] std::string payload(std::size_t size) const;
    [[nodiscard]] Address address_of(Place place, Family client) const;
    void settle();
    void close_all();

    std::string folder_;
    Settle settle_;
    std::array<Slot, slot_count> slots_{};
    std::array<Address, place_count> places_{};
    std::map<int, std::size_t> numbers_{};  // Of descriptors: in the order they are given out.
    std::vector<unsigned> ports_{};         // As they were seen.
    const Script* script_ = nullptr;
    std::size_t at_ = 0;  // The step that is played.
    bool has_fill_ = false;
    bool has_tcp_ = false;
    std::size_t filled_ = slot_count;  // The slot of which that was tried; slot_count: none.
};

}  // namespace edgews::sim::test
