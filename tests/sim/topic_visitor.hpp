// A subscriber of topics outside a simulated world: it does what chance has it do, and knows where
// it stands by what the server answers.
#pragma once

#include "scenario.hpp"

#include <edgews/server.hpp>
#include "sim/websocket_peer.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sim::test {

inline constexpr unsigned topic_count = 3;
inline constexpr int no_loop = -1;

[[nodiscard]] std::string name_of(unsigned topic);
// Which of the server's loops is the connection's; no_loop: none.
[[nodiscard]] int loop_of(Server& server, const Connection& connection);

// The longest that it waits between two steps: usually, and now and then.
struct Pauses {
    std::uint64_t usual_ns;
    std::uint64_t rare_ns;
};

struct TopicVisitor {
    TopicVisitor(World& of_all, const WebSocketPeerOptions& options)
        : world(of_all), peer(of_all, options) {}

    // Asks for a topic by "+N", for something to be published by "!N", to be let go by "-N"; or
    // begins or ends to read, or leaves. In the end it reads: what waits for it has to come.
    void go_on(Pauses pauses);
    // Takes the answers to these. False: it is none.
    [[nodiscard]] bool note_place(std::string_view answer);

    World& world;
    WebSocketPeer peer;
    unsigned number = 0;
    std::uint32_t steps_left = 0;
    bool may_leave = false;  // For good, without a word.
    bool is_reading = true;
    // Its stay in each topic, counted from 1; 0: it is not there.
    std::array<std::size_t, topic_count> place{};
    std::size_t stays_begun = 0;

  private:
    void step();
};

// Publications of one publisher in one topic: by their numbers.
using Line = std::vector<std::size_t>;

// Those that are for a subscriber, by their publishers.
template <class Publication>
std::map<unsigned, Line> lines_for(const std::vector<Publication>& publications,
                                   unsigned subscriber, unsigned topic) {
    std::map<unsigned, Line> lines;
    for (std::size_t i = 0; i < publications.size(); ++i) {
        const Publication& one = publications[i];
        const bool is_own = one.excepts_publisher && one.publisher == subscriber;
        if (one.topic == topic && !is_own) lines[one.publisher].push_back(i);
    }
    return lines;
}

}  // namespace edgews::sim::test
