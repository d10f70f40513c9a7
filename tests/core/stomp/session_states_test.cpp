// Every state of a session with every command, well-formed and with a header lacking, those that
// are no client's and those that are none: what each pair comes to.
#include "peers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp::test {
namespace {

// What comes of a frame: an effect, or the fault that it is refused for.
enum class Effect {
    refused,
    welcome,  // CONNECTED.
    done,     // RECEIPT.
    kept,     // In the transaction: RECEIPT comes with COMMIT.
    over,     // RECEIPT, and the session is over.
};
struct Outcome {
    constexpr Outcome(Effect of) : effect(of) {}
    constexpr Outcome(Fault why) : fault(why) {}

    Effect effect = Effect::refused;
    Fault fault = Fault::none;
};
// In versions 1.0, 1.1 and 1.2.
struct Outcomes {
    constexpr Outcomes(Effect all) : by_version{all, all, all} {}
    constexpr Outcomes(Fault all) : by_version{all, all, all} {}
    constexpr Outcomes(Outcome v1_0, Outcome v1_1, Outcome v1_2) : by_version{v1_0, v1_1, v1_2} {}

    std::array<Outcome, 3> by_version;
};

// `frame` is sent with the header `receipt:r`. VERSION, ACK and MESSAGE-ID stand for those of the
// session, which has subscription 1 of /queue/a, and has been given one message of it.
struct Row {
    std::string frame;
    Outcomes not_connected;
    Outcomes connected;
    Outcomes in_transaction;  // Connected, and has begun transaction t.
};

constexpr Effect done = Effect::done;
constexpr Effect kept = Effect::kept;
constexpr Fault first_connect = Fault::not_connected;
constexpr Fault already = Fault::connected_already;
constexpr Fault unknown = Fault::unknown_command;
constexpr Fault no_destination = Fault::destination_missing;
constexpr Fault no_id = Fault::id_missing;
constexpr Fault no_message_id = Fault::message_id_missing;
constexpr Fault no_subscription = Fault::subscription_missing;
constexpr Fault no_transaction = Fault::transaction_missing;
constexpr Fault no_nack = Fault::nack_not_in_1_0;
constexpr Fault which_delivery = Fault::delivery_unknown;
constexpr Fault which_subscription = Fault::subscription_unknown;
constexpr Fault which_transaction = Fault::transaction_unknown;

// Of ACK and NACK, all headers that any version asks for.
const std::string settling = "id:ACK\nmessage-id:MESSAGE-ID\nsubscription:1\n";

const std::vector<Row> rows = {
    // 1.2, Connecting.
    {"CONNECT\nhost:h\naccept-version:VERSION\n", Effect::welcome, already, already},
    {"CONNECT\nhost:h\naccept-version:VERSION\nheart-beat:0,0\n", Effect::welcome, already,
     already},
    {"CONNECT\n", Effect::welcome, already, already},
    {"CONNECT\naccept-version:VERSION\nheart-beat:x\n",
     {Effect::welcome, Fault::heart_beat_malformed, Fault::heart_beat_malformed},
     already,
     already},
    {"CONNECT\naccept-version:9.9\n", Fault::no_common_version, already, already},
    {"STOMP\nhost:h\naccept-version:VERSION\n", Effect::welcome, already, already},
    {"STOMP\naccept-version:9.9\n", Fault::no_common_version, already, already},
    // SEND.
    {"SEND\ndestination:/queue/b\n", first_connect, done, done},
    {"SEND\ndestination:/topic/b\n", first_connect, done, done},
    {"SEND\ndestination:/temp-queue/b\n", first_connect, done, done},
    {"SEND\ndestination:/user/u/queue/b\n", first_connect, done, done},
    {"SEND\ndestination:/app/b\n", first_connect, done, done},
    {"SEND\n", first_connect, no_destination, no_destination},
    {"SEND\ntransaction:t\n", first_connect, no_destination, no_destination},
    {"SEND\ndestination:/nowhere/b\n", first_connect, Fault::destination_invalid,
     Fault::destination_invalid},
    {"SEND\ndestination:/queue/b\nexpires:x\n", first_connect, Fault::expires_malformed,
     Fault::expires_malformed},
    {"SEND\ndestination:/queue/b\ntransaction:t\n", first_connect, which_transaction, kept},
    {"SEND\ndestination:/topic/b\ntransaction:t\n", first_connect, which_transaction, kept},
    {"SEND\ndestination:/app/b\ntransaction:t\n", first_connect, which_transaction, kept},
    {"SEND\ndestination:/queue/b\ntransaction:u\n", first_connect, which_transaction,
     which_transaction},
    {"SEND\ndestination:/app/b\ntransaction:u\n", first_connect, which_transaction,
     which_transaction},
    // SUBSCRIBE.
    {"SUBSCRIBE\nid:2\ndestination:/queue/c\n", first_connect, done, done},
    {"SUBSCRIBE\nid:2\ndestination:/queue/c\nack:client\n", first_connect, done, done},
    {"SUBSCRIBE\nid:2\ndestination:/queue/c\ntransaction:u\n", first_connect, done, done},
    {"SUBSCRIBE\ndestination:/queue/c\n",
     first_connect,
     {done, no_id, no_id},
     {done, no_id, no_id}},
    {"SUBSCRIBE\nid:2\n", first_connect, no_destination, no_destination},
    {"SUBSCRIBE\n", first_connect, no_destination, no_destination},
    {"SUBSCRIBE\nid:1\ndestination:/queue/c\n", first_connect, Fault::subscription_exists,
     Fault::subscription_exists},
    {"SUBSCRIBE\nid:2\ndestination:/app/c\n", first_connect, Fault::destination_not_for_subscribe,
     Fault::destination_not_for_subscribe},
    {"SUBSCRIBE\nid:2\ndestination:/queue/c\nack:x\n", first_connect, Fault::ack_mode_invalid,
     Fault::ack_mode_invalid},
    {"SUBSCRIBE\nid:2\ndestination:/queue/c\nprefetch-count:x\n", first_connect,
     Fault::prefetch_count_malformed, Fault::prefetch_count_malformed},
    // UNSUBSCRIBE.
    {"UNSUBSCRIBE\nid:1\n", first_connect, done, done},
    {"UNSUBSCRIBE\nid:2\n", first_connect, which_subscription, which_subscription},
    {"UNSUBSCRIBE\ndestination:/queue/a\n",
     first_connect,
     {which_subscription, no_id, no_id},
     {which_subscription, no_id, no_id}},
    {"UNSUBSCRIBE\n", first_connect, no_id, no_id},
    // ACK.
    {"ACK\n" + settling, first_connect, done, done},
    {"ACK\n" + settling + "transaction:t\n", first_connect, which_transaction, kept},
    {"ACK\n" + settling + "transaction:u\n", first_connect, which_transaction, which_transaction},
    {"ACK\nid:ACK\nsubscription:1\n",
     first_connect,
     {no_message_id, no_message_id, done},
     {no_message_id, no_message_id, done}},
    {"ACK\nmessage-id:MESSAGE-ID\nsubscription:1\n",
     first_connect,
     {done, done, no_id},
     {done, done, no_id}},
    {"ACK\nid:ACK\nmessage-id:MESSAGE-ID\n",
     first_connect,
     {done, no_subscription, done},
     {done, no_subscription, done}},
    {"ACK\n",
     first_connect,
     {no_message_id, no_message_id, no_id},
     {no_message_id, no_message_id, no_id}},
    {"ACK\nid:9-9\nmessage-id:9-9\nsubscription:1\n", first_connect, which_delivery,
     which_delivery},
    {"ACK\nid:x\nmessage-id:x\nsubscription:1\n", first_connect, which_delivery, which_delivery},
    {"ACK\nid:ACK\nmessage-id:MESSAGE-ID\nsubscription:2\n",
     first_connect,
     {which_delivery, which_delivery, done},
     {which_delivery, which_delivery, done}},
    // NACK.
    {"NACK\nrequeue:false\n" + settling,
     first_connect,
     {no_nack, done, done},
     {no_nack, done, done}},
    {"NACK\n" + settling + "transaction:t\n",
     first_connect,
     {no_nack, which_transaction, which_transaction},
     {no_nack, kept, kept}},
    {"NACK\n" + settling + "transaction:u\n",
     first_connect,
     {no_nack, which_transaction, which_transaction},
     {no_nack, which_transaction, which_transaction}},
    {"NACK\nrequeue:false\nid:ACK\nsubscription:1\n",
     first_connect,
     {no_nack, no_message_id, done},
     {no_nack, no_message_id, done}},
    {"NACK\nrequeue:false\nmessage-id:MESSAGE-ID\nsubscription:1\n",
     first_connect,
     {no_nack, done, no_id},
     {no_nack, done, no_id}},
    {"NACK\nrequeue:false\nid:ACK\nmessage-id:MESSAGE-ID\n",
     first_connect,
     {no_nack, no_subscription, done},
     {no_nack, no_subscription, done}},
    {"NACK\n", first_connect, {no_nack, no_message_id, no_id}, {no_nack, no_message_id, no_id}},
    {"NACK\nid:9-9\nmessage-id:9-9\nsubscription:1\n",
     first_connect,
     {no_nack, which_delivery, which_delivery},
     {no_nack, which_delivery, which_delivery}},
    // BEGIN, COMMIT and ABORT.
    {"BEGIN\ntransaction:t\n", first_connect, done, Fault::transaction_exists},
    {"BEGIN\ntransaction:u\n", first_connect, done, done},
    {"BEGIN\n", first_connect, no_transaction, no_transaction},
    {"COMMIT\ntransaction:t\n", first_connect, which_transaction, done},
    {"COMMIT\ntransaction:u\n", first_connect, which_transaction, which_transaction},
    {"COMMIT\n", first_connect, no_transaction, no_transaction},
    {"ABORT\ntransaction:t\n", first_connect, which_transaction, done},
    {"ABORT\ntransaction:u\n", first_connect, which_transaction, which_transaction},
    {"ABORT\n", first_connect, no_transaction, no_transaction},
    // DISCONNECT.
    {"DISCONNECT\n", first_connect, Effect::over, Effect::over},
    {"DISCONNECT\ntransaction:u\n", first_connect, Effect::over, Effect::over},
    // A server's.
    {"CONNECTED\nversion:VERSION\n", first_connect, unknown, unknown},
    {"MESSAGE\nsubscription:1\nmessage-id:1\ndestination:/queue/b\n", first_connect, unknown,
     unknown},
    {"RECEIPT\nreceipt-id:1\n", first_connect, unknown, unknown},
    {"ERROR\nmessage:m\n", first_connect, unknown, unknown},
    // Nobody's.
    {"HELLO\ndestination:/queue/b\n", unknown, unknown, unknown},
};

enum class State { not_connected, connected, in_transaction, disconnected, refused };

constexpr std::array states{State::not_connected, State::connected, State::in_transaction,
                            State::disconnected, State::refused};

std::string_view to_string(State state) {
    switch (state) {
        case State::not_connected: return "not connected";
        case State::connected: return "connected";
        case State::in_transaction: return "in a transaction";
        case State::disconnected: return "after DISCONNECT";
        case State::refused: return "after ERROR";
    }
    return "";
}

std::string replaced(std::string text, std::string_view what, const std::string& by) {
    const std::size_t place = text.find(what);
    return place == std::string::npos ? text : text.replace(place, what.size(), by);
}

// A session in a state, and a frame for it.
class Pair {
  public:
    // `row` is borrowed.
    Pair(State state, const Row& row, std::size_t version)
        : state_(state),
          row_(row),
          version_(version),
          frame_(replaced(row.frame, "VERSION", std::string(versions[version]))),
          peer_(state == State::not_connected ? peers_.add() : peers_.connect(versions[version])) {
        if (state_ == State::not_connected) return;
        peer_.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client\n\n");
        peers_.connect().say("SEND\ndestination:/queue/a\n\nx");
        const Got got = peer_.take("MESSAGE");
        frame_ = replaced(std::move(frame_), "MESSAGE-ID", got.header("message-id"));
        frame_ = replaced(std::move(frame_), "id:ACK", "id:" + got.header("ack"));
        if (state_ == State::in_transaction) peer_.say("BEGIN\ntransaction:t\n\n");
        if (state_ == State::disconnected) peer_.say("DISCONNECT\n\n");
        if (state_ == State::refused) peer_.expect_refused("SEND\n\n", no_destination);
    }

    void try_it() {
        const std::string frame = frame_ + "receipt:r\n\n";
        switch (state_) {
            case State::not_connected: return expect(frame, row_.not_connected);
            case State::connected: return expect(frame, row_.connected);
            case State::in_transaction: return expect(frame, row_.in_transaction);
            case State::disconnected: return expect_silence(frame, Fault::none);
            case State::refused: return expect_silence(frame, no_destination);
        }
    }

  private:
    void expect(const std::string& frame, const Outcomes& outcomes) {
        const Outcome outcome = outcomes.by_version[version_];
        if (outcome.effect == Effect::refused) return expect_refused(frame, outcome.fault);
        peer_.say(frame);
        EXPECT_EQ(peer_.session().fault(), Fault::none) << describe(peer_.session().fault());
        EXPECT_EQ(peer_.session().is_over(), outcome.effect == Effect::over);
        EXPECT_EQ(peer_.session().is_connected(), outcome.effect != Effect::over);
        if (outcome.effect == Effect::welcome) {
            EXPECT_EQ(peer_.take("CONNECTED").header("receipt-id"), "(none)");
        } else if (outcome.effect != Effect::kept) {
            EXPECT_EQ(peer_.take("RECEIPT").header("receipt-id"), "r");
        }
        EXPECT_TRUE(peer_.has_nothing());
        if (outcome.effect != Effect::kept) return;
        peer_.say("COMMIT\ntransaction:t\n\n");
        EXPECT_EQ(peer_.take("RECEIPT").header("receipt-id"), "r");
    }
    void expect_refused(const std::string& frame, Fault fault) {
        const Got error = peer_.expect_refused(frame, fault);
        // CONNECT never gets one (1.2, Header receipt).
        const bool is_connect = frame.starts_with("CONNECT\n") || frame.starts_with("STOMP\n");
        EXPECT_EQ(error.header("receipt-id"), is_connect ? "(none)" : "r");
        expect_nothing_done();
    }
    // Why the session ended stays what it was.
    void expect_silence(const std::string& frame, Fault fault) {
        peer_.say(frame);
        EXPECT_TRUE(peer_.has_nothing());
        EXPECT_TRUE(peer_.session().is_over());
        EXPECT_EQ(peer_.session().fault(), fault) << describe(peer_.session().fault());
        expect_nothing_done();
    }
    // Nothing was sent, nothing subscribed to, and what the session had is given back.
    void expect_nothing_done() {
        EXPECT_EQ(peers_.broker().find_queue("/queue/b"), nullptr);
        EXPECT_EQ(peers_.broker().find_queue("/queue/c"), nullptr);
        EXPECT_TRUE(peer_.for_application.empty());
        if (state_ == State::not_connected) return;
        EXPECT_EQ(peers_.broker().find_queue("/queue/a")->waiting_count(), 1U);
    }

    Peers peers_;
    State state_;
    const Row& row_;
    std::size_t version_;
    std::string frame_;
    Peer& peer_;
};

TEST(StompSessionStates, the_table_has_every_command) {
    for (auto i = static_cast<int>(Command::connect); i <= static_cast<int>(Command::error); ++i) {
        const std::string line = std::string(to_string(static_cast<Command>(i))) + '\n';
        const auto is_of_it = [&](const Row& row) { return row.frame.starts_with(line); };
        EXPECT_TRUE(std::any_of(rows.begin(), rows.end(), is_of_it)) << line;
    }
}

TEST(StompSessionStates, each_state_and_frame_come_to_what_the_table_says) {
    for (const State state : states) {
        for (std::size_t version = 0; version < versions.size(); ++version) {
            for (const Row& row : rows) {
                SCOPED_TRACE(std::string(to_string(state)) + ", version " +
                             std::string(versions[version]) + ", " + row.frame);
                Pair(state, row, version).try_it();
            }
        }
    }
}

// Case and blanks matter (1.2, STOMP Frames), and so does each letter.
std::vector<std::string> near_misses(const std::string& name) {
    std::string lower = name;
    for (char& c : lower) c = static_cast<char>(c - 'A' + 'a');
    std::vector<std::string> misses{
        lower,      lower[0] + name.substr(1), ' ' + name,
        name + ' ', name + name.back(),        name.substr(0, name.size() - 1)};
    // Of the same length, with any one letter another.
    for (std::size_t i = 0; i < name.size(); ++i) {
        misses.push_back(name);
        misses.back()[i] = '_';
    }
    return misses;
}

TEST(StompSessionStates, what_is_nearly_a_command_is_none_in_any_of_them) {
    std::vector<std::string> names{"STOMP", "12345678"};  // No command has eight letters.
    for (auto i = static_cast<int>(Command::connect); i <= static_cast<int>(Command::error); ++i) {
        names.emplace_back(to_string(static_cast<Command>(i)));
    }
    for (const std::string& name : names) {
        for (const std::string& miss : near_misses(name)) {
            const Row row{miss + "\ndestination:/queue/b\n", unknown, unknown, unknown};
            for (const State state : states) {
                SCOPED_TRACE(std::string(to_string(state)) + ", " + row.frame);
                Pair(state, row, 2).try_it();
            }
        }
    }
}

}  // namespace
}  // namespace edgews::stomp::test
