#include "crowd.hpp"

#include <edgews/coroutine.hpp>
#include <edgews/deflate.hpp>
#include <edgews/tls.hpp>

#include <openssl/ssl.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "gauge.hpp"
#include "world.hpp"

namespace soak {
namespace {

// New clients: so many each so often, as long as there are not more than so many.
constexpr std::uint64_t period_ms = 50;
constexpr std::uint64_t coming_max = 24;
constexpr std::size_t live_max = 500;

// What OpenSSL would send first.
std::string make_client_hello() {
    const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_client_method()),
                                                               SSL_CTX_free);
    const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context.get()), SSL_free);
    BIO* const output = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), output);  // Theirs now.
    SSL_set_connect_state(ssl.get());
    SSL_do_handshake(ssl.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(output, &data);
    return {data, static_cast<std::size_t>(size)};
}

class Crowd {
  public:
    Crowd(const Channel& channel, std::uint64_t seed, const edgews::TlsIdentity& authority)
        : channel_(channel), world_{.loop = loop_, .dice = Dice(seed)} {
        const auto made = edgews::TlsClient::make({.authorities = authority.certificate_chain});
        if (made.error) throw std::runtime_error(made.error.message);
        world_.tls = made.value;
        world_.deflate = edgews::deflate({.memory = edgews::DeflateMemory::dedicated});
        world_.deflate_shared = edgews::deflate();
        world_.client_hello = make_client_hello();
        for (const auto personas :
             {websocket_personas(), http_personas(), raw_personas(), stomp_personas()}) {
            for (const Persona& persona : personas) {
                rows_.push_back({&persona});
                weights_ += persona.weight;
            }
        }
    }

    void run() {
        loop_.every(20, [this] { obey(); });
        loop_.every(period_ms, [this] { admit(); });
        loop_.every(1'000, [this] { report(); });
        loop_.run();
        print();
    }

  private:
    struct Row {
        const Persona* persona;
        std::uint64_t begun = 0;
        std::uint64_t served = 0;  // Those that got what they came for.
    };

    void obey() {
        Order order;
        const Channel::Result result = channel_.receive(order);
        if (result == Channel::Result::nothing) return;
        if (result == Channel::Result::over) order.kind = Order::Kind::end;
        order_ = order;
        is_churning_ = order.kind == Order::Kind::churn;
        if (order.kind == Order::Kind::end) loop_.stop();
        if (is_churning_) return;
        for (const auto& [number, token] : live_) loop_.cancel(token);
        live_.clear();
    }
    void admit() {
        if (!is_churning_) return;
        for (std::uint64_t left = world_.dice.below(coming_max + 1); left > 0; --left) {
            if (live_.size() < live_max) begin(pick());
        }
    }
    Row& pick() {
        std::uint64_t place = world_.dice.below(weights_);
        std::size_t index = 0;
        while (place >= rows_[index].persona->weight) place -= rows_[index++].persona->weight;
        return rows_[index];
    }
    void begin(Row& row) {
        // It looks at them before it waits for the first time.
        const bool is_passing = order_.passing.plain != 0 && world_.dice.chance(30);
        world_.ports = is_passing ? order_.passing : order_.lasting;
        ++row.begun;
        ++begun_total_;
        const std::uint64_t number = begun_total_;
        live_.emplace(number, edgews::no_token);
        const edgews::Token token = edgews::spawn(loop_, live(row, number));
        // It may be over already.
        if (const auto found = live_.find(number); found != live_.end()) found->second = token;
    }
    edgews::Task<> live(Row& row, std::uint64_t number) {
        const bool is_served = co_await row.persona->act(world_);
        if (is_served) ++row.served;
        live_.erase(number);
    }
    void report() const {
        Report report{.usage = gauge_.read(),
                      .live = live_.size(),
                      .begun_total = begun_total_,
                      .wrong_total = world_.wrong_total};
        for (const Row& row : rows_) report.idle_personas += row.served == 0 ? 1 : 0;
        channel_.send(report);
    }
    void print() const {
        std::printf("%-30s %9s %9s\n", "clients", "came", "served");
        for (const Row& row : rows_) {
            std::printf("%-30s %9lu %9lu\n", row.persona->name, row.begun, row.served);
        }
    }

    const Channel& channel_;
    Gauge gauge_;
    edgews::Loop loop_;
    World world_;
    std::vector<Row> rows_;
    std::uint64_t weights_ = 0;
    std::unordered_map<std::uint64_t, edgews::Token> live_;
    std::uint64_t begun_total_ = 0;
    Order order_{};  // The last one.
    bool is_churning_ = false;
};

}  // namespace

int run_crowd(const Channel& channel, std::uint64_t seed, const edgews::TlsIdentity& authority) {
    Crowd(channel, seed, authority).run();
    return 0;
}

}  // namespace soak
