#include "stomp_line.hpp"

#include <edgews/client.hpp>
#include "core/stomp/frame_writer.hpp"
#include "net/loop/reactor.hpp"

#include <cstddef>
#include <span>
#include <utility>

#include "socket.hpp"

namespace soak {
namespace {

namespace stomp = edgews::stomp;

class TcpCarrier final : public Carrier {
  public:
    explicit TcpCarrier(std::uint16_t port) : socket_(port) {}
    void send(std::string_view bytes) override { socket_.send(bytes); }
    std::string take() override { return socket_.take(); }
    [[nodiscard]] bool is_over() const override { return socket_.is_over(); }
    void reset() override { socket_.reset(); }

  private:
    Socket socket_;
};

class WebSocketCarrier final : public Carrier {
  public:
    WebSocketCarrier(World& world, const std::string& url)
        : client_(
              world.loop, url,
              {.open = [this](edgews::Client& c) { c.send(std::exchange(early_, {})); },
               .message = [this](edgews::Client&,
                                 edgews::Message message) { came_ += message.text(); },
               .close = [this](edgews::Client&, const edgews::CloseEvent&) { is_over_ = true; }},
              {.subprotocols = {"v12.stomp"}, .tls = world.tls, .close_timeout_ms = 2'000}) {}
    void send(std::string_view bytes) override {
        if (client_.ready_state() == edgews::ReadyState::connecting) {
            early_ += bytes;
        } else {
            static_cast<void>(client_.send(bytes));
        }
    }
    std::string take() override { return std::exchange(came_, {}); }
    [[nodiscard]] bool is_over() const override { return is_over_; }
    void reset() override { client_.terminate(); }

  private:
    std::string early_;
    std::string came_;
    bool is_over_ = false;
    edgews::Client client_;
};

std::unique_ptr<Carrier> make_carrier(World& world) {
    const bool is_relay = world.dice.chance(30);
    const char* const path = is_relay ? "/relay" : "/stomp";
    const std::uint64_t kind = world.dice.below(10);
    if (kind < 5) {
        return std::make_unique<TcpCarrier>(is_relay ? world.ports.relay : world.ports.stomp);
    }
    return std::make_unique<WebSocketCarrier>(world,
                                              kind < 8 ? world.url(path) : world.secure_url(path));
}

}  // namespace

StompLine::StompLine(World& world)
    : carrier_(make_carrier(world)), reader_(limits_, edgews::Reactor::of(world.loop).pool()) {}

void StompLine::send(stomp::Command command, std::initializer_list<stomp::Header> headers,
                     std::string_view body) {
    std::string bytes;
    stomp::append_frame(bytes, command, {headers.begin(), headers.size()},
                        std::as_bytes(std::span(body)), stomp::Version::v1_2);
    carrier_->send(bytes);
}

std::vector<Heard> StompLine::take() {
    const std::string bytes = carrier_->take();
    std::span<const std::byte> input = std::as_bytes(std::span(bytes));
    std::vector<Heard> heard;
    while (const stomp::Frame* const frame = reader_.next(input)) {
        const auto header = [frame](std::string_view name) {
            return std::string(frame->find(name).value_or(""));
        };
        heard.push_back(
            {frame->command, header("ack"), header("receipt-id"),
             std::string(reinterpret_cast<const char*>(frame->body.data()), frame->body.size())});
    }
    return heard;
}

edgews::Task<Heard> hear(World& world, StompLine& line, stomp::Command wanted,
                         std::uint64_t limit_ms) {
    const std::uint64_t until = world.loop.now_ms() + limit_ms;
    for (;;) {
        Heard found;
        for (Heard& frame : line.take()) {
            if (frame.command == wanted) found = std::move(frame);
        }
        if (found.command == wanted || line.is_over() || world.loop.now_ms() >= until) {
            co_return found;
        }
        co_await world.pause(5, 20);
    }
}

edgews::Task<bool> log_in(World& world, StompLine& line, std::string_view heart_beat) {
    const std::string user = "user-" + std::to_string(world.dice.below(200));
    line.send(stomp::Command::connect, {{"accept-version", "1.2"},
                                        {"host", "/"},
                                        {"login", user},
                                        {"passcode", "open"},
                                        {"heart-beat", heart_beat}});
    const Heard answer = co_await hear(world, line, stomp::Command::connected, 4'000);
    co_return answer.command == stomp::Command::connected;
}

edgews::Task<bool> hear_end(World& world, StompLine& line, std::uint64_t limit_ms) {
    const std::uint64_t until = world.loop.now_ms() + limit_ms;
    while (!line.is_over() && world.loop.now_ms() < until) {
        static_cast<void>(line.take());
        co_await world.pause(10, 40);
    }
    co_return line.is_over();
}

edgews::Task<> leave(World& world, StompLine& line) {
    switch (world.dice.below(3)) {
        case 0: {
            line.send(stomp::Command::disconnect, {{"receipt", "bye"}});
            const Heard answer = co_await hear(world, line, stomp::Command::receipt, 3'000);
            if (answer.command == stomp::Command::receipt && answer.receipt != "bye") {
                ++world.wrong_total;
            }
            break;
        }
        case 1: line.reset(); break;
        default: break;
    }
}

}  // namespace soak
