// A script of system calls, for the real kernel and the simulated one to play by the same code.
//
// A step names what it acts on by slots, which hold descriptors: one whose slot is empty does
// nothing, so that any part of a script is a script.
#pragma once

#include "sim/choices.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sim::test {

inline constexpr std::size_t slot_count = 14;
inline constexpr std::size_t place_count = 9;

enum class Family : std::uint8_t { tcp4, tcp6, local_path, local_abstract };

// Where a socket may be bound, and be connected to.
enum class Place : std::uint8_t {
    first_4,  // 127.0.0.1, and a port that it gets when it is first bound to
    second_4,
    any_4,    // 0.0.0.0
    first_6,  // ::1
    any_6,    // ::, reached by IPv4, too
    first_path,
    second_path,
    first_abstract,
    second_abstract,
};

enum class Op : std::uint8_t {
    socket,       // a new one in `slot`; value: its Family
    pair,         // socketpair() in `slot` and `other`
    pipe,         // its reading end in `slot`, and the other one in `other`
    bind,         // value: a Place
    listen,       // value: the backlog
    connect,      // value: a Place
    accept,       // from `slot` into `other`
    send,         // value: the size, as in all that follow
    send_pieces,  // by sendmsg(), in three
    write,
    send_urgent,  // MSG_OOB
    fill,         // send until there is no more room
    receive,
    peek,
    receive_pieces,  // by recvmsg(), in two
    read_pieces,     // by readv()
    receive_urgent,  // MSG_OOB
    drain,           // receive until nothing is there
    shutdown,        // value: how
    close,
    linger,     // a close from here on resets
    duplicate,  // `slot` into `other`
    replace,    // dup2(): `other` is closed, and names what `slot` does
    far,        // `slot` into `other`, with the lowest free number from `value` on (F_DUPFD)
    error,      // SO_ERROR
    queues,     // SIOCINQ and SIOCOUTQ
    names,      // getsockname() and getpeername()
    poll,       // what holds now
    epoll,      // a new set in `slot`
    add,        // to the set in `slot`, what is in `other`; value: events
    modify,
    remove,
    wait,       // value: how many events at most
    counter,    // eventfd(); value: what it holds
    semaphore,  // the same, with EFD_SEMAPHORE
    count,      // 8 bytes are written to it; value: how many are added
    timer,      // timerfd_create()
    expire,     // it is set to a time that is past
    repeat,     // the same, and to each hour from then on
    disarm,
    take_count,  // 8 bytes are read of a counter or a timer
};
inline constexpr std::size_t op_count = static_cast<std::size_t>(Op::take_count) + 1;

struct Step {
    Op op = Op::close;
    std::size_t slot = 0;
    std::size_t other = 0;
    std::uint32_t value = 0;
};
using Script = std::vector<Step>;

[[nodiscard]] Script drawn_script(Choices& choices);
// "send 2: 100", "add 1, 3: IN|ET".
[[nodiscard]] std::string describe(const Step& step);
// "IN|RDHUP".
[[nodiscard]] std::string describe_events(std::uint32_t events);
// From a line for each step, as describe() writes it; others are left out.
[[nodiscard]] Script script_of(std::string_view text);

}  // namespace edgews::sim::test
