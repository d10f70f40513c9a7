#include "core/redis/command_writer.hpp"

#include "core/base/number.hpp"

#include <cassert>

namespace edgews::redis {
namespace {

// A type and a length, and both line ends of an argument.
constexpr std::size_t frame_size = 24;

void append_head(std::string& out, char type, std::size_t number) {
    out.push_back(type);
    append_number(out, number);
    out.append("\r\n");
}

}  // namespace

void append_command(std::string& out, std::span<const std::string_view> arguments) {
    std::size_t size = frame_size;
    for (const std::string_view argument : arguments) size += frame_size + argument.size();
    out.reserve(out.size() + size);
    append_command_head(out, arguments.size());
    for (const std::string_view argument : arguments) append_argument(out, argument);
}

void append_command(std::string& out, std::initializer_list<std::string_view> arguments) {
    append_command(out, std::span(arguments.begin(), arguments.size()));
}

void append_command_head(std::string& out, std::size_t argument_count) {
    assert(argument_count > 0);  // A server drops an empty array, and answers nothing.
    append_head(out, '*', argument_count);
}

void append_argument(std::string& out, std::string_view argument) {
    append_argument(out, std::span(&argument, 1));
}

void append_argument(std::string& out, std::span<const std::string_view> pieces) {
    std::size_t size = 0;
    for (const std::string_view piece : pieces) size += piece.size();
    append_head(out, '$', size);
    for (const std::string_view piece : pieces) out.append(piece);
    out.append("\r\n");
}

}  // namespace edgews::redis
