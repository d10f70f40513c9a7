#include <edgews/server.hpp>

#include <edgews/address.hpp>
#include "core/http/http_token.hpp"
#include "core/http/request_host.hpp"
#include "net/connection/admission_control.hpp"
#include "net/connection/topics_abroad.hpp"
#include "net/loop/cpu.hpp"
#include "net/server/file_route.hpp"
#include "net/server/listen_socket.hpp"
#include "net/server/listener.hpp"
#include "net/server/shard.hpp"
#include "net/stream/memory_limit.hpp"
#include "net/stream/socket.hpp"
#include "net/stream/streams_on_loop.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace edgews {

namespace {

// Descriptors that stay free for the application, and for refusing cleanly.
constexpr std::size_t descriptor_reserve = 64;
constexpr std::size_t memory_max_least = 1024 * 1024;

std::size_t descriptor_limit() noexcept {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return SIZE_MAX;
    const std::size_t count = limit.rlim_cur;
    return count > descriptor_reserve ? count - descriptor_reserve : 1;
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

// The error names the first entry that can never match.
Error check_hosts(const std::vector<std::string>& hosts) {
    for (const std::string& host : hosts) {
        if (is_host_entry(host)) continue;
        return {std::make_error_code(std::errc::invalid_argument),
                "ServerOptions::hosts: \"" + host +
                    "\" is neither a name nor an address (without a port) nor \"*\""};
    }
    return {};
}

// Without a CPU (-1), or one that is not there any more, the loop runs where it can.
void run_on(int cpu, Loop& loop) {
    (void)pin_thread(cpu);
    loop.run();
}

std::thread start_thread(int cpu, Loop& loop) {
    try {
        return std::thread([cpu, &loop] { run_on(cpu, loop); });
    } catch (const std::system_error& error) {
        throw std::system_error(error.code(), "pthread_create");
    }
}

}  // namespace

struct Server::State {
    Shard::Common common;
    // In this order: loops delete their connections, which still refer to shards.
    std::vector<std::unique_ptr<Shard>> shards;
    std::vector<std::unique_ptr<Loop>> loops;
    std::vector<int> cpus;  // That each loop's thread is pinned to; -1: none.
    std::vector<std::thread> threads;
    std::vector<std::string> unix_paths;
    Error option_error;              // For listen() to tell.
    std::vector<std::string> names;  // Of what is listened on.
    std::uint16_t port = 0;
    // What may be called yet. Of the thread that sets up.
    enum class Phase : std::uint8_t { routes, listeners, running };
    Phase phase = Phase::routes;

    std::mutex mutex;  // Guards what follows.
    std::condition_variable all_done;
    bool is_shutdown_begun = false;
    std::size_t shards_left = 0;
    std::size_t shutdown_calls = 0;  // Those that have not returned.
};

void Server::require_setting_up(std::string_view what, std::string_view pattern) const {
    if (state_->phase == State::Phase::routes) return;
    throw std::logic_error(std::string(what) + "(\"" + std::string(pattern) +
                           "\"): routes come before listen(), and before run() or start()");
}

Server::Server(ServerOptions options) : state_(std::make_unique<State>()) {
    if (options.memory_max > 0 && options.memory_max < memory_max_least) {
        throw std::invalid_argument("ServerOptions::memory_max is less than 1 MiB");
    }
    const std::vector<int> cpus = usable_cpus();
    const std::size_t count = options.loops > 0 ? options.loops : cpus.size();
    for (std::size_t i = 0; i < count; ++i) {
        state_->loops.push_back(
            std::make_unique<Loop>(LoopOptions{.busy_poll_us = options.busy_poll_us}));
        state_->cpus.push_back(options.pin_loops ? cpus[i % cpus.size()] : -1);
    }
    state_->common.memory = std::make_unique<MemoryBudget>(
        options.memory_max > 0 ? options.memory_max : usable_memory_size() / 2);
    for (const auto& loop : state_->loops) {
        Reactor::of(*loop).pool().count_against(*state_->common.memory,
                                                StreamsOnLoop::queues_size_max);
    }
    const std::size_t total_max =
        options.connections_max > 0 ? options.connections_max : descriptor_limit();
    state_->common.admissions = std::make_unique<AdmissionControl>(
        AdmissionControl::Limits{.total_max = total_max,
                                 .per_address_max = options.connections_per_address_max,
                                 .connects_per_minute_max = options.connects_per_minute_max,
                                 .ipv6_prefix_length = options.ipv6_prefix_length});
    state_->option_error =
        add_trusted_proxies(state_->common.trusted_proxies, options.trusted_proxies);
    if (!state_->option_error) state_->option_error = check_hosts(options.hosts);
    state_->common.options = std::move(options);
}

Server::~Server() {
    if (!state_->threads.empty()) {
        shutdown(0);
        join_threads();
    }
    if (state_->common.abroad != nullptr) state_->common.abroad->end();
    for (std::size_t i = 0; i < state_->shards.size(); ++i) {
        Shard* const shard = state_->shards[i].get();
        shard->reactor().post(make_job([shard] { shard->tell_shutdown(); }));
        shard->terminate_all();
        state_->loops[i]->poll(0);  // Their close handlers run.
    }
    await_shutdown_calls();
    for (const std::string& path : state_->unix_paths) ::unlink(path.c_str());
    // What is left on the loops refers to the shards and this state until it is deleted.
    const auto loops = std::move(state_->loops);
}

// A shutdown() on another thread has run() return before it returns itself. Where nobody turned
// the loops to the end, it waits for these turns.
void Server::await_shutdown_calls() {
    std::unique_lock lock(state_->mutex);
    while (state_->shutdown_calls > 0) {
        lock.unlock();
        for (const auto& loop : state_->loops) loop->poll(0);
        lock.lock();
        state_->all_done.wait_for(lock, std::chrono::milliseconds(1),
                                  [&] { return state_->shutdown_calls == 0; });
    }
}

void Server::ws(std::string_view pattern, Handlers handlers, RouteOptions options) {
    add_route(pattern, std::move(handlers), std::move(options), {});
}

void Server::add_route(std::string_view pattern, Handlers handlers, RouteOptions options,
                       UserData user_data) {
    require_setting_up("Server::ws", pattern);
    if (!close_code::may_be_on_the_wire(options.overflow_close_code)) {
        throw std::invalid_argument("RouteOptions::overflow_close_code may not be on the wire");
    }
    if (options.close_timeout_ms == 0) {
        throw std::invalid_argument("RouteOptions::close_timeout_ms must not be 0");
    }
    for (const std::string& name : options.subprotocols) {
        if (is_token(name)) continue;
        throw std::invalid_argument("RouteOptions::subprotocols: \"" + name + "\" is no token");
    }
    state_->common.router.add(WebSocketRoute{.pattern = PathPattern(std::string(pattern)),
                                             .handlers = std::move(handlers),
                                             .options = std::move(options),
                                             .user_data = user_data});
}

void Server::add_http(const std::string& what, std::string_view method, std::string_view pattern,
                      HttpHandler handler, HttpRouteOptions options) {
    require_setting_up(what, pattern);
    if (!handler) throw_empty_callable((what + "(\"" + std::string(pattern) + "\")").c_str());
    if (!is_token(method) || method == "CONNECT") {
        throw std::invalid_argument(what + ": \"" + std::string(method) +
                                    "\" is no method that a path can have");
    }
    state_->common.router.add(HttpRoute{.pattern = PathPattern(std::string(pattern)),
                                        .method = std::string(method),
                                        .handler = std::move(handler),
                                        .options = std::move(options)});
}

void Server::get(std::string_view pattern, HttpHandler handler, HttpRouteOptions options) {
    add_http("Server::get", "GET", pattern, std::move(handler), std::move(options));
}

void Server::post(std::string_view pattern, HttpHandler handler, HttpRouteOptions options) {
    add_http("Server::post", "POST", pattern, std::move(handler), std::move(options));
}

void Server::put(std::string_view pattern, HttpHandler handler, HttpRouteOptions options) {
    add_http("Server::put", "PUT", pattern, std::move(handler), std::move(options));
}

void Server::patch(std::string_view pattern, HttpHandler handler, HttpRouteOptions options) {
    add_http("Server::patch", "PATCH", pattern, std::move(handler), std::move(options));
}

void Server::del(std::string_view pattern, HttpHandler handler, HttpRouteOptions options) {
    add_http("Server::del", "DELETE", pattern, std::move(handler), std::move(options));
}

void Server::http(std::string_view method, std::string_view pattern, HttpHandler handler,
                  HttpRouteOptions options) {
    add_http("Server::http", method, pattern, std::move(handler), std::move(options));
}

void Server::files(std::string_view prefix, const std::string& path, FileOptions options) {
    require_setting_up("Server::files", prefix);
    if (!prefix.starts_with('/') || prefix.find_first_of(":*") != prefix.npos) {
        throw std::invalid_argument("Server::files(\"" + std::string(prefix) +
                                    "\"): a prefix is '/' and text");
    }
    while (prefix.ends_with('/')) prefix.remove_suffix(1);
    const HttpRouteOptions route_options{.cors = options.cors};
    const auto route = std::make_shared<const FileRoute>(path, std::move(options));
    add_http(
        "Server::files", "GET", std::string(prefix) + "/*",
        [route](const Request& request, Response& response) { route->serve(request, response); },
        route_options);
    if (!prefix.empty()) {
        add_http("Server::files", "GET", prefix, FileRoute::redirect_to_directory, route_options);
    }
}

void Server::on_shutdown(Function<void(Loop&)> call) {
    require_callable(call, "Server::on_shutdown()");
    if (state_->phase != State::Phase::routes) {
        throw std::logic_error("Server::on_shutdown() comes before listen(), run() and start()");
    }
    state_->common.on_shutdown.push_back(std::move(call));
}

void Server::carry(TopicsAbroad& topics) {
    if (state_->phase != State::Phase::routes) {
        throw std::logic_error("Server::backplane() comes before listen(), run() and start()");
    }
    if (state_->common.abroad != nullptr) {
        throw std::logic_error("Server::backplane(): the server has one already");
    }
    state_->common.abroad = &topics;
}

// With the first listener the routes are complete.
void Server::make_shards() {
    if (state_->phase != State::Phase::routes) return;
    state_->phase = State::Phase::listeners;
    for (const auto& loop : state_->loops) {
        state_->shards.push_back(std::make_unique<Shard>(state_->common, Reactor::of(*loop)));
        state_->common.shards.push_back(state_->shards.back().get());
    }
    state_->shards_left = state_->shards.size();
    state_->common.shards_open = state_->shards.size();
    if (state_->common.abroad == nullptr) return;
    std::vector<Topics*> topics;
    for (const auto& shard : state_->shards) topics.push_back(&shard->topics());
    state_->common.abroad->begin(std::move(topics));
}

Error Server::listen(const ListenOptions& options) {
    if (state_->option_error) return state_->option_error;
    if (state_->phase == State::Phase::running || is_shutting_down()) {
        return {std::make_error_code(std::errc::operation_not_permitted),
                "Server::listen() comes before run(), start() and shutdown()"};
    }
    ListenSockets sockets = open_listen_sockets(options, loop_count());
    if (sockets.error) return sockets.error;
    make_shards();
    const ListenerSetup setup{.is_shared = sockets.fds.size() < loop_count(),
                              .proxy_protocol = options.proxy_protocol,
                              .is_loopback = sockets.is_loopback,
                              .tls = options.tls,
                              .protocol = options.protocol};
    if (const int error = share_out(std::move(sockets.fds), setup); error != 0) {
        if (!sockets.unix_file.empty()) ::unlink(sockets.unix_file.c_str());
        const std::error_code code(error, std::system_category());
        return {code, "listen on " + sockets.name + ": " + code.message()};
    }
    state_->names.push_back(std::move(sockets.name));
    if (state_->port == 0) state_->port = sockets.port;
    if (!sockets.unix_file.empty()) state_->unix_paths.push_back(std::move(sockets.unix_file));
    return {};
}

// A listener on each loop, or on none. 0, or the system's error number.
int Server::share_out(std::vector<Fd> fds, const ListenerSetup& setup) {
    fds.reserve(loop_count());
    while (fds.size() < loop_count()) {
        fds.emplace_back(::fcntl(fds.front().get(), F_DUPFD_CLOEXEC, 0));
        if (!fds.back()) return errno;
    }
    for (std::size_t i = 0; i < loop_count(); ++i) {
        const int error = state_->shards[i]->listen(std::move(fds[i]), setup);
        if (error == 0) continue;
        while (i > 0) state_->shards[--i]->stop_last_listener();
        return error;
    }
    return 0;
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
    if (!begin_running("Server::run()")) return 0;
    start_threads(1);
    run_on(state_->cpus.front(), *state_->loops.front());
    join_threads();
    return 0;
}

void Server::start() {
    if (begin_running("Server::start()")) start_threads(0);
}

// False: it was shut down before there was anything to run.
bool Server::begin_running(const char* what) {
    if (state_->phase == State::Phase::running) {
        throw std::logic_error(std::string(what) + ": the server runs, or has run, already");
    }
    const bool is_over = state_->phase == State::Phase::routes && is_shutting_down();
    make_shards();
    state_->phase = State::Phase::running;
    return !is_over;
}

bool Server::is_shutting_down() const {
    const std::lock_guard lock(state_->mutex);
    return state_->is_shutdown_begun;
}

// One for each loop from `first` on, or none: without the others, those that had one would be
// waited for in vain.
void Server::start_threads(std::size_t first) {
    try {
        state_->threads.reserve(loop_count());
        for (std::size_t i = first; i < loop_count(); ++i) {
            state_->threads.push_back(start_thread(state_->cpus[i], *state_->loops[i]));
        }
    } catch (...) {
        for (std::size_t i = 0; i < state_->threads.size(); ++i) state_->loops[first + i]->stop();
        join_threads();
        state_->phase = State::Phase::listeners;
        throw;
    }
}

void Server::join_threads() {
    for (std::thread& thread : state_->threads) thread.join();
    state_->threads.clear();
}

void Server::shutdown(std::uint64_t grace_ms) {
    State& state = *state_;
    const bool is_on_own_loop =
        std::any_of(state.loops.begin(), state.loops.end(),
                    [](const auto& loop) { return loop.get() == Loop::current(); });
    std::unique_lock lock(state.mutex);
    ++state.shutdown_calls;
    if (!std::exchange(state.is_shutdown_begun, true)) {
        lock.unlock();
        begin_shutdown(grace_ms);
        lock.lock();
    }
    if (!is_on_own_loop) state.all_done.wait(lock, [&] { return state.shards_left == 0; });
    // The last look at anything of the server's: without calls it may be gone with the lock.
    if (--state.shutdown_calls == 0) state.all_done.notify_all();
}

// Half of it would be no end. Without memory it is the process's.
void Server::begin_shutdown(std::uint64_t grace_ms) noexcept {
    for (const auto& shard : state_->shards) {
        shard->reactor().post(make_job([this, grace_ms, shard = shard.get()] {
            shard->shut_down(grace_ms, [this] { shard_is_done(); });
        }));
    }
}

void Server::shard_is_done() {
    const std::lock_guard lock(state_->mutex);
    if (--state_->shards_left > 0) return;
    for (const auto& loop : state_->loops) loop->stop();
    state_->all_done.notify_all();
}

PublishResult Server::publish(std::string_view topic, Message message) {
    return publish(topic, PreparedMessage(message));
}

PublishResult Server::publish(std::string_view topic, const PreparedMessage& message) {
    return state_->common.publish(topic, message);
}

void Server::visit(const Function<void(Connection&)>& visitor) {
    require_callable(visitor, "Server::visit()");
    for (const auto& shard : state_->shards) {
        shard->reactor().post(make_job([shard = shard.get(), visitor] { shard->visit(visitor); }));
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
