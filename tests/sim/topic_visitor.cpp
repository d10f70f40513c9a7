#include "topic_visitor.hpp"

namespace edgews::sim::test {

std::string name_of(unsigned topic) {
    return "topic " + std::to_string(topic);
}

int loop_of(Server& server, const Connection& connection) {
    for (std::size_t i = 0; i < server.loop_count(); ++i) {
        if (&server.loop(i) == &connection.loop()) return static_cast<int>(i);
    }
    return no_loop;
}

bool TopicVisitor::note_place(std::string_view answer) {
    if (answer[0] != '+' && answer[0] != '-') return false;
    const std::size_t topic = static_cast<std::size_t>(answer[1] - '0');
    place[topic] = answer[0] == '+' ? ++stays_begun : 0;
    return true;
}

void TopicVisitor::step() {
    Choices& choices = world.choices();
    const std::string topic = std::to_string(choices.below(topic_count));
    switch (choices.below(may_leave ? 10 : 8)) {
        case 0:
        case 1:
        case 2: return peer.send_text("+" + topic);
        case 3:
        case 4:
        case 5: return peer.send_text("!" + topic);
        case 6: return peer.send_text("-" + topic);
        case 7: is_reading = !is_reading; return peer.set_reading(is_reading);
        case 8: return peer.reset();
        default: return peer.close(1000);
    }
}

void TopicVisitor::go_on(Pauses pauses) {
    world.kernel().network().note_event();
    if (steps_left == 0) {
        is_reading = true;
        return peer.set_reading(true);
    }
    --steps_left;
    step();
    const std::uint64_t most = world.choices().once_in(3) ? pauses.rare_ns : pauses.usual_ns;
    world.after(world.kernel().drawn_ns(most), [this, pauses] { go_on(pauses); });
}

}  // namespace edgews::sim::test
