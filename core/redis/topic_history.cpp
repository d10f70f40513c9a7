#include "core/redis/topic_history.hpp"

#include "core/base/number.hpp"

#include <array>
#include <charconv>
#include <system_error>

namespace edgews::redis {
namespace {

// Numbers are doubles, which hold 53 bits; without a format they would be written with 14 digits.
// A replica and a server without memory refuse the first thing that is written; its error is
// answered as it is, since servers before 7.0 would wrap it.
constexpr std::string_view script = R"lua(
local stream, place, command = KEYS[1], KEYS[2], ARGV[7]
local function text(number) return string.format('%.0f', number) end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local known = redis.call('HMGET', place, 'run', 'epoch', 'offset', 'size', 'before', 'until')
local epoch, offset, size = known[2], tonumber(known[3] or 0), tonumber(known[4] or 0)
local before, ends = known[5] or '', tonumber(known[6] or 0)
if known[1] ~= ARGV[1] then
    before, ends, epoch = epoch or '', offset, ARGV[2]
end
if command ~= '' then offset = offset + 1 end
local answer = redis.pcall('HSET', place, 'run', ARGV[1], 'epoch', epoch, 'offset', text(offset),
                           'before', before, 'until', text(ends))
if type(answer) == 'table' and answer.err then return answer end
redis.call('PEXPIRE', place, ARGV[4])
if not known[2] then redis.call('DEL', stream) end
if command ~= '' then
    redis.call('XADD', stream, text(offset) .. '-' .. text(now), '', ARGV[8])
    size = size + #ARGV[8]
end

while true do
    local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
    if not first then
        size = 0
        break
    end
    local at, since = string.match(first[1], '(%d+)-(%d+)')
    if tonumber(at) == offset then size = #first[2][2] end
    if offset - at < tonumber(ARGV[5]) and size <= tonumber(ARGV[6]) and
       now - since < tonumber(ARGV[3]) then break end
    redis.call('XDEL', stream, first[1])
    size = size - #first[2][2]
end
redis.call('HSET', place, 'size', text(size))

if command ~= '' then
    redis.call('PEXPIRE', stream, ARGV[3])
    redis.call(command, stream, epoch .. ':' .. text(offset) .. ':' .. ARGV[8])
    return text(offset)
end
local from, wants_rest, messages = tonumber(ARGV[9]), ARGV[10] == '1', {}
local is_known = ARGV[8] == epoch and from <= offset or ARGV[8] == before and from <= ends
if not is_known then from = ends end
if is_known or wants_rest then
    for i, entry in ipairs(redis.call('XRANGE', stream, text(from + 1), '+')) do
        messages[i] = entry[2][2]
    end
end
local is_whole = is_known and #messages == offset - from
if not is_whole and not wants_rest then messages = {} end
return {epoch, text(offset), is_whole and 1 or 0, messages}
)lua";

constexpr std::size_t offset_digit_count_max = 20;

std::optional<std::uint64_t> parse_epoch(std::string_view text) noexcept {
    if (text.size() != epoch_digit_count) return std::nullopt;
    std::uint64_t epoch = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, epoch, 16);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return epoch;
}

bool are_strings(const Value& values) noexcept {
    for (const Value value : values) {
        if (!value.is_string()) return false;
    }
    return values.kind() == Value::Kind::array;
}

}  // namespace

std::string_view topic_history_script() noexcept {
    return script;
}

std::optional<PlacedMessage> parse_placed_message(std::string_view payload) noexcept {
    // What is none is most often seen by this byte alone.
    if (payload.size() <= epoch_digit_count || payload[epoch_digit_count] != ':') {
        return std::nullopt;
    }
    const auto epoch = parse_epoch(payload.substr(0, epoch_digit_count));
    const std::string_view rest = payload.substr(epoch_digit_count + 1);
    const std::size_t end = rest.substr(0, offset_digit_count_max + 1).find(':');
    if (!epoch || end == std::string_view::npos) return std::nullopt;
    const auto offset = parse_number<std::uint64_t>(rest.substr(0, end));
    if (!offset || *offset == 0) return std::nullopt;
    return PlacedMessage{.epoch = *epoch, .offset = *offset, .message = rest.substr(end + 1)};
}

std::optional<TopicReading> parse_topic_reading(const Value& answer) noexcept {
    std::array<Value, 4> elements;
    if (answer.kind() != Value::Kind::array || answer.element_count() != elements.size()) {
        return std::nullopt;
    }
    auto* end = elements.begin();
    for (const Value element : answer) *end++ = element;
    const auto& [epoch_text, offset_text, is_whole, messages] = elements;
    const auto epoch = parse_epoch(epoch_text.text());
    const auto offset = parse_number<std::uint64_t>(offset_text.text());
    if (!epoch || !offset || is_whole.kind() != Value::Kind::integer) return std::nullopt;
    if (!are_strings(messages) || messages.element_count() > *offset) return std::nullopt;
    return TopicReading{.is_whole = is_whole.integer() == 1,
                        .epoch = *epoch,
                        .offset = *offset,
                        .messages = messages};
}

std::string_view run_of(std::string_view info) noexcept {
    constexpr std::string_view name = "\nrun_id:";
    const std::size_t found = info.find(name);
    if (found == std::string_view::npos) return {};
    const std::string_view rest = info.substr(found + name.size());
    return rest.substr(0, rest.find_first_of("\r\n")).substr(0, epoch_digit_count);
}

}  // namespace edgews::redis
