#include <edgews/stats.hpp>

#include <cstring>

namespace edgews {

const char* metric_name(Counter counter) noexcept {
    switch (counter) {
        case Counter::connections_accepted: return "edgews_connections_accepted_total";
        case Counter::connections_refused: return "edgews_connections_refused_total";
        case Counter::connections_open: return "edgews_connections_open";
        case Counter::websockets_opened: return "edgews_websockets_opened_total";
        case Counter::websockets_open: return "edgews_websockets_open";
        case Counter::handshakes_refused: return "edgews_handshakes_refused_total";
        case Counter::http_requests: return "edgews_http_requests_total";
        case Counter::messages_received: return "edgews_messages_received_total";
        case Counter::messages_sent: return "edgews_messages_sent_total";
        case Counter::messages_dropped: return "edgews_messages_dropped_total";
        case Counter::bytes_received: return "edgews_bytes_received_total";
        case Counter::bytes_sent: return "edgews_bytes_sent_total";
        case Counter::protocol_faults: return "edgews_protocol_faults_total";
        case Counter::handler_failures: return "edgews_handler_failures_total";
    }
    return "";
}

std::string Stats::prometheus() const {
    std::string text;
    for (std::size_t i = 0; i < counter_count; ++i) {
        const char* name = metric_name(static_cast<Counter>(i));
        const bool is_total = std::strstr(name, "_total") != nullptr;
        text.append("# TYPE ").append(name).append(is_total ? " counter\n" : " gauge\n");
        text.append(name).append(" ").append(std::to_string(values[i])).append("\n");
    }
    return text;
}

}  // namespace edgews
