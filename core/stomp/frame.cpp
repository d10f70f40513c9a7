#include <edgews/stomp_frame.hpp>

namespace edgews::stomp {

std::string_view to_string(Command command) noexcept {
    switch (command) {
        case Command::unknown: return "";
        case Command::connect: return "CONNECT";
        case Command::send: return "SEND";
        case Command::subscribe: return "SUBSCRIBE";
        case Command::unsubscribe: return "UNSUBSCRIBE";
        case Command::ack: return "ACK";
        case Command::nack: return "NACK";
        case Command::begin: return "BEGIN";
        case Command::commit: return "COMMIT";
        case Command::abort: return "ABORT";
        case Command::disconnect: return "DISCONNECT";
        case Command::connected: return "CONNECTED";
        case Command::message: return "MESSAGE";
        case Command::receipt: return "RECEIPT";
        case Command::error: return "ERROR";
    }
    return "";
}

Command command_of(std::string_view name) noexcept {
    // At most three have one size: sooner found than by any hash.
    const auto either = [name](Command a, Command b) {
        if (name == to_string(a)) return a;
        return name == to_string(b) ? b : Command::unknown;
    };
    switch (name.size()) {
        case 3: return either(Command::ack, Command::ack);
        case 4: return either(Command::send, Command::nack);
        case 5:
            if (name == "STOMP") return Command::connect;
            if (name == "ERROR") return Command::error;
            return either(Command::begin, Command::abort);
        case 6: return either(Command::commit, Command::commit);
        case 7:
            if (name == "CONNECT") return Command::connect;
            return either(Command::message, Command::receipt);
        case 9: return either(Command::subscribe, Command::connected);
        case 10: return either(Command::disconnect, Command::disconnect);
        case 11: return either(Command::unsubscribe, Command::unsubscribe);
        default: return Command::unknown;
    }
}

std::optional<std::string_view> Frame::find(std::string_view name) const noexcept {
    for (const Header& header : headers) {
        if (header.name == name) return header.value;
    }
    return std::nullopt;
}

}  // namespace edgews::stomp
