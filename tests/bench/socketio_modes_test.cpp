// Runs of the load for Socket.IO against a server that is played: each mode gets what it came for
// from one that is right, and a run with one that is not is no result.
#include "bench/socketio/modes.hpp"

#include "tests/support/test_server.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace load::sio {
namespace {

using edgews::Connection;
using edgews::Message;
using edgews::Request;
using edgews::Response;

// Changes what the server says: a packet of Socket.IO.
using Change = std::function<std::string(std::string packet)>;

// Speaks as much as the load needs. A GET never waits: without a packet it is answered by a noop.
class PlayedServer {
  public:
    explicit PlayedServer(Change change, edgews::ServerOptions options = {})
        : change_(std::move(change)), server_(std::move(options)) {
        server_->ws<Guest>(
            "/socket.io/",
            {
                .upgrade =
                    [](const Request& request, edgews::Upgrade& upgrade) {
                        upgrade.data<Guest>().is_upgrading = request.query("sid").has_value();
                    },
                .open =
                    [](Connection& connection) {
                        if (!connection.data<Guest>().is_upgrading) connection.send(open_packet);
                    },
                .message = [this](Connection& connection,
                                  Message message) { take(connection, message.text()); },
            });
        server_->get("/socket.io/", [this](const Request& request, Response& response) {
            response.body = request.query("sid") ? std::exchange(waiting_, "6") : open_packet;
        });
        server_->post("/socket.io/", [this](const Request& request, Response& response) {
            waiting_ = '4' + answer_to(request.body().substr(1));
            response.body = "ok";
        });
        server_.start();
    }

    [[nodiscard]] Options options(Mode mode) const {
        Options options{.mode = mode};
        options.load.port = server_.port();
        options.load.connections = 3;
        options.load.in_flight = 2;
        options.load.seconds = 0.05;
        options.load.warm_up = 0;
        return options;
    }

  private:
    struct Guest {
        bool is_upgrading = false;
    };
    static constexpr const char* open_packet = R"(0{"sid":"engine","upgrades":["websocket"]})";

    void take(Connection& connection, std::string_view packet) {
        if (packet == "2probe") {
            connection.send("3probe");
        } else if (packet.starts_with("42[\"broadcast\",")) {
            const std::string news =
                "2[\"news\"," + std::string(packet.substr(packet.find(',') + 1));
            server_->publish("room", '4' + change_(news));
        } else if (packet == "420[\"join\",\"room\"]") {
            connection.subscribe("room");
            connection.send("430[]");
        } else if (packet.starts_with("40") || packet.starts_with("42")) {
            const std::string answer = answer_to(packet.substr(1));
            connection.send('4' + answer);
        }
    }

    std::string answer_to(std::string_view packet) {
        if (packet == "0") return change_(R"(0{"sid":"socket"})");
        constexpr std::string_view name = "[\"echo\",";
        const std::size_t at = packet.find(name);
        return change_('3' + std::string(packet.substr(1, at - 1)) + '[' +
                       std::string(packet.substr(at + name.size())));
    }

    Change change_;
    std::string waiting_ = "6";  // For the next GET, of one client.
    edgews::test::TestServer server_;
};

Report run(const Options& options) {
    const ServerProbe probe(0);
    Failures failures;
    RunMode* const mode = options.mode == Mode::echo        ? run_echo
                          : options.mode == Mode::broadcast ? run_broadcast
                          : options.mode == Mode::connect   ? run_connect
                          : options.mode == Mode::upgrade   ? run_upgrade
                                                            : run_idle;
    Report report = mode(options, probe, failures);
    report.errors = failures.count();
    return report;
}

// However busy the machine is, something comes in time.
Report run_until_measured(Options options) {
    Report report = run(options);
    while (report.messages == 0 && options.load.seconds < 20) {
        options.load.seconds *= 4;
        report = run(options);
    }
    return report;
}

std::string as_it_is(std::string packet) {
    return packet;
}

TEST(SocketIoModes, measure_a_server_that_is_right) {
    const PlayedServer server(as_it_is);
    for (const Mode mode :
         {Mode::echo, Mode::broadcast, Mode::connect, Mode::upgrade, Mode::idle}) {
        Options options = server.options(mode);
        // The played server keeps the packets of one client over polling only.
        if (mode == Mode::upgrade) options.load.connections = 1;
        const Report report = run_until_measured(options);
        EXPECT_GT(report.messages, 0U) << name_of(mode);
        EXPECT_EQ(report.errors, 0U) << name_of(mode);
    }
}

// The server closes a connection after so many requests.
TEST(SocketIoModes, measure_echoes_over_polling_on_one_connection_after_another) {
    const PlayedServer server(as_it_is, {.requests_per_connection_max = 3});
    Options options = server.options(Mode::echo);
    options.transport = Transport::polling;
    options.load.connections = options.load.in_flight = 1;
    EXPECT_GT(run_until_measured(options).messages, 0U);
}

TEST(SocketIoModes, a_packet_that_is_wrong_ends_the_run) {
    const std::map<std::string, Change> changes{
        {"its data", [](std::string packet) { return packet.replace(packet.size() - 3, 1, "?"); }},
        {"its id or name", [](std::string packet) { return packet.insert(1, "1"); }},
        {"its type", [](std::string packet) { return packet.replace(0, 1, "1"); }},
        {"all of it", [](const std::string&) { return std::string{}; }},
    };
    for (const auto& [what, change] : changes) {
        int count = 0;
        const PlayedServer server([&change = change, &count](std::string packet) {
            const bool is_changed = !packet.starts_with('0') && ++count % 20 == 0;
            return is_changed ? change(std::move(packet)) : packet;
        });
        for (const Mode mode : {Mode::echo, Mode::broadcast, Mode::upgrade}) {
            Options options = server.options(mode);
            if (mode == Mode::upgrade) options.load.connections = 1;
            options.load.seconds = 20;  // It ends sooner.
            EXPECT_THROW(run(options), std::runtime_error) << what << ", " << name_of(mode);
        }
    }
}

TEST(SocketIoModes, a_server_that_lets_nobody_in_ends_the_run) {
    const PlayedServer server([](const std::string&) { return "4{\"message\":\"no\"}"; });
    for (const Mode mode : {Mode::echo, Mode::connect, Mode::upgrade, Mode::idle}) {
        EXPECT_THROW(run(server.options(mode)), std::runtime_error) << name_of(mode);
    }
}

TEST(SocketIoOptions, name_the_word_that_is_not_understood) {
    const char* const good[] = {"load", "echo", "--transport", "polling", "--in-flight", "16"};
    const Options options = parse_options(6, good);
    EXPECT_EQ(options.mode, Mode::echo);
    EXPECT_EQ(options.transport, Transport::polling);
    EXPECT_EQ(options.load.in_flight, 16U);
    const char* const bad[][4] = {{"load", "shout", "--port", "1"},
                                  {"load", "echo", "--transport", "carrier"},
                                  {"load", "echo", "--in-flight", "0"},
                                  {"load", "echo", "--port", "65536"}};
    for (const auto& words : bad) EXPECT_THROW((void)parse_options(4, words), std::runtime_error);
    EXPECT_THROW((void)parse_options(3, bad[1]), std::runtime_error) << "a value is missing";
    EXPECT_THROW((void)parse_options(1, bad[1]), std::runtime_error) << "no mode";
}

}  // namespace
}  // namespace load::sio
