// One server's part on one loop: its listeners, routes, topics and counters.
#pragma once

#include <edgews/address.hpp>
#include <edgews/function.hpp>
#include <edgews/loop.hpp>
#include <edgews/options.hpp>
#include <edgews/response.hpp>
#include "core/base/memory_budget.hpp"
#include "core/http/http_date.hpp"
#include "core/http/http_head.hpp"
#include "net/connection/admission.hpp"
#include "net/connection/admission_control.hpp"
#include "net/connection/connections_on_loop.hpp"
#include "net/connection/server_on_loop.hpp"
#include "net/loop/fd.hpp"
#include "net/server/router.hpp"
#include "net/server/trusted_proxies.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews {

class Shard;
struct ListenerSetup;

// Belongs to the loop's thread, except where marked.
class Shard final : public ServerOnLoop {
  public:
    // What all shards of a server share. Set up before the first shard, unchanged after.
    struct Common {
        ServerOptions options{};
        Router router{};
        TrustedProxies trusted_proxies{};
        std::unique_ptr<AdmissionControl> admissions{};
        std::unique_ptr<MemoryBudget> memory{};
        std::vector<Shard*> shards{};
        std::vector<Function<void(Loop&)>> on_shutdown{};
        // Those that have connections, or may still have some; and connections that the grace of a
        // shutdown was too short for.
        std::atomic<std::size_t> shards_open{0};
        std::atomic<std::uint32_t> dropped_count{0};
        TopicsAbroad* abroad = nullptr;  // Null: topics are of this machine alone.

        // Any thread. To all subscribers but `except`, which is on the calling thread's loop.
        PublishResult publish(std::string_view topic, const PreparedMessage& message,
                              const WebSocketConnection* except = nullptr) const;
        void publish_here(std::string_view topic, const PreparedMessage& message,
                          const WebSocketConnection* except) const;
    };

    // `common` and `reactor` are borrowed.
    Shard(Common& common, Reactor& reactor);
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;
    ~Shard();

    // Takes a listening socket. 0, or the system's error number.
    [[nodiscard]] int listen(Fd fd, const ListenerSetup& setup);
    // Takes the last of these back. Requires: there is one.
    void stop_last_listener() noexcept;
    void accepted(Fd fd, const Address& peer, const ListenerSetup& listener);
    // Sends an accepted connection away that is one too many: takes what has come of its request
    // (to close over that would reset the connection), says why, and closes. Nothing of it stays.
    void refuse(const Fd& fd, const ListenerSetup& listener) noexcept;
    // Stops accepting, closes all WebSockets with 1001 and all idle HTTP
    // connections, terminates after `grace_ms` who is still there, then calls `done`. The first of
    // the shards to begin, and the last to be done, say so to on_event.
    void shut_down(std::uint64_t grace_ms, Function<void()> done);
    // Drops everyone.
    void terminate_all();
    // Calls what Server::on_shutdown() was given, unless it was called before.
    void tell_shutdown();
    void visit(const Function<void(Connection&)>& visitor);

    [[nodiscard]] Reactor& reactor() const noexcept { return reactor_; }
    [[nodiscard]] const ServerOptions& options() const noexcept { return common_.options; }
    [[nodiscard]] const Common& common() const noexcept { return common_; }
    [[nodiscard]] const Router& router() const noexcept { return common_.router; }
    [[nodiscard]] const TrustedProxies& trusted_proxies() const noexcept {
        return common_.trusted_proxies;
    }
    [[nodiscard]] RouteOnLoop& on_loop(const WebSocketRoute& route) noexcept;
    [[nodiscard]] StreamsOnLoop& streams() const noexcept { return connections_.streams; }
    [[nodiscard]] Topics& topics() noexcept { return connections_.topics; }
    // Reading them: any thread.
    [[nodiscard]] Counters& counters() noexcept { return connections_.counters; }
    [[nodiscard]] const Counters& counters() const noexcept { return connections_.counters; }
    [[nodiscard]] bool is_shutting_down() const noexcept { return static_cast<bool>(done_); }
    // Who is to be told of what happens.
    [[nodiscard]] const EventTeller& events() const noexcept { return connections_.events; }

    PublishResult publish(std::string_view topic, const PreparedMessage& message,
                          const WebSocketConnection* except) const override {
        return common_.publish(topic, message, except);
    }
    [[nodiscard]] AdmissionControl& admissions() const noexcept override {
        return *common_.admissions;
    }
    [[nodiscard]] bool is_trusted(const Address& address) const noexcept override {
        return common_.trusted_proxies.contains(address);
    }
    [[nodiscard]] bool is_over_memory() const noexcept override {
        return !common_.memory->has_room_for(BufferPool::small_size);
    }
    [[nodiscard]] std::uint64_t now_ms() const noexcept override { return reactor_.now_ms(); }
    void enter() noexcept override;
    void leave() noexcept override;

    // For whoever reads a head or writes a response at the moment.
    [[nodiscard]] HttpHead& scratch_head() noexcept { return scratch_head_; }
    [[nodiscard]] std::string& scratch_text() noexcept { return scratch_text_; }
    // An empty one, with the memory of an earlier one, to be given back.
    [[nodiscard]] Response take_response() noexcept { return std::exchange(scratch_response_, {}); }
    void give_back(Response&& response) noexcept;
    // The value of a Date header, of the present second. Valid until the next call.
    [[nodiscard]] std::string_view date() noexcept;

  private:
    [[nodiscard]] bool serve(Fd fd, Admission admission, const ListenerSetup& listener);
    void end_grace();
    void check_done();
    void report_refusal(const Address& peer, AdmissionLimit limit) const noexcept;

    Common& common_;
    Reactor& reactor_;
    ConnectionsOnLoop connections_;
    std::vector<RouteOnLoop> routes_;
    std::vector<Token> listeners_;
    HttpHead scratch_head_;
    std::string scratch_text_;
    Response scratch_response_;
    std::array<char, http_date_size> date_{};
    std::int64_t date_second_ = -1;  // That date_ says, since 1970; -1: it says nothing yet.
    std::size_t connection_count_ = 0;
    Function<void()> done_;  // Set once the shutdown began.
    bool is_done_ = false;
    bool is_shutdown_told_ = false;
    Token grace_timer_ = no_token;
};

}  // namespace edgews
