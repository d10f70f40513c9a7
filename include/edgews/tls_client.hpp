// wss for clients: TLS 1.2 and 1.3 on OpenSSL 3, in libedgews-tls.a.
//
//     #include <edgews/tls_client.hpp>
//     const edgews::MadeTlsClient made = edgews::TlsClient::make({});
//     edgews::Client client(loop, "wss://example.com/feed", handlers, {.tls = made.tls});
//
// The server's certificate must be signed by an authority that is trusted, be valid today, and bear
// the name (or address) of the URL's host.
#pragma once

#include <edgews/error.hpp>
#include <edgews/tls.hpp>
#include "net/stream/transport.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace edgews {

struct TlsClientOptions {
    // Who may have signed the server's certificate: PEM, a file's name or the text. Empty: whom the
    // system trusts.
    std::string authorities{};
    // In place of the URL's host: the name that the server is asked for (SNI), and has to prove.
    std::string server_name{};
    // A certificate of our own, for servers that ask for one. Empty: none.
    TlsIdentity identity{};
    // Whoever answers is believed. For tests: anyone on the way can read and change everything.
    bool accepts_any_certificate = false;
};

struct MadeTlsClient;

// Any thread. Remembers the sessions of the last servers, so that to reconnect costs them and us
// less.
class TlsClient final : public ClientTransportFactory {
  public:
    // What cannot be read, or does not fit together, is an error that names it.
    [[nodiscard]] static MadeTlsClient make(const TlsClientOptions& options);
    ~TlsClient() override;

    [[nodiscard]] std::unique_ptr<Transport> connect(BufferPool& pool,
                                                     std::string_view host) const noexcept override;

  private:
    struct State;
    explicit TlsClient(std::shared_ptr<State> state) noexcept;
    std::shared_ptr<State> state_;
};

struct MadeTlsClient {
    Error error{};
    std::shared_ptr<TlsClient> tls{};  // Null with an error.
};

}  // namespace edgews
