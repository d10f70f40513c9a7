#include "script_kernels.hpp"

#include "script_player.hpp"

#include "sim/world.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <span>

namespace edgews::sim::test {

namespace {

// For what has a path; gone when the process ends.
class Folder {
  public:
    Folder() {
        std::string name = std::filesystem::temp_directory_path() / "edgews-XXXXXX";
        if (::mkdtemp(name.data()) != nullptr) path_ = name;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { ::rmdir(path_.c_str()); }

    [[nodiscard]] const std::string& path() const noexcept { return path_; }

  private:
    std::string path_{};
};

const std::string& folder() {
    static const Folder made;
    return made.path();
}

bool is_settled(int fd) {
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return true;
    const bool may_wait = info.tcpi_state != TCP_LISTEN && info.tcpi_state != TCP_SYN_SENT;
    return !may_wait || info.tcpi_unacked == 0;
}

// Acknowledgements that wait are sent; what is on its way arrives, which takes no time but where a
// peer that nobody has accepted waits with its own.
void settle_real(std::span<const int> sockets) {
    const int on = 1;
    for (const int fd : sockets) {
        (void)::setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
    }
    for (const int fd : sockets) {
        for (int i = 0; i < 1'000 && !is_settled(fd); ++i) {
            const timespec moment{.tv_sec = 0, .tv_nsec = 100'000};
            if (i > 10) ::nanosleep(&moment, nullptr);
        }
    }
}

void settle_simulated(std::span<const int>) {
    const timespec moment{.tv_sec = 0, .tv_nsec = 1'000};
    ::nanosleep(&moment, nullptr);
}

// Room for some of what fills a socket.
void set_buffers(Faults& faults) {
    faults.send_buffer_least = faults.send_buffer_most = 65'536;
    faults.receive_buffer_least = faults.receive_buffer_most = 131'072;
}

}  // namespace

Outcomes play_real(const Script& script) {
    return ScriptPlayer(folder(), settle_real).play(script);
}

Outcomes play_simulated(const Script& script) {
    constexpr std::byte calm{0};
    World world({.recorded = {&calm, 1}});
    world.faults().latency_ns_max = world.faults().gap_ns_max = 0;
    set_buffers(world.faults());
    return ScriptPlayer(folder(), settle_simulated).play(script);
}

Outcomes play_on_rough_network(const Script& script, std::uint64_t seed) {
    World world({.seed = seed});
    set_buffers(world.faults());
    world.faults().latency_ns_max = 1'000'000;
    world.faults().gap_ns_max = 100'000;
    // What is asked for a window that was closed comes after 200 ms: it is not waited for.
    const auto settle = [&world](std::span<const int>) { (void)world.run_until_quiet(10, 150); };
    return ScriptPlayer(folder(), settle).play(script);
}

namespace {

std::string difference_of_one_play(const Script& script) {
    const Outcomes real = play_real(script);
    const Outcomes simulated = play_simulated(script);
    if (real == simulated) return {};
    std::string text;
    for (std::size_t i = 0; i < script.size(); ++i) {
        text += "  " + std::to_string(i) + ". " + describe(script[i]) + " -> " + real[i] + '\n';
        if (real[i] != simulated[i]) text += "       but simulated: " + simulated[i] + '\n';
    }
    return text;
}

}  // namespace

// A busy machine may put something off, once.
std::string difference(const Script& script) {
    std::string text;
    for (int tries = 0; tries < 3; ++tries) {
        text = difference_of_one_play(script);
        if (text.empty()) break;
    }
    return text;
}

Script shrunk(Script script) {
    for (std::size_t size = script.size() / 2; size > 0;) {
        bool has_shrunk = false;
        for (std::size_t end = script.size(); end >= size; end -= std::min(end, size)) {
            Script shorter = script;
            shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(end - size),
                          shorter.begin() + static_cast<std::ptrdiff_t>(end));
            if (difference(shorter).empty()) continue;
            script = std::move(shorter);
            has_shrunk = true;
        }
        if (!has_shrunk || size > script.size()) size /= 2;
    }
    return script;
}

}  // namespace edgews::sim::test
