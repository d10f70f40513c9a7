// Clients of the broker: consumers, producers, workers, and those who let it down.
#include <edgews/stomp_frame.hpp>

#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include "socket.hpp"
#include "stomp_line.hpp"
#include "world.hpp"

namespace soak {
namespace {

using edgews::Task;
using edgews::stomp::Command;
using namespace std::string_view_literals;

constexpr std::uint64_t patience_ms = 6'000;  // More than any limit of the broker.

// Milliseconds since 1970: a message of a queue is gone soon, for in a calm nothing is left.
std::string soon() {
    using namespace std::chrono;
    const auto now = system_clock::now().time_since_epoch();
    return std::to_string(duration_cast<milliseconds>(now).count() + 4'000);
}

std::string some_queue(World& world) {
    return "/queue/jobs-" + std::to_string(world.dice.below(20));
}

std::string some_topic(World& world) {
    return "/topic/room/" + std::to_string(world.dice.below(20));
}

void send_job(World& world, StompLine& line, std::string_view queue, std::string_view transaction) {
    const std::string expires = soon();
    const std::string body = world.text(world.dice.between(1, 3'000));
    if (transaction.empty()) {
        line.send(Command::send, {{"destination", queue}, {"expires", expires}}, body);
    } else {
        line.send(Command::send,
                  {{"destination", queue}, {"expires", expires}, {"transaction", transaction}},
                  body);
    }
}

Task<bool> hears_what_it_sends(World& world) {
    StompLine line(world);
    const bool is_in = co_await log_in(world, line);
    if (!is_in) co_return false;
    const std::string topic = "/topic/own/" + std::to_string(world.dice.below(1'000'000));
    const std::string body = world.text(world.dice.between(1, 5'000));
    line.send(Command::subscribe, {{"id", "0"}, {"destination", topic}});
    line.send(Command::send, {{"destination", topic}}, body);
    const Heard heard = co_await hear(world, line, Command::message, patience_ms);
    if (heard.command == Command::message && heard.body != body) ++world.wrong_total;
    co_await leave(world, line);
    co_return heard.command == Command::message;
}

Task<bool> subscribes_to_a_pattern(World& world) {
    StompLine line(world);
    const bool is_in = co_await log_in(world, line, "1000,1000");
    if (!is_in) co_return false;
    const bool is_wide = world.dice.chance(50);
    line.send(Command::subscribe,
              {{"id", "p"}, {"destination", is_wide ? "/topic/room/#" : "/topic/*/1"}});
    bool has_heard = false;
    for (int i = 0; i < 5; ++i) {
        const Heard heard = co_await hear(world, line, Command::message, 500);
        has_heard = has_heard || heard.command == Command::message;
        line.send_bytes("\n");
    }
    co_await leave(world, line);
    co_return has_heard;
}

Task<bool> publishes(World& world) {
    StompLine line(world);
    const bool is_in = co_await log_in(world, line);
    if (!is_in) co_return false;
    const std::uint64_t count = world.dice.between(1, 40);
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::string topic = some_topic(world);
        line.send(Command::send, {{"destination", topic}},
                  world.text(world.dice.between(1, 4'000)));
        if (i % 8 == 7) co_await world.pause(1, 30);
    }
    co_await leave(world, line);
    co_return true;
}

Task<bool> leaves_jobs(World& world) {
    StompLine line(world);
    const bool is_in = co_await log_in(world, line);
    if (!is_in) co_return false;
    const std::string queue = some_queue(world);
    const std::uint64_t count = world.dice.between(1, 20);
    for (std::uint64_t i = 0; i < count; ++i) send_job(world, line, queue, "");
    co_await leave(world, line);
    co_return true;
}

// Acknowledges some, refuses some, and leaves with others still in its hands.
Task<bool> does_jobs(World& world) {
    StompLine line(world);
    const bool is_in = co_await log_in(world, line);
    if (!is_in) co_return false;
    const std::string queue = some_queue(world);
    const bool is_individual = world.dice.chance(60);
    line.send(Command::subscribe, {{"id", "w"},
                                   {"destination", queue},
                                   {"ack", is_individual ? "client-individual" : "client"},
                                   {"prefetch-count", "8"}});
    send_job(world, line, queue, "");
    bool has_heard = false;
    const std::uint64_t until = world.loop.now_ms() + world.dice.between(300, 4'000);
    while (!line.is_over() && world.loop.now_ms() < until) {
        for (const Heard& heard : line.take()) {
            if (heard.command != Command::message) continue;
            has_heard = true;
            switch (world.dice.below(5)) {
                case 0: line.send(Command::nack, {{"id", heard.ack}}); break;
                case 1: line.send(Command::nack, {{"id", heard.ack}, {"requeue", "false"}}); break;
                case 2: break;
                default: line.send(Command::ack, {{"id", heard.ack}}); break;
            }
        }
        co_await world.pause(10, 50);
    }
    if (world.dice.chance(30)) line.send(Command::unsubscribe, {{"id", "w"}});
    co_await leave(world, line);
    co_return has_heard;
}

// A transaction that is committed, aborted, or left open.
Task<bool> sends_in_a_transaction(World& world) {
    StompLine line(world);
    const bool is_in = co_await log_in(world, line);
    if (!is_in) co_return false;
    const std::string queue = some_queue(world);
    line.send(Command::begin, {{"transaction", "t"}});
    const std::uint64_t count = world.dice.between(1, 20);
    for (std::uint64_t i = 0; i < count; ++i) send_job(world, line, queue, "t");
    switch (world.dice.below(3)) {
        case 0: line.send(Command::abort, {{"transaction", "t"}, {"receipt", "done"}}); break;
        case 1: line.send(Command::commit, {{"transaction", "t"}, {"receipt", "done"}}); break;
        default:
            co_await world.pause(1, 2'000);
            line.reset();
            co_return true;
    }
    const Heard receipt = co_await hear(world, line, Command::receipt, patience_ms);
    co_await leave(world, line);
    co_return receipt.command == Command::receipt;
}

// The ACK is part of the transaction, too.
Task<bool> does_a_job_in_a_transaction(World& world) {
    StompLine line(world);
    const bool is_in = co_await log_in(world, line);
    if (!is_in) co_return false;
    const std::string queue = "/queue/own-" + std::to_string(world.dice.below(1'000'000));
    send_job(world, line, queue, "");
    line.send(Command::subscribe,
              {{"id", "w"}, {"destination", queue}, {"ack", "client-individual"}});
    const Heard job = co_await hear(world, line, Command::message, patience_ms);
    if (job.command != Command::message) co_return false;
    line.send(Command::begin, {{"transaction", "t"}});
    line.send(Command::ack, {{"id", job.ack}, {"transaction", "t"}});
    send_job(world, line, "/queue/done", "t");
    line.send(Command::commit, {{"transaction", "t"}, {"receipt", "done"}});
    const Heard receipt = co_await hear(world, line, Command::receipt, patience_ms);
    co_await leave(world, line);
    co_return receipt.command == Command::receipt;
}

Task<bool> asks_the_application(World& world) {
    StompLine line(world);
    const bool is_in = co_await log_in(world, line);
    if (!is_in) co_return false;
    const std::string body = world.text(200);
    line.send(Command::subscribe, {{"id", "r"}, {"destination", "/temp-queue/answers"}});
    line.send(Command::send, {{"destination", "/app/echo"}, {"reply-to", "/temp-queue/answers"}},
              body);
    const Heard answer = co_await hear(world, line, Command::message, patience_ms);
    if (answer.command == Command::message && answer.body != body) ++world.wrong_total;
    co_await leave(world, line);
    co_return answer.command == Command::message;
}

Task<bool> hears_as_a_user(World& world) {
    StompLine line(world);
    const bool is_in = co_await log_in(world, line);
    if (!is_in) co_return false;
    line.send(Command::subscribe, {{"id", "u"}, {"destination", "/user/queue/news"}});
    const Heard news = co_await hear(world, line, Command::message, 4'000);
    co_await leave(world, line);
    co_return news.command == Command::message;
}

// Who clears what nobody could digest.
Task<bool> takes_dead_letters(World& world) {
    StompLine line(world);
    const bool is_in = co_await log_in(world, line);
    if (!is_in) co_return false;
    line.send(Command::subscribe, {{"id", "d"}, {"destination", "/queue/dead-letters"}});
    const Heard letter = co_await hear(world, line, Command::message, 5'000);
    co_await leave(world, line);
    co_return letter.command == Command::message;
}

// Subscribes to all rooms, and takes nothing.
Task<bool> takes_nothing(World& world) {
    Socket socket(world.ports.stomp, 4096);
    socket.send(
        "CONNECT\naccept-version:1.2\nhost:/\nlogin:deaf\npasscode:open\n\n\0"
        "SUBSCRIBE\nid:0\ndestination:/topic/room/#\n\n\0"sv);
    co_await world.pause(2'000, 9'000);
    co_await desert(world, socket);
    co_return true;
}

Task<bool> is_not_let_in(World& world) {
    StompLine line(world);
    line.send(
        Command::connect,
        {{"accept-version", "1.2"}, {"host", "/"}, {"login", "user-1"}, {"passcode", "wrong"}});
    const Heard refusal = co_await hear(world, line, Command::error, patience_ms);
    co_return refusal.command == Command::error;
}

Task<bool> breaks_a_stomp_rule(World& world) {
    constexpr std::array wrong{
        "NONSENSE\n\n\0"sv,
        "SEND\n\nno destination\0"sv,
        "ACK\nid:1-1\n\n\0"sv,
        "SEND\ndestination:/elsewhere\n\nx\0"sv,
        "COMMIT\ntransaction:none\n\n\0"sv,
        "SUBSCRIBE\nid:1\ndestination:/app/echo\n\n\0"sv,
    };
    StompLine line(world);
    const bool is_in = co_await log_in(world, line);
    if (!is_in) co_return false;
    line.send_bytes(wrong[world.dice.below(wrong.size())]);
    const Heard error = co_await hear(world, line, Command::error, patience_ms);
    if (error.command != Command::error) co_return false;
    const bool has_ended = co_await hear_end(world, line, patience_ms);
    co_return has_ended;
}

// Promises heart-beats, and sends none.
Task<bool> forgets_heart_beats(World& world) {
    StompLine line(world);
    const bool is_in = co_await log_in(world, line, "1000,0");
    if (!is_in) co_return false;
    const bool has_ended = co_await hear_end(world, line, patience_ms);
    co_return has_ended;
}

Task<bool> never_says_connect(World& world) {
    Socket socket(world.ports.stomp);
    socket.send("CONN");
    if (world.dice.chance(70)) {
        co_await desert(world, socket);
        co_return true;
    }
    const bool has_ended = co_await hear_end(world, socket, patience_ms);
    co_return has_ended;
}

Task<bool> stops_within_a_stomp_frame(World& world) {
    StompLine line(world);
    const bool is_in = co_await log_in(world, line);
    if (!is_in) co_return false;
    line.send_bytes("SEND\ndestination:/queue/half\ncontent-length:90000\n\n" +
                    world.text(world.dice.between(1, 80'000)));
    co_await world.pause(1, 2'000);
    line.reset();
    co_return true;
}

constexpr std::array personas{
    Persona{"hears what it sends", 12, hears_what_it_sends},
    Persona{"subscribes to a pattern", 5, subscribes_to_a_pattern},
    Persona{"publishes", 6, publishes},
    Persona{"leaves jobs", 8, leaves_jobs},
    Persona{"does jobs", 10, does_jobs},
    Persona{"sends in a transaction", 8, sends_in_a_transaction},
    Persona{"does a job in a transaction", 5, does_a_job_in_a_transaction},
    Persona{"asks the application", 6, asks_the_application},
    Persona{"hears as a user", 3, hears_as_a_user},
    Persona{"takes dead letters", 2, takes_dead_letters},
    Persona{"takes nothing", 2, takes_nothing},
    Persona{"is not let in", 4, is_not_let_in},
    Persona{"breaks a rule of STOMP", 5, breaks_a_stomp_rule},
    Persona{"forgets heart-beats", 2, forgets_heart_beats},
    Persona{"never says CONNECT", 3, never_says_connect},
    Persona{"stops within a STOMP frame", 4, stops_within_a_stomp_frame},
};

}  // namespace

std::span<const Persona> stomp_personas() noexcept {
    return personas;
}

}  // namespace soak
