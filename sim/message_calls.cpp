// libc's functions that transfer bytes in several pieces, or with addresses; see calls.hpp.
#include <edgews/sim/calls.hpp>

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string>

namespace edgews::sim {

void link_message_calls() noexcept {}

namespace {

Result transfer(Kernel& kernel, int fd, Call call, void* bytes, std::size_t size) {
    const std::shared_ptr<File> file = kernel.find(fd);
    if (file == nullptr) return failed(EBADF);
    if (const int error = kernel.enter(call); error != 0) return failed(error);
    return call == Call::read ? file->read(bytes, size) : file->write(bytes, size);
}

std::size_t size_of(std::span<const iovec> pieces) noexcept {
    std::size_t size = 0;
    for (const iovec& piece : pieces) size += piece.iov_len;
    return size;
}

// Fills them in order with what one read brought.
void scatter(std::string_view bytes, std::span<const iovec> pieces) noexcept {
    for (const iovec& piece : pieces) {
        const std::size_t size = std::min(bytes.size(), piece.iov_len);
        std::memcpy(piece.iov_base, bytes.data(), size);
        bytes.remove_prefix(size);
    }
}

// Of a file of any kind, as one read of all: what comes is the same.
Result read_pieces(Kernel& kernel, int fd, Call call, std::span<const iovec> pieces, int flags) {
    const std::shared_ptr<File> file = kernel.find(fd);
    auto* const socket = dynamic_cast<Socket*>(file.get());
    if (file == nullptr) return failed(EBADF);
    if (socket == nullptr && call == Call::recv) return failed(ENOTSOCK);
    if (const int error = kernel.enter(call); error != 0) return failed(error);
    std::size_t size = size_of(pieces);
    if (size == 0 && call == Call::read) {
        return dynamic_cast<Epoll*>(file.get()) != nullptr ? failed(EINVAL) : Result{};
    }
    if (socket != nullptr) size = std::min(size, socket->held_size() + 1);
    std::string bytes(size, '\0');
    const Result result = socket != nullptr ? socket->receive(bytes.data(), size, flags)
                                            : file->read(bytes.data(), size);
    if (result.value > 0) {
        scatter(std::string_view(bytes).substr(0, static_cast<std::size_t>(result.value)), pieces);
    }
    kernel.tell("recv %d: %zd (errno %d)", fd, result.value, result.error);
    return result;
}

Result write_pieces(Kernel& kernel, int fd, std::span<const iovec> pieces) {
    const std::shared_ptr<File> file = kernel.find(fd);
    if (file == nullptr) return failed(EBADF);
    if (const int error = kernel.enter(Call::write); error != 0) return failed(error);
    std::string bytes;
    for (const iovec& piece : pieces) {
        bytes.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    }
    return bytes.empty() ? Result{} : file->write(bytes.data(), bytes.size());
}

std::span<const iovec> pieces_of(const iovec* pieces, int count) noexcept {
    return {pieces, static_cast<std::size_t>(std::max(count, 0))};
}

}  // namespace

}  // namespace edgews::sim

using namespace edgews::sim;

extern "C" {

ssize_t read(int fd, void* to, size_t size) {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return system_call(SYS_read, fd, to, size);
    return returned(transfer(*kernel, fd, Call::read, to, size));
}

ssize_t write(int fd, const void* from, size_t size) {
    const Busy busy;
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return system_call(SYS_write, fd, from, size);
    return returned(transfer(*kernel, fd, Call::write, const_cast<void*>(from), size));
}

ssize_t readv(int fd, const iovec* pieces, int count) {
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return system_call(SYS_readv, fd, pieces, count);
    return returned(read_pieces(*kernel, fd, Call::read, pieces_of(pieces, count), 0));
}

ssize_t writev(int fd, const iovec* pieces, int count) {
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return system_call(SYS_writev, fd, pieces, count);
    return returned(write_pieces(*kernel, fd, pieces_of(pieces, count)));
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return system_call(SYS_recvmsg, fd, message, flags);
    const std::span<const iovec> pieces(message->msg_iov, message->msg_iovlen);
    const Result result = read_pieces(*kernel, fd, Call::recv, pieces, flags);
    if (result.error != 0) return returned(result);
    // A stream says neither who sent it nor anything else of it.
    message->msg_namelen = 0;
    message->msg_controllen = 0;
    message->msg_flags = flags & MSG_OOB;
    return returned(result);
}

ssize_t recvfrom(int fd, void* to, size_t size, int flags, sockaddr* from, socklen_t* from_size) {
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return system_call(SYS_recvfrom, fd, to, size, flags, from, from_size);
    const ssize_t result = recv(fd, to, size, flags);
    if (result >= 0 && from_size != nullptr) *from_size = 0;
    return result;
}

ssize_t sendto(int fd, const void* from, size_t size, int flags, const sockaddr* to,
               socklen_t to_size) {
    Kernel* const kernel = kernel_of(fd);
    if (kernel == nullptr) return system_call(SYS_sendto, fd, from, size, flags, to, to_size);
    return send(fd, from, size, flags);
}

}  // extern "C"
