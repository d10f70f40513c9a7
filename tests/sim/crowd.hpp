// A service and its callers, of all kinds, on loops and threads of one world: from the first call
// until nothing is left of them.
#pragma once

#include "caller.hpp"
#include "middleman.hpp"
#include "service.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace edgews::sim::test {

struct CrowdOptions {
    ServiceOptions service{};
    ClientOptions client{};
    std::uint32_t caller_count_max = 4;
    // Somebody in between, to whom two callers in three connect.
    std::optional<MiddlemanOptions> middleman{};
    // Others are there, too, who have to be thrown out.
    bool has_strangers = false;
    // As callers call the service. Another name may lead astray first, for as long as it takes.
    std::string host = "127.0.0.1";
    // Wild callers change their mind at any time, also while they connect.
    bool may_interrupt = false;
    // All tries of a caller's may be over before it can be reached.
    bool may_run_out = false;
    // Nobody gets through: callers are content without.
    bool is_hopeless = false;
};

class Crowd {
  public:
    // Sets up, and draws the world's faults.
    Crowd(World& world, Record& record, const CrowdOptions& options);
    Crowd(const Crowd&) = delete;
    Crowd& operator=(const Crowd&) = delete;
    ~Crowd();

    [[nodiscard]] Service& service() noexcept { return service_; }
    // Until all have said what they have to say, and are gone.
    void play();

  private:
    void add_caller(std::uint32_t number);
    void meddle();
    void await_all();
    [[nodiscard]] bool is_slow() const noexcept;
    [[nodiscard]] bool may_take_long() const noexcept;
    void leave();

    World& world_;
    Record& record_;
    CrowdOptions options_;
    Service service_;
    std::optional<Middleman> middleman_{};
    Scene scene_;
    std::vector<std::unique_ptr<Caller>> callers_{};
    std::vector<std::unique_ptr<LoopThread>> threads_{};
};

}  // namespace edgews::sim::test
