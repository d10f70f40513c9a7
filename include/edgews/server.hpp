// The server: routes, loops, and what is true of all connections together.
//
//     edgews::Server server;
//     server.ws("/echo", {.message = [](edgews::Connection& c, edgews::Message m) { c.send(m); }});
//     return server.run({.port = 9001});
//
// Routes come first, then listen(), then run() or start(). A server has its life
// once: after a shutdown it is not started again.
#pragma once

#include <edgews/connection.hpp>
#include <edgews/endpoint.hpp>
#include <edgews/error.hpp>
#include <edgews/function.hpp>
#include <edgews/loop.hpp>
#include <edgews/message.hpp>
#include <edgews/options.hpp>
#include <edgews/prepared_message.hpp>
#include <edgews/request.hpp>
#include <edgews/response.hpp>
#include <edgews/route.hpp>
#include <edgews/stats.hpp>
#include <edgews/upgrade.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews {

class Fd;              // net/loop/fd.hpp
struct ListenerSetup;  // net/server/listener.hpp

class Server {
  public:
    // Throws std::system_error when the system refuses (no descriptors left), std::invalid_argument
    // for an option out of its range.
    explicit Server(ServerOptions options = {});
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    // Drops whoever is still connected; their close handlers run. Waits for each shutdown() that is
    // under way on another thread. Requires: run() is not running, in this thread or another; and
    // of all other functions, each call on another thread has returned.
    ~Server();

    // Routes. The most specific pattern wins (core/http/path_pattern.hpp). A malformed
    // pattern, two for the same paths, or an option out of its range throw std::invalid_argument.
    // After listen(), run() or start() they throw std::logic_error.

    void ws(std::string_view pattern, Handlers handlers, RouteOptions options = {});
    // With a T in each connection, reached by connection.data<T>(): made before the
    // upgrade handler, destroyed after the close handler.
    template <class T>
    void ws(std::string_view pattern, Handlers handlers, RouteOptions options = {}) {
        const UserData user_data = UserData::of<T>();
        add_route(pattern, std::move(handlers), std::move(options), user_data);
    }
    // With a T as the endpoint of each connection: its member functions are the handlers
    // (edgews/endpoint.hpp).
    template <Endpoint T>
    void ws(std::string_view pattern, RouteOptions options = {}) {
        const UserData user_data = UserData::of<T>();
        Handlers handlers = endpoint_handlers<T>();
        add_route(pattern, std::move(handlers), std::move(options), user_data);
    }
    // Plain HTTP: GET and HEAD. The handler runs on the loops, several at once, and must not block.
    // An empty one throws std::invalid_argument.
    void get(std::string_view pattern, HttpHandler handler);

    // Opens and binds; may be called for several addresses. After run(), start() or shutdown() it
    // is an error, which says so.
    [[nodiscard]] Error listen(const ListenOptions& options);
    // The port of the first TCP listener; 0 before.
    [[nodiscard]] std::uint16_t port() const noexcept;
    // What the calls of listen() opened, in their order: "127.0.0.1:9001", "unix:/run/x". Empty:
    // there was no such call.
    [[nodiscard]] const std::string& listening_on(std::size_t listener = 0) const noexcept;

    // Runs all loops, one of them in the calling thread, until shutdown() is done. 0. A second
    // run() or start() throws std::logic_error. Where the system has no thread for one of the loops
    // they throw std::system_error: none runs then, and they can be tried again.
    int run();
    // listen() and run(); 1, with a message on stderr, when it cannot listen.
    int run(const ListenOptions& options);
    // Runs all loops in threads of their own.
    void start();

    // Any thread. Stops accepting, closes every connection with 1001, waits for
    // their closes, and drops who is left after `grace_ms`; then the loops stop. Returns when that
    // is done; on one of the server's own loops at once, and run() returns when it is done. Once it
    // has been called, the server may be destroyed as soon as run() returns.
    // Requires: run() or start() has been called, or will be: it waits for the loops.
    void shutdown(std::uint64_t grace_ms = 5'000);

    // Any thread. To all subscribers of the topic, on all loops; in the order of one
    // thread's calls. The message is framed once.
    void publish(std::string_view topic, Message message);
    void publish(std::string_view topic, const PreparedMessage& message);
    // Any thread. Runs visitor(Connection&) for each open connection, on its own
    // loop: on several at once, some time after visit() has returned. An empty visitor throws
    // std::invalid_argument.
    void visit(const Function<void(Connection&)>& visitor);
    // Any thread.
    [[nodiscard]] Stats stats() const;

    // For those who drive a loop themselves in place of run(): loop(0).poll(…).
    [[nodiscard]] std::size_t loop_count() const noexcept;
    // Requires: index < loop_count().
    [[nodiscard]] Loop& loop(std::size_t index) noexcept;

  private:
    struct State;
    void add_route(std::string_view pattern, Handlers handlers, RouteOptions options,
                   UserData user_data);
    void require_setting_up(std::string_view what, std::string_view pattern) const;
    void make_shards();
    [[nodiscard]] int share_out(std::vector<Fd> fds, const ListenerSetup& setup);
    [[nodiscard]] bool begin_running(const char* what);
    [[nodiscard]] bool is_shutting_down() const;
    void start_threads(std::size_t first);
    void join_threads();
    void begin_shutdown(std::uint64_t grace_ms) noexcept;
    void await_shutdown_calls();
    void shard_is_done();

    std::unique_ptr<State> state_;
};

}  // namespace edgews
