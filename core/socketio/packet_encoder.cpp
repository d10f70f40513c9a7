#include "core/socketio/packet_encoder.hpp"

#include "core/base/scratch.hpp"
#include "core/socketio/msgpack_packet.hpp"
#include "core/socketio/packet.hpp"
#include "core/socketio/packet_writer.hpp"
#include "core/socketio/placeholders.hpp"

namespace edgews::sio {

std::string& PacketEncoder::begin_text() {
    clear_scratch(text_);
    attachments_.clear();
    return text_;
}

Fault PacketEncoder::encode_event(std::string_view namespace_name, std::optional<std::uint64_t> id,
                                  std::string_view name, std::span<const Argument> arguments,
                                  std::uint64_t offset) {
    begin_text();
    const Fault fault = join(arguments);
    if (fault != Fault::none) return fault;
    return append_event(text_,
                        {.namespace_name = namespace_name,
                         .id = id,
                         .attachment_count = attachments_.size(),
                         .offset = offset},
                        name, elements_);
}

Fault PacketEncoder::encode_acknowledgement(std::string_view namespace_name, std::uint64_t id,
                                            std::span<const Argument> arguments) {
    begin_text();
    const Fault fault = join(arguments);
    if (fault != Fault::none) return fault;
    return append_acknowledgement(
        text_,
        {.namespace_name = namespace_name, .id = id, .attachment_count = attachments_.size()},
        elements_);
}

std::string PacketEncoder::msgpack() const {
    std::string bytes;
    append_msgpack_packet(bytes, text_, attachments_);
    return bytes;
}

// What came is known to be JSON, and need not be copied if it is all that there is.
Fault PacketEncoder::join(std::span<const Argument> arguments) {
    clear_scratch(joined_);
    elements_ = {};
    if (arguments.size() == 1 && arguments[0].kind_ == Argument::Kind::arguments) {
        const Arguments& came = *arguments[0].arguments_;
        if (came.packet_ != nullptr) elements_ = came.packet_->argument_text;
        return add_attachments(came);
    }
    for (const Argument& argument : arguments) {
        const Fault fault = add(argument);
        if (fault != Fault::none) return fault;
    }
    const JsonScan scan = scan_json_elements(joined_);
    if (scan.fault() != JsonFault::none) return Fault::payload_malformed;
    elements_ = scan.elements_from(0);
    return Fault::none;
}

// Of raw JSON each piece is looked at alone: "[1" and "2]" are JSON only together.
Fault PacketEncoder::add(const Argument& argument) {
    std::string_view text = argument.text_;
    switch (argument.kind_) {
        case Argument::Kind::value: break;
        case Argument::Kind::raw:
            if (scan_json_elements(text).fault() != JsonFault::none) {
                return Fault::payload_malformed;
            }
            break;
        case Argument::Kind::binary: {
            if (!joined_.empty()) joined_.push_back(',');
            append_placeholder(joined_, attachments_.size());
            attachments_.push_back(argument.bytes_);
            return Fault::none;
        }
        case Argument::Kind::arguments: {
            const Arguments& came = *argument.arguments_;
            const Fault fault = add_attachments(came);
            if (fault != Fault::none) return fault;
            text = came.text();
        }
    }
    if (!joined_.empty() && !text.empty()) joined_.push_back(',');
    joined_.append(text);
    return Fault::none;
}

// Its placeholders count from 0.
Fault PacketEncoder::add_attachments(const Arguments& came) {
    if (came.attachment_count() > 0 && !attachments_.empty()) return Fault::placeholder_repeated;
    for (std::size_t i = 0; i < came.attachment_count(); ++i) {
        attachments_.push_back(came.attachment(i));
    }
    return Fault::none;
}

}  // namespace edgews::sio
