#include "caller.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace edgews::sim::test {

namespace {

constexpr std::uint32_t patience_ms = 60'000;
constexpr std::uint32_t watchful_pong_timeout_ms = 5'000;

std::string drawn_authority(const Scene& scene) {
    const bool is_direct = scene.middle_port == 0 || scene.world.choices().once_in(3);
    return scene.host + ":" + std::to_string(is_direct ? scene.service.port() : scene.middle_port);
}

// Of a message, drawn.
std::size_t drawn_size_max(Choices& choices, bool is_compressed) {
    static constexpr std::array<std::size_t, 4> sizes{100'000, 9'000, 1'000, 300'000};
    return choices.one_of(std::span(sizes).first(is_compressed ? 4 : 3));
}

}  // namespace

Caller::Caller(Scene& scene, std::uint32_t number, Manner manner, bool may_fragment)
    : scene_(scene),
      manner_(manner),
      options_(scene.options),
      url_(scene.service.drawn_url(drawn_authority(scene))),
      size_max_(drawn_size_max(scene.world.choices(), scene.options.compression != nullptr)),
      talk_(scene.world, scene.record,
            {.caller = number, .size_max = size_max_, .may_fragment = may_fragment}) {
    draw_options();
    if (manner == Manner::hasty) draw_short_limits();
}

// A message is at most half of what may wait: what is dropped leaves more than the mark.
void Caller::draw_options() {
    const std::array<std::size_t, 3> backlogs{1 << 24, 6 * size_max_, 2 * size_max_ + 64};
    const std::array<std::size_t, 4> marks{65'536, 0, 500, size_max_ / 2};
    static constexpr std::array<std::uint32_t, 4> pings{30'000, 0, 100, 20};
    options_.resolve_timeout_ms = options_.connect_timeout_ms = options_.handshake_timeout_ms =
        options_.open_timeout_ms = options_.tls_timeout_ms = patience_ms;
    options_.message_size_max = 1 << 24;
    options_.message_timeout_ms = 0;
    options_.backlog_size_max = choices().one_of(backlogs);
    options_.drain_mark = std::min(choices().one_of(marks), size_max_);
    options_.ping_ms = choices().one_of(pings);
    options_.pong_timeout_ms = patience_ms;
    // A system that takes pings in parts, one in so many, excuses those who never answer.
    if (scene_.is_watchful) {
        options_.ping_ms = 1'000;
        options_.pong_timeout_ms = watchful_pong_timeout_ms;
    }
    options_.reconnect = {.enabled = !choices().once_in(4), .delay_ms = 10, .delay_max_ms = 300};
}

void Caller::draw_short_limits() {
    static constexpr std::array<std::uint32_t, 5> limits{patience_ms, 200, 30, 5, 1};
    for (std::uint32_t* const limit :
         {&options_.connect_timeout_ms, &options_.handshake_timeout_ms, &options_.open_timeout_ms,
          &options_.tls_timeout_ms, &options_.close_timeout_ms, &options_.pong_timeout_ms}) {
        *limit = choices().one_of(limits);
    }
    if (scene_.is_watchful) {
        options_.pong_timeout_ms = std::min(options_.pong_timeout_ms, watchful_pong_timeout_ms);
    }
}

bool Caller::is_content() const noexcept {
    const bool has_run_out = scene_.may_run_out && talk_.attempt_count() >= attempt_count_max;
    const bool may_do_without = manner_ != Manner::good || !options_.reconnect.enabled ||
                                scene_.service.is_shut_down() || scene_.is_hopeless || has_run_out;
    return may_do_without || talk_.is_done();
}

bool Caller::may_try_again() const noexcept {
    return options_.reconnect.enabled && !scene_.is_leaving &&
           talk_.attempt_count() < attempt_count_max;
}

std::uint32_t Caller::rest(std::uint32_t most_ms) {
    const std::uint32_t time_ms = choices().below(most_ms + 1);
    rest_for(time_ms);
    return time_ms;
}

void Caller::rest_for(std::uint64_t milliseconds) {
    rests_until_ns_ = std::max(rests_until_ns_, world().now_ns() + (milliseconds + 1) * 1'000'000);
}

void Caller::check_error(const ClientError& error, bool was_opened) const {
    record().require(error.error.code && !error.error.message.empty(), "an error says nothing");
    record().require((error.stage == ClientStage::open) == was_opened,
                     "an error names a stage that it was not in");
}

// What else is sent by itself, pings and what answers them, counts as unsent, too.
void Caller::judge() {
    const bool is_exact =
        options_.ping_ms == 0 && !options_.tls && !options_.compression && manner_ != Manner::wild;
    talk_.judge(scene_.service.receipts(),
                {.is_exact = is_exact,
                 .pong_size = scene_.service.may_have_pinged() ? masked_frame_size(0) : 0,
                 .knows_closes = manner_ != Manner::wild});
}

}  // namespace edgews::sim::test
