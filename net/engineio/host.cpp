#include "net/engineio/host.hpp"

#include <edgews/connection.hpp>
#include <edgews/request.hpp>
#include <edgews/response.hpp>
#include <edgews/server.hpp>
#include <edgews/upgrade.hpp>
#include "core/http/http_token.hpp"
#include "core/websocket/handshake.hpp"
#include "crypto/random.hpp"
#include "net/engineio/application.hpp"
#include "net/engineio/hosted_session.hpp"
#include "net/engineio/probe.hpp"
#include "net/engineio/reply.hpp"
#include "net/engineio/socket_user.hpp"

#include <array>
#include <stdexcept>
#include <utility>
#include <vector>

namespace edgews::engineio {

namespace {

void check(const Options& options) {
    const auto refuse = [](const char* why) {
        throw std::invalid_argument(std::string("engineio::Options::") + why);
    };
    if (options.heartbeat.ping_interval_ms == 0) refuse("heartbeat.ping_interval_ms is 0");
    if (options.heartbeat.ping_timeout_ms == 0) refuse("heartbeat.ping_timeout_ms is 0");
    if (options.upgrade_timeout_ms == 0) refuse("upgrade_timeout_ms is 0");
    if (!options.cookie.empty() && !is_token(options.cookie)) refuse("cookie is no token");
}

// What a request names; empty is as good as absent, as it is for npm's server.
std::string value_of(const Request& request, std::string_view name) {
    return request.query(name).value_or("");
}

// Of a POST. As npm's server, which knows the type in this spelling alone.
PayloadForm form_of(const Request& request) {
    const auto type = request.header("Content-Type");
    return type == binary_type ? PayloadForm::binary : PayloadForm::text;
}

struct Claims {
    std::string version, transport, id;

    explicit Claims(const Request& request)
        : version(value_of(request, "EIO")),
          transport(value_of(request, "transport")),
          id(value_of(request, "sid")) {}
    [[nodiscard]] RequestClaims of(const Request& request, bool is_upgrade,
                                   const Directory::Found& known) const {
        return {.method = request.method(),
                .version = version,
                .transport = transport,
                .is_upgrade = is_upgrade,
                .has_session = !id.empty(),
                .session_dialect = known.dialect,
                .is_jsonp = !is_upgrade && version == "3" && request.query("j")};
    }
};

RouteOptions websocket_options(const Options& options) {
    RouteOptions route = options.websocket;
    route.message_size_max = options.payload_size_max;
    route.idle_ping_ms = 0;  // Sessions have a heart-beat of their own.
    route.origins = options.cors.origins;
    if (!route.origins.empty()) route.origins.emplace_back(same_origin_entry);  // As for polling.
    route.subprotocols.clear();
    return route;
}

// Of a session's request, and of one whose session was gone when it came to its loop.
Refusal refusal_for(Directory::Result result) noexcept {
    return result == Directory::Result::is_websocket ? Refusal::request_bad
                                                     : Refusal::session_unknown;
}

}  // namespace

SessionId new_session_id() noexcept {
    std::array<std::byte, SessionId::random_size> random;
    fill_random(random);
    return SessionId(random);
}

Host::Host(Application& application, Options options)
    : application_(application),
      options_(std::move(options)),
      ping_(Packet::of_text(PacketType::ping, "")),
      pong_(Packet::of_text(PacketType::pong, "")),
      close_(Packet::of_text(PacketType::close, "")),
      noop_(Packet::of_text(PacketType::noop, "")) {
    check(options_);
}

Host::~Host() = default;

void Host::attach(Server& server, std::string_view path) {
    if (server_ != nullptr && server_ != &server) {
        throw std::logic_error("engineio::Host::attach(): it serves another server already");
    }
    std::string slashless(path);
    while (slashless.ends_with('/')) slashless.pop_back();
    const HttpHandler handler = [this](const Request& request, Response& response) {
        serve(request, response);
    };
    const HttpRouteOptions http{.body_size_max = options_.payload_size_max,
                                .answer_timeout_ms = 0,  // Pings end each poll.
                                .cors = options_.cors};
    for (const std::string& each : {slashless + "/", slashless}) {
        if (each.empty()) continue;
        // The last three are refused in Engine.IO's words.
        for (const char* const method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
            server.http(method, each, handler, http);
        }
        if (options_.transports.websocket) {
            server.ws<SocketData>(each, handlers(), websocket_options(options_));
        }
    }
    if (server_ == nullptr) server.on_shutdown([this](Loop& loop) { shut_down(loop); });
    server_ = &server;
}

// In the order of npm's server.
Refusal Host::refusal_of(const RequestClaims& said, Directory::Result known) const {
    const Refusal refusal = check_transport(said, options_.transports);
    if (refusal != Refusal::none) return refusal;
    const bool is_unknown = said.has_session && known == Directory::Result::unknown;
    return is_unknown ? Refusal::session_unknown : check_rest(said, options_.transports);
}

// Of a request that opens a session.
Dialect Host::dialect_of(const Request& request) const {
    if (!options_.transports.v3 || value_of(request, "EIO") != "3") return Dialect::v4;
    return value_of(request, "b64").empty() ? Dialect::v3 : Dialect::v3_base64;
}

// ---- Plain requests ----------------------------------------------------------------------------

void Host::serve(const Request& request, Response& response) {
    const Claims claims(request);
    const Directory::Found known = directory_.find(claims.id);
    const RequestClaims said = claims.of(request, false, known);
    const Refusal refusal = refusal_of(said, known.result);
    if (refusal != Refusal::none) {
        response = refusal_response(refusal);
    } else if (!said.has_session) {
        open(request, response);
    } else if (said.method == "GET") {
        poll(request, response, claims.id, known);
    } else {
        post(request, response, claims.id);
    }
}

void Host::open(const Request& request, Response& response) {
    const SessionId id = new_session_id();
    HostedSession* const session = HostedSession::make(
        *this, *Reactor::current(), id, Opening(request, options_), nullptr, dialect_of(request));
    if (session == nullptr) {
        response = too_many_sessions_response();
    } else if (!session->open_polling(response)) {
        response = refusal_response(Refusal::forbidden);
    } else if (!options_.cookie.empty()) {
        response.headers.add("Set-Cookie", cookie_of(id.text()));
    }
}

Response Host::refusal_of_lost(std::string_view id) {
    return refusal_response(refusal_for(directory_.find(id).result));
}

void Host::poll(const Request& request, Response& response, const std::string& id,
                const Directory::Found& known) {
    const auto [result, place, dialect] = known;
    if (result != Directory::Result::found) {
        response = refusal_response(refusal_for(result));
        return;
    }
    const std::uint64_t number = poll_count_.fetch_add(1, std::memory_order_relaxed);
    if (place.reactor == Reactor::current()) {
        Seat* const seat = find_at<Seat>(place);
        if (seat != nullptr) return seat->session().poll(Reply(request, response), number);
        response = refusal_of_lost(id);
        return;
    }
    const Reply reply(request.defer(teller_of_gone(place, number)));
    post_to<Seat>(place, [this, reply, number, id](Seat* seat) {
        if (seat != nullptr) return seat->session().poll(reply, number);
        reply.give(refusal_of_lost(id));
    });
}

// Another POST that is under way may be on its way to the session's loop, and be overtaken.
void Host::post(const Request& request, Response& response, const std::string& id) {
    const auto [result, place, dialect] = directory_.begin_post(id);
    const bool is_busy = result == Directory::Result::is_busy;
    if (!is_busy && result != Directory::Result::found) {
        response = refusal_response(refusal_for(result));
        return;
    }
    const std::span<const std::byte> bytes = request.body_bytes();
    const PayloadForm form = form_of(request);
    auto give = [this, is_busy, id, form,
                 body = std::vector<std::byte>(bytes.begin(), bytes.end())](
                    Seat* seat, const Reply& reply) mutable {
        if (seat == nullptr) return reply.give(refusal_of_lost(id));
        HostedSession& session = seat->session();
        is_busy ? session.post_overlapped(reply) : session.post(reply, body, form);
    };
    if (place.reactor == Reactor::current()) {
        return give(find_at<Seat>(place), Reply(request, response));
    }
    post_to<Seat>(place, [give = std::move(give), reply = Reply(request.defer())](
                             Seat* seat) mutable { give(seat, reply); });
}

// ---- WebSockets --------------------------------------------------------------------------------

Handlers Host::handlers() {
    return {.upgrade = [this](const Request& request,
                              Upgrade& upgrade) noexcept { decide(request, upgrade); },
            .open = [this](Connection& connection) noexcept { opened(connection); },
            .message =
                [](Connection& connection, Message message) noexcept {
                    SocketUser* const user = connection.data<SocketData>().user;
                    if (user != nullptr) user->received(message);
                },
            .close =
                [](Connection& connection, CloseEvent) noexcept {
                    SocketData& data = connection.data<SocketData>();
                    SocketUser* const user = std::exchange(data.user, nullptr);
                    if (user != nullptr) user->lost();
                }};
}

// A second WebSocket of a session is accepted, and then closed: no handshake can say why.
void Host::decide(const Request& request, Upgrade& upgrade) {
    Claims claims(request);
    const Directory::Found known = directory_.find(claims.id);
    const RequestClaims said = claims.of(request, true, known);
    const Refusal refusal = refusal_of(said, known.result);
    if (refusal != Refusal::none) {
        upgrade.add_header("Content-Type", "application/json");
        return upgrade.reject(status_of(refusal), json_of(refusal));
    }
    Handshake handshake{.id = new_session_id()};
    if (said.has_session) {
        handshake.tried_by = std::move(claims.id);
    } else if (is_full()) {
        return upgrade.reject(503, "There are too many sessions.\n");
    } else {
        handshake.dialect = dialect_of(request);
        handshake.opening = Opening(request, options_);
        if (!options_.cookie.empty()) {
            upgrade.add_header("Set-Cookie", cookie_of(handshake.id.text()));
        }
    }
    upgrade.data<SocketData>().handshake = std::make_unique<Handshake>(std::move(handshake));
}

void Host::opened(Connection& connection) {
    const std::unique_ptr<Handshake> handshake = std::move(connection.data<SocketData>().handshake);
    Reactor& reactor = Reactor::of(connection.loop());
    if (!handshake->tried_by) {
        HostedSession* const session =
            HostedSession::make(*this, reactor, handshake->id, std::move(handshake->opening),
                                &connection, handshake->dialect);
        if (session == nullptr) {
            connection.close(close_code::try_again_later, "there are too many sessions");
        } else if (!session->open_websocket()) {
            connection.close(close_code::policy_violation, "forbidden");
        }
        return;
    }
    const auto [result, place, dialect] = directory_.claim(*handshake->tried_by);
    if (result == Directory::Result::found) {
        Probe::begin(*this, reactor, connection, std::move(*handshake->tried_by), place);
    } else {
        connection.close(close_code::policy_violation, "the session has a WebSocket, or is over");
    }
}

// ---- The rest ----------------------------------------------------------------------------------

// While the guests hear of it no other session comes or goes here, but for those that they end.
void Host::shut_down(Loop& loop) {
    is_shutting_down_.store(true, std::memory_order_relaxed);
    Slots& slots = Reactor::of(loop).slots();
    for (std::size_t i = 0; i < slots.count(); ++i) {
        Seat* const seat = dynamic_cast<Seat*>(slots.at(i));
        if (seat == nullptr || &seat->session().host() != this) continue;
        seat->session().shut_down();
    }
}

bool Host::is_full() const {
    return options_.session_count_max > 0 && directory_.count() >= options_.session_count_max;
}

std::string Host::cookie_of(std::string_view id) const {
    return options_.cookie + "=" + std::string(id) + "; Path=/; HttpOnly; SameSite=Lax";
}

}  // namespace edgews::engineio
