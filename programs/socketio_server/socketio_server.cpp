// A Socket.IO server: a program for tests and comparisons.
//
//     build/programs/socketio_server [--host 127.0.0.1] [--port 3000] [--threads 1]
//         [--path /socket.io/] [--ping-interval 25000] [--ping-timeout 20000]
//         [--connect-timeout 45000] [--upgrade-timeout 10000] [--max-payload 1000000]
//         [--recovery 0] [--cors ORIGIN]... [--cookie] [--eio3] [--parser standard]
//         [--log text|json]
//
// Whoever connects to "/" or "/custom" is sent `auth` with what it connected with. On "/":
//
//     message …           is answered by `message-back` with the same arguments
//     message-with-ack …  is acknowledged with its arguments, and so is `echo`
//     ask …               asks the client a `question`, and is acknowledged with what it answers
//     join ROOM           joins that room, and is acknowledged
//     broadcast …         is sent on as `news` to the room "room"
//     bye                 disconnects the client; with an argument, from all namespaces
//
// "/members" is for those who bring the token "member".
//
// --recovery is the time in which a client whose connection was lost may come back. Clients of
// Socket.IO 2 are served with --eio3; those that use socket.io-msgpack-parser, with --parser
// msgpack. --cors may be `*`. Times are in milliseconds. GET / answers with a page that shows
// namespaces, rooms and rates, which it has from /state.json; /metrics with the counters.
#include <edgews/edgews.hpp>
#include <edgews/socketio.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "programs/common/command_line.hpp"
#include "programs/common/log_option.hpp"
#include "programs/common/number.hpp"
#include "programs/common/page.hpp"
#include "programs/common/serving.hpp"
#include "state.hpp"

namespace {

namespace sio = edgews::sio;
using programs::parse_number;

struct Arguments {
    std::string host = "127.0.0.1";
    std::uint16_t port = 3000;
    unsigned threads = 1;
    std::string path = "/socket.io/";
    sio::Options options{};
    edgews::EventHook on_event{};

    static constexpr const char* usage =
        "[--host ADDRESS] [--port 0-65535] [--threads N, 0: one per CPU] [--path PATH]"
        " [--ping-interval MS] [--ping-timeout MS] [--connect-timeout MS] [--upgrade-timeout MS]"
        " [--max-payload BYTES] [--recovery MS] [--cors ORIGIN]... [--cookie] [--eio3]"
        " [--parser standard|msgpack] [--log text|json|off]";

    // How many words it takes: an option, and its value if it has one. 0: it is not understood.
    int take(std::string_view option, std::string_view value) {
        if (option == "--cookie") {
            options.cookie = "io";
            return 1;
        }
        if (option == "--eio3") {
            options.allows_eio3 = true;
            return 1;
        }
        return !value.empty() && (take_limit(option, value) || take_value(option, value)) ? 2 : 0;
    }

  private:
    bool take_limit(std::string_view option, std::string_view value) {
        if (option == "--ping-interval") return parse_number(value, options.ping_interval_ms);
        if (option == "--ping-timeout") return parse_number(value, options.ping_timeout_ms);
        if (option == "--connect-timeout") return parse_number(value, options.connect_timeout_ms);
        if (option == "--upgrade-timeout") return parse_number(value, options.upgrade_timeout_ms);
        if (option == "--max-payload") return parse_number(value, options.payload_size_max);
        return option == "--recovery" && parse_number(value, options.recovery.max_disconnection_ms);
    }
    bool take_value(std::string_view option, std::string_view value) {
        if (option == "--port") return parse_number(value, port);
        if (option == "--threads") return parse_number(value, threads);
        if (option == "--parser") return take_parser(value);
        if (option == "--log") return programs::parse_log(value, on_event);
        if (option == "--cors") {
            options.cors.origins.emplace_back(value);
        } else if (option == "--path") {
            path = value;
        } else if (option == "--host") {
            host = value;
        } else {
            return false;
        }
        return true;
    }
    bool take_parser(std::string_view name) {
        if (name != "standard" && name != "msgpack") return false;
        options.parser = name == "msgpack" ? sio::Parser::msgpack : sio::Parser::standard;
        return true;
    }
};

void set_up(sio::Hub& hub) {
    const sio::Handlers handlers{
        .connected = [](sio::Socket& socket) { socket.emit("auth", sio::raw(socket.auth())); }};
    const auto acknowledge = [](sio::Socket&, const sio::Event& event, const sio::Ack& ack) {
        ack(event.raw());
    };
    hub.of("/custom", handlers);
    hub.of("/", handlers)
        .on("message", [](sio::Socket& socket,
                          const sio::Event& event) { socket.emit("message-back", event.raw()); })
        .on("message-with-ack", acknowledge)
        .on("echo", acknowledge)
        .on("ask",
            [](sio::Socket& socket, const sio::Event& event, sio::Ack ack) {
                socket.call(
                    "question", 5'000,
                    [ack = std::move(ack)](const sio::Reply& reply) { ack(reply.raw()); },
                    event.raw());
            })
        .on("join",
            [](sio::Socket& socket, const sio::Event& event, const sio::Ack& ack) {
                socket.join(event.get<std::string>(0));
                ack();
            })
        .on("broadcast",
            [&hub](sio::Socket&, const sio::Event& event) {
                hub.of("/").to("room").emit("news", event.raw());
            })
        .on("bye", [](sio::Socket& socket, const sio::Event& event) {
            socket.disconnect(event.size() > 0);
        });
    hub.of("/members", handlers).use([](sio::Handshake& handshake) {
        if (handshake.auth() != R"({"token":"member"})") handshake.refuse("for members only");
    });
}

int serve(const Arguments& arguments) {
    sio::Options options = arguments.options;
    // An answer to the largest message may wait, whatever else does.
    options.backlog_size_max = std::max(options.backlog_size_max, 4 * options.payload_size_max);
    options.websocket.backlog_size_max = options.backlog_size_max;
    options.on_event = arguments.on_event;
    sio::Hub hub(options);
    set_up(hub);
    edgews::Server server({.loops = arguments.threads, .on_event = arguments.on_event});
    hub.attach(server, arguments.path);
    programs::serve_page(server);
    server.get("/state.json", [&hub](const edgews::Request& request, edgews::Response&) {
        hub.stats([answer = request.defer()](const sio::HubStats& stats) {
            edgews::Response response;
            programs::answer_json(response,
                                  programs::state_json(stats, edgews::Loop::current()->now_ms()));
            answer.send(std::move(response));
        });
    });
    programs::serve_metrics(server);
    return programs::serve_until_stopped("socketio_server", server,
                                         {.host = arguments.host, .port = arguments.port});
}

}  // namespace

int main(int count, char** words) {
    return programs::run_with<Arguments>("socketio_server", Arguments::usage, count, words, serve);
}
