#include <edgews/socketio_event.hpp>

#include "core/base/number.hpp"
#include "core/socketio/json_scan.hpp"
#include "core/socketio/json_string.hpp"
#include "core/socketio/packet.hpp"
#include "core/socketio/packet_assembler.hpp"

#include <cassert>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <system_error>

namespace edgews::sio {
namespace {

template <class Number>
bool parse_whole(std::string_view text, Number& value) noexcept {
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    return error == std::errc{} && stop == end;
}

// JavaScript writes 1e21, and others 3.0, for what is an integer.
template <class Number>
bool parse_integer(std::string_view text, Number& value) noexcept {
    if (parse_whole(text, value)) return true;
    double number = 0;
    if (!parse_whole(text, number) || std::trunc(number) != number) return false;
    constexpr auto end = static_cast<double>(std::numeric_limits<Number>::max());  // Rounded up.
    if (number < static_cast<double>(std::numeric_limits<Number>::min()) || number >= end) {
        return false;
    }
    value = static_cast<Number>(number);
    return true;
}

template <class Number>
std::string text_of(Number number) {
    std::array<char, 32> digits;
    const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    return {digits.data(), result.ptr};
}

}  // namespace

Json::Json(std::string text) : text_(std::move(text)) {
    const JsonScan scan = scan_json(text_);
    if (scan.fault() != JsonFault::none) {
        throw std::invalid_argument("sio::Json: " + std::string(describe(scan.fault())));
    }
}

Json json(std::string_view text) {
    std::string out;
    if (!append_json_string(out, text)) {
        throw std::invalid_argument("sio::json(): the text is not UTF-8");
    }
    return {Json::Known{}, std::move(out)};
}

Json json(bool value) {
    return {Json::Known{}, value ? "true" : "false"};
}

Json json(std::nullptr_t) {
    return {Json::Known{}, "null"};
}

Json json(double value) {
    return {Json::Known{}, std::isfinite(value) ? text_of(value) : "null"};
}

Json json_of(std::int64_t number) {
    return {Json::Known{}, text_of(number)};
}

Json json_of(std::uint64_t number) {
    return {Json::Known{}, text_of(number)};
}

Arguments::Arguments(const Packet& packet, std::span<const std::string_view> values,
                     std::span<const Attachment> attachments) noexcept
    : packet_(&packet),
      values_(values),
      attachments_(attachments.data()),
      attachment_count_(attachments.size()) {}

std::string_view Arguments::text() const noexcept {
    return packet_ == nullptr ? std::string_view{} : packet_->argument_text.text();
}

std::span<const std::byte> Arguments::attachment(std::size_t index) const noexcept {
    assert(index < attachment_count_);
    return attachments_[index].bytes();
}

bool Arguments::read(std::size_t index, std::int64_t& value) const noexcept {
    return parse_integer((*this)[index], value);
}

bool Arguments::read(std::size_t index, std::uint64_t& value) const noexcept {
    return parse_integer((*this)[index], value);
}

bool Arguments::read(std::size_t index, double& value) const noexcept {
    return parse_whole((*this)[index], value);
}

bool Arguments::read(std::size_t index, std::string& value) const {
    const std::string_view text = (*this)[index];
    if (!text.starts_with('"')) return false;
    std::string scratch;
    value = json_string_text(text, scratch);
    return true;
}

void Arguments::throw_no_value(std::size_t index) {
    throw std::invalid_argument("sio::Arguments::get(): argument " + std::to_string(index) +
                                " is no such value");
}

}  // namespace edgews::sio
