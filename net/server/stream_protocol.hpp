// A protocol, other than HTTP, for the connections of a listener.
#pragma once

#include <memory>
#include <string_view>

namespace edgews {

class Admission;
class Fd;
class Shard;
class Transport;

// Any thread; shared by all loops.
class StreamProtocol {
  public:
    virtual ~StreamProtocol() = default;
    // Serves an accepted socket of admission.address() on the shard's loop, which is the calling
    // thread's; what it makes keeps `admission` for as long as it lives, and ends with the shard's
    // other connections (Stream::shut_down()). `tls`: null without. False: the system refuses, and
    // the socket is closed.
    [[nodiscard]] virtual bool accept(Shard& shard, Fd fd, Admission admission,
                                      std::unique_ptr<Transport> tls) const = 0;
    // What a connection over a limit is told before it is closed; empty: nothing.
    [[nodiscard]] virtual std::string_view refusal() const noexcept { return {}; }
};

}  // namespace edgews
