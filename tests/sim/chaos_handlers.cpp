// What handlers do, and what must hold whenever one of them is called.
#include "chaos.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>

namespace edgews::sim::test::chaos {

namespace {

enum class Deed : std::uint8_t {
    say,
    say_prepared,
    say_in_fields,
    send_piece,
    burst,
    say_nonsense,
    ping,
    subscribe,
    unsubscribe,
    publish,
    publish_to_all,
    rest,
    pause,
    resume,
    post,
    do_later,
    visit,
    send_by_handle,
    count,
    close,
    close_badly,
    terminate,
    fail,
};
constexpr std::uint32_t deed_count = static_cast<std::uint32_t>(Deed::fail) + 1;

constexpr std::array topics{"one", "two", "three"};
// Of a backlog, what is not the application's: answers to pings and a close frame.
constexpr std::size_t controls_size_max = 1'024;
constexpr std::size_t frame_header_size_max = 10;

Guest& guest_of(Connection& connection) {
    return *connection.data<Tie>().guest;
}

bool was_taken(SendResult result) {
    return was_accepted(result);
}

std::string_view drawn_words(House& house, std::size_t size_max) {
    static constexpr std::array<std::size_t, 11> sizes{
        5, 0, 125, 126, 1'000, 5'000, 20'000, 65'535, 65'536, 100'000, 200'000};
    const std::size_t size = std::min(house.choices().one_of(sizes), size_max);
    return words(house.choices().below(60'000), size);
}

// ---- Sending ---------------------------------------------------------------

void check_backlog(House& house, Connection& connection, Guest& guest, SendResult result) {
    const std::size_t limit = std::max(
        {house.limits.backlog_size_max, house.largest + frame_header_size_max, guest.answers_size});
    const std::size_t backlog = connection.buffered_amount();
    house.record.require(backlog <= limit + controls_size_max, "a backlog is over its limit");
    const bool is_over_mark = backlog > house.limits.drain_mark;
    if (result == SendResult::queued && is_over_mark) guest.is_drain_due = true;
}

// What `send` sends is owed to the peer from before it is sent: it may arrive within the call.
template <class Send>
void owe(House& house, Connection& connection, std::string_view text, bool is_text, Send send) {
    Guest& guest = guest_of(connection);
    house.largest = std::max(house.largest, text.size());
    guest.to_hear -= std::min(guest.to_hear, text.size());
    const bool is_in_pieces = connection.is_sending_fragments();
    guest.owed.push_back(digest(text, is_text));
    const SendResult result = send();
    if (!was_taken(result)) guest.owed.pop_back();
    if (is_in_pieces) {
        house.record.require(!was_taken(result), "a message was sent inside another");
    }
    check_backlog(house, connection, guest, result);
}

Message message_of(std::string_view text, bool is_text) {
    return is_text ? Message(text) : Message::binary(text);
}

void say(House& house, Connection& connection, Deed how) {
    const std::string_view text = drawn_words(house, guest_of(connection).to_hear);
    const bool is_text = house.choices().once_in(2);
    owe(house, connection, text, is_text, [&] {
        const Message message = message_of(text, is_text);
        if (how == Deed::say_prepared) return connection.send(PreparedMessage(message));
        if (how == Deed::say) return connection.send(message);
        const auto bytes = message.bytes();
        const std::array fields{bytes.first(bytes.size() / 3), bytes.subspan(bytes.size() / 3)};
        return connection.send(message.kind(), fields);
    });
}

void send_piece(House& house, Connection& connection) {
    Guest& guest = guest_of(connection);
    const auto which = Fragment(house.choices().below(3));
    const std::string_view text = drawn_words(house, std::min<std::size_t>(guest.to_hear, 70'000));
    const bool is_in_order = connection.is_sending_fragments() != (which == Fragment::first);
    const bool is_text =
        which == Fragment::first ? house.choices().once_in(2) : guest.is_pieces_text;
    Digest pieces = which == Fragment::first ? Digest() : guest.pieces;
    pieces.add(text);
    house.largest = std::max(house.largest, text.size());
    guest.to_hear -= text.size();
    const bool is_end = is_in_order && which == Fragment::last;
    if (is_end) guest.owed.push_back(pieces.value(is_text));
    const SendResult result = connection.send_fragment(message_of(text, is_text), which);
    if (is_end && !was_taken(result)) guest.owed.pop_back();
    house.record.require(is_in_order || !was_taken(result), "a fragment out of order was sent");
    if (was_taken(result)) {
        guest.pieces = pieces;
        guest.is_pieces_text = is_text;
    }
    check_backlog(house, connection, guest, result);
}

// What is published, and what comes from other threads, has no place among the rest: a star.
std::string drawn_news(House& house) {
    static constexpr std::array<std::size_t, 5> sizes{3, 300, 5'000, 20'000, 70'000};
    const std::size_t size = worthwhile_size(house.world, {}, house.choices().one_of(sizes));
    house.largest = std::max(house.largest, size + 1);
    return "*" + std::string(words(0, size));
}

// ---- Deeds -----------------------------------------------------------------

void close(House& house, Connection& connection, bool is_bad) {
    static constexpr std::array<std::uint16_t, 5> codes{1000, 1001, 3000, 4999, 1005};
    static constexpr std::array<std::uint16_t, 4> bad_codes{0, 1004, 1006, 5000};
    if (is_bad) {
        const bool is_closing = connection.close(house.choices().one_of(bad_codes));
        house.record.require(!is_closing, "a close with a code that may not be sent");
        return;
    }
    if (connection.close(house.choices().one_of(codes))) guest_of(connection).has_closed = true;
}

void resume_later(House& house, Connection& connection) {
    const auto resume = [](Connection& it) { it.resume_reading(); };
    const Handle handle = connection.handle();
    if (house.choices().once_in(2)) {
        connection.loop().after(house.choices().below(30), [=] { handle.post(resume); });
    } else {
        handle.post(resume);
    }
}

void act_by_handle(House& house, Connection& connection, const Guest& guest) {
    house.record.require(&guest_of(connection) == &guest, "a handle finds another connection");
    act(house, connection);
}

void act_later(House& house, Connection& connection, bool is_by_timer) {
    const Handle handle = connection.handle();
    const auto act_then = [&house, guest = &guest_of(connection)](Connection& it) {
        act_by_handle(house, it, *guest);
    };
    if (!is_by_timer) return (void)handle.post(act_then);
    connection.loop().after(house.choices().below(30), [=] { handle.post(act_then); });
}

void visit_some(House& house) {
    house.server->visit([&house](Connection& it) {
        if (house.choices().once_in(2)) act(house, it);
    });
}

[[noreturn]] void fail(House& house) {
    if (house.choices().once_in(2)) throw 1;
    throw std::runtime_error("a handler failed");
}

}  // namespace

void act(House& house, Connection& connection) {
    if (house.deeds_left == 0) return;
    --house.deeds_left;
    Choices& choices = house.choices();
    auto deed = Deed(choices.below(deed_count));
    if ((house.deeds >> static_cast<unsigned>(deed) & 1) == 0) deed = Deed::say;
    switch (deed) {
        case Deed::say:
        case Deed::say_prepared:
        case Deed::say_in_fields: return say(house, connection, deed);
        case Deed::send_piece: return send_piece(house, connection);
        case Deed::burst:
            for (int i = 0; i < 4; ++i) say(house, connection, Deed::say);
            return;
        case Deed::say_nonsense:
            return house.record.require(!was_taken(connection.send("\xC0\xAF")),
                                        "a text that is not UTF-8 was sent");
        case Deed::ping: return (void)connection.ping(std::as_bytes(std::span("ping", 4)));
        case Deed::subscribe: return (void)connection.subscribe(choices.one_of(topics));
        case Deed::unsubscribe: return (void)connection.unsubscribe(choices.one_of(topics));
        case Deed::publish:
            static_cast<void>(connection.publish(choices.one_of(topics), drawn_news(house)));
            return;
        case Deed::publish_to_all:
            static_cast<void>(house.server->publish(choices.one_of(topics), drawn_news(house)));
            return;
        case Deed::rest: connection.pause_reading(); return resume_later(house, connection);
        case Deed::pause: return connection.pause_reading();
        case Deed::resume: return connection.resume_reading();
        case Deed::post: return act_later(house, connection, false);
        case Deed::do_later: return act_later(house, connection, true);
        case Deed::visit: return visit_some(house);
        case Deed::send_by_handle: return (void)connection.handle().send(drawn_news(house));
        case Deed::count: return (void)house.server->stats();
        case Deed::close: return close(house, connection, false);
        case Deed::close_badly: return close(house, connection, true);
        case Deed::terminate: guest_of(connection).has_closed = true; return connection.terminate();
        case Deed::fail: fail(house);
    }
}

namespace {

void maybe_act(House& house, Connection& connection) {
    if (house.choices().once_in(house.unrest)) act(house, connection);
}

// ---- Handlers --------------------------------------------------------------

// What holds whenever one is called that is not the last.
Guest& greet(House& house, Connection& connection) {
    Guest& guest = guest_of(connection);
    house.record.require(guest.stage == Stage::open,
                         "a handler is called before open, or behind "
                         "close");
    return guest;
}

Guest& greet_speaker(House& house, Connection& connection) {
    Guest& guest = greet(house, connection);
    house.record.require(!guest.has_closed, "what a peer says is told behind our close");
    house.record.require(!connection.is_paused(), "what a peer says is told in a pause");
    return guest;
}

void hear(House& house, Guest& guest, std::uint64_t value) {
    ++house.record.messages;
    if (!guest.is_lawful) return;  // What is cut becomes something else.
    if (guest.said.empty()) return house.record.blame("a message that nobody sent");
    house.record.require(guest.said.front() == value, "a message is not what was sent");
    guest.said.pop_front();
}

void check_limits(House& house, std::size_t size, std::uint32_t frame_count) {
    house.record.require(size <= house.limits.message_size_max, "a message is over its limit");
    const std::uint32_t most = house.limits.fragment_count_max;
    house.record.require(most == 0 || frame_count <= most, "a message has too many frames");
}

// Each frame of a peer's that is not empty begins with one.
std::uint32_t count_frames(std::span<const std::byte> bytes) {
    return static_cast<std::uint32_t>(std::count(bytes.begin(), bytes.end(), std::byte{1}));
}

void answer(House& house, Connection& connection, Message message) {
    const std::uint32_t count = house.choices().below(3);  // 0: as often as most.
    if (count == 2 || message.size() > guest_of(connection).to_hear) return;
    for (std::uint32_t i = 0; i <= count; ++i) {
        owe(house, connection, message.text(), message.is_text(),
            [&] { return connection.send(message); });
    }
}

void add_whole(Handlers& handlers, House& house) {
    handlers.message = [&house](Connection& connection, Message message) {
        Guest& guest = greet_speaker(house, connection);
        check_limits(house, message.size(), count_frames(message.bytes()));
        hear(house, guest, digest(message.text(), message.is_text()));
        answer(house, connection, message);
        maybe_act(house, connection);
    };
}

void add_parts(Handlers& handlers, House& house) {
    handlers.message_begin = [&house](Connection& connection, Message::Kind kind) {
        Guest& guest = greet_speaker(house, connection);
        guest.arriving = {};
        guest.arriving_size = guest.arriving_frames = 0;
        guest.is_arriving_text = kind == Message::Kind::text;
        maybe_act(house, connection);
    };
    handlers.message_chunk = [&house](Connection& connection, std::span<const std::byte> bytes) {
        Guest& guest = greet_speaker(house, connection);
        house.record.require(!bytes.empty(), "a part of nothing");
        guest.arriving.add(bytes);
        guest.arriving_size += bytes.size();
        guest.arriving_frames += count_frames(bytes);
        check_limits(house, guest.arriving_size, guest.arriving_frames);
        answer(house, connection, Message(bytes));
        maybe_act(house, connection);
    };
    handlers.message_end = [&house](Connection& connection) {
        Guest& guest = greet_speaker(house, connection);
        hear(house, guest, guest.arriving.value(guest.is_arriving_text));
        maybe_act(house, connection);
    };
}

void add_signals(Handlers& handlers, House& house) {
    Choices& choices = house.choices();
    const auto listen = [&house](Connection& connection, std::span<const std::byte> payload) {
        greet_speaker(house, connection);
        house.record.require(payload.size() <= 125, "5.5: a control frame is too long");
        maybe_act(house, connection);
    };
    if (!choices.once_in(3)) handlers.ping = listen;
    if (!choices.once_in(3)) handlers.pong = listen;
    handlers.drain = [&house](Connection& connection) {
        greet(house, connection).is_drain_due = false;
        house.record.require(connection.buffered_amount() <= house.limits.drain_mark,
                             "it is told of a drain, and is over the mark");
        maybe_act(house, connection);
    };
    if (!choices.once_in(3)) {
        handlers.overflow = [&house](Connection& connection, std::size_t count) {
            greet(house, connection);
            house.record.require(count > 0, "an overflow of nothing");
            maybe_act(house, connection);
        };
    }
    if (!choices.once_in(3)) {
        handlers.error = [&house](Connection& connection, std::string_view) {
            if (guest_of(connection).stage != Stage::let_in) greet(house, connection);
            maybe_act(house, connection);
        };
    }
}

// One that prepare() has ended never was open.
void end(House& house, Connection& connection, const CloseEvent& event) {
    Guest& guest = guest_of(connection);
    house.record.require(guest.stage == Stage::open || guest.stage == Stage::let_in,
                         "a close handler is called twice, or for nothing");
    guest.stage = Stage::closed;
    house.record.require(!connection.is_open(), "it is open in its close handler");
    house.record.require(connection.send("x") == SendResult::closed, "sent in a close handler");
    house.record.require(connection.handle().send("x") == SendResult::closed,
                         "sent by a handle in a close handler");
    house.record.require(!connection.subscribe("one"), "subscribed in a close handler");
    house.record.require(event.clean || event.code == close_code::abnormal ||
                             event.code == close_code::no_status || event.code >= 1000,
                         "a close has no code");
    connection.resume_reading();
    if (house.choices().once_in(house.unrest)) visit_some(house);
    if (house.choices().once_in(house.unrest * 2)) fail(house);
}

// ---- Opening ---------------------------------------------------------------

UpgradeAnswer welcome(House& house, Guest& guest) {
    UpgradeAnswer answer;
    (void)answer.headers.add("X-Guest", "welcome");
    answer.prepare = [&house, &guest](Connection& connection) {
        guest.stage = Stage::let_in;
        guest.answers_size = connection.buffered_amount();
        maybe_act(house, connection);
    };
    return answer;
}

void put_off(House& house, Guest& guest, const DeferredUpgrade& upgrade) {
    guest.stage = Stage::pending;
    switch (house.choices().below(4)) {
        case 0:
        case 1: house.undecided.push_back({upgrade, &guest}); return;
        case 2: (void)upgrade.accept(welcome(house, guest)); return;
        default:
            Loop::current()->after(house.choices().below(30), [&house, &guest, upgrade] {
                (void)upgrade.accept(welcome(house, guest));
            });
    }
}

void decide(House& house, const Request& request, Upgrade& upgrade) {
    Guest& guest = *house.guests[std::stoul(request.parameter("id").value_or("0"))];
    guest.port = request.remote_address().port();
    upgrade.data<Tie>().guest = &guest;
    ++guest.ties;
    switch (house.choices().below(12)) {
        case 8: return upgrade.reject(403);
        case 9: fail(house);
        case 10:
        case 11: return put_off(house, guest, upgrade.defer());
        default: return;
    }
}

void open(House& house, Connection& connection) {
    Guest& guest = guest_of(connection);
    house.record.require(guest.stage != Stage::open && guest.stage != Stage::closed,
                         "an open handler is called twice");
    guest.stage = Stage::open;
    guest.answers_size = connection.buffered_amount();
    if (house.known.size() < 16) house.known.push_back({connection.handle(), &guest});
    if (house.choices().once_in(2)) connection.subscribe(house.choices().one_of(topics));
    maybe_act(house, connection);
}

void add_page(House& house, const char* pattern, std::size_t size, bool fails) {
    house.server->get(pattern, [&house, size, fails](const Request& request, Response& response) {
        const std::string who = request.parameter("who").value_or("g0");
        const std::size_t index = std::stoul(who.substr(1));
        const std::uint16_t port = request.remote_address().port();
        (who[0] == 'g' ? house.guests[index]->port : house.strangers[index]->port) = port;
        if (fails) fail(house);
        response.body = words(0, worthwhile_size(house.world, {}, size));
    });
}

}  // namespace

void add_routes(House& house) {
    for (const bool is_whole : {true, false}) {
        Handlers handlers;
        handlers.upgrade = [&house](const Request& request, Upgrade& upgrade) {
            decide(house, request, upgrade);
        };
        handlers.open = [&house](Connection& connection) { open(house, connection); };
        handlers.close = [&house](Connection& connection, const CloseEvent& event) {
            end(house, connection, event);
        };
        is_whole ? add_whole(handlers, house) : add_parts(handlers, house);
        add_signals(handlers, house);
        house.server->ws<Tie>(is_whole ? "/whole/:id" : "/parts/:id", handlers, house.limits);
    }
    add_page(house, "/plain/:who", 20, false);
    add_page(house, "/large/:who", 200'000, false);
    add_page(house, "/fails/:who", 0, true);
}

// ---- Another thread --------------------------------------------------------

namespace {

void use_handle(House& house, const Known known) {
    const Handle& handle = known.handle;
    switch (house.choices().below(5)) {
        case 0: handle.send(drawn_news(house)); return;
        case 1:
            handle.post([&house, guest = known.guest](Connection& it) {
                act_by_handle(house, it, *guest);
            });
            return;
        case 2: handle.send(PreparedMessage(Message(drawn_news(house)))); return;
        case 3: handle.close(1000, "from afar"); return;
        default: handle.terminate();
    }
}

void decide_late(House& house) {
    const Undecided one = house.undecided.back();
    house.undecided.pop_back();
    const bool is_refused = house.choices().once_in(4);
    const bool is_mine = is_refused ? one.upgrade.reject(404, "too late\n")
                                    : one.upgrade.accept(welcome(house, *one.guest));
    if (one.guest->stage == Stage::pending && is_refused) one.guest->stage = Stage::outside;
    house.record.require(!one.upgrade.accept(),
                         is_mine ? "it is decided on twice" : "it is decided on after all");
}

}  // namespace

void meddle(House& house) {
    Choices& choices = house.choices();
    for (std::uint32_t i = choices.below(12); i > 0; --i) {
        std::this_thread::sleep_for(std::chrono::microseconds(choices.below(40'000)));
        switch (choices.below(5)) {
            case 0:
            case 1:
                if (!house.undecided.empty()) decide_late(house);
                break;
            case 2:
                if (!house.known.empty()) use_handle(house, choices.one_of(house.known));
                break;
            case 3: house.server->publish(choices.one_of(topics), drawn_news(house)); break;
            default: visit_some(house);
        }
    }
}

}  // namespace edgews::sim::test::chaos
