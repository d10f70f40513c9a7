// Who comes to the chaotic server, and what they do there.
#include "chaos.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

namespace edgews::sim::test::chaos {

namespace {

enum class Step : std::uint8_t {
    say,
    say_more,
    ping,
    burst,
    pong,
    flood,
    fall_mute,
    read_on,
    close,
    close_silently,
    break_a_rule,
    cut_a_frame,
    half_close,
    reset,
};
constexpr std::uint32_t step_count = static_cast<std::uint32_t>(Step::reset) + 1;
constexpr std::uint32_t good_step_count = static_cast<std::uint32_t>(Step::flood) + 1;
constexpr std::uint64_t step_gap_ns_max = 50'000'000;

// ---- What guests say -------------------------------------------------------

// In one frame or more, pings between them; each that is not empty begins with a mark.
void say(House& house, Guest& guest) {
    static constexpr std::array<std::size_t, 11> sizes{
        5, 0, 125, 126, 1'000, 4'096, 16'384, 65'535, 65'536, 70'000, 300'000};
    Choices& choices = house.choices();
    const bool is_text = choices.once_in(2);
    const std::size_t size = std::min(choices.one_of(sizes), guest.to_say);
    guest.to_say -= size;
    const std::uint32_t part_count = choices.once_in(3) ? choices.between(2, 5) : 1;
    std::vector<std::string> parts;
    Digest all;
    std::size_t left = size;
    for (std::uint32_t i = 1; i <= part_count; ++i) {
        const std::size_t part =
            i == part_count ? left : choices.below(static_cast<std::uint32_t>(left + 1));
        left -= part;
        parts.emplace_back(part == 0 ? "" : '\x01' + std::string(words(size, part - 1)));
        all.add(parts.back());
    }
    guest.said.push_back(all.value(is_text));
    for (std::uint32_t i = 0; i < part_count; ++i) {
        const unsigned fin = i + 1 == part_count ? 0x80 : 0;
        guest.peer.send_frame(fin | (i > 0 ? 0U : is_text ? 1U : 2U), parts[i]);
        if (choices.once_in(6)) guest.peer.ping("between");
    }
}

void ping(Guest& guest, std::uint32_t count) {
    guest.has_pinged = true;
    for (std::uint32_t i = 0; i < count; ++i) guest.peer.ping("a ping");
}

// More frames than a connection may have its loop read in one turn, and a message behind them.
void flood(House& house, Guest& guest) {
    static const std::string pong = raw_frame({.first_byte = 0x8A});
    if (!house.choices().once_in(4)) return;
    const std::size_t count = std::min<std::size_t>(2'100, guest.to_say / pong.size());
    guest.to_say -= count * pong.size();
    for (std::size_t i = 0; i < count; ++i) {
        guest.peer.is_open() ? guest.peer.send(pong) : guest.peer.send_frame(0x8A, {});
    }
    say(house, guest);
}

void break_a_rule(House& house, Guest& guest) {
    const auto index = house.choices().below(static_cast<std::uint32_t>(crime_count()));
    guest.is_lawful = false;
    guest.peer.send(crime(index));
}

// And nothing behind it.
void cut_a_frame(House& house, Guest& guest) {
    const std::string frame = raw_frame({.payload = words(0, house.choices().once_in(2) ? 70 : 7)});
    guest.is_lawful = false;
    guest.is_cut = true;
    guest.peer.send(
        frame.substr(0, 1 + house.choices().below(static_cast<std::uint32_t>(frame.size() - 1))));
    guest.steps_left = 0;
    if (house.choices().once_in(3)) guest.peer.end();
}

void take(House& house, Guest& guest, Step step) {
    static constexpr std::array<std::uint16_t, 3> codes{1000, 1001, 4000};
    switch (step) {
        case Step::say: return say(house, guest);
        case Step::say_more:
            for (int i = 0; i < 3; ++i) say(house, guest);
            return;
        case Step::ping: return ping(guest, 1);
        case Step::burst: return ping(guest, 50);
        case Step::pong: return guest.peer.send_frame(0x8A, "a pong");
        case Step::flood: return flood(house, guest);
        case Step::fall_mute:
        case Step::read_on:
            guest.is_reading = step == Step::read_on;
            return guest.peer.set_reading(guest.is_reading);
        case Step::close: return guest.peer.close(house.choices().one_of(codes), "enough");
        case Step::close_silently: return guest.peer.send_frame(0x88, "");
        case Step::break_a_rule:
            if (guest.peer.is_open()) break_a_rule(house, guest);
            return;
        case Step::cut_a_frame:
            if (guest.peer.is_open()) cut_a_frame(house, guest);
            return;
        case Step::half_close: return guest.peer.end();
        case Step::reset: return guest.peer.reset();
    }
}

// One step after another, until none is left: so long the world is not quiet.
void go_on(House& house, Guest& guest) {
    house.world.kernel().network().note_event();
    if (guest.steps_left == 0) return;
    --guest.steps_left;
    const std::uint32_t count = guest.may_be_bad ? step_count : good_step_count;
    take(house, guest, Step(house.choices().below(count)));
    const std::uint64_t most = house.choices().once_in(3) ? step_gap_ns_max : 100'000;
    house.world.after(house.world.kernel().drawn_ns(most), [&] { go_on(house, guest); });
}

// What arrives is what is owed, in order; but for what is published.
void listen_to(House& house, Guest& guest) {
    guest.peer.message = [&](WebSocketPeer&, std::string_view payload, bool is_text) {
        ++house.record.messages;
        if (payload.starts_with('*')) return;
        if (guest.owed.empty()) return house.record.blame("a message that no handler sent");
        house.record.require(guest.owed.front() == digest(payload, is_text),
                             "what arrives is not what was sent, or out of order");
        guest.owed.pop_front();
    };
}

WebSocketPeerOptions drawn_peer(House& house, std::size_t index) {
    static constexpr std::array pages{"/plain/g", "/large/g", "/fails/g"};
    Choices& choices = house.choices();
    const std::string number = std::to_string(index);
    WebSocketPeerOptions options{.path = (choices.once_in(2) ? "/parts/" : "/whole/") + number,
                                 .pace = Pace::drawn(choices)};
    options.is_hasty = choices.once_in(3);
    options.answers_close = !choices.once_in(6);
    const std::uint32_t page_count = choices.once_in(5) ? choices.between(1, 3) : 0;
    for (std::uint32_t i = 0; i < page_count; ++i) {
        options.paths_before.push_back(choices.one_of(pages) + number);
    }
    return options;
}

void invite(House& house, std::uint16_t port, bool may_be_bad) {
    World& world = house.world;
    Choices& choices = house.choices();
    const WebSocketPeerOptions options = drawn_peer(house, house.guests.size());
    house.guests.push_back(std::make_unique<Guest>(world, options));
    Guest& guest = *house.guests.back();
    guest.is_hasty = options.is_hasty;
    guest.may_be_bad = may_be_bad && choices.once_in(2);
    guest.to_say = worthwhile_size(world, options.pace, 600'000);
    guest.to_hear = worthwhile_size(world, options.pace, 600'000);
    guest.steps_left = choices.between(1, 10);
    listen_to(house, guest);
    ++house.record.connections;
    world.after(world.kernel().drawn_ns(3'000'000), [&house, &guest, port] {
        guest.peer.connect(port);
        go_on(house, guest);
    });
}

// ---- Strangers -------------------------------------------------------------

struct Script {
    std::string words{};
    std::size_t request_count = 0;
};

std::string page(const std::string& path) {
    return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

Script drawn_script(House& house, std::size_t index) {
    static constexpr std::array pages{"/plain/s", "/large/s", "/fails/s", "/nothing/s"};
    Choices& choices = house.choices();
    const std::string number = std::to_string(index);
    Script script;
    switch (choices.below(5)) {
        case 0:
            script.request_count = choices.between(1, 5);
            for (std::size_t i = 0; i < script.request_count; ++i) {
                script.words += page(choices.one_of(pages) + number);
            }
            if (!choices.once_in(3)) return script;
            // More than a connection may have its loop answer in one turn.
            for (std::size_t i = 0; i < 70; ++i) script.words += page("/plain/s" + number);
            script.request_count += 70;
            return script;
        case 1: return {.words = "\x16\x03\x01\x02 this is no HTTP \r\n\r\n"};
        case 2:
            script.words = page("/plain/s" + number);
            script.words.resize(1 + choices.below(20));
            return script;
        case 3:  // An upgrade that is none.
            return {.words =
                        "GET /whole/0 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Version: 12\r\n\r\n",
                    .request_count = 1};
        default: return {};
    }
}

void depart(House& house, Stranger& stranger) {
    switch (house.choices().below(6)) {
        case 3: return stranger.end();
        case 4: return stranger.reset();
        case 5: stranger.is_reading = false; return stranger.set_reading(false);
        default: return;
    }
}

void invite_stranger(House& house, std::uint16_t port) {
    World& world = house.world;
    const Script script = drawn_script(house, house.strangers.size());
    house.strangers.push_back(std::make_unique<Stranger>(world, Pace::drawn(house.choices()),
                                                         script.words, script.request_count));
    Stranger& stranger = *house.strangers.back();
    ++house.record.connections;
    world.after(world.kernel().drawn_ns(3'000'000), [&house, &stranger, port] {
        stranger.connect(port);
        house.world.after(house.world.kernel().drawn_ns(step_gap_ns_max),
                          [&house, &stranger] { depart(house, stranger); });
    });
}

}  // namespace

void invite_all(House& house, std::uint16_t port) {
    const bool may_be_bad = house.choices().once_in(2);
    const std::uint32_t guest_count = house.choices().between(1, 6);
    for (std::uint32_t i = 0; i < guest_count; ++i) invite(house, port, may_be_bad);
    const std::uint32_t stranger_count = house.choices().below(3);
    for (std::uint32_t i = 0; i < stranger_count; ++i) invite_stranger(house, port);
}

Stranger::Heard Stranger::read_answers() const {
    static constexpr std::string_view length = "Content-Length: ";
    Heard heard;
    std::string_view rest = heard_;
    while (!rest.empty()) {
        const std::string_view version = std::string_view("HTTP/1.1 ").substr(0, rest.size());
        if (!rest.starts_with(version)) return {.count = heard.count, .is_wrong = true};
        const std::size_t end = rest.find("\r\n\r\n");
        const std::size_t header = rest.find(length);
        if (end == std::string_view::npos) return heard;
        std::size_t size = 0;
        if (header < end) {
            std::from_chars(rest.data() + header + length.size(), rest.data() + end, size);
        }
        if (rest.size() < end + 4 + size) return heard;
        rest.remove_prefix(end + 4 + size);
        ++heard.count;
    }
    return heard;
}

std::string_view Stranger::fault() const {
    const Heard heard = read_answers();
    if (heard.is_wrong) return "an answer is no answer of HTTP/1.1";
    // To what is no request there is one, too.
    const std::size_t most = std::max<std::size_t>(request_count_, 1);
    return heard.count > most ? "more answers than requests" : "";
}

bool Stranger::is_served() const {
    return request_count_ == 0 || has_heard_end() || is_gone() ||
           read_answers().count == request_count_;
}

}  // namespace edgews::sim::test::chaos
