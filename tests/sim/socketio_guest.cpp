#include "socketio_guest.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace edgews::sim::test {

namespace {

constexpr std::uint64_t ms = 1'000'000;
constexpr char separator = '\x1e';  // Of packets in a payload.

// The value of a member that is a string.
std::string member(std::string_view packet, std::string_view name) {
    const std::string key = "\"" + std::string(name) + "\":\"";
    const std::size_t begin = packet.find(key);
    if (begin == std::string_view::npos) return {};
    const std::size_t value = begin + key.size();
    return std::string(packet.substr(value, packet.find('"', value) - value));
}

}  // namespace

// ---- Its lives -------------------------------------------------------------

// Of this life: what it meant to do in an earlier one is not done.
void SocketIoGuest::plan(std::uint64_t delay_ns_max, std::function<void()> act) {
    ++plan_count_;
    world_.after(world_.kernel().drawn_ns(delay_ns_max),
                 [this, life = life_, act = std::move(act)] {
                     --plan_count_;
                     if (life == life_) act();
                 });
}

void SocketIoGuest::come(std::uint64_t delay_ns, std::uint32_t life_count) {
    lives_left_ = life_count;
    plan(delay_ns, [this] { begin(); });
}

void SocketIoGuest::begin() {
    ++life_;
    ++record_.connections;
    --lives_left_;
    transport_ = Transport(world_.choices().below(3));
    session_id_.clear();
    outgoing_.clear();
    is_polling_ = is_posting_ = is_changing_ = is_connected_ = has_web_ = false;
    web_ = nullptr;
    is_broken_ = false;
    asked_.clear();
    if (transport_ == Transport::websocket) {
        open_web();
    } else {
        poll();
    }
    if (lives_left_ > 0) misbehave();
}

// At whatever it is by then.
void SocketIoGuest::misbehave() {
    const auto loss = Loss(world_.choices().below(3));
    const std::uint64_t soon_ns = world_.choices().once_in(2) ? 20 * ms : 500 * ms;
    plan(soon_ns, [this, loss] {
        lose(loss);
        const bool is_quick = world_.choices().once_in(2);
        plan(is_quick ? ms : 1'000 * ms, [this] { begin(); });
    });
}

void SocketIoGuest::lose(Loss loss) {
    ++life_;
    const auto end = [loss](Peer& peer) {
        if (loss == Loss::reset) peer.reset();
        if (loss == Loss::end) peer.end();
    };
    for (HttpPeer* const each : asked_) end(*each);
    if (web_ != nullptr) end(*web_);
}

bool SocketIoGuest::is_well() const noexcept {
    if (!is_connected_ || is_broken_) return false;
    if (web_ != nullptr && (!has_web_ || web_->has_heard_end())) return false;
    return std::ranges::none_of(asked_, [](const HttpPeer* each) { return each->has_heard_end(); });
}

void SocketIoGuest::look_after() {
    if (is_busy() || is_well()) return;
    record_.require(!house_.is_calm, "a client was not let in, or waits, or was thrown out");
    lose(Loss::reset);
    ++lives_left_;
    begin();
}

void SocketIoGuest::judge() {
    const auto require = [this](bool holds, const char* what) {
        record_.require(holds, "guest " + std::to_string(index_) + ": " + what);
    };
    for (const auto& each : peers_) require(each->fault().empty(), each->fault().c_str());
    for (const auto& each : webs_) require(each->fault().empty(), each->fault().c_str());
    require(is_well(), "it is not there");
    require(has_heard_end_, "the last event has not come, and the world is quiet");
    for (std::size_t i = 0; i < speaker_count; ++i) {
        const int said = i == alone ? house_.said_alone[index_] : house_.said[i];
        require(next_[i] == -1 || next_[i] == said, "an event is missing, and the world is quiet");
    }
}

// ---- Its requests ----------------------------------------------------------

// On a connection of its own.
void SocketIoGuest::ask(std::string_view method, std::string_view body,
                        std::function<void(const std::string&)> answered) {
    HttpPeer& peer = *peers_.emplace_back(std::make_unique<HttpPeer>(world_, pace_));
    peer.answered = [this, &peer, life = life_,
                     answered = std::move(answered)](const HttpAnswer& answer) {
        peer.end();
        if (life != life_) return;
        std::erase(asked_, &peer);
        if (answer.status == 200) return answered(answer.body);
        record_.require(!house_.is_calm, "a request is answered " + std::to_string(answer.status));
        is_broken_ = true;
        ++life_;
    };
    asked_.push_back(&peer);
    std::string request(method);
    request += " /socket.io/?EIO=4&transport=polling";
    if (!session_id_.empty()) request += "&sid=" + session_id_;
    request += " HTTP/1.1\r\nHost: localhost\r\n";
    if (method == "POST") request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    request += "\r\n";
    request += body;
    peer.ask(request);
    peer.connect(house_.port);
}

void SocketIoGuest::poll() {
    is_polling_ = true;
    ask("GET", {}, [this](const std::string& body) {
        is_polling_ = false;
        const std::uint32_t life = life_;
        take_payload(body);
        if (life != life_) return;
        if (is_changing_) return change_over();
        poll();
    });
}

void SocketIoGuest::post() {
    if (is_posting_ || is_changing_ || outgoing_.empty()) return;
    is_posting_ = true;
    ask("POST", std::exchange(outgoing_, {}), [this](const std::string& body) {
        record_.require(body == "ok", "a POST is not answered ok");
        is_posting_ = false;
        if (is_changing_) return change_over();
        post();
    });
}

// ---- Its WebSocket ---------------------------------------------------------

void SocketIoGuest::open_web() {
    std::string path = "/socket.io/?EIO=4&transport=websocket";
    if (!session_id_.empty()) path += "&sid=" + session_id_;
    web_ = webs_
               .emplace_back(std::make_unique<WebSocketPeer>(
                   world_, WebSocketPeerOptions{.path = path, .pace = pace_}))
               .get();
    has_web_ = session_id_.empty();
    web_->open = [this, life = life_](WebSocketPeer& peer) {
        if (life == life_ && !has_web_) peer.send_text("2probe");
    };
    web_->message = [this, life = life_](WebSocketPeer&, std::string_view payload, bool) {
        if (life == life_) take_web(payload);
    };
    web_->connect(house_.port);
}

void SocketIoGuest::take_web(std::string_view packet) {
    if (has_web_) return take(packet);
    record_.require(packet == "3probe", "a probe is not answered");
    is_changing_ = true;
    change_over();
}

// No request is to be on its way.
void SocketIoGuest::change_over() {
    if (is_polling_ || is_posting_ || has_web_) return;
    has_web_ = true;
    web_->send_text("5");
    const std::string rest = std::exchange(outgoing_, {});
    for (std::size_t at = 0; at < rest.size();) {
        const std::size_t end = std::min(rest.find(separator, at), rest.size());
        web_->send_text(std::string_view(rest).substr(at, end - at));
        at = end + 1;
    }
}

// ---- What it says and hears ------------------------------------------------

void SocketIoGuest::send(std::string packet) {
    if (has_web_) return web_->send_text(packet);
    if (!outgoing_.empty()) outgoing_ += separator;
    outgoing_ += packet;
    post();
}

void SocketIoGuest::take_payload(std::string_view payload) {
    const std::uint32_t life = life_;
    while (!payload.empty() && life == life_) {
        const std::size_t size = std::min(payload.find(separator), payload.size());
        take(payload.substr(0, size));
        payload.remove_prefix(std::min(size + 1, payload.size()));
    }
}

void SocketIoGuest::take(std::string_view packet) {
    if (packet.starts_with('0')) {
        session_id_ = member(packet, "sid");
        return send("40" + claim());
    }
    if (packet == "2") return send("3");
    if (packet.starts_with("40")) return take_connected(packet);
    if (packet.starts_with("42")) return take_event(packet);
    record_.require(packet == "6" || packet == "1", "a packet that no client expects");
}

std::string SocketIoGuest::claim() const {
    if (private_id_.empty()) return {};
    std::string claim = "{\"pid\":\"" + private_id_ + '"';
    if (!offset_.empty()) claim += ",\"offset\":\"" + offset_ + '"';
    return claim + '}';
}

// It says something itself, sooner or later, and has a WebSocket tried.
void SocketIoGuest::take_connected(std::string_view packet) {
    record_.require(!is_connected_, "it is connected twice");
    is_connected_ = true;
    const std::string private_id = member(packet, "pid");
    record_.require(private_id_.empty() || private_id == private_id_, "it was not recovered");
    private_id_ = private_id;
    const std::string index = std::to_string(index_);
    Choices& choices = world_.choices();
    for (std::uint32_t i = choices.below(4); i > 0; --i) {
        const char* const event = choices.once_in(2) ? "42[\"shout\"," : "42[\"alone\",";
        plan(choices.once_in(2) ? ms : 100 * ms,
             [this, text = event + index + "]"] { send(text); });
    }
    if (transport_ != Transport::upgrade) return;
    plan(choices.once_in(2) ? ms : 50 * ms, [this] { open_web(); });
}

// ["n",speaker,number,offset]
void SocketIoGuest::take_event(std::string_view packet) {
    ++record_.messages;
    record_.require(is_connected_, "an event comes before it is connected");
    offset_ = packet.substr(packet.rfind(",\"") + 2);
    offset_.resize(offset_.find('"'));
    if (packet.starts_with("42[\"end\"")) {
        record_.require(!std::exchange(has_heard_end_, true), "the last event comes twice");
        return;
    }
    constexpr std::size_t speaker_at = sizeof("42[\"n\",") - 1;
    const auto speaker = static_cast<std::size_t>(packet[speaker_at] - '0');
    int number = -1;
    std::from_chars(packet.data() + speaker_at + 2, packet.data() + packet.size(), number);
    int& next = next_[speaker];
    if (next == -1) next = number;
    record_.require(number >= next, "an event comes again, or late");
    record_.require(number <= next, "an event is missing");
    next = number + 1;
}

}  // namespace edgews::sim::test
