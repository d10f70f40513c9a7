// Acknowledgements in both directions.
#include <edgews/socketio.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../../support/allocations.hpp"
#include "hub_fixture.hpp"

namespace edgews::sio {
namespace {

using test::attached;
using test::in_turn;
using test::PlayedEngineSession;

class SocketIoAcks : public test::HubFixture {
  protected:
    explicit SocketIoAcks(Options options = {}) : HubFixture(options) {}
    // "go" calls back; what comes of it is logged.
    void answer_go_by_calling(std::uint32_t timeout_ms) {
        hub.of("/", logged()).on("go", [this, timeout_ms](Socket& socket, const Event&) {
            results.push_back(socket.call("ask", timeout_ms, [this](const Reply& reply) {
                log += reply.ok() ? "ok:" + std::string(reply.text()) + " " : "none ";
            }));
        });
    }
    // What was called, with its id as "#".
    [[nodiscard]] static std::string heard_call(PlayedEngineSession& session, std::string& id) {
        const std::string heard = session.heard();
        const std::size_t end = heard.find('[');
        id = heard.substr(1, end - 1);
        return "2#" + heard.substr(end);
    }

    std::vector<SendResult> results{};
};

// --- Those that clients ask for ---------------------------------------------------

TEST_F(SocketIoAcks, an_event_is_acknowledged_once) {
    hub.of("/").on("sum", [](Socket&, const Event& event, const Ack& ack) {
        EXPECT_TRUE(ack.wanted());
        EXPECT_EQ(ack(raw("[1")), SendResult::invalid);
        EXPECT_TRUE(ack.wanted());
        EXPECT_EQ(ack(json(event.get<int>(0) + event.get<int>(1))), SendResult::sent);
        EXPECT_FALSE(ack.wanted());
        EXPECT_EQ(ack(), SendResult::closed);
    });
    const auto session = connected();
    session->say("212[\"sum\",3,4]");
    EXPECT_EQ(session->heard(), "312[7] ");
}

TEST_F(SocketIoAcks, an_event_that_asks_for_none_has_an_ack_that_does_nothing) {
    hub.of("/").on("sum", [](Socket&, const Event&, const Ack& ack) {
        EXPECT_FALSE(ack.wanted());
        EXPECT_EQ(ack(json(1)), SendResult::closed);
    });
    const auto session = connected();
    session->say("2[\"sum\",3,4]");
    EXPECT_EQ(session->heard(), "");
}

TEST_F(SocketIoAcks, an_ack_is_kept_and_sent_on_any_thread) {
    std::vector<Ack> kept;
    hub.of("/").on("later",
                   [&](Socket&, const Event&, Ack ack) { kept.push_back(std::move(ack)); });
    const auto session = connected();
    for (const char* const id : {"0", "1", "2"}) {
        session->say("2" + std::string(id) + "[\"later\"]");
    }
    EXPECT_EQ(session->heard(), "");
    in_turn(loop, [&] { EXPECT_EQ(kept[1](json("here")), SendResult::sent); });
    EXPECT_EQ(session->heard(), "31[\"here\"] ");
    std::thread([&, ack = kept[0]] {
        EXPECT_EQ(ack(binary(attached("x"))), SendResult::queued);
    }).join();
    EXPECT_EQ(session->heard(), "");
    loop.poll(0);
    EXPECT_EQ(session->heard(), "61-0[{\"_placeholder\":true,\"num\":0}] <x> ");
    EXPECT_FALSE(kept[0].wanted());
    std::thread([&] { EXPECT_EQ(kept[2](raw("nul")), SendResult::invalid); }).join();
    EXPECT_TRUE(kept[2].wanted());
    kept.clear();
}

TEST_F(SocketIoAcks, an_ack_whose_client_is_gone_goes_nowhere) {
    std::vector<Ack> kept;
    hub.of("/").on("later",
                   [&](Socket&, const Event&, Ack ack) { kept.push_back(std::move(ack)); });
    auto session = connected();
    session->say("20[\"later\"]");
    session->say("21[\"later\"]");
    session->say("1");
    in_turn(loop, [&] { static_cast<void>(kept[0]()); });
    std::thread([&] { static_cast<void>(kept[1]()); }).join();
    turn_all();
    EXPECT_EQ(session->heard(), "");
}

TEST(SocketIoAck, outlives_its_hub_and_its_loop) {
    std::optional<Ack> kept;
    {
        Hub hub;
        hub.of("/").on("later", [&](Socket&, const Event&, Ack ack) { kept = std::move(ack); });
        Loop loop;
        PlayedEngineSession session(HubState::of(hub), loop);
        session.say("0");
        session.say("27[\"later\"]");
    }
    EXPECT_TRUE(kept->wanted());
    EXPECT_EQ((*kept)(json(1)), SendResult::closed);
    kept.reset();
}

TEST_F(SocketIoAcks, an_echo_with_an_ack_allocates_nothing) {
    hub.of("/").on("echo", [](Socket&, const Event& event, const Ack& ack) { ack(event.raw()); });
    const auto session = connected();
    std::size_t least = SIZE_MAX;
    const auto packet = engineio::Packet::of_text(engineio::PacketType::message,
                                                  "27[\"echo\",{\"text\":\"hello\"}]");
    session->reserve(1'000);
    for (int i = 0; i < 3; ++i) {
        in_turn(loop, [&] {
            const std::size_t before = test::allocation_count();
            session->guest().take(packet);
            least = std::min(least, test::allocation_count() - before);
        });
    }
    EXPECT_EQ(session->heard(),
              "37[{\"text\":\"hello\"}] 37[{\"text\":\"hello\"}] "
              "37[{\"text\":\"hello\"}] ");
    EXPECT_EQ(least, 0U);
}

// --- Those that the server asks for -----------------------------------------------

TEST_F(SocketIoAcks, a_reply_comes_once_and_others_are_ignored) {
    answer_go_by_calling(0);
    const auto session = connected();
    session->say("2[\"go\"]");
    std::string id;
    EXPECT_EQ(heard_call(*session, id), "2#[\"ask\"] ");
    session->say("3999[7]");
    EXPECT_EQ(take_log(), "+/ ");
    session->say("3" + id + "[7,{}]");
    EXPECT_EQ(take_log(), "ok:7,{} ");
    session->say("3" + id + "[8]");
    EXPECT_EQ(take_log(), "");
    EXPECT_FALSE(session->is_closed());
}

TEST_F(SocketIoAcks, a_reply_has_attachments) {
    hub.of("/", {.connected = [this](Socket& socket) {
               socket.call("ask", 0, [this](const Reply& reply) {
                   log += reply.attachment(0).size() == 3 ? "three " : "other ";
               });
           }});
    const auto session = open();
    session->say("0");
    std::string heard = session->heard();
    heard = heard.substr(heard.find(' ') + 1);
    session->say("61-" + heard.substr(1, heard.find('[') - 1) +
                 "[{\"_placeholder\":true,\"num\":0}]");
    session->say(attached("abc"));
    EXPECT_EQ(take_log(), "three ");
}

TEST_F(SocketIoAcks, a_reply_of_another_namespace_does_not_count) {
    answer_go_by_calling(0);
    hub.of("/other");
    const auto session = connected();
    session->say("0/other,");
    static_cast<void>(session->heard());
    session->say("2[\"go\"]");
    std::string id;
    static_cast<void>(heard_call(*session, id));
    session->say("3/other," + id + "[1]");
    EXPECT_EQ(take_log(), "+/ ");
    session->say("3" + id + "[2]");
    EXPECT_EQ(take_log(), "ok:2 ");
}

TEST_F(SocketIoAcks, a_reply_that_is_late_is_none) {
    answer_go_by_calling(5);
    const auto session = connected();
    session->say("2[\"go\"]");
    std::string id;
    static_cast<void>(heard_call(*session, id));
    while (log.find("none") == std::string::npos) loop.poll(-1);
    session->say("3" + id + "[1]");
    EXPECT_EQ(take_log(), "+/ none ");
}

TEST_F(SocketIoAcks, a_socket_that_ends_answers_no_more) {
    answer_go_by_calling(0);
    auto session = connected();
    session->say("2[\"go\"]");
    session->say("2[\"go\"]");
    session->say("1");
    EXPECT_EQ(take_log(), "+/ none none -/:client namespace disconnect ");
    session->say("0");
    session->say("2[\"go\"]");
    session->end(engineio::EndReason::shutting_down);
    EXPECT_EQ(take_log(), "+/ none -/:server shutting down ");
}

class SocketIoFewAcks : public SocketIoAcks {
  protected:
    SocketIoFewAcks() : SocketIoAcks(Options{.limits = {.reply_count_max = 2}}) {}
};

TEST_F(SocketIoFewAcks, a_client_owes_no_more_than_so_many_replies) {
    answer_go_by_calling(0);
    const auto session = connected();
    for (int i = 0; i < 3; ++i) session->say("2[\"go\"]");
    EXPECT_EQ(results, (std::vector{SendResult::sent, SendResult::sent, SendResult::dropped}));
    std::string id;
    static_cast<void>(heard_call(*session, id));
    session->say("3" + id + "[1]");
    session->say("2[\"go\"]");
    EXPECT_EQ(results.back(), SendResult::sent);
}

// --- Those of many ------------------------------------------------------------------

TEST_F(SocketIoAcks, replies_of_many_are_gathered_from_all_loops) {
    hub.of("/", logged());
    const auto a = connected();
    const auto b = connected(loop_2);
    const auto c = connected(loop_2);
    int count = 0;
    const auto gathered = [&](const Replies& replies) {
        ++count;
        EXPECT_EQ(Loop::current(), &loop);
        for (std::size_t i = 0; i < replies.size(); ++i) log += std::string(replies[i]) + ' ';
        log += replies.is_complete() ? "all" : "some";
    };
    static_cast<void>(take_log());
    in_turn(loop, [&] {
        EXPECT_EQ(hub.of("/").broadcast().call("ask", 60'000, gathered, json(1)), SendResult::sent);
    });
    turn_all();
    std::string id;
    EXPECT_EQ(heard_call(*a, id), "2#[\"ask\",1] ");
    EXPECT_EQ(b->heard(), "2" + id + "[\"ask\",1] ");
    a->say("3" + id + "[\"a\"]");
    b->say("3" + id + "[\"b\",2]");
    b->say("3" + id + "[\"b\"]");
    EXPECT_EQ(count, 0);
    c->say("3" + id + "[]");
    turn_all();
    EXPECT_EQ(take_log(), "\"a\" \"b\",2  all");
    EXPECT_EQ(count, 1);
}

TEST_F(SocketIoAcks, who_goes_or_is_late_is_missing_among_many) {
    hub.of("/", logged());
    const auto a = connected();
    auto b = connected(loop_2);
    const auto gathered = [&](const Replies& replies) {
        log += std::to_string(replies.size()) + (replies.is_complete() ? "all " : "some ");
    };
    static_cast<void>(take_log());
    in_turn(loop, [&] { hub.of("/").broadcast().call("ask", 60'000, gathered); });
    turn_all();
    std::string id;
    static_cast<void>(heard_call(*a, id));
    a->say("3" + id + "[1]");
    EXPECT_EQ(take_log(), "");
    b.reset();
    turn_all();
    EXPECT_EQ(take_log(), "-/:transport close 1some ");
    // From a thread that is none of the hub's, to nobody, and to who is late.
    hub.of("/").to("nobody").call("ask", 60'000, gathered);
    turn_all();
    EXPECT_EQ(take_log(), "0all ");
    hub.of("/").broadcast().call("ask", 5, gathered);
    while (log.empty()) loop.poll(1);
    EXPECT_EQ(take_log(), "0some ");
}

TEST_F(SocketIoAcks, who_cannot_be_asked_is_not_waited_for) {
    hub.of("/", logged());
    const auto a = connected();
    const auto b = connected();
    a->accepted_count = 0;
    static_cast<void>(take_log());
    hub.of("/").broadcast().call("ask", 60'000, [&](const Replies& replies) {
        log += std::to_string(replies.size()) + (replies.is_complete() ? " all" : " some");
    });
    turn_all();
    std::string id;
    static_cast<void>(heard_call(*b, id));
    b->say("3" + id + "[1]");
    turn_all();
    EXPECT_EQ(take_log(), "1 some");
}

TEST_F(SocketIoAcks, a_handler_of_replies_that_throws_ends_nothing) {
    hub.of("/", logged());
    const auto session = connected();
    hub.of("/").to("nobody").call("ask", 60'000,
                                  [](const Replies&) { throw std::runtime_error("on purpose"); });
    turn_all();
    EXPECT_FALSE(session->is_closed());
}

}  // namespace
}  // namespace edgews::sio
