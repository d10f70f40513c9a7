// A connection's place under the limits of net/connection/admission_control.hpp.
#pragma once

#include <edgews/address.hpp>

#include <cstdint>
#include <string_view>
#include <utility>

namespace edgews {

class ServerOnLoop;

// The limits that may refuse a connection.
enum class AdmissionLimit : std::uint8_t {
    none,  // It is not refused.
    memory,
    connections,
    connections_per_address,
    connects_per_minute,
};

// "ServerOptions::connections_max". Requires: not `none`.
[[nodiscard]] std::string_view option_of(AdmissionLimit limit) noexcept;

// A connection's place among those counted, held for as long as it lives.
class Admission {
  public:
    Admission() = default;
    // Of a client, which counts nowhere: its server's.
    explicit Admission(const Address& address) noexcept : address_(address) {}
    // Counted for `address`, too, unless that is a trusted proxy. Who is refused is not counted.
    Admission(ServerOnLoop& server, const Address& address);
    Admission(Admission&& other) noexcept
        : server_(std::exchange(other.server_, nullptr)),
          address_(other.address_),
          limit_(other.limit_),
          is_address_counted_(other.is_address_counted_) {}
    Admission& operator=(Admission&& other) noexcept {
        std::swap(server_, other.server_);
        std::swap(address_, other.address_);
        std::swap(limit_, other.limit_);
        std::swap(is_address_counted_, other.is_address_counted_);
        return *this;
    }
    ~Admission();

    // The connection is for `address` from here on: counted for that, in place of the one before.
    // It may be refused then, and counts among the server's connections until it has gone.
    // `as_new`: that address connects by this.
    void move_to(const Address& address, bool as_new);
    [[nodiscard]] const Address& address() const noexcept { return address_; }
    // As whom limits take its client: the address, or the network of it. Of family `none`: nobody
    // in particular, for it comes from a trusted proxy that named no one, or over a Unix socket.
    [[nodiscard]] Address limited_as() const noexcept;
    // One too many: to be told so, and closed.
    [[nodiscard]] bool is_refused() const noexcept { return limit_ != AdmissionLimit::none; }
    // The limit that was reached.
    [[nodiscard]] AdmissionLimit limit() const noexcept { return limit_; }

  private:
    [[nodiscard]] bool is_trusted() const noexcept;
    void enter_address(bool as_new);
    void leave_address() noexcept;

    ServerOnLoop* server_ = nullptr;  // Null: it counts nowhere.
    Address address_;
    AdmissionLimit limit_ = AdmissionLimit::none;
    bool is_address_counted_ = false;
};

}  // namespace edgews
