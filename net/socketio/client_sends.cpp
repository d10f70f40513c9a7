#include "net/socketio/client_on_loop.hpp"

#include "core/socketio/packet.hpp"
#include "net/socketio/gathering.hpp"
#include "net/socketio/hub_on_loop.hpp"
#include "net/socketio/hub_state.hpp"
#include "net/socketio/spoken.hpp"

#include <algorithm>
#include <utility>

namespace edgews::sio {
namespace {

constexpr std::uint64_t never_ms = UINT64_MAX;

}  // namespace

// A packet without all its attachments would take what follows for them: then nothing follows.
SendResult ClientOnLoop::send(const PacketEncoder& packet) {
    if (speaks_msgpack_) {
        const std::string bytes = packet.msgpack();
        return session_.send(engineio::Packet::of_binary(std::as_bytes(std::span(bytes))));
    }
    const SendResult result =
        session_.send(engineio::Packet::of_text(engineio::PacketType::message, packet.text()));
    if (!was_accepted(result)) return result;
    for (const std::span<const std::byte> bytes : packet.attachments()) {
        if (was_accepted(session_.send(engineio::Packet::of_binary(bytes)))) continue;
        fail(Reason::transport_close);
        return SendResult::closed;
    }
    return result;
}

void ClientOnLoop::send(SocketOnLoop& socket, const Spoken& spoken) {
    if (spoken.is_unreliable && !session_.is_writable()) return;
    if (spoken.offset != 0 && !socket.has_ended()) {
        Recoverable* const recoverable = socket.space().recoverable_of(socket);
        if (recoverable != nullptr) recoverable->last_offset = spoken.offset;
    }
    if (spoken.gathering) {
        spoken.gathering->open_reply();
        const std::uint64_t due_ms = loop_->reactor().now_ms() + spoken.timeout_ms;
        if (!await(spoken.call_id, {&socket, due_ms, {}, spoken.gathering})) {
            return spoken.gathering->miss_reply();
        }
    }
    bool is_first = true;
    for (const engineio::SharedPacket& packet : spoken.packets) {
        if (was_accepted(session_.send(packet))) {
            is_first = false;
            continue;
        }
        if (!is_first) fail(Reason::transport_close);
        if (spoken.gathering && unsettled_->replies.erase(spoken.call_id) != 0) {
            forget_settled();
            spoken.gathering->miss_reply();
        }
        return;
    }
    ++socket.space().sent_total;
}

// --- Replies -----------------------------------------------------------------

SendResult ClientOnLoop::call(SocketOnLoop& socket, std::uint64_t id, const PacketEncoder& packet,
                              std::uint32_t timeout_ms, Function<void(const Reply&)> reply) {
    const std::uint64_t due_ms =
        timeout_ms == 0 ? never_ms : loop_->reactor().now_ms() + timeout_ms;
    if (!await(id, {&socket, due_ms, std::move(reply), {}})) return SendResult::dropped;
    const SendResult result = send(packet);
    if (was_accepted(result)) {
        ++socket.space().sent_total;
    } else {
        unsettled_->replies.erase(id);
        forget_settled();
    }
    return result;
}

// False: it owes too many already.
bool ClientOnLoop::await(std::uint64_t id, Awaited awaited) {
    const std::size_t count = unsettled_ ? unsettled_->replies.size() : 0;
    if (count >= loop_->hub().options().limits.reply_count_max) return false;
    Unsettled& own = unsettled();
    const std::uint64_t due_ms = awaited.due_ms;
    own.replies.emplace(id, std::move(awaited));
    if (due_ms == never_ms) return true;
    if (own.reply_due_ms == 0 || due_ms < own.reply_due_ms) {
        own.reply_due_ms = due_ms;
        set_alarm();
    }
    return true;
}

void ClientOnLoop::take_reply(SocketOnLoop& socket, const Assembled& made) {
    ++socket.space().received_total;
    if (!unsettled_) return;
    const auto found = unsettled_->replies.find(*made.packet.id);
    if (found == unsettled_->replies.end() || found->second.socket != &socket) return;
    const auto taken = unsettled_->replies.extract(found);
    forget_settled();
    const Awaited& awaited = taken.mapped();
    if (awaited.gathering) return awaited.gathering->add_reply(made.packet.argument_text.text());
    const Reply reply(Arguments(made.packet, made.packet.arguments, made.attachments));
    guard([&] { awaited.handler(reply); });
}

void ClientOnLoop::miss(const Awaited& awaited) {
    if (awaited.gathering) return awaited.gathering->miss_reply();
    guard([&] { awaited.handler(Reply()); });
}

// A handler may call again, but not this socket.
void ClientOnLoop::miss_replies_of(const SocketOnLoop& socket) {
    if (!unsettled_) return;
    std::vector<Awaited> missed;
    std::erase_if(unsettled_->replies, [&](auto& each) {
        if (each.second.socket != &socket) return false;
        missed.push_back(std::move(each.second));
        return true;
    });
    forget_settled();
    for (const Awaited& each : missed) miss(each);
}

// --- Time --------------------------------------------------------------------

// What came of a packet is kept, also of a client that only pongs then. So each attachment has the
// time in which a silent client is gone, while the loop listens: one that is longer on its way
// holds up the pong, too. The alarm of one that has come is left to run, so that binary events
// which follow each other need no other. npm's server waits for ever.
void ClientOnLoop::await_attachment() {
    Unsettled& own = unsettled();
    const Options& options = loop_->hub().options();
    const bool is_first = own.attachment_due_ms == 0;
    own.attachment_due_ms =
        loop_->reactor().listened_ms() + options.ping_interval_ms + options.ping_timeout_ms;
    if (is_first) set_alarm();
}

void ClientOnLoop::set_alarm() {
    Unsettled& own = *unsettled_;
    std::uint64_t due_ms = own.connect_due_ms == 0 ? never_ms : own.connect_due_ms;
    if (own.reply_due_ms != 0) due_ms = std::min(due_ms, own.reply_due_ms);
    const std::uint64_t now_ms = loop_->reactor().now_ms();
    if (own.attachment_due_ms != 0) {
        const std::uint64_t listened_ms = loop_->reactor().listened_ms();
        const std::uint64_t end_ms = std::max(own.attachment_due_ms, listened_ms);
        due_ms = std::min(due_ms, now_ms + (end_ms - listened_ms));
    }
    own.alarm.reset();
    if (due_ms == never_ms) return;
    own.alarm.emplace(loop_->reactor());
    own.alarm->set(due_ms > now_ms ? due_ms - now_ms : 0, [this] { look_at_clock(); });
}

// The alarm is not set any more, and may be destroyed.
void ClientOnLoop::look_at_clock() {
    Unsettled& own = *unsettled_;
    const std::uint64_t now_ms = loop_->reactor().now_ms();
    if (own.connect_due_ms != 0 && now_ms >= own.connect_due_ms) {
        own.connect_due_ms = 0;
        fail(Reason::server_disconnect);
    }
    const bool has_waited = loop_->reactor().listened_ms() >= own.attachment_due_ms;
    if (own.attachment_due_ms != 0 && has_waited) {
        own.attachment_due_ms = 0;
        if (assembler_ && assembler_->is_inside_packet()) fail(Reason::parse_error);
    }
    std::vector<Awaited> missed;
    std::uint64_t next_ms = never_ms;
    std::erase_if(own.replies, [&](auto& each) {
        if (each.second.due_ms > now_ms) {
            next_ms = std::min(next_ms, each.second.due_ms);
            return false;
        }
        missed.push_back(std::move(each.second));
        return true;
    });
    own.reply_due_ms = next_ms == never_ms ? 0 : next_ms;
    set_alarm();
    forget_settled();
    for (const Awaited& each : missed) miss(each);
}

}  // namespace edgews::sio
