// The demo's chat room: who is here, and what was said last.
#pragma once

#include "programs/common/json.hpp"

#include <edgews/connection.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace demo {

inline std::string now_text() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

inline std::string error_text(std::string_view code, std::string_view text) {
    return R"({"type":"error","code":)" + quote(code) + R"(,"text":)" + quote(text) + "}";
}

// `text` without the blanks around it.
inline std::string trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t first = std::min(text.find_first_not_of(blanks), text.size());
    return std::string(text.substr(first, text.find_last_not_of(blanks) + 1 - first));
}

// Whether `text` has 1 to `limit` characters, none of them a control character.
inline bool is_line(std::string_view text, std::ptrdiff_t limit) {
    const auto begins_character = [](char c) { return (c & 0xC0) != 0x80; };
    const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7F; };
    return !text.empty() && std::ranges::count_if(text, begins_character) <= limit &&
           std::ranges::none_of(text, is_control);
}

// One who speaks.
struct Visitor {
    std::uint64_t paid_until_ms = 0;

    // Five times a second in the long run, twenty at once.
    bool may_speak(std::uint64_t now_ms) {
        paid_until_ms = std::max(paid_until_ms, now_ms);
        if (paid_until_ms > now_ms + 3800) return false;
        paid_until_ms += 200;
        return true;
    }
};

// Members are known by their handles. Belongs to one loop's thread: all that it publishes leaves
// from there, and so reaches every page in one order.
class Room {
  public:
    // `publish` sends a message to all who listen to the room.
    explicit Room(std::function<void(const std::string&)> publish) : publish_(std::move(publish)) {}

    void join(const edgews::Handle& who, const std::string& name, const std::string& key) {
        leave(who);
        const auto same = std::ranges::find(members_, name, &Member::name);
        if (same != members_.end() && (key.empty() || same->key != key)) {
            return refuse(who, "name_taken", name + " is already here. Take another name.");
        }
        if (same != members_.end()) {  // The page lost its old connection; we may not know yet.
            same->who.close(replaced, "your name came in again");
            same->who = who;
        } else if (members_.size() == member_count_max) {
            return refuse(who, "room_full", "The room is full. Try again later.");
        } else {
            members_.push_back({who, name, key});
            announce("join", name);
        }
        who.send(R"({"type":"joined","name":)" + quote(name) + R"(,"here":)" + names() + "}");
        for (const std::string& message : recent_) who.send(message);
    }

    void leave(const edgews::Handle& who) {
        const auto member = std::ranges::find(members_, who, &Member::who);
        if (member == members_.end()) return;
        const std::string name = member->name;
        members_.erase(member);
        announce("leave", name);
    }

    void chat(const edgews::Handle& who, const std::string& text) {
        const auto member = std::ranges::find(members_, who, &Member::who);
        if (member == members_.end()) {
            who.send(error_text("not_joined", "Join first."));
            return;
        }
        say(member->name, text);
    }

    // By whoever needs no handle: he is no member, and hears of no one.
    void say(const std::string& name, const std::string& text) {
        recent_.push_back(R"({"type":"chat","id":)" + std::to_string(++last_id_) + R"(,"from":)" +
                          quote(name) + R"(,"text":)" + quote(text) + R"(,"time":)" + now_text() +
                          "}");
        if (recent_.size() > recent_count_max) recent_.pop_front();
        publish_(recent_.back());
    }

    [[nodiscard]] std::size_t size() const { return members_.size(); }

  private:
    struct Member {
        edgews::Handle who;
        std::string name;
        std::string key;
    };
    static constexpr std::size_t member_count_max = 500;
    static constexpr std::size_t recent_count_max = 20;
    static constexpr std::uint16_t replaced = 4000;  // The page then stays away.

    static void refuse(const edgews::Handle& who, std::string_view code, std::string_view text) {
        who.send(error_text(code, text));
    }

    void announce(std::string_view event, std::string_view name) {
        publish_(R"({"type":"presence","event":)" + quote(event) + R"(,"name":)" + quote(name) +
                 R"(,"time":)" + now_text() + "}");
    }

    [[nodiscard]] std::string names() const {
        std::string text = "[";
        for (const Member& m : members_) text += (&m == &members_[0] ? "" : ",") + quote(m.name);
        return text + "]";
    }

    std::function<void(const std::string&)> publish_;
    std::vector<Member> members_;
    std::deque<std::string> recent_;
    // Microseconds since 1970 when it began: another node has others.
    std::uint64_t last_id_ =
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                       std::chrono::system_clock::now().time_since_epoch())
                                       .count());
};

}  // namespace demo
