// One try of a client to connect: from a URL to a server that agrees, or to the error that says why
// there is none.
//
//                  ┌──── redirected ──────┐
//                  ▼                      │
//     begin()──▶ dialing ──connected──▶ opening ──the server agrees──────▶ over: try_opened()
//                  └──────────────────────┴──failed, too late, given up──▶ over: try_failed()
//
// The same object serves one try after the other: begin() forgets the last one.
#pragma once

#include <edgews/address.hpp>
#include <edgews/client_options.hpp>
#include <edgews/error.hpp>
#include "core/websocket/client_handshake.hpp"
#include "core/websocket/websocket_url.hpp"
#include "net/client/client_opening.hpp"
#include "net/client/dialer.hpp"
#include "net/loop/alarm.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace edgews {

// Without user information, for errors and events. Of a URL that could not be parsed: what is
// before any "@" may be secret.
[[nodiscard]] std::string name_of_url(std::string_view url);

class ClientTry final : private ClientOpening::Owner {
  public:
    // Is told how a try went: one of these, once, and never from within begin() or give_up(). The
    // try is over by then: the owner may begin the next one, or destroy this.
    class Owner {
      public:
        // The server agreed, and the connection is to be taken over. `rest` came behind the
        // response; it is valid until the end of the turn.
        virtual void try_opened(ClientOpening& opening, const HttpHead& head,
                                const ReadOpeningResponse& response, std::span<std::byte> rest) = 0;
        virtual void try_failed(const ClientError& error) = 0;

      protected:
        ~Owner() = default;
    };

    // All are borrowed. `options` may change between two tries.
    ClientTry(Reactor& reactor, const ClientOptions& options, Owner& owner);
    ClientTry(const ClientTry&) = delete;
    ClientTry& operator=(const ClientTry&) = delete;
    ~ClientTry() { cancel(); }

    // Requires: none goes on.
    void begin(const std::string& url);
    // Fails, a moment later: the application has closed the client. Requires: one goes on.
    void give_up();
    // Nothing goes on; the owner hears nothing any more.
    void cancel() noexcept;

    // These stay as they were when it is over.

    // Where it leads: after redirections, the last one.
    [[nodiscard]] const std::string& url() const noexcept { return url_text_; }
    // The same without user information, which errors do not tell.
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    // The server or the proxy. Family `none`: it is not connected yet.
    [[nodiscard]] const Address& peer() const noexcept { return peer_; }

  private:
    void dial();
    [[nodiscard]] Error prepare();
    [[nodiscard]] OpeningRequestFault append_request();
    [[nodiscard]] OpeningOffer offer() const noexcept;
    [[nodiscard]] Error check_options() const;
    void dialed(Dialed dialed);
    void start_opening(Fd fd);

    bool leads_on(const HttpHead& head) override;
    [[nodiscard]] std::string why_not(const HttpHead& head, const WebSocketUrl& target) const;
    void opened(ClientOpening& opening, const HttpHead& head, const ReadOpeningResponse& response,
                std::span<std::byte> rest) override;
    void opening_failed(ClientError error) override;

    void fail(ClientStage stage, Error error);
    void fail(const ClientError& error);
    void fail_later(ClientStage stage, const Error& error);
    [[nodiscard]] Error error_of(std::errc code, std::string_view what) const;
    [[nodiscard]] ClientStage stage() const noexcept;
    [[nodiscard]] bool is_proxied() const noexcept { return !options_.proxy.empty(); }

    Reactor& reactor_;
    const ClientOptions& options_;
    Owner& owner_;

    std::string url_text_{};
    std::string name_{};
    WebSocketUrl url_{};
    WebSocketUrl proxy_{};
    unsigned redirect_count_ = 0;
    bool is_elsewhere_ = false;       // A redirection led to another origin.
    std::string why_not_followed_{};  // For the error about the last redirection: " (why)".

    std::array<char, websocket_key_size> key_{};
    std::optional<DeflateParameters> deflate_terms_{};
    std::string request_{};  // The opening request.

    Dialer dialer_;
    Address peer_{};
    ClientOpening* opening_ = nullptr;  // Null unless it is opening.
    Alarm limit_;                       // Of the whole try.
    Alarm failure_;                     // What has failed already, and is told in a moment.
};

}  // namespace edgews
