// Invariants: a request is either refused with a client error or answered with a 101
// that holds nothing but whole lines; what is read from it keeps its grammar; and a
// path or query of a stranger never decodes to NUL.

#include "core/http/path_pattern.hpp"
#include "core/http/url.hpp"
#include "core/websocket/extensions.hpp"
#include "core/websocket/handshake.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void check(bool holds) {
    if (!holds) std::abort();
}

// One head and nothing after it but `body_size` bytes, each line a visible one.
void check_response(std::string_view response, std::size_t body_size) {
    check(response.starts_with("HTTP/1.1 "));
    const std::size_t end = response.find("\r\n\r\n");
    check(end != std::string_view::npos);
    check(response.size() == end + 4 + body_size);
    for (std::size_t i = 0; i < end; ++i) {
        if (response.substr(i, 2) == "\r\n") {
            ++i;
        } else {
            check(!edgews::is_control_char(response[i]));
        }
    }
}

template <typename Fault>
void check_refusal(Fault fault) {
    const unsigned status = edgews::status_code(fault);
    check(status >= 400 && status <= 505);
    std::string out;
    edgews::append_refusal(out, fault);
    check_response(out, edgews::describe(fault).size() + 1);
}

void check_extensions(const edgews::HttpHead& head) {
    for (const std::string_view value : head.values("Sec-WebSocket-Extensions")) {
        edgews::ExtensionReader reader(value);
        std::size_t count = 0;
        while (const edgews::ExtensionItem item = reader.next()) {
            if (count++ == 0) check(item.kind == edgews::ExtensionItem::Kind::extension);
            check(edgews::is_token(item.name));
            std::string scratch(value.size(), '\0');
            const auto unescaped = edgews::unescape_extension_value(item, scratch);
            check(unescaped.has_value());
            check(item.has_value ? edgews::is_token(*unescaped) : unescaped->empty());
        }
        check(reader.is_malformed() != edgews::is_extension_list(value));
    }
}

void check_path_and_query(const edgews::HttpHead& head) {
    const edgews::PathPattern pattern("/:first/*");
    const edgews::PathPattern everything("/*");
    edgews::PathParameters parameters;
    const bool is_path = head.path().starts_with('/') && edgews::is_percent_encoded(head.path());
    check(everything.match(head.path(), parameters) == is_path);
    if (pattern.match(head.path(), parameters)) {
        check(is_path);
        check(!parameters.get("first")->empty());
        check(parameters.raw("first")->find('/') == std::string_view::npos);
        check(parameters.get("*")->find('\0') == std::string::npos);
    }
    const auto value = edgews::query_value(head.query(), "a");
    check(!value || value->find('\0') == std::string::npos);
}

void check_opening(const edgews::HttpHead& head) {
    const edgews::OpeningRequest request = edgews::read_opening_request(head);
    if (request.fault != edgews::HandshakeFault::none) return check_refusal(request.fault);
    check(edgews::wants_websocket(head));
    check(!head.has_body());
    check(request.key.size() == edgews::websocket_key_size);

    edgews::SubprotocolReader offers(head);
    const std::string first(offers.next());
    for (auto offer = offers.next(); !offer.empty(); offer = offers.next()) {
        check(edgews::is_token(offer));
        check(offer != first);
    }
    const std::array<std::string, 2> preferred{"never offered", first};
    check(edgews::choose_subprotocol(head, preferred) == first);

    std::string out;
    check(edgews::append_opening_response(out, {.key = request.key, .subprotocol = first}) ==
          edgews::HeaderFault::none);
    check_response(out, 0);
    const std::array<std::string, 1> open{"*"};
    const edgews::OriginQuestion question{head.header("Origin"), head.host(), false};
    check(edgews::origin_allowed(question, open));
    const bool is_same = edgews::origin_allowed(question, {});
    check(is_same || question.origin.has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    edgews::HttpHead head;
    switch (head.parse({reinterpret_cast<const char*>(data), size})) {
        case edgews::HttpHead::Progress::more: break;
        case edgews::HttpHead::Progress::failed: check_refusal(head.fault()); break;
        case edgews::HttpHead::Progress::complete:
            check_extensions(head);
            check_path_and_query(head);
            check_opening(head);
            break;
    }
    return 0;
}
