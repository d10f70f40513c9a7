// An echo over Engine.IO: a program for tests and comparisons.
//
//     build/programs/engineio_echo [--host 127.0.0.1] [--port 3000] [--threads 1]
//         [--path /engine.io/] [--ping-interval 25000] [--ping-timeout 20000]
//         [--upgrade-timeout 10000] [--max-payload 1000000] [--cors ORIGIN]... [--cookie]
//         [--eio3]
//
// It sends back each message as it came, text as text and binary as binary, by polling and by
// WebSocket; with --eio3 to clients of Engine.IO 3, too. --cors may be `*`. Times are in
// milliseconds. GET /metrics answers with the counters.
#include <edgews/edgews.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/engineio/application.hpp"
#include "net/engineio/host.hpp"
#include "programs/common/command_line.hpp"
#include "programs/common/number.hpp"
#include "programs/common/serving.hpp"

namespace {

namespace engineio = edgews::engineio;
using programs::parse_number;

struct Arguments {
    std::string host = "127.0.0.1";
    std::uint16_t port = 3000;
    unsigned threads = 1;
    std::string path = "/engine.io/";
    engineio::Options options{};

    static constexpr const char* usage =
        "[--host ADDRESS] [--port 0-65535] [--threads N, 0: one per CPU] [--path PATH]"
        " [--ping-interval MS] [--ping-timeout MS] [--upgrade-timeout MS] [--max-payload BYTES]"
        " [--cors ORIGIN]... [--cookie] [--eio3]";

    // How many words it takes: an option, and its value if it has one. 0: it is not understood.
    int take(std::string_view option, std::string_view value) {
        if (option == "--cookie") {
            options.cookie = "io";
            return 1;
        }
        if (option == "--eio3") {
            options.transports.v3 = true;
            return 1;
        }
        return take_value(option, value) ? 2 : 0;
    }

  private:
    bool take_value(std::string_view option, std::string_view value) {
        if (value.empty()) return false;
        if (option == "--port") return parse_number(value, port);
        if (option == "--threads") return parse_number(value, threads);
        engineio::Heartbeat::Times& times = options.heartbeat;
        if (option == "--ping-interval") return parse_number(value, times.ping_interval_ms);
        if (option == "--ping-timeout") return parse_number(value, times.ping_timeout_ms);
        if (option == "--upgrade-timeout") return parse_number(value, options.upgrade_timeout_ms);
        if (option == "--max-payload") return parse_number(value, options.payload_size_max);
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
};

class EchoGuest final : public engineio::Guest {
  public:
    explicit EchoGuest(engineio::Session& session) noexcept : session_(session) {}

    void take(const engineio::Packet& message) override {
        static_cast<void>(session_.send(message));
    }
    void ended(engineio::EndReason) override {}
    void leaving() override {}
    void arrived(engineio::Expected&) override {}

  private:
    engineio::Session& session_;
};

class Echo final : public engineio::Application {
  public:
    std::unique_ptr<engineio::Guest> open(engineio::Session& session) override {
        return std::make_unique<EchoGuest>(session);
    }
    // Nothing is said to many.
    std::unique_ptr<engineio::Expected> expect(std::string_view, edgews::Loop&,
                                               edgews::Loop&) override {
        return std::make_unique<engineio::Expected>();
    }
};

int serve(const Arguments& arguments) {
    Echo echo;
    engineio::Options options = arguments.options;
    // An answer to the largest message may wait, whatever else does.
    options.backlog_size_max = std::max(options.backlog_size_max, 4 * options.payload_size_max);
    options.websocket.backlog_size_max = options.backlog_size_max;
    engineio::Host host(echo, options);
    edgews::Server server({.loops = arguments.threads});
    host.attach(server, arguments.path);
    programs::serve_metrics(server);
    return programs::serve_until_stopped("engineio_echo", server,
                                         {.host = arguments.host, .port = arguments.port});
}

}  // namespace

int main(int count, char** words) {
    return programs::run_with<Arguments>("engineio_echo", Arguments::usage, count, words, serve);
}
