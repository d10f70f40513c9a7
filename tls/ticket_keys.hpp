// The keys that session tickets are encrypted with (RFC 5077; RFC 8446, section 4.6.1).
//
// Whoever has the key of a ticket can read what was said in TLS 1.2 under it, and pose as the
// server's memory. So a key is replaced after a while, and forgotten after twice that.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>

namespace edgews {

// Any thread.
class TicketKeys {
  public:
    using Clock = std::chrono::steady_clock;

    // A key encrypts new tickets for `lifetime`, and opens them for as long again.
    explicit TicketKeys(std::chrono::seconds lifetime) noexcept : lifetime_(lifetime) {}
    TicketKeys(const TicketKeys&) = delete;
    TicketKeys& operator=(const TicketKeys&) = delete;
    ~TicketKeys();

    struct Key {
        std::array<unsigned char, 16> name;
        std::array<unsigned char, 32> cipher;
        std::array<unsigned char, 32> mac;
    };
    struct Found {
        bool is_known = false;
        bool is_newest = false;  // No: whoever shows its ticket gets a new one.
        Key key{};
    };
    // What new tickets are encrypted with. Not known: the system has no randomness to give.
    [[nodiscard]] Found newest(Clock::time_point now) noexcept;
    [[nodiscard]] Found find(const unsigned char* name, Clock::time_point now) noexcept;

    // Has the context's tickets encrypted with these, which must outlive it. False: it cannot.
    [[nodiscard]] bool serve(SSL_CTX* context) noexcept;

  private:
    // Requires: the mutex is held.
    [[nodiscard]] bool rotate(Clock::time_point now) noexcept;
    static int choose(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                      EVP_MAC_CTX* mac, int is_encrypting) noexcept;

    std::chrono::seconds lifetime_;
    std::mutex mutex_;
    std::array<Key, 2> keys_{};  // The newest, and the one before.
    unsigned count_ = 0;
    Clock::time_point since_{};  // That the newest encrypts.
};

}  // namespace edgews
