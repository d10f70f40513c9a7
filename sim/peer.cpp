#include "sim/peer.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <utility>

#include <sys/socket.h>

namespace edgews::sim {

Pace Pace::drawn(Choices& choices) {
    static constexpr std::array<std::size_t, 5> sizes{65'536, 4'096, 300, 17, 1};
    static constexpr std::array<std::uint64_t, 4> gaps{10'000, 300, 300'000, 3'000'000};
    return {.write_size_max = choices.one_of(sizes),
            .write_gap_ns_max = choices.one_of(gaps),
            .read_size_max = choices.one_of(sizes),
            .read_gap_ns_max = choices.one_of(gaps)};
}

Peer::~Peer() {
    *is_there_ = false;
    if (socket_) leave();
}

void Peer::connect(const Address& address) {
    hold(world_.kernel().network().dial(address));
    // A Unix socket is connected, or refused, at once.
    if (socket_->state() != Socket::State::connecting) act_after(0);
}

void Peer::adopt(std::shared_ptr<Socket> socket) {
    hold(std::move(socket));
    act_after(0);
}

void Peer::hold(std::shared_ptr<Socket> socket) {
    assert(!socket_);
    socket_ = std::move(socket);
    socket_->on_wake = [this, is_there = is_there_] {
        if (*is_there) act_after(world_.kernel().drawn_ns(pace_.read_gap_ns_max));
    };
    note_act();
}

void Peer::send(std::string_view bytes) {
    if (is_to_end_ || has_heard_end_) return;
    output_.append(bytes);
    act_after(world_.kernel().drawn_ns(pace_.write_gap_ns_max));
}

void Peer::end() {
    is_to_end_ = true;
    act_after(0);
}

void Peer::reset() {
    if (!socket_) return;
    note_act();
    socket_->set_reset_at_close(true);
    was_reset_ = true;
    leave();
}

void Peer::set_reading(bool reads) {
    is_reading_ = reads;
    act_after(0);
}

void Peer::note_act() {
    last_act_ns_ = world_.now_ns();
    world_.kernel().network().note_event();
}

bool Peer::has_delivered() const noexcept {
    return socket_ != nullptr && output_.is_empty() && socket_->unsent_size() == 0;
}

void Peer::act_after(std::uint64_t delay_ns) {
    if (is_to_act_ || !socket_) return;
    is_to_act_ = true;
    world_.after(delay_ns, [this, is_there = is_there_] {
        if (!*is_there) return;
        is_to_act_ = false;
        act();
    });
}

void Peer::act() {
    if (!socket_ || socket_->state() == Socket::State::connecting) return;
    note_connected();
    const bool writes_on = write_some();
    const bool reads_on = read_some();
    if (!socket_) return;
    if (has_heard_end_ && (has_ended_ || was_reset_)) return leave();
    if (!writes_on && !reads_on) return;
    Kernel& kernel = world_.kernel();
    act_after(writes_on ? kernel.drawn_ns(pace_.write_gap_ns_max)
                        : kernel.drawn_ns(pace_.read_gap_ns_max));
}

void Peer::note_connected() {
    if (has_connected_ || socket_->state() != Socket::State::connected) return;
    has_connected_ = true;
    on_open();
}

// True: it has more, and room for it.
bool Peer::write_some() {
    if (socket_->state() != Socket::State::connected || has_ended_) return false;
    if (!output_.is_empty()) {
        const std::size_t most = std::min(output_.size(), pace_.write_size_max);
        const std::size_t size = most - world_.choices().below(static_cast<std::uint32_t>(most));
        const Result sent = socket_->write(output_.view().data(), size);
        if (sent.value <= 0) return false;
        output_.consume(static_cast<std::size_t>(sent.value));
        note_act();
        if (!output_.is_empty()) return true;
    }
    if (!is_to_end_) return false;
    has_ended_ = true;
    note_act();
    (void)socket_->shutdown(SHUT_WR);
    return false;
}

// True: it may have more to read.
bool Peer::read_some() {
    if (!is_reading_ || has_heard_end_) return false;
    std::array<char, 65'536> space;
    const std::size_t most = std::min(space.size(), pace_.read_size_max);
    const std::size_t size = most - world_.choices().below(static_cast<std::uint32_t>(most));
    const Result got = socket_->receive(space.data(), size, 0);
    if (got.value > 0) {
        note_act();
        on_bytes({space.data(), static_cast<std::size_t>(got.value)});
        return socket_ != nullptr;
    }
    if (got.error == EAGAIN) return false;
    hear_end(got.error != 0);
    return false;
}

void Peer::hear_end(bool is_reset) {
    has_heard_end_ = true;
    was_reset_ = was_reset_ || is_reset;
    on_end();
    if (!socket_) return;
    // Who has nothing left to say goes, too.
    end();
}

void Peer::leave() {
    socket_->on_wake = nullptr;
    socket_->closed();
    socket_.reset();
    output_.clear();
}

}  // namespace edgews::sim
