// Somebody at a port of TLS who is no client of the engine's: speaks TLS by OpenSSL alone, and
// whatever else TLS has, or no TLS at all, and goes in one way or another.
#pragma once

#include "service.hpp"

#include "net/loop/fd.hpp"
#include "tls/openssl.hpp"

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace edgews::sim::test {

class Stranger {
  public:
    // Begins soon, on a thread of its own.
    Stranger(World& world, Record& record, Service& service, std::uint32_t number);
    Stranger(const Stranger&) = delete;
    Stranger& operator=(const Stranger&) = delete;
    // Waits for its end, which comes at the latest when the service has ended.
    ~Stranger() { thread_.join(); }

    // All are gone by then.
    static constexpr std::uint64_t patience_ms = 100'000;

  private:
    enum class Manner : std::uint8_t { secure, plain, noise, hello, mute };
    enum class End : std::uint8_t { closes, says_no_close, ends, resets, raves, stops_reading };

    void live();
    [[nodiscard]] bool connect();
    void speak_no_tls(Manner manner);
    [[nodiscard]] std::string hello() const;
    void speak_tls();
    [[nodiscard]] std::unique_ptr<SSL_CTX, Release<SSL_CTX_free>> drawn_context();
    [[nodiscard]] bool open();
    void provoke();
    [[nodiscard]] bool converse();
    [[nodiscard]] bool say();
    [[nodiscard]] bool hear();
    void end(End how);
    void await_goodbye();

    template <class Step>
    [[nodiscard]] bool carry_out(Step step);
    [[nodiscard]] bool write(std::string_view bytes);
    // What has come, until there are so many bytes; false: it has ended.
    [[nodiscard]] bool read(std::size_t size);
    bool read_to_end();
    void send_raw(std::string_view bytes);
    [[nodiscard]] bool await(short events);

    World& world_;
    Record& record_;
    Service& service_;
    std::uint32_t number_;
    std::uint32_t said_ = 0;
    std::uint64_t gives_up_ns_ = 0;
    bool is_served_ = false;  // It was accepted, and heard something.
    bool has_heard_close_ = false;
    Fd fd_{};
    std::unique_ptr<SSL, Release<SSL_free>> session_{};
    std::string input_{};
    std::thread thread_{};
};

}  // namespace edgews::sim::test
