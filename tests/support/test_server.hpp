// A server for tests: on a free port of loopback, with its loops in threads of their own.
//
//     TestServer server;
//     server->ws("/", {.message = …});
//     server.start();
//     TestClient client = server.open("/");
#pragma once

#include <edgews/server.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "test_client.hpp"

namespace edgews::test {

// Reached only by what is broken.
inline constexpr std::chrono::seconds time_limit{20};

class TestServer {
  public:
    // One loop, unless the options ask for more.
    explicit TestServer(ServerOptions options = {}) : server_(with_loop(std::move(options))) {}

    // On a free port of loopback, unless the options ask for something else.
    void start(ListenOptions options = {.host = "127.0.0.1"}) {
        const Error error = server_.listen(options);
        if (error) throw std::runtime_error(error.message);
        server_.start();
    }

    Server* operator->() noexcept { return &server_; }
    [[nodiscard]] std::uint16_t port() const noexcept { return server_.port(); }

    [[nodiscard]] TestClient connect(ClientOptions options = {}) const {
        return TestClient(port(), options);
    }
    [[nodiscard]] TestClient open(std::string_view path = "/", std::string_view lines = "",
                                  ClientOptions options = {}) const {
        return TestClient::opened(port(), path, lines, options);
    }

    // Runs `function` on the loop's thread and returns what it returns.
    template <class F>
    auto on_loop(F function, std::size_t index = 0) {
        std::packaged_task<decltype(function())()> task(std::move(function));
        auto result = task.get_future();
        server_.loop(index).post([task = std::move(task)]() mutable { task(); });
        if (result.wait_for(time_limit) != std::future_status::ready) {
            throw std::runtime_error("the loop did not turn in time");
        }
        return result.get();
    }

    // Turns the loop until `is_so()`, which runs on it, says yes.
    template <class F>
    void wait_until(F is_so) {
        const auto end = std::chrono::steady_clock::now() + time_limit;
        while (!on_loop(is_so)) {
            if (std::chrono::steady_clock::now() > end) throw std::runtime_error("it never was so");
        }
    }
    // Until the counter has that value.
    void wait_for(Counter counter, std::uint64_t value) {
        wait_until([&] { return server_.stats()[counter] == value; });
    }

  private:
    static ServerOptions with_loop(ServerOptions options) {
        if (options.loops == 0) options.loops = 1;
        return options;
    }

    Server server_;
};

// What handlers noted, in order. Any thread.
class Notes {
  public:
    void add(std::string note) {
        const std::lock_guard lock(mutex_);
        notes_.push_back(std::move(note));
        added_.notify_all();
    }
    // All notes, once there are `count` of them. Throws when they do not come.
    [[nodiscard]] std::vector<std::string> wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        if (!added_.wait_for(lock, time_limit, [&] { return notes_.size() >= count; })) {
            throw std::runtime_error("only " + std::to_string(notes_.size()) + " notes came");
        }
        return notes_;
    }
    [[nodiscard]] std::vector<std::string> all() { return wait_for(0); }

  private:
    std::mutex mutex_;
    std::condition_variable added_;
    std::vector<std::string> notes_;
};

// "close 1000 bye clean"
inline std::string describe(const CloseEvent& event) {
    return "close " + std::to_string(event.code) + " " + std::string(event.reason) +
           (event.clean ? " clean" : " unclean");
}

using List = std::vector<std::string>;

}  // namespace edgews::test
