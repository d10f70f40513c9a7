// Publishers of all kinds, on all loops and beside them, and subscribers who are slow, come and
// leave: whoever is subscribed gets each message once, and each publisher's in their order.
#include "frames.hpp"
#include "scenario.hpp"
#include "topic_visitor.hpp"

#include <edgews/edgews.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace edgews::sim::test {

namespace {

constexpr unsigned timer_publishers = 100;  // Beyond the subscribers, who publish, too.
constexpr unsigned thread_publishers = 200;
constexpr std::size_t whole_backlog = 1 << 26;  // Nothing is dropped.

// From before it was published.
struct Publication {
    unsigned topic;
    unsigned publisher;
    std::uint64_t order;  // Among all that happened.
    int loop;             // On which it was published.
    bool excepts_publisher;
};

// From one subscription to its end.
struct Stay {
    unsigned topic;
    int loop;
    std::uint64_t begin;
    std::uint64_t end = UINT64_MAX;
    std::vector<std::size_t> heard{};  // Publications, as they came.
};

struct Subscriber : TopicVisitor {
    using TopicVisitor::TopicVisitor;

    // The server's.
    bool is_closed = false;
    bool is_vague = false;  // An answer was dropped: it does not know where it stands.
    std::size_t dropped_count = 0;
    std::vector<Stay> stays{};
};

struct Hall {
    Hall(World& of_all, Record& to_fill) : world(of_all), record(to_fill) {}

    World& world;
    Record& record;
    Server* server = nullptr;
    RouteOptions limits{};
    std::vector<std::unique_ptr<Subscriber>> subscribers{};
    std::vector<Publication> publications{};
    std::uint64_t order = 0;
    std::size_t to_publish = 0;  // Bytes.
    std::size_t largest = 0;

    [[nodiscard]] Choices& choices() const noexcept { return world.choices(); }
};

struct Seat {
    Subscriber* subscriber = nullptr;
};

// ---- Publishing ------------------------------------------------------------

// Its number among all publications, a colon, and some words.
std::string announce(Hall& hall, const Publication& publication) {
    static constexpr std::array<std::size_t, 7> sizes{10, 0, 100, 300, 5'000, 20'000, 70'000};
    const std::size_t size = std::min(hall.choices().one_of(sizes), hall.to_publish);
    hall.to_publish -= size;
    std::string text = std::to_string(hall.publications.size()) + ':' + std::string(words(0, size));
    hall.largest = std::max(hall.largest, text.size());
    hall.publications.push_back(publication);
    hall.publications.back().order = ++hall.order;
    return text;
}

void publish(Hall& hall, unsigned publisher, int loop) {
    const unsigned topic = hall.choices().below(topic_count);
    const std::string text =
        announce(hall, {topic, publisher, 0, loop, /* excepts_publisher */ false});
    if (hall.choices().once_in(2)) {
        hall.server->publish(name_of(topic), PreparedMessage(Message(text)));
    } else {
        hall.server->publish(name_of(topic), text);
    }
}

void publish_from(Hall& hall, Connection& connection, const Subscriber& from) {
    const int loop = loop_of(*hall.server, connection);
    for (std::uint32_t i = hall.choices().once_in(3) ? 6 : 1; i > 0; --i) {
        if (hall.choices().once_in(2)) {
            publish(hall, from.number, loop);
            continue;
        }
        const unsigned topic = hall.choices().below(topic_count);
        const std::string text = announce(hall, {topic, from.number, 0, loop, true});
        connection.publish(name_of(topic), text);
    }
}

void publish_by_thread(Hall& hall, unsigned publisher) {
    for (std::uint32_t i = hall.choices().below(8); i > 0; --i) {
        std::this_thread::sleep_for(std::chrono::microseconds(hall.choices().below(8'000)));
        publish(hall, publisher, no_loop);
    }
}

void publish_by_timer(Hall& hall, std::size_t loop, std::uint32_t count) {
    if (count == 0) return;
    const std::uint32_t delay_ms = 1 + hall.choices().below(10);
    hall.server->loop(loop).after(delay_ms, [&hall, loop, count] {
        const auto own = static_cast<unsigned>(loop);
        publish(hall, timer_publishers + own, static_cast<int>(loop));
        publish_by_timer(hall, loop, count - 1);
    });
}

// ---- The server ------------------------------------------------------------

// What tells the peer where it stands.
void answer(Connection& connection, Subscriber& subscriber, const std::string& text) {
    const SendResult result = connection.send(text);
    if (result != SendResult::sent && result != SendResult::queued) subscriber.is_vague = true;
}

void subscribe(Hall& hall, Connection& connection, Subscriber& subscriber, unsigned topic) {
    if (!connection.subscribe(name_of(topic))) return;
    subscriber.stays.push_back({topic, loop_of(*hall.server, connection), ++hall.order});
    answer(connection, subscriber, "+" + std::to_string(topic));
}

void unsubscribe(Hall& hall, Connection& connection, Subscriber& subscriber, unsigned topic) {
    if (!connection.unsubscribe(name_of(topic))) return;
    const auto is_stay = [&](const Stay& stay) {
        return stay.topic == topic && stay.end == UINT64_MAX;
    };
    const auto stay = std::find_if(subscriber.stays.begin(), subscriber.stays.end(), is_stay);
    if (stay == subscriber.stays.end()) return hall.record.blame("it left, and was not there");
    stay->end = ++hall.order;
    answer(connection, subscriber, "-" + std::to_string(topic));
}

void obey(Hall& hall, Connection& connection, std::string_view command) {
    Subscriber& subscriber = *connection.data<Seat>().subscriber;
    const unsigned topic = static_cast<unsigned>(command[1] - '0') % topic_count;
    if (command[0] == '+') return subscribe(hall, connection, subscriber, topic);
    if (command[0] == '-') return unsubscribe(hall, connection, subscriber, topic);
    publish_from(hall, connection, subscriber);
    (void)connection.send("=" + std::to_string(hall.publications.size()));
    const bool has_time = hall.limits.overflow_after_ms > 0;
    const std::size_t most = has_time ? hall.limits.backlog_size_cap : hall.limits.backlog_size_max;
    const std::size_t limit = std::max(most, hall.largest + 10);
    hall.record.require(connection.buffered_amount() <= limit + 200, "a backlog is over its limit");
}

void draw_limits(Hall& hall) {
    static constexpr std::array<std::size_t, 4> backlogs{whole_backlog, whole_backlog, 20'000,
                                                         1'000};
    hall.limits = {.backlog_size_max = hall.choices().one_of(backlogs),
                   .backlog_size_cap = 60'000,
                   .overflow = Overflow(hall.choices().below(3))};
    if (hall.limits.backlog_size_max == 20'000) hall.limits.overflow_after_ms = 20;
}

void add_route(Hall& hall) {
    Handlers handlers;
    handlers.upgrade = [&hall](const Request& request, Upgrade& upgrade) {
        const std::size_t number = std::stoul(request.parameter("number").value_or("0"));
        upgrade.data<Seat>().subscriber = hall.subscribers[number].get();
    };
    handlers.message = [&hall](Connection& connection, Message message) {
        obey(hall, connection, message.text());
    };
    handlers.overflow = [&hall](Connection& connection, std::size_t count) {
        hall.record.require(count > 0, "an overflow of nothing");
        connection.data<Seat>().subscriber->dropped_count += count;
    };
    handlers.close = [](Connection& connection, const CloseEvent&) {
        connection.data<Seat>().subscriber->is_closed = true;
    };
    hall.server->ws<Seat>("/:number", handlers, hall.limits);
}

// ---- The subscribers -------------------------------------------------------

// The connection has published so many, or fewer, before it sent this: they come first.
void check_order(const Hall& hall, const Subscriber& subscriber, std::size_t count) {
    if (hall.limits.backlog_size_max < whole_backlog) return;
    for (std::size_t i = 0; i < count; ++i) {
        const Publication& one = hall.publications[i];
        const std::size_t place = subscriber.place[one.topic];
        const bool is_own = one.publisher == subscriber.number && !one.excepts_publisher;
        if (!is_own || place == 0) continue;
        const Stay& stay = subscriber.stays[place - 1];
        const bool has_come =
            std::find(stay.heard.begin(), stay.heard.end(), i) != stay.heard.end();
        hall.record.require(one.order < stay.begin || has_come, "what was published is overtaken");
    }
}

// Of a topic it gets messages between the two answers, and never else.
void hear(Hall& hall, Subscriber& subscriber, std::string_view text) {
    ++hall.record.messages;
    if (subscriber.is_vague) return;
    if (subscriber.note_place(text)) return;
    std::size_t number = 0;
    if (text[0] == '=') {
        std::from_chars(text.data() + 1, text.data() + text.size(), number);
        return check_order(hall, subscriber, number);
    }
    std::from_chars(text.data(), text.data() + text.size(), number);
    if (number >= hall.publications.size()) return hall.record.blame("what nobody published");
    const Publication& publication = hall.publications[number];
    const std::size_t place = subscriber.place[publication.topic];
    if (place == 0) return hall.record.blame("a message of a topic, without a subscription");
    const bool is_own = publication.publisher == subscriber.number;
    hall.record.require(!publication.excepts_publisher || !is_own, "all but one are all");
    subscriber.stays[place - 1].heard.push_back(number);
}

void invite(Hall& hall, std::uint16_t port, bool may_leave) {
    World& world = hall.world;
    const auto number = static_cast<unsigned>(hall.subscribers.size());
    const WebSocketPeerOptions options{.path = "/" + std::to_string(number),
                                       .pace = Pace::drawn(hall.choices())};
    hall.subscribers.push_back(std::make_unique<Subscriber>(world, options));
    Subscriber& subscriber = *hall.subscribers.back();
    subscriber.number = number;
    subscriber.may_leave = may_leave && hall.choices().once_in(3);
    subscriber.steps_left = hall.choices().between(2, 12);
    hall.to_publish = std::min(hall.to_publish, worthwhile_size(world, options.pace, 200'000));
    subscriber.peer.message = [&](WebSocketPeer&, std::string_view text, bool) {
        hear(hall, subscriber, text);
    };
    ++hall.record.connections;
    world.after(world.kernel().drawn_ns(2'000'000), [&subscriber, port] {
        subscriber.peer.connect(port);
        subscriber.go_on({.usual_ns = 100'000, .rare_ns = 10'000'000});
    });
}

// ---- Judging ---------------------------------------------------------------

// Whether it must have come: on the same loop all is decided at once, from others it is on its way
// for a while.
bool is_due(const Publication& one, const Stay& stay, bool has_left) {
    if (one.order < stay.begin || one.order > stay.end) return false;
    if (has_left) return false;  // The connection's end may have cut it off.
    return stay.end == UINT64_MAX || one.loop == stay.loop;
}

// How many that were due did not come.
std::size_t judge_line(const Hall& hall, const Stay& stay, const Line& line, const Line& heard,
                       bool may_drop, bool has_left) {
    Record& record = hall.record;
    record.require(std::is_sorted(heard.begin(), heard.end()), "a publisher's order is not kept");
    record.require(std::adjacent_find(heard.begin(), heard.end()) == heard.end(),
                   "a message comes twice");
    for (const std::size_t number : heard) {
        const Publication& one = hall.publications[number];
        const bool is_early = one.loop == stay.loop && one.order < stay.begin;
        record.require(!is_early, "a message comes that was published before");
        record.require(one.order < stay.end, "a message comes that was published behind");
    }
    std::size_t missing_count = 0;
    for (const std::size_t number : line) {
        if (std::binary_search(heard.begin(), heard.end(), number)) continue;
        if (is_due(hall.publications[number], stay, has_left)) ++missing_count;
        const bool is_hole = !heard.empty() && heard.front() < number && number < heard.back();
        record.require(may_drop || !is_hole, "a message is missing between others");
    }
    return missing_count;
}

void judge(const Hall& hall, const Subscriber& subscriber) {
    hall.record.require(subscriber.peer.fault().empty(), subscriber.peer.fault());
    if (subscriber.is_vague) return;
    const bool may_drop = hall.limits.overflow != Overflow::close;
    const bool has_left = subscriber.is_closed || !subscriber.peer.is_open() ||
                          subscriber.peer.has_heard_end() || subscriber.peer.is_gone();
    std::size_t missing_count = 0;
    for (const Stay& stay : subscriber.stays) {
        std::map<unsigned, Line> heard;
        for (const std::size_t number : stay.heard) {
            heard[hall.publications[number].publisher].push_back(number);
        }
        for (const auto& [publisher, line] :
             lines_for(hall.publications, subscriber.number, stay.topic)) {
            missing_count += judge_line(hall, stay, line, heard[publisher], may_drop, has_left);
        }
    }
    const bool is_told = hall.limits.overflow == Overflow::tell;
    if (is_told) {
        hall.record.require(missing_count <= subscriber.dropped_count,
                            "more messages are missing than were told to be dropped");
    } else if (!may_drop || hall.limits.backlog_size_max == whole_backlog) {
        hall.record.require(missing_count == 0, "a message does not come, and all is quiet");
    }
}

}  // namespace

void play_topics(World& world, Record& record) {
    Hall hall(world, record);
    draw_limits(hall);
    {
        Server server({.loops = world.choices().between(2, 3)});
        hall.server = &server;
        add_route(hall);
        record.require(!server.listen({.host = "127.0.0.1"}), "it does not listen");
        for (std::size_t i = 0; i < server.loop_count(); ++i) {
            publish_by_timer(hall, i, world.choices().below(8));
        }
        server.start();
        std::vector<std::thread> threads;
        for (unsigned i = world.choices().below(3); i > 0; --i) {
            threads.emplace_back([&hall, i] { publish_by_thread(hall, thread_publishers + i); });
        }
        world.draw_faults();
        hall.to_publish = 200'000;
        const bool may_leave = world.choices().once_in(2);
        for (std::uint32_t i = world.choices().between(1, 7); i > 0; --i) {
            invite(hall, server.port(), may_leave);
        }
        for (std::thread& thread : threads) thread.join();
        record.require(world.run_until_quiet(quiet_ms, limit_ms), "there is no end of it");
        for (const auto& subscriber : hall.subscribers) judge(hall, *subscriber);
        server.shutdown(1'000);
    }
    (void)world.run_until_quiet(quiet_ms, limit_ms);
}

}  // namespace edgews::sim::test
