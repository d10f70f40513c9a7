#include "http_visitor.hpp"

#include <algorithm>
#include <utility>

namespace edgews::sim::test {

namespace {

constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint64_t slack_ns = 1'500 * ms;  // Of what happens in time.

// Of version 2 (HAProxy's proxy-protocol.txt, section 2.2), for 203.0.113.5.
std::string binary_header(bool is_local) {
    std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
    header += is_local ? '\x20' : '\x21';
    if (is_local) return header.append("\0\0\0", 3);
    header += '\x11';
    return header.append("\0\x0C\xCB\0\x71\x05\x7F\0\0\x01\x12\x67\0\x50", 14);
}

// What a proxy says, and whose the connection is then.
struct Greeting {
    std::string text;
    const char* client;
};

Greeting drawn_greeting(Choices& choices) {
    switch (choices.below(5)) {
        case 0: return {"PROXY TCP4 203.0.113.5 127.0.0.1 4711 80\r\n", "203.0.113.5"};
        case 1: return {"PROXY TCP6 2001:db8::5 ::1 4711 80\r\n", "2001:db8::5"};
        case 2: return {"PROXY UNKNOWN\r\n", "127.0.0.1"};
        case 3: return {binary_header(true), "127.0.0.1"};
        default: return {binary_header(false), "203.0.113.5"};
    }
}

}  // namespace

HttpVisitor::HttpVisitor(World& world, Record& record, HttpHouse& house, const Setting& setting)
    : world_(world), record_(record), house_(house), setting_(setting), peer_(world, setting.pace) {
    const bool is_unix = setting.way == HttpWay::unix_socket;
    const bool speaks_proxy = setting.way == HttpWay::proxied && house.has_proxies;
    HttpAsker::Setting asked{.name = setting.name,
                             .address = is_unix ? "unix" : "127.0.0.1",
                             .may_forward = house.has_proxies && !speaks_proxy,
                             .checks_host = !house.has_proxies && !is_unix,
                             .body_size_max = worthwhile_size(world, setting.pace, 1'500'000) / 2};
    if (speaks_proxy) {
        Greeting greeting = drawn_greeting(world.choices());
        greeting_ = std::move(greeting.text);
        asked.address = greeting.client;
        if (setting.conduct == HttpConduct::lies) greeting_ = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    }
    asker_.emplace(world, house, std::move(asked));
    peer_.answered = [this](const HttpAnswer& answer) { take(answer); };
}

// ---- Asking ----------------------------------------------------------------

void HttpVisitor::plan() {
    if (setting_.conduct == HttpConduct::stalls_at_first) return;
    Choices& choices = world_.choices();
    const bool may_crowd = worthwhile_size(world_, setting_.pace, 20'000) == 20'000;
    bool is_websocket = false;
    for (std::uint32_t rounds = choices.between(1, 3); rounds > 0 && !is_websocket; --rounds) {
        std::vector<HttpWant>& round = rounds_.emplace_back();
        const bool half_closes = setting_.conduct == HttpConduct::half_closes;
        const bool is_crowd = may_crowd && choices.once_in(half_closes ? 3 : 12);
        std::uint32_t count = is_crowd ? choices.between(60, 200) : choices.between(1, 6);
        // Behind the close frame that an upgrade brings with it nothing may be said any more.
        for (; count > 0 && !is_websocket; --count) {
            round.push_back(is_crowd ? asker_->simple() : asker_->draw());
            is_websocket = !round.back().upgraded.empty();
        }
    }
}

void HttpVisitor::come_to(const Address& address, std::uint64_t delay_ns) {
    busy_until_ns_ = world_.now_ns() + delay_ns;
    world_.after(delay_ns, [this, address] {
        asked_ns_ = world_.now_ns();
        peer_.connect(address);
        begin();
    });
}

void HttpVisitor::begin() {
    if (setting_.conduct == HttpConduct::never_reads) peer_.set_reading(false);
    if (setting_.conduct == HttpConduct::stalls_at_first) return stall();
    misbehave();
    peer_.send(greeting_);
    next_round();
    const bool half_closes = setting_.conduct == HttpConduct::half_closes;
    if (!half_closes && setting_.conduct != HttpConduct::dawdles) return;
    while (!rounds_.empty()) next_round();
    half_closes ? peer_.end() : dawdle();
}

void HttpVisitor::misbehave() {
    const bool resets = setting_.conduct == HttpConduct::resets;
    if (!resets && setting_.conduct != HttpConduct::falls_mute) return;
    const std::uint64_t delay_ns =
        world_.kernel().drawn_ns(world_.choices().once_in(2) ? 500 * ms : 5 * ms);
    busy_until_ns_ = std::max(busy_until_ns_, world_.now_ns() + delay_ns);
    world_.after(delay_ns, [this, resets] { resets ? peer_.reset() : peer_.set_reading(false); });
}

void HttpVisitor::next_round() {
    if (is_done_) return;
    if (rounds_.empty()) {
        if (is_to_stall_in_head()) stall();
        return;
    }
    const std::vector<HttpWant> round = std::move(rounds_.front());
    rounds_.pop_front();
    for (const HttpWant& want : round) wanted_.push_back(want);
    for (const HttpWant& want : round) ask(want);
}

// The last one may take its time, and yet less than it has.
void HttpVisitor::ask(const HttpWant& want) {
    asked_ns_ = world_.now_ns();
    world_.kernel().tell("%s asks: %.60s", setting_.name.c_str(), want.text.c_str());
    const bool may_be_slow =
        setting_.conduct == HttpConduct::good && rounds_.empty() && wanted_.size() == 1;
    if (!may_be_slow || !world_.choices().once_in(3)) return peer_.ask(want.text, want.is_head);
    const auto size = static_cast<std::uint32_t>(want.text.size());
    const std::size_t cut = world_.choices().between(1, size - 1);
    peer_.ask(want.text.substr(0, cut), want.is_head);
    const std::uint64_t delay_ns = house_.handshake_timeout_ms * ms / 2;
    busy_until_ns_ = world_.now_ns() + delay_ns;
    world_.after(delay_ns, [this, rest = want.text.substr(cut)] {
        asked_ns_ = world_.now_ns();
        peer_.send(rest);
    });
}

// The beginning of a request, or of what comes before one, and nothing more.
void HttpVisitor::stall() {
    has_stalled_ = true;
    asked_ns_ = world_.now_ns();
    if (setting_.conduct == HttpConduct::stalls_at_first) {
        const auto size = static_cast<std::uint32_t>(greeting_.size());
        return peer_.send(std::string_view(greeting_).substr(0, world_.choices().below(size + 1)));
    }
    if (setting_.conduct == HttpConduct::trickles) {
        peer_.send(world_.choices().once_in(2)
                       ? "GET /echo/stalled HTTP/1.1\r\nHost: localhost\r\nX: "
                       : "POST /post/stalled HTTP/1.1\r\nHost: localhost\r\n"
                         "Content-Length: 99999\r\n\r\n");
        return trickle();
    }
    constexpr std::string_view text =
        "POST /post/stalled HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n12345678";
    peer_.send(text.substr(0, 1 + world_.choices().below(std::uint32_t{text.size()})));
}

void HttpVisitor::trickle() {
    if (is_done_ || peer_.is_gone()) return;
    peer_.send("x");
    world_.after(house_.handshake_timeout_ms * ms / 5, [this] { trickle(); });
}

// So often that it is seen to read, and so little that all takes longer than silence may.
void HttpVisitor::dawdle() {
    peer_.set_reading(true);
    const bool is_waiting = !wanted_.empty() && !is_done_ && !peer_.has_heard_end();
    // Where descriptors are short nobody may ever come to it.
    const bool is_seen = answer_count_ > 0 || world_.now_ns() < asked_ns_ + 60'000 * ms;
    if (!is_waiting || !is_seen) return;
    world_.after(2 * ms, [this] { peer_.set_reading(false); });
    const std::uint64_t pause_ns = std::min(house_.keep_alive_timeout_ms, 4'000U) * ms / 5;
    busy_until_ns_ = world_.now_ns() + pause_ns;
    world_.after(pause_ns, [this] { dawdle(); });
}

// ---- Answers ---------------------------------------------------------------

// Whether that answer is a refusal that it has to put up with.
bool HttpVisitor::is_excused(const HttpAnswer& answer) const {
    if (answer.status != 503 || !answer.closes) return false;
    const bool is_meant = !wanted_.empty() && wanted_.front().status == 503;
    if (is_meant && answer.content_length > 0) return false;
    const Faults& faults = world_.faults();
    const bool lacks_descriptors = faults.accept_error > 0 || faults.descriptors_max < 1'000;
    return house_.is_shutting_down || house_.is_short_of_memory || house_.has_limits ||
           (answer_count_ == 0 && lacks_descriptors);
}

void HttpVisitor::take(const HttpAnswer& answer) {
    ++record_.messages;
    answered_ns_ = world_.now_ns();
    world_.kernel().tell("%s is answered: %u", setting_.name.c_str(), answer.status);
    require(!is_done_, "an answer behind the last one");
    if (is_done_) return;
    if (is_excused(answer)) {
        was_refused_ = is_done_ = true;
        return;
    }
    if (wanted_.empty()) {
        require(answer.closes, "an answer to nothing");
        unasked_status_ = answer.status;
        is_done_ = true;
        return;
    }
    const HttpWant want = std::move(wanted_.front());
    wanted_.pop_front();
    was_waited_for_ = false;
    ++answer_count_;
    compare(answer, want);
    go_on(want, answer.closes || answer.status == 101);
}

void HttpVisitor::compare(const HttpAnswer& answer, const HttpWant& want) {
    if (house_.is_short_of_memory && answer.status == 503) return;
    require(answer.status == want.status, "another status than it should be");
    require(want.id.empty() || answer.has_line("X-Id: " + want.id), "an answer to another request");
    const bool ends = answer.closes || answer.status == 101;
    require(ends || !want.is_last, "an answer goes on behind the last request");
    require(!ends || want.is_last || house_.is_shutting_down, "an end that nobody meant");
    if (want.has_any_body || answer.status == 204 || answer.status == 304) return;
    require(answer.is_chunked == want.is_chunked, "an answer with another end");
    require(want.is_chunked || answer.content_length == want.body.size(),
            "an answer of another length");
    require(want.is_head || answer.body == want.body, "another body than it should be");
}

void HttpVisitor::go_on(const HttpWant& want, bool is_end) {
    if (is_end) {
        is_done_ = true;
        wanted_.clear();
        rounds_.clear();
        upgraded_ = want.upgraded;
        return;
    }
    if (!wanted_.empty()) return;
    // The server has counted since it answered, which may be long ago for who reads slowly.
    const std::uint64_t half_ns = asked_ns_ + house_.keep_alive_timeout_ms * ms / 2;
    if (world_.now_ns() > half_ns) rounds_.clear();
    if (rounds_.empty() || !world_.choices().once_in(2)) return next_round();
    busy_until_ns_ = half_ns;
    world_.after(half_ns - world_.now_ns(), [this] { next_round(); });
}

std::uint32_t HttpVisitor::take_patience() noexcept {
    if (wanted_.empty() || std::exchange(was_waited_for_, wanted_.front().takes_ms > 0)) return 0;
    return wanted_.front().takes_ms;
}

// ---- Judgement -------------------------------------------------------------

void HttpVisitor::require(bool holds, const char* what) {
    if (!holds) world_.kernel().tell("%s: %s", setting_.name.c_str(), what);
    record_.require(holds, what);
}

void HttpVisitor::judge_stream() {
    record_.require(peer_.fault().empty(), peer_.fault());
}

// The system, or a limit, may not have let it in, or its proxy's client.
bool HttpVisitor::was_cut_off() const {
    const Faults& faults = world_.faults();
    // Urgent data in a PROXY header is one of the things that nobody has to put up with.
    const bool may_be_cut = faults.accept_error > 0 || faults.refused > 0 ||
                            faults.descriptors_max < 1'000 ||
                            (faults.urgent > 0 && !greeting_.empty());
    return was_refused_ || ((may_be_cut || house_.has_limits) && answer_count_ == 0) ||
           (house_.is_short_of_memory && peer_.has_heard_end());
}

bool HttpVisitor::is_to_be_served() const {
    return setting_.conduct == HttpConduct::good || setting_.conduct == HttpConduct::half_closes ||
           setting_.conduct == HttpConduct::dawdles;
}

void HttpVisitor::judge_quiet() {
    if (was_cut_off()) return;
    if (is_to_be_served()) judge_served();
    if (setting_.conduct == HttpConduct::lies && !greeting_.empty()) {
        require(answer_count_ == 0 && peer_.has_heard_end(), "a liar was answered");
    }
}

void HttpVisitor::judge_served() {
    require(wanted_.empty() && rounds_.empty(), "a request was not answered");
    require(unasked_status_ == 0, "somebody was cut off who did not stall");
    require(peer_.upgraded() == upgraded_, "what came behind an upgrade is not answered");
    if (is_done_ || setting_.conduct == HttpConduct::half_closes) {
        require(peer_.has_heard_end() && !peer_.was_reset(), "a connection did not end in order");
    } else if (peer_.has_heard_end()) {
        judge_not_too_early();
    }
}

// It has been silent for as long as it may. Milliseconds are whole.
void HttpVisitor::judge_not_too_early() {
    const bool was_idle = is_to_be_served() && answer_count_ > 0;
    const std::uint64_t allowed_ms =
        was_idle ? house_.keep_alive_timeout_ms : house_.handshake_timeout_ms;
    require(peer_.ended_ns() + 2 * ms >= asked_ns_ + allowed_ms * ms,
            "a connection was ended before its time");
}

void HttpVisitor::judge_end() {
    if (was_cut_off() || !peer_.has_connected()) return;
    const bool is_reading = is_to_be_served() || setting_.conduct == HttpConduct::stalls_at_first ||
                            setting_.conduct == HttpConduct::stalls_in_head;
    if (!is_reading) return;
    require(peer_.has_heard_end(), "a connection has no end");
    if (is_done_ && unasked_status_ == 0) return;
    if (setting_.conduct == HttpConduct::half_closes) return;
    judge_not_too_early();
    if (has_stalled_ && is_to_stall_in_head()) {
        require(unasked_status_ == 408, "who stalled in a head was not told");
    }
    if (world_.faults().standstill > 0) return;
    const std::uint64_t allowed_ms =
        has_stalled_ ? house_.handshake_timeout_ms : house_.keep_alive_timeout_ms;
    const std::uint64_t since_ns =
        std::max({asked_ns_, answered_ns_ * (unasked_status_ == 0), peer_.opened_ns()});
    require(peer_.ended_ns() <= since_ns + allowed_ms * ms + slack_ns,
            "who stalls was not ended in time");
}

}  // namespace edgews::sim::test
