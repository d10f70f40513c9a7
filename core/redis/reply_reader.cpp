// How a byte goes through the reader.
//
//     line ──▶ line …             a value that is a line, or the head of an aggregate
//     line ──▶ text ──▶ line …    one whose line is the length of a text
//     … ──▶ delivered ──▶ line    the last value of a reply; a fault: discarding
//
// Every value becomes a node when its line is complete. A reply that begins and ends in one input
// stays where it is. What the input has of another is appended to held_, from then on step by step,
// so that nothing of the next reply gets there. Nodes count bytes from the reply's first, and are
// good wherever that lies.
//
// While an aggregate is open, its node has other contents: the number of elements that are still to
// come in `begin`, and the index of the aggregate that holds it in `node_count`. That is the whole
// stack. No number from a line is added to another before it was compared with what is left of a
// limit, and none of them decides how much memory is taken.
#include "core/redis/reply_reader.hpp"

#include "core/base/ascii.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <new>
#include <optional>
#include <type_traits>

namespace edgews::redis {
namespace {

// They lie in blocks that are moved, and given back, as bytes.
static_assert(std::is_trivially_copyable_v<Value::Node>);
static_assert(std::is_trivially_destructible_v<Value::Node>);

// Less does not get a large block on the word of its length.
constexpr std::size_t serious_size = 16 * 1024;

constexpr std::uint32_t line_end_size = 2;                     // CR LF
constexpr std::uint32_t verbatim_format_size = 4;              // "txt:"
constexpr std::uint64_t size_beyond = std::uint64_t{1} << 32;  // Over any limit.

// One that is beyond any limit is size_beyond. Nothing: it is no number.
std::optional<std::uint64_t> parse_length(std::string_view text) noexcept {
    if (text.empty()) return std::nullopt;
    std::uint64_t length = 0;
    for (const char c : text) {
        if (!is_digit(c)) return std::nullopt;
        length = std::min(length * 10 + static_cast<std::uint64_t>(c - '0'), size_beyond);
    }
    return length;
}

bool is_big_number(std::string_view text) noexcept {
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// What is wrong with a value that is this line.
Fault check_line(Value::Kind kind, std::string_view line) noexcept {
    using Kind = Value::Kind;
    if (kind == Kind::integer && !parse_integer(line)) return Fault::integer_malformed;
    if (kind == Kind::double_number && !parse_double(line)) return Fault::double_malformed;
    if (kind == Kind::boolean && line != "t" && line != "f") return Fault::boolean_malformed;
    if (kind == Kind::null && !line.empty()) return Fault::null_malformed;
    if (kind == Kind::big_number && !is_big_number(line)) return Fault::big_number_malformed;
    return Fault::none;
}

}  // namespace

// What the first byte of a value says.
struct ReplyReader::Type {
    enum class Form : std::uint8_t {
        line,       // The line is all.
        text,       // The line is the length of a text,
        verbatim,   // of one that begins with its format,
        aggregate,  // or the number of elements, or of pairs.
        streamed,
        unknown,
    };
    Form form = Form::unknown;
    Kind kind = Kind::null;
    bool may_be_null = false;  // By a length of -1.

    static constexpr Type of(char byte) noexcept {
        switch (byte) {
            case '+': return {Form::line, Kind::string};
            case '-': return {Form::line, Kind::error};
            case ':': return {Form::line, Kind::integer};
            case '_': return {Form::line, Kind::null};
            case '#': return {Form::line, Kind::boolean};
            case ',': return {Form::line, Kind::double_number};
            case '(': return {Form::line, Kind::big_number};
            case '$': return {Form::text, Kind::string, true};
            case '!': return {Form::text, Kind::error};
            case '=': return {Form::verbatim, Kind::string};
            case '*': return {Form::aggregate, Kind::array, true};
            case '~': return {Form::aggregate, Kind::set};
            case '%': return {Form::aggregate, Kind::map};
            case '>': return {Form::aggregate, Kind::push};
            case '|': return {Form::aggregate, Kind::attribute};
            case ';':
            case '.': return {Form::streamed};
            default: return {};
        }
    }

    // Of each byte: redis_reply/read takes 67 ns a message so, and 76 with the jumps of a switch.
    static constexpr std::array<Type, 256> table() noexcept {
        std::array<Type, 256> types{};
        for (int byte = 0; byte < 256; ++byte) {
            types[static_cast<std::size_t>(byte)] = of(static_cast<char>(byte));
        }
        return types;
    }
};

struct ReplyReader::Line {
    bool is_found = false;
    Fault fault = Fault::none;
    std::string_view text{};  // Between the type and the CR LF.
};

struct ReplyReader::Progress {
    enum class Outcome : std::uint8_t {
        more,      // All bytes belong to the reply, and so does what follows.
        value,     // A value has begun or ended, and the reply has not.
        complete,  // The reply has ended.
        failed,    // `fault`
    };
    Outcome outcome = Outcome::more;
    Fault fault = Fault::none;

    static Progress failed(Fault fault) noexcept { return {Outcome::failed, fault}; }
};

Reply ReplyReader::next(std::span<const std::byte>& input) noexcept {
    using Outcome = Progress::Outcome;
    if (step_ == Step::delivered) forget_reply();
    while (!input.empty() && step_ != Step::discarding) {
        if (held_) {
            const std::span<const std::byte> piece = input.first(wanted_size(input));
            hold(piece);
            input = input.subspan(piece.size());
        }
        const std::span<const std::byte> bytes = held_ ? held_.bytes() : input;
        const Progress progress = read(bytes);
        if (progress.outcome == Outcome::complete) {
            step_ = Step::delivered;
            if (!held_) input = input.subspan(value_begin_);
            return {.kind = Reply::Kind::whole, .value = {nodes().data(), bytes.data()}};
        }
        if (progress.outcome == Outcome::failed) {
            held_.reset();
            step_ = Step::discarding;
            input = input.last(0);
            return {.kind = Reply::Kind::fault, .fault = progress.fault};
        }
        if (held_) continue;
        hold(input);
        input = input.last(0);
    }
    input = input.last(0);
    if (!is_inside_reply()) nodes_.reset();
    return {};
}

bool ReplyReader::is_inside_reply() const noexcept {
    return step_ == Step::text || (step_ == Step::line && held_);
}

// Goes on as far as `bytes` go: all that is there of the reply.
ReplyReader::Progress ReplyReader::read(std::span<const std::byte> bytes) noexcept {
    using Outcome = Progress::Outcome;
    static constexpr std::array<Type, 256> types = Type::table();
    for (;;) {
        Progress progress;
        if (step_ == Step::text) {
            if (bytes.size() < text_end_) return {};
            progress = end_text(bytes);
        } else {
            if (value_begin_ >= limits_->size_max) return Progress::failed(Fault::reply_too_big);
            if (value_begin_ == bytes.size()) return {};
            const Type type = types[std::to_integer<std::size_t>(bytes[value_begin_])];
            if (type.form == Type::Form::unknown) return Progress::failed(Fault::type_unknown);
            if (type.form == Type::Form::streamed) return Progress::failed(Fault::type_streamed);
            const Line line = find_line(bytes);
            if (line.fault != Fault::none) return Progress::failed(line.fault);
            if (!line.is_found) return {};
            progress = begin_value(type, line.text);
        }
        if (progress.outcome != Outcome::value) return progress;
    }
}

// The line that the next value begins with. A limit comes before all else that is wrong, as if
// bytes came one by one.
ReplyReader::Line ReplyReader::find_line(std::span<const std::byte> bytes) noexcept {
    constexpr std::byte cr{'\r'};
    constexpr std::byte lf{'\n'};
    const std::size_t begin = value_begin_ + std::size_t{1};
    const std::size_t end = std::min<std::size_t>(bytes.size(), limits_->size_max);
    std::size_t at = std::max<std::size_t>(searched_, begin);
    while (at < end && bytes[at] != cr && bytes[at] != lf) ++at;
    searched_ = static_cast<std::uint32_t>(at);
    if (at >= end) return {.fault = at < limits_->size_max ? Fault::none : Fault::reply_too_big};
    if (bytes[at] == lf) return {.fault = Fault::line_end_malformed};
    if (at + 1 == limits_->size_max) return {.fault = Fault::reply_too_big};
    if (at + 1 == bytes.size()) return {};
    if (bytes[at + 1] != lf) return {.fault = Fault::line_end_malformed};
    const auto* const text = reinterpret_cast<const char*>(bytes.data());
    return {.is_found = true, .text = {text + begin, at - begin}};
}

// Requires: searched_ is the end of `line`.
ReplyReader::Progress ReplyReader::begin_value(Type type, std::string_view line) noexcept {
    const std::uint32_t begin = value_begin_ + 1;
    value_begin_ = searched_ + line_end_size;
    if (type.form == Type::Form::line) {
        const Fault fault = check_line(type.kind, line);
        if (fault != Fault::none) return Progress::failed(fault);
        return add_whole({.begin = begin, .size = searched_ - begin, .kind = type.kind});
    }
    if (line == "?") return Progress::failed(Fault::type_streamed);
    if (type.may_be_null && line == "-1") return add_whole({.kind = Kind::null});
    const std::optional<std::uint64_t> length = parse_length(line);
    if (!length) return Progress::failed(Fault::length_malformed);
    if (type.form == Type::Form::aggregate) return begin_aggregate(type.kind, *length);
    return begin_text(type, *length);
}

ReplyReader::Progress ReplyReader::begin_text(Type type, std::uint64_t size) noexcept {
    is_verbatim_ = type.form == Type::Form::verbatim;
    const std::uint32_t format_size = is_verbatim_ ? verbatim_format_size : 0;
    if (size < format_size) return Progress::failed(Fault::verbatim_malformed);
    if (size + line_end_size > limits_->size_max - value_begin_) {
        return Progress::failed(Fault::reply_too_big);
    }
    const auto text_size = static_cast<std::uint32_t>(size);
    add({.begin = value_begin_ + format_size, .size = text_size - format_size, .kind = type.kind});
    text_end_ = value_begin_ + text_size + line_end_size;
    step_ = Step::text;
    return {Progress::Outcome::value};
}

// Requires: `bytes` reach to text_end_.
ReplyReader::Progress ReplyReader::end_text(std::span<const std::byte> bytes) noexcept {
    const auto line_end = bytes.subspan(text_end_ - line_end_size, line_end_size);
    if (line_end[0] != std::byte{'\r'} || line_end[1] != std::byte{'\n'}) {
        return Progress::failed(Fault::string_end_missing);
    }
    if (is_verbatim_ && bytes[nodes().back().begin - 1] != std::byte{':'}) {
        return Progress::failed(Fault::verbatim_malformed);
    }
    value_begin_ = text_end_;
    step_ = Step::line;
    return {end_value() ? Progress::Outcome::complete : Progress::Outcome::value};
}

// `count`: of elements, or of pairs.
ReplyReader::Progress ReplyReader::begin_aggregate(Kind kind, std::uint64_t count) noexcept {
    if (kind == Kind::push && open_ != no_node) return Progress::failed(Fault::push_inside_reply);
    if (depth_ >= limits_->depth_max) return Progress::failed(Fault::reply_too_deep);
    const bool has_pairs = kind == Kind::map || kind == Kind::attribute;
    const std::uint64_t element_count = has_pairs ? 2 * count : count;
    if (element_count > limits_->element_count_max - element_count_) {
        return Progress::failed(Fault::reply_has_too_many);
    }
    const auto added = static_cast<std::uint32_t>(element_count);
    element_count_ += added;
    if (added == 0 && kind == Kind::attribute) return {Progress::Outcome::value};
    if (added == 0) return add_whole({.kind = kind});
    const auto index = static_cast<std::uint32_t>(nodes().size());
    add({.begin = added, .size = added, .node_count = open_, .kind = kind});
    open_ = index;
    ++depth_;
    return {Progress::Outcome::value};
}

ReplyReader::Progress ReplyReader::add_whole(Value::Node node) noexcept {
    add(node);
    return {end_value() ? Progress::Outcome::complete : Progress::Outcome::value};
}

// A value is complete, and so are the aggregates whose last it is. True: it was the reply's last.
bool ReplyReader::end_value() noexcept {
    while (open_ != no_node) {
        const std::uint32_t index = open_;
        Value::Node& aggregate = nodes()[index];
        if (--aggregate.begin > 0) return false;
        open_ = aggregate.node_count;
        --depth_;
        if (aggregate.kind == Kind::attribute) {
            // It is left out. What it belongs to follows.
            nodes_.clear();
            nodes_.commit(index * sizeof(Value::Node));
            return false;
        }
        aggregate.node_count = static_cast<std::uint32_t>(nodes().size()) - index;
    }
    return true;
}

std::span<Value::Node> ReplyReader::nodes() const noexcept {
    const std::span<std::byte> bytes = nodes_.bytes();
    return {reinterpret_cast<Value::Node*>(bytes.data()), bytes.size() / sizeof(Value::Node)};
}

void ReplyReader::add(Value::Node node) noexcept {
    pool_->reserve(nodes_, sizeof node);
    ::new (nodes_.free_space().data()) Value::Node(node);
    nodes_.commit(sizeof node);
}

// Bytes of the input that belong to the reply for certain: at least one, and at most those that the
// next step needs. Requires: something is held, and the input is not empty.
std::size_t ReplyReader::wanted_size(std::span<const std::byte> input) const noexcept {
    if (step_ == Step::text) return std::min(input.size(), text_end_ - held_.size());
    const void* const lf = std::memchr(input.data(), '\n', input.size());
    if (lf == nullptr) return input.size();
    return static_cast<std::size_t>(static_cast<const std::byte*>(lf) - input.data()) + 1;
}

// Appends to what is held of the reply. A block has room for less than twice what arrived, or for
// 256 bytes.
void ReplyReader::hold(std::span<const std::byte> piece) noexcept {
    std::size_t hoped_for = 0;
    if (step_ == Step::text && held_.size() + piece.size() >= serious_size) {
        hoped_for = text_end_ - held_.size();
    }
    pool_->reserve(held_, piece.size(), hoped_for);
    held_.append(piece);
}

// Requires: it is complete. The nodes' block stays for the next reply of the same input.
void ReplyReader::forget_reply() noexcept {
    assert(open_ == no_node);
    assert(depth_ == 0);
    held_.reset();
    nodes_.clear();
    value_begin_ = searched_ = 0;
    element_count_ = 0;
    step_ = Step::line;
}

}  // namespace edgews::redis
