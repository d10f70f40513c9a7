#include "net/backplane/node.hpp"

#include "core/base/ascii.hpp"
#include "core/stomp/carried_message.hpp"
#include "crypto/random.hpp"
#include "net/backplane/redis_backbone.hpp"
#include "net/backplane/stomp_backbone.hpp"
#include "net/connection/event_teller.hpp"
#include "net/connection/topics.hpp"
#include "net/connection/websocket_connection.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace edgews {

namespace {

using backplane::Envelope;
using backplane::Publication;

constexpr std::size_t application_size_max = 40;
// Milliseconds after a reconnection in which others may come back, too.
constexpr std::uint64_t return_delay_ms = 500;
// Milliseconds after which the upstream may keep up again.
constexpr std::uint64_t full_delay_ms = 100;
// Topics are asked about together, up to so many bytes.
constexpr std::size_t questions_size_max = 32 * 1024;
// Bytes that a waiting message takes beside its own.
constexpr std::size_t waiting_head_size = 64;

std::uint32_t age_of(const Publication& publication, std::uint64_t now_ms) noexcept {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(UINT32_MAX, now_ms - publication.began_ms));
}

void refuse(const char* what) {
    throw std::invalid_argument(std::string("BackplaneOptions::") + what);
}

BackplaneOptions checked(BackplaneOptions options) {
    if (options.upstreams.empty()) refuse("upstreams: there is none");
    if (options.heartbeat_ms == 0) refuse("heartbeat_ms must not be 0");
    const std::string& application = options.application;
    const auto is_plain = [](char c) {
        return is_letter(c) || is_digit(c) || c == '-' || c == '_';
    };
    if (application.empty() || application.size() > application_size_max ||
        !std::all_of(application.begin(), application.end(), is_plain)) {
        refuse("application is not 1 to 40 letters, digits, '-' and '_'");
    }
    if (!options.connection.lookup) refuse("connection.lookup is empty");
    const bool is_redis = RedisBackbone::speaks(options.upstreams.front());
    is_redis ? RedisBackbone::check(options) : StompBackbone::check(options);
    return options;
}

}  // namespace

BackplaneNode::BackplaneNode(BackplaneOptions options, BackplaneHooks hooks)
    : options_(checked(std::move(options))),
      hooks_(std::move(hooks)),
      id_(random_number()),
      name_(backplane::to_string(id_)) {}

BackplaneNode::~BackplaneNode() = default;

// ---- Any thread --------------------------------------------------------------------------------

bool BackplaneNode::carries_route(std::string_view topic) const noexcept {
    return !is_of_broker(topic) && has_prefix(topic);
}

bool BackplaneNode::has_prefix(std::string_view topic) const noexcept {
    return std::any_of(options_.prefixes.begin(), options_.prefixes.end(),
                       [&](const std::string& prefix) { return topic.starts_with(prefix); });
}

const TopicHistory* BackplaneNode::history_of(std::string_view topic) const noexcept {
    if (is_of_broker(topic)) return nullptr;
    for (const TopicHistory& history : options_.histories) {
        if (topic.starts_with(history.prefix)) return &history;
    }
    return nullptr;
}

void BackplaneNode::subscribe(Connection& connection, std::string_view topic, TopicPosition from,
                              Function<void(Connection&, const TopicRecovery&)> done) {
    auto recovering = std::make_unique<Recovering>(
        Recovering{.reactor = Reactor::current(),
                   .token = static_cast<WebSocketConnection&>(connection).token(),
                   .from = from,
                   .done = std::move(done)});
    (void)inbox_.add({.kind = Inbox::Item::Kind::recover, .recovering = std::move(recovering)},
                     topic, SIZE_MAX);
}

void BackplaneNode::prepare(std::string_view topic, Function<void(bool)> done) {
    (void)inbox_.add({.kind = Inbox::Item::Kind::prepare, .done = std::move(done)}, topic,
                     SIZE_MAX);
}

void BackplaneNode::interest_begins(std::string_view topic) {
    if (carries_route(topic)) {
        (void)inbox_.add({.kind = Inbox::Item::Kind::interest_begins}, topic, SIZE_MAX);
    }
}

void BackplaneNode::interest_ends(std::string_view topic) {
    if (carries_route(topic)) {
        (void)inbox_.add({.kind = Inbox::Item::Kind::interest_ends}, topic, SIZE_MAX);
    }
}

const TopicHistory* BackplaneNode::history_upstream(std::string_view topic) const noexcept {
    const TopicHistory* const history = history_of(topic);
    const bool is_kept = history != nullptr && RedisBackbone::speaks(options_.upstreams.front());
    return is_kept ? history : nullptr;
}

bool BackplaneNode::is_through(std::string_view topic) const noexcept {
    return options_.mode == BackplaneMode::through || history_upstream(topic) != nullptr;
}

TopicsAbroad::Carried BackplaneNode::publish(std::string_view topic, const PreparedMessage& message,
                                             const WebSocketConnection* except) {
    if (!carries_route(topic)) return {};
    // Where there is one order, the node delivers all.
    const bool is_through = this->is_through(topic);
    const bool is_here = !is_through && history_of(topic) == nullptr;
    const bool is_too_large = message.payload_size() > options_.message_size_max ||
                              topic.size() > backplane::topic_size_max;
    PublishResult result =
        is_too_large ? PublishResult::refused : answer_.load(std::memory_order_relaxed);
    Excepted excepted;
    if (!is_here && except != nullptr) excepted = {Reactor::current(), except->token()};
    if (result != PublishResult::refused &&
        !inbox_.add({.message = message, .except = excepted}, topic, options_.backlog_size_max)) {
        result = PublishResult::refused;
    }
    if (result == PublishResult::refused) {
        count(BackplaneCounter::refused);
        Inbox::Item item{.kind = Inbox::Item::Kind::refuse};
        if (!is_here && !is_through) item.message = message, item.except = excepted;
        (void)inbox_.add(std::move(item), topic, SIZE_MAX);
    }
    return {.result = result, .is_here = is_here};
}

BackplaneStats BackplaneNode::stats() const noexcept {
    BackplaneStats stats;
    for (std::size_t i = 0; i < backplane_counter_count; ++i) {
        stats.values[i] = counters_[i].load(std::memory_order_relaxed);
    }
    return stats;
}

void BackplaneNode::count(BackplaneCounter counter, std::uint64_t amount) noexcept {
    counters_[static_cast<std::size_t>(counter)].fetch_add(amount, std::memory_order_relaxed);
}

void BackplaneNode::set(BackplaneCounter counter, std::uint64_t value) noexcept {
    counters_[static_cast<std::size_t>(counter)].store(value, std::memory_order_relaxed);
}

std::uint64_t BackplaneNode::random_number() noexcept {
    std::uint64_t number = 0;
    fill_random(std::as_writable_bytes(std::span(&number, 1)));
    return number;
}

// ---- Its life ----------------------------------------------------------------------------------

void BackplaneNode::cancel(Token& timer) noexcept {
    if (timer != no_token) home_->cancel(std::exchange(timer, no_token));
}

void BackplaneNode::begin(std::vector<Topics*> topics) {
    home_ = &topics.front()->reactor();
    deliveries_.begin(std::move(topics));
    home_->post(make_job([this] { start(); }));
    inbox_.open([this, home = home_] { home->post(make_job([this] { take_inbox(); })); });
}

void BackplaneNode::start() {
    if (home_ == nullptr) return;
    Backbone::Owner& owner = *this;
    if (RedisBackbone::speaks(options_.upstreams.front())) {
        backbone_ = std::make_unique<RedisBackbone>(*home_, options_, owner);
    } else {
        backbone_ = std::make_unique<StompBackbone>(home_->loop(), options_, owner);
    }
    control_channel_ = backbone_->control_channel();
    control_ = backbone_->subscribe(control_channel_);
    begin_waiting();
    heartbeat_timer_ = home_->every(options_.heartbeat_ms, make_job([this] {
                                        send_marks();
                                        publications_.forget_idle(home_->now_ms());
                                    }));
}

void BackplaneNode::end() noexcept {
    inbox_.close();
    if (home_ == nullptr) return;
    for (Token* const timer : {&waiting_timer_, &linger_timer_, &question_timer_, &soon_timer_,
                               &heartbeat_timer_, &recovery_timer_}) {
        cancel(*timer);
    }
    answer_ = PublishResult::refused;
    recoveries_.clear();
    backbone_.reset();
    home_ = nullptr;
}

void BackplaneNode::take_inbox() {
    if (home_ == nullptr) return;
    inbox_.take(batch_);
    std::string_view rest = batch_.topics;
    for (Inbox::Item& item : batch_.items) {
        const HashedView topic(rest.substr(0, item.topic_size));
        rest.remove_prefix(item.topic_size);
        switch (item.kind) {
            case Inbox::Item::Kind::publish:
            case Inbox::Item::Kind::refuse: publish_now(topic, item); break;
            case Inbox::Item::Kind::interest_begins: gain(topic); break;
            case Inbox::Item::Kind::interest_ends: lose(topic); break;
            case Inbox::Item::Kind::prepare: prepare_now(topic, std::move(item.done)); break;
            case Inbox::Item::Kind::recover: recover(topic, std::move(item.recovering)); break;
        }
    }
    batch_.clear();
}

// ---- The connection ----------------------------------------------------------------------------

void BackplaneNode::backbone_is_back() {
    count(BackplaneCounter::connects);
    set(BackplaneCounter::is_available, 1);
    if (hooks_.upstream) hooks_.upstream(true, backbone_->address(), "");
    // Others may have lost marks with a connection, and questions may have passed unheard.
    publications_.mark_all();
    mark_soon(return_delay_ms);
    fill_all();
    go_on();
    const EventTeller events(options_.on_event);
    if (events) events.tell({.kind = EventKind::upstream_found, .text = backbone_->address()});
}

// It is told of each try. What waits for a confirmation does so no longer.
void BackplaneNode::backbone_is_away(std::string_view reason) {
    const bool was_available = phase_ == Phase::open || phase_ == Phase::full;
    const bool is_news = phase_ != Phase::away;
    if (phase_ == Phase::open) begin_waiting();
    enter(Phase::away);
    set(BackplaneCounter::is_available, 0);
    if (was_available) count(BackplaneCounter::disconnects);
    questions_.clear();
    cancel(question_timer_);
    unconfirm_all();
    if (is_news && hooks_.upstream) hooks_.upstream(false, backbone_->address(), reason);
    const EventTeller events(options_.on_event);
    if (is_news && events) events.tell({.kind = EventKind::upstream_lost, .text = reason});
}

void BackplaneNode::backbone_drained() {
    if (phase_ == Phase::full) go_on();
}

// Messages wait from now on, and not for ever.
void BackplaneNode::begin_waiting() {
    answer_.store(PublishResult::queued, std::memory_order_relaxed);
    later(waiting_timer_, options_.queue_ms, [this] { give_up_waiting(); });
}

void BackplaneNode::give_up_waiting() {
    answer_.store(PublishResult::refused, std::memory_order_relaxed);
    count(BackplaneCounter::unsent, waiting_.size());
    waiting_.clear();
    waiting_size_ = 0;
    set(BackplaneCounter::waiting, 0);
}

// What waits goes first, as far as there is room for it.
void BackplaneNode::go_on() {
    enter(Phase::open);
    const std::uint64_t now_ms = home_->now_ms();
    while (!waiting_.empty()) {
        Waiting& first = waiting_.front();
        backplane::add_age(first.bytes, now_ms - std::exchange(first.since_ms, now_ms));
        if (!try_to_send(first.channel, first.bytes, first.history)) return;
        waiting_size_ -= waiting_head_size + first.bytes.size();
        waiting_.pop_front();
        count(BackplaneCounter::published);
        set(BackplaneCounter::waiting, waiting_.size());
    }
    cancel(waiting_timer_);
    answer_.store(PublishResult::sent, std::memory_order_relaxed);
}

// ---- What is sent ------------------------------------------------------------------------------

// False: it is not open, or not any more.
bool BackplaneNode::try_to_send(std::string_view channel, std::string_view bytes,
                                const TopicHistory* history) {
    if (phase_ != Phase::open) return false;
    const Backbone::Sent sent = history == nullptr ? backbone_->send(channel, bytes)
                                                   : backbone_->send(channel, bytes, *history);
    if (sent == Backbone::Sent::yes) return true;
    if (waiting_timer_ == no_token) begin_waiting();
    enter(sent == Backbone::Sent::full ? Phase::full : Phase::away);
    return false;
}

void BackplaneNode::send_or_keep(std::string_view channel, std::string_view bytes,
                                 const TopicHistory* history) {
    if (waiting_.empty() && try_to_send(channel, bytes, history)) {
        return count(BackplaneCounter::published);
    }
    const std::size_t size = waiting_head_size + bytes.size();
    const bool may_wait = answer_.load(std::memory_order_relaxed) != PublishResult::refused;
    if (!may_wait || waiting_size_ + size > options_.queue_size_max) {
        // What follows is refused: it would overtake nothing, but leave holes.
        answer_.store(PublishResult::refused, std::memory_order_relaxed);
        return count(BackplaneCounter::unsent);
    }
    waiting_size_ += size;
    waiting_.push_back({std::string(channel), std::string(bytes), home_->now_ms(), history});
    set(BackplaneCounter::waiting, waiting_.size());
}

// Into scratch_.
void BackplaneNode::write(Envelope::Kind kind, const Publication& publication,
                          std::span<const std::byte> payload) {
    const std::string_view topic = publication.topic.text();
    scratch_.clear();
    backplane::append_envelope(scratch_,
                               {.kind = kind,
                                .node = id_,
                                .run = publication.run,
                                .age_ms = age_of(publication, home_->now_ms()),
                                .sequence = publication.sequence,
                                .name = backbone_->says_whole(topic) ? std::string_view() : topic,
                                .payload = payload});
}

void BackplaneNode::publish_now(const HashedView& topic, const Inbox::Item& item) {
    const bool is_through = this->is_through(topic.text());
    Channel* const channel = channels_.find(topic);
    if (!is_through && channel != nullptr && channel->history && item.message) {
        deliver(*channel, item.message, item.except);
    }
    if (topic.text().size() > backplane::topic_size_max) return;
    Publication& publication = publications_.next(topic, home_->now_ms());
    if (publication.channel.empty()) publication.channel = backbone_->channel_of(topic.text());
    if (item.kind == Inbox::Item::Kind::refuse) return;
    if (is_through && channel != nullptr && item.except.reactor != nullptr) {
        channel->own.push_back({publication.run, publication.sequence, item.except});
    }
    if (item.content) {
        write(Envelope::Kind::binary, publication, {});
        stomp::append_carried(scratch_, item.content);
    } else {
        const bool is_text = item.message.opcode() == Opcode::text;
        write(is_text ? Envelope::Kind::text : Envelope::Kind::binary, publication,
              item.message.payload());
    }
    send_or_keep(publication.channel, scratch_, history_upstream(topic.text()));
}

void BackplaneNode::ask_about(const Channel& channel) {
    backplane::append_topic(questions_, channel.topic.text());
    if (questions_.size() >= questions_size_max) return send_questions();
    if (question_timer_ == no_token) later(question_timer_, 1, [this] { send_questions(); });
}

void BackplaneNode::send_questions() {
    if (phase_ == Phase::full) {
        return later(question_timer_, full_delay_ms, [this] { send_questions(); });
    }
    cancel(question_timer_);
    scratch_.clear();
    backplane::append_envelope(scratch_, {.kind = Envelope::Kind::ask,
                                          .node = id_,
                                          .payload = std::as_bytes(std::span(questions_))});
    questions_.clear();
    if (!try_to_send(control_channel_, scratch_)) count(BackplaneCounter::unsent);
}

void BackplaneNode::mark_soon(std::uint64_t delay_ms) {
    if (soon_timer_ == no_token) later(soon_timer_, delay_ms, [this] { send_marks(); });
}

// Not in front of messages that wait: they are no less.
void BackplaneNode::send_marks() {
    if (phase_ != Phase::open || !waiting_.empty()) return;
    publications_.mark([this](const Publication& publication) {
        write(Envelope::Kind::mark, publication, {});
        if (!try_to_send(publication.channel, scratch_)) return false;
        count(BackplaneCounter::marks);
        return true;
    });
}

}  // namespace edgews
