// A transport stands between a stream and its socket where a listener or a client has one: TLS,
// from an add-on.
//
// Without I/O, like core/: the stream receives and sends, the transport turns what arrived into
// what was meant, and the other way round. Belongs to the loop's thread.
#pragma once

#include <edgews/request.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct iovec;

namespace edgews {

class Address;
class BufferPool;

class Transport {
  public:
    virtual ~Transport() = default;

    enum class State : std::uint8_t {
        opening,  // Its own handshake goes on.
        open,
        ended,   // The peer has said that it sends nothing more.
        failed,  // Nothing can be received any more; what is pending tells the peer.
    };
    [[nodiscard]] virtual State state() const noexcept = 0;
    // Requires: open, or ended after it was.
    [[nodiscard]] virtual const TransportInfo& info() const noexcept = 0;
    // Why it failed, in a few words; empty: it did not.
    [[nodiscard]] virtual std::string_view failure() const noexcept = 0;

    // Takes all of `received`, writes what it means to `plain`, and returns the bytes written.
    // Requires: `plain` has room for received.size() + record_size_max; not failed. A client's
    // first call, with nothing received, has it speak first.
    [[nodiscard]] virtual std::size_t open(std::span<const std::byte> received,
                                           std::span<std::byte> plain) noexcept = 0;
    // Has all of the pieces sent. Requires: open or ended.
    virtual void seal(std::span<const iovec> pieces) noexcept = 0;
    // Says that we send nothing more. False: that was said, or cannot be.
    virtual bool end() noexcept = 0;

    // What the socket is to be given next, and how much of it was. Valid until the next call.
    [[nodiscard]] virtual std::span<const std::byte> pending() const noexcept = 0;
    virtual void sent(std::size_t count) noexcept = 0;

    // Of one record, with all that is around it (RFC 8446, section 5.2).
    static constexpr std::size_t record_size_max = 17 * 1024;
};

}  // namespace edgews
