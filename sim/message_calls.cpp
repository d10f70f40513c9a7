// libc's functions that transfer bytes, whole and in pieces; see calls.hpp.
#include "sim/calls.hpp"
#include "sim/clocks.hpp"
#include "sim/pipe.hpp"
#include "sim/refusal.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sim {

void link_message_calls() noexcept {}

namespace {

using Pieces = std::vector<iovec>;

Pieces pieces_of(const iovec* pieces, std::size_t count) {
    return {pieces, pieces + count};
}

std::size_t size_of(const Pieces& pieces) noexcept {
    std::size_t size = 0;
    for (const iovec& piece : pieces) size += piece.iov_len;
    return size;
}

void consume(Pieces& pieces, std::size_t size) noexcept {
    for (iovec& piece : pieces) {
        const std::size_t part = std::min(size, piece.iov_len);
        piece.iov_base = static_cast<char*>(piece.iov_base) + part;
        piece.iov_len -= part;
        size -= part;
    }
}

// Fills them in order with what one read brought.
void scatter(std::string_view bytes, const Pieces& pieces) noexcept {
    for (const iovec& piece : pieces) {
        const std::size_t size = std::min(bytes.size(), piece.iov_len);
        if (size > 0) std::memcpy(piece.iov_base, bytes.data(), size);
        bytes.remove_prefix(size);
    }
}

// ---- Receiving -------------------------------------------------------------

// One piece is filled where it is; several as by one read of all, no larger than what is there.
Result read_once(File& file, Socket* socket, const Pieces& pieces, int flags) {
    std::size_t size = size_of(pieces);
    const auto read = [&](void* to) {
        return socket != nullptr ? socket->receive(to, size, flags) : file.read(to, size);
    };
    if (pieces.size() == 1) return read(pieces.front().iov_base);
    if (socket != nullptr) size = std::min(size, socket->held_size() + 1);
    std::string bytes(size, '\0');
    const Result result = read(bytes.data());
    if (result.value > 0) {
        scatter(std::string_view(bytes).substr(0, static_cast<std::size_t>(result.value)), pieces);
    }
    return result;
}

// Who may wait does so for something, or with MSG_WAITALL for all.
Result read_until_done(Kernel& kernel, File& file, Pieces pieces, int flags) {
    auto* const socket = dynamic_cast<Socket*>(&file);
    const bool may_wait = file.is_blocking() && (flags & (MSG_DONTWAIT | MSG_OOB)) == 0;
    const bool wants_all = may_wait && (flags & MSG_WAITALL) != 0 && (flags & MSG_PEEK) == 0;
    const std::uint64_t patience_ns = socket != nullptr ? socket->patience().receive_ns : never_ns;
    const std::uint64_t deadline_ns = after_span(kernel.now_ns(), patience_ns);
    ssize_t count = 0;
    for (;;) {
        const Result one = wait_until_done(kernel, may_wait, deadline_ns,
                                           [&] { return read_once(file, socket, pieces, flags); });
        if (one.value <= 0) return count > 0 ? Result{.value = count} : one;
        count += one.value;
        consume(pieces, static_cast<std::size_t>(one.value));
        if (!wants_all || size_of(pieces) == 0) return {.value = count};
    }
}

// The file, if it was opened for that.
std::shared_ptr<File> find_but(Kernel& kernel, int fd, int access_mode) {
    std::shared_ptr<File> file = kernel.find(fd);
    return file != nullptr && file->access_mode() != access_mode ? file : nullptr;
}

Result read_file(Kernel& kernel, int fd, Pieces pieces) {
    const std::shared_ptr<File> file = find_but(kernel, fd, O_WRONLY);
    if (file == nullptr) return failed(EBADF);
    if (const int error = kernel.enter(Call::read); error != 0) return failed(error);
    const bool is_socket = dynamic_cast<Socket*>(file.get()) != nullptr;
    if (size_of(pieces) == 0 && (pieces.size() > 1 || is_socket)) {
        return dynamic_cast<Epoll*>(file.get()) != nullptr ? failed(EINVAL) : Result{};
    }
    return read_until_done(kernel, *file, std::move(pieces), 0);
}

Result receive(Kernel& kernel, int fd, Pieces pieces, int flags) {
    const EnteredSocket entered = enter_socket(kernel, fd, Call::recv);
    if (entered.error != 0) return failed(entered.error);
    return read_until_done(kernel, *entered.socket, std::move(pieces), flags);
}

// ---- Sending ---------------------------------------------------------------

// Who does not ask for it is told by a signal, too.
Result tell_of_pipe(Kernel& kernel, const Result& result, int flags) {
    if (result.error == EPIPE && (flags & MSG_NOSIGNAL) == 0) {
        kernel.signals().raise_to(::pthread_self(), SIGPIPE, "a write to who is gone");
    }
    return result;
}

// Who may wait does so until all was taken.
Result send_until_done(Kernel& kernel, Socket& socket, Pieces pieces, int flags) {
    const bool may_wait = socket.is_blocking() && (flags & MSG_DONTWAIT) == 0;
    const std::uint64_t deadline_ns = after_span(kernel.now_ns(), socket.patience().send_ns);
    ssize_t count = 0;
    for (;;) {
        const Result one = wait_until_done(kernel, may_wait, deadline_ns,
                                           [&] { return socket.send(pieces, flags); });
        if (one.value < 0) {
            (void)tell_of_pipe(kernel, one, flags);
            return count > 0 ? Result{.value = count} : one;
        }
        count += one.value;
        consume(pieces, static_cast<std::size_t>(one.value));
        if (!may_wait || size_of(pieces) == 0) return {.value = count};
    }
}

// The same, of what is no socket: only a pipe takes a part.
Result write_until_done(Kernel& kernel, File& file, std::string_view bytes) {
    ssize_t count = 0;
    do {
        const Result one = wait_until_done(kernel, file.is_blocking(), never_ns,
                                           [&] { return file.write(bytes.data(), bytes.size()); });
        if (one.value < 0) return count > 0 ? Result{.value = count} : tell_of_pipe(kernel, one, 0);
        count += one.value;
        bytes.remove_prefix(static_cast<std::size_t>(one.value));
    } while (file.is_blocking() && !bytes.empty());
    return {.value = count};
}

std::string joined(const Pieces& pieces) {
    std::string bytes;
    for (const iovec& piece : pieces) {
        bytes.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    }
    return bytes;
}

// Counters and their like take each piece for a write of its own.
Result write_file(Kernel& kernel, int fd, Pieces pieces) {
    const std::shared_ptr<File> file = find_but(kernel, fd, O_RDONLY);
    if (file == nullptr) return failed(EBADF);
    if (const int error = kernel.enter(Call::write); error != 0) return failed(error);
    if (pieces.size() != 1 && size_of(pieces) == 0) return {};
    if (auto* const socket = dynamic_cast<Socket*>(file.get())) {
        return send_until_done(kernel, *socket, std::move(pieces), 0);
    }
    if (dynamic_cast<PipeEnd*>(file.get()) != nullptr) {
        return write_until_done(kernel, *file, joined(pieces));
    }
    ssize_t count = 0;
    for (const iovec& piece : pieces) {
        const Result one = write_until_done(
            kernel, *file, {static_cast<const char*>(piece.iov_base), piece.iov_len});
        if (one.value < 0) return count > 0 ? Result{.value = count} : one;
        count += one.value;
    }
    return {.value = count};
}

Result send(Kernel& kernel, int fd, Pieces pieces, int flags) {
    const EnteredSocket entered = enter_socket(kernel, fd, Call::send);
    if (entered.error != 0) return failed(entered.error);
    return send_until_done(kernel, *entered.socket, std::move(pieces), flags);
}

std::size_t count_of(int count) noexcept {
    return static_cast<std::size_t>(std::max(count, 0));
}

// Of several messages: as many as went well, or the first one's error.
template <class Function>
int for_each_message(mmsghdr* messages, unsigned count, Function transfer) {
    unsigned done = 0;
    while (done < count) {
        const ssize_t size = transfer(messages[done].msg_hdr, done);
        if (size < 0) break;
        messages[done++].msg_len = static_cast<unsigned>(size);
    }
    return done > 0 || count == 0 ? static_cast<int>(done) : -1;
}

}  // namespace

}  // namespace edgews::sim

using namespace edgews::sim;

extern "C" {

// ---- Of any file -----------------------------------------------------------

ssize_t read(int fd, void* to, size_t size) {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return system_call(SYS_read, fd, to, size);
    return told(*kernel, "read", fd, read_file(*kernel, fd, {{.iov_base = to, .iov_len = size}}));
}

ssize_t write(int fd, const void* from, size_t size) {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return system_call(SYS_write, fd, from, size);
    const iovec piece{.iov_base = const_cast<void*>(from), .iov_len = size};
    return told(*kernel, "write", fd, write_file(*kernel, fd, {piece}));
}

ssize_t readv(int fd, const iovec* pieces, int count) {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return system_call(SYS_readv, fd, pieces, count);
    return told(*kernel, "read", fd, read_file(*kernel, fd, pieces_of(pieces, count_of(count))));
}

ssize_t writev(int fd, const iovec* pieces, int count) {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return system_call(SYS_writev, fd, pieces, count);
    return told(*kernel, "write", fd, write_file(*kernel, fd, pieces_of(pieces, count_of(count))));
}

// ---- Of sockets ------------------------------------------------------------

ssize_t recv(int fd, void* to, size_t size, int flags) {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return system_call(SYS_recvfrom, fd, to, size, flags, nullptr, nullptr);
    const iovec piece{.iov_base = to, .iov_len = size};
    return told(*kernel, "recv", fd, receive(*kernel, fd, {piece}, flags));
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return system_call(SYS_recvmsg, fd, message, flags);
    const Result result =
        receive(*kernel, fd, pieces_of(message->msg_iov, message->msg_iovlen), flags);
    if (result.error == 0) {
        // A stream says neither who sent it nor anything else of it.
        message->msg_namelen = 0;
        message->msg_controllen = 0;
        message->msg_flags = flags & MSG_OOB;
    }
    return told(*kernel, "recv", fd, result);
}

ssize_t recvfrom(int fd, void* to, size_t size, int flags, sockaddr* from, socklen_t* from_size) {
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return system_call(SYS_recvfrom, fd, to, size, flags, from, from_size);
    const ssize_t result = recv(fd, to, size, flags);
    if (result >= 0 && from_size != nullptr) *from_size = 0;
    return result;
}

int recvmmsg(int fd, mmsghdr* messages, unsigned count, int flags, timespec* limit) {
    if (kernel_of(fd) == nullptr) {
        return static_cast<int>(system_call(SYS_recvmmsg, fd, messages, count, flags, limit));
    }
    return for_each_message(messages, count, [&](msghdr& message, unsigned done) {
        const bool waits = done == 0 || (flags & MSG_WAITFORONE) == 0;
        return recvmsg(fd, &message, (flags & ~MSG_WAITFORONE) | (waits ? 0 : MSG_DONTWAIT));
    });
}

ssize_t send(int fd, const void* from, size_t size, int flags) {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return system_call(SYS_sendto, fd, from, size, flags, nullptr, 0);
    const iovec piece{.iov_base = const_cast<void*>(from), .iov_len = size};
    return told(*kernel, "send", fd, edgews::sim::send(*kernel, fd, {piece}, flags));
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return system_call(SYS_sendmsg, fd, message, flags);
    if (message->msg_controllen > 0) refuse("sendmsg()", "with more than bytes (SCM_RIGHTS)");
    Pieces pieces = pieces_of(message->msg_iov, message->msg_iovlen);
    return told(*kernel, "send", fd, edgews::sim::send(*kernel, fd, std::move(pieces), flags));
}

ssize_t sendto(int fd, const void* from, size_t size, int flags, const sockaddr* to,
               socklen_t to_size) {
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return system_call(SYS_sendto, fd, from, size, flags, to, to_size);
    return send(fd, from, size, flags);
}

int sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) {
    if (kernel_of(fd) == nullptr) {
        return static_cast<int>(system_call(SYS_sendmmsg, fd, messages, count, flags));
    }
    return for_each_message(messages, count, [&](const msghdr& message, unsigned) {
        return sendmsg(fd, &message, flags);
    });
}

}  // extern "C"
