// The modes whose sessions stay: echo, broadcast, idle.
#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/load/measurement.hpp"
#include "crowd.hpp"
#include "modes.hpp"
#include "texts.hpp"

namespace load::sio {
namespace {

constexpr std::size_t idle_opened_at_a_time = 1000;
constexpr std::uint64_t settle_ns = ns_per_second / 5;

// Sessions that are not to change once they are there.
class Steady : public Handler {
  public:
    void on_connected(Session&) override {}
    void on_packet(Session&, std::string_view packet) override {
        throw std::runtime_error("nobody asked for this packet: " + std::string(packet));
    }
    void on_upgraded(Session&) override {}
    void on_closed(Session&) override {}
};

class Echo final : public Steady {
  public:
    Echo(const Options& options, const ServerProbe& probe, Failures& failures)
        : options_(options),
          probe_(probe),
          failures_(failures),
          texts_(options.load.size),
          crowd_(options, *this),
          trips_(options.load.connections) {}

    Report run() {
        crowd_.open(trips_.size(), options_.transport);
        for (Trips& trips : trips_) trips.sent_at.resize(options_.load.in_flight);
        Measurement measurement(options_.load, probe_, failures_);
        measurement_ = &measurement;
        is_sending_ = true;
        for (std::size_t i = 0; i < trips_.size(); ++i) {
            for (unsigned k = 0; k < options_.load.in_flight; ++k) emit(crowd_[i], now_ns());
            crowd_[i].flush();
        }
        while (measurement.goes_on(now_ns())) crowd_.turn();
        measurement.finish();
        is_sending_ = false;
        crowd_.await("an acknowledgement is missing", [this] {
            return std::ranges::all_of(
                trips_, [](const Trips& trips) { return trips.received == trips.sent; });
        });
        return measurement.take_report();
    }

    void on_packet(Session& session, std::string_view packet) override {
        Trips& trips = trips_[session.index()];
        if (trips.received == trips.sent || !texts_.is_answer(packet, trips.received)) {
            throw std::runtime_error("an acknowledgement is wrong: " + std::string(packet));
        }
        const std::uint64_t sent_at = trips.sent_at[trips.received % trips.sent_at.size()];
        measurement_->record(crowd_.now() - std::min(crowd_.now(), sent_at));
        ++trips.received;
        if (is_sending_) emit(session, crowd_.now());
    }

  private:
    struct Trips {
        std::uint64_t sent = 0;
        std::uint64_t received = 0;
        std::vector<std::uint64_t> sent_at{};  // Of those in flight, by their number.
    };

    void emit(Session& session, std::uint64_t now) {
        Trips& trips = trips_[session.index()];
        trips.sent_at[trips.sent % trips.sent_at.size()] = now;
        session.emit(texts_.echo(trips.sent));
        ++trips.sent;
    }

    const Options& options_;
    const ServerProbe& probe_;
    Failures& failures_;
    Texts texts_;
    Crowd crowd_;
    std::vector<Trips> trips_;  // By the index of their session.
    Measurement* measurement_ = nullptr;
    bool is_sending_ = false;
};

class Broadcast final : public Steady {
  public:
    Broadcast(const Options& options, const ServerProbe& probe, Failures& failures)
        : options_(options),
          probe_(probe),
          failures_(failures),
          texts_(options.load.size),
          crowd_(options, *this),
          received_(options.load.connections),
          flights_(options.load.in_flight) {}

    Report run() {
        crowd_.open(received_.size(), options_.transport);
        for (std::size_t i = 0; i < received_.size(); ++i) {
            crowd_[i].emit("20[\"join\",\"room\"]");
            crowd_[i].flush();
        }
        crowd_.await("a session does not get into the room",
                     [this] { return joined_count_ == received_.size(); });
        crowd_.open(1, options_.transport);
        Measurement measurement(options_.load, probe_, failures_);
        measurement_ = &measurement;
        is_sending_ = true;
        for (std::size_t i = 0; i < flights_.size(); ++i) publish();
        while (measurement.goes_on(now_ns())) crowd_.turn();
        measurement.finish();
        is_sending_ = false;
        crowd_.await("a delivery is missing", [this] { return complete_count_ == sent_count_; });
        return measurement.take_report();
    }

    void on_packet(Session& session, std::string_view packet) override {
        if (joined_count_ < received_.size()) return take_joined(packet);
        if (session.index() >= received_.size()) return Steady::on_packet(session, packet);
        std::uint64_t& number = received_[session.index()];
        if (number == sent_count_ || !texts_.is_news(packet, number)) {
            throw std::runtime_error("a delivery is wrong: " + std::string(packet));
        }
        Flight& flight = flights_[number % flights_.size()];
        measurement_->record(crowd_.now() - std::min(crowd_.now(), flight.sent_at));
        ++number;
        if (++flight.delivered_count < received_.size()) return;
        ++complete_count_;
        if (is_sending_) publish();
    }

  private:
    struct Flight {
        std::uint64_t sent_at = 0;
        std::size_t delivered_count = 0;
    };

    void take_joined(std::string_view packet) {
        if (!packet.starts_with("30[")) {
            throw std::runtime_error("joining is not acknowledged: " + std::string(packet));
        }
        ++joined_count_;
    }
    void publish() {
        flights_[sent_count_ % flights_.size()] = {.sent_at = now_ns()};
        Session& publisher = crowd_[received_.size()];
        publisher.emit(texts_.broadcast(sent_count_));
        ++sent_count_;
        publisher.flush();
    }

    const Options& options_;
    const ServerProbe& probe_;
    Failures& failures_;
    Texts texts_;
    Crowd crowd_;
    std::vector<std::uint64_t> received_;  // How many events, by the index of their session.
    std::vector<Flight> flights_;          // By the number of their event.
    std::size_t joined_count_ = 0;
    std::uint64_t sent_count_ = 0;
    std::uint64_t complete_count_ = 0;  // Events that all have received.
    Measurement* measurement_ = nullptr;
    bool is_sending_ = false;
};

// Opens them in parts, so that few have a second connection at a time, and gives the server time to
// do what is left of the openings.
void open_idle(Crowd& crowd, std::size_t count, Transport transport) {
    while (count > 0) {
        const std::size_t some = std::min(count, idle_opened_at_a_time);
        crowd.open(some, transport);
        const std::uint64_t end = now_ns() + settle_ns;
        while (now_ns() < end) crowd.turn(10);
        for (std::size_t i = 0; i < crowd.size(); ++i) crowd[i].rest();
        count -= some;
    }
}

}  // namespace

Report run_echo(const Options& options, const ServerProbe& probe, Failures& failures) {
    return Echo(options, probe, failures).run();
}

Report run_broadcast(const Options& options, const ServerProbe& probe, Failures& failures) {
    return Broadcast(options, probe, failures).run();
}

Report run_idle(const Options& options, const ServerProbe& probe, Failures& failures) {
    Steady handler;
    Crowd crowd(options, handler);
    const std::size_t count = options.load.connections;
    // What a server allocates only once should have been allocated before we look.
    const std::size_t first = count / 10;
    open_idle(crowd, first, options.transport);
    const std::optional<std::size_t> before = probe.resident_size();
    open_idle(crowd, count - first, options.transport);
    const std::optional<std::size_t> after = probe.resident_size();

    Measurement measurement(options.load, probe, failures);
    while (measurement.goes_on(now_ns())) crowd.turn(10);
    measurement.finish(count);
    if (crowd.connected_count() != count) throw std::runtime_error("a session has ended");
    Report report = measurement.take_report();
    if (report.server && before && after) {
        report.server->rss_bytes = after;
        report.server->rss_per_connection =
            (static_cast<double>(*after) - static_cast<double>(*before)) /
            static_cast<double>(count - first);
    }
    return report;
}

}  // namespace load::sio
