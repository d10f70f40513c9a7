#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "answer_reader.hpp"
#include "measurement.hpp"
#include "modes.hpp"
#include "opening.hpp"
#include "poller.hpp"
#include "send_times.hpp"
#include "target.hpp"

namespace load {
namespace {

constexpr std::size_t buffer_size = 256 * 1024;
constexpr int patience_ms = 10'000;  // For the first answer.

// One connection, which asks for the same again and again.
class Asker {
  public:
    // `fd` does not block. `requests`, any number of which one call may have to send, and `first`
    // are borrowed.
    Asker(edgews::Fd fd, std::string_view requests, const Answer& first) noexcept
        : fd_(std::move(fd)), requests_(requests), reader_(first) {}

    // Bytes that are to be sent, by flush(): whole requests.
    void queue(std::size_t size) noexcept { owed_size_ += size; }

    // Sends what is queued, as far as the socket takes it.
    void flush() noexcept {
        while (owed_size_ > 0) {
            const std::string_view ahead =
                requests_.substr(offset_, std::min(owed_size_, requests_.size() - offset_));
            const ssize_t sent = ::send(fd_.get(), ahead.data(), ahead.size(), MSG_NOSIGNAL);
            if (sent < 0) {
                if (errno != EAGAIN && errno != ENOTCONN) fail("send");
                return;
            }
            owed_size_ -= static_cast<std::size_t>(sent);
            offset_ = (offset_ + static_cast<std::size_t>(sent)) % requests_.size();
        }
    }

    // Receives into `buffer` all that is there. Returns how many answers are complete; after them
    // something may have failed.
    [[nodiscard]] unsigned receive(std::vector<char>& buffer) {
        const ssize_t size = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
        if (size < 0) {
            if (errno != EAGAIN && errno != ENOTCONN) fail("recv");
            return 0;
        }
        if (size == 0) fault_ = "the server closed the connection";
        const unsigned count = reader_.take({buffer.data(), static_cast<std::size_t>(size)});
        if (reader_.has_failed()) fault_ = "an answer is not as the first was";
        return count;
    }

    [[nodiscard]] const std::string& fault() const noexcept { return fault_; }
    void reset() noexcept { close_at_once(fd_); }

  private:
    void fail(const char* what) { fault_ = std::string(what) + ": " + std::strerror(errno); }

    edgews::Fd fd_;
    std::string_view requests_;
    std::size_t offset_ = 0;  // In `requests_`, of the next byte to send.
    std::size_t owed_size_ = 0;
    AnswerReader reader_;
    std::string fault_{};
};

// The answer that all others are held against.
Answer ask_once(const Target& target, const std::string& request) {
    Poller poller;
    edgews::Fd fd = target.connect(0);
    if (!fd) throw std::runtime_error(std::string("connect: ") + std::strerror(errno));
    poller.add(fd, 0);
    std::string input;
    bool is_sent = false;
    while (!poller.wait(patience_ms).empty()) {
        if (!is_sent) {
            is_sent = ::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) >= 0;
            if (!is_sent && errno != EAGAIN && errno != ENOTCONN) break;
        }
        char bytes[16 * 1024];
        ssize_t size = 0;
        while ((size = ::recv(fd.get(), bytes, sizeof bytes, 0)) > 0) {
            input.append(bytes, static_cast<std::size_t>(size));
        }
        std::string fault;
        Answer answer = Answer::first_of(input, fault);
        if (!fault.empty()) throw std::runtime_error(fault);
        if (!answer.text.empty()) return answer;
        if (size == 0) break;
    }
    throw std::runtime_error("there is no answer to a GET");
}

std::string request_of(const Options& options) {
    const bool is_v6 = options.host.find(':') != std::string::npos;
    return "GET " + options.path +
           " HTTP/1.1\r\nHost: " + (is_v6 ? "[" + options.host + "]" : options.host) + ":" +
           std::to_string(options.port) + "\r\n\r\n";
}

}  // namespace

Report run_get(const Options& options, const ServerProbe& probe, Failures& failures) {
    const Target target(options.host, options.port);
    const std::string request = request_of(options);
    const Answer first = ask_once(target, request);
    std::string requests;
    for (unsigned i = 0; i < options.in_flight; ++i) requests += request;

    Poller poller;
    std::vector<Asker> askers;
    askers.reserve(options.connections);
    for (unsigned i = 0; i < options.connections; ++i) {
        edgews::Fd fd = target.connect(i);
        if (!fd) throw std::runtime_error(std::string("connect: ") + std::strerror(errno));
        poller.add(fd, i);
        askers.emplace_back(std::move(fd), requests, first).queue(requests.size());
    }
    SendTimes times(options);
    Measurement measurement(options, probe, failures);
    std::vector<char> buffer(buffer_size);
    while (measurement.goes_on(now_ns()) && failures.count() == 0) {
        for (const epoll_event& event : poller.wait(0)) {
            Asker& asker = askers[event.data.u32];
            const unsigned count = asker.receive(buffer);
            const std::uint64_t now = now_ns();
            for (unsigned i = 0; i < count; ++i) {
                measurement.record(now - times.exchange_oldest(event.data.u32, now));
            }
            asker.queue(count * request.size());
            asker.flush();
            if (!asker.fault().empty()) {
                failures.add("connection " + std::to_string(event.data.u32) + ": " + asker.fault());
            }
        }
    }
    measurement.finish();
    for (Asker& asker : askers) asker.reset();
    return measurement.take_report();
}

}  // namespace load
