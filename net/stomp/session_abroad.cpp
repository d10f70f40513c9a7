// What a STOMP session waits for where its broker's topics are carried to other nodes: a SUBSCRIBE
// is filed here at once, and its RECEIPT says that nothing is missed from then on, whichever node
// it is sent on.
#include "core/stomp/topic_carrier.hpp"
#include "net/stomp/broker_state.hpp"
#include "net/stomp/session_link.hpp"

#include <string>

namespace edgews {

namespace {

// Milliseconds for which a node may be late.
constexpr std::uint64_t late_ms = 10'000;

}  // namespace

// Who wants no receipt is promised nothing, and does not wait.
bool StompSessionLink::subscribe_abroad(const stomp::Request& request) {
    stomp::TopicCarrier& carrier = *state_.carrier;
    if (!session_.wanted_receipt() || !carrier.carries(request.destination)) return carry_out();
    const std::string topic(request.destination);
    session_.withhold_receipt();
    static_cast<void>(carry_out());
    if (session_.is_over()) return true;
    await_upstream(false, carrier.patience_ms() + late_ms);
    carrier.await(
        topic, [&state = state_, id = session_.outbox().session_id](bool) { state.let_go_on(id); });
    return false;
}

}  // namespace edgews
