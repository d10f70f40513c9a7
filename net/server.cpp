#include <edgews/net/server.hpp>

#include <edgews/net/admission_control.hpp>
#include <edgews/net/listen_socket.hpp>
#include <edgews/net/listener.hpp>
#include <edgews/net/memory_limit.hpp>
#include <edgews/net/shard.hpp>

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace edgews {

namespace {

// Descriptors that stay free for the application, and for refusing cleanly.
constexpr std::size_t descriptor_reserve = 64;
constexpr std::size_t memory_max_least = 1024 * 1024;

std::size_t descriptor_limit() noexcept {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur == RLIM_INFINITY) return SIZE_MAX;
    const std::size_t count = limit.rlim_cur;
    return std::max<std::size_t>(count > descriptor_reserve ? count - descriptor_reserve : 1, 1);
}

// The error names the first entry that is none.
Error add_trusted_proxies(TrustedProxies& proxies, const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
        if (proxies.add(text)) continue;
        return {std::make_error_code(std::errc::invalid_argument),
                "trusted proxy \"" + text +
                    "\": neither an address nor a network (with no bits set behind its prefix) nor "
                    "\"unix\""};
    }
    return {};
}

// The CPUs that the process may use.
std::vector<int> usable_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    std::vector<int> cpus;
    if (::sched_getaffinity(0, sizeof set, &set) != 0) return {0};
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) cpus.push_back(cpu);
    }
    return cpus;
}

}  // namespace

struct Server::State {
    Shard::Common common;
    // In this order: loops delete their connections, which still refer to shards.
    std::vector<std::unique_ptr<Shard>> shards;
    std::vector<std::unique_ptr<Loop>> loops;
    std::vector<std::thread> threads;
    std::vector<std::string> unix_paths;
    Error option_error;              // For listen() to tell.
    std::vector<std::string> names;  // Of what is listened on.
    std::uint16_t port = 0;

    std::mutex mutex;  // Guards what follows.
    std::condition_variable all_done;
    bool is_shutdown_begun = false;
    std::size_t shards_left = 0;
};

Server::Server(ServerOptions options) : state_(std::make_unique<State>()) {
    if (options.memory_max > 0 && options.memory_max < memory_max_least) {
        throw std::invalid_argument("ServerOptions::memory_max is less than 1 MiB");
    }
    const std::vector<int> cpus = usable_cpus();
    const std::size_t count = options.loops > 0 ? options.loops : cpus.size();
    for (std::size_t i = 0; i < count; ++i) {
        const int cpu = options.pin_loops ? cpus[i % cpus.size()] : -1;
        state_->loops.push_back(
            std::make_unique<Loop>(LoopOptions{.busy_poll_us = options.busy_poll_us, .cpu = cpu}));
    }
    state_->common.memory = std::make_unique<MemoryBudget>(
        options.memory_max > 0 ? options.memory_max : usable_memory_size() / 2);
    for (const auto& loop : state_->loops) {
        loop->pool().count_against(*state_->common.memory, Loop::queues_size_max);
    }
    const std::size_t total_max =
        options.connections_max > 0 ? options.connections_max : descriptor_limit();
    state_->common.admissions = std::make_unique<AdmissionControl>(AdmissionControl::Limits{
        .total_max = total_max, .per_address_max = options.connections_per_address_max});
    state_->option_error =
        add_trusted_proxies(state_->common.trusted_proxies, options.trusted_proxies);
    state_->common.options = std::move(options);
}

Server::~Server() {
    if (!state_->threads.empty()) {
        shutdown(0);
        for (std::thread& thread : state_->threads) thread.join();
    }
    for (std::size_t i = 0; i < state_->shards.size(); ++i) {
        state_->shards[i]->terminate_all();
        state_->loops[i]->poll(0);  // Their close handlers run.
    }
    for (const std::string& path : state_->unix_paths) ::unlink(path.c_str());
    // What is left on the loops refers to the shards and this state until it is deleted.
    const auto loops = std::move(state_->loops);
}

void Server::ws(std::string_view pattern, Handlers handlers, RouteOptions options) {
    add_route(pattern, std::move(handlers), std::move(options), {});
}

void Server::add_route(std::string_view pattern, Handlers handlers, RouteOptions options,
                       UserData user_data) {
    if (!close_code::may_be_on_the_wire(options.overflow_close_code)) {
        throw std::invalid_argument("RouteOptions::overflow_close_code may not be on the wire");
    }
    if (options.close_timeout_ms == 0) {
        throw std::invalid_argument("RouteOptions::close_timeout_ms must not be 0");
    }
    state_->common.router.add(WebSocketRoute{.pattern = PathPattern(std::string(pattern)),
                                             .handlers = std::move(handlers),
                                             .options = std::move(options),
                                             .user_data = user_data});
}

void Server::get(std::string_view pattern, HttpHandler handler) {
    state_->common.router.add(
        HttpRoute{.pattern = PathPattern(std::string(pattern)), .handler = std::move(handler)});
}

// With the first listener the routes are complete.
void Server::make_shards() {
    if (!state_->shards.empty()) return;
    for (const auto& loop : state_->loops) {
        state_->shards.push_back(std::make_unique<Shard>(state_->common, *loop));
        state_->common.shards.push_back(state_->shards.back().get());
    }
    state_->shards_left = state_->shards.size();
}

Error Server::listen(const ListenOptions& options) {
    if (state_->option_error) return state_->option_error;
    make_shards();
    ListenSockets sockets = open_listen_sockets(options, loop_count());
    if (sockets.error) return sockets.error;
    state_->names.push_back(std::move(sockets.name));
    if (state_->port == 0) state_->port = sockets.port;
    if (!options.unix_path.empty()) state_->unix_paths.push_back(options.unix_path);
    const ListenerSetup setup{.is_shared = sockets.fds.size() < loop_count(),
                              .proxy_protocol = options.proxy_protocol,
                              .tls = options.tls,
                              .protocol = options.protocol};
    while (sockets.fds.size() < loop_count()) {
        sockets.fds.emplace_back(::fcntl(sockets.fds.front().get(), F_DUPFD_CLOEXEC, 0));
    }
    for (std::size_t i = 0; i < loop_count(); ++i) {
        state_->shards[i]->listen(std::move(sockets.fds[i]), setup);
    }
    return {};
}

std::uint16_t Server::port() const noexcept {
    return state_->port;
}

const std::string& Server::listening_on(std::size_t listener) const noexcept {
    static const std::string none;
    return listener < state_->names.size() ? state_->names[listener] : none;
}

int Server::run(const ListenOptions& options) {
    if (const Error error = listen(options)) {
        std::fprintf(stderr, "%s\n", error.message.c_str());
        return 1;
    }
    return run();
}

int Server::run() {
    make_shards();
    start_threads(1);
    state_->loops.front()->run();
    for (std::thread& thread : state_->threads) thread.join();
    state_->threads.clear();
    return 0;
}

void Server::start() {
    make_shards();
    start_threads(0);
}

void Server::start_threads(std::size_t first) {
    for (std::size_t i = first; i < loop_count(); ++i) {
        state_->threads.emplace_back([loop = state_->loops[i].get()] { loop->run(); });
    }
}

void Server::shutdown(std::uint64_t grace_ms) {
    begin_shutdown(grace_ms);
    for (const auto& loop : state_->loops) {
        if (loop.get() == Loop::current()) return;
    }
    std::unique_lock lock(state_->mutex);
    state_->all_done.wait(lock, [&] { return state_->shards_left == 0; });
}

void Server::begin_shutdown(std::uint64_t grace_ms) {
    {
        const std::lock_guard lock(state_->mutex);
        if (std::exchange(state_->is_shutdown_begun, true)) return;
    }
    for (const auto& shard : state_->shards) {
        shard->loop().post([this, grace_ms, shard = shard.get()] {
            shard->shut_down(grace_ms, [this] { shard_is_done(); });
        });
    }
}

void Server::shard_is_done() {
    const std::lock_guard lock(state_->mutex);
    if (--state_->shards_left > 0) return;
    for (const auto& loop : state_->loops) loop->stop();
    state_->all_done.notify_all();
}

void Server::publish(std::string_view topic, Message message) {
    publish(topic, PreparedMessage(message));
}

void Server::publish(std::string_view topic, const PreparedMessage& message) {
    state_->common.publish(topic, message);
}

void Server::visit(const Function<void(Connection&)>& visitor) {
    for (const auto& shard : state_->shards) {
        shard->loop().post([shard = shard.get(), visitor] { shard->visit(visitor); });
    }
}

Stats Server::stats() const {
    Stats stats;
    for (const auto& shard : state_->shards) shard->counters().add_to(stats);
    return stats;
}

std::size_t Server::loop_count() const noexcept {
    return state_->loops.size();
}

Loop& Server::loop(std::size_t index) noexcept {
    return *state_->loops[index];
}

}  // namespace edgews
