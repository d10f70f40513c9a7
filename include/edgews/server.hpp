// The server: its routes, its listeners, its loops, and its connections together.
//
//     edgews::Server server;
//     server.ws("/echo", {.message = [](edgews::Connection& c, edgews::Message m) { c.send(m); }});
//     return server.run({.port = 9001});
//
// Routes come first, then listen(), then run() or start(). A server that was shut down cannot be
// started again.
#pragma once

#include <edgews/connection.hpp>
#include <edgews/endpoint.hpp>
#include <edgews/error.hpp>
#include <edgews/event_stream.hpp>
#include <edgews/function.hpp>
#include <edgews/loop.hpp>
#include <edgews/message.hpp>
#include <edgews/options.hpp>
#include <edgews/prepared_message.hpp>
#include <edgews/request.hpp>
#include <edgews/response.hpp>
#include <edgews/response_stream.hpp>
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

class Backplane;       // edgews/backplane.hpp
class Fd;              // net/loop/fd.hpp
struct ListenerSetup;  // net/server/listener.hpp
class TopicsAbroad;    // net/connection/topics_abroad.hpp

class Server {
  public:
    // Throws std::system_error when the system refuses (no descriptors left), std::invalid_argument
    // for an option out of its range.
    explicit Server(ServerOptions options = {});
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    // Drops all connections that are left, and their close handlers run. Waits for each shutdown()
    // that is under way on another thread. Requires: run() is not running on any thread, and each
    // call of another function on another thread has returned.
    ~Server();

    // Routes. The most specific pattern wins (core/http/path_pattern.hpp). These functions throw
    // std::invalid_argument for a malformed pattern, a second one for the same paths, and an option
    // out of its range; and std::logic_error after listen(), run() or start().

    void ws(std::string_view pattern, Handlers handlers, RouteOptions options = {});
    // The same with a T in each connection, which connection.data<T>() returns. It is made before
    // the upgrade handler is called, and destroyed after the close handler has returned.
    template <class T>
    void ws(std::string_view pattern, Handlers handlers, RouteOptions options = {}) {
        const UserData user_data = UserData::of<T>();
        add_route(pattern, std::move(handlers), std::move(options), user_data);
    }
    // The same with a T as the endpoint of each connection. Its member functions are the handlers
    // (edgews/endpoint.hpp).
    template <Endpoint T>
    void ws(std::string_view pattern, RouteOptions options = {}) {
        const UserData user_data = UserData::of<T>();
        Handlers handlers = endpoint_handlers<T>();
        add_route(pattern, std::move(handlers), std::move(options), user_data);
    }
    // Answers requests of plain HTTP, whose body, if they have one, has come as a whole. The
    // handler runs on all loops, on several at once, and must not block (Request::defer()). HEAD is
    // answered as GET is, without the content, unless it has a handler of its own; OPTIONS by the
    // methods that there are, and a method that a path does not have by 405 and those. An empty
    // handler throws std::invalid_argument.
    void get(std::string_view pattern, HttpHandler handler, HttpRouteOptions options = {});
    void post(std::string_view pattern, HttpHandler handler, HttpRouteOptions options = {});
    void put(std::string_view pattern, HttpHandler handler, HttpRouteOptions options = {});
    void patch(std::string_view pattern, HttpHandler handler, HttpRouteOptions options = {});
    void del(std::string_view pattern, HttpHandler handler, HttpRouteOptions options = {});
    // The same for any method (RFC 9110, section 9.1) but CONNECT: "PROPFIND". Their case counts.
    // One that is no token throws std::invalid_argument.
    void http(std::string_view method, std::string_view pattern, HttpHandler handler,
              HttpRouteOptions options = {});
    // Serves the files beneath the directory `path` to GET and HEAD, at `prefix` and what follows
    // it: files("/static", "/srv/www") serves /srv/www/css/a.css at "/static/css/a.css". It answers
    // conditions and ranges (RFC 9110, sections 13 and 14), and sends what changes meanwhile as it
    // finds it. Nothing outside the directory is served, links or not, and of a path that has a
    // segment "..", or one that begins with a dot, nothing. A directory's own path is led to the
    // one with a slash behind it, and that is answered by its index; there are no listings. More
    // specific routes win. A file that is read from a slow disk holds its loop up for 256 KiB at a
    // time. Throws std::invalid_argument for a prefix that does not begin with '/', or has a
    // parameter, and for an option that no header can say; std::system_error: the directory cannot
    // be opened.
    void files(std::string_view prefix, const std::string& path, FileOptions options = {});
    // Has call(loop) called once on each loop, when the server shuts down, before the loop's
    // connections are closed: for who left answers open (Request::defer()), and can give them now.
    // A server that is destroyed without shutdown() calls it, too, but its connections are lost by
    // then. An empty function throws std::invalid_argument; after listen(), run() or start() this
    // throws std::logic_error.
    void on_shutdown(Function<void(Loop&)> call);
    // Carries topics to other machines, and theirs here (edgews/backplane.hpp). It must outlive the
    // server, and can serve one. A second call throws std::logic_error, and so does one after
    // listen(), run() or start().
    void backplane(Backplane& backplane);

    // Opens and binds a socket. It may be called for several addresses. After run(), start() or
    // shutdown() it returns an error that says so.
    [[nodiscard]] Error listen(const ListenOptions& options);
    // The port of the first TCP listener. 0: there is none yet.
    [[nodiscard]] std::uint16_t port() const noexcept;
    // The address that a call of listen() opened, in the order of these calls: "127.0.0.1:9001",
    // "unix:/run/x". Empty: there was no such call.
    [[nodiscard]] const std::string& listening_on(std::size_t listener = 0) const noexcept;

    // Runs all loops, one of them on the calling thread, until shutdown() is done. Returns 0. A
    // second run() or start() throws std::logic_error. When the system has no thread for one of the
    // loops, both throw std::system_error; then no loop runs, and they can be tried again.
    int run();
    // Calls listen() and run(). When it cannot listen, it writes the error to stderr and returns 1.
    int run(const ListenOptions& options);
    // Runs all loops on threads of their own, and returns.
    void start();

    // Any thread. Stops accepting, closes every connection with 1001, waits for the peers' close
    // frames, and drops the connections that are left after `grace_ms`. Then the loops stop. It
    // returns when that is done; on one of the server's own loops it returns at once, and run()
    // returns when that is done. From the call on, the server may be destroyed as soon as run()
    // returns. Requires: run() or start() has been called or will be, for it waits for the loops.
    void shutdown(std::uint64_t grace_ms = 5'000);

    // Any thread. Sends the message to all subscribers of the topic, on all loops, in the order of
    // one thread's calls. It is framed once.
    PublishResult publish(std::string_view topic, Message message);
    PublishResult publish(std::string_view topic, const PreparedMessage& message);
    // Any thread. Calls visitor(Connection&) for each open connection, on the connection's loop,
    // and so on several threads at once, some time after visit() has returned. An empty visitor
    // throws std::invalid_argument.
    void visit(const Function<void(Connection&)>& visitor);
    // Any thread. The counters of all loops together.
    [[nodiscard]] Stats stats() const;

    // The loops, for an application that turns one itself in place of run(): loop(0).poll(…).
    [[nodiscard]] std::size_t loop_count() const noexcept;
    // Requires: index < loop_count().
    [[nodiscard]] Loop& loop(std::size_t index) noexcept;

  private:
    struct State;
    void add_route(std::string_view pattern, Handlers handlers, RouteOptions options,
                   UserData user_data);
    void add_http(const std::string& what, std::string_view method, std::string_view pattern,
                  HttpHandler handler, HttpRouteOptions options);
    void carry(TopicsAbroad& topics);
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
