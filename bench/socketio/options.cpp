#include "options.hpp"

#include <array>
#include <stdexcept>
#include <string>

#include "programs/common/number.hpp"

namespace load::sio {
namespace {

using programs::parse_number;

struct ModeName {
    Mode mode;
    std::string_view name;
};
constexpr std::array mode_names{
    ModeName{Mode::echo, "echo"},       ModeName{Mode::broadcast, "broadcast"},
    ModeName{Mode::connect, "connect"}, ModeName{Mode::upgrade, "upgrade"},
    ModeName{Mode::idle, "idle"},
};

bool take_transport(std::string_view value, Transport& transport) noexcept {
    transport = value == "polling" ? Transport::polling : Transport::websocket;
    return value == name_of(transport);
}

bool take_mode(std::string_view value, Mode& mode) noexcept {
    for (const ModeName& row : mode_names) {
        if (row.name != value) continue;
        mode = row.mode;
        return true;
    }
    return false;
}

bool take_option(std::string_view option, std::string_view value, Options& options) {
    if (option == "--transport") return take_transport(value, options.transport);
    if (option == "--host") return options.load.host = value, true;
    if (option == "--port") return parse_number(value, options.load.port);
    if (option == "--pid") return parse_number(value, options.load.pid);
    if (option == "--size") return parse_number(value, options.load.size);
    if (option == "--seconds") return parse_number(value, options.load.seconds);
    if (option == "--warm-up") return parse_number(value, options.load.warm_up);
    if (option == "--connections") {
        return parse_number(value, options.load.connections) && options.load.connections > 0;
    }
    if (option == "--in-flight") {
        return parse_number(value, options.load.in_flight) && options.load.in_flight > 0;
    }
    return false;
}

}  // namespace

std::string_view name_of(Mode mode) noexcept {
    return mode_names[static_cast<std::size_t>(mode)].name;
}

std::string_view name_of(Transport transport) noexcept {
    return transport == Transport::polling ? "polling" : "websocket";
}

Options parse_options(int count, const char* const* words) {
    Options options;
    if (count < 2 || !take_mode(words[1], options.mode)) {
        throw std::runtime_error("the first word is echo, broadcast, connect, upgrade or idle");
    }
    for (int i = 2; i < count; i += 2) {
        if (i + 1 < count && take_option(words[i], words[i + 1], options)) continue;
        throw std::runtime_error(std::string(words[i]) + " is not understood");
    }
    return options;
}

}  // namespace load::sio
