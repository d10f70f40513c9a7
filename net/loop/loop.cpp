#include <edgews/loop.hpp>

#include "net/loop/reactor.hpp"

namespace edgews {

Loop::Loop(LoopOptions options) : reactor_(new Reactor(*this, options)) {}

// What ends with it may call it.
Loop::~Loop() {
    delete reactor_;
}

void Loop::run() {
    reactor_->run();
}

void Loop::poll(int timeout_ms) noexcept {
    reactor_->poll(timeout_ms);
}

int Loop::fd() const noexcept {
    return reactor_->fd();
}

int Loop::next_timeout_ms() const noexcept {
    return reactor_->next_timeout_ms();
}

void Loop::stop() noexcept {
    reactor_->stop();
}

bool Loop::post_job(std::unique_ptr<Job> job) noexcept {
    return reactor_->post(std::move(job));
}

Token Loop::add_timer(std::uint64_t delay_ms, std::unique_ptr<Job> job) {
    return reactor_->after(delay_ms, std::move(job));
}

Token Loop::add_periodic_timer(std::uint64_t period_ms, std::unique_ptr<Job> job) {
    return reactor_->every(period_ms, std::move(job));
}

bool Loop::cancel(Token timer) noexcept {
    return reactor_->cancel(timer);
}

std::uint64_t Loop::now_ms() const noexcept {
    return reactor_->now_ms();
}

Loop* Loop::current() noexcept {
    Reactor* const reactor = Reactor::current();
    return reactor == nullptr ? nullptr : &reactor->loop();
}

}  // namespace edgews
