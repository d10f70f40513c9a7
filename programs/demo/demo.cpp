// The demo: a page with a chat room, a ticker and a connection inspector, on one WebSocket.
//
//     build/programs/demo [--host 127.0.0.1] [--port 9001] [--threads 1] [--stomp-port PORT]
//         [--allow-host NAME]... [--backplane stomp://HOST:PORT] [--log text|json]
//
// With --backplane several demos are nodes of one room: what is said on one is heard on all, in one
// order. Who is here, and what was said before, each page hears from its own node.
//
// The page (programs/demo/page/) is inside this program. It speaks the subprotocol "edgews-demo":
// JSON text messages, flat from the page (name: up to 24 characters, text: up to 500):
//
//     {"type":"join","name":"Ada","key":"s3cret"}   the key lets a lost page take its name back
//     {"type":"chat","text":"Hello"}
//     {"type":"leave"}
//     {"type":"ping","id":7}
//
// and from the server, times in milliseconds since 1970:
//
//     {"type":"welcome","boot":"…","cluster":false,"room":2,
//      "symbols":[{"symbol","name","open"}],"history":[[…]]}
//     {"type":"joined","name":"Ada","here":["Ada","Grace"]}        and then the last messages again
//     {"type":"presence","event":"join","name":"Grace","time":…}   or "leave"
//     {"type":"chat","id":3,"from":"Ada","text":"Hello","time":…}
//     {"type":"tick","prices":[101.52,64.43,7.93,23.17]}           in the order of the symbols
//     {"type":"stats","connections","room","in","out","loops","uptime"}       messages per second
//     {"type":"gap","missing":3}                                   messages of other nodes; 0:
//     maybe some
//     {"type":"pong","id":7,"backlog":0}                           bytes that wait for this page
//     {"type":"error","code":"name_taken","text":"…"}
//
// The room can also be reached by STOMP (stomp.hpp): from the page /stomp.html, and with
// --stomp-port over TCP; and by Socket.IO (socketio.hpp), from the page /socketio.html.
//
// Threads: a connection's handlers run on its own loop. The room and the market live on the first
// loop; the others post to it. So neither needs a lock, and everyone sees one order of events.

#include "market.hpp"
#include "programs/common/json.hpp"
#include "programs/common/log_option.hpp"
#include "programs/common/number.hpp"
#include "programs/common/page.hpp"
#include "room.hpp"
#include "socketio.hpp"
#include "stomp.hpp"

#include <edgews/backplane.hpp>
#include <edgews/edgews.hpp>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using demo::error_text;
using demo::FlatObject;
using demo::is_line;
using demo::quote;
using demo::trimmed;
using demo::Visitor;
using programs::parse_number;

class Demo {
  public:
    // `upstreams`: of the backplane; empty: there is none.
    Demo(edgews::ServerOptions options, std::vector<std::string> upstreams)
        : room_([this](const std::string& m) {
              server_.publish("room", m);
              stomp_.publish(m);
              socketio_.publish(m);
          }),
          stomp_(sayer()),
          socketio_(sayer()),
          server_(std::move(options)) {
        if (!upstreams.empty()) join_others(std::move(upstreams));
        const edgews::Handlers handlers{
            .open = [this](edgews::Connection& c) { welcome(c); },
            .message = [this](edgews::Connection& c, edgews::Message m) { receive(c, m); },
            .close = [this](edgews::Connection& c, edgews::CloseEvent) { leave(c); },
        };
        server_.ws<Visitor>("/live", handlers,
                            {.message_size_max = 8192, .subprotocols = {"edgews-demo"}});
        stomp_.attach(server_);
        socketio_.attach(server_);
        programs::serve_page(server_);
        home().every(200, [this] { server_.publish("ticker", market_.tick()); });
        home().every(1000, [this] { server_.publish("ticker", stats()); });
    }

    edgews::Server& server() { return server_; }
    demo::StompRoom& stomp() { return stomp_; }

  private:
    // Where the room and the market live.
    edgews::Loop& home() { return server_.loop(0); }

    // For whoever comes in by another protocol.
    std::function<void(std::string name, std::string text)> sayer() {
        return [this](std::string name, std::string text) {
            home().post(
                [this, name = std::move(name), text = std::move(text)] { room_.say(name, text); });
        };
    }

    void join_others(std::vector<std::string> upstreams) {
        edgews::BackplaneHooks hooks{.gap = [this](const edgews::TopicGap& gap) {
            server_.publish("ticker",
                            R"({"type":"gap","missing":)" + std::to_string(gap.count()) + "}");
        }};
        backplane_.emplace(edgews::BackplaneOptions{.upstreams = std::move(upstreams),
                                                    .prefixes = {"room"},
                                                    .mode = edgews::BackplaneMode::through},
                           std::move(hooks));
        server_.backplane(*backplane_);
    }

    void welcome(edgews::Connection& c) {
        c.subscribe("ticker");
        home().post([this, who = c.handle()] {
            who.send(R"({"type":"welcome","boot":)" + quote(boot_) + R"(,"cluster":)" +
                     (backplane_ ? "true" : "false") + R"(,"room":)" +
                     std::to_string(room_.size()) + "," + market_.symbols_and_history() + "}");
        });
    }

    void receive(edgews::Connection& c, edgews::Message message) {
        std::optional<FlatObject> object;
        if (message.is_text()) object = demo::FlatParser::parse(message.text());
        const std::string type = object ? object->string("type") : "";
        if (!object) {
            c.send(error_text("bad_json", "That is no flat JSON object."));
        } else if (type == "ping") {
            pong(c, object->numbers);
        } else if (type == "leave") {
            leave(c);
        } else if (type != "join" && type != "chat") {
            c.send(error_text("unknown_type", "There is no such type of message."));
        } else if (!c.data<Visitor>().may_speak(edgews::Loop::current()->now_ms())) {
            c.send(error_text("slow_down", "That was a lot at once. Wait a moment."));
        } else if (type == "join") {
            join(c, trimmed(object->string("name")), object->string("key"));
        } else {
            chat(c, trimmed(object->string("text")));
        }
    }

    static void pong(edgews::Connection& c, const FlatObject::Values& numbers) {
        const auto id = numbers.find("id");
        if (id == numbers.end()) {
            c.send(error_text("bad_ping", "A ping has a number, its id."));
            return;
        }
        c.send(R"({"type":"pong","id":)" + id->second + R"(,"backlog":)" +
               std::to_string(c.buffered_amount()) + "}");
    }

    void join(edgews::Connection& c, const std::string& name, const std::string& key) {
        if (!is_line(name, 24)) {
            c.send(error_text("bad_name", "A name has 1 to 24 visible characters."));
            return;
        }
        c.subscribe("room");  // Before the room knows: nothing said from then on may be missed.
        home().post([this, who = c.handle(), name, key] { room_.join(who, name, key); });
    }

    void chat(edgews::Connection& c, const std::string& text) {
        if (!is_line(text, 500)) {
            c.send(error_text("bad_text", "A message has 1 to 500 characters, on one line."));
            return;
        }
        home().post([this, who = c.handle(), text] { room_.chat(who, text); });
    }

    void leave(edgews::Connection& c) {
        c.unsubscribe("room");
        home().post([this, who = c.handle()] { room_.leave(who); });
    }

    std::string stats() {
        using edgews::Counter;
        const edgews::Stats last = std::exchange(stats_, server_.stats());
        const auto since_last = [&](Counter c) { return std::to_string(stats_[c] - last[c]); };
        ++uptime_s_;
        return R"({"type":"stats","connections":)" +
               std::to_string(stats_[Counter::websockets_open]) + R"(,"room":)" +
               std::to_string(room_.size()) + R"(,"in":)" + since_last(Counter::messages_received) +
               R"(,"out":)" + since_last(Counter::messages_sent) + R"(,"loops":)" +
               std::to_string(server_.loop_count()) + R"(,"uptime":)" + std::to_string(uptime_s_) +
               "}";
    }

    demo::Room room_;
    demo::StompRoom stomp_;
    demo::SocketRoom socketio_;
    demo::Market market_;
    edgews::Stats stats_;
    std::uint64_t uptime_s_ = 0;
    std::string boot_ = demo::now_text();  // Tells pages that the server is another one.
    std::optional<edgews::Backplane> backplane_{};
    edgews::Server server_;  // Last, so that it ends first: until then handlers use the others.
};

struct Arguments {
    edgews::ListenOptions listen{.host = "127.0.0.1", .port = 9001};
    edgews::ServerOptions server{.loops = 1};
    std::optional<std::uint16_t> stomp_port{};
    std::vector<std::string> upstreams{};
    bool are_valid = true;
};

Arguments parse(int count, char** words) {
    Arguments arguments;
    for (int i = 1; i < count && arguments.are_valid; i += 2) {
        const std::string_view option = words[i];
        const std::string_view value = i + 1 < count ? words[i + 1] : "";
        if (option == "--host" && !value.empty()) {
            arguments.listen.host = value;
        } else if (option == "--port") {
            arguments.are_valid = parse_number(value, arguments.listen.port);
        } else if (option == "--threads") {
            arguments.are_valid = parse_number(value, arguments.server.loops);
        } else if (option == "--allow-host" && !value.empty()) {
            arguments.server.hosts.emplace_back(value);
        } else if (option == "--backplane" && !value.empty()) {
            arguments.upstreams.emplace_back(value);
        } else if (option == "--log") {
            arguments.are_valid = programs::parse_log(value, arguments.server.on_event);
        } else if (option == "--stomp-port") {
            arguments.are_valid = parse_number(value, arguments.stomp_port.emplace());
        } else {
            arguments.are_valid = false;
        }
    }
    return arguments;
}

}  // namespace

int main(int count, char** words) {
    const Arguments arguments = parse(count, words);
    if (!arguments.are_valid) {
        std::fputs(
            "usage: demo [--host ADDRESS] [--port 0-65535] [--threads N, 0: one per CPU]"
            " [--stomp-port 0-65535] [--allow-host NAME]... [--backplane URL]..."
            " [--log text|json|off]\n",
            stderr);
        return 2;
    }
    Demo demo(arguments.server, arguments.upstreams);
    edgews::Server& server = demo.server();
    const edgews::Signals stop(server.loop(0), {SIGINT, SIGTERM},
                               [&](int) { server.shutdown(5'000); });
    edgews::Error error = server.listen(arguments.listen);
    if (!error && arguments.stomp_port) {
        error = demo.stomp().listen(server,
                                    {.host = arguments.listen.host, .port = *arguments.stomp_port});
    }
    if (error) {
        std::fprintf(stderr, "demo: %s\n", error.message.c_str());
        return 1;
    }
    const std::string& name = server.listening_on();
    const bool is_any = name.starts_with("0.0.0.0:") || name.starts_with("[::]:");
    const std::string url = is_any ? "localhost:" + std::to_string(server.port()) : name;
    std::printf("listening on %s\nopen http://%s/ in a browser, or two\n", name.c_str(),
                url.c_str());
    if (arguments.stomp_port) {
        std::printf("STOMP over TCP on %s\n", server.listening_on(1).c_str());
    }
    std::fflush(stdout);
    return server.run();
}
