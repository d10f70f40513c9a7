#include "net/stream/socket.hpp"

#include <edgews/address.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>

namespace edgews {

bool is_abstract(std::string_view path) noexcept {
    return path.starts_with('@') || path.starts_with('\0');
}

std::string unix_name(const std::string& path) {
    return is_abstract(path) ? "unix:@" + path.substr(1) : "unix:" + path;
}

// An abstract name has no end but the address's own, and may fill it.
SocketAddress unix_socket_address(const std::string& path) noexcept {
    const bool is_file = !is_abstract(path);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() + (is_file ? 1 : 0) > sizeof address.sun_path) return {};
    std::memcpy(address.sun_path, path.data(), path.size());
    if (!is_file) address.sun_path[0] = '\0';
    SocketAddress result{.size = sizeof address};
    if (!is_file) {
        result.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    }
    std::memcpy(&result.storage, &address, sizeof address);
    return result;
}

SocketAddress local_address(const Fd& fd) noexcept {
    SocketAddress address{.size = sizeof address.storage};
    auto* const place = reinterpret_cast<sockaddr*>(&address.storage);
    return ::getsockname(fd.get(), place, &address.size) == 0 ? address : SocketAddress();
}

bool is_connected_to_itself(const Fd& fd) noexcept {
    SocketAddress peer{.size = sizeof peer.storage};
    ::getpeername(fd.get(), reinterpret_cast<sockaddr*>(&peer.storage), &peer.size);
    const Address own_end(*local_address(fd).get());
    const Address other_end(*peer.get());
    return own_end.port() != 0 && own_end.port() == other_end.port() &&
           own_end.has_ip_of(other_end);
}

bool set_option(const Fd& fd, int level, int name, int value) noexcept {
    return ::setsockopt(fd.get(), level, name, &value, sizeof value) == 0;
}

bool is_in_range(const PeerWatch& watch) noexcept {
    constexpr std::uint32_t idle_ms_max = 32'767'000;  // MAX_TCP_KEEPIDLE of the system's.
    return watch.keep_alive_ms <= idle_ms_max && watch.user_timeout_ms <= INT_MAX;
}

int watch_peer(const Fd& fd, const PeerWatch& watch) noexcept {
    constexpr int probe_count = 4;
    if (!is_in_range(watch)) return EINVAL;
    const int idle_s = static_cast<int>((watch.keep_alive_ms + 999) / 1000);
    const int interval_s = std::max(idle_s / probe_count, 1);
    const bool is_kept_alive =
        watch.keep_alive_ms == 0 || (set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1) &&
                                     set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle_s) &&
                                     set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, interval_s) &&
                                     set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, probe_count));
    const bool is_limited =
        watch.user_timeout_ms == 0 ||
        set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(watch.user_timeout_ms));
    return is_kept_alive && is_limited ? 0 : errno;
}

// The name goes without its end.
int set_congestion_control(const Fd& fd, const std::string& name) noexcept {
    const auto size = static_cast<socklen_t>(name.size());
    return ::setsockopt(fd.get(), IPPROTO_TCP, TCP_CONGESTION, name.data(), size) == 0 ? 0 : errno;
}

}  // namespace edgews
