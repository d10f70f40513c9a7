// Invariants: a URL without a fault gives a request that the server's half accepts, and leads
// back to itself when its parts are joined; a redirection takes no user information to another
// origin; a response head has the same outcome whole, cut anywhere and byte by byte; and one that
// opens a WebSocket keeps every rule of RFC 6455, section 4.1.
//
// The input's first byte says where the response is cut; then come a URL, a Location and a
// subprotocol to offer, a line each, and the response.

#include "core/http/basic_credentials.hpp"
#include "core/http/url.hpp"
#include "core/websocket/client_handshake.hpp"
#include "core/websocket/handshake.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace {

using edgews::HttpHead;
using edgews::OpeningOffer;
using edgews::WebSocketUrl;
using Progress = HttpHead::Progress;

constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
constexpr edgews::DeflateParameters terms{
    .server_no_context_takeover = true, .server_max_window_bits = 12, .client_max_window_bits = 11};

void check(bool holds) {
    if (!holds) std::abort();
}

std::string_view take_line(std::string_view& input) {
    const std::string_view line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(line.size() + 1, input.size()));
    return line;
}

bool is_same(const WebSocketUrl& a, const WebSocketUrl& b) {
    return a.fault == b.fault && a.is_secure == b.is_secure && a.port == b.port &&
           a.user_info == b.user_info && a.host == b.host && a.target == b.target;
}

void check_url(const WebSocketUrl& url) {
    check(!edgews::describe(url.fault).empty());
    if (url.fault != edgews::UrlFault::none) return check(url.host.empty() && url.port == 0);
    check(url.port != 0);
    check(url.target.starts_with('/'));
    check(edgews::is_user_info(url.user_info));
    check(edgews::parse_authority(url.host_header()).is_valid);
    check(!url.bare_host().empty() && !url.bare_host().starts_with('['));
    std::string joined = url.is_secure ? "wss://" : "ws://";
    if (!url.user_info.empty()) joined += url.user_info + '@';
    joined += url.host + ':' + std::to_string(url.port) + url.target;
    check(is_same(edgews::parse_websocket_url(joined), url));
}

void check_location(const WebSocketUrl& base, std::string_view location) {
    const WebSocketUrl url = edgews::resolve_location(base, location);
    check_url(url);
    if (url.fault != edgews::UrlFault::none || edgews::is_same_origin(base, url)) return;
    check(url.user_info.empty() || location.find('@') != std::string_view::npos);
}

// What the client writes, the server reads.
void check_request(const WebSocketUrl& url, const OpeningOffer& offer) {
    std::string out;
    const auto fault = edgews::append_opening_request(out, url, {.offer = offer});
    const bool is_token = offer.subprotocols.empty() || edgews::is_token(offer.subprotocols[0]);
    check(is_token == (fault == edgews::OpeningRequestFault::none));
    check(is_token != out.empty());
    if (!is_token) return;
    edgews::HttpLimits limits;
    limits.head_size_max = limits.line_size_max = edgews::http_head_capacity;
    HttpHead head(limits);
    if (out.size() > limits.head_size_max) return;
    check(head.parse(out) == Progress::complete);
    check(head.size() == out.size());
    check(head.target() == url.target);
    check(head.host() == url.host_header());
    check(head.header("Authorization").has_value() != url.user_info.empty());
    const edgews::OpeningRequest request = edgews::read_opening_request(head);
    check(request.fault == edgews::HandshakeFault::none);
    check(request.key == key);
    for (const std::string& subprotocol : offer.subprotocols) {
        check(edgews::offers_subprotocol(head, subprotocol));
    }
    const auto answer = edgews::answer_deflate_offers(head, {});
    check(answer.has_value() == (offer.deflate_terms != nullptr));
    check(!answer || answer->agreed.server_max_window_bits == terms.server_max_window_bits);
}

void check_opening(const HttpHead& head, const OpeningOffer& offer) {
    using Fault = edgews::OpeningResponseFault;
    const edgews::ReadOpeningResponse response = edgews::read_opening_response(head, offer);
    check(!edgews::describe(response).empty());
    check((response.fault == Fault::deflate_answer_invalid) ==
          (response.deflate_fault != edgews::DeflateAnswerFault::none));
    if (response.fault != Fault::none) return;
    check(head.status() == 101 && !edgews::is_interim_response(head) && !head.has_body());
    check(edgews::equals_ignoring_case(*head.header("Upgrade"), "websocket"));
    check(head.has_token("Connection", "upgrade"));
    check(*head.header("Sec-WebSocket-Accept") == accept);
    const auto chosen = head.header("Sec-WebSocket-Protocol");
    check(chosen.has_value() != offer.subprotocols.empty());
    check(chosen.value_or("") == response.subprotocol);
    check(!chosen || response.subprotocol.data() == offer.subprotocols[0].data());
    if (!response.deflate_agreed) return;
    check(offer.deflate_terms != nullptr);
    check(head.find_header("Sec-WebSocket-Extensions") < head.header_count());
    check(response.deflate_agreed->server_no_context_takeover);
    check(response.deflate_agreed->server_max_window_bits <= terms.server_max_window_bits);
    check(response.deflate_agreed->client_max_window_bits <= terms.client_max_window_bits);
}

void check_same(const HttpHead& a, const HttpHead& b) {
    check(a.size() == b.size());
    check(a.reason() == b.reason());
    check(a.content_length() == b.content_length());
    check(a.is_chunked() == b.is_chunked());
    check(a.has_body() == b.has_body());
    check(a.keep_alive() == b.keep_alive());
    check(a.header_count() == b.header_count());
    for (std::size_t i = 0; i < a.header_count(); ++i) {
        check(a.header_at(i).name == b.header_at(i).name);
        check(a.header_at(i).value == b.header_at(i).value);
    }
}

// Feeds `input` in pieces of `step` bytes, each time from a heap block of exact size.
void check_split(const HttpHead& whole, Progress progress, std::string_view input,
                 const edgews::HttpLimits& limits, std::size_t step) {
    HttpHead split(HttpHead::Kind::response, limits);
    std::unique_ptr<char[]> block;
    Progress split_progress = Progress::more;
    for (std::size_t end = 0; end < input.size() && split_progress == Progress::more;) {
        end = std::min(end + step, input.size());
        auto next = std::make_unique<char[]>(end);
        input.copy(next.get(), end);
        block = std::move(next);
        split_progress = split.parse({block.get(), end});
    }
    check(split_progress == progress);
    check(split.fault() == whole.fault());
    check(split.status() == whole.status());
    if (progress == Progress::complete) check_same(split, whole);
}

void check_response(std::string_view input, std::size_t cut, const OpeningOffer& offer) {
    edgews::HttpLimits limits;
    limits.head_size_max = 2048;
    limits.line_size_max = 512;
    limits.header_count_max = 12;
    HttpHead head(HttpHead::Kind::response, limits);
    const Progress progress = head.parse(input);
    check((progress == Progress::failed) == (head.fault() != edgews::HttpFault::none));
    check(head.status() == 0 || (head.status() >= 100 && head.status() <= 999));
    check_split(head, progress, input, limits, cut + 1);
    check_split(head, progress, input, limits, 1);
    if (progress != Progress::complete) return;
    check(head.status() != 0);
    check(input.substr(0, head.size()).ends_with("\r\n\r\n"));
    for (const char c : head.reason()) check(c == '\t' || !edgews::is_control_char(c));
    check_opening(head, offer);
    check_opening(head, {.key = key});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view input{reinterpret_cast<const char*>(data) + 1, size - 1};
    const WebSocketUrl url = edgews::parse_websocket_url(take_line(input));
    const std::string_view location = take_line(input);
    const std::array<std::string, 1> subprotocols{std::string(take_line(input))};
    const OpeningOffer offer{.key = key, .subprotocols = subprotocols, .deflate_terms = &terms};

    check_url(url);
    if (url.fault == edgews::UrlFault::none) {
        check_location(url, location);
        check_request(url, offer);
        check_request(url, {.key = key});
    }
    check_response(input, data[0], offer);
    return 0;
}
