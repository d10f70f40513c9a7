#include "table.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace edgews::sim::test {

namespace {

constexpr Outcome nothing = Outcome::nothing;
constexpr Outcome refused = Outcome::refused;
constexpr Outcome one_ends = Outcome::one_ends;
constexpr Outcome dies = Outcome::dies;
constexpr Outcomes never{};

constexpr std::string_view listening = "listen on ";

// Descriptors, memory, and arguments that only a fault of ours could make.
const std::vector<int> misuse{EBADF, EFAULT, EINVAL, ENOTSOCK};

std::vector<int> operator+(std::vector<int> some, const std::vector<int>& more) {
    some.insert(some.end(), more.begin(), more.end());
    return some;
}

// Those of a path.
const std::vector<int> of_paths{EACCES, EFAULT, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM, ENOTDIR};

std::vector<Row> rows_of_set_up() {
    return {
        {Call::epoll_create,
         0,
         {EMFILE, ENFILE, ENOMEM, EINVAL},
         {refused},
         never,
         "epoll_create1"},
        {Call::eventfd, 0, {EMFILE, ENFILE, ENOMEM, ENODEV, EINVAL}, {refused}, never, "eventfd"},
        {Call::timerfd_create,
         0,
         {EMFILE, ENFILE, ENOMEM, ENODEV, EINVAL, EPERM},
         {refused},
         never,
         "timerfd_create"},
        {Call::signalfd,
         0,
         {EMFILE, ENFILE, ENOMEM, ENODEV, EINVAL, EBADF},
         {refused},
         never,
         "signalfd"},
        // On a thread that asks for names, nothing depends on it.
        {Call::sigmask, 0, {EINVAL, EFAULT}, {refused}, {nothing}, "pthread_sigmask"},
        // Of a loop; later, of a thread that asks for a name.
        {Call::thread, 0, {EAGAIN, EINVAL, EPERM}, {refused}, {one_ends}, "pthread_create"},
        {Call::thread_attributes, 0, {ENOMEM}, never, {one_ends}},
        // Limits that are not told are none; a CPU that is not to be had is done without.
        {Call::getrlimit, 0, {EPERM, EFAULT, EINVAL, ESRCH}, {nothing}, never},
        {Call::sysconf, 0, {EINVAL}, {nothing}, never},
        {Call::sched_getaffinity, 0, {EPERM, EFAULT, EINVAL, ESRCH}, {nothing}, never},
        {Call::setaffinity, 0, {EINVAL, EFAULT, ESRCH}, never, {nothing}},
        {Call::open,
         0,
         std::vector{EMFILE,     ENFILE,    ENOMEM, EBADF,  EBUSY,   EDQUOT, EEXIST,
                     EFBIG,      EINTR,     EINVAL, EISDIR, ENODEV,  ENOSPC, ENXIO,
                     EOPNOTSUPP, EOVERFLOW, EPERM,  EROFS,  ETXTBSY, EAGAIN} +
             of_paths,
         {nothing},
         never},
        {Call::read, 0, {EIO, EAGAIN, EBADF, EFAULT, EINTR, EINVAL, EISDIR}, {nothing}, never},
    };
}

std::vector<Row> rows_of_listening() {
    const std::vector<int> of_options =
        std::vector{ENOPROTOOPT, ENOMEM, EPERM, EACCES, EBUSY, ENOENT} + misuse;
    const int congestion = option_detail(IPPROTO_TCP, TCP_CONGESTION);
    const int no_delay = option_detail(IPPROTO_TCP, TCP_NODELAY);
    const int accepts = option_detail(SOL_SOCKET, SO_ACCEPTCONN);
    return {
        {Call::bind,
         0,
         std::vector{EADDRINUSE, EADDRNOTAVAIL, EBADF, EINVAL, ENOTSOCK, EROFS} + of_paths,
         {refused},
         never,
         listening},
        {Call::listen, 0, {EADDRINUSE, EBADF, ENOTSOCK, EOPNOTSUPP}, {refused}, never, listening},
        // Without an answer port and name are unknown. A client's own end does not matter.
        {Call::getsockname, 0, std::vector{ENOBUFS} + misuse, {refused}, {nothing}, listening},
        // On loopback congestion control is a wish, as all options are of who connects; an adopted
        // socket may be a Unix one, which has no TCP_NODELAY.
        {Call::setsockopt, congestion, of_options, {refused, nothing}, {nothing}, listening},
        {Call::setsockopt, no_delay, of_options, {refused, nothing}, {nothing}, listening},
        {Call::setsockopt, 0, of_options, {refused}, {nothing}, listening},
        {Call::getsockopt, accepts, std::vector{ENOPROTOOPT} + misuse, {refused}, never, listening},
        {Call::fcntl,
         0,
         {EMFILE, EBADF, EINVAL, EPERM, EAGAIN, EACCES},
         {refused},
         never,
         listening},
        {Call::chmod,
         0,
         std::vector{EPERM, EROFS, EIO, EBADF, EINVAL, ENOTSUP} + of_paths,
         {refused},
         never,
         listening},
        // A file that nobody listens at stays, and is in the way.
        {Call::stat,
         0,
         std::vector{EOVERFLOW, EBADF, EINVAL} + of_paths,
         {refused},
         never,
         listening,
         EADDRINUSE},
        {Call::unlink,
         0,
         std::vector{EBUSY, EIO, EISDIR, EPERM, EROFS} + of_paths,
         {refused},
         {nothing},
         listening,
         EADDRINUSE},
    };
}

std::vector<Row> rows_of_connecting() {
    return {
        // Whether somebody listens at a Unix socket's file: if so, or if it cannot be told, the
        // file stays. Of a client: the next address, or the next try.
        {Call::connect, 0, {ECONNREFUSED}, {nothing}, {nothing, one_ends}},
        {Call::connect,
         0,
         {ETIMEDOUT, EACCES, EPERM, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EALREADY, EBADF,
          EFAULT, EINTR, EISCONN, ENETUNREACH, EHOSTUNREACH, ENOTSOCK, EPROTOTYPE, EAGAIN},
         {refused},
         {nothing, one_ends},
         listening,
         EADDRINUSE},
        {Call::socket,
         0,
         {EMFILE, ENFILE, ENOBUFS, ENOMEM, EACCES, EAFNOSUPPORT, EINVAL, EPROTONOSUPPORT},
         {refused},
         {nothing, one_ends},
         listening,
         EADDRINUSE},
        {Call::getsockopt, 0, std::vector{ENOPROTOOPT} + misuse, never, {nothing, one_ends}},
        {Call::getpeername, 0, std::vector{ENOTCONN, ENOBUFS} + misuse, never, {nothing}},
        {Call::getaddrinfo,
         0,
         {EAI_AGAIN, EAI_NONAME, EAI_FAIL, EAI_NODATA, EAI_ADDRFAMILY, EAI_BADFLAGS, EAI_FAMILY,
          EAI_MEMORY, EAI_SERVICE, EAI_SOCKTYPE, EMFILE, ENOMEM},
         never,
         {one_ends}},
    };
}

std::vector<Row> rows_of_running() {
    return {
        // Nobody knows it of one that is gone, the next one comes at the next call; without
        // descriptors one is sent away.
        {Call::accept, 0, {EMFILE, ENFILE}, never, {nothing, one_ends}},
        {Call::accept,
         0,
         {ECONNABORTED, EAGAIN,      EINTR,     ENOBUFS,         ENOMEM,          EPERM,
          EPROTO,       EOPNOTSUPP,  ENETDOWN,  ENOPROTOOPT,     EHOSTDOWN,       ENONET,
          EHOSTUNREACH, ENETUNREACH, ETIMEDOUT, ESOCKTNOSUPPORT, EPROTONOSUPPORT, ENOSR,
          EBADF,        EFAULT,      EINVAL,    ENOTSOCK},
         never,
         {nothing}},
        {Call::recv, 0, {EINTR, EAGAIN}, never, {nothing}},
        {Call::recv,
         0,
         std::vector{ECONNRESET, ECONNREFUSED, ENOMEM, ENOBUFS, ENOTCONN, ETIMEDOUT, EHOSTUNREACH,
                     ENETUNREACH, EPIPE, EIO} +
             misuse,
         never,
         {nothing, one_ends}},
        {Call::send, 0, {EINTR, EAGAIN}, never, {nothing}},
        {Call::send,
         0,
         std::vector{EPIPE, ECONNRESET, ENOBUFS, ENOMEM, EACCES, EALREADY, EISCONN, EMSGSIZE,
                     ENOTCONN, EDESTADDRREQ, EOPNOTSUPP, ENETDOWN, EHOSTUNREACH, ENETUNREACH,
                     ETIMEDOUT} +
             misuse,
         never,
         {nothing, one_ends}},
        {Call::shutdown, 0, std::vector{ENOTCONN} + misuse, never, {nothing}},
        {Call::close, 0, {EIO, EINTR, ENOSPC, EDQUOT}, {nothing}, {nothing}},
        {Call::ioctl, 0, {EINVAL, EBADF, EFAULT, ENOTTY}, never, {nothing}},
        {Call::epoll_ctl, EPOLL_CTL_DEL, {ENOENT, EBADF, EINVAL, EPERM}, never, {nothing}},
        // A loop's own descriptors, a listener; later a connection, or a try to connect.
        {Call::epoll_ctl,
         0,
         {ENOSPC, ENOMEM, EBADF, EEXIST, EINVAL, ELOOP, ENOENT, EPERM},
         {refused},
         {nothing, one_ends},
         "epoll_ctl"},
        {Call::epoll_wait, 0, {EINTR, EBADF, EFAULT, EINVAL}, never, {nothing}},
        {Call::timerfd_settime, 0, {EINVAL, EBADF, ECANCELED, EFAULT, ENOMEM}, never, {nothing}},
    };
}

std::vector<Row> rows_of_memory() {
    return {
        // A pool that has nothing to give ends the process. Where it is asked whether it has, only
        // who needs it ends; compression does with the heap.
        {Call::mmap,
         0,
         {ENOMEM, EAGAIN, EACCES, EBADF, EEXIST, EINVAL, ENFILE, ENODEV, EOVERFLOW, EPERM, ETXTBSY},
         {dies},
         {nothing, one_ends, dies},
         "edgews: out of memory\n"},
        {Call::munmap, 0, {ENOMEM, EINVAL}, never, {nothing}},
        {Call::madvise, 0, {ENOMEM, EAGAIN, EACCES, EBADF, EINVAL, EIO, EPERM}, never, {nothing}},
        {Call::getrandom, 0, {EINTR}, {nothing}, {nothing}},
        {Call::getrandom,
         0,
         {ENOSYS, EAGAIN, EFAULT, EINVAL},
         {dies},
         {dies},
         "edgews: getrandom: "},
    };
}

}  // namespace

std::span<const Row> table() {
    static const std::vector<Row> rows = [] {
        std::vector<Row> all;
        for (auto part : {rows_of_set_up(), rows_of_listening(), rows_of_connecting(),
                          rows_of_running(), rows_of_memory()}) {
            std::move(part.begin(), part.end(), std::back_inserter(all));
        }
        return all;
    }();
    return rows;
}

const Row* find_row(Call call, int detail, int error) {
    const auto is_it = [&](const Row& row) {
        return row.call == call && (row.detail == 0 || row.detail == detail) &&
               std::find(row.errors.begin(), row.errors.end(), error) != row.errors.end();
    };
    const std::span<const Row> rows = table();
    const auto found = std::find_if(rows.begin(), rows.end(), is_it);
    return found == rows.end() ? nullptr : &*found;
}

std::span<const Unfailing> unfailing() {
    static constexpr std::array all{
        Unfailing{Call::poll, "the engine waits by epoll alone"},
        Unfailing{Call::write,
                  "eventfd(2): only where the counter is at 2^64 - 2, and then the "
                  "loop is awake"},
    };
    return all;
}

}  // namespace edgews::sim::test
