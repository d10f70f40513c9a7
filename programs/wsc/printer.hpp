// The output of wsc: messages on stdout, all else on stderr.
//
// A terminal that both are on also has the line that is being typed: what is printed takes its
// place, and it comes back below.
#pragma once

#include "editor.hpp"
#include "programs/common/json.hpp"

#include <edgews/function.hpp>
#include <edgews/loop.hpp>
#include <edgews/message.hpp>
#include "core/kernels/utf8.hpp"
#include "crypto/base64.hpp"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace wsc {

enum class Format : unsigned char { lines, raw, json };

struct PrinterOptions {
    Format format = Format::lines;
    bool is_quiet = false;   // Nothing on stderr.
    bool is_typing = false;  // Lines are typed, on the terminal of stderr.
};

// Whatever a server says, in what JSON and terminals take.
inline std::string as_utf8(std::string text) {
    if (edgews::is_utf8(text)) return text;
    std::replace_if(
        text.begin(), text.end(), [](unsigned char byte) { return byte >= 0x80; }, '?');
    return text;
}

inline std::string hex(std::span<const std::byte> bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(2 * bytes.size());
    for (const std::byte byte : bytes) {
        const auto value = std::to_integer<unsigned>(byte);
        text += {digits[value >> 4], digits[value & 15]};
    }
    return text;
}

inline std::string base64(std::span<const std::byte> bytes) {
    std::string text(edgews::base64_encoded_size(bytes.size()), '\0');
    edgews::base64_encode(bytes, text);
    return text;
}

// For a terminal, which must not obey a server: control characters are made visible, those of
// Latin-1 (U+0080 to U+009F, C2 80 to C2 9F) too. Requires: UTF-8.
inline std::string visible(std::string_view text) {
    std::string out;
    bool is_after_c2 = false;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_c1 = is_after_c2 && byte < 0xA0;
        is_after_c2 = byte == 0xC2;
        if (is_c1) out.pop_back();
        if (is_c1 || (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F) {
            out += "\\x" + hex(std::as_bytes(std::span(&c, 1)));
        } else {
            out += c;
        }
    }
    return out;
}

class Printer {
  public:
    static constexpr std::size_t prompt_width = 2;

    // `on_failure` is told why stdout cannot be written to, once.
    Printer(edgews::Loop& loop, PrinterOptions options, edgews::Function<void(int)> on_failure)
        : loop_(loop), options_(options), on_failure_(std::move(on_failure)) {
        is_out_terminal_ = ::isatty(STDOUT_FILENO) == 1;
        is_error_terminal_ = ::isatty(STDERR_FILENO) == 1;
        is_coloured_ = is_error_terminal_ && value_of("NO_COLOR").empty() &&
                       !value_of("TERM").empty() && value_of("TERM") != "dumb";
    }
    Printer(const Printer&) = delete;
    Printer& operator=(const Printer&) = delete;

    void message(edgews::Message message) {
        if (options_.format == Format::json) {
            return message.is_text()
                       ? event(R"("message","text":)" + demo::quote(message.text()))
                       : event(R"("message","base64":")" + base64(message.bytes()) + '"');
        }
        if (options_.format == Format::raw) return print(message.text(), "");
        if (options_.is_typing && is_out_terminal_) print("< ", "");
        if (!message.is_text()) return print(hex(message.bytes()), "\n");
        if (is_out_terminal_) return print(visible(message.text()), "\n");
        print(message.text(), "\n");
    }
    // With Format::json: an object of {"type": and what `members` goes on with, such as
    // `"close","code":1000`.
    void event(std::string_view members) {
        if (options_.format != Format::json) return;
        print(R"({"type":)", "");
        print(members, "}\n");
    }
    void result(std::string_view text) { print(text, "\n"); }

    // Good to know, for whoever sits at a terminal.
    void note(std::string_view text) {
        if (is_error_terminal_) say("2", text);  // Faint.
    }
    void error(std::string_view text) { say("31", text); }  // Red.

    [[nodiscard]] bool is_typing() const noexcept { return options_.is_typing; }
    // The line that is being typed, with PrinterOptions::is_typing.
    void typing(const LineEditor::View& line) {
        prompt_ = prompt_mark() + line.text + "\r\x1b[" +
                  std::to_string(prompt_width + line.cursor) + "C";
        write_error("\r\x1b[K" + prompt_);
    }
    // It was ended by Enter.
    void typed(std::string_view line) {
        write_error("\r\x1b[K" + prompt_mark() + visible(line) + "\n");
        prompt_.clear();
    }
    // Nothing can be typed any more.
    void stop_typing() {
        if (!std::exchange(prompt_, {}).empty()) write_error("\r\x1b[K");
    }

    // The end: prints all that is left.
    void finish() {
        is_ending_ = true;
        stop_typing();
        flush();
    }

  private:
    static constexpr std::size_t flush_size = 256 * 1024;

    static std::string_view value_of(const char* variable) {
        const char* const value = std::getenv(variable);
        return value == nullptr ? "" : value;
    }

    [[nodiscard]] std::string prompt_mark() const {
        return is_coloured_ ? "\x1b[32m>\x1b[0m " : "> ";
    }

    // At the end of the turn, or when it is a lot.
    void print(std::string_view text, std::string_view end) {
        if (has_failed_) return;
        if (out_.empty()) loop_.post([this] { flush(); });
        out_ += text;
        out_ += end;
        if (out_.size() >= flush_size) flush();
    }

    void flush() {
        const std::string text = std::exchange(out_, {});
        if (text.empty() || has_failed_) return;
        const bool disturbs = !prompt_.empty() && is_out_terminal_;
        if (disturbs) write_error("\r\x1b[K");
        if (const int error = write_out(text); error != 0) {
            has_failed_ = true;
            if (!is_ending_) on_failure_(error);
        }
        if (disturbs) write_error(prompt_);
    }

    void say(std::string_view colour, std::string_view text) {
        if (options_.is_quiet) return;
        flush();
        std::string line = "wsc: " + (is_error_terminal_ ? visible(text) : std::string(text));
        if (is_coloured_) line = "\x1b[" + std::string(colour) + "m" + line + "\x1b[0m";
        if (!prompt_.empty()) line.insert(0, "\r\x1b[K");
        write_error(line + "\n" + prompt_);
    }

    static void write_error(std::string_view text) {
        (void)!::write(STDERR_FILENO, text.data(), text.size());
    }

    // Waits for whoever reads it; meanwhile a signal ends the program, as it would end cat.
    // 0, or the system's error number.
    static int write_out(std::string_view text) {
        sigset_t none;
        sigemptyset(&none);
        while (!text.empty()) {
            pollfd out{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
            (void)::ppoll(&out, 1, nullptr, &none);
            // A pipe that is ready takes so many without waiting.
            const std::size_t most = std::min<std::size_t>(text.size(), PIPE_BUF);
            const ssize_t size = ::write(STDOUT_FILENO, text.data(), most);
            if (size < 0 && errno != EINTR && errno != EAGAIN) return errno;
            if (size > 0) text.remove_prefix(static_cast<std::size_t>(size));
        }
        return 0;
    }

    edgews::Loop& loop_;
    PrinterOptions options_;
    edgews::Function<void(int)> on_failure_;
    bool is_out_terminal_ = false;
    bool is_error_terminal_ = false;
    bool is_coloured_ = false;  // On stderr.
    bool is_ending_ = false;
    bool has_failed_ = false;
    std::string out_{};
    std::string prompt_{};  // With what is typed. Empty: it is not shown.
};

}  // namespace wsc
