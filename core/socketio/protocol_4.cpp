#include "core/socketio/protocol_4.hpp"

#include "core/http/url.hpp"
#include "core/kernels/utf8.hpp"
#include "core/socketio/json_string.hpp"
#include "core/socketio/packet_writer.hpp"

#include <cassert>
#include <map>
#include <optional>
#include <utility>

namespace edgews::sio {

NamespaceAndQuery split_query(std::string_view text) noexcept {
    const std::size_t size = text.find('?');
    if (size == std::string_view::npos) return {.name = text};
    return {.name = text.substr(0, size), .query = text.substr(size + 1)};
}

void append_query_object(std::string& out, std::string_view query) {
    std::map<std::string, std::string> values;
    while (!query.empty()) {
        const QueryParameter parameter = take_parameter(query);
        if (parameter.name.empty() && parameter.value.empty()) continue;
        std::optional<std::string> name = decode_form(parameter.name);
        std::optional<std::string> value = decode_form(parameter.value);
        if (!name || !value || !is_utf8(*name) || !is_utf8(*value)) continue;
        values.insert_or_assign(std::move(*name), std::move(*value));
    }
    out.push_back('{');
    for (const auto& [name, value] : values) {
        if (out.back() != '{') out.push_back(',');
        static_cast<void>(append_json_string(out, name));
        out.push_back(':');
        static_cast<void>(append_json_string(out, value));
    }
    out.push_back('}');
}

void append_connect_4(std::string& out, std::string_view namespace_name) {
    append_bare(out, PacketType::connect, namespace_name);
}

Fault append_connect_error_4(std::string& out, std::string_view namespace_name,
                             std::string_view message, const JsonElements& data) {
    assert(data.count() <= 1);
    const std::size_t begin = out.size();
    append_bare(out, PacketType::connect_error, namespace_name);
    if (!data.is_empty()) {
        out.append(data.text());
    } else if (!append_json_string(out, message)) {
        out.resize(begin);
        return Fault::text_not_utf8;
    }
    return Fault::none;
}

std::string id_prefix_4(std::string_view namespace_name) {
    return namespace_name == "/" ? std::string() : std::string(namespace_name) + '#';
}

}  // namespace edgews::sio
