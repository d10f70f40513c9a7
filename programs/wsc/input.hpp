// The input of wsc: a terminal, a pipe, a file, read on the loop without ever waiting for it.
#pragma once

#include <edgews/loop.hpp>
#include "net/loop/reactor.hpp"
#include "net/loop/registered.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace wsc {

// Cuts what comes in pieces into lines.
class LineSplitter {
  public:
    // A line is held until it is whole, and so cannot be of any length.
    static constexpr std::size_t line_size_max = std::size_t{64} << 20;

    // Calls take(line), without its newline, for each that is whole now. False: the next one is too
    // long, and it and what follows is left out.
    template <class F>
    [[nodiscard]] bool feed(std::string_view piece, F&& take) {
        std::size_t end = 0;
        while ((end = piece.find('\n')) != piece.npos) {
            if (begun_.size() + end > line_size_max) return false;
            if (begun_.empty()) {
                take(piece.substr(0, end));
            } else {
                begun_ += piece.substr(0, end);
                take(std::string_view(begun_));
                begun_.clear();
            }
            piece.remove_prefix(end + 1);
        }
        if (begun_.size() + piece.size() > line_size_max) return false;
        begun_ += piece;
        return true;
    }
    // The last line, if no newline ended it; empty: there is none.
    [[nodiscard]] std::string take_rest() { return std::exchange(begun_, {}); }

  private:
    std::string begun_{};
};

// Paused until resume(). The descriptor stays as it is, for others may share it: it is read only
// when it has something, or is a file, which the kernel does not watch and which never waits.
class Input {
  public:
    class Reader {
      public:
        // Some bytes, at most piece_size. Valid until it returns.
        virtual void take_input(std::string_view piece) = 0;
        // Once. 0, or the system's error number.
        virtual void end_input(int error) = 0;

      protected:
        ~Reader() = default;
    };

    static constexpr std::size_t piece_size = 64 * 1024;

    Input(edgews::Loop& loop, int fd, Reader& reader)
        : reactor_(edgews::Reactor::of(loop)), fd_(fd), reader_(reader) {
        auto watch = std::make_unique<Watch>(*this);
        reactor_.add(*watch);
        watch_ = watch.release();  // The loop owns it now.
    }
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;
    ~Input() {
        pause();
        reactor_.retire(*watch_);
    }

    void resume() {
        if (is_reading_ || is_over_) return;
        is_reading_ = true;
        is_watched_ = reactor_.watch(*watch_, fd_, EPOLLIN) == 0;
        if (!is_watched_) reactor_.read_later(*watch_);
    }
    void pause() {
        is_reading_ = false;
        if (std::exchange(is_watched_, false)) reactor_.unwatch(fd_);
    }
    [[nodiscard]] bool is_over() const noexcept { return is_over_; }
    // Nothing is read any more, and its end not told.
    void stop() {
        pause();
        is_over_ = true;
    }

  private:
    class Watch final : public edgews::Watched {
      public:
        explicit Watch(Input& input) : input_(input) {}
        void on_events(std::uint32_t) override { input_.read(); }

      private:
        Input& input_;
    };

    void read() {
        if (!is_reading_) return;
        const ssize_t size = ::read(fd_, piece_.data(), piece_.size());
        if (size > 0) {
            reader_.take_input({piece_.data(), static_cast<std::size_t>(size)});
        } else if (size == 0 || (errno != EINTR && errno != EAGAIN)) {
            const int error = size == 0 ? 0 : errno;
            stop();
            return reader_.end_input(error);
        }
        if (is_reading_ && !is_watched_) reactor_.read_later(*watch_);
    }

    edgews::Reactor& reactor_;
    int fd_;
    Reader& reader_;
    Watch* watch_;
    bool is_reading_ = false;
    bool is_watched_ = false;  // By epoll.
    bool is_over_ = false;
    std::array<char, piece_size> piece_;
};

}  // namespace wsc
