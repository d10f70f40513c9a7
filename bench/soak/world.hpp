// What all clients of a soak share: a loop, chance, and where the server is.
#pragma once

#include <edgews/client_options.hpp>
#include <edgews/coroutine.hpp>
#include <edgews/loop.hpp>
#include "core/websocket/message_codec.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "orders.hpp"

namespace soak {

// Numbers by chance, the same ones for the same seed.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}

    // Requires: count > 0.
    std::uint64_t below(std::uint64_t count) { return engine_() % count; }
    std::uint64_t between(std::uint64_t least, std::uint64_t most) {
        return least + below(most - least + 1);
    }
    bool chance(unsigned percent) { return below(100) < percent; }

  private:
    std::mt19937_64 engine_;
};

struct World {
    edgews::Loop& loop;
    Dice dice;
    Ports ports{};  // For whoever comes now.
    std::shared_ptr<const edgews::ClientTransportFactory> tls{};
    std::shared_ptr<const edgews::Compression> deflate{};  // Streams of its own.
    std::shared_ptr<const edgews::Compression> deflate_shared{};
    std::string client_hello{};     // The first flight of TLS, as bytes.
    std::uint64_t wrong_total = 0;  // Answers that were not what they should be.

    [[nodiscard]] edgews::Sleep pause(std::uint64_t least_ms, std::uint64_t most_ms) {
        return edgews::sleep(loop, std::chrono::milliseconds(dice.between(least_ms, most_ms)));
    }
    [[nodiscard]] std::string url(std::string_view path) const {
        return "ws://127.0.0.1:" + std::to_string(ports.plain) + std::string(path);
    }
    [[nodiscard]] std::string secure_url(std::string_view path) const {
        return "wss://127.0.0.1:" + std::to_string(ports.tls) + std::string(path);
    }
    // Text that compresses about as well as JSON does. UTF-8.
    [[nodiscard]] std::string text(std::size_t size);
};

// One way to be a client. True: it got what it came for; false need not be anybody's fault, such as
// when its server is shut down.
struct Persona {
    const char* name;
    unsigned weight;  // How often it comes, among all.
    edgews::Task<bool> (*act)(World&);
};

[[nodiscard]] std::span<const Persona> websocket_personas() noexcept;
[[nodiscard]] std::span<const Persona> http_personas() noexcept;
[[nodiscard]] std::span<const Persona> raw_personas() noexcept;
[[nodiscard]] std::span<const Persona> stomp_personas() noexcept;

}  // namespace soak
