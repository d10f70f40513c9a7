#include "played_redis.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <utility>

namespace edgews::test {

namespace {

constexpr std::chrono::seconds patience{20};
// Words of an EVALSHA: of the keys, and of what follows them.
constexpr std::size_t channel_word = 3;
constexpr std::size_t run_word = 5;
constexpr std::size_t epoch_word = 6;
constexpr std::size_t ttl_word = 7;
constexpr std::size_t count_word = 9;
constexpr std::size_t size_word = 10;
constexpr std::size_t command_word = 11;

std::string bulk(std::string_view text) {
    return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

std::string push(std::string_view name, std::string_view channel, const std::string& last) {
    return ">3\r\n" + bulk(name) + bulk(channel) + last;
}

// The number of a line like "*3\r\n" or "$5\r\n", which is taken. Nothing: it has not come whole.
std::optional<std::size_t> take_number(std::string_view& input, char type) {
    const std::size_t end = input.find("\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    if (input.front() != type) throw std::runtime_error("no command");
    const std::size_t number = std::stoull(std::string(input.substr(1, end - 1)));
    input.remove_prefix(end + 2);
    return number;
}

// Empty: none has come whole.
std::vector<std::string> take_command(std::string& input) {
    std::string_view rest = input;
    std::vector<std::string> words;
    const auto count = take_number(rest, '*');
    if (!count) return {};
    while (words.size() < *count) {
        const auto size = rest.empty() ? std::nullopt : take_number(rest, '$');
        if (!size || rest.size() < *size + 2) return {};
        words.emplace_back(rest.substr(0, *size));
        rest.remove_prefix(*size + 2);
    }
    input.erase(0, input.size() - rest.size());
    return words;
}

void send_all(const Fd& fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

}  // namespace

PlayedRedis::PlayedRedis() : place_("127.0.0.1"), wake_(::eventfd(0, EFD_CLOEXEC)) {
    place_.listen(64);
    thread_ = std::thread([this] { run(); });
}

PlayedRedis::~PlayedRedis() {
    {
        const std::lock_guard lock(mutex_);
        is_over_ = true;
    }
    (void)::eventfd_write(wake_.get(), 1);
    thread_.join();
}

// ---- What a test does --------------------------------------------------------------------------

void PlayedRedis::stop() {
    const std::lock_guard lock(mutex_);
    is_up_ = false;
    for (Peer& peer : peers_) cut(peer);
}

void PlayedRedis::start(Memory memory, std::size_t forgotten_count) {
    const std::lock_guard lock(mutex_);
    ++run_;
    is_up_ = true;
    has_script_ = false;
    if (memory == Memory::nothing) topics_.clear();
    for (auto& [name, topic] : topics_) {
        for (std::size_t i = 0; i < forgotten_count && !topic.stream.empty(); ++i) {
            topic.stream.pop_back();
            --topic.offset;
        }
    }
}

void PlayedRedis::restart(Memory memory, std::size_t forgotten_count) {
    stop();
    start(memory, forgotten_count);
}

void PlayedRedis::cut() {
    const std::lock_guard lock(mutex_);
    for (Peer& peer : peers_) cut(peer);
}

void PlayedRedis::cut_oldest() {
    const std::lock_guard lock(mutex_);
    cut(peers_.front());
}

// Its thread closes it.
void PlayedRedis::cut(Peer& peer) {
    peer.is_cut = true;
    (void)::shutdown(peer.fd.get(), SHUT_RDWR);
}

void PlayedRedis::forget_script() {
    const std::lock_guard lock(mutex_);
    has_script_ = false;
}

void PlayedRedis::pass(std::uint64_t milliseconds) {
    const std::lock_guard lock(mutex_);
    now_ms_ += milliseconds;
}

void PlayedRedis::refuse(const std::string& command, std::string error) {
    const std::lock_guard lock(mutex_);
    refused_[command] = std::move(error);
}

void PlayedRedis::publish(const std::string& channel, std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    send_to_all(channel, bytes);
}

void PlayedRedis::await(const std::string& command, std::size_t count) {
    std::unique_lock lock(mutex_);
    if (!answered_.wait_for(lock, patience, [&] { return counts_[command] >= count; })) {
        throw std::runtime_error(command + " did not come");
    }
}

std::size_t PlayedRedis::count(const std::string& command) {
    const std::lock_guard lock(mutex_);
    return counts_[command];
}

void PlayedRedis::drop(const std::string& channel) {
    const std::lock_guard lock(mutex_);
    topics_.erase(channel);
}

// ---- Its thread --------------------------------------------------------------------------------

void PlayedRedis::run() {
    while (true) {
        std::vector<pollfd> waiting{{.fd = wake_.get(), .events = POLLIN, .revents = 0},
                                    {.fd = place_.fd(), .events = POLLIN, .revents = 0}};
        {
            const std::lock_guard lock(mutex_);
            if (is_over_) return;
            for (const Peer& peer : peers_) {
                waiting.push_back({.fd = peer.fd.get(), .events = POLLIN, .revents = 0});
            }
        }
        (void)::poll(waiting.data(), waiting.size(), -1);
        serve();
    }
}

void PlayedRedis::serve() {
    const std::lock_guard lock(mutex_);
    if (is_over_) return;
    std::erase_if(peers_, [](const Peer& peer) { return peer.is_cut; });
    while (place_.has_waiting()) {
        Fd fd = place_.accept();
        if (is_up_ && fd) peers_.push_back({.fd = std::move(fd)});
    }
    for (Peer& peer : peers_) take_input(peer);
    std::erase_if(peers_, [](const Peer& peer) { return !peer.fd; });
    answered_.notify_all();
}

void PlayedRedis::take_input(Peer& peer) {
    char bytes[65'536];
    while (true) {
        const ssize_t size = ::recv(peer.fd.get(), bytes, sizeof bytes, MSG_DONTWAIT);
        if (size == 0 || (size < 0 && errno != EAGAIN)) return peer.fd.reset();
        if (size < 0) break;
        peer.input.append(bytes, static_cast<std::size_t>(size));
    }
    while (true) {
        const Words words = take_command(peer.input);
        if (words.empty()) return;
        send_all(peer.fd, answer(peer, words));
        ++counts_[words[0]];
    }
}

std::string PlayedRedis::answer(Peer& peer, const Words& words) {
    const std::string& name = words[0];
    if (const std::string& error = refused_[name]; !error.empty()) return "-" + error + "\r\n";
    if (name == "HELLO") return "%1\r\n+proto\r\n:3\r\n";
    if (name == "INFO") {
        std::string run = std::to_string(run_);
        return bulk("# Server\r\nrun_id:" + run.append(40 - run.size(), 'a') + "\r\n");
    }
    if (name == "SCRIPT") {
        has_script_ = true;
        return bulk("5ca1ab1e");
    }
    if (name == "EVALSHA") return has_script_ ? run_script(words) : "-NOSCRIPT none\r\n";
    if (name == "SUBSCRIBE") {
        peer.channels.insert(words[1]);
        return push("subscribe", words[1], ":1\r\n");
    }
    if (name == "UNSUBSCRIBE") {
        peer.channels.erase(words[1]);
        return push("unsubscribe", words[1], ":0\r\n");
    }
    if (name == "PUBLISH") {
        send_to_all(words[1], words[2]);
        return ":1\r\n";
    }
    return name == "PING" ? "+PONG\r\n" : "-ERR unknown command\r\n";
}

void PlayedRedis::send_to_all(const std::string& channel, std::string_view bytes) {
    const std::string text = push("message", channel, bulk(bytes));
    for (const Peer& peer : peers_) {
        if (!peer.is_cut && peer.channels.contains(channel)) send_all(peer.fd, text);
    }
}

// ---- The script --------------------------------------------------------------------------------

void PlayedRedis::trim(Topic& topic, const Words& words) const {
    auto& stream = topic.stream;
    std::size_t size = 0;
    for (const Entry& entry : stream) size += entry.message.size();
    while (!stream.empty() && (stream.size() > std::stoull(words[count_word]) ||
                               size > std::stoull(words[size_word]) ||
                               now_ms_ - stream.front().since_ms >= std::stoull(words[ttl_word]))) {
        size -= stream.front().message.size();
        stream.pop_front();
    }
}

std::string PlayedRedis::run_script(const Words& words) {
    const std::string& channel = words[channel_word];
    Topic& topic = topics_[channel];
    if (topic.run != words[run_word]) {
        topic.before = std::exchange(topic.epoch, words[epoch_word]);
        topic.until = topic.offset;
        topic.run = words[run_word];
    }
    const std::string& command = words[command_word];
    if (!command.empty()) {
        topic.stream.push_back({++topic.offset, now_ms_, words[command_word + 1]});
    }
    trim(topic, words);
    if (command.empty()) return read(topic, words);
    const std::string offset = std::to_string(topic.offset);
    send_to_all(channel, topic.epoch + ":" + offset + ":" + words[command_word + 1]);
    return bulk(offset);
}

std::string PlayedRedis::read(const Topic& topic, const Words& words) {
    const std::string& epoch = words[command_word + 1];
    std::uint64_t from = std::stoull(words[command_word + 2]);
    const bool wants_rest = words[command_word + 3] == "1";
    const bool is_known = (epoch == topic.epoch && from <= topic.offset) ||
                          (epoch == topic.before && from <= topic.until);
    if (!is_known) from = topic.until;
    std::string messages;
    std::size_t count = 0;
    for (const Entry& entry : topic.stream) {
        if (entry.offset <= from || (!is_known && !wants_rest)) continue;
        messages += bulk(entry.message);
        ++count;
    }
    const bool is_whole = is_known && count == topic.offset - from;
    if (!is_whole && !wants_rest) messages.clear(), count = 0;
    return "*4\r\n" + bulk(topic.epoch) + bulk(std::to_string(topic.offset)) +
           (is_whole ? ":1\r\n" : ":0\r\n") + "*" + std::to_string(count) + "\r\n" + messages;
}

}  // namespace edgews::test
