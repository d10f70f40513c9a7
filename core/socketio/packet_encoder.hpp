// An event or an acknowledgement as it is sent: its text, and the attachments behind it.
//
// Arguments become JsonElements here: what was not checked yet is checked, and each attachment has
// its placeholder. Nothing is allocated once the encoder has grown to the size of what it encodes.
#pragma once

#include <edgews/socketio_event.hpp>
#include "core/socketio/fault.hpp"
#include "core/socketio/json_scan.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sio {

class PacketEncoder {
  public:
    // With an `id`, an acknowledgement is asked for. `offset`: see PacketHead. Refused, beside what
    // append_event() refuses: arguments that are not JSON.
    [[nodiscard]] Fault encode_event(std::string_view namespace_name,
                                     std::optional<std::uint64_t> id, std::string_view name,
                                     std::span<const Argument> arguments, std::uint64_t offset = 0);
    [[nodiscard]] Fault encode_acknowledgement(std::string_view namespace_name, std::uint64_t id,
                                               std::span<const Argument> arguments);
    // Packets of other types, appended to it by packet_writer's functions.
    std::string& begin_text();

    // What was encoded last, without a fault. The attachments are those of the arguments.
    [[nodiscard]] std::string_view text() const noexcept { return text_; }
    [[nodiscard]] std::span<const std::span<const std::byte>> attachments() const noexcept {
        return attachments_;
    }
    // The same as one message of MessagePack (core/socketio/msgpack_packet.hpp).
    [[nodiscard]] std::string msgpack() const;

  private:
    [[nodiscard]] Fault join(std::span<const Argument> arguments);
    [[nodiscard]] Fault add(const Argument& argument);
    [[nodiscard]] Fault add_attachments(const Arguments& came);

    std::string text_;
    std::string joined_;  // Arguments, with commas between them.
    JsonElements elements_{};
    std::vector<std::span<const std::byte>> attachments_;
};

}  // namespace edgews::sio
