#include "tls/tls_transport.hpp"

#include "core/http/http_date.hpp"
#include "core/http/http_response.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <ctime>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace edgews {

namespace {

constexpr std::size_t fragment_size_max = 16 * 1024;  // Of plaintext in a record (RFC 8446, 5.1).
constexpr std::size_t empty_size_max = 64 * 1024;
constexpr std::string_view plain_sentence = "This port speaks TLS: use https/wss.\n";

// To a request without TLS. The answer to HEAD has no content (RFC 9110, section 9.3.2).
std::string plain_answer(bool has_content) {
    ResponseHeaders headers;
    (void)headers.add("Content-Type", plain_text_type);
    const auto date = http_date(::time(nullptr));
    std::string answer;
    (void)append_response_head(answer, {.status = 400,
                                        .lines = headers.lines(),
                                        .content_length = plain_sentence.size(),
                                        .keep_alive = false,
                                        .date = {date.data(), date.size()}});
    return has_content ? answer.append(plain_sentence) : answer;
}

bool begins_with_head(std::span<const std::byte> received) noexcept {
    constexpr std::string_view head = "HEAD ";
    return received.size() >= head.size() &&
           std::memcmp(received.data(), head.data(), head.size()) == 0;
}

std::string subject_of(X509* certificate) {
    std::unique_ptr<BIO, Release<BIO_free_all>> text(BIO_new(BIO_s_mem()));
    if (!text) return {};
    X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
    char* data = nullptr;
    const long size = BIO_get_mem_data(text.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

}  // namespace

std::unique_ptr<TlsTransport> TlsTransport::make(Session session, std::shared_ptr<const void> owner,
                                                 BufferPool& pool) noexcept {
    if (!session) return nullptr;
    std::unique_ptr<TlsTransport> transport(
        new (std::nothrow) TlsTransport(std::move(session), std::move(owner), pool));
    BIO* const bio = transport ? BIO_new(bio_method()) : nullptr;
    if (bio == nullptr) return nullptr;
    BIO_set_data(bio, transport.get());
    BIO_set_init(bio, 1);
    SSL_set_bio(transport->session_.get(), bio, bio);  // The session's now.
    return transport;
}

// ---- OpenSSL's side --------------------------------------------------------

BIO_METHOD* TlsTransport::bio_method() noexcept {
    static BIO_METHOD* const method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "edgews");
        if (made == nullptr) throw std::bad_alloc();  // Out of here it ends the process.
        BIO_meth_set_read_ex(made, read_received);
        BIO_meth_set_write_ex(made, write_pending);
        BIO_meth_set_ctrl(made, [](BIO*, int command, long, void*) -> long {
            return command == BIO_CTRL_FLUSH ? 1 : 0;
        });
        return made;
    }();
    return method;
}

int TlsTransport::read_received(BIO* bio, char* data, std::size_t size,
                                std::size_t* count) noexcept {
    auto& received = static_cast<TlsTransport*>(BIO_get_data(bio))->received_;
    BIO_clear_retry_flags(bio);
    *count = std::min(size, received.size());
    if (*count == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    std::memcpy(data, received.data(), *count);
    received = received.subspan(*count);
    return 1;
}

int TlsTransport::write_pending(BIO* bio, const char* data, std::size_t size,
                                std::size_t* count) noexcept {
    static_cast<TlsTransport*>(BIO_get_data(bio))->append(std::as_bytes(std::span(data, size)));
    *count = size;
    return 1;
}

void TlsTransport::append(std::span<const std::byte> bytes) noexcept {
    pool_.reserve(pending_, bytes.size());
    pending_.append(bytes);
}

// ---- The stream's side -----------------------------------------------------

std::size_t TlsTransport::open(std::span<const std::byte> received,
                               std::span<std::byte> plain) noexcept {
    assert(state_ != State::failed);
    ERR_clear_error();  // Of the application's.
    received_ = received;
    is_head_request_ |= state_ == State::opening && begins_with_head(received);
    std::size_t size = 0;
    while (state_ == State::open || (state_ == State::opening && shake_hands())) {
        // Asked for more than there is, OpenSSL takes as long as for a small record.
        if (received_.empty() && SSL_has_pending(session_.get()) == 0) break;
        std::size_t count = 0;
        const std::span<std::byte> rest = plain.subspan(size);
        const int result = SSL_read_ex(session_.get(), rest.data(), rest.size(), &count);
        size += count;
        if (result == 1) continue;
        const int error = SSL_get_error(session_.get(), result);
        if (error == SSL_ERROR_WANT_READ) break;
        if (error == SSL_ERROR_ZERO_RETURN) {
            state_ = State::ended;
        } else {
            fail();
        }
    }
    assert(received_.empty() || state_ == State::ended || state_ == State::failed);
    received_ = {};
    // Less than one whole record may be here; more than a few without content are an attack.
    empty_size_ = size > 0 || state_ != State::open ? 0 : empty_size_ + received.size();
    if (empty_size_ > empty_size_max) fail("too many empty records");
    return size;
}

// True: it is done.
bool TlsTransport::shake_hands() noexcept {
    const int result = SSL_do_handshake(session_.get());
    if (result == 1) {
        state_ = State::open;
        note_info();
        return true;
    }
    if (SSL_get_error(session_.get(), result) != SSL_ERROR_WANT_READ) fail();
    return false;
}

void TlsTransport::note_info() {
    info_.protocol = SSL_get_version(session_.get());
    info_.cipher = SSL_get_cipher_name(session_.get());
    const char* const name = SSL_get_servername(session_.get(), TLSEXT_NAMETYPE_host_name);
    if (name != nullptr) info_.server_name = name;
    X509* const certificate = SSL_get0_peer_certificate(session_.get());
    if (certificate != nullptr) info_.client_subject = subject_of(certificate);
    info_.is_resumed = SSL_session_reused(session_.get()) == 1;
}

// Small pieces share a record: each has its own cost, and 22 bytes around it.
void TlsTransport::seal(std::span<const iovec> pieces) noexcept {
    std::array<std::byte, fragment_size_max> gathered;
    std::size_t size = 0;
    for (const iovec& piece : pieces) {
        std::span<const std::byte> rest(static_cast<const std::byte*>(piece.iov_base),
                                        piece.iov_len);
        while (!rest.empty()) {
            if (size == 0 && rest.size() >= fragment_size_max) {
                write(rest.first(fragment_size_max));
                rest = rest.subspan(fragment_size_max);
                continue;
            }
            const std::size_t taken = std::min(rest.size(), fragment_size_max - size);
            std::memcpy(gathered.data() + size, rest.data(), taken);
            size += taken;
            rest = rest.subspan(taken);
            if (size < fragment_size_max) continue;
            write(gathered);
            size = 0;
        }
    }
    if (size > 0) write(std::span(gathered).first(size));
}

void TlsTransport::write(std::span<const std::byte> plain) noexcept {
    if (state_ == State::failed) return;
    std::size_t count = 0;
    if (SSL_write_ex(session_.get(), plain.data(), plain.size(), &count) != 1) fail();
}

bool TlsTransport::end() noexcept {
    const bool may_end = state_ == State::open || state_ == State::ended;
    if (!may_end || has_ended_) return false;
    has_ended_ = true;
    ERR_clear_error();
    (void)SSL_shutdown(session_.get());  // 0: the peer has not said so yet, which it need not.
    return true;
}

// OpenSSL has written the alert that tells the peer, if it is one that understands alerts.
void TlsTransport::fail(const char* reason_if_none) noexcept {
    state_ = State::failed;
    const unsigned long error = ERR_peek_last_error();
    const char* const reason = ERR_reason_error_string(error);
    failure_ = reason == nullptr ? reason_if_none : reason;
    if (ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        failure_ += ": ";
        failure_ += X509_verify_cert_error_string(SSL_get_verify_result(session_.get()));
    }
    ERR_clear_error();
    if (SSL_is_server(session_.get()) == 1 && ERR_GET_REASON(error) == SSL_R_HTTP_REQUEST) {
        pending_.reset();
        pending_begin_ = 0;
        const std::string answer = plain_answer(!is_head_request_);
        append(std::as_bytes(std::span(answer)));
    }
    if (on_failure_ != nullptr && *on_failure_) (*on_failure_)(failure_, peer_);
}

std::span<const std::byte> TlsTransport::pending() const noexcept {
    return pending_.bytes().subspan(pending_begin_);
}

void TlsTransport::sent(std::size_t count) noexcept {
    pending_begin_ += count;
    if (pending_begin_ < pending_.size()) return;
    pending_.reset();
    pending_begin_ = 0;
}

}  // namespace edgews
