// What a stream sends from a file, without a copy.
#include "net/stream/stream.hpp"

#include <signal.h>
#include <sys/sendfile.h>
#include <sys/types.h>

#include <cassert>
#include <cerrno>
#include <ctime>

namespace edgews {

namespace {

// Of this thread, as long as it lives: a socket that the peer has reset signals SIGPIPE, and
// sendfile() has no MSG_NOSIGNAL.
class NoBrokenPipe {
  public:
    NoBrokenPipe() noexcept {
        sigemptyset(&broken_pipe_);
        sigaddset(&broken_pipe_, SIGPIPE);
        ::pthread_sigmask(SIG_BLOCK, &broken_pipe_, &before_);
    }
    NoBrokenPipe(const NoBrokenPipe&) = delete;
    NoBrokenPipe& operator=(const NoBrokenPipe&) = delete;
    ~NoBrokenPipe() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

    // Forgets one that has come since, if any has: a call that sent a part may have met it, too.
    void take() const noexcept {
        if (sigismember(&before_, SIGPIPE) != 0) return;  // It may be somebody else's.
        const timespec at_once{};
        while (::sigtimedwait(&broken_pipe_, nullptr, &at_once) < 0 && errno == EINTR) continue;
    }

  private:
    sigset_t broken_pipe_;
    sigset_t before_;
};

ssize_t send_file(int socket, int file, std::uint64_t offset, std::size_t size) noexcept {
    const NoBrokenPipe guard;
    auto place = static_cast<off_t>(offset);
    ssize_t sent = 0;
    do {
        sent = ::sendfile(socket, file, &place, size);
    } while (sent < 0 && errno == EINTR);
    const int error = errno;
    if (sent != static_cast<ssize_t>(size)) guard.take();
    errno = error;
    return sent;
}

}  // namespace

Stream::SentFile Stream::send_directly(const Fd& file, std::uint64_t offset, std::size_t size) {
    assert(!transport_);
    assert(output_size() == 0);
    assert(!is_blocked_);
    const ssize_t sent = send_file(fd_.get(), file.get(), offset, size);
    if (sent >= 0) {
        has_sent_ = has_sent_ || sent > 0;
        count_sent(static_cast<std::size_t>(sent));
        return {.size = static_cast<std::size_t>(sent)};
    }
    switch (errno) {
        case EAGAIN: is_blocked_ = true; break;
        case EINVAL:
        case ENOSYS: return {.is_refused = true};  // Some file systems have no pages to send.
        case EIO:
        case ENOMEM:
        case EOVERFLOW: break;  // Of the file.
        default: note_reset(); reactor().flush_later(*this);
    }
    return {};
}

}  // namespace edgews
