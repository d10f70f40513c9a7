// WebSockets that listen, some thousands in one process: how long a message takes to all of them.
//
//     build/bench/listeners PORT CONNECTIONS PATH
//
// It says "ready" and the seconds that opening took. A message is text: when it was sent, in ns of
// CLOCK_MONOTONIC, which all processes of a machine share. At the end of its input it says in JSON
// how many messages came, and in how many ms: {"open":19000,"delivered":{"12":3,…}}. A connection
// that ends is missing in "open", and a message that is none ends the program with status 1.
#include "programs/common/number.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/load/clock.hpp"
#include "bench/load/opening.hpp"
#include "bench/load/poller.hpp"
#include "bench/load/target.hpp"

namespace {

using load::now_ns;
using load::Opening;

constexpr std::uint64_t ns_per_ms = 1'000'000;
constexpr unsigned openings_max = 64;  // At a time, lest the server's backlog overflows.
constexpr int patience_ms = 30'000;
constexpr std::uint32_t input_number = ~0U;
// The first bytes of frames.
constexpr char ping_byte = '\x89';
constexpr char pong_byte = '\x8a';

class Listeners {
  public:
    Listeners(std::uint16_t port, std::uint32_t count, const std::string& path)
        : target_("127.0.0.1", port), texts_("127.0.0.1", port, path), fds_(count) {
        openings_.reserve(count);
    }

    // Throws std::runtime_error if one of them cannot be opened.
    void open() {
        while (open_count_ < fds_.size()) {
            while (openings_.size() < fds_.size() &&
                   openings_.size() < open_count_ + openings_max) {
                begin_opening();
            }
            const auto events = poller_.wait(patience_ms);
            if (events.empty()) throw std::runtime_error("a handshake is not answered");
            for (const epoll_event& event : events) take(event.data.u32);
        }
    }

    // Until the input ends.
    void listen() {
        poller_.add(input_, input_number);
        while (true) {
            for (const epoll_event& event : poller_.wait(-1)) {
                if (event.data.u32 == input_number) return;
                take(event.data.u32);
            }
        }
    }

    void tell() const {
        std::printf("{\"open\":%u,\"delivered\":{", open_count_);
        const char* comma = "";
        for (const auto& [ms, count] : delivered_) {
            std::printf("%s\"%llu\":%llu", comma, static_cast<unsigned long long>(ms),
                        static_cast<unsigned long long>(count));
            comma = ",";
        }
        std::puts("}}");
    }

  private:
    void begin_opening() {
        const auto number = static_cast<std::uint32_t>(openings_.size());
        const Opening& opening = openings_.emplace_back(target_, texts_, number);
        if (!opening.fd()) throw std::runtime_error(opening.fault());
        poller_.add(opening.fd(), number);
    }

    void take(std::uint32_t number) {
        if (fds_[number]) return receive(number);
        const Opening::Step step = openings_[number].advance();
        if (step == Opening::Step::failed) throw std::runtime_error(openings_[number].fault());
        if (step != Opening::Step::open) return;
        fds_[number] = openings_[number].take_fd();
        ++open_count_;
    }

    void receive(std::uint32_t number) {
        std::array<char, 4096> bytes;
        while (fds_[number]) {
            const ssize_t size = ::recv(fds_[number].get(), bytes.data(), bytes.size(), 0);
            if (size < 0 && errno == EAGAIN) return;
            if (size <= 0) {
                fds_[number].reset();
                --open_count_;
                return;
            }
            take_frames(number, {bytes.data(), static_cast<std::size_t>(size)});
        }
    }

    // Short texts, and the server's pings. So little lies in a segment, and comes whole.
    void take_frames(std::uint32_t number, std::string_view bytes) {
        while (!bytes.empty()) {
            const auto size = static_cast<unsigned char>(bytes.size() > 1 ? bytes[1] : 0);
            if (size + 2U > bytes.size()) throw std::runtime_error("a frame does not come whole");
            const std::string_view payload = bytes.substr(2, size);
            if (bytes[0] == ping_byte) {
                answer(number, payload);
            } else {
                take_message(payload);
            }
            bytes.remove_prefix(size + 2U);
        }
    }

    void take_message(std::string_view text) {
        const std::uint64_t now = now_ns();
        std::uint64_t sent_at = 0;
        if (!programs::parse_number(text, sent_at) || sent_at > now) {
            throw std::runtime_error("a message is not one of ours: " + std::string(text));
        }
        ++delivered_[(now - sent_at) / ns_per_ms];
    }

    // A mask of zeros changes nothing (RFC 6455, section 5.3).
    void answer(std::uint32_t number, std::string_view payload) const {
        std::string pong{pong_byte, static_cast<char>(0x80 | payload.size()), 0, 0, 0, 0};
        pong += payload;
        (void)::send(fds_[number].get(), pong.data(), pong.size(), MSG_NOSIGNAL);
    }

    load::Target target_;
    load::OpeningTexts texts_;
    load::Poller poller_{};
    edgews::Fd input_{STDIN_FILENO};
    std::vector<Opening> openings_{};
    std::vector<edgews::Fd> fds_;
    std::uint32_t open_count_ = 0;
    std::map<std::uint64_t, std::uint64_t> delivered_{};
};

}  // namespace

int main(int count, char** words) {
    std::uint16_t port = 0;
    std::uint32_t connections = 0;
    if (count != 4 || !programs::parse_number(words[1], port) ||
        !programs::parse_number(words[2], connections)) {
        std::fputs("usage: listeners PORT CONNECTIONS PATH\n", stderr);
        return 2;
    }
    try {
        const std::uint64_t begin = now_ns();
        Listeners listeners(port, connections, words[3]);
        listeners.open();
        std::printf("ready %.3f\n", static_cast<double>(now_ns() - begin) / 1e9);
        std::fflush(stdout);
        listeners.listen();
        listeners.tell();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "listeners: %s\n", error.what());
        return 1;
    }
}
