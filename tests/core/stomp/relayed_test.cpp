// Sessions of a relay: what of their requests is another broker's, and what comes back from there.
#include "core/stomp/relay_rules.hpp"
#include "core/stomp/session.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews::stomp::test {
namespace {

using Texts = std::vector<std::string>;
using Kind = Request::Kind;

std::string to_text(const Outbox::Settled& settled) {
    constexpr std::string_view verdicts[] = {"accepted", "requeue", "dead letter"};
    return std::to_string(settled.position) + ' ' +
           std::string(verdicts[static_cast<std::size_t>(settled.verdict)]);
}

class Relayed : public testing::Test {
  protected:
    explicit Relayed(BrokerOptions broker_options = {}) : broker(std::move(broker_options)) {
        session = std::make_unique<Session>(options, broker, contents, buffers, "session-1");
        session->set_relay(rules);
        session->outbox().is_taking = true;
    }
    ~Relayed() override { session->leave(); }

    void connect(const std::string& version = "1.2") {
        ask("CONNECT\nhost:h\naccept-version:" + version + "\n\n");
        session->accept("joe");
        output();
    }
    // The request that a frame makes; null: it was refused. The frame's memory goes with the next.
    const Request* ask(std::string_view frame) {
        said = std::make_unique<std::string>(frame);
        *said += '\0';
        std::span<const std::byte> input = std::as_bytes(std::span(*said));
        return session->next(input);
    }
    // Asks, and has it carried out.
    void say(std::string_view frame) {
        ASSERT_NE(ask(frame), nullptr);
        EXPECT_EQ(session->carry_out(), Outcome::done);
    }
    // What was written since; each NUL as '!'.
    std::string output() {
        std::string text = std::exchange(session->output(), {});
        for (char& c : text) c = c == '\0' ? '!' : c;
        return text;
    }
    void subscribe_own(const std::string& id, const std::string& lines,
                       const std::string& destination = "/queue/a") {
        ASSERT_NE(ask("SUBSCRIBE\nid:" + id + "\ndestination:" + destination + "\n" + lines + "\n"),
                  nullptr);
        session->setup_asked().is_relayed = true;
        ASSERT_EQ(session->carry_out(), Outcome::done);
    }
    void give(const std::string& id, std::uint64_t position, const std::string& body,
              bool is_redelivered = false) {
        Subscription& subscription = *session->outbox().find(std::string_view(id));
        broker.give(subscription,
                    {.content = contents.make(
                         {.destination = "/queue/a", .body = std::as_bytes(std::span(body))}),
                     .position = position,
                     .is_redelivered = is_redelivered});
    }
    // Sends what is ready: the bodies. The ids that acknowledge them are in `acks`.
    Texts take() {
        std::vector<Outgoing> outgoing;
        while (broker.collect(session->outbox(), 64 * 1024, outgoing)) {
        }
        Texts bodies;
        for (const Outgoing& message : outgoing) {
            const std::span<const std::byte> body = message.content.body();
            bodies.emplace_back(reinterpret_cast<const char*>(body.data()), body.size());
            acks.emplace_back();
            message.id.append_to(acks.back());
            fronts.emplace_back();
            static_cast<void>(session->append_front(message, fronts.back()));
            ids.push_back(message.id);
        }
        return bodies;
    }
    Texts settled() {
        Texts texts;
        for (const Outbox::Settled& one : std::exchange(session->outbox().settled, {})) {
            texts.push_back(to_text(one));
        }
        return texts;
    }

    const RelayRules rules{.prefixes = {"/topic/", "/queue/up/", "/queue/a"}};
    SessionOptions options{};
    BufferPool buffers{0};
    ContentPool contents{"m"};
    Broker broker;
    std::unique_ptr<Session> session{};
    std::unique_ptr<std::string> said{};
    Texts acks{};
    Texts fronts{};
    std::vector<DeliveryId> ids{};
};

struct RelayedAndSmall : Relayed {
    RelayedAndSmall() : Relayed({.backlog_size_max = 100}) {}
};
struct RelayedAndDropping : Relayed {
    RelayedAndDropping() : Relayed({.backlog_size_max = 100, .when_slow = WhenSlow::drop_oldest}) {}
};

TEST_F(Relayed, only_what_has_a_prefix_is_relayed) {
    connect();
    const auto is_relayed = [&](const std::string& destination) {
        const Request* const request = ask("SEND\ndestination:" + destination + "\n\n");
        EXPECT_NE(request, nullptr) << destination;
        return request != nullptr && request->is_relayed;
    };
    EXPECT_TRUE(is_relayed("/topic/a"));
    EXPECT_TRUE(is_relayed("/queue/up/x"));
    EXPECT_TRUE(is_relayed("/queue/ab"));
    EXPECT_FALSE(is_relayed("/queue/up"));
    EXPECT_FALSE(is_relayed("/queue/b"));
    EXPECT_FALSE(is_relayed("/app/a"));
    EXPECT_FALSE(is_relayed("/user/joe/queue/a"));
    EXPECT_FALSE(is_relayed("/temp-queue/a"));
}

TEST_F(Relayed, a_send_has_its_receipt_when_it_is_confirmed) {
    connect();
    ASSERT_NE(ask("SEND\ndestination:/topic/a\nreceipt:r\n\n"), nullptr);
    EXPECT_EQ(session->wanted_receipt(), "r");
    session->sent_up();
    EXPECT_EQ(output(), "");
    session->confirm("r");
    EXPECT_EQ(output(), "RECEIPT\nreceipt-id:r\n\n!");
    ASSERT_NE(ask("SEND\ndestination:/topic/a\n\n"), nullptr);
    EXPECT_EQ(session->wanted_receipt(), std::nullopt);
}

// An upstream broker's ERROR would be the end of what others share.
TEST_F(Relayed, a_send_is_checked_as_if_it_were_our_own) {
    for (const char* const lines : {"expires:soon\n", "expires:1\nexpires:-2\n", "expires:\n"}) {
        session->leave();
        session = std::make_unique<Session>(options, broker, contents, buffers, "session-2");
        session->set_relay(rules);
        connect();
        EXPECT_EQ(ask("SEND\ndestination:/topic/a\n" + std::string(lines) + "\n"), nullptr);
        EXPECT_EQ(session->fault(), Fault::expires_malformed) << lines;
    }
}

TEST_F(Relayed, a_send_with_expires_is_relayed) {
    connect();
    const Request* const request = ask("SEND\ndestination:/topic/a\nexpires:17\n\n");
    ASSERT_NE(request, nullptr);
    EXPECT_TRUE(request->is_relayed);
}

// Up there it would be a queue of the connection that all share.
TEST_F(Relayed, no_temporary_queue_of_ours_is_named_upstream) {
    connect();
    EXPECT_EQ(ask("SEND\ndestination:/queue/a\nreply-to:/queue/b\nreply-to:/temp-queue/mine\n\n"),
              nullptr);
    EXPECT_EQ(session->fault(), Fault::destination_not_relayed);
}

TEST_F(Relayed, another_reply_to_goes_up_as_it_is) {
    connect();
    EXPECT_NE(ask("SEND\ndestination:/queue/a\nreply-to:/queue/b\n\n"), nullptr);
}

TEST_F(Relayed, a_subscribe_has_its_receipt_when_it_is_given) {
    connect();
    ASSERT_NE(ask("SUBSCRIBE\nid:1\ndestination:/topic/a\nreceipt:r\ngap:true\n\n"), nullptr);
    session->withhold_receipt();
    EXPECT_TRUE(session->setup_asked().wants_gaps);
    EXPECT_EQ(session->carry_out(), Outcome::done);
    EXPECT_TRUE(broker.topics().has("/topic/a"));
    EXPECT_EQ(output(), "");
    session->give_receipt();
    EXPECT_EQ(output(), "RECEIPT\nreceipt-id:r\n\n!");
    session->give_receipt();
    EXPECT_EQ(output(), "");
}

TEST_F(Relayed, a_receipt_that_is_taken_is_given_once) {
    connect();
    ASSERT_NE(ask("SUBSCRIBE\nid:1\ndestination:/topic/a\nreceipt:r\n\n"), nullptr);
    session->withhold_receipt();
    EXPECT_EQ(session->carry_out(), Outcome::done);
    EXPECT_EQ(session->take_receipt(), "r");
    EXPECT_EQ(session->take_receipt(), std::nullopt);
    session->give_receipt();
    EXPECT_EQ(output(), "");
}

TEST_F(Relayed, what_is_refused_names_the_receipt_that_was_withheld) {
    connect();
    subscribe_own("1", "ack:client\n");
    give("1", 1, "x");
    take();
    say("ACK\nid:" + acks[0] + "\n\n");
    ASSERT_NE(ask("ACK\nid:" + acks[0] + "\nreceipt:r\n\n"), nullptr);
    session->withhold_receipt();
    EXPECT_EQ(session->carry_out(), Outcome::done);
    EXPECT_EQ(session->fault(), Fault::delivery_unknown);
    EXPECT_NE(output().find("receipt-id:r\n"), std::string::npos);
}

TEST_F(Relayed, a_message_goes_to_those_who_said_that_very_destination) {
    connect();
    say("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n");
    say("SUBSCRIBE\nid:2\ndestination:/topic/*\n\n");
    say("SUBSCRIBE\nid:3\ndestination:/topic/b\n\n");
    const std::string body = "x";
    const Content content =
        contents.make({.destination = "/topic/a", .body = std::as_bytes(std::span(body))});
    broker.send_to_exactly("/topic/a", content);
    take();
    EXPECT_EQ(fronts, Texts{"MESSAGE\nsubscription:1\n"});
    fronts.clear();
    broker.send_to_exactly("/topic/*", content);
    take();
    EXPECT_EQ(fronts, Texts{"MESSAGE\nsubscription:2\n"});
    EXPECT_EQ(broker.counters().received, 2U);
}

TEST_F(Relayed, a_gap_is_told_to_those_who_want_to_hear_of_it) {
    connect();
    say("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n");
    say("SUBSCRIBE\nid:2\ndestination:/topic/a\ngap:true\n\n");
    say("SUBSCRIBE\nid:3\ndestination:/topic/a\ngap:yes\n\n");
    EXPECT_EQ(broker.tell_gap("/topic/a", contents.make({.destination = "/topic/a"})), 3U);
    EXPECT_EQ(broker.tell_gap("/topic/b", contents.make({.destination = "/topic/b"})), 0U);
    take();
    EXPECT_EQ(fronts, Texts{"MESSAGE\nsubscription:2\n"});
}

TEST_F(Relayed, those_of_a_destination_end_together) {
    connect();
    say("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n");
    broker.end_subscribers("/topic/b", Fault::upstream_refused, "no");
    EXPECT_EQ(broker.next_attention(), nullptr);
    broker.end_subscribers("/topic/a", Fault::upstream_refused, "no");
    EXPECT_EQ(broker.next_attention(), &session->outbox());
    session->attend();
    EXPECT_EQ(session->fault(), Fault::upstream_refused);
    EXPECT_NE(output().find("\n\nno!"), std::string::npos);
}

TEST_F(Relayed, who_waits_is_let_go_on) {
    connect();
    broker.let_go_on(session->outbox());
    EXPECT_TRUE(session->outbox().may_try_again);
    EXPECT_EQ(broker.next_attention(), &session->outbox());
}

TEST_F(Relayed, a_relayed_subscription_is_in_no_topic_and_no_queue) {
    connect();
    subscribe_own("1", "ack:client\n");
    subscribe_own("2", "ack:client\n", "/topic/a");
    EXPECT_FALSE(broker.topics().has("/topic/a"));
    EXPECT_EQ(broker.queue_count(), 0U);
    broker.send_to_exactly("/topic/a", contents.make({.destination = "/topic/a"}));
    EXPECT_EQ(take(), Texts{});
}

TEST_F(Relayed, an_automatic_one_is_settled_when_it_is_sent) {
    connect();
    subscribe_own("1", "");
    give("1", 7, "x");
    EXPECT_EQ(settled(), Texts{});
    EXPECT_EQ(take(), Texts{"x"});
    EXPECT_EQ(settled(), Texts{"7 accepted"});
    EXPECT_EQ(fronts, Texts{"MESSAGE\nsubscription:1\nredelivered:false\n"});
}

TEST_F(Relayed, what_was_delivered_before_says_so) {
    connect();
    subscribe_own("1", "");
    give("1", 1, "x", true);
    take();
    EXPECT_EQ(fronts, Texts{"MESSAGE\nsubscription:1\nredelivered:true\n"});
    EXPECT_EQ(broker.counters().redelivered, 1U);
}

TEST_F(Relayed, an_ack_and_a_nack_are_about_what_they_name) {
    connect();
    subscribe_own("1", "ack:client-individual\n");
    for (std::uint64_t i = 1; i <= 4; ++i) give("1", i * 10, "x");
    EXPECT_EQ(take().size(), 4U);
    say("ACK\nid:" + acks[2] + "\n\n");
    EXPECT_EQ(settled(), Texts{"30 accepted"});
    say("NACK\nid:" + acks[0] + "\n\n");
    EXPECT_EQ(settled(), Texts{"10 requeue"});
    say("NACK\nid:" + acks[1] + "\nrequeue:false\n\n");
    EXPECT_EQ(settled(), Texts{"20 dead letter"});
    say("UNSUBSCRIBE\nid:1\n\n");
    EXPECT_EQ(settled(), Texts{"40 requeue"});
}

TEST_F(Relayed, in_mode_client_an_ack_is_about_all_before_it) {
    connect();
    subscribe_own("1", "ack:client\n");
    for (std::uint64_t i = 1; i <= 4; ++i) give("1", i, "x");
    take();
    say("NACK\nid:" + acks[1] + "\n\n");
    EXPECT_EQ(settled(), (Texts{"1 requeue", "2 requeue"}));
    say("ACK\nid:" + acks[3] + "\n\n");
    EXPECT_EQ(settled(), (Texts{"3 accepted", "4 accepted"}));
}

TEST_F(Relayed, an_unsubscribe_gives_back_what_was_never_sent_too) {
    connect();
    subscribe_own("1", "ack:client\nprefetch-count:1\n");
    give("1", 1, "x");
    give("1", 2, "x");
    EXPECT_EQ(take().size(), 1U);
    say("UNSUBSCRIBE\nid:1\n\n");
    EXPECT_EQ(settled(), (Texts{"1 requeue", "2 requeue"}));
}

TEST_F(Relayed, a_session_that_leaves_gives_back_all) {
    connect();
    subscribe_own("1", "ack:client\n");
    give("1", 1, "x");
    take();
    give("1", 2, "x");
    session->leave();
    EXPECT_EQ(settled(), (Texts{"1 requeue", "2 requeue"}));
}

// Its subscription may only be withheld from by somebody's word.
TEST_F(Relayed, what_is_withheld_is_settled) {
    connect();
    subscribe_own("1", "ack:client\n", "/topic/*");
    give("1", 5, "x");
    take();
    broker.withhold(session->outbox(), ids[0], 0);
    EXPECT_EQ(settled(), Texts{"5 accepted"});
    EXPECT_EQ(broker.counters().withheld, 1U);
}

// So that a hook is asked about each name that it brings.
TEST_F(Relayed, a_pattern_stays_one) {
    connect();
    subscribe_own("1", "ack:client\n", "/topic/*");
    EXPECT_TRUE(session->outbox().find(std::string_view("1"))->setup().is_pattern);
    say("UNSUBSCRIBE\nid:1\n\n");
    EXPECT_EQ(session->outbox().pattern_count, 0U);
}

TEST_F(RelayedAndSmall, what_was_asked_for_upstream_is_never_too_much) {
    connect();
    subscribe_own("1", "ack:client\n");
    for (std::uint64_t i = 1; i <= 20; ++i) give("1", i, std::string(1'000, 'x'));
    EXPECT_EQ(session->outbox().fault, Fault::none);
    EXPECT_EQ(take().size(), 20U);
}

TEST_F(RelayedAndDropping, what_was_asked_for_upstream_is_not_dropped) {
    connect();
    subscribe_own("1", "ack:client\n");
    session->outbox().is_taking = false;
    for (std::uint64_t i = 1; i <= 20; ++i) give("1", i, std::string(1'000, 'x'));
    EXPECT_EQ(take().size(), 20U);
    EXPECT_EQ(broker.counters().dropped, 0U);
}

TEST_F(Relayed, a_session_that_ends_is_given_nothing_more) {
    connect();
    subscribe_own("1", "ack:client\n");
    broker.end(session->outbox(), Fault::closed_by_server);
    give("1", 1, "x");
    EXPECT_EQ(take(), Texts{});
}

TEST_F(Relayed, an_unsubscribe_and_an_ack_tell_what_they_are_about) {
    connect();
    subscribe_own("1", "ack:client\n");
    give("1", 1, "x");
    take();
    const Subscription* const subscription = session->outbox().find(std::string_view("1"));
    ASSERT_NE(ask("ACK\nid:" + acks[0] + "\n\n"), nullptr);
    EXPECT_EQ(session->subscription_asked(), subscription);
    say("BEGIN\ntransaction:t\n\n");
    ASSERT_NE(ask("NACK\ntransaction:t\nid:" + acks[0] + "\n\n"), nullptr);
    EXPECT_EQ(session->subscription_asked(), nullptr);
    ASSERT_NE(ask("UNSUBSCRIBE\nid:1\n\n"), nullptr);
    EXPECT_EQ(session->subscription_asked(), subscription);
    ASSERT_NE(ask("SUBSCRIBE\nid:2\ndestination:/topic/a\n\n"), nullptr);
    EXPECT_EQ(session->subscription_asked(), nullptr);
}

// Without an id, as 1.0 allows.
TEST_F(Relayed, an_unsubscribe_by_destination_tells_it_too) {
    connect("1.0");
    ASSERT_NE(ask("SUBSCRIBE\ndestination:/queue/a\nack:client\n\n"), nullptr);
    session->setup_asked().is_relayed = true;
    EXPECT_EQ(session->carry_out(), Outcome::done);
    ASSERT_NE(ask("UNSUBSCRIBE\ndestination:/queue/a\n\n"), nullptr);
    ASSERT_NE(session->subscription_asked(), nullptr);
    EXPECT_TRUE(session->subscription_asked()->setup().is_relayed);
}

// ---- Transactions ------------------------------------------------------------------------------

TEST_F(Relayed, the_relayed_part_of_a_transaction_is_what_goes_up) {
    connect();
    subscribe_own("1", "ack:client-individual\n");
    give("1", 1, "x");
    give("1", 2, "x");
    take();
    say("BEGIN\ntransaction:t\n\n");
    say("SEND\ndestination:/topic/a\ntransaction:t\nreceipt:s\nfoo:a\\cb\n\nhello");
    say("SEND\ndestination:/queue/local\ntransaction:t\n\nhere");
    say("NACK\nid:" + acks[1] + "\ntransaction:t\nrequeue:false\n\n");
    EXPECT_EQ(settled(), Texts{});
    ASSERT_NE(ask("COMMIT\ntransaction:t\nreceipt:c\n\n"), nullptr);
    const RelayedPart part = session->relayed_part();
    const std::string end(1, '\0');
    EXPECT_EQ(part.frames,
              "SEND\ndestination:/topic/a\nfoo:a\\cb\ncontent-length:5\n\nhello" + end);
    ASSERT_EQ(part.settled.size(), 1U);
    EXPECT_EQ(to_text(part.settled[0]), "2 dead letter");
    EXPECT_EQ(session->carry_out(), Outcome::done);
    EXPECT_EQ(output(), "RECEIPT\nreceipt-id:s\n\n!RECEIPT\nreceipt-id:c\n\n!");
    EXPECT_EQ(settled(), Texts{});  // It was, upstream.
    EXPECT_EQ(broker.find_queue("/queue/local")->count(), 1U);
}

TEST_F(Relayed, a_transaction_of_this_broker_alone_has_no_relayed_part) {
    connect();
    say("BEGIN\ntransaction:t\n\n");
    say("SEND\ndestination:/queue/local\ntransaction:t\n\nhere");
    ASSERT_NE(ask("COMMIT\ntransaction:t\n\n"), nullptr);
    const RelayedPart part = session->relayed_part();
    EXPECT_TRUE(part.frames.empty());
    EXPECT_TRUE(part.settled.empty());
}

// Else it would have happened upstream, and not here.
TEST_F(Relayed, a_transaction_that_will_be_refused_has_no_relayed_part) {
    connect();
    subscribe_own("1", "ack:client\n");
    give("1", 1, "x");
    take();
    say("BEGIN\ntransaction:t\n\n");
    say("SEND\ndestination:/topic/a\ntransaction:t\n\nhello");
    say("ACK\nid:" + acks[0] + "\ntransaction:t\n\n");
    say("UNSUBSCRIBE\nid:1\n\n");
    ASSERT_NE(ask("COMMIT\ntransaction:t\n\n"), nullptr);
    EXPECT_TRUE(session->relayed_part().frames.empty());
    EXPECT_EQ(session->carry_out(), Outcome::done);
    EXPECT_EQ(session->fault(), Fault::delivery_unknown);
}

TEST_F(Relayed, what_a_transaction_had_is_free_after_abort) {
    connect();
    subscribe_own("1", "ack:client-individual\n");
    give("1", 1, "x");
    take();
    say("BEGIN\ntransaction:t\n\n");
    say("SEND\ndestination:/topic/a\ntransaction:t\n\nhello");
    say("ACK\nid:" + acks[0] + "\ntransaction:t\n\n");
    say("ABORT\ntransaction:t\n\n");
    EXPECT_EQ(settled(), Texts{});
    say("ACK\nid:" + acks[0] + "\n\n");
    EXPECT_EQ(settled(), Texts{"1 accepted"});
}

// The frame is gone when its time is over, and is not shown.
TEST_F(Relayed, a_request_that_waits_needs_its_frame_no_more) {
    connect();
    say("BEGIN\ntransaction:t\n\n");
    say("SEND\ndestination:/topic/a\ntransaction:t\n\nhello");
    ASSERT_NE(ask("COMMIT\ntransaction:t\nreceipt:c\n\n"), nullptr);
    static_cast<void>(session->relayed_part());
    session->postpone();
    said.reset();
    session->refuse(Fault::upstream_in_doubt, "late");
    const std::string text = output();
    EXPECT_NE(text.find("receipt-id:c\n"), std::string::npos);
    EXPECT_NE(text.find("\n\nlate!"), std::string::npos);
}

}  // namespace
}  // namespace edgews::stomp::test
