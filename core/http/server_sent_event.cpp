#include "core/http/server_sent_event.hpp"

#include "core/base/number.hpp"

namespace edgews {

namespace {

constexpr std::string_view breaks = "\r\n";
constexpr std::string_view not_in_ids{"\r\n\0", 3};

void append_field(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    out += value;
    out += '\n';
}

}  // namespace

bool append_event(std::string& out, const ServerSentEvent& event) {
    if (event.name.find_first_of(breaks) != std::string_view::npos) return false;
    if (event.id && event.id->find_first_of(not_in_ids) != std::string_view::npos) return false;
    if (!event.name.empty()) append_field(out, "event", event.name);
    if (event.id) append_field(out, "id", *event.id);
    std::string_view rest = event.data;
    std::size_t end = rest.find_first_of(breaks);
    for (; end != std::string_view::npos; end = rest.find_first_of(breaks)) {
        append_field(out, "data", rest.substr(0, end));
        rest.remove_prefix(rest.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
    }
    append_field(out, "data", rest);
    out += '\n';
    return true;
}

void append_retry(std::string& out, std::uint32_t retry_ms) {
    out += "retry: ";
    append_number(out, retry_ms);
    out += "\n\n";
}

}  // namespace edgews
