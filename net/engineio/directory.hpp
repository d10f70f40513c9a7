// Where the sessions of a Host are: for the loops on which their clients' requests arrive.
//
// Any thread; one mutex, which is held for no longer than a look takes.
#pragma once

#include "core/base/string_hash.hpp"
#include "core/engineio/dialect.hpp"
#include "net/engineio/place.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>

namespace edgews::engineio {

class Directory {
  public:
    enum class Result : std::uint8_t {
        found,
        unknown,       // There is no such session, or none any more.
        is_websocket,  // It has a WebSocket, or one that is tried: it takes no other, and a
                       // session that has upgraded is not polled any more.
        is_busy,       // Another POST of its client has not been answered.
    };
    struct Found {
        Result result = Result::unknown;
        Place place{};
        Dialect dialect = Dialect::v4;  // Of a session that there is.
    };

    // `id` is borrowed, until remove(). False: there are `count_max` already, where that is not 0.
    [[nodiscard]] bool add(std::string_view id, const Place& place, bool is_websocket,
                           std::size_t count_max, Dialect dialect = Dialect::v4);
    void remove(std::string_view id) noexcept;
    // It is with its WebSocket, there.
    void moved(std::string_view id, const Place& place);

    // For a GET.
    [[nodiscard]] Found find(std::string_view id) const;
    // For a POST, one of which may be under way: until end_post().
    [[nodiscard]] Found begin_post(std::string_view id);
    void end_post(std::string_view id) noexcept;
    // For a WebSocket, one of which may be tried: until release(), or for good.
    [[nodiscard]] Found claim(std::string_view id);
    void release(std::string_view id) noexcept;
    // The client has said UPGRADE: it is not polled any more.
    void leave_polling(std::string_view id) noexcept;

    [[nodiscard]] std::size_t count() const;

  private:
    enum class Socket : std::uint8_t { none, tried, own };
    struct Entry {
        Place place{};
        Socket socket = Socket::none;
        bool is_posting = false;
        Dialect dialect = Dialect::v4;
    };

    [[nodiscard]] Entry* find_entry(std::string_view id) noexcept;

    mutable std::mutex mutex_;
    NameViewTable<Entry> sessions_;
};

}  // namespace edgews::engineio
