#include "server_probe.hpp"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_set>
#include <vector>

#include "clock.hpp"

namespace load {
namespace {

namespace fs = std::filesystem;

// Empty if there is no such file, or we may not read it.
std::string read_file(const fs::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return std::move(text).str();
}

// The number that follows `name` in a file of "name: number" lines, or nothing.
std::optional<std::uint64_t> number_after(std::string_view text, std::string_view name) {
    const std::size_t at = text.find(name);
    if (at == std::string_view::npos) return std::nullopt;
    const std::size_t begin = text.find_first_of("0123456789", at + name.size());
    if (begin == std::string_view::npos) return std::nullopt;
    std::uint64_t number = 0;
    std::from_chars(text.data() + begin, text.data() + text.size(), number);
    return number;
}

// The names in a folder; none if it is gone or hidden from us.
std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        names.push_back(entry->path().filename());
    }
    return names;
}

// The inodes of the sockets that listen on `port`, as they are written in /proc.
//
//       sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt  uid timeout
//       inode
//        0: 0100007F:2329 00000000:0000 0A 00000000:00000000 00:00000000 00000000    0       0
//        15190
std::unordered_set<std::string> listening_inodes(std::uint16_t port) {
    std::unordered_set<std::string> inodes;
    for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        std::ifstream file(table);
        std::string line;
        std::getline(file, line);  // The headings.
        while (std::getline(file, line)) {
            std::istringstream fields(line);
            std::string slot, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
            fields >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> uid >>
                timeout >> inode;
            const std::size_t colon = local.find(':');
            if (state != "0A" || colon == std::string::npos) continue;
            unsigned found = 0;
            std::from_chars(local.data() + colon + 1, local.data() + local.size(), found, 16);
            if (found == port) inodes.insert("socket:[" + inode + "]");
        }
    }
    return inodes;
}

}  // namespace

std::optional<ServerSample> ServerProbe::sample() const {
    if (!has_server()) return std::nullopt;
    const fs::path process = "/proc/" + std::to_string(pid_);
    // "pid (name) state ppid …": the name may hold anything, so fields are counted from its end.
    const std::string stat = read_file(process / "stat");
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos) return std::nullopt;
    ServerSample sample;
    std::istringstream fields(stat.substr(name_end + 1));
    std::string state, skipped;
    fields >> state;
    if (state == "Z" || state == "X") return std::nullopt;  // It has ended.
    for (int i = 0; i < 10; ++i) fields >> skipped;
    fields >> sample.user_ticks >> sample.system_ticks;
    for (const std::string& thread : names_in(process / "task")) {
        const std::string times = read_file(process / "task" / thread / "schedstat");
        const std::string status = read_file(process / "task" / thread / "status");
        std::uint64_t cpu_ns = 0, wait_ns = 0;
        std::istringstream(times) >> cpu_ns >> wait_ns;
        sample.cpu_ns += cpu_ns;
        sample.wait_ns += wait_ns;
        sample.voluntary_switches += number_after(status, "\nvoluntary_ctxt_switches:").value_or(0);
        sample.involuntary_switches +=
            number_after(status, "\nnonvoluntary_ctxt_switches:").value_or(0);
    }
    sample.taken_at = now_ns();
    return sample;
}

std::optional<std::size_t> ServerProbe::resident_size() const {
    if (!has_server()) return std::nullopt;
    const std::string process = "/proc/" + std::to_string(pid_);
    // Exact, where the figure in "status" may be off by a quarter of a megabyte.
    auto kilobytes = number_after(read_file(process + "/smaps_rollup"), "\nRss:");
    if (!kilobytes) kilobytes = number_after(read_file(process + "/status"), "\nVmRSS:");
    if (!kilobytes) return std::nullopt;
    return static_cast<std::size_t>(*kilobytes) * 1024;
}

pid_t find_listener(std::uint16_t port) {
    const auto inodes = listening_inodes(port);
    if (inodes.empty()) return 0;
    for (const std::string& name : names_in("/proc")) {
        pid_t pid = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (error != std::errc() || end != name.data() + name.size()) continue;
        const fs::path descriptors = "/proc/" + name + "/fd";
        for (const std::string& descriptor : names_in(descriptors)) {
            std::error_code gone;
            const fs::path link = fs::read_symlink(descriptors / descriptor, gone);
            if (!gone && inodes.contains(link.string())) return pid;
        }
    }
    return 0;
}

}  // namespace load
