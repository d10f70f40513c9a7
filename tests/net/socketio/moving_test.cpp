// Clients that move from one loop to another: nothing is lost, and nothing comes twice.
#include <edgews/socketio.hpp>
#include "net/loop/reactor.hpp"
#include "net/socketio/hub_on_loop.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "hub_fixture.hpp"

namespace edgews::sio {
namespace {

using test::in_turn;
using test::PlayedEngineSession;

class SocketIoMoving : public test::HubFixture {
  protected:
    SocketIoMoving() {
        hub.of("/", logged())
            .on("join",
                [](Socket& socket, const Event& event) { socket.join(event.get<std::string>(0)); })
            .on("later", [this](Socket&, const Event&, Ack given) { ack = std::move(given); })
            .on("upload",
                [this](Socket&, const Event& event) {
                    for (std::size_t i = 0; i < event.attachment_count(); ++i) {
                        log += std::to_string(event.attachment(i).size()) + " ";
                    }
                })
            .on("call", [this](Socket& socket, const Event& event) {
                socket.call("ask", event.get<std::uint32_t>(0),
                            [this](const Reply& reply) { log += reply.ok() ? "ok " : "none "; });
            });
    }
    // The call's id in what was heard.
    [[nodiscard]] static std::string call_id(PlayedEngineSession& session) {
        const std::string heard = session.heard();
        return heard.substr(1, heard.find('[') - 1);
    }

    Ack ack{};
};

TEST_F(SocketIoMoving, a_client_keeps_its_rooms_and_its_data) {
    const auto session = connected();
    const auto other = connected();
    session->say("2[\"join\",\"r\"]");
    session->move_to(loop_2);
    hub.of("/").to("r").emit("x");
    turn_all();
    EXPECT_EQ(session->heard(), "2[\"x\"] ");
    hub.of("/").to(ids[0]).emit("y");
    turn_all();
    EXPECT_EQ(session->heard(), "2[\"y\"] ");
    EXPECT_EQ(other->heard(), "");
    EXPECT_EQ(take_log(), "+/ +/ ");
    session->say("1");
    EXPECT_EQ(take_log(), "-/:client namespace disconnect ");
}

TEST_F(SocketIoMoving, what_was_said_while_it_was_on_its_way_comes_when_it_arrives) {
    const auto session = connected();
    session->begin_move(loop_2);
    loop_2.poll(0);
    hub.of("/").emit("before");  // Its old loop takes that before it lets it go.
    loop.poll(0);
    hub.of("/").emit("between");
    loop.poll(0);
    in_turn(loop, [this] { hub.of("/").emit("own"); });
    EXPECT_EQ(session->heard(), "");
    loop_2.poll(0);
    EXPECT_FALSE(session->is_moving());
    hub.of("/").emit("after");
    turn_all();
    EXPECT_EQ(session->heard(), "2[\"before\"] 2[\"between\"] 2[\"own\"] 2[\"after\"] ");
}

TEST_F(SocketIoMoving, what_is_kept_goes_when_nobody_is_expected) {
    const auto session = connected();
    HubOnLoop& there = HubState::of(hub).on_loop(Reactor::of(loop_2));
    session->begin_move(loop_2);
    loop_2.poll(0);
    const auto second = connected();
    second->begin_move(loop_2);
    hub.of("/").emit("x");
    turn_all();
    turn_all();
    EXPECT_EQ(there.kept_count(), 0U);
    hub.of("/").emit("y");
    loop_2.poll(0);
    EXPECT_EQ(there.kept_count(), 0U);
    turn_all();
    EXPECT_EQ(session->heard(), "2[\"x\"] 2[\"y\"] ");
}

TEST_F(SocketIoMoving, one_that_ends_before_it_left_is_expected_in_vain) {
    auto session = connected();
    session->begin_move(loop_2);
    loop_2.poll(0);
    loop.post([&] { session->close(engineio::EndReason::transport_closed); });
    turn_all();
    hub.of("/").emit("x");
    turn_all();
    EXPECT_EQ(HubState::of(hub).on_loop(Reactor::of(loop_2)).kept_count(), 0U);
    EXPECT_EQ(take_log(), "+/ -/:transport close ");
}

TEST_F(SocketIoMoving, a_packet_that_had_begun_ends_on_the_new_loop) {
    const auto session = connected();
    session->say(
        "53-[\"upload\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1},"
        "{\"_placeholder\":true,\"num\":2}]");
    session->say(test::attached("one"));
    session->move_to(loop_2);
    session->say(test::attached("12"));
    EXPECT_EQ(take_log(), "+/ ");
    session->say(test::attached("1"));
    EXPECT_EQ(take_log(), "3 2 1 ");
}

TEST_F(SocketIoMoving, acknowledgements_find_a_client_that_has_moved) {
    const auto session = connected();
    session->say("21[\"later\"]");
    session->move_to(loop_2);
    in_turn(loop, [this] { EXPECT_EQ(ack(json(1)), SendResult::queued); });
    turn_all();
    EXPECT_EQ(session->heard(), "31[1] ");
    session->say("22[\"later\"]");
    session->begin_move(loop);
    loop.poll(0);
    std::thread([this] { EXPECT_EQ(ack(json(2)), SendResult::queued); }).join();
    turn_all();
    EXPECT_EQ(session->heard(), "32[2] ");
}

TEST_F(SocketIoMoving, an_acknowledgement_is_sent_while_its_client_is_on_its_way) {
    const auto session = connected();
    session->say("21[\"later\"]");
    session->begin_move(loop_2);
    loop_2.poll(0);
    loop.poll(0);
    in_turn(loop, [this] { EXPECT_EQ(ack(json(1)), SendResult::queued); });
    turn_all();
    EXPECT_EQ(session->heard(), "31[1] ");
}

// It has come, and its WebSocket is gone.
TEST_F(SocketIoMoving, who_cannot_be_asked_when_it_arrives_is_not_waited_for) {
    const auto session = connected();
    session->begin_move(loop_2);
    loop_2.poll(0);
    hub.of("/").broadcast().call("ask", 60'000, [this](const Replies& replies) {
        log += std::to_string(replies.size()) + (replies.is_complete() ? " all " : " some ");
    });
    session->accepted_count = 0;
    turn_all();
    EXPECT_EQ(take_log(), "+/ 0 some ");
}

// Others may be in the room of its id, as anyone may who knows that.
TEST_F(SocketIoMoving, an_acknowledgement_is_for_who_asked_only) {
    const auto session = connected();
    const auto other = connected();
    session->say("21[\"later\"]");
    other->say("2[\"join\",\"" + ids[0] + "\"]");
    session->move_to(loop_2);
    in_turn(loop, [this] { EXPECT_EQ(ack(json(1)), SendResult::queued); });
    turn_all();
    EXPECT_EQ(session->heard(), "31[1] ");
    EXPECT_EQ(other->heard(), "");
}

TEST_F(SocketIoMoving, calls_are_answered_or_missed_on_the_new_loop) {
    const auto session = connected();
    session->say("2[\"call\",0]");
    std::string id = call_id(*session);
    session->move_to(loop_2);
    session->say("3" + id + "[]");
    EXPECT_EQ(take_log(), "+/ ok ");
    session->say("2[\"call\",3]");
    session->move_to(loop);
    while (log.empty()) loop.poll(1);
    EXPECT_EQ(take_log(), "none ");
}

TEST_F(SocketIoMoving, a_call_to_many_counts_who_is_on_its_way) {
    const auto session = connected();
    session->begin_move(loop_2);
    loop_2.poll(0);
    loop.poll(0);
    hub.of("/").broadcast().call("ask", 60'000, [this](const Replies& replies) {
        log += std::to_string(replies.size()) + (replies.is_complete() ? " all" : " some");
    });
    loop.poll(0);
    EXPECT_EQ(take_log(), "+/ ");
    turn_all();
    session->say("3" + call_id(*session) + "[1]");
    turn_all();
    EXPECT_EQ(take_log(), "1 all");
}

TEST_F(SocketIoMoving, a_socket_that_was_disconnected_is_told_before_it_leaves) {
    const auto session = connected();
    session->begin_move(loop_2);
    loop_2.poll(0);
    hub.of("/").broadcast().disconnect();
    loop.poll(0);
    turn_all();
    EXPECT_EQ(session->heard(), "1 ");
    EXPECT_EQ(take_log(), "+/ -/:server namespace disconnect ");
    // And one that is on its way, when it arrives.
    session->say("0");
    static_cast<void>(session->heard());
    session->begin_move(loop);
    loop.poll(0);
    loop_2.poll(0);
    hub.of("/").broadcast().disconnect();
    loop_2.poll(0);
    turn_all();
    EXPECT_EQ(session->heard(), "1 ");
    EXPECT_EQ(take_log(), "+/ -/:server namespace disconnect ");
}

// What is told before its client leaves may end another socket of that.
TEST_F(SocketIoMoving, a_handler_disconnects_the_rest_of_a_client_that_leaves) {
    hub.of("/b", logged());
    hub.of("/", {.disconnected = [this](Socket&, Reason) {
               log += "-/ ";
               hub.in("/b").disconnect();
           }});
    const auto session = connected();
    session->say("0/b,");
    static_cast<void>(session->heard());
    session->begin_move(loop_2);
    hub.of("/").broadcast().disconnect();
    loop_2.poll(0);
    turn_all();
    EXPECT_FALSE(session->is_moving());
    EXPECT_EQ(session->heard(), "1 1/b, ");
    EXPECT_EQ(take_log(), "+/ +/b -/ -/b:server namespace disconnect ");
}

TEST_F(SocketIoMoving, one_that_ends_on_its_way_is_told_of) {
    const auto session = connected();
    session->say("2[\"join\",\"r\"]");
    session->say("2[\"call\",0]");
    session->begin_move(loop_2);
    loop_2.poll(0);
    loop.poll(0);
    session->end_on_the_way();
    EXPECT_EQ(take_log(), "+/ none -/:server shutting down ");
}

// Each of many clients gets everything once, and what one place says in its order, whatever moves
// when. Places are three loops, and a thread that is none of them.
class MovingAtRandom {
  public:
    explicit MovingAtRandom(unsigned seed) : random_(seed) {
        hub_.of("/").on("join", [](Socket& socket, const Event&) { socket.join("r"); });
        for (std::size_t i = 0; i < 6; ++i) {
            clients_.push_back(std::make_unique<PlayedEngineSession>(HubState::of(hub_),
                                                                     loops_[i % loops_.size()]));
            clients_.back()->say("0");
            clients_.back()->say("2[\"join\"]");
            static_cast<void>(clients_.back()->heard());
        }
        heard_.resize(clients_.size());
    }
    void run() {
        for (int step = 0; step < 300; ++step) take_step();
        for (int i = 0; i < 6; ++i) {
            for (Loop& loop : loops_) loop.poll(0);
        }
    }
    [[nodiscard]] std::string expected(std::size_t place) const {
        std::string all;
        for (int i = 0; i < said_[place]; ++i) {
            all += "2[\"" + std::to_string(place) + "\"," + std::to_string(i) + "] ";
        }
        return all;
    }
    // What a client has heard that one place has said.
    [[nodiscard]] std::string heard(std::size_t client, std::size_t place) {
        heard_[client] += clients_[client]->heard();
        std::string some;
        std::size_t begin = 0;
        for (std::size_t end = 0; (end = heard_[client].find(' ', begin)) != std::string::npos;) {
            const std::string one = heard_[client].substr(begin, end + 1 - begin);
            if (one.starts_with("2[\"" + std::to_string(place) + "\"")) some += one;
            begin = end + 1;
        }
        return some;
    }
    static constexpr std::size_t place_count = 4;
    [[nodiscard]] std::size_t client_count() const noexcept { return clients_.size(); }

  private:
    [[nodiscard]] std::size_t pick(std::size_t count) { return random_() % count; }
    void take_step() {
        switch (pick(4)) {
            case 0: loops_[pick(loops_.size())].poll(0); return;
            case 1: {
                PlayedEngineSession& client = *clients_[pick(clients_.size())];
                Loop& to = loops_[pick(loops_.size())];
                if (!client.is_moving() && &client.loop() != &to) client.begin_move(to);
                return;
            }
            case 2: say(loops_.size()); return;
            default: {
                const std::size_t place = pick(loops_.size());
                loops_[place].post([this, place] { say(place); });
            }
        }
    }
    void say(std::size_t place) {
        Broadcast all = hub_.of("/").broadcast();
        if (pick(2) == 0) all.to("r");
        all.emit(std::to_string(place), json(said_[place]++));
    }

    Hub hub_{};
    std::array<Loop, 3> loops_;
    std::vector<std::unique_ptr<PlayedEngineSession>> clients_{};
    std::vector<std::string> heard_{};
    std::array<int, place_count> said_{};
    std::mt19937 random_;
};

TEST(SocketIoMovingAtRandom, all_is_heard_once_and_in_order) {
    for (unsigned seed = 1; seed <= 40; ++seed) {
        MovingAtRandom history(seed);
        history.run();
        for (std::size_t client = 0; client < history.client_count(); ++client) {
            for (std::size_t place = 0; place < MovingAtRandom::place_count; ++place) {
                ASSERT_EQ(history.heard(client, place), history.expected(place))
                    << "seed " << seed << ", client " << client << ", place " << place;
            }
        }
    }
}

}  // namespace
}  // namespace edgews::sio
