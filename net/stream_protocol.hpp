// What a listener's connections speak, if it is not HTTP.
#pragma once

#include <memory>

namespace edgews {

class Address;
class Fd;
class Shard;
class Transport;

// Any thread; shared by all loops.
class StreamProtocol {
  public:
    virtual ~StreamProtocol() = default;
    // Serves an accepted socket of `peer` on the shard's loop, which is the calling thread's; what
    // it makes is counted among the shard's connections (net/admission.hpp), and ends with them
    // (Source::shut_down()). `tls`: null without. False: the system refuses, and the socket is
    // closed.
    [[nodiscard]] virtual bool accept(Shard& shard, Fd fd, const Address& peer,
                                      std::unique_ptr<Transport> tls) const = 0;
};

}  // namespace edgews
