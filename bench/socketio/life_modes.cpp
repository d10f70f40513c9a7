// The modes in which sessions begin and end: connect, upgrade.
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

class Lives final : public Handler {
  public:
    Lives(const Options& options, const ServerProbe& probe, Failures& failures)
        : options_(options),
          probe_(probe),
          failures_(failures),
          texts_(options.load.size),
          crowd_(options, *this),
          began_at_(options.load.connections) {}

    Report run() {
        Measurement measurement(options_.load, probe_, failures_);
        measurement_ = &measurement;
        is_opening_ = true;
        for (std::size_t i = 0; i < began_at_.size(); ++i) {
            begin(crowd_.add());
            crowd_[i].flush();
        }
        while (measurement.goes_on(now_ns())) crowd_.turn();
        measurement.finish();
        is_opening_ = false;
        crowd_.await("a session does not end", [this] { return closed_count_ == crowd_.size(); });
        return measurement.take_report();
    }

    void on_connected(Session& session) override {
        if (options_.mode == Mode::upgrade) return session.upgrade();
        session.close();
    }
    void on_upgraded(Session& session) override { session.emit(texts_.echo(0)); }
    void on_packet(Session& session, std::string_view packet) override {
        if (!texts_.is_answer(packet, 0)) {
            throw std::runtime_error("an acknowledgement is wrong: " + std::string(packet));
        }
        session.close();
    }
    void on_closed(Session& session) override {
        measurement_->record(crowd_.now() - began_at_[session.index()]);
        if (is_opening_) {
            begin(session);
        } else {
            ++closed_count_;
        }
    }

  private:
    void begin(Session& session) {
        began_at_[session.index()] = now_ns();
        session.open(options_.mode == Mode::upgrade ? Transport::polling : Transport::websocket);
    }

    const Options& options_;
    const ServerProbe& probe_;
    Failures& failures_;
    Texts texts_;
    Crowd crowd_;
    std::vector<std::uint64_t> began_at_;  // By the index of their session.
    Measurement* measurement_ = nullptr;
    std::size_t closed_count_ = 0;
    bool is_opening_ = false;
};

}  // namespace

Report run_connect(const Options& options, const ServerProbe& probe, Failures& failures) {
    return Lives(options, probe, failures).run();
}

Report run_upgrade(const Options& options, const ServerProbe& probe, Failures& failures) {
    return Lives(options, probe, failures).run();
}

}  // namespace load::sio
