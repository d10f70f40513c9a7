#include "http_requests.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>
#include <utility>

namespace edgews::sim::test {

namespace {

constexpr const char* failed_text = "Internal server error.\n";

// Of each size another, so that no byte of it can be another's.
std::string body_of(const std::string& id, std::size_t size) {
    std::string body = id + ":";
    while (body.size() < size) body += std::to_string(body.size()) + ' ';
    body.resize(size);
    return body;
}

std::string id_of(const Request& request) {
    return request.parameter("id").value_or("");
}

unsigned number_of(const Request& request, std::string_view name) {
    return static_cast<unsigned>(std::stoul(request.parameter(name).value_or("0")));
}

// A frame of a client's (RFC 6455, section 5.2), with a mask of zeros.
std::string masked_frame(unsigned first_byte, std::string_view payload) {
    std::string frame{static_cast<char>(first_byte), static_cast<char>(0x80 | payload.size())};
    return frame.append(4, '\0').append(payload);
}

std::string frame(unsigned first_byte, std::string_view payload) {
    std::string text{static_cast<char>(first_byte), static_cast<char>(payload.size())};
    return text.append(payload);
}

struct Malformed {
    const char* text;
    unsigned status;
};

constexpr std::array<Malformed, 18> malformed_requests{{
    {"GET / HTTP/1.1\r\n\r\n", 400},
    {"GET / HTTP/1.1\nHost: localhost\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400},
    {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"GET /\r\nHost: a\r\n\r\n", 400},
    {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
    {"\x16\x03\x01\x02", 400},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
     400},
    {"POST /post/1 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy", 400},
    {"POST /post/1 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\n", 400},
    {"POST /post/1 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n",
     413},
    {"POST /post/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n\r\n", 413},
}};

void add_plain_routes(Server& server, HttpHouse& house) {
    server.get("/echo/:id", [&house](const Request& request, Response& response) {
        ++house.handled[id_of(request)];
        (void)response.headers.add("X-Id", id_of(request));
        response.body = id_of(request) + " for " + request.remote_address().ip();
    });
    server.get("/large/:id/:size", [&house](const Request& request, Response& response) {
        ++house.handled[id_of(request)];
        (void)response.headers.add("X-Id", id_of(request));
        response.body = body_of(id_of(request), number_of(request, "size"));
    });
    server.get("/status/:id/:status", [&house](const Request& request, Response& response) {
        ++house.handled[id_of(request)];
        (void)response.headers.add("X-Id", id_of(request));
        response.status = number_of(request, "status");
        response.body = id_of(request);
    });
    server.get("/throw/:id", [&house](const Request& request, Response& response) {
        ++house.handled[id_of(request)];
        response.body = "never seen";
        throw std::runtime_error("a handler that fails");
    });
}

// Bodies may take as long as heads.
void add_body_routes(Server& server, HttpHouse& house) {
    const HttpRouteOptions options{.body_size_max = 800'000,
                                   .body_timeout_ms = house.handshake_timeout_ms};
    server.post(
        "/post/:id",
        [&house](const Request& request, Response& response) {
            ++house.handled[id_of(request)];
            (void)response.headers.add("X-Id", id_of(request));
            response.body = request.body();
        },
        options);
    server.put(
        "/late/:id/:ms",
        [&house](const Request& request, Response&) {
            ++house.handled[id_of(request)];
            Response answer{.body = std::string(request.body())};
            (void)answer.headers.add("X-Id", id_of(request));
            Loop::current()->after(number_of(request, "ms"),
                                   [later = request.defer(), answer] { (void)later.send(answer); });
        },
        options);
}

// Writes a piece now, and the others one after the other.
void write_on(HttpHouse& house, const std::string& id, const ResponseStream& stream,
              const std::string& rest, std::uint64_t gap_ms) {
    const std::size_t size = rest.size() / 2 + 1;
    (void)stream.write(std::string_view(rest).substr(0, size));
    if (rest.size() > size) {
        Loop::current()->after(gap_ms, [&house, id, stream, gap_ms, left = rest.substr(size)] {
            write_on(house, id, stream, left, gap_ms);
        });
    } else if (stream.finish()) {
        house.streams.erase(id);
    }
}

// In chunks, or by a length.
void add_stream_routes(Server& server, HttpHouse& house) {
    server.get("/stream/:id/:size/:ms/:way", [&house](const Request& request, Response& response) {
        ++house.handled[id_of(request)];
        house.streams.insert(id_of(request));
        (void)response.headers.add("X-Id", id_of(request));
        const std::string body = body_of(id_of(request), number_of(request, "size"));
        StreamOptions options;
        if (request.parameter("way") == "length") options.content_length = body.size();
        options.gone = [&house, id = id_of(request)] { house.streams.erase(id); };
        const ResponseStream stream = request.stream(std::move(response), std::move(options));
        write_on(house, id_of(request), stream, body, number_of(request, "ms"));
    });
}

void add_upgrade_routes(Server& server, HttpHouse& house) {
    Handlers handlers;
    handlers.message = [](Connection& connection, Message message) { connection.send(message); };
    const RouteOptions options{.idle_ping_ms = 20'000, .ping_timeout_ms = 1'000};
    server.ws("/ws", handlers, options);
    Handlers later = handlers;
    later.upgrade = [](const Request& request, Upgrade& upgrade) {
        const bool is_accepted = request.parameter("verdict") == "accept";
        Loop::current()->after(number_of(request, "ms"), [is_accepted, open = upgrade.defer()] {
            (void)(is_accepted ? open.accept() : open.reject(403, "no"));
        });
    };
    server.ws("/later/:verdict/:ms", later, options);
    Handlers never = handlers;
    never.upgrade = [&house](const Request&, Upgrade& upgrade) {
        house.undecided.push_back(upgrade.defer());
    };
    server.ws("/never", never, options);
    Handlers failing = handlers;
    failing.upgrade = [](const Request&, Upgrade&) { throw std::runtime_error("no"); };
    server.ws("/failing", failing, options);
}

}  // namespace

void add_http_routes(Server& server, HttpHouse& house) {
    add_plain_routes(server, house);
    add_body_routes(server, house);
    add_stream_routes(server, house);
    add_upgrade_routes(server, house);
}

// Whom the request is for, where a proxy may say so: the last one before those that are trusted.
std::string HttpAsker::headers() {
    static constexpr std::array<std::pair<const char*, const char*>, 4> forwarded{{
        {"203.0.113.9", "203.0.113.9"},
        {"198.51.100.1, 203.0.113.7", "203.0.113.7"},
        {"unknown, 2001:db8::7, 127.0.0.1", "2001:db8::7"},
        {"192.0.2.1,, 192.0.2.2:99 ,", "192.0.2.2"},
    }};
    Choices& choices = world_.choices();
    client_ = setting_.address;
    std::string text = "Host: localhost\r\n";
    if (choices.once_in(3)) text += "User-Agent: second opinion\r\n";
    if (!choices.once_in(2)) return text;
    const auto& [list, client] = choices.one_of(forwarded);
    if (setting_.may_forward) client_ = client;
    return text + "X-Forwarded-For: " + list + "\r\n";
}

// The head is without its empty line.
HttpWant HttpAsker::begin(const char* method, const std::string& path) {
    HttpWant want{.is_head = std::string_view(method) == "HEAD"};
    want.text = std::string(method) + ' ' + path + " HTTP/1.1\r\n" + headers();
    return want;
}

// Every answer but a refusal counts, and one of them is the last.
void HttpAsker::count(HttpWant& want) {
    if (++answered_count_ == house_.requests_max) want.is_last = true;
}

HttpWant HttpAsker::simple() {
    const std::string id = setting_.name + "-" + std::to_string(++made_count_);
    HttpWant want = begin("GET", "/echo/" + id);
    want.text += "\r\n";
    want.id = id;
    want.body = id + " for " + client_;
    count(want);
    return want;
}

HttpWant HttpAsker::large() {
    static constexpr std::array<std::uint32_t, 8> sizes{300,    4'095,  4'096,   16'384,
                                                        16'385, 65'536, 100'000, 700'000};
    const std::string id = setting_.name + "-" + std::to_string(++made_count_);
    const std::size_t size =
        std::min<std::size_t>(world_.choices().one_of(sizes), setting_.body_size_max);
    HttpWant want = begin("GET", "/large/" + id + "/" + std::to_string(size));
    want.text += "\r\n";
    want.id = id;
    want.body = body_of(id, size);
    count(want);
    return want;
}

// The bytes of a body, with the headers that say where it ends.
std::string HttpAsker::sent(const std::string& body) {
    Choices& choices = world_.choices();
    if (choices.once_in(2)) {
        return "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }
    std::string text = "Transfer-Encoding: chunked\r\n\r\n";
    std::array<char, 20> size{};
    const std::uint32_t largest = choices.once_in(2) ? 40 : 70'000;
    for (std::size_t begin = 0; begin < body.size();) {
        const std::string chunk = body.substr(begin, choices.between(1, largest));
        std::snprintf(size.data(), size.size(), "%zx\r\n", chunk.size());
        text += size.data() + chunk + "\r\n";
        begin += chunk.size();
    }
    return text + "0\r\n" + (choices.once_in(4) ? "X-Sum: 1\r\n\r\n" : "\r\n");
}

// Answered at once, or after a while.
HttpWant HttpAsker::with_body() {
    static constexpr std::array<std::uint32_t, 7> sizes{5, 0, 300, 4'096, 20'000, 70'000, 700'000};
    Choices& choices = world_.choices();
    const std::string id = setting_.name + "-" + std::to_string(++made_count_);
    const std::uint32_t ms =
        choices.once_in(2) ? 0 : choices.below(house_.handshake_timeout_ms / 4);
    HttpWant want = ms == 0 ? begin("POST", "/post/" + id)
                            : begin("PUT", "/late/" + id + "/" + std::to_string(ms));
    want.takes_ms = ms;
    want.id = id;
    want.body = body_of(id, std::min<std::size_t>(choices.one_of(sizes), setting_.body_size_max));
    want.text += sent(want.body);
    count(want);
    return want;
}

// Each of its pieces is half of the rest.
HttpWant HttpAsker::streamed() {
    static constexpr std::array<std::uint32_t, 7> sizes{5, 300, 4'096, 20'000, 0, 70'000, 700'000};
    Choices& choices = world_.choices();
    const std::string id = setting_.name + "-" + std::to_string(++made_count_);
    const std::size_t size = std::min<std::size_t>(choices.one_of(sizes), setting_.body_size_max);
    const std::uint32_t ms = choices.once_in(2) ? 1 : choices.below(200);
    const bool is_chunked = choices.once_in(2);
    HttpWant want = begin("GET", "/stream/" + id + "/" + std::to_string(size) + "/" +
                                     std::to_string(ms) + (is_chunked ? "/chunks" : "/length"));
    want.text += "\r\n";
    want.is_chunked = is_chunked;
    want.takes_ms = 25 * ms;
    want.id = id;
    want.body = body_of(id, size);
    count(want);
    return want;
}

HttpWant HttpAsker::of_status() {
    static constexpr std::array<unsigned, 6> statuses{404, 204, 304, 201, 500, 302};
    const std::string id = setting_.name + "-" + std::to_string(++made_count_);
    const unsigned status = world_.choices().one_of(statuses);
    const char* const method = world_.choices().once_in(2) ? "HEAD" : "GET";
    HttpWant want = begin(method, "/status/" + id + "/" + std::to_string(status));
    want.text += "\r\n";
    want.status = status;
    want.id = id;
    if (status != 204 && status != 304) want.body = id;
    count(want);
    return want;
}

// What is no fault of the head's, and yet not what anyone wants.
HttpWant HttpAsker::refused() {
    Choices& choices = world_.choices();
    HttpWant want;
    switch (choices.below(8)) {
        case 0:
            want = begin(choices.once_in(2) ? "HEAD" : "GET", "/nobody"), want.status = 404;
            break;
        case 1: want = begin("BREW", "/echo/1"), want.status = 501; break;
        case 2: want = begin("OPTIONS", "/echo/1"), want.status = 204; break;
        case 3: want = begin("POST", "/echo/1"), want.status = 405; break;
        case 4: want = begin("GET", "/throw/1"), want.status = 500, want.body = failed_text; break;
        case 5:
            want = begin("POST", "/echo/1");
            want.status = 405;
            want.is_last = true;
            want.text += "Content-Length: 21\r\n\r\nGET / HTTP/1.1\r\nHost:";
            break;
        case 6:
            want = begin("GET", "/ws");
            want.status = 426;
            want.is_last = want.has_any_body = true;
            want.text += "\r\n";
            return want;
        default:
            want = begin("GET", "/failing");
            want.status = 500;
            want.is_last = want.has_any_body = true;
            want.text +=
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
            return want;
    }
    want.has_any_body = want.body.empty();
    if (!want.is_last) want.text += "\r\n";
    count(want);
    return want;
}

HttpWant HttpAsker::malformed() {
    Choices& choices = world_.choices();
    HttpWant want{.has_any_body = true, .is_last = true};
    const bool may_be_long = setting_.body_size_max >= 9'000;
    if (may_be_long && choices.once_in(6)) {
        want.text = "GET /" + std::string(9'000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
        want.status = 414;
    } else if (may_be_long && choices.once_in(6)) {
        want.text = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(9'000, 'a') + "\r\n\r\n";
        want.status = 431;
    } else if (setting_.checks_host && choices.once_in(3)) {
        want.text = "GET / HTTP/1.1\r\nHost: rebound.example\r\n\r\n";
        want.status = 421;
    } else {
        const Malformed& wrong = choices.one_of(malformed_requests);
        want.text = wrong.text;
        want.status = wrong.status;
    }
    return want;
}

HttpWant HttpAsker::upgrade() {
    Choices& choices = world_.choices();
    const std::uint32_t kind = choices.below(4);
    const std::uint32_t ms = choices.below(house_.handshake_timeout_ms / 2);
    const std::string path = kind == 0   ? "/ws"
                             : kind == 1 ? "/later/accept/" + std::to_string(ms)
                             : kind == 2 ? "/later/reject/" + std::to_string(ms)
                                         : "/never";
    HttpWant want = begin("GET", path);
    want.is_last = want.has_any_body = true;
    want.status = kind < 2 ? 101 : kind == 2 ? 403 : 503;
    want.takes_ms = kind == 0 ? 0 : kind == 3 ? house_.handshake_timeout_ms : ms;
    want.text +=
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
        masked_frame(0x81, "behind") + masked_frame(0x88, "\x03\xE8");
    if (kind < 2) want.upgraded = frame(0x81, "behind") + frame(0x88, "\x03\xE8");
    return want;
}

HttpWant HttpAsker::draw() {
    Choices& choices = world_.choices();
    switch (choices.below(14)) {
        case 0:
        case 1:
        case 2: break;
        case 10:
        case 11: return with_body();
        case 12:
        case 13: return streamed();
        case 3: return large();
        case 4: return of_status();
        case 5: return refused();
        case 6: {
            HttpWant want = choices.once_in(3)   ? streamed()
                            : choices.once_in(2) ? large()
                                                 : simple();
            want.text.replace(0, 3, "HEAD");
            want.is_head = true;
            return want;
        }
        case 7: {
            if (!choices.once_in(3)) break;
            HttpWant want = simple();
            want.is_last = true;
            if (choices.once_in(2)) {
                want.text.replace(want.text.find("HTTP/1.1"), 8, "HTTP/1.0");
            } else {
                want.text.insert(want.text.size() - 2, "Connection: close\r\n");
            }
            return want;
        }
        case 8:
            if (choices.once_in(3)) return malformed();
            break;
        default:
            if (choices.once_in(2)) return upgrade();
            break;
    }
    HttpWant want = simple();
    if (choices.once_in(8)) want.text.insert(4, "http://localhost");
    if (choices.once_in(8)) want.text.insert(0, "\r\n");
    return want;
}

}  // namespace edgews::sim::test
