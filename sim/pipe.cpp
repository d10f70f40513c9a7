#include "sim/pipe.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace edgews::sim {

namespace {

constexpr std::size_t capacity = 65'536;
constexpr std::size_t whole_size_max = 4'096;  // PIPE_BUF: so much goes in at once, or not at all.

}  // namespace

void PipeEnd::join(const std::shared_ptr<PipeEnd>& reader, const std::shared_ptr<PipeEnd>& writer) {
    reader->bytes_ = writer->bytes_ = std::make_shared<Bytes>();
    reader->other_ = writer;
    writer->other_ = reader;
}

int PipeEnd::access_mode() const noexcept {
    return side_ == Side::reads ? O_RDONLY : O_WRONLY;
}

std::size_t PipeEnd::room() const noexcept {
    return capacity - std::min(capacity, bytes_->size());
}

std::uint32_t PipeEnd::ready() {
    std::uint32_t events = 0;
    if (side_ == Side::reads) {
        if (!bytes_->is_empty()) events |= EPOLLIN;
        if (other_.expired()) events |= EPOLLHUP;
    } else {
        if (room() >= whole_size_max) events |= EPOLLOUT;
        if (other_.expired()) events |= EPOLLERR;
    }
    return events;
}

Result PipeEnd::read(void* to, std::size_t size) {
    if (size == 0) return {};
    const std::shared_ptr<PipeEnd> writer = other_.lock();
    if (bytes_->is_empty()) return writer == nullptr ? Result{} : failed(EAGAIN);
    const bool was_full = room() < whole_size_max;
    const std::size_t taken = std::min(size, bytes_->size());
    std::memcpy(to, bytes_->view().data(), taken);
    bytes_->consume(taken);
    if (writer != nullptr && was_full && room() >= whole_size_max) writer->wake(EPOLLOUT);
    return {.value = static_cast<ssize_t>(taken)};
}

Result PipeEnd::write(const void* from, std::size_t size) {
    if (size == 0) return {};
    const std::shared_ptr<PipeEnd> reader = other_.lock();
    if (reader == nullptr) return failed(EPIPE);
    if (room() == 0 || (size <= whole_size_max && room() < size)) return failed(EAGAIN);
    const std::size_t taken = std::min(size, room());
    bytes_->append({static_cast<const char*>(from), taken});
    reader->wake(EPOLLIN);
    return {.value = static_cast<ssize_t>(taken)};
}

// Whoever waits at the other end hears of it, whatever it waits for.
void PipeEnd::closed() {
    const std::shared_ptr<PipeEnd> other = other_.lock();
    if (other == nullptr) return;
    other->other_.reset();
    other->wake(0);
}

}  // namespace edgews::sim
