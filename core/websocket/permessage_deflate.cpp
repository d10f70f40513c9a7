#include "core/websocket/permessage_deflate.hpp"

#include "core/base/number.hpp"
#include "core/http/http_response.hpp"
#include "core/websocket/extensions.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>

namespace edgews {

namespace {

constexpr std::string_view extension_name = "permessage-deflate";

// The four parameters, as the bits of a set, in the order of their names.
enum Parameter : unsigned {
    server_no_context_takeover = 1,
    client_no_context_takeover = 2,
    server_max_window_bits = 4,
    client_max_window_bits = 8,
};
constexpr std::array<std::string_view, 4> parameter_names{
    "server_no_context_takeover",
    "client_no_context_takeover",
    "server_max_window_bits",
    "client_max_window_bits",
};

// 8 to 15 in decimal without leading zeros (section 7.1.2); 0: it is not.
std::uint8_t parse_window_bits(std::string_view text) noexcept {
    if (text.size() == 1 && (text[0] == '8' || text[0] == '9')) {
        return static_cast<std::uint8_t>(text[0] - '0');
    }
    if (text.size() != 2 || text[0] != '1' || text[1] < '0' || text[1] > '5') return 0;
    return static_cast<std::uint8_t>(10 + (text[1] - '0'));
}

// The parameters of one offer or answer.
struct ParameterSet {
    DeflateAnswerFault fault = DeflateAnswerFault::none;  // Of the first that is no good.
    unsigned present = 0;
    DeflateParameters values{};

    [[nodiscard]] bool has(Parameter parameter) const noexcept {
        return (present & parameter) != 0;
    }
    void add(const ExtensionItem& item, bool may_omit_client_bits) noexcept {
        if (fault == DeflateAnswerFault::none) fault = take(item, may_omit_client_bits);
    }

  private:
    DeflateAnswerFault take(const ExtensionItem& item, bool may_omit_client_bits) noexcept {
        const auto* const name =
            std::find(parameter_names.begin(), parameter_names.end(), item.name);
        if (name == parameter_names.end()) return DeflateAnswerFault::parameter_unknown;
        const auto parameter = static_cast<Parameter>(1U << (name - parameter_names.begin()));
        if (has(parameter)) return DeflateAnswerFault::parameter_repeated;
        present |= parameter;

        std::array<char, 2> scratch;
        const auto value = unescape_extension_value(item, scratch);
        const std::uint8_t bits = item.has_value && value ? parse_window_bits(*value) : 0;
        const bool is_flag =
            parameter == server_no_context_takeover || parameter == client_no_context_takeover;
        const bool may_omit = parameter == client_max_window_bits && may_omit_client_bits;
        const bool is_valid = item.has_value ? !is_flag && bits != 0 : is_flag || may_omit;
        if (!is_valid) return DeflateAnswerFault::value_invalid;
        switch (parameter) {
            case server_no_context_takeover: values.server_no_context_takeover = true; break;
            case client_no_context_takeover: values.client_no_context_takeover = true; break;
            case server_max_window_bits: values.server_max_window_bits = bits; break;
            case client_max_window_bits:
                values.client_max_window_bits = item.has_value ? bits : window_bits_max;
                break;
        }
        return DeflateAnswerFault::none;
    }
};

DeflateAnswer accept(const ParameterSet& offer, const DeflateParameters& terms) noexcept {
    DeflateAnswer answer{.agreed = offer.values};
    DeflateParameters& agreed = answer.agreed;
    agreed.server_no_context_takeover |= terms.server_no_context_takeover;
    agreed.client_no_context_takeover |= terms.client_no_context_takeover;
    agreed.server_max_window_bits =
        std::min(agreed.server_max_window_bits, terms.server_max_window_bits);
    // Only whoever offers the parameter can be told to look back less (section 7.1.2.2).
    if (offer.has(client_max_window_bits)) {
        agreed.client_max_window_bits =
            std::min(agreed.client_max_window_bits, terms.client_max_window_bits);
    }
    answer.names_server_window = offer.has(server_max_window_bits);
    return answer;
}

// The first acceptable offer of one header's value, which is well-formed.
std::optional<DeflateAnswer> answer_offers(std::string_view value,
                                           const DeflateParameters& terms) noexcept {
    ExtensionReader reader(value);
    ExtensionItem item = reader.next();
    while (item) {
        const bool is_ours = item.name == extension_name;
        ParameterSet offer;
        while ((item = reader.next()).kind == ExtensionItem::Kind::parameter) offer.add(item, true);
        if (is_ours && offer.fault == DeflateAnswerFault::none) return accept(offer, terms);
    }
    return std::nullopt;
}

void append_parameter(std::string& out, Parameter parameter) noexcept {
    const auto index = static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(parameter)));
    out.append("; ").append(parameter_names[index]);
}

void append_window(std::string& out, Parameter parameter, std::uint8_t bits) noexcept {
    append_parameter(out, parameter);
    out += '=';
    append_number(out, bits);
}

}  // namespace

std::optional<DeflateAnswer> answer_deflate_offers(const HttpHead& head,
                                                   const DeflateParameters& terms) noexcept {
    for (const std::string_view value : head.values("Sec-WebSocket-Extensions")) {
        if (const auto answer = answer_offers(value, terms)) return answer;
    }
    return std::nullopt;
}

void append_deflate_answer(std::string& out, const DeflateAnswer& answer) noexcept {
    const DeflateParameters& agreed = answer.agreed;
    out.append(extension_name);
    if (agreed.server_no_context_takeover) append_parameter(out, server_no_context_takeover);
    if (agreed.client_no_context_takeover) append_parameter(out, client_no_context_takeover);
    if (answer.names_server_window || agreed.server_max_window_bits < window_bits_max) {
        append_window(out, server_max_window_bits, agreed.server_max_window_bits);
    }
    if (agreed.client_max_window_bits < window_bits_max) {
        append_window(out, client_max_window_bits, agreed.client_max_window_bits);
    }
}

void append_deflate_offer(std::string& out, const DeflateParameters& terms) noexcept {
    out.append(extension_name);
    if (terms.server_no_context_takeover) append_parameter(out, server_no_context_takeover);
    if (terms.client_no_context_takeover) append_parameter(out, client_no_context_takeover);
    if (terms.server_max_window_bits < window_bits_max) {
        append_window(out, server_max_window_bits, terms.server_max_window_bits);
    }
    if (terms.client_max_window_bits < window_bits_max) {
        append_window(out, client_max_window_bits, terms.client_max_window_bits);
    } else {
        append_parameter(out, client_max_window_bits);
    }
}

std::string_view describe(DeflateAnswerFault fault) noexcept {
    switch (fault) {
        case DeflateAnswerFault::none: return "no fault";
        case DeflateAnswerFault::malformed:
            return "Sec-WebSocket-Extensions is not a list of extensions";
        case DeflateAnswerFault::extension_unexpected:
            return "the server answers with an extension that was not offered";
        case DeflateAnswerFault::parameter_unknown:
            return "the server answers with an unknown parameter of permessage-deflate";
        case DeflateAnswerFault::parameter_repeated:
            return "the server repeats a parameter of permessage-deflate";
        case DeflateAnswerFault::value_invalid:
            return "a parameter of the server's permessage-deflate has an invalid value";
        case DeflateAnswerFault::server_window_too_large:
            return "the server's window is larger than was asked for";
        case DeflateAnswerFault::server_takeover_unwilling:
            return "the server does not confirm server_no_context_takeover";
    }
    assert(false);
    return {};
}

ReadDeflateAnswer read_deflate_answer(std::string_view value,
                                      const DeflateParameters& terms) noexcept {
    if (!is_extension_list(value)) return {DeflateAnswerFault::malformed};
    ExtensionReader reader(value, ExtensionReader::EmptyParameters::malformed);
    if (reader.next().name != extension_name) {
        return {DeflateAnswerFault::extension_unexpected};
    }
    ParameterSet answer;
    ExtensionItem item = reader.next();
    for (; item.kind == ExtensionItem::Kind::parameter; item = reader.next()) {
        answer.add(item, false);
    }
    if (item) return {DeflateAnswerFault::extension_unexpected};
    if (reader.is_malformed()) return {DeflateAnswerFault::malformed};
    if (answer.fault != DeflateAnswerFault::none) return {answer.fault};
    if (answer.values.server_max_window_bits > terms.server_max_window_bits) {
        return {DeflateAnswerFault::server_window_too_large};
    }
    if (terms.server_no_context_takeover && !answer.values.server_no_context_takeover) {
        return {DeflateAnswerFault::server_takeover_unwilling};
    }
    // Whatever the server allows, we keep to what we said.
    DeflateParameters agreed = answer.values;
    agreed.client_no_context_takeover |= terms.client_no_context_takeover;
    agreed.client_max_window_bits =
        std::min(agreed.client_max_window_bits, terms.client_max_window_bits);
    return {DeflateAnswerFault::none, agreed};
}

}  // namespace edgews
