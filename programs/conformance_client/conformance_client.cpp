// The client of a conformance suite: goes through all that a fuzzing server has to try.
//
//     conformance_client ws://HOST:PORT [--agent edgews]
//
// The convention is that of the Autobahn Testsuite. /getCaseCount answers with the number of cases;
// in each, /runCase?case=N, the server says something, right or wrong, the client echoes what is a
// message, and the server judges; /updateReports has it write down what it saw.
#include <edgews/client.hpp>
#include <edgews/deflate.hpp>
#include <edgews/loop.hpp>

#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

namespace {

using OnMessage = edgews::Function<void(edgews::Client&, edgews::Message)>;

class Suite {
  public:
    Suite(std::string server, const std::string& agent)
        : server_(std::move(server)), agent_("agent=" + agent) {
        options_.message_size_max = 64 * 1024 * 1024;
        options_.backlog_size_max = 256 * 1024 * 1024;  // Messages may come faster than they leave.
        options_.message_timeout_ms = 0;                // Slowness is one of the things tried.
        options_.ping_ms = 0;                           // Whatever the client says is an echo.
    }

    // False: the server cannot be reached, or has no number of cases; it has been printed.
    bool run() {
        unsigned count = 0;
        bool is_counted = false;
        talk("/getCaseCount", [&](edgews::Client&, edgews::Message m) {
            const char* const end = m.text().data() + m.size();
            const auto read = std::from_chars(m.text().data(), end, count);
            is_counted = read.ec == std::errc() && read.ptr == end && count <= case_count_max;
        });
        if (!is_counted) {
            std::fprintf(stderr,
                         "conformance_client: the server does not say how many cases, at most %u: "
                         "%s\n",
                         case_count_max, error_.c_str());
            return false;
        }
        options_.compression = edgews::deflate({.memory = edgews::DeflateMemory::dedicated});
        for (unsigned n = 1; n <= count; ++n) {
            const std::string target = "/runCase?case=" + std::to_string(n) + "&" + agent_;
            if (!talk(target, [](edgews::Client& c, edgews::Message m) { c.send(m); })) break;
        }
        options_.compression = nullptr;
        if (talk("/updateReports?" + agent_, {})) {
            std::printf("ran %u cases\n", count);
            return true;
        }
        std::fprintf(stderr, "conformance_client: %s\n", error_.c_str());
        return false;
    }

  private:
    static constexpr unsigned case_count_max = 100'000;  // Autobahn has about 500.

    // One connection, to its end. False: there was nobody to connect to. All else that can go wrong
    // is what a suite is about.
    bool talk(const std::string& target, OnMessage on_message) {
        bool is_reached = true;
        error_.clear();
        const edgews::Client client(
            loop_, server_ + target,
            {
                .message = std::move(on_message),
                .error =
                    [&](edgews::Client&, const edgews::ClientError& e) {
                        error_ = e.error.message;
                        is_reached = e.stage >= edgews::ClientStage::handshake;
                    },
                .close = [&](edgews::Client&, const edgews::CloseEvent&) { loop_.stop(); },
            },
            options_);
        loop_.run();
        return is_reached;
    }

    edgews::Loop loop_;
    std::string server_;
    std::string agent_;
    std::string error_{};
    edgews::ClientOptions options_{};
};

}  // namespace

int main(int count, char** words) {
    const bool is_named = count == 4 && std::string_view(words[2]) == "--agent";
    if (count != 2 && !is_named) {
        std::fputs("usage: conformance_client ws://HOST:PORT [--agent NAME]\n", stderr);
        return 2;
    }
    return Suite(words[1], is_named ? words[3] : "edgews").run() ? 0 : 1;
}
