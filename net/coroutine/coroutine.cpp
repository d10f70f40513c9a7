#include <edgews/coroutine.hpp>

#include "net/connection/websocket_connection.hpp"
#include "net/loop/reactor.hpp"

#include <stdexcept>

namespace edgews {

namespace {

// A coroutine that the loop owns.
class Spawned final : public Registered {
  public:
    Spawned(Loop& loop, Task<> task, Function<void(std::exception_ptr)> failed)
        : loop_(loop), failed_(std::move(failed)), root_(run(std::move(task))) {}

    void start() { root_.await_suspend(std::noop_coroutine()).resume(); }
    void let_go() noexcept override { root_ = {}; }

  private:
    Task<> run(Task<> task) {
        try {
            co_await task;
        } catch (...) {
            if (!failed_) std::terminate();
            failed_(std::current_exception());
        }
        loop_.cancel(token());  // Unless somebody did.
    }

    Loop& loop_;
    Function<void(std::exception_ptr)> failed_;
    Task<> root_;
};

ClientHandlers client_handlers(AsyncState& state, Delivery delivery) {
    ClientHandlers handlers;
    handlers.open = [&state](Client& client) { state.opened(*client.connection()); };
    if (delivery == Delivery::messages) {
        handlers.message = [&state](Client&, Message message) { state.message(message); };
    } else {
        handlers.message_begin = [&state](Client&, Message::Kind kind) { state.part_begins(kind); };
        handlers.message_chunk = [&state](Client&, std::span<const std::byte> bytes) {
            state.part(bytes);
        };
        handlers.message_end = [&state](Client&) { state.part_ends(); };
    }
    handlers.drain = [&state](Client&) { state.drained(); };
    handlers.error = [&state](Client&, const ClientError& error) { state.failed(error); };
    handlers.close = [&state](Client&, const CloseEvent& event) { state.closed(event); };
    return handlers;
}

Task<AsyncConnection> open(Loop& loop, std::string url, ClientOptions options, Delivery delivery) {
    options.drain_mark = 0;
    options.overflow = Overflow::drop;
    options.reconnect = {};
    const auto state = std::make_shared<AsyncState>();
    state->client = std::make_unique<Client>(loop, std::move(url),
                                             client_handlers(*state, delivery), std::move(options));
    AsyncConnection connection(state);
    co_await connection.opened();
    co_return connection;
}

Task<> run_handler(std::shared_ptr<AsyncState> state, Task<> handler) {
    try {
        co_await handler;
        if (state->connection() != nullptr) state->connection()->close();
    } catch (...) {
        if (state->connection() != nullptr) engine_of(*state->connection()).guard([] { throw; });
    }
}

}  // namespace

Token spawn(Loop& loop, Task<> task, Function<void(std::exception_ptr)> failed) {
    if (!task) throw std::invalid_argument("spawn(): the task has no coroutine");
    auto* const spawned = new Spawned(loop, std::move(task), std::move(failed));
    Reactor::of(loop).add(*spawned);  // Which owns it now.
    const Token token = spawned->token();
    spawned->start();
    return token;
}

Task<AsyncConnection> connect(Loop& loop, std::string_view url, Delivery delivery) {
    return open(loop, std::string(url), ClientOptions(), delivery);
}

Task<AsyncConnection> connect(Loop& loop, std::string_view url, const ClientOptions& options,
                              Delivery delivery) {
    return open(loop, std::string(url), options, delivery);
}

void start_handler(Connection& connection, const std::shared_ptr<AsyncState>& state,
                   Task<> handler) {
    state->opened(connection);
    spawn(connection.loop(), run_handler(state, std::move(handler)));
}

}  // namespace edgews
