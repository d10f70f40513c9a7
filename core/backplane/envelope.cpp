#include "core/backplane/envelope.hpp"

#include <algorithm>
#include <cassert>

namespace edgews::backplane {

namespace {

constexpr std::uint8_t version = 1;
constexpr std::uint8_t named_bit = 0x80;
constexpr std::size_t name_head_size = 2;
constexpr std::size_t age_offset = 14;

template <class Number>
void append_number(std::string& out, Number number) {
    for (unsigned shift = sizeof(Number) * 8; shift > 0;) {
        shift -= 8;
        out.push_back(static_cast<char>(static_cast<std::uint64_t>(number) >> shift));
    }
}

template <class Number>
Number read_number(std::span<const std::byte> bytes) noexcept {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i) {
        number = number << 8 | std::to_integer<std::uint64_t>(bytes[i]);
    }
    return static_cast<Number>(number);
}

Envelope faulty(EnvelopeFault fault) noexcept {
    Envelope envelope;
    envelope.fault = fault;
    return envelope;
}

bool are_topics(std::span<const std::byte> payload) noexcept {
    TopicReader reader(payload);
    while (reader.next()) {
    }
    return reader.is_at_end();
}

EnvelopeFault fault_of(const Envelope& envelope) noexcept {
    using Kind = Envelope::Kind;
    if (envelope.kind == Kind::ask) {
        return are_topics(envelope.payload) ? EnvelopeFault::none : EnvelopeFault::topics_malformed;
    }
    if (envelope.sequence == 0) return EnvelopeFault::sequence_zero;
    const bool is_mark = envelope.kind == Kind::mark;
    return is_mark && !envelope.payload.empty() ? EnvelopeFault::payload_unexpected
                                                : EnvelopeFault::none;
}

}  // namespace

std::string to_string(NodeId node) {
    std::string text;
    for (unsigned shift = 64; shift > 0;) {
        shift -= 4;
        text.push_back("0123456789abcdef"[node >> shift & 15]);
    }
    return text;
}

std::string_view describe(EnvelopeFault fault) noexcept {
    switch (fault) {
        case EnvelopeFault::none: return "no fault";
        case EnvelopeFault::cut: return "an envelope ends within its head";
        case EnvelopeFault::version_unknown: return "an envelope has an unknown version";
        case EnvelopeFault::kind_unknown: return "an envelope has an unknown kind";
        case EnvelopeFault::sequence_zero: return "an envelope has the sequence 0";
        case EnvelopeFault::payload_unexpected: return "a mark has a payload";
        case EnvelopeFault::topics_malformed: return "the topics asked about are malformed";
    }
    return "";
}

void append_envelope(std::string& out, const Envelope& envelope) {
    assert(envelope.name.size() <= topic_size_max);
    const bool is_named = !envelope.name.empty();
    out.push_back(static_cast<char>(version));
    out.push_back(
        static_cast<char>(static_cast<std::uint8_t>(envelope.kind) | (is_named ? named_bit : 0)));
    append_number(out, envelope.node);
    append_number(out, envelope.run);
    append_number(out, envelope.age_ms);
    append_number(out, envelope.sequence);
    if (is_named) append_topic(out, envelope.name);
    out.append(reinterpret_cast<const char*>(envelope.payload.data()), envelope.payload.size());
}

void add_age(std::string& envelope, std::uint64_t milliseconds) noexcept {
    const auto bytes = std::as_bytes(std::span(envelope)).subspan(age_offset);
    const std::uint64_t age_ms = read_number<std::uint32_t>(bytes);
    std::uint64_t left = std::min<std::uint64_t>(UINT32_MAX, age_ms + milliseconds);
    for (std::size_t i = sizeof(std::uint32_t); i > 0; left >>= 8) {
        envelope[age_offset + --i] = static_cast<char>(left);
    }
}

Envelope parse_envelope(std::span<const std::byte> bytes) noexcept {
    if (bytes.empty()) return faulty(EnvelopeFault::cut);
    if (std::to_integer<std::uint8_t>(bytes[0]) != version) {
        return faulty(EnvelopeFault::version_unknown);
    }
    if (bytes.size() < envelope_head_size) return faulty(EnvelopeFault::cut);
    const auto kind = std::to_integer<std::uint8_t>(bytes[1]);
    const std::uint8_t number = kind & static_cast<std::uint8_t>(~named_bit);
    if (number > static_cast<std::uint8_t>(Envelope::Kind::ask)) {
        return faulty(EnvelopeFault::kind_unknown);
    }
    Envelope envelope{.kind = static_cast<Envelope::Kind>(number),
                      .node = read_number<NodeId>(bytes.subspan(2)),
                      .run = read_number<std::uint32_t>(bytes.subspan(10)),
                      .age_ms = read_number<std::uint32_t>(bytes.subspan(age_offset)),
                      .sequence = read_number<std::uint64_t>(bytes.subspan(18)),
                      .payload = bytes.subspan(envelope_head_size)};
    if ((kind & named_bit) != 0) {
        TopicReader reader(envelope.payload);
        const auto name = reader.next();
        if (!name) return faulty(EnvelopeFault::cut);
        envelope.name = *name;
        envelope.payload = envelope.payload.subspan(name_head_size + name->size());
    }
    const EnvelopeFault fault = fault_of(envelope);
    return fault == EnvelopeFault::none ? envelope : faulty(fault);
}

void append_topic(std::string& payload, std::string_view topic) {
    assert(topic.size() <= topic_size_max);
    append_number(payload, static_cast<std::uint16_t>(topic.size()));
    payload += topic;
}

std::optional<std::string_view> TopicReader::next() noexcept {
    if (rest_.size() < name_head_size) return std::nullopt;
    const std::size_t size = read_number<std::uint16_t>(rest_);
    if (rest_.size() - name_head_size < size) return std::nullopt;
    const auto* const text = reinterpret_cast<const char*>(rest_.data()) + name_head_size;
    rest_ = rest_.subspan(name_head_size + size);
    return std::string_view(text, size);
}

}  // namespace edgews::backplane
