// A server of plain HTTP that others ask: files, an answer in chunks, events, what it was asked.
//
//     http_server FOLDER --port PORT
//
//     /numbers/:count   so many numbers, each in a chunk of its own, which come one after the other
//     /events           three events, numbered behind Last-Event-ID, and then the end
//     /for-ever         events until the client leaves
//     /left             how many clients of /for-ever have left
//     /echo/...         the request: a line of its method, path and header Seen-As, and its body
//     /heard            those lines, of all such requests since this was last asked
//     /socket           a WebSocket
//     /                 the files
#include <edgews/edgews.hpp>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace edgews;

unsigned number_of(std::string_view text) {
    return static_cast<unsigned>(std::strtoul(std::string(text).c_str(), nullptr, 10));
}

void write_numbers(const ResponseStream& stream, unsigned next, unsigned count) {
    if (next == count) {
        stream.finish();
        return;
    }
    stream.write(std::to_string(next) + '\n');
    Loop::current()->after(1, [=] { write_numbers(stream, next + 1, count); });
}

void send_events(const EventStream& events, unsigned next, unsigned end) {
    if (next == end) {
        events.finish();
        return;
    }
    events.send({.data = "line one of " + std::to_string(next) + "\nline two",
                 .name = "number",
                 .id = std::to_string(next)});
    Loop::current()->after(10, [=] { send_events(events, next + 1, end); });
}

// A proxy says in Seen-As which request it has forwarded.
void add_echo(Server& server, std::string& heard) {
    const auto echo = [&heard](const Request& request, Response& response) {
        response.body = std::string(request.method()) + ' ' + std::string(request.path()) +
                        " seen as " + std::string(request.header("Seen-As").value_or("nothing")) +
                        '\n';
        heard += response.body;
        response.body += request.body();
    };
    for (const char* method : {"GET", "POST", "PUT"}) server.http(method, "/echo/*", echo);
    server.get("/heard", [&heard](const Request&, Response& response) {
        response.body = std::exchange(heard, {});
    });
    server.ws("/socket", {});
}

void add_routes(Server& server, const char* folder, unsigned& left_count) {
    const HttpRouteOptions for_all{.cors = {.origins = {"*"}}};
    server.get(
        "/numbers/:count",
        [](const Request& request, Response&) {
            write_numbers(request.stream({}), 0, number_of(*request.parameter("count")));
        },
        for_all);
    server.get(
        "/events",
        [](const Request& request, Response&) {
            const EventStream events = request.events({.retry_ms = 20});
            const unsigned first = number_of(events.last_event_id()) + 1;
            send_events(events, first, first + 3);
        },
        for_all);
    server.get(
        "/for-ever",
        [&left_count](const Request& request, Response&) {
            const EventStream events = request.events({.gone = [&left_count] { ++left_count; }});
            events.send("here");
            static EventStream last;  // Somebody has it.
            last = events;
        },
        for_all);
    server.get("/left", [&left_count](const Request&, Response& response) {
        response.body = std::to_string(left_count);
    });
    server.files("/", folder);
}

}  // namespace

int main(int count, char** words) {
    if (count != 4 || std::string_view(words[2]) != "--port") {
        std::fprintf(stderr, "usage: http_server FOLDER --port PORT\n");
        return 2;
    }
    Server server({.loops = 1});
    std::string heard;
    add_echo(server, heard);
    unsigned left_count = 0;
    add_routes(server, words[1], left_count);
    const Signals stop(server.loop(0), {SIGINT, SIGTERM}, [&](int) { server.shutdown(5'000); });
    const auto port = static_cast<std::uint16_t>(number_of(words[3]));
    if (const Error error = server.listen({.host = "127.0.0.1", .port = port})) {
        std::fprintf(stderr, "%s\n", error.message.c_str());
        return 1;
    }
    std::printf("listening on %s\n", server.listening_on().c_str());
    std::fflush(stdout);
    return server.run();
}
