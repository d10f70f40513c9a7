// The soak: an hour of clients that come, talk, misbehave and leave, after which the server has to
// be what it was: `make soak`, see bench/README.md.
//
//     soak [--minutes 60] [--seed 1] [--csv FILE]
//
// Two processes, so that the server's memory is seen alone: this one is the server, and judges; the
// other one is all clients. The last line says "flat: …" (exit status 0) or "not flat: …" (1).
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "crowd.hpp"
#include "orders.hpp"
#include "programs/common/number.hpp"
#include "tests/tls/certificates.hpp"
#include "watch.hpp"

namespace {

using programs::parse_number;
using soak::Channel;

constexpr long day_s = 24 * 3600;

bool take(soak::WatchOptions& options, std::string_view option, const std::string& value) {
    if (option == "--minutes") return parse_number(value, options.minutes) && options.minutes > 0;
    if (option == "--seed") return parse_number(value, options.seed);
    if (option == "--csv") return options.csv = value, true;
    return false;
}

// Waits for the clients' process, and says what was wrong with its end; "": nothing.
std::string trouble_at_the_end_of(pid_t clients) {
    int status = 0;
    const std::string who = "the clients' process ended ";
    if (::waitpid(clients, &status, 0) != clients) return who + "unseen";
    if (WIFSIGNALED(status)) return who + "by signal " + std::to_string(WTERMSIG(status));
    if (status != 0) return who + "with status " + std::to_string(WEXITSTATUS(status));
    return {};
}

int run(const soak::WatchOptions& options) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return 2;
    edgews::Fd ours(ends[0]);
    edgews::Fd theirs(ends[1]);
    const edgews::TlsIdentity identity = edgews::test::make_identity("127.0.0.1", "IP", 2 * day_s);
    const pid_t clients = ::fork();
    if (clients < 0) return 2;
    if (clients == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // Though it may stand still at that time.
        ours.reset();
        return soak::run_crowd(Channel(std::move(theirs)), options.seed, identity);
    }
    theirs.reset();
    std::printf("soak: %lu minutes, seed %lu\n", options.minutes, options.seed);
    std::fflush(stdout);
    soak::Verdict verdict;
    try {
        const Channel channel(std::move(ours));  // The clients end with it at the latest.
        verdict = soak::watch(options, channel, clients, identity);
    } catch (const std::exception& error) {
        verdict.text = std::string("not flat: ") + error.what();
    }
    if (const std::string trouble = trouble_at_the_end_of(clients); !trouble.empty()) {
        verdict = {false, "not flat: " + trouble + " (" + verdict.text + ")"};
    }
    std::printf("%s\n", verdict.text.c_str());
    return verdict.is_flat ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
    soak::WatchOptions options;
    for (int i = 1; i < count; i += 2) {
        if (i + 1 < count && take(options, words[i], words[i + 1])) continue;
        std::fprintf(stderr, "soak: %s is not understood: see the top of bench/soak/main.cpp\n",
                     words[i]);
        return 2;
    }
    try {
        return run(options);
    } catch (const std::exception& error) {
        std::printf("not flat: %s\n", error.what());
        return 1;
    }
}
