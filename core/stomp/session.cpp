#include "core/stomp/session.hpp"

#include "core/base/ascii.hpp"
#include "core/base/number.hpp"
#include "core/kernels/utf8.hpp"
#include "core/stomp/frame_writer.hpp"
#include "core/stomp/value_encoding.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <vector>

namespace edgews::stomp {
namespace {

// Of what was read once, by its limits: written anew it may be longer.
constexpr FrameLimits no_limits{.header_count_max = SIZE_MAX,
                                .header_size_max = SIZE_MAX,
                                .head_size_max = SIZE_MAX,
                                .body_size_max = SIZE_MAX};

// Of an offending frame, in the body of ERROR.
constexpr std::size_t echo_size_max = 2048;

// The beginning of `text`, cut between two characters.
std::string_view cut(std::string_view text, std::size_t size_max) noexcept {
    if (text.size() <= size_max) return text;
    std::size_t size = size_max;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
    return text.substr(0, size);
}

// CONNECT says who somebody is, in any header that the application likes.
bool is_secret(const Frame& frame, std::string_view name) noexcept {
    if (frame.command == Command::connect || frame.command == Command::unknown) {
        return name != "accept-version" && name != "host" && name != "heart-beat";
    }
    for (const std::string_view secret : {"login", "passcode", "authorization"}) {
        if (equals_ignoring_case(trim(name), secret)) return true;
    }
    return false;
}

// The application's words, whatever they are, as a body of text without NUL.
std::string as_text(std::string text) {
    const bool is_text = is_utf8(text);
    for (char& c : text) {
        if (c == '\0' || (!is_text && static_cast<unsigned char>(c) >= 0x80)) c = '?';
    }
    return text;
}

// What the client may see of its own frame; secrets stay out of bodies and logs.
std::string echo(const Frame& frame) {
    std::string out(to_string(frame.command));
    if (!out.empty()) out += '\n';
    for (const Header& header : frame.headers) {
        if (is_secret(frame, header.name)) continue;
        append_header(out, header, Version::v1_2);
        if (out.size() > echo_size_max) break;
    }
    return std::string(cut(out, echo_size_max));
}

}  // namespace

void Session::append_said(std::string& out, std::string_view name, std::string_view value,
                          Version version) {
    out += name;
    out += ':';
    append_escaped(out, value, version);
    out += '\n';
}

Session::Session(const SessionOptions& options, Broker& broker, ContentPool& contents,
                 BufferPool& buffers, std::string id)
    : options_(options),
      broker_(broker),
      contents_(contents),
      reader_(options.connecting, buffers),
      replay_reader_(no_limits, buffers) {
    outbox_.session_id = std::move(id);
}

const Request* Session::next(std::span<const std::byte>& input) noexcept {
    if (state_ != State::over && replayed_ < replay_.size()) return replay();
    const Frame* const frame = state_ == State::over ? nullptr : reader_.next(input);
    if (state_ == State::over) input = {};
    respelled_.reset();
    if (frame == nullptr) {
        request_ = {};
        wants_receipt_ = false;
        return nullptr;
    }

    request_ = {.frame = frame};
    // CONNECT never gets one (1.2, Header receipt).
    const bool may_ask = frame->command != Command::connect;
    const auto receipt = may_ask ? frame->find("receipt") : std::nullopt;
    wants_receipt_ = receipt.has_value();
    receipt_ = receipt.value_or("");
    checked_.emplace<std::monostate>();
    is_receipt_withheld_ = false;
    const Fault fault = check(*frame);
    if (fault == Fault::none) return &request_;
    refuse(fault);
    input = {};
    return nullptr;
}

// What a COMMIT left for the application, frame by frame.
const Request* Session::replay() {
    const std::span<const char> rest = std::span(replay_).subspan(replayed_);
    std::span<const std::byte> bytes = std::as_bytes(rest);
    const Frame* const frame = replay_reader_.next(bytes);
    assert(frame != nullptr);
    replayed_ = replay_.size() - bytes.size();
    wants_receipt_ = false;
    request_ = {.kind = Request::Kind::application,
                .frame = frame,
                .destination = frame->find("destination").value_or(""),
                .is_of_commit = true};
    return &request_;
}

void Session::answered() noexcept {
    if (wants_receipt_) write_receipt(output_);
    if (replay_.empty() || replayed_ < replay_.size()) return;
    output_ += receipts_after_replay_;
    replay_.clear();
    replayed_ = 0;
}

std::optional<std::string> Session::wanted_receipt() const {
    if (!wants_receipt_) return std::nullopt;
    return receipt_;
}

SubscriptionSetup& Session::setup_asked() {
    return std::get<ToSubscribe>(checked_).setup;
}

const Subscription* Session::subscription_asked() const noexcept {
    if (const auto* const unsubscribe = std::get_if<ToUnsubscribe>(&checked_)) {
        return outbox_.find(unsubscribe->id);
    }
    const auto* const settle = std::get_if<ToSettle>(&checked_);
    if (settle == nullptr || settle->transaction) return nullptr;
    return outbox_.find(settle->settling.id.subscription);
}

void Session::give_receipt() {
    if (const auto id = take_receipt()) confirm(*id);
}

std::optional<std::string> Session::take_receipt() {
    const bool is_withheld = std::exchange(is_receipt_withheld_, false);
    if (!is_withheld || !std::exchange(wants_receipt_, false)) return std::nullopt;
    return receipt_;
}

void Session::accept(std::string_view user) noexcept {
    assert(state_ == State::connecting);
    enter(State::connected);
    outbox_.user = user;
    reader_.set_version(version_);
    reader_.set_limits(options_.frame);

    const HeartBeat beat = options_.heart_beat;
    const std::string heart_beat =
        std::to_string(beat.can_send_ms) + ',' + std::to_string(beat.wants_ms);
    std::vector<Header> headers{{"version", to_string(version_)},
                                {"session", outbox_.session_id},
                                {"server", options_.server}};
    if (version_ != Version::v1_0) headers.push_back({"heart-beat", heart_beat});
    append_frame(output_, Command::connected, headers, {}, version_);
}

// The option that says how much is too much, and what it is. Empty: the fault is no limit's.
std::string Session::limit_of(Fault fault) const {
    struct Limit {
        Fault fault;
        std::string_view option;
        std::size_t value;
    };
    const FrameLimits& frame = options_.frame;
    const BrokerOptions& broker = broker_.options();
    const std::array<Limit, 20> limits{{
        {Fault::too_many_headers, "header_count_max", frame.header_count_max},
        {Fault::header_too_long, "header_size_max", frame.header_size_max},
        {Fault::head_too_big, "head_size_max", frame.head_size_max},
        {Fault::body_too_big, "body_size_max", frame.body_size_max},
        {Fault::too_many_transactions, "transaction_count_max", options_.transaction_count_max},
        {Fault::transaction_too_big, "transaction_frame_count_max",
         options_.transaction_frame_count_max},
        {Fault::transaction_too_big, "transaction_size_max", options_.transaction_size_max},
        {Fault::too_many_subscriptions, "subscription_count_max", broker.subscription_count_max},
        {Fault::too_many_subscriptions, "pattern_count_max", broker.pattern_count_max},
        {Fault::too_many_subscriptions, "subscriptions_size_max", broker.subscriptions_size_max},
        {Fault::too_many_shapes, "pattern_shape_count_max", broker.pattern_shape_count_max},
        {Fault::too_many_destinations, "destination_count_max", broker.destination_count_max},
        {Fault::queue_full, "message_count_max", broker.queue.message_count_max},
        {Fault::queue_full, "size_max", broker.queue.size_max},
        {Fault::queue_full, "queues_size_max", broker.queues_size_max},
        {Fault::memory_full, "memory_max", broker.memory_max},
        {Fault::too_slow, "backlog_size_max", broker.backlog_size_max},
        {Fault::too_slow, "slow_after_ms", broker.slow_after_ms},
        {Fault::too_slow, "backlog_size_cap", broker.backlog_size_cap},
        {Fault::too_slow, "backlogs_size_max", broker.backlogs_size_max},
    }};
    std::string text;
    for (const Limit& limit : limits) {
        if (limit.fault != fault) continue;
        if (!text.empty()) text += ", ";
        text += limit.option;
        text += " is ";
        append_number(text, limit.value);
    }
    return text;
}

void Session::refuse(Fault fault, std::string_view detail) noexcept {
    std::string body = detail.empty() ? limit_of(fault) : std::string(detail);
    if (request_.frame != nullptr) {
        if (!body.empty()) body += '\n';
        body += echo(*request_.frame);
    }
    fail(fault, std::move(body), wants_receipt_);
}

void Session::end(Fault fault, std::string_view detail) noexcept {
    fail(fault, detail.empty() ? limit_of(fault) : std::string(detail), false);
}

void Session::attend() noexcept {
    if (outbox_.fault != Fault::none) end(outbox_.fault, outbox_.reason);
}

std::string_view Session::append_front(const Outgoing& outgoing, std::string& front) const {
    const bool has_ack_header =
        version_ == Version::v1_2 && outgoing.subscription->is_acknowledged();
    front += outgoing.subscription->setup().front;
    if (has_ack_header) {
        front += "ack:";
        outgoing.id.append_to(front);
        front += '\n';
    }
    if (outgoing.subscription->queue != nullptr || outgoing.subscription->setup().is_relayed) {
        front += outgoing.is_redelivered ? "redelivered:true\n" : "redelivered:false\n";
    }
    if (outgoing.dropped_count > 0) {
        front += "dropped:";
        append_number(front, outgoing.dropped_count);
        front += '\n';
    }
    if (version_ == Version::v1_2) return outgoing.content.head(version_);
    // Before 1.2 message-id is what an ACK names, so it is another for each delivery.
    front += "message-id:";
    outgoing.id.append_to(front);
    front += '\n';
    return outgoing.content.head_after_id(version_);
}

std::uint32_t Session::send_every_ms() const noexcept {
    return agreed_ms(options_.heart_beat, client_heart_beat_);
}

std::uint32_t Session::hear_every_ms() const noexcept {
    return agreed_ms(client_heart_beat_, options_.heart_beat);
}

void Session::write_receipt(std::string& out) const {
    append_receipt(out, receipt_);
}

void Session::append_receipt(std::string& out, std::string_view id) const {
    out += "RECEIPT\n";
    append_said(out, "receipt-id", id, version_);
    out += '\n';
    out += '\0';
}

// A short message, the receipt of its frame, and what is to be said of it; and nothing after it
// (1.2, ERROR).
void Session::fail(Fault fault, std::string body, bool has_receipt) {
    if (state_ == State::over) return;
    enter(State::over);
    fault_ = fault;

    body = as_text(std::move(body));
    output_ += "ERROR\n";
    append_header(output_, {"message", describe(fault)}, version_);
    if (fault == Fault::no_common_version) {
        append_header(output_, {"version", supported_versions}, version_);
    }
    if (has_receipt) append_said(output_, "receipt-id", receipt_, version_);
    if (!body.empty()) {
        output_ += "content-type:text/plain\ncontent-length:";
        append_number(output_, body.size());
        output_ += '\n';
    }
    output_ += '\n';
    output_ += body;
    output_ += '\0';
}

}  // namespace edgews::stomp
