// A STOMP 1.2 broker: over WebSocket, over TCP, with a page that shows what is going on.
//
//     build/programs/stomp_broker [--host 127.0.0.1] [--port 15674] [--path /ws] [--tcp-port 61613]
//         [--user login:passcode]... [--threads 1] [--max-queue 100000] [--when-full refuse]
//         [--unused-queue-timeout-ms 0] [--when-slow disconnect] [--slow-after-ms 5000]
//         [--receipt-in-transaction at-commit] [--max-message 1048576] [--no-page]
//         [--allow-host NAME]...
//         [--relay stomp://login:passcode@host:port[,…]] [--upstream-kind edgews|rabbitmq|activemq]
//         [--backplane stomp://host:port|redis://host:port]... [--backplane-prefix /topic/]...
//         [--through] [--application edgews] [--log text|json]
//
// With --user, only those get in, to the page too; without, everyone does. --tcp-port 0 picks a
// free port, which the second line that it prints tells, and "none" opens none. A SEND to a queue
// that is full: its producer is refused, the queue's oldest message is dropped, or the producer is
// blocked. --when-slow says what becomes of a topic's subscriber for which more than 1 MiB has
// waited for so long; what these mean is in docs/stomp.md. Behind a proxy of this machine,
// --allow-host says the name that the world knows the broker by. /app/echo answers whoever asks by
// reply-to. With --relay, topics and queues are those of the first of these brokers that is there,
// and so is what RabbitMQ alone has, /exchange/… and /amq/queue/… (edgews/stomp_relay.hpp). With
// --backplane, topics that begin with one of the prefixes are those of all brokers that meet there
// (StompBroker::backplane()); several lead to one upstream. The page is in page/, inside this
// program.
#include <edgews/backplane.hpp>
#include <edgews/edgews.hpp>
#include <edgews/stomp_broker.hpp>
#include <edgews/stomp_relay.hpp>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "programs/common/command_line.hpp"
#include "programs/common/log_option.hpp"
#include "programs/common/number.hpp"
#include "programs/common/page.hpp"
#include "programs/common/serving.hpp"
#include "state.hpp"
#include "users.hpp"

namespace {

using programs::parse_number;

struct Arguments {
    std::string host = "127.0.0.1";
    std::uint16_t port = 15674;
    std::string path = "/ws";
    bool has_tcp = true;
    std::uint16_t tcp_port = 61613;
    programs::Users users{};
    unsigned threads = 1;
    std::vector<std::string> hosts{};
    std::size_t queue_max = 100'000;
    edgews::stomp::WhenFull when_full = edgews::stomp::WhenFull::refuse;
    std::uint64_t unused_queue_timeout_ms = 0;
    edgews::stomp::WhenSlow when_slow = edgews::stomp::WhenSlow::disconnect;
    std::uint64_t slow_after_ms = 5'000;
    edgews::stomp::ReceiptInTransaction receipt = edgews::stomp::ReceiptInTransaction::at_commit;
    std::size_t message_max = 1024 * 1024;
    bool has_page = true;
    std::vector<std::string> upstreams{};
    edgews::stomp::UpstreamKind upstream_kind = edgews::stomp::UpstreamKind::edgews;
    edgews::BackplaneOptions backplane{};  // Without upstreams: there is none.
    edgews::EventHook on_event{};

    static constexpr const char* usage =
        "[--host ADDRESS] [--port 0-65535] [--path /PATH] [--tcp-port 0-65535 or none]"
        " [--user LOGIN:PASSCODE]... [--threads N, 0: one per CPU] [--max-queue MESSAGES]"
        " [--when-full refuse|drop|block] [--unused-queue-timeout-ms N, 0: never]"
        " [--when-slow disconnect|drop-oldest|drop-newest|block] [--slow-after-ms N]"
        " [--receipt-in-transaction at-commit|at-once] [--max-message BYTES] [--no-page]"
        " [--allow-host NAME]... [--relay stomp://LOGIN:PASSCODE@HOST:PORT[,...]]"
        " [--upstream-kind edgews|rabbitmq|activemq] [--backplane URL]..."
        " [--backplane-prefix /topic/...]... [--through] [--application NAME]"
        " [--log text|json|off]";

    // How many words it takes: an option, and its value if it has one. 0: it is not understood.
    int take(std::string_view option, std::string_view value) {
        if (option == "--no-page") {
            has_page = false;
            return 1;
        }
        if (option == "--through") {
            backplane.mode = edgews::BackplaneMode::through;
            return 1;
        }
        return !value.empty() && (take_backplane(option, value) || take_value(option, value)) ? 2
                                                                                              : 0;
    }

  private:
    bool take_backplane(std::string_view option, std::string_view value) {
        if (option == "--backplane") {
            backplane.upstreams.emplace_back(value);
        } else if (option == "--backplane-prefix") {
            backplane.prefixes.emplace_back(value);
            return value.starts_with("/topic/");
        } else if (option == "--application") {
            backplane.application = value;
        } else {
            return false;
        }
        return true;
    }
    bool take_value(std::string_view option, std::string_view value) {
        if (option == "--port") return parse_number(value, port);
        if (option == "--threads") return parse_number(value, threads);
        if (option == "--max-queue") return parse_number(value, queue_max) && queue_max > 0;
        if (option == "--max-message") return parse_number(value, message_max);
        if (option == "--user") return users.add(value);
        if (option == "--log") return programs::parse_log(value, on_event);
        if (option == "--when-full") return take_when_full(value);
        if (option == "--relay") return take_upstreams(value);
        if (option == "--upstream-kind") return take_upstream_kind(value);
        if (option == "--when-slow") return take_when_slow(value);
        if (option == "--slow-after-ms") return parse_number(value, slow_after_ms);
        if (option == "--receipt-in-transaction") return take_receipt(value);
        if (option == "--unused-queue-timeout-ms") {
            return parse_number(value, unused_queue_timeout_ms);
        }
        if (option == "--tcp-port") {
            has_tcp = value != "none";
            return !has_tcp || parse_number(value, tcp_port);
        }
        if (option == "--allow-host") {
            hosts.emplace_back(value);
            return true;
        }
        if (option == "--path") {
            path = value;
            return value.front() == '/';
        }
        host = value;
        return option == "--host";
    }
    bool take_upstreams(std::string_view value) {
        while (!value.empty()) {
            const std::string_view one = value.substr(0, value.find(','));
            upstreams.emplace_back(one);
            value.remove_prefix(std::min(one.size() + 1, value.size()));
        }
        return true;
    }
    bool take_upstream_kind(std::string_view value) {
        using edgews::stomp::UpstreamKind;
        if (value == "rabbitmq") upstream_kind = UpstreamKind::rabbitmq;
        if (value == "activemq") upstream_kind = UpstreamKind::activemq;
        return value == "rabbitmq" || value == "activemq" || value == "edgews";
    }
    bool take_when_full(std::string_view value) {
        using edgews::stomp::WhenFull;
        if (value == "drop") when_full = WhenFull::drop_oldest;
        if (value == "block") when_full = WhenFull::block;
        return value == "refuse" || value == "drop" || value == "block";
    }
    bool take_when_slow(std::string_view value) {
        using edgews::stomp::WhenSlow;
        if (value == "drop-oldest") when_slow = WhenSlow::drop_oldest;
        if (value == "drop-newest") when_slow = WhenSlow::drop_newest;
        if (value == "block") when_slow = WhenSlow::block;
        return value == "disconnect" || when_slow != WhenSlow::disconnect;
    }
    bool take_receipt(std::string_view value) {
        using edgews::stomp::ReceiptInTransaction;
        if (value == "at-once") receipt = ReceiptInTransaction::at_once;
        return value == "at-commit" || value == "at-once";
    }
};

edgews::StompHooks hooks_for(const Arguments& arguments) {
    if (arguments.users.are_none()) return {};
    return {.authenticate = [users = arguments.users](const edgews::StompClient&,
                                                      const edgews::stomp::Frame& connect) {
        const std::string_view login = connect.find("login").value_or("");
        if (!users.know(login, connect.find("passcode").value_or(""))) {
            return edgews::StompAccess{.is_granted = false,
                                       .reason = "The login or the passcode is wrong."};
        }
        return edgews::StompAccess{.user = std::string(login)};
    }};
}

void tell_upstream(bool is_available, std::string_view address, std::string_view reason) {
    std::fprintf(stderr, "upstream %s %.*s %.*s\n", is_available ? "up" : "down",
                 static_cast<int>(address.size()), address.data(), static_cast<int>(reason.size()),
                 reason.data());
}

// `backplane`: null, if there is none. What the page shows is for those who may connect: names of
// destinations may be private.
void serve_page(edgews::Server& server, edgews::StompBroker& broker,
                const edgews::Backplane* backplane, const Arguments& arguments) {
    using edgews::Request;
    using edgews::Response;
    const programs::Users& users = arguments.users;
    for (const programs::PageFile& file : programs::page) {
        server.get(programs::path_of(file),
                   [&users, file](const Request& request, Response& response) {
                       if (users.let_in(request, response)) programs::answer_with(file, response);
                   });
    }
    server.get("/metrics", [&, backplane](const Request& request, Response& response) {
        if (!users.let_in(request, response)) return;
        programs::answer_metrics(response, programs::metrics_text(server, broker, backplane));
    });
    server.get("/state.json", [&, backplane](const Request& request, Response& response) {
        if (!users.let_in(request, response)) return;
        programs::answer_json(response, programs::state_json(broker, backplane, arguments.path));
    });
}

std::unique_ptr<edgews::StompBroker> make_broker(const Arguments& arguments,
                                                 edgews::StompOptions options) {
    edgews::StompHooks hooks = hooks_for(arguments);
    if (arguments.upstreams.empty()) {
        return std::make_unique<edgews::StompBroker>(std::move(options), std::move(hooks));
    }
    edgews::StompRelayOptions relay;
    relay.upstream.brokers = arguments.upstreams;
    relay.kind = arguments.upstream_kind;
    if (relay.kind == edgews::stomp::UpstreamKind::rabbitmq) {
        relay.prefixes.insert(relay.prefixes.end(), {"/exchange/", "/amq/queue/"});
    }
    return std::make_unique<edgews::StompRelay>(std::move(relay), std::move(options),
                                                std::move(hooks),
                                                edgews::StompRelayHooks{.upstream = tell_upstream});
}

// Nothing: there is none.
void make_backplane(std::optional<edgews::Backplane>& backplane, edgews::BackplaneOptions options,
                    bool is_relay) {
    if (options.upstreams.empty()) return;
    if (is_relay) throw std::invalid_argument("--relay and --backplane exclude each other");
    if (options.prefixes.empty()) options.prefixes.emplace_back("/topic/");
    backplane.emplace(std::move(options), edgews::BackplaneHooks{.upstream = tell_upstream});
}

int serve(const Arguments& arguments) {
    edgews::StompOptions options;
    options.broker.queue = {.message_count_max = arguments.queue_max,
                            .when_full = arguments.when_full};
    options.broker.unused_queue_timeout_ms = arguments.unused_queue_timeout_ms;
    options.broker.when_slow = arguments.when_slow;
    options.broker.slow_after_ms = arguments.slow_after_ms;
    options.session.receipt_in_transaction = arguments.receipt;
    options.session.frame.body_size_max = arguments.message_max;
    options.on_event = arguments.on_event;
    edgews::BackplaneOptions backplane_options = arguments.backplane;
    backplane_options.on_event = arguments.on_event;
    std::optional<edgews::Backplane> backplane;
    make_backplane(backplane, std::move(backplane_options), !arguments.upstreams.empty());
    const std::unique_ptr<edgews::StompBroker> made = make_broker(arguments, std::move(options));
    edgews::StompBroker& broker = *made;
    if (backplane) broker.backplane(*backplane);
    broker.app("/app/echo", [](edgews::StompRequest& request) { request.reply(request.text()); });

    edgews::Server server(
        {.loops = arguments.threads, .hosts = arguments.hosts, .on_event = arguments.on_event});
    broker.attach(server, arguments.path);
    if (arguments.has_page) {
        serve_page(server, broker, backplane ? &*backplane : nullptr, arguments);
    }

    const edgews::Signals stop(server.loop(0), {SIGINT, SIGTERM}, [&](int) {
        broker.end_all();
        server.loop(0).after(200, [&] { server.shutdown(5'000); });
    });
    edgews::Error error = server.listen({.host = arguments.host, .port = arguments.port});
    if (!error && arguments.has_tcp) {
        error = broker.listen(server, {.host = arguments.host, .port = arguments.tcp_port});
    }
    if (error) {
        std::fprintf(stderr, "stomp_broker: %s\n", error.message.c_str());
        return 1;
    }
    std::printf("listening on %s\n", server.listening_on().c_str());
    if (arguments.has_tcp) std::printf("STOMP over TCP on %s\n", server.listening_on(1).c_str());
    std::fflush(stdout);
    return server.run();
}

}  // namespace

int main(int count, char** words) {
    return programs::run_with<Arguments>("stomp_broker", Arguments::usage, count, words, serve);
}
