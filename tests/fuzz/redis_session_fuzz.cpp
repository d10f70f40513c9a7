// Checks that a session with a Redis server holds whatever the server says, and gives every answer
// to its command: the input leads the owner, who asks, and the server, which answers, refuses,
// tells messages, lets a cluster's slots leave, or talks nonsense.
//
// - No assert fails, and no rule of memory or arithmetic is broken.
// - The events are the same however the server's bytes are cut.
// - As long as the server makes sense, there is no fault, and each command has one answer: its own.
// - Whatever it says, the numbers of the answers ascend and were given; a session that is over says
//   nothing more and borrows nothing.
//
// The first byte chooses the protocol and the login, the second seeds the cuts. Then each step is a
// byte that says who does what, and its arguments; text is a byte for its size, and so many bytes.
#include "pieces.hpp"
#include "tests/support/redis_session.hpp"

#include "core/redis/session.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace edgews::fuzz;
namespace redis = edgews::redis;
using redis::Event;
using redis::Scope;

namespace {

using Log = std::vector<std::string>;

void require(bool promise) {
    if (!promise) std::abort();
}

// Takes the input apart.
class Script {
  public:
    explicit Script(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
    [[nodiscard]] bool is_over() const { return bytes_.empty(); }
    std::uint8_t byte() {
        if (bytes_.empty()) return 0;
        const std::uint8_t value = bytes_.front();
        bytes_ = bytes_.subspan(1);
        return value;
    }
    std::string_view text() {
        const std::size_t size = std::min<std::size_t>(byte(), bytes_.size());
        const std::string_view text(reinterpret_cast<const char*>(bytes_.data()), size);
        bytes_ = bytes_.subspan(size);
        return text;
    }

  private:
    std::span<const std::uint8_t> bytes_;
};

std::string bulk(std::string_view text) {
    return '$' + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

// A server that makes sense. It has heard all that the session has written.
class Server {
  public:
    enum class Kind : std::uint8_t { command, ping, subscribe, unsubscribe };
    struct Request {
        Kind kind;
        Scope scope = Scope::cluster;
        std::vector<std::string> channels{};
        std::uint64_t number = 0;
    };

    explicit Server(bool speaks_resp3) : speaks_resp3_(speaks_resp3) {}

    void heard(Request request) { requests_.push_back(std::move(request)); }
    [[nodiscard]] bool has_requests() const { return !requests_.empty(); }
    [[nodiscard]] const Request& next() const { return requests_.front(); }

    std::string answer(bool refuses) {
        const Request request = std::move(requests_.front());
        requests_.pop_front();
        const std::string number = std::to_string(request.number);
        const bool is_fenced = request.kind == Kind::unsubscribe && request.scope == Scope::shard;
        const std::string end = is_fenced ? push({"punsubscribe", "-"}, ":0\r\n") : "";
        if (refuses) return "-MOVED " + number + " host:1\r\n" + end;
        switch (request.kind) {
            case Kind::command: return ':' + number + "\r\n";
            case Kind::ping:
                return speaks_resp3_ || subscribed_.empty() ? "+PONG\r\n"
                                                            : "*2\r\n" + bulk("pong") + bulk("");
            case Kind::subscribe:
            case Kind::unsubscribe: return change(request) + end;
        }
        return {};
    }

    // Requires: a subscription, of RESP2, or anything in RESP3.
    std::string message(Scope scope, std::string_view channel, std::string_view payload) const {
        return push({scope == Scope::cluster ? "message" : "smessage", channel}, bulk(payload));
    }

    // The slot of a channel leaves, with the subscription.
    std::string lose(std::string_view channel) {
        if (subscribed_.erase({Scope::shard, std::string(channel)}) == 0) return {};
        return push({"sunsubscribe", channel}, ":0\r\n");
    }

    [[nodiscard]] bool may_push() const { return speaks_resp3_ || !subscribed_.empty(); }

  private:
    std::string push(std::initializer_list<std::string_view> texts, const std::string& last) const {
        std::string out = (speaks_resp3_ ? '>' : '*') + std::to_string(texts.size() + 1) + "\r\n";
        for (const std::string_view text : texts) out += bulk(text);
        return out + last;
    }

    std::string change(const Request& request) {
        const bool is_new = request.kind == Kind::subscribe;
        std::string name = is_new ? "subscribe" : "unsubscribe";
        if (request.scope == Scope::shard) name.insert(0, "s");
        std::string out;
        for (const std::string& channel : request.channels) {
            if (is_new) {
                subscribed_.insert({request.scope, channel});
            } else {
                subscribed_.erase({request.scope, channel});
            }
            out += push({name, channel}, ":" + std::to_string(subscribed_.size()) + "\r\n");
        }
        return out;
    }

    bool speaks_resp3_;
    std::deque<Request> requests_;
    std::set<std::pair<Scope, std::string>> subscribed_;
};

class World {
  public:
    World(std::uint8_t choice, Pieces pieces)
        : pieces_(pieces), is_resp3_((choice & 1) != 0), server_(is_resp3_) {
        const bool has_password = (choice & 2) != 0;
        const bool has_database = (choice & 4) != 0;
        session_.begin({.user = (choice & 8) != 0 ? "joe" : "",
                        .password = has_password ? "secret" : "",
                        .database = has_database ? 7U : 0U});
        if ((choice & 16) != 0) return;  // The script logs in, or does not.
        hear(is_resp3_ ? "%0\r\n" : "-ERR unknown command 'HELLO'\r\n+OK\r\n");
        if (has_database) hear("+OK\r\n");
        require(session_.is_ready());
    }

    void step(Script& script) {
        const std::uint8_t what = script.byte();
        switch (what % 8) {
            case 0:
            case 1: return change(script, what);
            case 2: return ask(script, what);
            case 3:
            case 4:
                if (server_.has_requests()) answer((what & 8) != 0);
                return;
            case 5:
                if (server_.may_push()) {
                    const Scope scope = (what & 8) != 0 ? Scope::shard : Scope::cluster;
                    const std::string channel = name(script);
                    hear(server_.message(scope, channel, script.text()));
                }
                return;
            case 6: return hear(server_.lose(name(script)));
            case 7:
                if ((what & 8) != 0) return hear(is_resp3_ ? ">2\r\n+invalidate\r\n_\r\n" : "");
                makes_sense_ = false;
                return hear(script.text());
        }
    }

    // All is answered.
    void end() {
        while (makes_sense_ && session_.is_ready() && server_.has_requests()) {
            answer(false);
        }
        if (makes_sense_) require(session_.pending_count() == 0 && awaited_.empty());
    }

    [[nodiscard]] const Log& log() const { return log_; }

  private:
    using Kind = Server::Kind;

    static std::string name(Script& script) { return std::string(1, "abc"[script.byte() % 3]); }

    void change(Script& script, std::uint8_t what) {
        if (!session_.is_ready()) return;
        const Scope scope = (what & 8) != 0 ? Scope::shard : Scope::cluster;
        const bool is_new = (what & 16) != 0;
        std::vector<std::string> channels;
        for (int i = 0; i <= what / 64; ++i) channels.push_back(name(script));
        const std::vector<std::string_view> views(channels.begin(), channels.end());
        const std::uint64_t number =
            is_new ? session_.subscribe(views, scope) : session_.unsubscribe(views, scope);
        require(number == ++last_number_);
        server_.heard({is_new ? Kind::subscribe : Kind::unsubscribe, scope, channels, number});
    }

    void ask(Script& script, std::uint8_t what) {
        if (!session_.is_ready()) return;
        if ((what & 8) != 0 || !session_.may_publish_here()) {
            session_.ping();
            return server_.heard({.kind = Kind::ping});
        }
        const std::array<std::string_view, 2> pieces = {"x", script.text()};
        const Scope scope = (what & 32) != 0 ? Scope::shard : Scope::cluster;
        const std::uint64_t number =
            (what & 16) != 0 ? session_.publish("a", pieces, scope) : session_.command(pieces);
        require(number == ++last_number_);
        awaited_.insert(number);
        server_.heard({.kind = Kind::command, .number = number});
    }

    void answer(bool refuses) {
        // A refused subscription is a reply, too.
        if (refuses && server_.next().number != 0) awaited_.insert(server_.next().number);
        hear(server_.answer(refuses));
    }

    void hear(std::string_view text) {
        session_.output().clear();
        const auto bytes = std::as_bytes(std::span(text));
        for (std::size_t at = 0; at < bytes.size();) {
            const std::size_t size = pieces_.next(bytes.size() - at);
            const edgews::test::ExactBlock block(bytes.subspan(at, size));
            at += size;
            std::span<const std::byte> input = block.bytes();
            while (const Event event = session_.next(input)) note(event);
            require(input.empty());
        }
        if (session_.is_over()) require(pool_.lent_size() == 0);
    }

    void note(const Event& event) {
        log_.push_back(edgews::test::everything(event));
        require(edgews::test::has_only_its_own(event));
        require(!is_over_);
        is_over_ = session_.is_over();
        require(is_over_ ==
                (event.kind == Event::Kind::fault || event.kind == Event::Kind::refused));
        require(event.number <= last_number_);
        if (event.number != 0) {
            require(event.number >= answered_number_);
            answered_number_ = event.number;
        }
        if (!makes_sense_) return;
        require(event.kind != Event::Kind::fault);
        if (event.kind != Event::Kind::reply) return;
        // A refusal has the number in it, too.
        const std::string number = std::to_string(event.number);
        if (event.value.is_error()) {
            const auto moved = redis::redirection_of(event.value.text());
            require(moved && moved->slot == event.number);
        } else {
            require(event.value.text() == number);
        }
        require(awaited_.erase(event.number) == 1);
    }

    Pieces pieces_;
    bool is_resp3_;
    Server server_;
    edgews::BufferPool pool_{0};
    redis::ReplyLimits limits_{.size_max = 4096, .element_count_max = 64, .depth_max = 4};
    redis::Session session_{limits_, pool_};
    Log log_;
    std::uint64_t last_number_ = 0;
    std::uint64_t answered_number_ = 0;
    std::set<std::uint64_t> awaited_;  // Commands whose reply the server owes.
    bool makes_sense_ = true;
    bool is_over_ = false;
};

Log play(std::span<const std::uint8_t> data, Cut cut) {
    World world(data[0], {cut, data[1]});
    Script script(data.subspan(2));
    while (!script.is_over()) world.step(script);
    world.end();
    return world.log();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::span<const std::uint8_t> bytes(data, size);
    const Log whole = play(bytes, Cut::whole);
    require(play(bytes, Cut::byte_by_byte) == whole);
    require(play(bytes, Cut::at_random) == whole);
    return 0;
}
