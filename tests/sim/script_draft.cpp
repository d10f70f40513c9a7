// Scripts that are drawn: each from some of the steps only, so that those come together often.
#include "script.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>

namespace edgews::sim::test {

namespace {

// What a slot holds, as far as one can know beforehand.
enum class Kind : std::uint8_t { none, fresh, listener, stream, pipe, epoll, counter, timer };

constexpr std::uint32_t edge = static_cast<std::uint32_t>(EPOLLET);
constexpr std::uint32_t once = static_cast<std::uint32_t>(EPOLLONESHOT);
constexpr std::uint32_t alone = static_cast<std::uint32_t>(EPOLLEXCLUSIVE);
constexpr std::uint32_t all = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP;
constexpr std::array<std::uint32_t, 16> watched{all | edge,
                                                all,
                                                EPOLLIN,
                                                EPOLLIN | edge,
                                                EPOLLOUT | edge,
                                                EPOLLIN | EPOLLOUT,
                                                0U,
                                                all | edge | once,
                                                EPOLLIN | once,
                                                EPOLLRDHUP | edge,
                                                EPOLLPRI | edge,
                                                edge,
                                                EPOLLOUT,
                                                EPOLLIN | alone,
                                                EPOLLIN | edge | alone,
                                                EPOLLIN | EPOLLOUT | edge | alone};
constexpr std::array<std::uint32_t, 6> sizes{100, 5, 1, 3'000, 70, 0};
constexpr std::array<std::uint32_t, 7> asked_sizes{65'536, 50, 3, 1, 100, 5, 0};

// How often a step is drawn, beside others, and what it acts on.
struct Row {
    Op op;
    std::uint32_t weight;
    Kind slot;
    Kind other = Kind::timer;  // None is needed.
};
constexpr std::array<Row, 50> rows{{
    {Op::send, 12, Kind::stream},
    {Op::send_pieces, 3, Kind::stream},
    {Op::write, 2, Kind::stream},
    {Op::send_urgent, 4, Kind::stream},
    {Op::fill, 4, Kind::stream},
    {Op::receive, 14, Kind::stream},
    {Op::peek, 3, Kind::stream},
    {Op::receive_pieces, 2, Kind::stream},
    {Op::read_pieces, 2, Kind::stream},
    {Op::receive_urgent, 2, Kind::stream},
    {Op::drain, 4, Kind::stream},
    {Op::shutdown, 3, Kind::stream},
    {Op::shutdown, 1, Kind::listener},
    {Op::close, 3, Kind::stream},
    {Op::close, 1, Kind::listener},
    {Op::close, 1, Kind::epoll},
    {Op::linger, 1, Kind::stream},
    {Op::error, 3, Kind::stream},
    {Op::queues, 4, Kind::stream},
    {Op::names, 3, Kind::stream},
    {Op::poll, 5, Kind::stream},
    {Op::duplicate, 3, Kind::stream, Kind::none},
    {Op::replace, 1, Kind::stream, Kind::stream},
    {Op::replace, 1, Kind::counter, Kind::stream},
    {Op::far, 1, Kind::stream, Kind::none},
    {Op::pair, 1, Kind::none, Kind::none},
    {Op::pipe, 2, Kind::none, Kind::none},
    {Op::write, 5, Kind::pipe},
    {Op::read_pieces, 5, Kind::pipe},
    {Op::close, 1, Kind::pipe},
    {Op::add, 4, Kind::epoll, Kind::pipe},
    {Op::socket, 6, Kind::none},
    {Op::bind, 2, Kind::fresh},
    {Op::listen, 3, Kind::fresh},
    {Op::connect, 8, Kind::fresh},
    {Op::accept, 8, Kind::listener, Kind::none},
    {Op::epoll, 2, Kind::none},
    {Op::add, 7, Kind::epoll, Kind::stream},
    {Op::modify, 6, Kind::epoll, Kind::stream},
    {Op::remove, 2, Kind::epoll, Kind::stream},
    {Op::wait, 14, Kind::epoll},
    {Op::counter, 2, Kind::none},
    {Op::semaphore, 1, Kind::none},
    {Op::add, 2, Kind::epoll, Kind::counter},
    {Op::count, 4, Kind::counter},
    {Op::timer, 2, Kind::none},
    {Op::expire, 3, Kind::timer},
    {Op::repeat, 2, Kind::timer},
    {Op::disarm, 1, Kind::timer},
    {Op::take_count, 4, Kind::counter},
}};

class Draft {
  public:
    explicit Draft(Choices& choices) noexcept : choices_(choices) {}
    Script make();

  private:
    void begin();
    void connect_some();
    void go_on();
    void end();
    [[nodiscard]] const Row& drawn_row();
    [[nodiscard]] std::optional<Step> drawn_step(const Row& row);
    [[nodiscard]] std::uint32_t drawn_value(Op op);
    // Kind::none: an empty one.
    [[nodiscard]] std::optional<std::size_t> drawn_slot(Kind kind);
    [[nodiscard]] Place drawn_place();
    [[nodiscard]] Family drawn_family();
    void push(const Step& step);
    void wait_for_all();

    Choices& choices_;
    Script script_{};
    std::array<Kind, slot_count> kinds_{};
    std::array<std::uint32_t, rows.size()> weights_{};
    std::uint32_t weight_sum_ = 0;
    Family family_ = Family::tcp4;
    bool is_dual_ = false;  // The listener is one of IPv6, and clients are of IPv4.
    bool waits_often_ = false;
    bool fills_ = false;  // And so nothing is watched once: its one shot may be one of the filling.
};

Script Draft::make() {
    begin();
    if (!choices_.once_in(4)) connect_some();
    go_on();
    end();
    return std::move(script_);
}

void Draft::begin() {
    static constexpr std::array families{Family::tcp4, Family::local_path, Family::tcp6,
                                         Family::tcp4, Family::local_abstract};
    family_ = choices_.one_of(families);
    is_dual_ = family_ == Family::tcp6 && choices_.once_in(2);
    waits_often_ = choices_.once_in(2);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        weights_[i] = choices_.once_in(3) ? 0 : rows[i].weight;
        weight_sum_ += weights_[i];
        fills_ = fills_ || (rows[i].op == Op::fill && weights_[i] > 0);
    }
}

// A listener, a client of it and its other end, and what watches them.
void Draft::connect_some() {
    const Place place = drawn_place();
    push({.op = Op::socket, .slot = 0, .value = static_cast<std::uint32_t>(family_)});
    push({.op = Op::bind, .slot = 0, .value = static_cast<std::uint32_t>(place)});
    push({.op = Op::listen, .slot = 0, .value = choices_.between(1, 3)});
    push({.op = Op::epoll, .slot = 1});
    const bool watches_first = choices_.once_in(2);
    if (watches_first) push({.op = Op::add, .slot = 1, .other = 0, .value = all | edge});
    push({.op = Op::socket, .slot = 2, .value = static_cast<std::uint32_t>(drawn_family())});
    if (watches_first) push({.op = Op::add, .slot = 1, .other = 2, .value = all | edge});
    push({.op = Op::connect, .slot = 2, .value = static_cast<std::uint32_t>(place)});
    push({.op = Op::accept, .slot = 0, .other = 3});
    const std::uint32_t events = choices_.one_of(watched) & ~(fills_ ? once : 0);
    if (!watches_first) push({.op = Op::add, .slot = 1, .other = 2, .value = all | edge});
    push({.op = Op::add, .slot = 1, .other = 3, .value = events});
    wait_for_all();
}

void Draft::go_on() {
    const std::uint32_t count = 8 + choices_.below(40);
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::optional<Step> step = drawn_step(drawn_row());
        if (!step) continue;
        push(*step);
        if (waits_often_ && step->op != Op::wait) wait_for_all();
    }
}

// All that is left is seen.
void Draft::end() {
    wait_for_all();
    for (std::size_t slot = 0; slot < slot_count; ++slot) {
        if (kinds_[slot] == Kind::none) continue;
        push({.op = Op::poll, .slot = slot});
        if (kinds_[slot] > Kind::stream) continue;
        push({.op = Op::drain, .slot = slot});
        push({.op = Op::names, .slot = slot});
        push({.op = Op::error, .slot = slot});
        push({.op = Op::poll, .slot = slot});
    }
    wait_for_all();
}

void Draft::wait_for_all() {
    for (std::size_t slot = 0; slot < slot_count; ++slot) {
        if (kinds_[slot] == Kind::epoll) push({.op = Op::wait, .slot = slot, .value = 16});
    }
}

const Row& Draft::drawn_row() {
    std::uint32_t at = choices_.below(weight_sum_);
    std::size_t i = 0;
    while (at >= weights_[i]) at -= weights_[i++];
    return rows[i];
}

void Draft::push(const Step& step) {
    script_.push_back(step);
    Kind& kind = kinds_[step.slot];
    switch (step.op) {
        case Op::socket: kind = Kind::fresh; break;
        case Op::listen: kind = Kind::listener; break;
        case Op::connect: kind = Kind::stream; break;
        case Op::accept: kinds_[step.other] = Kind::stream; break;
        case Op::pair: kind = kinds_[step.other] = Kind::stream; break;
        case Op::pipe: kind = kinds_[step.other] = Kind::pipe; break;
        case Op::duplicate:
        case Op::replace:
        case Op::far: kinds_[step.other] = kind; break;
        case Op::close: kind = Kind::none; break;
        case Op::epoll: kind = Kind::epoll; break;
        case Op::counter:
        case Op::semaphore: kind = Kind::counter; break;
        case Op::timer: kind = Kind::timer; break;
        default: break;
    }
}

// Mostly of that kind: what is there, or what is watched, now and then of another.
std::optional<std::size_t> Draft::drawn_slot(Kind kind) {
    std::array<std::size_t, slot_count> fitting{};
    std::size_t count = 0;
    const bool is_any = kind == Kind::stream && choices_.once_in(8);
    for (std::size_t slot = 0; slot < slot_count; ++slot) {
        const bool fits = is_any ? kinds_[slot] != Kind::none : kinds_[slot] == kind;
        if (fits) fitting[count++] = slot;
    }
    if (count == 0) return std::nullopt;
    return choices_.one_of(std::span(fitting).first(count));
}

Place Draft::drawn_place() {
    static constexpr std::array four{Place::first_4, Place::first_4, Place::second_4, Place::any_4};
    static constexpr std::array six{Place::first_6, Place::any_6};
    static constexpr std::array paths{Place::first_path, Place::first_path, Place::second_path};
    static constexpr std::array abstract{Place::first_abstract, Place::first_abstract,
                                         Place::second_abstract};
    switch (family_) {
        case Family::tcp4: return choices_.one_of(four);
        case Family::tcp6: return is_dual_ ? Place::any_6 : choices_.one_of(six);
        case Family::local_path: return choices_.one_of(paths);
        case Family::local_abstract: return choices_.one_of(abstract);
    }
    return Place::first_4;
}

Family Draft::drawn_family() {
    return is_dual_ && !choices_.once_in(4) ? Family::tcp4 : family_;
}

std::optional<Step> Draft::drawn_step(const Row& row) {
    const std::optional<std::size_t> slot = drawn_slot(row.slot);
    if (!slot) return std::nullopt;
    Step step{.op = row.op, .slot = *slot, .value = drawn_value(row.op)};
    if (row.other == Kind::timer) return step;
    const std::optional<std::size_t> other = drawn_slot(row.other);
    if (!other) return std::nullopt;
    step.other = *other;
    return step;
}

std::uint32_t Draft::drawn_value(Op op) {
    switch (op) {
        case Op::socket: return static_cast<std::uint32_t>(drawn_family());
        case Op::bind:
        case Op::connect: return static_cast<std::uint32_t>(drawn_place());
        case Op::listen: return choices_.between(1, 3);
        case Op::send:
        case Op::send_pieces:
        case Op::write:
        case Op::send_urgent: return choices_.one_of(sizes);
        case Op::peek: return 1 + choices_.below(100);
        case Op::receive:
        case Op::receive_pieces:
        case Op::read_pieces: return choices_.one_of(asked_sizes);
        case Op::receive_urgent: return 1;
        case Op::shutdown: return choices_.below(3);
        case Op::add:
        case Op::modify: return choices_.one_of(watched) & ~(fills_ ? once : 0);
        case Op::wait: return choices_.once_in(4) ? 1 + choices_.below(2) : 16;
        case Op::counter:
        case Op::semaphore: return choices_.below(3);
        case Op::far: return 3 + choices_.below(20);
        case Op::count: return choices_.once_in(6) ? UINT32_MAX : choices_.below(3);
        default: return 0;
    }
}

}  // namespace

Script drawn_script(Choices& choices) {
    return Draft(choices).make();
}

}  // namespace edgews::sim::test
