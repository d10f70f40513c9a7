// One run of wsc: a client, what it is fed with, and how it comes to its end.
//
//     connecting ─▶ open ─▶ the input is over ─▶ all answered, or silence ─▶ closing ─▶ done
//
// Whatever ends it (the input, --count, --timeout, a signal, the server), the status that comes
// first stays.
#pragma once

#include "input.hpp"
#include "latency.hpp"
#include "options.hpp"
#include "printer.hpp"
#include "terminal.hpp"

#include <edgews/client.hpp>
#include <edgews/signals.hpp>
#include "core/websocket/websocket_url.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wsc {

class Session final : private Input::Reader {
  public:
    // `files`: the content of each of Options::files.
    Session(edgews::Loop& loop, Options options, std::vector<std::string> files)
        : loop_(loop),
          options_(std::move(options)),
          files_(std::move(files)),
          printer_(loop, printer_options(options_, files_),
                   [this](int error) { on_broken(error); }),
          // Before the client, which may start threads.
          signals_(loop, {SIGINT, SIGTERM, SIGHUP, SIGTSTP},
                   [this](int signal) { on_signal(signal); }),
          input_(loop, STDIN_FILENO, *this),
          client_(loop, options_.url, handlers(), options_.client) {
        if (options_.is_latency) {
            const auto kind =
                options_.is_binary ? edgews::Message::Kind::binary : edgews::Message::Kind::text;
            latency_.emplace(kind, options_.size, options_.count.value_or(1'000));
        }
        if (printer_.is_typing()) terminal_.emplace();
        if (options_.timeout_ms) loop.after(*options_.timeout_ms, [this] { on_timeout(); });
    }

    // Until its end. The program's exit status.
    int run() {
        loop_.run();
        printer_.stop_typing();
        terminal_.reset();
        if (latency_ && !latency_->is_empty()) {
            const bool is_json = options_.is_json;
            printer_.result(is_json ? latency_->json() : latency_->table());
        }
        printer_.finish();
        return status_.value_or(closed_normally);
    }

  private:
    static constexpr std::string_view end_mark = "end of input";  // In a ping.
    static constexpr std::uint64_t unread_wait_ms = 10'000;
    static constexpr std::uint64_t goodbye_ms = 200;  // For the server's close, after --timeout.

    static PrinterOptions printer_options(const Options& options,
                                          const std::vector<std::string>& files) {
        const Format format = options.is_json                            ? Format::json
                              : options.is_binary && !options.is_latency ? Format::raw
                                                                         : Format::lines;
        return {.format = format,
                .is_quiet = options.is_quiet,
                .is_typing = files.empty() && !options.is_latency && !options.is_binary &&
                             !options.is_quiet && Terminal::is_usable()};
    }

    edgews::ClientHandlers handlers() {
        return {
            .open = [this](edgews::Client&) { on_open(); },
            .message = [this](edgews::Client&, edgews::Message m) { on_message(m); },
            .pong = [this](edgews::Client&,
                           std::span<const std::byte> payload) { on_pong(payload); },
            .drain = [this](edgews::Client&) { feed(); },
            .error = [this](edgews::Client&, const edgews::ClientError& e) { on_error(e); },
            .close = [this](edgews::Client&, const edgews::CloseEvent& e) { on_close(e); },
            .reconnect = [this](edgews::Client&, edgews::Reconnecting& r) { on_reconnect(r); },
        };
    }

    // ---- The client's events -----------------------------------------------

    void on_open() {
        using demo::quote;
        was_open_ = true;
        sent_count_ = received_count_ = 0;
        has_peer_read_all_ = false;
        // Not the password: a terminal may have onlookers, and a log readers.
        edgews::WebSocketUrl url = edgews::parse_websocket_url(client_.url());
        url.user_info.clear();
        printer_.event(R"("open","url":)" + quote(url.to_string()) + R"(,"protocol":)" +
                       quote(client_.protocol()) + R"(,"extensions":)" +
                       quote(client_.extensions()));
        std::string note = "connected to " + url.to_string();
        for (const std::string_view more : {client_.protocol(), client_.extensions()}) {
            if (!more.empty()) note += ", " + std::string(more);
        }
        printer_.note(note);
        if (latency_) return (void)client_.send(latency_->next());
        if (is_input_over_) return wait_for_answers();
        if (terminal_) show_line();
        feed();
    }

    void on_message(edgews::Message message) {
        heard_ms_ = loop_.now_ms();
        if (latency_) return measure(message);
        if (options_.count && received_count_ == *options_.count) return;
        ++received_count_;
        printer_.message(message);
        if (options_.count && received_count_ == *options_.count) close();
        close_if_answered();
    }

    void measure(edgews::Message message) {
        if (!latency_->take(message)) return;
        if (latency_->is_complete()) return close();
        client_.send(latency_->next());
    }

    void on_pong(std::span<const std::byte> payload) {
        if (std::ranges::equal(payload, std::as_bytes(std::span(end_mark)))) {
            has_peer_read_all_ = true;
            heard_ms_ = loop_.now_ms();
            if (is_input_over_) await_silence(patience_ms());
            return close_if_answered();
        }
        if (!options_.wants_pings || !client_.latency_us()) return;
        printer_.event(R"("pong","latency_us":)" + std::to_string(*client_.latency_us()));
    }

    void on_error(const edgews::ClientError& error) {
        if (error.stage == edgews::ClientStage::options) {
            end_with(usage_error);
        } else if (!was_open_ && !options_.client.reconnect.enabled) {
            end_with(not_connected);
        }
        const std::string message = as_utf8(error.error.message);
        const std::string body = as_utf8(error.body);
        std::string text = message;
        for (std::string_view rest = body; !rest.empty();) {
            const std::size_t end = std::min(rest.find('\n'), rest.size());
            text += "\n  " + std::string(rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        printer_.error(text);
        is_error_told_ = true;
        std::string event = R"("error","message":)" + demo::quote(message);
        if (error.status != 0) event += R"(,"status":)" + std::to_string(error.status);
        if (!body.empty()) event += R"(,"body":)" + demo::quote(body);
        printer_.event(event);
    }

    void on_close(const edgews::CloseEvent& event) {
        using namespace edgews::close_code;
        input_.pause();
        printer_.stop_typing();
        const bool is_normal =
            event.code == normal || event.code == going_away || event.code == no_status;
        const bool is_explained = std::exchange(is_error_told_, false);
        if (std::exchange(was_open_, false)) {
            printer_.event(R"("close","code":)" + std::to_string(event.code) + R"(,"reason":)" +
                           demo::quote(event.reason));
            std::string text = "closed with " + std::to_string(event.code);
            if (!event.reason.empty()) text += ": " + std::string(event.reason);
            if (is_normal) {
                printer_.note(text);
            } else if (!is_explained) {
                printer_.error(text);
            }
        }
        if (options_.client.reconnect.enabled && !is_ending_) return;  // on_reconnect() follows.
        end_with(is_normal ? closed_normally : closed_abnormally);
        loop_.stop();
    }

    void on_reconnect(edgews::Reconnecting& plan) {
        if (is_ending_) plan.stop = true;  // The server closed before we did.
        if (plan.stop) {                   // Or trying again is in vain.
            end_with(not_connected);
            return loop_.stop();
        }
        const std::string delay = std::to_string(plan.delay_ms);
        printer_.event(R"("reconnect","delay_ms":)" + delay);
        printer_.note("connecting again in " + delay + " ms");
    }

    // ---- What is sent ------------------------------------------------------

    // Goes on with the input, while the server keeps up.
    void feed() {
        if (client_.ready_state() != edgews::ReadyState::open || latency_ || is_input_over_) return;
        if (files_.empty()) return input_.resume();
        while (next_file_ < files_.size()) {
            const std::string content = std::exchange(files_[next_file_++], {});
            if (!send({edgews::Message::Kind::binary, std::as_bytes(std::span(content))})) return;
        }
        finish_input();
    }

    // False: enough waits to be sent, or nothing can be: a handler will say when to go on.
    bool send(edgews::Message message) {
        const edgews::SendResult result = client_.send(message);
        if (result != edgews::SendResult::closed) ++sent_count_;
        if (result == edgews::SendResult::closed) return false;  // Until it is open again.
        return result != edgews::SendResult::queued ||
               client_.buffered_amount() <= options_.client.drain_mark;
    }

    void take_input(std::string_view piece) override {
        bool may_go_on = true;
        bool is_end = false;
        if (terminal_) {
            is_end = editor_.feed(piece, [&](std::string_view line) {
                printer_.typed(line);
                may_go_on = send_line(line);
            });
        } else if (options_.is_binary) {
            may_go_on = send(std::as_bytes(std::span(piece)));
        } else {
            const auto take = [&](std::string_view line) { may_go_on = send_line(line); };
            if (!lines_.feed(piece, take)) return end_at_long_line();
        }
        if (!may_go_on) input_.pause();
        if (is_end) finish_input();
        if (terminal_ && !is_input_over_) show_line();
    }

    void end_at_long_line() {
        (void)lines_.take_rest();
        fail("input: line " + std::to_string(line_number_ + 1) + " is longer than " +
             std::to_string(LineSplitter::line_size_max >> 20) +
             " MiB; --binary sends input of any length");
        finish_input();
    }

    void end_input(int error) override {
        const std::string rest = lines_.take_rest();
        if (!rest.empty()) send_line(rest);
        if (error != 0) fail(std::string("input: ") + std::strerror(error));
        finish_input();
    }

    void show_line() {
        const std::size_t columns = std::max<std::size_t>(Terminal::column_count(), 8);
        printer_.typing(editor_.view(columns - Printer::prompt_width));
    }

    bool send_line(std::string_view line) {
        if (is_input_over_) return false;
        ++line_number_;
        if (edgews::is_utf8(line)) return send(line);
        fail("input: line " + std::to_string(line_number_) +
             " is not UTF-8; --binary sends any bytes");
        finish_input();
        return false;
    }

    // ---- The end -----------------------------------------------------------

    // The first status stays.
    void end_with(Status status) {
        is_ending_ = true;
        if (!status_) status_ = status;
    }

    void fail(std::string_view text) {
        printer_.error(text);
        if (!status_) status_ = input_output_error;
    }

    void close(std::uint16_t code = edgews::close_code::normal) {
        is_ending_ = true;
        client_.close(code);
    }

    // When nobody is there to say goodbye to.
    void close_or_stop(Status status) {
        if (client_.ready_state() == edgews::ReadyState::open) {
            return close(edgews::close_code::going_away);
        }
        end_with(status);
        loop_.stop();
    }

    void finish_input() {
        if (std::exchange(is_input_over_, true)) return;
        input_.stop();
        printer_.stop_typing();
        heard_ms_ = loop_.now_ms();
        wait_for_answers();
    }

    // Whoever answers our ping has read all that was before it. A connection that was opened again
    // begins no new silence.
    void wait_for_answers() {
        check_silence();
        client_.ping(std::as_bytes(std::span(end_mark)));
    }

    void await_silence(std::uint64_t delay_ms) {
        loop_.cancel(silence_timer_);
        if (delay_ms == forever_ms) return;
        silence_timer_ = loop_.after(delay_ms, [this] { check_silence(); });
    }

    void check_silence() {
        if (patience_ms() == forever_ms) return;
        const bool is_connected = client_.connection() != nullptr;
        if (is_connected && client_.buffered_amount() > 0)
            heard_ms_ = loop_.now_ms();  // It leaves.
        const std::uint64_t silent_ms = loop_.now_ms() - heard_ms_;
        if (silent_ms < patience_ms()) return await_silence(patience_ms() - silent_ms);
        if (is_connected || is_ending_) return close();
        end_with(closed_abnormally);  // Between two connections.
        loop_.stop();
    }

    void close_if_answered() {
        if (!is_input_over_ || is_ending_ || options_.count || wait_ms() == forever_ms) return;
        if (has_peer_read_all_ && received_count_ >= sent_count_) close();
    }

    [[nodiscard]] std::uint64_t wait_ms() const noexcept {
        return options_.wait_ms.value_or(options_.count ? forever_ms : 1'000);
    }

    // Who has not read all of it gets longer, but not for ever: pings may be beyond it.
    [[nodiscard]] std::uint64_t patience_ms() const noexcept {
        return has_peer_read_all_ ? wait_ms() : std::max(wait_ms(), unread_wait_ms);
    }

    void on_signal(int signal) {
        if (signal == SIGTSTP) return suspend();
        if (std::exchange(is_interrupted_, true)) {
            status_ = interrupted;
            return loop_.stop();
        }
        close_or_stop(interrupted);
    }

    void suspend() {
        printer_.stop_typing();
        if (!terminal_) return (void)::kill(::getpid(), SIGSTOP);
        terminal_->suspend();
        if (client_.ready_state() == edgews::ReadyState::open && !is_input_over_) show_line();
    }

    void on_timeout() {
        if (!latency_ || latency_->is_empty()) {
            printer_.error("timed out");
            end_with(timed_out);
        }
        close_or_stop(timed_out);
        loop_.after(goodbye_ms, [this] { loop_.stop(); });
    }

    // Of stdout. Whoever reads from us may stop when it has enough, as head does.
    void on_broken(int error) {
        if (error != EPIPE) fail(std::string("output: ") + std::strerror(error));
        close_or_stop(closed_normally);
    }

    edgews::Loop& loop_;
    const Options options_;
    std::vector<std::string> files_;
    Printer printer_;
    edgews::Signals signals_;
    std::optional<Terminal> terminal_{};  // Where lines are typed.
    LineEditor editor_{};
    LineSplitter lines_{};
    Input input_;
    std::optional<Latency> latency_{};

    std::size_t next_file_ = 0;
    std::uint64_t line_number_ = 0;
    std::uint64_t sent_count_ = 0;      // On this connection,
    std::uint64_t received_count_ = 0;  // and all that came.
    std::uint64_t heard_ms_ = 0;
    edgews::Token silence_timer_ = edgews::no_token;
    bool was_open_ = false;
    bool is_error_told_ = false;  // Of this connection, whose close follows.
    bool is_input_over_ = false;
    bool has_peer_read_all_ = false;
    bool is_ending_ = false;
    bool is_interrupted_ = false;
    std::optional<Status> status_{};
    edgews::Client client_;  // Last, so that it ends first.
};

}  // namespace wsc
