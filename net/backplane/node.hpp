// A node of a backplane: what a server's topics have to do with the upstream.
//
// All of it happens on the server's first loop. What others have for it waits in its Inbox; what it
// has for them goes by Deliveries.
//
// Its connection:
//
//     connecting ──▶ open ◀──▶ full      the upstream does not keep up
//          │          │▲         │
//          └───▶ away ◀┴─────────┘       it is tried again
//
// Unless it is open, messages wait, and what publish() answers depends on how long and how much.
// Each counts, whatever becomes of it: so others learn that it is missing.
//
// How others learn what they miss when no message follows: a node marks how far it is in what it
// published, at each heart-beat, and soon after it was asked. Whoever has begun to hear a topic, or
// hears it again, asks all nodes about it.
#pragma once

#include <edgews/backplane.hpp>
#include <edgews/message.hpp>
#include "core/backplane/envelope.hpp"
#include "core/backplane/publications.hpp"
#include "core/stomp/topic_carrier.hpp"
#include "net/backplane/backbone.hpp"
#include "net/backplane/channel.hpp"
#include "net/backplane/deliveries.hpp"
#include "net/backplane/inbox.hpp"
#include "net/backplane/recoveries.hpp"
#include "net/connection/topics_abroad.hpp"
#include "net/loop/reactor.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace edgews {

class BackplaneNode final : public TopicsAbroad,
                            public stomp::TopicCarrier,
                            private Backbone::Owner {
  public:
    // Throws std::invalid_argument for an option that cannot be used.
    BackplaneNode(BackplaneOptions options, BackplaneHooks hooks);
    BackplaneNode(const BackplaneNode&) = delete;
    BackplaneNode& operator=(const BackplaneNode&) = delete;
    ~BackplaneNode();

    // Any thread, as Backplane has them.
    void prepare(std::string_view topic, Function<void(bool)> done);
    void subscribe(Connection& connection, std::string_view topic, TopicPosition from,
                   Function<void(Connection&, const TopicRecovery&)> done);
    [[nodiscard]] std::string_view name() const noexcept { return name_; }
    [[nodiscard]] BackplaneStats stats() const noexcept;

    void begin(std::vector<Topics*> topics) override;
    void end() noexcept override;
    void interest_begins(std::string_view topic) override;
    void interest_ends(std::string_view topic) override;
    Carried publish(std::string_view topic, const PreparedMessage& message,
                    const WebSocketConnection* except) override;

    // A server has it. Before that begins.
    void given() noexcept { is_given_ = true; }
    [[nodiscard]] bool is_given() const noexcept { return is_given_; }

    // A broker's topics.
    void receive_topics(stomp::TopicReceiver& receiver) override;
    [[nodiscard]] bool carries(std::string_view topic) const noexcept override;
    [[nodiscard]] bool covers_carried(std::string_view pattern) const noexcept override;
    void topic_begins(std::string_view topic) override;
    void topic_ends(std::string_view topic) override;
    void await(std::string_view topic, Function<void(bool)> done) override;
    [[nodiscard]] std::uint64_t patience_ms() const noexcept override { return options_.queue_ms; }
    [[nodiscard]] Room room_for(const Load& load) const override;
    [[nodiscard]] Taken publish(std::string_view topic, const stomp::Content& content,
                                stomp::Reach reach) override;

  private:
    enum class Phase : std::uint8_t { connecting, away, open, full };
    void enter(Phase phase) noexcept { phase_ = phase; }

    [[nodiscard]] bool has_prefix(std::string_view topic) const noexcept;
    [[nodiscard]] bool carries_route(std::string_view topic) const noexcept;
    // Whether a topic's key is that of a broker's; the key of such a one, and the topic of a key.
    [[nodiscard]] static bool is_of_broker(std::string_view key) noexcept;
    [[nodiscard]] std::string_view key_of(std::string_view topic);
    [[nodiscard]] std::string_view topic_of(std::string_view key);
    // Null: the topic has none.
    [[nodiscard]] const TopicHistory* history_of(std::string_view topic) const noexcept;
    [[nodiscard]] static std::uint64_t random_number() noexcept;
    // The same, if the upstream keeps it. Then the topic has one order for all.
    [[nodiscard]] const TopicHistory* history_upstream(std::string_view topic) const noexcept;
    [[nodiscard]] bool is_through(std::string_view topic) const noexcept;
    void start();
    void take_inbox();

    // The connection.
    void backbone_is_back() override;
    void backbone_is_away(std::string_view reason) override;
    void backbone_drained() override;
    void begin_waiting();
    void give_up_waiting();
    void go_on();

    // What is sent.
    void publish_now(const HashedView& topic, const Inbox::Item& item);
    void write(backplane::Envelope::Kind kind, const backplane::Publication& publication,
               std::span<const std::byte> payload);
    // By way of the history; null: past it.
    [[nodiscard]] bool try_to_send(std::string_view channel, std::string_view bytes,
                                   const TopicHistory* history = nullptr);
    void send_or_keep(std::string_view channel, std::string_view bytes,
                      const TopicHistory* history);
    void ask_about(const Channel& channel);
    void send_questions();
    void mark_soon(std::uint64_t delay_ms);
    void send_marks();

    // What is heard.
    void backbone_confirmed(ChannelNumber number) override;
    void backbone_refused(ChannelNumber number) override;
    void backbone_received(ChannelNumber number, std::span<const std::byte> bytes) override;
    void take_question(const backplane::Envelope& envelope);
    // Whether it was delivered.
    bool take_message(Channel& channel, const backplane::Envelope& envelope);
    [[nodiscard]] static bool was_before(const Channel& channel,
                                         const backplane::Envelope& envelope) noexcept;
    void take_brokers(const Channel& channel, const backplane::Envelope& envelope);
    void deliver(Channel& channel, const PreparedMessage& message, const Excepted& except);
    [[nodiscard]] static Excepted take_own(Channel& channel, const backplane::Envelope& envelope);
    void tell_gap(Channel& channel, const TopicGap& gap);
    void recover(const HashedView& topic, std::unique_ptr<Recovering> recovering);
    void answer(std::unique_ptr<Recovered> recovered);

    // Of histories that the upstream keeps: net/backplane/node_histories.cpp.
    void backbone_received(ChannelNumber number, TopicPosition position,
                           std::span<const std::byte> bytes) override;
    void backbone_read(ReadingNumber number, const HistoryReading* reading) override;
    void backbone_dropped() override { count(BackplaneCounter::unsent); }
    void tell_place(Channel& channel, const TopicPosition& position);
    void take_kept(Channel& channel, std::span<const std::byte> bytes);
    void fill(Channel& channel);
    void fill_all();
    void take_filling(Channel& channel, const HistoryReading* reading);
    void recover_upstream(std::unique_ptr<Recovered> recovered);
    void ask_for(Recoveries::Item& item);
    void take_recovery(Recoveries::Item& item, const HistoryReading* reading);
    void give_up_recoveries();

    [[nodiscard]] Channel& hear(const HashedView& topic);
    void gain(const HashedView& topic);
    void lose(const HashedView& topic);
    void prepare_now(const HashedView& topic, Function<void(bool)> done);
    void linger(Channel& channel);
    void end_lingering();
    void answer_waiting(Channel& channel, bool is_heard);
    void unconfirm_all();
    void count_channels() noexcept;

    void count(BackplaneCounter counter, std::uint64_t amount = 1) noexcept;
    void set(BackplaneCounter counter, std::uint64_t value) noexcept;
    template <class F>
    void later(Token& timer, std::uint64_t delay_ms, F function);
    void cancel(Token& timer) noexcept;

    const BackplaneOptions options_;
    const BackplaneHooks hooks_;
    const backplane::NodeId id_;
    const std::string name_;

    // Any thread.
    Inbox inbox_;
    std::atomic<PublishResult> answer_{PublishResult::queued};  // Of publish(), at present.
    std::array<std::atomic<std::uint64_t>, backplane_counter_count> counters_{};
    std::string key_;  // Of key_of(): of whoever has the broker.

    bool is_given_ = false;
    stomp::TopicReceiver* receiver_ = nullptr;  // Null: there is no broker.
    std::string topic_;                         // Of topic_of().
    Reactor* home_ = nullptr;                   // Null: it has not begun, or has ended.
    Deliveries deliveries_;
    std::unique_ptr<Backbone> backbone_;
    Phase phase_ = Phase::connecting;
    ChannelNumber control_ = 0;
    std::string control_channel_;
    Channels channels_;
    std::size_t unconfirmed_count_ = 0;
    std::size_t lingering_count_ = 0;
    backplane::Publications publications_;

    struct Waiting {
        std::string channel;
        std::string bytes;
        std::uint64_t since_ms;
        const TopicHistory* history;
    };
    std::deque<Waiting> waiting_;
    std::size_t waiting_size_ = 0;
    std::string questions_;  // Topics to ask about.
    std::unordered_map<ReadingNumber, ChannelNumber> fillings_;
    Recoveries recoveries_;

    Inbox::Batch batch_;   // Of take_inbox().
    std::string scratch_;  // Of whoever writes an envelope.
    Token waiting_timer_ = no_token;
    Token linger_timer_ = no_token;
    Token question_timer_ = no_token;
    Token soon_timer_ = no_token;
    Token heartbeat_timer_ = no_token;
    Token recovery_timer_ = no_token;
};

template <class F>
void BackplaneNode::later(Token& timer, std::uint64_t delay_ms, F function) {
    cancel(timer);
    timer = home_->after(delay_ms, make_job([&timer, function] {
                             timer = no_token;
                             function();
                         }));
}

}  // namespace edgews
