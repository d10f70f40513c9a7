// wss and https: TLS 1.2 and 1.3 on OpenSSL 3, an add-on, in libedgews-tls.a.
//
//     #include <edgews/tls.hpp>
//     const auto made = edgews::Tls::make({.identities = {{"chain.pem", "key.pem"}}});
//     server.listen({.port = 443, .tls = made.value});
//
//     const auto trust = edgews::TlsClient::make({});
//     edgews::Client client(loop, "wss://example.com/feed", handlers, {.tls = trust.value});
//
// Without renegotiation and compression; with forward secrecy, the server's preference of ciphers,
// ALPN "http/1.1" and session tickets.
#pragma once

#include <edgews/client_options.hpp>
#include <edgews/error.hpp>
#include <edgews/function.hpp>
#include <edgews/options.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace edgews {

class Address;

// PEM, without a pass phrase: the name of a file or, when it begins with "-----BEGIN", the text.
struct TlsIdentity {
    std::string certificate_chain;  // The server's own first, then those that lead to the root.
    std::string private_key;
};

enum class ClientCertificates : std::uint8_t {
    none,      // They are not asked for.
    optional,  // One that is sent must be good.
    required,
};

struct TlsOptions {
    // At least one. The server name that the client asks for (SNI) chooses the first whose
    // certificate bears it. If none does, or there is no name, the first of all is chosen.
    std::vector<TlsIdentity> identities{};
    ClientCertificates client_certificates = ClientCertificates::none;
    std::string client_authorities{};  // PEM, as above: who may have signed them.
    // Seconds that a key encrypts session tickets, before a new one does; it opens those that it
    // encrypted for as long again. Each reload begins with a new key. 0: there are no tickets, and
    // none either where certificates of clients are asked for.
    std::uint32_t ticket_key_lifetime_s = 12 * 60 * 60;
    // A handshake failed, or a connection broke the protocol: OpenSSL's reason, and who it was, by
    // its PROXY header if it has one. Called on the loop of the connection; must not throw.
    Function<void(std::string_view, const Address&)> on_failure{};
};

// Any thread.
class Tls final : public TransportFactory {
  public:
    // Returns an error that names the option, if a file cannot be read or does not fit the others.
    [[nodiscard]] static Made<std::shared_ptr<Tls>> make(const TlsOptions& options);
    ~Tls() override;

    // New connections get these from now on; those that are open keep what they have. With an error
    // nothing changes. Tickets from before open no session any more: whoever may connect may have
    // changed.
    [[nodiscard]] Error reload(const TlsOptions& options);

    [[nodiscard]] std::unique_ptr<Transport> accept(BufferPool& pool,
                                                    const Address& peer) const noexcept override;

  private:
    struct State;
    explicit Tls(std::unique_ptr<State> state) noexcept;
    std::unique_ptr<State> state_;
};

// ---- Clients -----------------------------------------------------------------------------------

// The server's certificate must be signed by an authority that is trusted, be valid today, and bear
// the name (or address) of the URL's host.
struct TlsClientOptions {
    // Authorities that may have signed the server's certificate: PEM, a file's name or the text.
    // Empty: those that the system trusts.
    std::string authorities{};
    // The name that the server is asked for (SNI) and has to prove. Empty: the URL's host.
    std::string server_name{};
    // A certificate of our own, for servers that ask for one. Empty: none.
    TlsIdentity identity{};
    // Any certificate is accepted. It is for tests only: anyone on the way can read and change
    // everything.
    bool accepts_any_certificate = false;
};

// Any thread. Remembers the sessions of the last servers, so that to reconnect costs them and us
// less.
class TlsClient final : public ClientTransportFactory {
  public:
    // Returns an error that names the option, if a file cannot be read or does not fit the others.
    [[nodiscard]] static Made<std::shared_ptr<TlsClient>> make(const TlsClientOptions& options);
    ~TlsClient() override;

    [[nodiscard]] std::unique_ptr<Transport> connect(BufferPool& pool,
                                                     std::string_view host) const noexcept override;

  private:
    struct State;
    explicit TlsClient(std::shared_ptr<State> state) noexcept;
    std::shared_ptr<State> state_;
};

}  // namespace edgews
