// TLS between a stream and its socket (net/stream/transport.hpp), over memory: OpenSSL reads from
// what was received and writes to what is to be sent, without a socket and without copies in
// between.
#pragma once

#include <edgews/address.hpp>
#include <edgews/function.hpp>
#include "core/base/buffer.hpp"
#include "net/stream/transport.hpp"
#include "tls/openssl.hpp"

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace edgews {

class TlsTransport final : public Transport {
  public:
    using Session = std::unique_ptr<SSL, Release<SSL_free>>;

    using OnFailure = Function<void(std::string_view, const Address&)>;

    // `session`: of either side; null: there was no memory. `owner`: what it refers to, kept as
    // long as it. `pool`: borrowed. Null: there is no memory.
    [[nodiscard]] static std::unique_ptr<TlsTransport> make(Session session,
                                                            std::shared_ptr<const void> owner,
                                                            BufferPool& pool) noexcept;
    // Who is told of a failure, of that peer; the owner's.
    void tell_failure(const OnFailure& on_failure, const Address& peer) noexcept {
        on_failure_ = &on_failure;
        peer_ = peer;
    }

    State state() const noexcept override { return state_; }
    const TransportInfo& info() const noexcept override { return info_; }
    std::string_view failure() const noexcept override { return failure_; }
    std::size_t open(std::span<const std::byte> received,
                     std::span<std::byte> plain) noexcept override;
    void seal(std::span<const iovec> pieces) noexcept override;
    bool end() noexcept override;
    std::span<const std::byte> pending() const noexcept override;
    void sent(std::size_t count) noexcept override;

  private:
    TlsTransport(Session session, std::shared_ptr<const void> owner, BufferPool& pool) noexcept
        : owner_(std::move(owner)), session_(std::move(session)), pool_(pool) {}

    [[nodiscard]] static BIO_METHOD* bio_method() noexcept;
    static int read_received(BIO* bio, char* data, std::size_t size, std::size_t* count) noexcept;
    static int write_pending(BIO* bio, const char* data, std::size_t size,
                             std::size_t* count) noexcept;

    [[nodiscard]] bool shake_hands() noexcept;
    void note_info();
    void write(std::span<const std::byte> plain) noexcept;
    void fail(const char* reason_if_none = "the peer gave up") noexcept;
    void append(std::span<const std::byte> bytes) noexcept;

    std::shared_ptr<const void> owner_;  // Before the session, which refers to it.
    Session session_;
    BufferPool& pool_;
    const OnFailure* on_failure_ = nullptr;  // Null: nobody.
    Address peer_{};
    std::span<const std::byte> received_{};  // During open().
    Buffer pending_;
    std::size_t pending_begin_ = 0;  // What is before it was sent.
    State state_ = State::opening;
    bool has_ended_ = false;        // We have said so.
    bool is_head_request_ = false;  // Of somebody who does not speak TLS.
    std::size_t empty_size_ = 0;    // Bytes of records since one held something.
    TransportInfo info_;
    std::string failure_{};
};

}  // namespace edgews
