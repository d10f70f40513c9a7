// The terminal that lines are typed on: it hands over keys, and is put back as it was.
#pragma once

#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <string_view>

namespace wsc {

// One at a time. Of stdin, with stderr to draw on.
class Terminal {
  public:
    // Whether both are one that can be drawn on, and ours: in the background we would be stopped.
    [[nodiscard]] static bool is_usable() {
        const char* const name = std::getenv("TERM");
        return name != nullptr && std::string_view(name) != "dumb" && ::isatty(STDIN_FILENO) == 1 &&
               ::isatty(STDERR_FILENO) == 1 && ::tcgetpgrp(STDIN_FILENO) == ::getpgrp();
    }

    Terminal() {
        ::tcgetattr(STDIN_FILENO, &saved);
        // Those that end us while nobody waits for them: Printer::write_out() lets them.
        for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT})
            ::signal(signal, put_back_and_die);
        take_keys();
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    // What was not read yet must not become the shell's.
    ~Terminal() { ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved); }

    // Ctrl-Z: returns when we are to go on.
    void suspend() {
        ::tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
        ::kill(::getpid(), SIGSTOP);
        take_keys();
    }

    [[nodiscard]] static std::size_t column_count() {
        winsize size{};
        const bool is_known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
        return is_known ? size.ws_col : 80;
    }

  private:
    static void take_keys() {
        termios keys = saved;
        keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
        keys.c_cc[VMIN] = 1;
        keys.c_cc[VTIME] = 0;
        ::tcsetattr(STDIN_FILENO, TCSADRAIN, &keys);
    }
    static void put_back_and_die(int signal) {
        ::tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
        ::signal(signal, SIG_DFL);
        ::raise(signal);
    }

    static inline termios saved{};  // For a signal handler.
};

}  // namespace wsc
