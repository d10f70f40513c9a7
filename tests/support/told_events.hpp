// What an on_event hook was told, in the words of tables:
// `notice handshake_refused 403 /chat: This origin may not connect.`
#pragma once

#include <edgews/event.hpp>

#include <string>
#include <vector>

#include "test_server.hpp"

namespace edgews::test {

inline std::string to_string(const EngineEvent& event) {
    std::string text = std::string(name_of(event.level)) + ' ' + std::string(name_of(event.kind)) +
                       ' ' + std::to_string(event.code);
    if (!event.route.empty()) text += ' ' + std::string(event.route);
    return event.text.empty() ? text : text + ": " + std::string(event.text);
}

// Notes all that a hook is told but for shutdowns, and whom it concerns. Any thread.
class ToldEvents {
  public:
    [[nodiscard]] EventHook hook() {
        return [this](const EngineEvent& event) {
            const bool is_shutdown =
                event.kind == EventKind::shutdown_begun || event.kind == EventKind::shutdown_done;
            if (is_shutdown) return;
            peers_.add(event.address.ip());
            notes_.add(to_string(event));
        };
    }
    [[nodiscard]] List wait_for(std::size_t count) { return notes_.wait_for(count); }
    [[nodiscard]] List all() { return notes_.all(); }
    // "127.0.0.1" of each.
    [[nodiscard]] List peers() { return peers_.all(); }

  private:
    Notes notes_;
    Notes peers_;
};

}  // namespace edgews::test
