// One history in which something may fail: who comes, what they are to get, what became of it.
#pragma once

#include <edgews/edgews.hpp>
#include <edgews/sim.hpp>
#include "sim/busy.hpp"

#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sim::test {

// Of one connection, or of a client's that follow each other.
struct Guest {
    std::string name{};
    bool is_served = false;  // It has got all that it asked for.
    bool has_ended = false;  // It has been told that its connection is over.
    unsigned losses = 0;     // Connections, and tries, that ended as nobody had wanted.
};

// What the server's handlers heard.
struct Heard {
    unsigned opened = 0;
    unsigned closed = 0;
};

// Set-up that cannot go on: what a function returned, and what to say of it.
class SetUpRefused : public std::exception {
  public:
    explicit SetUpRefused(Error error) : error_(std::move(error)) {}
    [[nodiscard]] const Error& error() const noexcept { return error_; }

  private:
    Error error_;
};

class Visit {
  public:
    // `is_set_up` is told of set_up_is_over(); may be null.
    explicit Visit(World& world, bool* is_set_up = nullptr) noexcept
        : world_(world), told_(is_set_up) {}
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

    [[nodiscard]] World& world() noexcept { return world_; }
    [[nodiscard]] Heard& heard() noexcept { return heard_; }
    [[nodiscard]] const Heard& heard() const noexcept { return heard_; }
    [[nodiscard]] Guest& expect(std::string name);
    [[nodiscard]] const std::list<Guest>& guests() const noexcept { return guests_; }

    // Kept until the visit is over, for it may act as long as the world does.
    template <class T, class... Arguments>
    T& bring(Arguments&&... arguments) {
        const Busy busy;
        auto made = std::make_shared<T>(*this, std::forward<Arguments>(arguments)...);
        kept_.push_back(made);
        return *made;
    }

    // A first refusal is remembered, and asked once more: the server is as it was before.
    void listen(const std::function<Error()>& listen);
    void listen(Server& server, const ListenOptions& options) {
        listen([&] { return server.listen(options); });
    }
    void start(Server& server);
    // All functions that set something up have returned; now it runs.
    void set_up_is_over() noexcept;
    // Until the world is quiet: who has not got what is due waits for something that will not come.
    void await();
    void require(bool holds, std::string_view what);

    [[nodiscard]] const std::vector<Error>& refusals() const noexcept { return refusals_; }
    // Set-up was over when something failed.
    [[nodiscard]] bool has_failed_running() const noexcept;
    // The first promise that broke; empty: all held.
    [[nodiscard]] const std::string& fault() const noexcept { return fault_; }

  private:
    [[nodiscard]] bool has_failed() const noexcept;

    World& world_;
    bool* told_;
    Heard heard_{};
    std::list<Guest> guests_{};
    std::vector<std::shared_ptr<void>> kept_{};
    std::vector<Error> refusals_{};
    bool is_set_up_ = false;
    bool has_failed_in_set_up_ = false;
    std::string fault_{};
};

}  // namespace edgews::sim::test
