// The network on which sockets find each other: addresses, listening, connecting.
//
// Every IP address is this world's, and reached by TCP with the latency that the faults say: one
// that nobody listens at refuses, one that is silent answers nothing.
#pragma once

#include "sim/address.hpp"
#include "sim/file.hpp"
#include "sim/socket.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace edgews::sim {

class Network {
  public:
    explicit Network(Kernel& kernel) noexcept : kernel_(kernel) {}

    // 0 in `value`, or an error.
    [[nodiscard]] Result bind(Socket& socket, const Address& address);
    [[nodiscard]] Result listen(const std::shared_ptr<Socket>& socket, int backlog);
    [[nodiscard]] Result connect(const std::shared_ptr<Socket>& socket, const Address& address);
    // The socket that was accepted, or an error number.
    struct Accepted {
        std::shared_ptr<Socket> socket{};
        int error = 0;
    };
    [[nodiscard]] Accepted accept(Socket& listener);

    // A connection to who listens there, as a program outside makes it. The bytes are sent and
    // received by the socket's own functions.
    [[nodiscard]] std::shared_ptr<Socket> dial(const Address& address);
    // Nobody there answers, neither yes nor no.
    void silence(const std::string& host) { silent_.insert(host); }

    // One that was closed before its connection was over.
    void keep(std::shared_ptr<Socket> orphan);
    // Something arrived somewhere, or somebody outside did something.
    void note_event() noexcept;
    [[nodiscard]] std::uint64_t last_event_ns() const noexcept { return last_event_ns_; }

    // Whether a Unix socket's file has that name, and is removed.
    [[nodiscard]] bool has_file(const std::string& path) const;
    [[nodiscard]] bool remove_file(const std::string& path);

  private:
    using Sockets = std::vector<std::shared_ptr<Socket>>;

    [[nodiscard]] std::shared_ptr<Socket> listener_at(const Address& address, std::uint16_t from);
    [[nodiscard]] Result bind_unix(Socket& socket, const Address& address);
    [[nodiscard]] Result connect_unix(const std::shared_ptr<Socket>& socket,
                                      const Address& address);
    // Those that are bound to it.
    [[nodiscard]] Sockets at_port(std::uint16_t port);
    [[nodiscard]] bool is_taken_for(const Socket& socket, const Address& address);
    [[nodiscard]] bool is_connection_taken(const Address& local, const Address& remote);
    void take_port(Socket& socket, const Address& address);
    [[nodiscard]] std::uint16_t free_port();
    void send_syn(const std::shared_ptr<TcpSocket>& socket, std::uint32_t tried,
                  std::uint64_t delay_ns);
    void arrive_at(const std::shared_ptr<TcpSocket>& socket, std::uint32_t tried);

    Kernel& kernel_;
    std::map<std::uint16_t, std::vector<std::weak_ptr<Socket>>> ports_{};
    std::map<std::string, std::weak_ptr<Socket>> unix_names_{};
    std::vector<std::shared_ptr<Socket>> orphans_{};
    std::set<std::string> files_{};
    std::set<std::string> silent_{};
    std::uint16_t next_port_ = 32'768;
    std::uint64_t last_event_ns_ = 0;
};

}  // namespace edgews::sim
