#include "core/stomp/server_frame.hpp"

namespace edgews::stomp {

std::string_view describe(ServerFault fault) noexcept {
    switch (fault) {
        case ServerFault::none: return "No rule was broken.";
        case ServerFault::frame_malformed: return "A frame is malformed.";
        case ServerFault::not_a_servers: return "A frame is not one that servers send.";
        case ServerFault::not_connected: return "The first frame is not CONNECTED.";
        case ServerFault::connected_already: return "There is a second CONNECTED.";
        case ServerFault::version_not_offered: return "The version is none that was offered.";
        case ServerFault::heart_beat_malformed:
            return "The heart-beat header is not two numbers with a comma between.";
        case ServerFault::destination_missing: return "A MESSAGE has no destination.";
        case ServerFault::message_id_missing: return "A MESSAGE has no message-id.";
        case ServerFault::subscription_missing: return "A MESSAGE has no subscription.";
        case ServerFault::receipt_id_missing: return "A RECEIPT has no receipt-id.";
    }
    return {};
}

}  // namespace edgews::stomp
