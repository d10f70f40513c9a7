// Thousands of clients on one loop, against a server in a process of its own.
//
//     many_clients URL COUNT
//
// Each sends a few messages, and holds what comes back to be the same. When all have theirs, and
// all are still open, all close. The last line says how it went, with what a client takes of
// memory:
//
//     10000 clients echoed 30000 messages and closed cleanly: 3100 bytes each, 1.3 s
//
// Exits with 0 when all went well, 77 where the system gives a process too few descriptors. What
// goes wrong is told on stderr, the first few times.
#include <edgews/client.hpp>
#include <edgews/loop.hpp>

#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

constexpr std::size_t connecting_count_max = 256;  // At once: fewer than a listener has queue for.
constexpr std::size_t message_count = 3;           // Of each client.
constexpr std::size_t told_count_max = 10;
constexpr std::size_t spare_descriptors = 32;
constexpr std::uint64_t time_limit_ms = 60'000;
constexpr int too_few_descriptors = 77;

// The message that client `index` sends as its `number`th: different for each, some long.
std::string message_of(std::size_t index, std::size_t number) {
    const std::size_t size = number == 1 ? 200 + index % 5'000 : number * (index % 100);
    std::string text = std::to_string(index) + "/" + std::to_string(number) + " ";
    return text.append(size, static_cast<char>('a' + index % 26));
}

class Crowd {
  public:
    Crowd(std::string url, std::size_t count) : url_(std::move(url)), count_(count) {
        clients_.reserve(count);
        next_.resize(count);
    }

    int run() {
        const auto begin = std::chrono::steady_clock::now();
        loop_.after(time_limit_ms, [this] {
            complain("it took too long");
            loop_.stop();
        });
        heap_before_ = ::mallinfo2().uordblks;
        connect_more();
        loop_.run();
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
        std::printf("%zu clients echoed %zu messages and closed cleanly: %zu bytes each, %.1f s\n",
                    clean_count_, echoed_count_, bytes_each_, taken.count());
        const bool is_all = clean_count_ == count_ && echoed_count_ == count_ * message_count;
        return is_all && complaint_count_ == 0 ? 0 : 1;
    }

  private:
    void connect_more() {
        while (clients_.size() < count_ && clients_.size() < open_count_ + connecting_count_max) {
            const std::size_t index = clients_.size();
            clients_.push_back(std::make_unique<edgews::Client>(loop_, url_, handlers(index)));
        }
    }

    edgews::ClientHandlers handlers(std::size_t index) {
        using edgews::Client;
        return {
            .open =
                [this, index](Client& c) {
                    ++open_count_;
                    for (std::size_t i = 0; i < message_count; ++i) c.send(message_of(index, i));
                    connect_more();
                },
            .message = [this, index](Client&, edgews::Message m) { take(index, m); },
            .error = [this](Client&, const edgews::ClientError& e) { complain(e.error.message); },
            .close = [this](Client&, const edgews::CloseEvent& e) { closed(e); },
        };
    }

    void take(std::size_t index, edgews::Message message) {
        if (!message.is_text() || message.text() != message_of(index, next_[index]++)) {
            return complain("client " + std::to_string(index) + " hears what it did not say");
        }
        if (++echoed_count_ == count_ * message_count) close_all();
    }

    void close_all() {
        bytes_each_ = (::mallinfo2().uordblks - heap_before_) / count_;
        for (const auto& client : clients_) {
            if (!client->close()) complain("a client is not open any more");
        }
    }

    void closed(const edgews::CloseEvent& event) {
        const bool is_clean = event.clean && event.code == edgews::close_code::normal;
        if (!is_clean) complain("closed with " + std::to_string(event.code));
        clean_count_ += is_clean ? 1 : 0;
        if (++closed_count_ == count_) loop_.stop();
    }

    void complain(std::string_view what) {
        if (++complaint_count_ > told_count_max) return;
        std::fprintf(stderr, "%.*s\n", static_cast<int>(what.size()), what.data());
    }

    edgews::Loop loop_{};
    std::string url_;
    std::size_t count_;
    std::vector<std::unique_ptr<edgews::Client>> clients_{};
    std::vector<unsigned char> next_{};  // Of each client: the message that is to come back.
    std::size_t open_count_ = 0;
    std::size_t echoed_count_ = 0;
    std::size_t clean_count_ = 0;
    std::size_t closed_count_ = 0;
    std::size_t complaint_count_ = 0;
    std::size_t heap_before_ = 0;
    std::size_t bytes_each_ = 0;
};

bool has_descriptors_for(std::size_t count) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
    const rlim_t wanted = count + spare_descriptors;
    limit.rlim_cur = std::min(std::max(limit.rlim_cur, wanted), limit.rlim_max);
    return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= wanted;
}

}  // namespace

int main(int argument_count, char** words) {
    std::size_t count = 0;
    const std::string_view text = argument_count == 3 ? words[2] : "";
    if (std::from_chars(text.data(), text.data() + text.size(), count).ec != std::errc() ||
        count == 0) {
        std::fputs("usage: many_clients URL COUNT\n", stderr);
        return 2;
    }
    if (!has_descriptors_for(count)) return too_few_descriptors;
    return Crowd(words[1], count).run();
}
