// A backbone that is Redis, from version 6 on, or what speaks as it does: PUBLISH and SUBSCRIBE on
// one connection, in RESP3. A channel may have any bytes as its name.
//
//     waiting ──▶ opening ──carrier is open──▶ logging in ──▶ (preparing) ──▶ ready
//        ▲            │                            │              │            │
//        └────────────┴─────────── lost ───────────┴──────────────┴────────────┘
//
// With histories (core/redis/topic_history.hpp) it has to be prepared: the server says which run it
// is of, and takes the script. Should it forget that, the connection is made again.
//
// Sharded, all channels are of one slot: one connection is enough, to whichever node of the cluster
// has it, and that may be another one tomorrow (MOVED).
#pragma once

#include <edgews/backplane.hpp>
#include "core/base/string_hash.hpp"
#include "core/redis/redis_url.hpp"
#include "core/redis/reply_reader.hpp"
#include "core/redis/session.hpp"
#include "crypto/random.hpp"
#include "net/backplane/backbone.hpp"
#include "net/client/carrier.hpp"
#include "net/loop/alarm.hpp"
#include "net/loop/reactor.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace edgews {

class RedisBackbone final : public Backbone, private Carrier::Owner {
  public:
    // Whether that URL is of one.
    [[nodiscard]] static bool speaks(std::string_view url) noexcept;
    // Throws std::invalid_argument for an option that it cannot use.
    static void check(const BackplaneOptions& options);

    // Begins to connect. All are borrowed. Requires: check() was content.
    RedisBackbone(Reactor& reactor, const BackplaneOptions& options, Backbone::Owner& owner);

    [[nodiscard]] std::string channel_of(std::string_view topic) const override;
    [[nodiscard]] std::string control_channel() const override;
    [[nodiscard]] bool says_whole(std::string_view) const noexcept override { return true; }
    [[nodiscard]] ChannelNumber subscribe(std::string_view channel) override;
    void unsubscribe(ChannelNumber channel) override;
    [[nodiscard]] Sent send(std::string_view channel, std::string_view bytes) override;
    [[nodiscard]] Sent send(std::string_view channel, std::string_view bytes,
                            const TopicHistory& history) override;
    [[nodiscard]] ReadingNumber read(std::string_view channel, const TopicHistory& history,
                                     const Wish& wish) override;
    [[nodiscard]] std::string_view address() const noexcept override { return address_; }

  private:
    enum class Phase : std::uint8_t { waiting, opening, logging_in, preparing, ready };
    void enter(Phase phase) noexcept { phase_ = phase; }

    void begin();
    void carrier_opened() override;
    void carrier_received(std::span<const std::byte> bytes) override;
    void carrier_drained() override;
    void carrier_lost(ClientError error) override;
    void lose(std::string_view reason);
    void begin_ready();
    void check_heard();

    void take(const redis::Event& event);
    void take_message(const redis::Event& event);
    void take_reply(const redis::Event& event);
    void take_error(const redis::Event& event);
    void take_preparation(const redis::Event& event);
    // The answer to a command that reads, or null: it is refused. False: the command is no reading.
    bool take_reading(std::uint64_t command, const redis::Value* answer);
    void read_next();
    void follow(std::string_view text);
    void subscribe_now(ChannelNumber number, std::string_view channel);
    void prepare();
    std::uint64_t run_script(std::string_view channel, const TopicHistory& history,
                             std::span<const std::string_view> rest);
    [[nodiscard]] bool is_full_for(std::size_t size);
    void push();

    Reactor& reactor_;
    const BackplaneOptions& options_;
    Backbone::Owner& owner_;
    const redis::Scope scope_;
    const std::string prefix_;
    const redis::ReplyLimits limits_;
    std::vector<redis::Url> urls_{};
    Random random_;
    std::size_t url_ = 0;  // The present one.
    // The node that has the channels' slot, which another has told: the next connection is to that.
    std::optional<redis::Url> moved_{};
    redis::Url target_{};  // Of the present connection.
    std::string address_{};

    Phase phase_ = Phase::waiting;
    ClientOptions connection_options_;  // Of the present connection.
    std::uint64_t connection_ = 0;      // Its number.
    std::optional<redis::Session> session_{};
    std::unique_ptr<Carrier> carrier_{};
    bool was_full_ = false;
    unsigned failure_count_ = 0;  // Since a connection was stable.
    std::uint64_t ready_ms_ = 0;  // 0: it was not ready.
    std::uint64_t heard_ms_ = 0;  // Of Reactor::listened_ms().

    NameTable<ChannelNumber> by_name_;
    std::unordered_map<ChannelNumber, std::string> names_;
    std::unordered_map<std::uint64_t, ChannelNumber> asked_;  // By the command's number.
    ChannelNumber last_channel_ = 0;

    // Of histories: as BackplaneOptions has them, in words.
    struct HistoryWords {
        std::string ttl{};
        std::string place_ttl{};
        std::string count_max{};
        std::string size_max{};
    };
    std::vector<HistoryWords> words_{};
    std::string run_{};     // Of the server, on this connection,
    std::string script_{};  // and what it calls the script.
    std::string place_{};   // The topic's hash: of whoever runs the script.
    // Readings: those that have not been asked for, and those that have, by the command's number.
    struct Reading {
        ReadingNumber number;
        std::string channel;
        const TopicHistory* history;
        Wish wish;
    };
    struct Asked {
        ReadingNumber number;
        std::size_t size_max;  // Bytes of the answer.
    };
    std::deque<Reading> waiting_readings_{};
    std::unordered_map<std::uint64_t, Asked> readings_{};
    std::size_t readings_size_max_ = 0;  // Bytes of all answers to come.
    ReadingNumber last_reading_ = 0;
    std::vector<std::string_view> read_{};
    Alarm try_alarm_;
    Alarm beat_alarm_;
};

}  // namespace edgews
