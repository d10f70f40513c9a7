// A broker and clients of it, joined in memory: what a client says is carried out at once, and
// what comes back lies there as frames.
//
//     Peers peers;
//     Peer& joe = peers.connect();
//     joe.say("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n");
//     peers.connect().say("SEND\ndestination:/topic/a\n\nhello");
//     EXPECT_EQ(joe.take("MESSAGE").body, "hello");
#pragma once

#include "core/base/buffer.hpp"
#include "core/stomp/broker.hpp"
#include "core/stomp/session.hpp"

#include <array>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews::stomp::test {

// A frame that a client got. Of repeated headers, the first.
struct Got {
    std::string command;
    std::map<std::string, std::string> headers;
    std::string body;
    std::string raw;  // Without the NUL.

    // "(none)": it has no such header.
    [[nodiscard]] std::string header(const std::string& name) const;
};

class Peers;

class Peer {
  public:
    Peer(Peers& peers, std::string id);
    ~Peer();

    // Sends a frame, without its NUL, and has everyone served. `text` may hold several, with NULs
    // between.
    void say(std::string_view text) { say_bytes(std::string(text) + '\0'); }
    void say_bytes(std::string_view bytes);
    // The next frame that came; fails the test if there is none, or of another command.
    Got take(std::string_view command);
    // The same, of whatever command.
    Got take_any();
    // No frame is left.
    [[nodiscard]] bool has_nothing() const { return got_.empty(); }
    [[nodiscard]] std::size_t count() const { return got_.size(); }
    // Takes all; their bodies.
    std::vector<std::string> take_bodies();
    // The session ends with ERROR, of which this is the message; fails the test otherwise.
    Got take_error();
    // The same, because of that: the last frame, with its sentence, and nothing of any secret.
    Got take_error(Fault fault);
    // Sends a frame that breaks a rule: ERROR, and the session is over.
    Got expect_refused(std::string_view frame, Fault fault);
    // The connection is gone, without a word.
    void vanish();
    // What waits in front of the connection stays there: it is not read.
    bool is_stuck = false;
    // It is read again, with what came meanwhile.
    void unstick();

    [[nodiscard]] Session& session() { return *session_; }
    [[nodiscard]] bool is_blocked() const { return is_blocked_; }
    // What came for the application: destination and body.
    std::vector<std::pair<std::string, std::string>> for_application;

  private:
    friend class Peers;
    void feed();
    void carry_out();
    void serve();
    void note_output();

    Peers& peers_;
    std::unique_ptr<Session> session_;
    std::string input_;  // Not yet looked at, while it is blocked.
    bool is_blocked_ = false;
    bool is_undone_ = false;  // What it said last has to be carried out again.
    std::deque<Got> got_;
};

class Peers {
  public:
    explicit Peers(BrokerOptions options = {}, SessionOptions session_options = {});
    ~Peers();

    // Anyone who has nothing to say yet.
    Peer& add();
    // Connected by CONNECT of that version.
    Peer& connect(std::string_view version = "1.2", std::string_view login = "");
    // Serves all who have something to do.
    void serve();
    // As if `now_ms` had come, and all of it had been listened.
    void at(std::uint64_t now_ms);

    [[nodiscard]] Broker& broker() { return broker_; }

  private:
    friend class Peer;
    BufferPool buffers_{0};
    ContentPool contents_{"m"};
    SessionOptions session_options_;
    Watch watch_;
    Broker broker_;
    std::vector<std::unique_ptr<Peer>> peers_;
};

inline constexpr std::array<std::string_view, 3> versions{"1.0", "1.1", "1.2"};

// Somebody connected by that version, and subscribed to /topic/a by id 1.
Peer& listener(Peers& peers, std::string_view version);

}  // namespace edgews::stomp::test
