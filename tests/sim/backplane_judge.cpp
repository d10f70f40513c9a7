// What subscribers of a backplane's topics have heard, and what they should have.
#include "backplane.hpp"

#include <algorithm>
#include <map>

namespace edgews::sim::test::shared_topics {

namespace {

// On the publisher's own node, where nothing is lost: on the same loop all is decided at once, from
// others it is on its way for a while.
void judge_here(const Hall& hall, const Stay& stay, const Line& line, const Line& heard,
                bool has_left) {
    for (const std::size_t number : heard) {
        const Publication& one = hall.publications[number];
        const bool is_early = one.loop == stay.loop && one.order < stay.begin;
        hall.require(!is_early, "a message comes that was published before");
    }
    for (const std::size_t number : line) {
        if (std::ranges::binary_search(heard, number)) continue;
        const Publication& one = hall.publications[number];
        const bool is_in_stay = one.order > stay.begin && one.order < stay.end;
        const bool is_due =
            is_in_stay && !has_left && (stay.end == UINT64_MAX || one.loop == stay.loop);
        hall.require(!is_due, "a message does not come on its own node, and all is quiet");
        const bool is_hole = !heard.empty() && heard.front() < number && number < heard.back();
        hall.require(!is_hole, "a message is missing between others of its own node");
    }
}

// How many did not come by way of the hub that a gap must tell. Where messages may be lost, it
// cannot know of those in front of a publisher's first.
std::size_t missing_of(const Hall& hall, const Stay& stay, const Line& line, const Line& heard,
                       bool has_left) {
    const bool is_sure = !hall.may_lose && stay.is_heard;
    const bool is_there = stay.end == UINT64_MAX && !has_left;
    std::size_t count = 0;
    for (const std::size_t number : line) {
        if (std::ranges::binary_search(heard, number)) continue;
        const Publication& one = hall.publications[number];
        if (one.order < stay.begin || one.order < stay.unknown_until) continue;
        const bool is_behind = !heard.empty() && heard.front() < number;
        const bool is_in_front = !heard.empty() && number < heard.back();
        if ((is_sure || is_behind) && (is_there || is_in_front)) ++count;
        const bool is_last = one.publisher >= last_publishers;
        hall.require(!is_last || !is_there, "all is calm, and a message does not come");
    }
    return count;
}

void judge_stay(const Hall& hall, const Subscriber& subscriber, const Stay& stay) {
    std::map<unsigned, Line> heard;
    for (const std::size_t number : stay.heard) {
        const Publication& one = hall.publications[number];
        heard[one.publisher].push_back(number);
        const bool is_here = hall.mode == BackplaneMode::local_first && one.node == stay.node;
        hall.require(!one.is_refused || is_here, "a message comes that was refused");
        hall.require(one.order < stay.end, "a message comes that was published behind");
    }
    const bool has_left = subscriber.has_left();
    std::map<std::size_t, std::size_t> missing;
    for (const auto& [publisher, line] :
         lines_for(hall.publications, subscriber.number, stay.topic)) {
        const Line& its = heard[publisher];
        hall.require(std::ranges::is_sorted(its), "a publisher's order is not kept");
        hall.require(std::ranges::adjacent_find(its) == its.end(), "a message comes twice");
        const std::size_t node = hall.publications[line.front()].node;
        const bool is_here = hall.mode == BackplaneMode::local_first && node == stay.node;
        if (is_here) {
            judge_here(hall, stay, line, its, has_left);
        } else {
            missing[node] += missing_of(hall, stay, line, its, has_left);
        }
    }
    for (const auto& [node, count] : missing) {
        const auto told = stay.missing.find(node);
        const bool is_told = told != stay.missing.end() && told->second >= count;
        hall.require(count == 0 || is_told, "more is missing than gaps have told");
        hall.require(count == 0 || hall.may_lose, "a message is missing, and nothing broke");
    }
}

// Those that both have heard, in the order of the one, have the same at the other.
bool is_one_order(const Line& one, const Line& other) {
    std::map<std::size_t, std::size_t> places;
    for (std::size_t i = 0; i < one.size(); ++i) places[one[i]] = i;
    std::size_t next = 0;
    return std::ranges::all_of(other, [&](std::size_t number) {
        const auto found = places.find(number);
        if (found == places.end()) return true;
        const bool is_next = found->second >= next;
        next = found->second;
        return is_next;
    });
}

}  // namespace

void judge(const Hall& hall, const Subscriber& subscriber) {
    hall.require(subscriber.peer.fault().empty(), subscriber.peer.fault());
    for (const Stay& stay : subscriber.stays) judge_stay(hall, subscriber, stay);
}

void judge_one_order(const Hall& hall) {
    if (hall.mode != BackplaneMode::through) return;
    std::map<unsigned, std::vector<const Stay*>> stays;
    for (const auto& subscriber : hall.subscribers) {
        for (const Stay& stay : subscriber->stays) stays[stay.topic].push_back(&stay);
    }
    for (const auto& [topic, all] : stays) {
        for (const Stay* const one : all) {
            for (const Stay* const other : all) {
                hall.require(is_one_order(one->heard, other->heard),
                             "two subscribers have not the same order");
            }
        }
    }
}

}  // namespace edgews::sim::test::shared_topics
