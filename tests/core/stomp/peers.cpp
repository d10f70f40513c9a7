#include "peers.hpp"

#include "core/stomp/frame_reader.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <span>

namespace edgews::stomp::test {

std::string Got::header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "(none)" : found->second;
}

Peer::Peer(Peers& peers, std::string id) : peers_(peers) {
    session_ = std::make_unique<Session>(peers.session_options_, peers.broker_, peers.contents_,
                                         peers.buffers_, std::move(id));
    session_->outbox().watch = &peers.watch_;
}

Peer::~Peer() {
    vanish();
}

void Peer::vanish() {
    if (!session_) return;
    session_->leave();
    session_.reset();
    peers_.serve();
}

void Peer::unstick() {
    is_stuck = false;
    serve();
    peers_.serve();
}

void Peer::say_bytes(std::string_view bytes) {
    input_ += bytes;
    feed();
    if (session_->is_over()) session_->leave();
    peers_.serve();
}

// As a connection does it, with hooks that allow everything.
void Peer::feed() {
    if (is_blocked_) return;
    std::string taken = std::exchange(input_, {});
    std::span<const std::byte> input = std::as_bytes(std::span(taken));
    while (const Request* const request = session_->next(input)) {
        switch (request->kind) {
            case Request::Kind::connect:
                session_->accept(request->frame->find("login").value_or(""));
                break;
            case Request::Kind::application: {
                const auto body = request->frame->body;
                for_application.emplace_back(
                    request->destination,
                    std::string(reinterpret_cast<const char*>(body.data()), body.size()));
                session_->answered();
                break;
            }
            default: carry_out();
        }
        if (is_blocked_) break;
    }
    if (is_blocked_) input_.assign(reinterpret_cast<const char*>(input.data()), input.size());
    note_output();
}

void Peer::carry_out() {
    is_undone_ = session_->carry_out() == Outcome::blocked;
    is_blocked_ = session_->outbox().has_to_wait();
}

void Peer::serve() {
    session_->attend();
    if (is_blocked_ && session_->outbox().may_try_again && !session_->is_over()) {
        is_blocked_ = false;
        if (is_undone_) carry_out();
        note_output();
        feed();
    }
    note_output();
    if (session_->is_over()) return session_->leave();
    if (is_stuck) return;
    std::vector<Outgoing> outgoing;
    while (peers_.broker_.collect(session_->outbox(), 64 * 1024, outgoing)) {
    }
    for (const Outgoing& message : outgoing) {
        std::string frame;
        const std::string_view head = session_->append_front(message, frame);
        frame += head;
        const auto body = message.content.body_and_end();
        frame.append(reinterpret_cast<const char*>(body.data()), body.size());
        session_->output() += frame;
        note_output();
    }
}

void Peer::note_output() {
    const std::string bytes = std::exchange(session_->output(), {});
    std::span<const std::byte> input = std::as_bytes(std::span(bytes));
    const FrameLimits limits;  // A client's own.
    FrameReader reader(limits, peers_.buffers_);
    reader.set_version(session_->version());
    while (!input.empty()) {
        const auto* const begin = reinterpret_cast<const char*>(input.data());
        const Frame* const frame = reader.next(input);
        ASSERT_NE(frame, nullptr) << bytes;
        ASSERT_EQ(frame->fault, Fault::none) << bytes;
        Got got;
        got.command = to_string(frame->command);
        for (const Header& header : frame->headers) {
            got.headers.emplace(header.name, header.value);
        }
        got.body.assign(reinterpret_cast<const char*>(frame->body.data()), frame->body.size());
        const auto* const end = reinterpret_cast<const char*>(input.data());
        got.raw.assign(begin, input.empty() ? bytes.data() + bytes.size() - 1 : end - 1);
        got_.push_back(std::move(got));
    }
}

Got Peer::take(std::string_view command) {
    if (got_.empty()) {
        ADD_FAILURE() << "no frame came, where " << command << " was expected";
        return {};
    }
    Got got = take_any();
    EXPECT_EQ(got.command, command) << got.raw;
    return got;
}

Got Peer::take_any() {
    Got got = std::move(got_.front());
    got_.pop_front();
    return got;
}

std::vector<std::string> Peer::take_bodies() {
    std::vector<std::string> bodies;
    while (!got_.empty()) bodies.push_back(take("MESSAGE").body);
    return bodies;
}

Got Peer::take_error() {
    EXPECT_TRUE(session_->is_over());
    return take("ERROR");
}

Got Peer::take_error(Fault fault) {
    EXPECT_EQ(session_->fault(), fault) << describe(session_->fault());
    Got got = take_error();
    EXPECT_EQ(got.header("message"), describe(fault));
    EXPECT_EQ(got.raw.find("secret"), std::string::npos) << got.raw;
    EXPECT_TRUE(has_nothing());
    if (got.body.empty()) return got;
    EXPECT_EQ(got.header("content-type"), "text/plain");
    EXPECT_EQ(got.header("content-length"), std::to_string(got.body.size()));
    return got;
}

Got Peer::expect_refused(std::string_view frame, Fault fault) {
    EXPECT_TRUE(has_nothing());
    say(frame);
    Got got = take_error(fault);
    say("DISCONNECT\nreceipt:late\n\n");
    EXPECT_TRUE(has_nothing());  // Nobody listens any more.
    return got;
}

Peers::Peers(BrokerOptions options, SessionOptions session_options)
    : session_options_(std::move(session_options)), broker_(std::move(options)) {}

Peers::~Peers() {
    for (const auto& peer : peers_) peer->vanish();  // What comes back may go to another.
}

Peer& Peers::add() {
    const std::string id = std::string(session_id_prefix) + std::to_string(peers_.size() + 1);
    peers_.push_back(std::make_unique<Peer>(*this, id));
    return *peers_.back();
}

Peer& Peers::connect(std::string_view version, std::string_view login) {
    Peer& peer = add();
    std::string connect = "CONNECT\nhost:h\naccept-version:" + std::string(version) + '\n';
    if (!login.empty()) connect += "login:" + std::string(login) + '\n';
    peer.say(connect + '\n');
    static_cast<void>(peer.take("CONNECTED"));
    return peer;
}

void Peers::serve() {
    while (Outbox* const outbox = broker_.next_attention()) {
        for (const auto& peer : peers_) {
            if (peer->session_ && &peer->session_->outbox() == outbox) peer->serve();
        }
    }
}

void Peers::at(std::uint64_t now_ms) {
    broker_.set_time(now_ms);
    while (broker_.judge(watch_, now_ms)) {
    }
    serve();
}

Peer& listener(Peers& peers, std::string_view version) {
    Peer& peer = peers.connect(version);
    peer.say("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n");
    return peer;
}

}  // namespace edgews::stomp::test
