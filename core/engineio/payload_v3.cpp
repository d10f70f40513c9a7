#include "core/engineio/payload_v3.hpp"

#include "core/base/number.hpp"
#include "core/engineio/packet_v3.hpp"
#include "core/kernels/utf8.hpp"

#include <algorithm>
#include <string_view>

namespace edgews::engineio {
namespace {

constexpr std::size_t length_digit_count_max = 10;
constexpr std::byte text_mark{0}, bytes_mark{1}, length_end{0xFF};

// Of one packet: how long it is, and how many bytes say so.
struct Length {
    Fault fault = Fault::none;
    std::size_t value = 0;
    std::size_t size = 0;  // What ends it included.
};

// `zero`: what stands for the digit 0, and those above it for the others. `end`: what ends it.
Length read_length(std::span<const std::byte> text, std::byte zero, std::byte end) noexcept {
    const std::span<const std::byte> room =
        text.first(std::min(text.size(), length_digit_count_max + 1));
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < room.size(); ++i) {
        if (room[i] == end && i > 0) return {Fault::none, static_cast<std::size_t>(value), i + 1};
        const unsigned digit = std::to_integer<unsigned>(room[i]) - std::to_integer<unsigned>(zero);
        if (digit > 9 || (i > 0 && value == 0)) break;
        value = value * 10 + digit;
    }
    return {.fault = Fault::length_malformed};
}

// Bytes of a character whose first one is that. Requires: UTF-8.
constexpr std::size_t character_size(std::byte first) noexcept {
    if (first < std::byte{0x80}) return 1;
    if (first < std::byte{0xE0}) return 2;
    return first < std::byte{0xF0} ? 3 : 4;
}

// Those of four bytes are two units, and all others one.
constexpr std::size_t units_of(std::size_t character_size) noexcept {
    return character_size == 4 ? 2 : 1;
}

struct Cut {
    Fault fault = Fault::none;
    std::size_t size = 0;  // Bytes.
};

// So many UTF-16 units of a text that is UTF-8.
Cut cut_units(std::span<const std::byte> text, std::size_t unit_count) noexcept {
    std::size_t size = 0;
    while (unit_count > 0) {
        if (size == text.size()) return {.fault = Fault::length_beyond_payload};
        const std::size_t step = character_size(text[size]);
        if (units_of(step) > unit_count) return {.fault = Fault::length_cuts_character};
        unit_count -= units_of(step);
        size += step;
    }
    return {Fault::none, size};
}

std::size_t count_units(std::string_view text) noexcept {
    std::size_t count = 0;
    for (const char each : text) {
        const auto byte = static_cast<unsigned char>(each);
        count += static_cast<std::size_t>((byte & 0xC0U) != 0x80U) +
                 static_cast<std::size_t>(byte >= 0xF0U);
    }
    return count;
}

Fault check_body(std::span<const std::byte> body, PayloadForm form,
                 const PayloadLimits& limits) noexcept {
    if (body.size() > limits.size_max) return Fault::payload_too_big;
    if (body.empty()) return Fault::packet_empty;
    return form == PayloadForm::binary || is_utf8(body) ? Fault::none : Fault::payload_not_utf8;
}

}  // namespace

PayloadReaderV3::PayloadReaderV3(std::span<std::byte> body, PayloadForm form,
                                 const PayloadLimits& limits) noexcept
    : rest_(body),
      left_(limits.packet_count_max),
      form_(form),
      fault_(check_body(body, form, limits)) {}

std::optional<Packet> PayloadReaderV3::next() noexcept {
    if (is_at_end_) return std::nullopt;
    if (fault_ != Fault::none) return fail(fault_);
    if (left_ == 0) return fail(Fault::payload_has_too_many);
    --left_;
    const Packet packet = form_ == PayloadForm::text ? next_of_text() : next_of_binary();
    if (packet.fault != Fault::none) return fail(packet.fault);
    is_at_end_ = rest_.empty();
    return packet;
}

Packet PayloadReaderV3::next_of_text() noexcept {
    const Length length = read_length(rest_, std::byte{'0'}, std::byte{':'});
    if (length.fault != Fault::none) return {.fault = length.fault};
    const std::span<std::byte> text = rest_.subspan(length.size);
    const Cut cut = cut_units(text, length.value);
    if (cut.fault != Fault::none) return {.fault = cut.fault};
    rest_ = text.subspan(cut.size);
    return decode_packet_v3(text.first(cut.size));
}

Packet PayloadReaderV3::next_of_binary() noexcept {
    const std::byte mark = rest_.front();
    if (mark != text_mark && mark != bytes_mark) return {.fault = Fault::binary_payload_malformed};
    const Length length = read_length(rest_.subspan(1), std::byte{0}, length_end);
    if (length.fault != Fault::none) return {.fault = length.fault};
    const std::span<std::byte> behind = rest_.subspan(1 + length.size);
    if (length.value > behind.size()) return {.fault = Fault::length_beyond_payload};
    const std::span<std::byte> bytes = behind.first(length.value);
    rest_ = behind.subspan(length.value);
    if (mark == bytes_mark) return decode_binary_packet_v3(bytes);
    return is_utf8(bytes) ? decode_packet_v3(bytes) : Packet{.fault = Fault::payload_not_utf8};
}

Packet PayloadReaderV3::fail(Fault fault) noexcept {
    is_at_end_ = true;
    return {.fault = fault};
}

bool PayloadWriterV3::add(const Packet& packet) {
    const bool is_binary_form = form_ == PayloadForm::binary;
    const bool is_text = !packet.is_binary || !is_binary_form;
    const std::size_t packet_size = is_text ? encoded_size_v3(packet) : 1 + packet.data.size();
    const bool is_in_bytes = is_binary_form || packet.is_binary;  // Of base64 that is the same.
    std::string digits;
    append_number(digits, is_in_bytes ? packet_size : 1 + count_units(packet.text()));
    const std::size_t more = digits.size() + (is_binary_form ? 2 : 1) + packet_size;
    if (size() > 0 && (size() > size_max_ || more > size_max_ - size())) return false;
    if (is_binary_form) {
        out_->push_back(std::to_integer<char>(is_text ? text_mark : bytes_mark));
        for (const char digit : digits) out_->push_back(static_cast<char>(digit - '0'));
        out_->push_back(std::to_integer<char>(length_end));
    } else {
        out_->append(digits).push_back(':');
    }
    is_text ? append_packet_v3(*out_, packet) : append_binary_packet_v3(*out_, packet);
    return true;
}

}  // namespace edgews::engineio
