// Connects to a host or to a Unix socket: finds the addresses, tries one after the other, and hands
// over the first socket that is connected.
//
// Happy Eyeballs (RFC 8305): a host that is reached by IPv4 alone should not be waited for by IPv6.
// The families take turns, and the next address is tried when one has failed, or the last one has
// not answered for a moment; all attempts go on until one of them has won.
#pragma once

#include <edgews/address.hpp>
#include <edgews/client_options.hpp>
#include <edgews/error.hpp>
#include <edgews/function.hpp>
#include "net/client/resolver.hpp"
#include "net/loop/fd.hpp"
#include "net/stream/socket.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace edgews {

struct DialOptions {
    // Milliseconds; 0: no limit. What takes longer is std::errc::timed_out.
    std::uint32_t resolve_timeout_ms = 5'000;
    std::uint32_t connect_timeout_ms = 5'000;  // For all attempts together, from the first one on.
    // Milliseconds after which the next address is tried, too (RFC 8305, section 5).
    std::uint32_t attempt_delay_ms = 250;
    // Who is asked for addresses.
    Lookup lookup = look_up;
    PeerWatch watch{};
};

// How the system finds out that the server has vanished.
[[nodiscard]] inline PeerWatch watch_of(const ClientOptions& options) noexcept {
    return {.keep_alive_ms = options.tcp_keep_alive_ms,
            .user_timeout_ms = options.tcp_user_timeout_ms};
}

struct Dialed {
    // "resolve example.invalid: Name or service not known", "connect to 192.0.2.1:443: Connection
    // refused (3 of 3 addresses tried)".
    Error error{};
    bool is_resolved = false;  // There was an address to connect to.
    // Connected and non-blocking, with TCP_NODELAY, and on no loop. Empty: see `error`.
    Fd fd{};
    Address peer{};
};

// Belongs to its loop's thread. It may outlive the loop, which only start() needs.
class Dialer {
  public:
    // `reactor` is borrowed.
    explicit Dialer(Reactor& reactor, DialOptions options = {});
    Dialer(const Dialer&) = delete;
    Dialer& operator=(const Dialer&) = delete;
    ~Dialer() { cancel(); }

    // Has `done` called once, on the loop, never from in here; not after cancel(), nor when the
    // loop is gone. `done` may destroy this, or start anew. Requires: !is_dialing().
    void start(std::string host, std::uint16_t port, Function<void(Dialed)> done);
    void start_unix(const std::string& path, Function<void(Dialed)> done);
    // Closes all sockets at once. `done` is destroyed at the end of the turn.
    void cancel() noexcept;
    [[nodiscard]] bool is_dialing() const noexcept;
    // Dialing, it does not know the host's addresses yet.
    [[nodiscard]] bool is_resolving() const noexcept;

  private:
    class Dial;
    class Attempt;
    Dial& add_dial(std::string name, Function<void(Dialed)> done);

    Reactor& reactor_;
    std::shared_ptr<LoopLink> link_;
    DialOptions options_;
    Token dial_ = no_token;
};

// First one of the family that comes first, then one of the others, and so on; otherwise in the
// order in which they came (RFC 8305, section 4).
[[nodiscard]] std::vector<SocketAddress> with_families_taking_turns(
    std::vector<SocketAddress> addresses);

}  // namespace edgews
