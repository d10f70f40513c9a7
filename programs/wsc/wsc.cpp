// A WebSocket client for the command line: `wsc --help` says what it does.
//
//     build/programs/wsc ws://localhost:9001/echo
//     echo hello | build/programs/wsc --json wss://example.com/feed
//     build/programs/wsc --latency --count 10000 localhost:9001/echo
//
// The command line is read in wsc_options.hpp; wsc_session.hpp is where it happens.
#include <edgews/deflate.hpp>
#include <edgews/error.hpp>
#include <edgews/loop.hpp>
#include <edgews/tls.hpp>
#include <edgews/version.hpp>
#include "core/websocket/websocket_url.hpp"
#include "net/loop/fd.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "options.hpp"
#include "session.hpp"

namespace {

struct ReadFile {
    std::string fault{};
    std::string content{};
};

ReadFile read_file(const std::string& path) {
    ReadFile read;
    const edgews::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 64 * 1024> piece;
    ssize_t size = -1;
    while (fd && (size = ::read(fd.get(), piece.data(), piece.size())) > 0) {
        read.content.append(piece.data(), static_cast<std::size_t>(size));
    }
    if (size < 0) read.fault = path + ": " + std::strerror(errno);
    return read;
}

// Whoever starts us with one of them closed would find our sockets in its place.
void hold_standard_descriptors() {
    for (int fd = ::open("/dev/null", O_RDWR); fd >= 0; fd = ::dup(fd)) {
        if (fd > STDERR_FILENO) {
            ::close(fd);
            return;
        }
    }
}

int fail(wsc::Status status, const std::string& text, bool is_quiet = false) {
    if (!is_quiet) std::fprintf(stderr, "wsc: %s\n", text.c_str());
    return status;
}

int run(wsc::Options options) {
    std::vector<std::string> files;
    for (const std::string& path : options.files) {
        ReadFile read = read_file(path);
        if (!read.fault.empty()) return fail(wsc::input_output_error, read.fault, options.is_quiet);
        files.push_back(std::move(read.content));
    }
    // A redirection may lead to wss, too. The system's authorities take a while to read.
    if (options.wants_tls || options.client.redirect_count_max > 0 ||
        edgews::parse_websocket_url(options.url).is_secure) {
        const auto made = edgews::TlsClient::make(options.tls);
        if (made.error) return fail(wsc::usage_error, made.error.message, options.is_quiet);
        options.client.tls = made.value;
    }
    if (options.wants_deflate) {
        options.client.compression = edgews::deflate({.memory = edgews::DeflateMemory::dedicated});
    }
    edgews::Loop loop;
    return wsc::Session(loop, std::move(options), std::move(files)).run();
}

}  // namespace

int main(int count, char** words) {
    hold_standard_descriptors();
    ::signal(SIGPIPE, SIG_IGN);
    std::setlocale(LC_CTYPE, "C.UTF-8");  // For wcwidth(): how wide what is typed is.
    wsc::ParsedOptions parsed = wsc::parse_options(count, words);
    if (!parsed.fault.empty()) return fail(wsc::usage_error, parsed.fault);
    if (parsed.options.is_help) {
        std::fputs(wsc::usage().c_str(), stdout);
    } else if (parsed.options.is_version) {
        std::printf("wsc %s, of edgews\n", edgews::library_version.data());
    } else {
        return run(std::move(parsed.options));
    }
    return wsc::closed_normally;
}
