// Load for a STOMP broker, over TCP or WebSocket: what it delivers, and what that costs it.
//
//     build/bench/stomp_load --port 61613 [--url ws://127.0.0.1:15674/ws] [--pid PID]
//         [--mode topic|queue] [--subscribers 1] [--size 100] [--window 256] [--seconds 3]
//         [--login guest] [--passcode guest] [--prefetch 1000]
//
// One client sends to a destination of its own, others are subscribed to it; no more than `window`
// messages are on their way at a time. In mode queue each message is acknowledged by itself
// (client-individual). With --pid, the CPU time of that process is counted, all threads. The last
// line is JSON.
#include <edgews/client.hpp>
#include <edgews/loop.hpp>
#include "core/stomp/frame_reader.hpp"
#include "core/stomp/frame_writer.hpp"
#include "net/loop/fd.hpp"
#include "net/loop/reactor.hpp"
#include "programs/common/number.hpp"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace stomp = edgews::stomp;
using programs::parse_number;

struct Options {
    std::uint16_t port = 61613;
    std::string url{};  // Empty: TCP.
    pid_t pid = 0;
    bool is_queue = false;
    std::size_t subscribers = 1;
    std::size_t size = 100;
    std::size_t window = 256;
    double seconds = 3;
    std::string login = "guest";
    std::string passcode = "guest";
    std::size_t prefetch = 1000;
};

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "stomp_load: %s\n", what.c_str());
    std::exit(1);
}

// A client's connection, whatever carries it.
class Link {
  public:
    virtual ~Link() = default;
    // One frame, or more.
    virtual void send(std::string_view frames) = 0;

    edgews::Function<void(const stomp::Frame&)> on_frame;

  protected:
    explicit Link(edgews::Loop& loop) : reader_(limits_, edgews::Reactor::of(loop).pool()) {}
    void received(std::span<const std::byte> input) {
        while (const stomp::Frame* const frame = reader_.next(input)) {
            if (frame->fault != stomp::Fault::none) {
                fail("received: " + std::string(stomp::describe(frame->fault)));
            }
            if (frame->command == stomp::Command::error) {
                fail("ERROR: " + std::string(frame->find("message").value_or("")));
            }
            on_frame(*frame);
        }
    }

  private:
    stomp::FrameLimits limits_;
    stomp::FrameReader reader_;
};

// Gathers what is sent in one turn of the loop.
class TcpLink final : public Link, public edgews::Watched {
  public:
    TcpLink(edgews::Loop& loop, std::uint16_t port)
        : Link(loop), reactor_(edgews::Reactor::of(loop)) {
        fd_ = edgews::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            fail("cannot connect to port " + std::to_string(port));
        }
        const int on = 1;
        ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (reactor_.add(*this, fd_.get(), EPOLLIN) != 0) fail("no memory");
    }
    void send(std::string_view frames) override {
        if (waiting_.empty()) reactor_.flush_later(*this);
        waiting_ += frames;
    }
    void on_events(std::uint32_t) override {
        const std::span<std::byte> space = reactor_.receive_space();
        const ssize_t count = ::recv(fd_.get(), space.data(), space.size(), MSG_DONTWAIT);
        if (count < 0 && errno == EAGAIN) return;
        if (count <= 0) fail("the broker closed a connection");
        received(space.first(static_cast<std::size_t>(count)));
    }
    void on_flush() override {
        for (std::string_view rest = waiting_; !rest.empty();) {
            const ssize_t count = ::send(fd_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
            if (count <= 0) fail("the broker closed a connection");
            rest.remove_prefix(static_cast<std::size_t>(count));
        }
        waiting_.clear();
    }

  private:
    edgews::Reactor& reactor_;
    edgews::Fd fd_;
    std::string waiting_;
};

class WebSocketLink final : public Link {
  public:
    WebSocketLink(edgews::Loop& loop, const std::string& url)
        : Link(loop),
          client_(loop, url,
                  {.open = [this](edgews::Client& c) { c.send(std::exchange(early_, {})); },
                   .message = [this](edgews::Client&,
                                     edgews::Message message) { received(message.bytes()); },
                   .close = [](edgews::Client&,
                               const edgews::CloseEvent&) { fail("the broker closed"); }},
                  {.subprotocols = {"v12.stomp"}}) {}
    // Each frame is a message of its own, as clients do it.
    void send(std::string_view frames) override {
        if (client_.ready_state() == edgews::ReadyState::open) {
            static_cast<void>(client_.send(frames));
        } else {
            early_ = frames;
        }
    }

  private:
    std::string early_;
    edgews::Client client_;
};

// Nanoseconds of CPU that all threads of a process have had.
std::uint64_t cpu_ns(pid_t pid) {
    if (pid == 0) return 0;
    const std::string folder = "/proc/" + std::to_string(pid) + "/task";
    std::unique_ptr<DIR, int (*)(DIR*)> threads(::opendir(folder.c_str()), ::closedir);
    if (!threads) fail("there is no process " + std::to_string(pid));
    std::uint64_t sum = 0;
    while (const dirent* const entry = ::readdir(threads.get())) {
        if (entry->d_name[0] == '.') continue;
        std::ifstream file(folder + "/" + entry->d_name + "/schedstat");
        std::uint64_t ns = 0;
        if (file >> ns) sum += ns;
    }
    return sum;
}

class Load {
  public:
    Load(edgews::Loop& loop, const Options& options) : loop_(loop), options_(options) {
        destination_ = options.is_queue ? "/queue/load-" : "/topic/load-";
        destination_ += std::to_string(getpid());
        const std::string body(options.size, 'x');
        const stomp::Header header{"destination", destination_};
        stomp::append_frame(message_, stomp::Command::send, {&header, 1},
                            std::as_bytes(std::span(body)), stomp::Version::v1_2);
        producer_ = connect([this] { note_ready(); });
        for (std::size_t i = 0; i < options.subscribers; ++i) {
            consumers_.push_back(nullptr);
            consumers_.back() = connect([this, i] { subscribe(*consumers_[i]); });
        }
    }

    void run() {
        loop_.after(60'000, [] { fail("not done after a minute"); });
        loop_.run();
    }

  private:
    using Clock = std::chrono::steady_clock;

    template <class F>
    std::unique_ptr<Link> connect(F connected) {
        std::unique_ptr<Link> link;
        if (options_.url.empty()) {
            link = std::make_unique<TcpLink>(loop_, options_.port);
        } else {
            link = std::make_unique<WebSocketLink>(loop_, options_.url);
        }
        link->on_frame = [this, connected, raw = link.get()](const stomp::Frame& frame) {
            if (frame.command == stomp::Command::connected) {
                connected();
            } else if (frame.command == stomp::Command::receipt) {
                note_ready();
            } else {
                delivered(*raw, frame);
            }
        };
        const std::vector<stomp::Header> headers{{"accept-version", "1.2"},
                                                 {"host", "/"},
                                                 {"login", options_.login},
                                                 {"passcode", options_.passcode}};
        std::string frame;
        stomp::append_frame(frame, stomp::Command::connect, headers, {}, stomp::Version::v1_2);
        link->send(frame);
        return link;
    }
    void subscribe(Link& link) {
        const std::string prefetch = std::to_string(options_.prefetch);
        std::vector<stomp::Header> headers{
            {"id", "0"}, {"destination", destination_}, {"receipt", "subscribed"}};
        if (options_.is_queue) {
            headers.push_back({"ack", "client-individual"});
            headers.push_back({"prefetch-count", prefetch});
        }
        std::string frame;
        stomp::append_frame(frame, stomp::Command::subscribe, headers, {}, stomp::Version::v1_2);
        link.send(frame);
    }
    void note_ready() {
        if (++ready_ <= options_.subscribers) return;
        fill();
        // The first half second is to warm up.
        loop_.after(500, [this] {
            began_ = Clock::now();
            cpu_before_ = cpu_ns(options_.pid);
            delivered_before_ = delivered_;
            loop_.after(static_cast<std::uint64_t>(options_.seconds * 1000), [this] { report(); });
        });
    }
    void fill() {
        const std::size_t copies = options_.is_queue ? 1 : options_.subscribers;
        while (sent_ * copies < delivered_ + options_.window * copies) {
            producer_->send(message_);
            ++sent_;
        }
    }
    void delivered(Link& link, const stomp::Frame& frame) {
        ++delivered_;
        if (options_.is_queue) {
            ack_.assign("ACK\nid:");
            ack_ += frame.find("ack").value_or("");
            ack_ += std::string_view("\n\n\0", 3);
            link.send(ack_);
        }
        fill();
    }
    void report() {
        const double seconds = std::chrono::duration<double>(Clock::now() - began_).count();
        if (delivered_ == delivered_before_) fail("nothing was measured: no message came in time");
        const auto count = static_cast<double>(delivered_ - delivered_before_);
        const auto cpu = static_cast<double>(cpu_ns(options_.pid) - cpu_before_);
        std::printf("{\"delivered_per_s\":%.0f,\"cpu_ns_per_delivery\":%.0f,\"cpu_share\":%.2f}\n",
                    count / seconds, count > 0 ? cpu / count : 0, cpu / 1e9 / seconds);
        std::fflush(stdout);
        std::_Exit(0);
    }

    edgews::Loop& loop_;
    const Options& options_;
    std::string destination_;
    std::string message_;
    std::string ack_;
    std::unique_ptr<Link> producer_;
    std::vector<std::unique_ptr<Link>> consumers_;
    std::size_t ready_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t delivered_ = 0;
    std::uint64_t delivered_before_ = 0;
    std::uint64_t cpu_before_ = 0;
    Clock::time_point began_{};
};

bool take(Options& options, std::string_view option, const std::string& value) {
    if (option == "--port") return parse_number(value, options.port);
    if (option == "--pid") return parse_number(value, options.pid);
    if (option == "--subscribers") return parse_number(value, options.subscribers);
    if (option == "--size") return parse_number(value, options.size);
    if (option == "--window") return parse_number(value, options.window);
    if (option == "--seconds") return parse_number(value, options.seconds);
    if (option == "--prefetch") return parse_number(value, options.prefetch);
    if (option == "--url") return options.url = value, true;
    if (option == "--login") return options.login = value, true;
    if (option == "--passcode") return options.passcode = value, true;
    if (option == "--mode") {
        options.is_queue = value == "queue";
        return options.is_queue || value == "topic";
    }
    return false;
}

}  // namespace

int main(int count, char** words) {
    Options options;
    for (int i = 1; i < count; i += 2) {
        if (i + 1 < count && take(options, words[i], words[i + 1])) continue;
        fail(std::string(words[i]) + " is not understood: see the top of bench/stomp_load.cpp");
    }
    edgews::Loop loop;
    Load load(loop, options);
    load.run();
}
