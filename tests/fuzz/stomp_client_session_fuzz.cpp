// Checks what a client makes of a server's bytes in STOMP:
//
// - A ClientSession says the same of an input whole, byte by byte, and cut at random.
// - CONNECTED comes first, and once; nothing follows an ERROR or a fault, and all that is behind
//   these is used up.
// - What it borrows is bounded by what arrived, as long as it goes on.
// - What it answers, an ACK of each message and a SEND and SUBSCRIBE to each destination that it
//   was told, is one frame, which says what the server said.
//
// The first byte of the input chooses the limits; the second seeds the cuts. The rest is what the
// server sends, behind a CONNECTED if the first byte says so.
#include "pieces.hpp"
#include "tests/support/stomp_frames.hpp"

#include "core/http/http_token.hpp"
#include "core/stomp/client_session.hpp"
#include "core/stomp/frame_reader.hpp"
#include "core/stomp/value_encoding.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace edgews;
using namespace edgews::fuzz;
using namespace edgews::stomp;

namespace {

using Bytes = std::vector<std::byte>;

void require(bool promise) {
    if (!promise) std::abort();
}

// What a server of that version reads: one frame, and nothing behind it.
void check_answer(ClientSession& session, Command command, std::string_view name,
                  std::string_view value) {
    const std::string output = std::exchange(session.output(), {});
    BufferPool pool(0);
    // It says the message's headers and some of its own, and escapes them.
    const FrameLimits limits{
        .header_count_max = 200, .header_size_max = 1 << 16, .head_size_max = 1 << 20};
    FrameReader reader(limits, pool);
    reader.set_version(session.version());
    std::span<const std::byte> input = std::as_bytes(std::span(output));
    const Frame* const frame = reader.next(input);
    require(frame != nullptr && frame->fault == Fault::none);
    require(frame->command == command);
    // In 1.0 blanks around a value are nobody's.
    if (session.version() == Version::v1_0) value = trim(value);
    require(frame->find(name) == value);
    require(input.empty() && reader.next(input) == nullptr);
}

void answer(ClientSession& session, const Frame& message) {
    const Version version = session.version();
    const std::string_view destination = message.find("destination").value_or("");
    const bool may_say = is_expressible(destination, HeaderPart::value, version);
    require(session.send({.destination = destination, .body = message.body}) == may_say);
    if (may_say) check_answer(session, Command::send, "destination", destination);
    require(session.subscribe(1, destination, AckMode::client, message.headers, 2) == may_say);
    if (may_say) check_answer(session, Command::subscribe, "destination", destination);
    const std::string_view ack = session.ack_of(message);
    const std::string_view subscription = message.find("subscription").value_or("");
    const bool may_acknowledge = is_expressible(ack, HeaderPart::value, version);
    require(
        session.acknowledge(Command::ack, {.ack = ack, .subscription = subscription}, {}, 0, 0));
    const std::string_view name = version == Version::v1_2 ? "id" : "message-id";
    if (may_acknowledge) check_answer(session, Command::ack, name, ack);
    session.output().clear();
}

class Hearing {
  public:
    explicit Hearing(const FrameLimits& limits) : session_(limits, pool_) {
        session_.connect({.host = "h"}, {.can_send_ms = 10, .wants_ms = 20});
        session_.output().clear();
    }

    void take(std::span<const std::byte> block, bool answers) {
        std::span<const std::byte> input = block;
        while (const ServerFrame* const frame = session_.next(input)) {
            require(!is_over_);
            note(*frame);
            if (answers && frame->kind == ServerFrame::Kind::message) {
                answer(session_, *frame->frame);
            }
        }
        require(input.empty());
        require(is_over_ == session_.is_over());
        arrived_ += block.size();
        // One block, of less than twice what arrived or of 256 bytes, and its header; over, it
        // keeps its last frame as long as it lives.
        require(is_over_ || pool_.lent_size() <= 2 * arrived_ + 320);
    }
    [[nodiscard]] const std::vector<std::string>& heard() const { return heard_; }

  private:
    void note(const ServerFrame& frame) {
        using Kind = ServerFrame::Kind;
        const bool is_first = heard_.empty();
        is_over_ = frame.kind == Kind::error || frame.kind == Kind::fault;
        require(is_over_ || is_first == (frame.kind == Kind::connected));
        require((frame.kind == Kind::fault) == (frame.fault != ServerFault::none));
        require(session_.is_connected() == !is_over_);
        if (frame.kind == Kind::connected) {
            const std::uint32_t send_ms = session_.send_every_ms();
            const std::uint32_t hear_ms = session_.hear_every_ms();
            require(send_ms == 0 || send_ms >= 10);
            require(hear_ms == 0 || hear_ms >= 20);
        }
        heard_.push_back(std::to_string(static_cast<int>(frame.kind)) + ' ' +
                         std::to_string(frame.number) + ' ' + std::string(describe(frame.fault)) +
                         ' ' + test::everything(*frame.frame));
    }

    BufferPool pool_{0};  // Keeps nothing: a sanitizer sees late uses.
    ClientSession session_;
    std::vector<std::string> heard_{};
    std::size_t arrived_ = 0;
    bool is_over_ = false;
};

std::vector<std::string> hear(const FrameLimits& limits, std::span<const std::byte> bytes,
                              Pieces pieces) {
    Hearing hearing(limits);
    std::size_t arrived = 0;
    while (arrived < bytes.size()) {
        const std::size_t size = pieces.next(bytes.size() - arrived);
        // Exactly its size, and gone afterwards.
        const Bytes block(bytes.begin() + static_cast<std::ptrdiff_t>(arrived),
                          bytes.begin() + static_cast<std::ptrdiff_t>(arrived + size));
        arrived += size;
        hearing.take(block, pieces.cut != Cut::byte_by_byte);
    }
    return hearing.heard();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const unsigned choice = data[0];
    const std::uint64_t seed = data[1];
    Bytes bytes;
    if ((choice & 3) != 3) {
        const std::string welcome =
            "CONNECTED\nversion:1." + std::to_string(choice & 3) + "\nheart-beat:5,40\n\n";
        bytes = test::stomp_bytes(welcome);
    }
    const auto rest = std::as_bytes(std::span(data, size)).subspan(2);
    bytes.insert(bytes.end(), rest.begin(), rest.end());

    FrameLimits limits;
    if ((choice & 4) != 0) limits.header_count_max = 4;
    if ((choice & 8) != 0) limits.header_size_max = 30;
    if ((choice & 16) != 0) limits.head_size_max = 90;
    if ((choice & 32) != 0) limits.body_size_max = 12;

    const std::vector<std::string> whole = hear(limits, bytes, {Cut::whole, seed});
    constexpr std::size_t slow_size = 4096;
    for (const Cut cut : {Cut::byte_by_byte, Cut::at_random}) {
        if (cut == Cut::byte_by_byte && bytes.size() > slow_size) continue;
        require(hear(limits, bytes, {cut, seed}) == whole);
    }
    return 0;
}
