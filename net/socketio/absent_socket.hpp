// What is kept of a socket whose client may come back (Connection state recovery).
#pragma once

#include <edgews/route.hpp>
#include "core/base/string_hash.hpp"
#include "core/engineio/session_id.hpp"
#include "core/socketio/course.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace edgews::sio {

struct Spoken;

// What a socket has where recovery is on.
struct Recoverable {
    engineio::SessionId private_id;  // Which only the client knows.
    Course course;
    // Offsets up to that were drawn before the course began, or the client has had them by then.
    std::uint64_t first_offset = 0;
    std::uint64_t last_offset = 0;  // Of what came to it last, sent or not. 0: nothing did.
};

// The application's object of a socket.
class OwnData {
  public:
    // What its constructor throws comes out.
    explicit OwnData(const UserData& kind);
    OwnData(const OwnData&) = delete;
    OwnData& operator=(const OwnData&) = delete;
    ~OwnData();

    [[nodiscard]] const void* type() const noexcept { return kind_.type; }
    [[nodiscard]] void* object() const noexcept { return object_; }

  private:
    const UserData kind_;
    void* const object_;
};

struct AbsentSocket {
    std::string namespace_name;
    engineio::SessionId id;
    std::vector<HashedName> rooms;
    std::unique_ptr<Recoverable> recoverable;
    std::unique_ptr<OwnData> data{};
    std::uint64_t due_ms = 0;  // Of Loop::now_ms(), when it is too late.

    // What was said to many while it was absent, to whichever rooms it was in by then: it joins and
    // leaves. False: it was disconnected.
    [[nodiscard]] bool follow(const Spoken& act, std::size_t room_count_max);
    [[nodiscard]] bool is_in(const HashedName& room) const noexcept;
};

}  // namespace edgews::sio
