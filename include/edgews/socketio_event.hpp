// The arguments of Socket.IO's events and acknowledgements, as they come and as they are sent.
//
//     socket.emit("moved", sio::json(3), sio::json("north"));       // 42["moved",3,"north"]
//     socket.emit("state", sio::raw(R"({"x":1},[2])"));             // 42["state",{"x":1},[2]]
//     socket.emit("picture", sio::binary(bytes));                   // 451-["picture",…] and bytes
//     socket.emit("again", event.raw());                            // As they came.
//
// JSON is not parsed, only checked: an argument is its text, and whoever wants the value of a
// number, a string or the like reads it by get().
#pragma once

#include <edgews/message.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace edgews::sio {

// The engine's.
struct AckState;    // net/socketio/ack_state.hpp
struct Attachment;  // core/socketio/packet_assembler.hpp
struct Packet;      // core/socketio/packet.hpp
class PacketEncoder;
class ClientOnLoop;

// One JSON value, which json() made.
class Json {
  public:
    // A text of the application's own making. Throws std::invalid_argument if it is not one JSON
    // value (RFC 8259).
    explicit Json(std::string text);

    [[nodiscard]] const std::string& text() const noexcept { return text_; }

  private:
    struct Known {};
    Json(Known, std::string text) noexcept : text_(std::move(text)) {}
    friend Json json(std::string_view text);
    friend Json json(bool value);
    friend Json json(std::nullptr_t);
    friend Json json(double value);
    friend Json json_of(std::int64_t number);
    friend Json json_of(std::uint64_t number);

    std::string text_;
};

// Values as JSON. Text must be UTF-8, or std::invalid_argument is thrown; a number that JSON does
// not have (NaN, infinity) is null, as JavaScript writes it.
[[nodiscard]] Json json(std::string_view text);
[[nodiscard]] inline Json json(const std::string& text) {
    return json(std::string_view(text));
}
[[nodiscard]] inline Json json(const char* text) {
    return json(std::string_view(text));
}
[[nodiscard]] Json json(bool value);
[[nodiscard]] Json json(std::nullptr_t);
[[nodiscard]] Json json(double value);
[[nodiscard]] Json json_of(std::int64_t number);
[[nodiscard]] Json json_of(std::uint64_t number);
template <std::integral Number>
[[nodiscard]] Json json(Number number) {
    if constexpr (std::is_signed_v<Number>) {
        return json_of(static_cast<std::int64_t>(number));
    } else {
        return json_of(static_cast<std::uint64_t>(number));
    }
}

// JSON values with commas between them: several arguments, or one, or none. They are checked when
// they are sent; what is not JSON is not sent, and the result is SendResult::invalid.
struct RawJson {
    std::string_view text;
};
[[nodiscard]] inline RawJson raw(std::string_view text) noexcept {
    return {text};
}

// Bytes, which are sent behind the event. Borrowed until it is sent.
struct Binary {
    std::span<const std::byte> bytes;
};
template <ByteRange Range>
[[nodiscard]] Binary binary(const Range& bytes) noexcept {
    return {std::as_bytes(std::span(bytes.data(), bytes.size()))};
}

// Arguments that came. Views, valid until the handler returns that was given them.
class Arguments {
  public:
    Arguments() = default;

    [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }
    // One argument as JSON text. Where an attachment belongs it is a placeholder. Empty: there are
    // not so many.
    [[nodiscard]] std::string_view operator[](std::size_t index) const noexcept {
        return index < values_.size() ? values_[index] : std::string_view{};
    }
    // All of them with commas between them.
    [[nodiscard]] std::string_view text() const noexcept;
    // All of them, attachments included, for emit() or an acknowledgement. In front of others that
    // have attachments.
    [[nodiscard]] const Arguments& raw() const noexcept { return *this; }

    // The value of an argument: a number (one that T holds), a bool, a std::string. Nothing: it is
    // no such value, or is not there.
    template <class T>
    [[nodiscard]] std::optional<T> find(std::size_t index) const;
    // The same, but throws std::invalid_argument, which in a handler ends the client's session.
    template <class T>
    [[nodiscard]] T get(std::size_t index) const {
        std::optional<T> value = find<T>(index);
        if (!value) throw_no_value(index);
        return *std::move(value);
    }

    [[nodiscard]] std::size_t attachment_count() const noexcept { return attachment_count_; }
    // Requires: index < attachment_count().
    [[nodiscard]] std::span<const std::byte> attachment(std::size_t index) const noexcept;

  private:
    friend class ClientOnLoop;
    friend class PacketEncoder;
    Arguments(const Packet& packet, std::span<const std::string_view> values,
              std::span<const Attachment> attachments) noexcept;
    [[nodiscard]] bool read(std::size_t index, std::int64_t& value) const noexcept;
    [[nodiscard]] bool read(std::size_t index, std::uint64_t& value) const noexcept;
    [[nodiscard]] bool read(std::size_t index, double& value) const noexcept;
    [[nodiscard]] bool read(std::size_t index, std::string& value) const;
    [[noreturn]] static void throw_no_value(std::size_t index);

    const Packet* packet_ = nullptr;  // Null: there are none.
    std::span<const std::string_view> values_{};
    const Attachment* attachments_ = nullptr;
    std::size_t attachment_count_ = 0;
};

// An event that a client sent.
class Event : public Arguments {
  public:
    [[nodiscard]] std::string_view name() const noexcept { return name_; }

  private:
    friend class ClientOnLoop;
    Event(std::string_view name, const Arguments& arguments) noexcept
        : Arguments(arguments), name_(name) {}

    std::string_view name_;
};

// What a client answered to a call.
class Reply : public Arguments {
  public:
    // False: there is no answer. The time was up, or the socket has ended.
    [[nodiscard]] bool ok() const noexcept { return is_ok_; }

  private:
    friend class ClientOnLoop;
    Reply() = default;
    explicit Reply(const Arguments& arguments) noexcept : Arguments(arguments), is_ok_(true) {}

    bool is_ok_ = false;
};

// One thing that is sent: a value, or several. A view of what it is made of.
class Argument {
  public:
    // NOLINTBEGIN(google-explicit-constructor): each of these is one.
    Argument(const Json& value) noexcept : kind_(Kind::value), text_(value.text()) {}
    Argument(const RawJson& values) noexcept : kind_(Kind::raw), text_(values.text) {}
    Argument(const Binary& binary) noexcept : kind_(Kind::binary), bytes_(binary.bytes) {}
    Argument(const Arguments& arguments) noexcept
        : kind_(Kind::arguments), arguments_(&arguments) {}
    // NOLINTEND(google-explicit-constructor)

  private:
    friend class PacketEncoder;
    enum class Kind : std::uint8_t { value, raw, binary, arguments };

    Kind kind_;
    std::string_view text_{};               // Of `value` and `raw`.
    std::span<const std::byte> bytes_{};    // Of `binary`.
    const Arguments* arguments_ = nullptr;  // Of `arguments`.
};

template <class... Values>
[[nodiscard]] std::array<Argument, sizeof...(Values)> arguments_of(
    const Values&... values) noexcept {
    return {Argument(values)...};
}

// The acknowledgement that a client asks for with an event. It can be copied, kept, and sent on any
// thread. The first call sends it; all others do nothing.
class Ack {
  public:
    // The client asks for none.
    Ack() = default;
    Ack(const Ack& other) noexcept;
    Ack(Ack&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    Ack& operator=(Ack other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    ~Ack();

    // The client asks for it, and it was not sent yet.
    [[nodiscard]] bool wanted() const noexcept;
    // `queued`: it is on its way to another thread's loop, or waits for the client. `closed`:
    // nobody wants it, or not any more.
    template <class... Values>
    SendResult operator()(const Values&... values) const {
        return send(arguments_of(values...));
    }
    SendResult send(std::span<const Argument> arguments) const;

  private:
    friend struct AckState;
    explicit Ack(AckState& state) noexcept : state_(&state) {}

    AckState* state_ = nullptr;  // Shared by all copies, counted. Null: there is none.
};

template <class T>
std::optional<T> Arguments::find(std::size_t index) const {
    if constexpr (std::is_same_v<T, bool>) {
        const std::string_view text = (*this)[index];
        return text == "true" || text == "false" ? std::optional(text == "true") : std::nullopt;
    } else if constexpr (std::is_same_v<T, std::string>) {
        std::string value;
        return read(index, value) ? std::optional(std::move(value)) : std::nullopt;
    } else if constexpr (std::is_floating_point_v<T>) {
        double value = 0;
        return read(index, value) ? std::optional(static_cast<T>(value)) : std::nullopt;
    } else {
        static_assert(std::is_integral_v<T>, "a number, a bool or a std::string");
        std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t> value = 0;
        if (!read(index, value) || !std::in_range<T>(value)) return std::nullopt;
        return static_cast<T>(value);
    }
}

}  // namespace edgews::sio
