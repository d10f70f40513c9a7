#include <edgews/tls.hpp>

#include "core/address/ip_address.hpp"
#include "tls/openssl.hpp"
#include "tls/tls_transport.hpp"

#include <openssl/x509v3.h>

#include <array>
#include <map>
#include <mutex>
#include <utility>

namespace edgews {

namespace {

constexpr std::size_t host_count_max = 256;  // Whose sessions are remembered.

using Memory = std::unique_ptr<SSL_SESSION, Release<SSL_SESSION_free>>;

}  // namespace

struct TlsClient::State {
    std::unique_ptr<SSL_CTX, Release<SSL_CTX_free>> context{};
    std::string server_name{};
    std::mutex mutex{};
    std::map<std::string, Memory, std::less<>> sessions{};  // By host.

    [[nodiscard]] Error set_up(const TlsClientOptions& options);
    [[nodiscard]] bool set_host(SSL* session, const std::string& host) const noexcept;
    void resume(SSL* session, std::string_view host) noexcept;
    static int remember(SSL* session, SSL_SESSION* ticket) noexcept;
};

TlsClient::TlsClient(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
TlsClient::~TlsClient() = default;

Made<std::shared_ptr<TlsClient>> TlsClient::make(const TlsClientOptions& options) {
    auto state = std::make_shared<State>();
    if (Error error = state->set_up(options)) return {.error = std::move(error)};
    return {.value = std::shared_ptr<TlsClient>(new TlsClient(std::move(state)))};
}

Error TlsClient::State::set_up(const TlsClientOptions& options) {
    constexpr std::array<unsigned char, 9> protocols{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    server_name = options.server_name;
    context.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX* const raw = context.get();
    if (raw == nullptr) return make_tls_error("context");
    if (Error error = set_defaults(raw)) return error;
    // Of OpenSSL's, 0 is success here.
    if (SSL_CTX_set_alpn_protos(raw, protocols.data(), protocols.size()) != 0) {
        return make_tls_error("protocols");
    }
    if (SSL_CTX_set_app_data(raw, this) != 1) return make_tls_error("context");
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(raw, remember);
    if (!options.identity.certificate_chain.empty()) {
        if (Error error = use_identity(raw, options.identity)) return error;
    }
    if (options.accepts_any_certificate) return {};
    SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
    if (!options.authorities.empty())
        return use_authorities(raw, options.authorities, "authorities");
    return SSL_CTX_set_default_verify_paths(raw) == 1 ? Error{}
                                                      : make_tls_error("the system's authorities");
}

std::unique_ptr<Transport> TlsClient::connect(BufferPool& pool,
                                              std::string_view host) const noexcept {
    std::string name(state_->server_name.empty() ? host : state_->server_name);
    if (name.ends_with('.')) name.pop_back();  // RFC 6066, section 3.
    TlsTransport::Session session(SSL_new(state_->context.get()));
    if (!session || !state_->set_host(session.get(), name)) return nullptr;
    SSL_set_connect_state(session.get());
    state_->resume(session.get(), name);
    return TlsTransport::make(std::move(session), state_, pool);
}

// An address is proved by a certificate that bears it, and no name is asked for (RFC 6066, 3).
bool TlsClient::State::set_host(SSL* session, const std::string& host) const noexcept {
    X509_VERIFY_PARAM* const wanted = SSL_get0_param(session);
    if (parse_ipv4(host) || parse_ipv6(host)) {
        return X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1;
    }
    X509_VERIFY_PARAM_set_hostflags(
        wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return SSL_set_tlsext_host_name(session, host.c_str()) == 1 &&
           X509_VERIFY_PARAM_set1_host(wanted, host.c_str(), host.size()) == 1;
}

// Each ticket once: whoever watches cannot tell that two connections are of one client (RFC 8446,
// appendix C.4).
void TlsClient::State::resume(SSL* session, std::string_view host) noexcept {
    const std::lock_guard lock(mutex);
    const auto found = sessions.find(host);
    if (found == sessions.end()) return;
    // Resumed, the server does not show its certificate again.
    X509* const certificate = SSL_SESSION_get0_peer(found->second.get());
    const bool is_valid =
        certificate != nullptr && X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
    if (is_valid) SSL_set_session(session, found->second.get());
    sessions.erase(found);
}

// OpenSSL's callback. Remembers a copy: one of a connection that is lost is not to be used any
// more, by its rules, and just then it is wanted.
int TlsClient::State::remember(SSL* session, SSL_SESSION* ticket) noexcept {
    auto* const self = static_cast<State*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
    const char* const host = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
    if (host == nullptr) return 0;
    const std::lock_guard lock(self->mutex);
    if (self->sessions.size() >= host_count_max) self->sessions.erase(self->sessions.begin());
    if (Memory copy{SSL_SESSION_dup(ticket)}) self->sessions[host] = std::move(copy);
    return 0;  // The ticket stays OpenSSL's.
}

}  // namespace edgews
