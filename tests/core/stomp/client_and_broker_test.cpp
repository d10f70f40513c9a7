// A client's session and the broker's own, joined in memory: each understands the other, in every
// version.
#include "core/base/buffer.hpp"
#include "core/stomp/client_session.hpp"

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "peers.hpp"
#include "tests/support/bytes.hpp"

namespace edgews::stomp::test {
namespace {

using edgews::test::Bytes;
using edgews::test::bytes_of;
using edgews::test::text_of;

using Kind = ServerFrame::Kind;

// A client at a broker's other end.
class Guest {
  public:
    struct Heard {
        Kind kind = Kind::fault;
        std::uint64_t number = 0;
        std::string ack{};
        std::string subscription{};
        std::string destination{};
        std::string text{};  // The body; of an ERROR its message.
        std::string line{};  // The header "line".

        [[nodiscard]] ToAcknowledge to_acknowledge() const {
            return {.ack = ack, .subscription = subscription};
        }
    };

    // Connected by that version.
    Guest(Peers& peers, std::string_view version) : peer_(peers.add()) {
        session.connect({.host = "x", .login = "joe", .passcode = "secret"}, {});
        std::string& output = session.output();
        const std::string_view offered = "1.0,1.1,1.2";
        output.replace(output.find(offered), offered.size(), version);
        EXPECT_EQ(hear().kind, Kind::connected);
        EXPECT_EQ(to_string(session.version()), version);
    }
    // Says what there is to say, and returns what came first and was not heard yet.
    Heard hear() {
        talk();
        if (peer_.has_nothing()) {
            ADD_FAILURE() << "nothing came";
            return {};
        }
        const Bytes bytes = bytes_of(peer_.take_any().raw + '\0');
        std::span<const std::byte> input(bytes);
        const ServerFrame* const frame = session.next(input);
        EXPECT_TRUE(frame != nullptr && input.empty());
        if (frame == nullptr) return {};
        EXPECT_EQ(frame->fault, ServerFault::none) << describe(frame->fault);
        const auto header = [&](std::string_view name) {
            return std::string(frame->frame->find(name).value_or(""));
        };
        return {
            .kind = frame->kind,
            .number = frame->number,
            .ack = std::string(session.ack_of(*frame->frame)),
            .subscription = header("subscription"),
            .destination = header("destination"),
            .text = frame->kind == Kind::error ? header("message") : text_of(frame->frame->body),
            .line = header("line")};
    }
    void expect_receipt(std::uint64_t number) {
        const Heard heard = hear();
        EXPECT_EQ(heard.kind, Kind::receipt);
        EXPECT_EQ(heard.number, number);
    }
    Heard expect_message(std::uint64_t subscription, std::string_view text) {
        Heard heard = hear();
        EXPECT_EQ(heard.kind, Kind::message);
        EXPECT_EQ(heard.number, subscription);
        EXPECT_EQ(heard.text, text);
        return heard;
    }
    void expect_nothing() {
        talk();
        EXPECT_TRUE(peer_.has_nothing());
    }
    void send(std::string_view destination, std::string_view text, std::uint64_t transaction = 0,
              std::uint64_t receipt = 0) {
        const Bytes body = bytes_of(text);
        EXPECT_TRUE(session.send({.destination = destination,
                                  .body = body,
                                  .transaction = transaction,
                                  .receipt = receipt}));
    }
    void settle(Command command, const Heard& message, std::uint64_t transaction = 0,
                std::uint64_t receipt = 0) {
        EXPECT_TRUE(
            session.acknowledge(command, message.to_acknowledge(), {}, transaction, receipt));
    }
    void leave() { peer_.vanish(); }

    FrameLimits limits{};
    BufferPool pool{0};
    ClientSession session{limits, pool};

  private:
    void talk() {
        const std::string output = std::exchange(session.output(), {});
        if (!output.empty()) peer_.say_bytes(output);
    }

    Peer& peer_;
};

class StompClientAndBroker : public testing::TestWithParam<std::string_view> {
  protected:
    Peers peers{};
    Guest guest{peers, GetParam()};
};

INSTANTIATE_TEST_SUITE_P(, StompClientAndBroker, testing::ValuesIn(versions), [](const auto& row) {
    std::string name(row.param);
    name[1] = '_';
    return name;
});

TEST_P(StompClientAndBroker, what_is_sent_to_a_topic_comes_to_its_subscriptions) {
    EXPECT_TRUE(guest.session.subscribe(1, "/topic/a", AckMode::automatic, {}, 1));
    EXPECT_TRUE(guest.session.subscribe(2, "/topic/*", AckMode::automatic, {}, 2));
    guest.expect_receipt(1);
    guest.expect_receipt(2);
    Guest other(peers, "1.2");
    other.send("/topic/a", "hello", 0, 9);
    other.expect_receipt(9);
    const std::uint64_t first = guest.hear().number;
    EXPECT_EQ(guest.expect_message(3 - first, "hello").destination, "/topic/a");
    guest.session.unsubscribe(1, {}, 3);
    guest.expect_receipt(3);
    other.send("/topic/a", "more");
    other.expect_nothing();
    guest.expect_message(2, "more");
    guest.expect_nothing();
}

TEST_P(StompClientAndBroker, headers_and_bodies_arrive_as_they_were_given) {
    EXPECT_TRUE(guest.session.subscribe(1, "/queue/a", AckMode::automatic, {}, 0));
    const bool has_escapes = GetParam() != "1.0";
    const std::string line = has_escapes ? "a:b\\c\nd" : "a:b\\c";
    const Header headers[] = {{"line", line}};
    const Bytes body = bytes_of(std::string_view("\0\n\0x", 4));
    EXPECT_TRUE(guest.session.send({.destination = "/queue/a", .headers = headers, .body = body}));
    EXPECT_EQ(guest.expect_message(1, text_of(body)).line, line);
    guest.send("/queue/a", "");
    guest.expect_message(1, "");
}

TEST_P(StompClientAndBroker, a_message_is_gone_when_it_was_acknowledged) {
    const AckMode mode = GetParam() == "1.0" ? AckMode::client : AckMode::client_individual;
    EXPECT_TRUE(guest.session.subscribe(7, "/queue/a", mode, {}, 0));
    guest.send("/queue/a", "1");
    guest.send("/queue/a", "2");
    const Guest::Heard first = guest.expect_message(7, "1");
    guest.expect_message(7, "2");
    guest.settle(Command::ack, first, 0, 5);
    guest.expect_receipt(5);
    guest.leave();
    Guest other(peers, GetParam());
    EXPECT_TRUE(other.session.subscribe(8, "/queue/a", mode, {}, 0));
    other.expect_message(8, "2");
    other.expect_nothing();
}

TEST_P(StompClientAndBroker, what_is_not_accepted_comes_again) {
    if (GetParam() == "1.0") {
        EXPECT_FALSE(guest.session.acknowledge(Command::nack, {.ack = "1"}, {}, 0, 0));
        return guest.expect_nothing();
    }
    EXPECT_TRUE(guest.session.subscribe(7, "/queue/a", AckMode::client_individual, {}, 0));
    guest.send("/queue/a", "1");
    guest.settle(Command::nack, guest.expect_message(7, "1"));
    guest.settle(Command::ack, guest.expect_message(7, "1"), 0, 1);
    guest.expect_receipt(1);
    guest.expect_nothing();
}

TEST_P(StompClientAndBroker, a_transaction_happens_as_a_whole_or_not) {
    EXPECT_TRUE(guest.session.subscribe(1, "/queue/in", AckMode::client, {}, 0));
    EXPECT_TRUE(guest.session.subscribe(2, "/queue/out", AckMode::automatic, {}, 0));
    guest.send("/queue/in", "question");
    const Guest::Heard question = guest.expect_message(1, "question");
    guest.session.transact(Command::begin, 1, 0);
    guest.send("/queue/out", "wrong", 1);
    guest.settle(Command::ack, question, 1);
    guest.session.transact(Command::abort, 1, 2);
    guest.expect_receipt(2);
    guest.session.transact(Command::begin, 2, 3);
    guest.expect_receipt(3);
    guest.send("/queue/out", "right", 2);
    guest.settle(Command::ack, question, 2);
    guest.expect_nothing();
    guest.session.transact(Command::commit, 2, 4);
    guest.expect_receipt(4);
    guest.expect_message(2, "right");
    EXPECT_EQ(peers.broker().find_queue("/queue/in")->count(), 0U);
}

TEST_P(StompClientAndBroker, an_ERROR_names_the_frame_that_it_is_about) {
    guest.send("/topic/a", "", 99, 7);  // Nobody has begun it.
    const Guest::Heard error = guest.hear();
    EXPECT_EQ(error.kind, Kind::error);
    EXPECT_EQ(error.number, 7U);
    EXPECT_EQ(error.text, describe(Fault::transaction_unknown));
    EXPECT_TRUE(guest.session.is_over());
}

TEST_P(StompClientAndBroker, a_reply_is_of_no_subscription) {
    const Header headers[] = {{"reply-to", "/temp-queue/r"}};
    EXPECT_TRUE(guest.session.send({.destination = "/queue/ask", .headers = headers}));
    guest.expect_nothing();
    Guest other(peers, "1.2");
    EXPECT_TRUE(other.session.subscribe(1, "/queue/ask", AckMode::automatic, {}, 0));
    other.expect_message(1, "");
    other.send("/temp-queue/session-1/r", "answer");
    other.expect_nothing();
    guest.expect_message(0, "answer");
}

TEST_P(StompClientAndBroker, DISCONNECT_is_answered_last) {
    guest.send("/topic/a", "", 0, 1);
    guest.session.disconnect(2);
    guest.expect_receipt(1);
    guest.expect_receipt(2);
}

}  // namespace
}  // namespace edgews::stomp::test
