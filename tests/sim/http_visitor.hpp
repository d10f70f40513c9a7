// Somebody who asks an HTTP server something, well or badly, and judges what comes of it.
#pragma once

#include "http_peer.hpp"
#include "http_requests.hpp"
#include "scenario.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace edgews::sim::test {

enum class HttpWay : std::uint8_t { plain, unix_socket, proxied };

enum class HttpConduct : std::uint8_t {
    good,
    half_closes,  // Behind its last request.
    resets,       // At some time, as the next.
    falls_mute,
    stalls_at_first,  // Says nothing, or a part of what comes before a request.
    stalls_in_head,   // Behind answered requests.
    trickles,         // The same, but for a byte now and then.
    never_reads,
    dawdles,  // Reads for a moment, now and then.
    lies,     // Where a PROXY header belongs.
};

class HttpVisitor {
  public:
    struct Setting {
        std::string name{};
        HttpWay way = HttpWay::plain;
        HttpConduct conduct = HttpConduct::good;
        Pace pace{};
    };
    HttpVisitor(World& world, Record& record, HttpHouse& house, const Setting& setting);

    // Draws what it will ask; without, it asks nothing.
    void plan();
    // One simple request.
    void plan_simple() { rounds_.push_back({asker_->simple()}); }
    void come_to(const Address& address, std::uint64_t delay_ns);
    void leave() { peer_.end(); }

    // It has something to do by itself until then; 0: never.
    [[nodiscard]] std::uint64_t busy_until_ns() const noexcept { return busy_until_ns_; }
    // Milliseconds that its answer may still take, once that is all that is waited for; asked once.
    [[nodiscard]] std::uint32_t take_patience() noexcept;

    // When nothing happens any more, but for timeouts; and when these are over, too.
    void judge_quiet();
    void judge_end();
    // At any time.
    void judge_stream();

  private:
    void begin();
    void misbehave();
    void next_round();
    void ask(const HttpWant& want);
    void stall();
    void trickle();
    void dawdle();
    [[nodiscard]] bool is_to_stall_in_head() const noexcept {
        return setting_.conduct == HttpConduct::stalls_in_head ||
               setting_.conduct == HttpConduct::trickles;
    }
    void take(const HttpAnswer& answer);
    [[nodiscard]] bool is_excused(const HttpAnswer& answer) const;
    void compare(const HttpAnswer& answer, const HttpWant& want);
    void go_on(const HttpWant& want, bool is_end);
    [[nodiscard]] bool was_cut_off() const;
    [[nodiscard]] bool is_to_be_served() const;
    void judge_served();
    void judge_not_too_early();
    void require(bool holds, const char* what);

    World& world_;
    Record& record_;
    HttpHouse& house_;
    Setting setting_;
    HttpPeer peer_;
    std::string greeting_{};  // Its PROXY header.
    std::optional<HttpAsker> asker_{};
    std::deque<std::vector<HttpWant>> rounds_{};  // To be asked, each when the last is answered.
    std::deque<HttpWant> wanted_{};               // Of what was asked.
    std::string upgraded_{};                      // What is to come behind a 101.
    bool is_done_ = false;                        // Nothing more will be answered.
    bool was_refused_ = false;
    bool was_waited_for_ = false;
    bool has_stalled_ = false;
    unsigned unasked_status_ = 0;
    std::size_t answer_count_ = 0;
    std::uint64_t asked_ns_ = 0;     // It said something the last time,
    std::uint64_t answered_ns_ = 0;  // and heard.
    std::uint64_t busy_until_ns_ = 0;
};

}  // namespace edgews::sim::test
