// A node of several that share topics over a backplane: a program for tests.
//
//     build/programs/topic_node [--host 127.0.0.1] [--port 9001] [--threads 1]
//         --backplane stomp://localhost:61613... [--through] [--sharded]
//         [--history MESSAGES [--history-ms 60000]] [--application edgews] [--allow-host NAME]...
//
// A WebSocket at /t/:topic is subscribed to that topic, and what it sends is published there: all
// others get it, on all nodes. It is open when the upstream has confirmed that this node hears the
// topic, so nothing is missed that is published from then on; without an upstream it is open at
// once. When messages did not come, these lines do, in their place, as text:
//
//     {"gap":{"node":"0123456789abcdef","first":3,"last":7,"count":5}}
//
// of which `node` is "", and `count` 0, where it is not known whether any are missing. Several
// --backplane lead to one upstream, and are tried in turn. GET /metrics answers with the counters.
//
// With --history, so many of a topic's messages are kept, for so long. Then the first that a
// WebSocket gets is the place where it is, and each message is one on from there:
//
//     {"recovered":false,"epoch":"0123456789abcdef","offset":7}
//
// /t/:topic?from=0123456789abcdef:9 asks for all that came behind that: "recovered" says whether it
// follows. With a STOMP upstream a place is one node's, and a gap ends what can be recovered. With
// Redis it is any node's; and a gap that says "epoch" and "offset" says where the WebSocket is now.
#include <edgews/backplane.hpp>
#include <edgews/edgews.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "programs/common/command_line.hpp"
#include "programs/common/number.hpp"
#include "programs/common/serving.hpp"

namespace {

using programs::parse_number;

// What is carried begins with the one, and what is told of it here with the other.
constexpr std::string_view carried_prefix = "t/";
constexpr std::string_view gap_prefix = "gap/";

struct Arguments {
    std::string host = "127.0.0.1";
    std::uint16_t port = 9001;
    unsigned threads = 1;
    std::vector<std::string> hosts{};
    edgews::BackplaneOptions backplane{.prefixes = {std::string(carried_prefix)}};

    static constexpr const char* usage =
        "[--host ADDRESS] [--port 0-65535] [--threads N, 0: one per CPU] --backplane URL..."
        " [--through] [--sharded] [--history MESSAGES [--history-ms N]]"
        " [--application NAME] [--allow-host NAME]...";

    // How many words it takes: an option, and its value if it has one. 0: it is not understood.
    int take(std::string_view option, std::string_view value) {
        if (option == "--through") {
            backplane.mode = edgews::BackplaneMode::through;
            return 1;
        }
        if (option == "--sharded") {
            backplane.is_sharded = true;
            return 1;
        }
        return take_value(option, value) ? 2 : 0;
    }

  private:
    bool take_value(std::string_view option, std::string_view value) {
        if (value.empty()) return false;
        if (option == "--port") return parse_number(value, port);
        if (option == "--threads") return parse_number(value, threads);
        if (option == "--history") {
            backplane.histories = {{.prefix = std::string(carried_prefix)}};
            return parse_number(value, backplane.histories[0].message_count_max);
        }
        if (option == "--history-ms" && !backplane.histories.empty()) {
            return parse_number(value, backplane.histories[0].ttl_ms);
        }
        if (option == "--backplane") {
            backplane.upstreams.emplace_back(value);
        } else if (option == "--application") {
            backplane.application = value;
        } else if (option == "--allow-host") {
            hosts.emplace_back(value);
        } else if (option == "--host") {
            host = value;
        } else {
            return false;
        }
        return true;
    }
};

struct Listener {
    std::string topic{};
    edgews::TopicPosition from{};
};

// "0123456789abcdef:9". What is none is a place that nobody has.
edgews::TopicPosition parse_position(std::string_view text) {
    edgews::TopicPosition position;
    const std::size_t colon = std::min(text.find(':'), text.size());
    const char* const middle = text.data() + colon;
    const auto [end, error] = std::from_chars(text.data(), middle, position.epoch, 16);
    if (error != std::errc() || end != middle || colon == text.size()) return {};
    return parse_number(text.substr(colon + 1), position.offset) ? position
                                                                 : edgews::TopicPosition{};
}

std::string position_text(const edgews::TopicPosition& position) {
    char epoch[17];
    std::snprintf(epoch, sizeof epoch, "%016llx", static_cast<unsigned long long>(position.epoch));
    return std::string(",\"epoch\":\"") + epoch +
           "\",\"offset\":" + std::to_string(position.offset);
}

std::string recovery_text(const edgews::TopicRecovery& recovery) {
    return std::string("{\"recovered\":") + (recovery.is_recovered ? "true" : "false") +
           position_text(recovery.position) + "}";
}

std::string with(std::string_view prefix, std::string_view topic) {
    return std::string(prefix).append(topic);
}

std::string gap_text(const edgews::TopicGap& gap) {
    return "{\"gap\":{\"node\":\"" + std::string(gap.node) +
           "\",\"first\":" + std::to_string(gap.first) + ",\"last\":" + std::to_string(gap.last) +
           ",\"count\":" + std::to_string(gap.count()) +
           (gap.position.epoch == 0 ? "" : position_text(gap.position)) + "}}";
}

edgews::Handlers handlers_for(edgews::Backplane& backplane, bool has_history) {
    using edgews::Connection;
    return {
        .upgrade =
            [&backplane](const edgews::Request& request, edgews::Upgrade& upgrade) {
                std::string topic = request.parameter("topic").value_or("");
                backplane.prepare(with(carried_prefix, topic),
                                  [deferred = upgrade.defer()](bool) { deferred.accept(); });
                upgrade.data<Listener>() = {
                    .topic = std::move(topic),
                    .from = parse_position(request.query("from").value_or(""))};
            },
        .open =
            [&backplane, has_history](Connection& c) {
                const auto& [topic, from] = c.data<Listener>();
                c.subscribe(with(gap_prefix, topic));
                if (!has_history) {
                    c.subscribe(with(carried_prefix, topic));
                    return;
                }
                backplane.subscribe(c, with(carried_prefix, topic), from,
                                    [](Connection& own, const edgews::TopicRecovery& recovery) {
                                        own.send(recovery_text(recovery));
                                    });
            },
        .message =
            [](Connection& c, edgews::Message message) {
                c.publish(with(carried_prefix, c.data<Listener>().topic), message);
            },
    };
}

int serve(const Arguments& arguments) {
    edgews::Server* published_by = nullptr;
    edgews::Backplane backplane(
        arguments.backplane,
        {.gap =
             [&published_by](const edgews::TopicGap& gap) {
                 const std::string_view topic = gap.topic.substr(carried_prefix.size());
                 published_by->publish(with(gap_prefix, topic), gap_text(gap));
             },
         .upstream =
             [](bool is_available, std::string_view address, std::string_view reason) {
                 std::fprintf(stderr, "topic_node: %.*s is %s %.*s\n",
                              static_cast<int>(address.size()), address.data(),
                              is_available ? "available" : "away:", static_cast<int>(reason.size()),
                              reason.data());
             }});
    edgews::Server server({.loops = arguments.threads, .hosts = arguments.hosts});
    published_by = &server;
    server.backplane(backplane);
    server.ws<Listener>("/t/:topic",
                        handlers_for(backplane, !arguments.backplane.histories.empty()),
                        {.backlog_size_max = 64 * 1024 * 1024});
    server.get("/metrics", [&](const edgews::Request&, edgews::Response& response) {
        programs::answer_metrics(response,
                                 server.stats().prometheus() + backplane.stats().prometheus());
    });

    return programs::serve_until_stopped("topic_node", server,
                                         {.host = arguments.host, .port = arguments.port});
}

}  // namespace

int main(int count, char** words) {
    return programs::run_with<Arguments>("topic_node", Arguments::usage, count, words, serve);
}
