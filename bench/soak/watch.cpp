#include "watch.hpp"

#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cinttypes>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "gauge.hpp"
#include "service.hpp"
#include "tests/support/resident.hpp"

namespace soak {
namespace {

using Clock = std::chrono::steady_clock;
using edgews::Counter;

constexpr auto tick_time = std::chrono::milliseconds(50);
constexpr std::uint64_t calm_s = 15;
constexpr std::uint64_t cycle_s_max = 180;
constexpr std::uint64_t cycle_s_min = 2 * calm_s;
// What one calm may have more than another though nothing grows: tables of addresses, which forget
// after two minutes; blocks for messages, of which the broker keeps as many as there ever were at a
// time (ContentPool, at most 4 MiB a loop, of the relay and of the hub, too); and what malloc
// keeps, of the clients' one thread 6 MiB in some calms and not in others.
constexpr Tolerances tolerances{.resident_kib = 5'120,
                                .clients_resident_kib = 4'096,
                                .heap_kib = 1'024,
                                .judges_memory = edgews::test::resident_size_tells};

enum class Phase : std::uint8_t { before, churn, calm, judged };

const char* name_of(Phase phase) noexcept {
    switch (phase) {
        case Phase::before: return "before";
        case Phase::churn: return "churn";
        case Phase::calm: return "calm";
        case Phase::judged: return "judged";
    }
    return "";
}

// While it lives, this process has no more than a few descriptors to spare.
class Shortage {
  public:
    explicit Shortage(std::uint64_t descriptors) noexcept {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        rlimit low = before_;
        low.rlim_cur = std::min<rlim_t>(descriptors + 3, before_.rlim_cur);
        ::setrlimit(RLIMIT_NOFILE, &low);
    }
    Shortage(const Shortage&) = delete;
    Shortage& operator=(const Shortage&) = delete;
    ~Shortage() { ::setrlimit(RLIMIT_NOFILE, &before_); }

  private:
    rlimit before_{};
};

// While it lives, the clients' process stands still.
class Standstill {
  public:
    explicit Standstill(pid_t process) noexcept : process_(process) { ::kill(process_, SIGSTOP); }
    Standstill(const Standstill&) = delete;
    Standstill& operator=(const Standstill&) = delete;
    ~Standstill() { ::kill(process_, SIGCONT); }

  private:
    pid_t process_;
};

class Watch {
  public:
    Watch(const WatchOptions& options, const Channel& channel, pid_t clients,
          const edgews::TlsIdentity& identity)
        : options_(options),
          channel_(channel),
          clients_(clients),
          identity_(identity),
          dice_(options.seed),
          csv_(options.csv.empty() ? nullptr : std::fopen(options.csv.c_str(), "w"), &close),
          lasting_(identity) {
        if (!options.csv.empty() && !csv_) throw std::runtime_error(options.csv + ": cannot write");
        if (!csv_) return;
        std::fputs(
            "seconds,phase,resident_kib,heap_kib,descriptors,connections,websockets,"
            "accepted,refused,messages,faults,sessions,destinations,waiting,broker_kib,"
            "clients,clients_begun,clients_resident_kib,clients_heap_kib,"
            "clients_descriptors,cpu_percent\n",
            csv_.get());
    }

    Verdict run() {
        const std::uint64_t total_s = options_.minutes * 60;
        const std::uint64_t cycle_s = std::clamp(total_s / 4, cycle_s_min, cycle_s_max);
        spend(Phase::before, 3);
        const Calm before = look(Phase::before);
        std::vector<Calm> calms;
        const std::uint64_t count = std::max<std::uint64_t>(total_s / cycle_s, 1);
        for (std::uint64_t i = 0; i < count; ++i) {
            churn(cycle_s - calm_s);
            order(Order::Kind::calm);
            spend(Phase::calm, calm_s);
            calms.push_back(look(Phase::judged));
            print(calms.back());
        }
        order(Order::Kind::end);
        return judge(before, calms, tolerances);
    }

  private:
    static void close(FILE* file) { std::fclose(file); }

    void order(Order::Kind kind) const {
        channel_.send(Order{kind, lasting_.ports(), passing_ ? passing_->ports() : Ports{}});
    }

    // The passing server is shut down while clients still come.
    void churn(std::uint64_t seconds) {
        passing_ = std::make_unique<Service>(identity_);
        order(Order::Kind::churn);
        spend(Phase::churn, seconds / 2);
        shortage_.reset();
        passing_->shut_down();
        const edgews::Stats stats = passing_->stats();
        for (std::size_t i = 0; i < stats.values.size(); ++i) earlier_[i] += stats.values[i];
        passing_.reset();
        order(Order::Kind::churn);
        spend(Phase::churn, seconds - seconds / 2);
        shortage_.reset();
        standstill_.reset();
    }

    void spend(Phase phase, std::uint64_t seconds) {
        const auto end = Clock::now() + std::chrono::seconds(seconds);
        for (auto next = Clock::now(); next < end; next += tick_time) {
            std::this_thread::sleep_until(next);
            lasting_.tick(dice_);
            if (passing_) passing_->tick(dice_);
            if (phase == Phase::churn) trouble();
            if (Clock::now() < next_line_) continue;
            next_line_ = std::max(next_line_ + std::chrono::seconds(1), Clock::now());
            look(phase);
        }
        std::this_thread::sleep_until(end);
    }

    // At most about four standstills and four shortages a minute, and as often the hub is lost.
    void trouble() {
        const auto now = Clock::now();
        if (now >= shortage_end_) shortage_.reset();
        if (now >= standstill_end_) standstill_.reset();
        if (shortage_ || standstill_) return;
        switch (dice_.below(300)) {
            case 0:
                shortage_.emplace(gauge_.descriptors());
                shortage_end_ = now + std::chrono::milliseconds(dice_.between(200, 1'500));
                break;
            case 1:
                standstill_.emplace(clients_);
                standstill_end_ = now + std::chrono::milliseconds(dice_.between(200, 6'000));
                break;
            case 2: lasting_.lose_hub(); break;
            default: break;
        }
    }

    // The newest that the clients told.
    void hear() {
        Report report;
        for (;;) {
            switch (channel_.receive(report)) {
                case Channel::Result::received: report_ = report; break;
                case Channel::Result::nothing: return;
                case Channel::Result::over:
                    throw std::runtime_error("the clients' process has died");
            }
        }
    }

    // Of both servers.
    struct Figures {
        edgews::Stats stats{};
        std::uint64_t sessions = 0;
        std::uint64_t destinations = 0;
        std::uint64_t waiting = 0;
        std::uint64_t broker_bytes = 0;

        void add(const Service& service) {
            const edgews::Stats more = service.stats();
            for (std::size_t i = 0; i < more.values.size(); ++i) stats.values[i] += more.values[i];
            for (const edgews::StompStats& broker : service.broker_stats()) {
                sessions += broker.sessions;
                destinations += broker.destinations;
                broker_bytes += broker.memory;
            }
            waiting += service.waiting();
        }
        [[nodiscard]] std::uint64_t operator[](Counter counter) const { return stats[counter]; }
    };

    Calm look(Phase phase) {
        hear();
        Figures figures;
        figures.stats.values = earlier_;
        figures.add(lasting_);
        if (passing_) figures.add(*passing_);
        const double seconds = std::chrono::duration<double>(Clock::now() - began_).count();
        const Calm calm{.minutes = seconds / 60,
                        .server = gauge_.read(),
                        .clients = report_.usage,
                        .connections = figures[Counter::connections_open],
                        .sessions = figures.sessions,
                        .broker_bytes = figures.broker_bytes,
                        .live_clients = report_.live,
                        .accepted_total = figures[Counter::connections_accepted],
                        .wrong_total = report_.wrong_total,
                        .idle_personas = report_.idle_personas};
        if (csv_) write(phase, seconds, calm, figures);
        return calm;
    }

    void write(Phase phase, double seconds, const Calm& calm, const Figures& figures) {
        const std::uint64_t cpu_ms = calm.server.cpu_ms + calm.clients.cpu_ms;
        const double share = static_cast<double>(cpu_ms - std::exchange(cpu_ms_, cpu_ms)) / 10 /
                             std::max(seconds - std::exchange(seconds_, seconds), 0.001);
        std::fprintf(csv_.get(), "%.1f,%s,", seconds, name_of(phase));
        for (const std::uint64_t value :
             {calm.server.resident_kib, calm.server.heap_kib, calm.server.descriptors,
              calm.connections, figures[Counter::websockets_open], calm.accepted_total,
              figures[Counter::connections_refused],
              figures[Counter::messages_received] + figures[Counter::messages_sent],
              figures[Counter::protocol_faults], calm.sessions, figures.destinations,
              figures.waiting, calm.broker_bytes / 1024, calm.live_clients, report_.begun_total,
              calm.clients.resident_kib, calm.clients.heap_kib, calm.clients.descriptors}) {
            std::fprintf(csv_.get(), "%" PRIu64 ",", value);
        }
        std::fprintf(csv_.get(), "%.0f\n", share);
        std::fflush(csv_.get());
    }

    static void print(const Calm& calm) {
        std::printf("%5.1f min: %" PRIu64 " connections so far; resident %" PRIu64
                    " KiB, heap %" PRIu64 " KiB, %" PRIu64 " descriptors; the clients' %" PRIu64
                    " KiB, %" PRIu64 " KiB, %" PRIu64 "\n",
                    calm.minutes, calm.accepted_total, calm.server.resident_kib,
                    calm.server.heap_kib, calm.server.descriptors, calm.clients.resident_kib,
                    calm.clients.heap_kib, calm.clients.descriptors);
        std::fflush(stdout);
    }

    const WatchOptions& options_;
    const Channel& channel_;
    pid_t clients_;
    const edgews::TlsIdentity& identity_;
    Dice dice_;
    Gauge gauge_{};
    std::unique_ptr<FILE, void (*)(FILE*)> csv_;
    Service lasting_;
    std::unique_ptr<Service> passing_{};                          // Null: there is none at present.
    std::array<std::uint64_t, edgews::counter_count> earlier_{};  // Of those that have passed.
    Report report_{};
    Clock::time_point began_ = Clock::now();
    Clock::time_point next_line_ = began_ + std::chrono::seconds(1);
    double seconds_ = 0;  // Of the last line.
    std::uint64_t cpu_ms_ = 0;
    std::optional<Shortage> shortage_{};
    std::optional<Standstill> standstill_{};
    Clock::time_point shortage_end_{};
    Clock::time_point standstill_end_{};
};

}  // namespace

Verdict watch(const WatchOptions& options, const Channel& channel, pid_t clients,
              const edgews::TlsIdentity& identity) {
    return Watch(options, channel, clients, identity).run();
}

}  // namespace soak
