// The histories of topics that a node's Redis keeps: one script, which is one command for each
// message (core/redis/topic_history.hpp).
#include "core/redis/topic_history.hpp"
#include "net/backplane/redis_backbone.hpp"

#include <algorithm>
#include <array>

namespace edgews {

namespace {

// An epoch, as the script takes it.
class EpochText {
  public:
    explicit EpochText(std::uint64_t epoch) noexcept {
        for (auto digit = digits_.rbegin(); digit != digits_.rend(); ++digit, epoch >>= 4) {
            *digit = "0123456789abcdef"[epoch & 15];
        }
    }
    [[nodiscard]] std::string_view view() const noexcept {
        return {digits_.data(), digits_.size()};
    }

  private:
    std::array<char, redis::epoch_digit_count> digits_{};
};

// Words of the command in front of what it is to do, and of that at most.
constexpr std::size_t head_count = 11;
constexpr std::size_t rest_count_max = 4;
// Bytes of answers that are on their way. A server closes a subscribed connection for which more
// than 32 MiB wait, or 8 MiB for a minute (client-output-buffer-limit pubsub).
constexpr std::size_t answers_size_max = 4 * 1024 * 1024;

}  // namespace

// ---- A connection's beginning ------------------------------------------------------------------

void RedisBackbone::prepare() {
    enter(Phase::preparing);
    run_.clear();
    const std::array<std::string_view, 2> question{"INFO", "server"};
    const std::array<std::string_view, 3> script{"SCRIPT", "LOAD", redis::topic_history_script()};
    (void)session_->command(question);
    (void)session_->command(script);
    push();
}

void RedisBackbone::take_preparation(const redis::Event& event) {
    if (run_.empty()) {
        run_ = redis::run_of(event.value.text());
        if (run_.empty()) lose("it does not say which run it is of");
        return;
    }
    script_ = event.value.text();
    begin_ready();
}

// ---- The script --------------------------------------------------------------------------------

std::uint64_t RedisBackbone::run_script(std::string_view channel, const TopicHistory& history,
                                        std::span<const std::string_view> rest) {
    const HistoryWords& words =
        words_[static_cast<std::size_t>(&history - options_.histories.data())];
    // "{edgews}:t:news" is the stream, "{edgews}:p:news" the hash.
    place_ = channel;
    place_[prefix_.size() + 1] = 'p';
    // Each time another one: an epoch must not come back.
    const std::uint64_t high = random_.next();
    const EpochText epoch(high << 32 | random_.next());
    std::array<std::string_view, head_count + rest_count_max> command{
        "EVALSHA",     script_,      "2",       channel,         place_,
        run_,          epoch.view(), words.ttl, words.place_ttl, words.count_max,
        words.size_max};
    auto* const end = std::copy(rest.begin(), rest.end(), command.begin() + head_count);
    const std::uint64_t number = session_->command(std::span(command.begin(), end));
    push();
    return number;
}

Backbone::Sent RedisBackbone::send(std::string_view channel, std::string_view bytes,
                                   const TopicHistory& history) {
    if (phase_ != Phase::ready) return Sent::away;
    if (is_full_for(bytes.size())) return Sent::full;
    const bool is_sharded = scope_ == redis::Scope::shard;
    const std::array<std::string_view, 2> rest{is_sharded ? "SPUBLISH" : "PUBLISH", bytes};
    (void)run_script(channel, history, rest);
    return Sent::yes;
}

ReadingNumber RedisBackbone::read(std::string_view channel, const TopicHistory& history,
                                  const Wish& wish) {
    if (phase_ != Phase::ready) return 0;
    const ReadingNumber number = ++last_reading_;
    waiting_readings_.push_back({number, std::string(channel), &history, wish});
    read_next();
    return number;
}

// In their order, and no more at a time than a server keeps for a connection that is subscribed.
void RedisBackbone::read_next() {
    while (!waiting_readings_.empty()) {
        const auto& [reading, channel, history, wish] = waiting_readings_.front();
        const std::size_t size_max = std::min(history->size_max, answers_size_max);
        if (size_max > answers_size_max - readings_size_max_) return;
        const EpochText epoch(wish.from.epoch);
        const std::string offset = std::to_string(wish.from.offset);
        const std::array<std::string_view, 4> rest{"", epoch.view(), offset,
                                                   wish.wants_rest ? "1" : "0"};
        const std::uint64_t command = run_script(channel, *history, rest);
        readings_[command] = {reading, size_max};
        readings_size_max_ += size_max;
        waiting_readings_.pop_front();
    }
}

bool RedisBackbone::take_reading(std::uint64_t command, const redis::Value* value) {
    const auto found = readings_.find(command);
    if (found == readings_.end()) return false;
    const auto [number, size_max] = found->second;
    readings_.erase(found);
    readings_size_max_ -= size_max;
    const auto answer = value == nullptr ? std::nullopt : redis::parse_topic_reading(*value);
    if (answer) {
        read_.clear();
        for (const redis::Value message : answer->messages) read_.push_back(message.text());
        const HistoryReading reading{.is_whole = answer->is_whole,
                                     .position = {.epoch = answer->epoch, .offset = answer->offset},
                                     .messages = read_};
        owner_.backbone_read(number, &reading);
    } else {
        owner_.backbone_read(number, nullptr);
    }
    read_next();
    return true;
}

}  // namespace edgews
