#include <edgews/signals.hpp>

#include "net/loop/fd.hpp"
#include "net/loop/reactor.hpp"
#include "net/loop/registered.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

namespace edgews {

class Signals::Watch final : public Watched {
  public:
    Watch(Fd fd, Function<void(int)> handler) : fd_(std::move(fd)), handler_(std::move(handler)) {}

    void on_events(std::uint32_t) override {
        signalfd_siginfo info{};
        while (::read(fd_.get(), &info, sizeof info) == sizeof info) {
            handler_(static_cast<int>(info.ssi_signo));
        }
    }

    [[nodiscard]] int fd() const noexcept { return fd_.get(); }

  private:
    Fd fd_;
    Function<void(int)> handler_;
};

Signals::Signals(Loop& loop, std::initializer_list<int> signals, Function<void(int)> handler)
    : loop_(loop) {
    require_callable(handler, "Signals");
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : signals) sigaddset(&set, signal);
    const int failure = ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    if (failure != 0) throw std::system_error(failure, std::system_category(), "pthread_sigmask");
    Fd fd(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
    if (!fd) throw std::system_error(errno, std::system_category(), "signalfd");
    auto watch = std::make_unique<Watch>(std::move(fd), std::move(handler));
    const int error = Reactor::of(loop).add(*watch, watch->fd(), EPOLLIN | EPOLLET);
    if (error != 0) throw std::system_error(error, std::system_category(), "epoll_ctl");
    watch_ = watch.release()->token();  // The loop owns it now.
}

Signals::~Signals() {
    loop_.cancel(watch_);
}

}  // namespace edgews
