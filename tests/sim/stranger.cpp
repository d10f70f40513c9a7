#include "stranger.hpp"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <span>

namespace edgews::sim::test {

namespace {

constexpr std::uint32_t first_caller = 1'000;  // Of those that are strangers.
constexpr std::string_view request =
    "GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

// Masked with zeros (RFC 6455, section 5.3).
std::string frame(unsigned first_byte, std::string_view payload) {
    std::string bytes{static_cast<char>(first_byte)};
    if (payload.size() < 126) {
        bytes += static_cast<char>(0x80U | payload.size());
    } else {
        bytes += static_cast<char>(0x80U | 126);
        bytes += static_cast<char>(payload.size() >> 8);
        bytes += static_cast<char>(payload.size());
    }
    return bytes.append(4, '\0').append(payload);
}

}  // namespace

Stranger::Stranger(World& world, Record& record, Service& service, std::uint32_t number)
    : world_(world), record_(record), service_(service), number_(number) {
    const Faults faults = world.faults();
    world.faults().refused = 0;  // Its thread is not.
    thread_ = std::thread([this] { live(); });
    world.faults() = faults;
}

void Stranger::live() {
    Choices& choices = world_.choices();
    std::this_thread::sleep_for(std::chrono::milliseconds(choices.below(100)));
    gives_up_ns_ = world_.now_ns() + patience_ms * 1'000'000;
    if (connect()) {
        const auto manner =
            choices.once_in(2) ? Manner::secure : static_cast<Manner>(choices.between(1, 4));
        manner == Manner::secure ? speak_tls() : speak_no_tls(manner);
    }
    session_.reset();
    fd_.reset();
}

bool Stranger::connect() {
    fd_ = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(service_.port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!fd_ || (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 &&
                 errno != EINPROGRESS)) {
        return false;
    }
    return await(POLLOUT);
}

// ---- Without TLS -----------------------------------------------------------

void Stranger::speak_no_tls(Manner manner) {
    Choices& choices = world_.choices();
    switch (manner) {
        case Manner::secure:
        case Manner::mute: break;
        case Manner::plain: send_raw(request); break;
        case Manner::noise: send_raw(drawn_payload(world_, 1 + choices.below(300), false)); break;
        case Manner::hello: {
            const std::string whole = hello();
            send_raw(whole.substr(0, choices.below(static_cast<std::uint32_t>(whole.size()))));
        }
    }
    if (choices.once_in(3)) return end(End::resets);
    if (choices.once_in(3)) ::shutdown(fd_.get(), SHUT_WR);
    if (!read_to_end() || manner != Manner::plain) return;
    const Faults& faults = world_.faults();
    const bool may_be_refused =
        faults.refused > 0 || faults.accept_error > 0 || faults.descriptors_max < 1'000;
    record_.require(
        input_.starts_with("HTTP/1.1 400 ") || may_be_refused || service_.is_shut_down(),
        "a plain request is not told of TLS");
}

// What a client of TLS says first.
std::string Stranger::hello() const {
    const std::unique_ptr<SSL_CTX, Release<SSL_CTX_free>> context(SSL_CTX_new(TLS_client_method()));
    const std::unique_ptr<SSL, Release<SSL_free>> session(SSL_new(context.get()));
    BIO* const bio = BIO_new(BIO_s_mem());
    SSL_set_bio(session.get(), bio, bio);
    (void)SSL_connect(session.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

// ---- With TLS --------------------------------------------------------------

void Stranger::speak_tls() {
    const auto context = drawn_context();
    session_.reset(SSL_new(context.get()));
    SSL_set_fd(session_.get(), fd_.get());
    if (open() && converse()) {
        end(static_cast<End>(world_.choices().below(6)));
    }
    session_.reset();
}

std::unique_ptr<SSL_CTX, Release<SSL_CTX_free>> Stranger::drawn_context() {
    std::unique_ptr<SSL_CTX, Release<SSL_CTX_free>> context(SSL_CTX_new(TLS_client_method()));
    Choices& choices = world_.choices();
    SSL_CTX_set_mode(context.get(), SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (choices.once_in(2)) SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
    if (choices.once_in(4)) SSL_CTX_set_max_send_fragment(context.get(), 512);
    // Each record is filled up to a multiple (RFC 8446, section 5.4).
    if (choices.once_in(4)) SSL_CTX_set_block_padding(context.get(), 4'096);
    return context;
}

bool Stranger::open() {
    if (!carry_out([this] { return SSL_connect(session_.get()); })) return false;
    is_served_ = true;
    if (!write(request)) return false;
    std::size_t size = std::string::npos;
    while ((size = input_.find("\r\n\r\n")) == std::string::npos) {
        if (!read(input_.size() + 1)) return false;
    }
    record_.require(input_.starts_with("HTTP/1.1 101 "), "a stranger is not let in");
    input_.erase(0, size + 4);
    return true;
}

bool Stranger::converse() {
    const std::uint32_t count = world_.choices().between(1, 4);
    for (std::uint32_t i = 0; i < count; ++i) {
        if (world_.choices().once_in(2)) provoke();
        if (!say() || !hear()) return false;
    }
    return true;
}

// New keys, and in TLS 1.2 a new handshake, which is refused (RFC 5746; RFC 8446, section 4.6.3).
void Stranger::provoke() {
    if (SSL_version(session_.get()) == TLS1_3_VERSION) {
        const bool is_mutual = world_.choices().once_in(2);
        SSL_key_update(session_.get(),
                       is_mutual ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
    } else if (world_.choices().once_in(4)) {
        SSL_renegotiate(session_.get());
    }
}

bool Stranger::say() {
    static constexpr std::array<std::size_t, 4> sizes{20, 1'000, 9'000, 40'000};
    const Note note{.of = {.caller = first_caller + number_, .attempt = 1}, .number = said_++};
    const std::size_t size = worthwhile_size(world_, {}, world_.choices().one_of(sizes));
    const bool is_text = kind_of(note) == Message::Kind::text;
    return write(frame(is_text ? 0x81 : 0x82, make_note(note, size)));
}

// The echo; or a greeting, or a ping, before it.
bool Stranger::hear() {
    for (;;) {
        if (!read(2)) return false;
        const auto first = static_cast<unsigned char>(input_[0]);
        std::size_t size = static_cast<unsigned char>(input_[1]);
        const std::size_t head_size = size < 126 ? 2 : 4;
        if (!read(head_size)) return false;
        if (size >= 126) {
            size = static_cast<std::size_t>(static_cast<unsigned char>(input_[2]) << 8 |
                                            static_cast<unsigned char>(input_[3]));
        }
        if (!read(head_size + size)) return false;
        const std::string payload = input_.substr(head_size, size);
        input_.erase(0, head_size + size);
        has_heard_close_ = first == 0x88;
        if (has_heard_close_) return false;
        if (first == 0x89 || payload == greeting) continue;
        const auto kind = first == 0x81 ? Message::Kind::text : Message::Kind::binary;
        const auto note = read_note({kind, std::as_bytes(std::span(payload))});
        record_.require(note && note->number + 1 == said_, "a stranger hears what it did not say");
        return true;
    }
}

void Stranger::end(End how) {
    switch (how) {
        case End::closes:
            if (write(frame(0x88, "\x03\xE8"))) await_goodbye();
            return;
        case End::says_no_close:
            // 0: it is said, and not answered. A padded record may not leave at once.
            (void)carry_out([this] { return SSL_shutdown(session_.get()) < 0 ? -1 : 1; });
            break;
        case End::ends: ::shutdown(fd_.get(), SHUT_WR); break;
        case End::resets: {
            const linger at_once{.l_onoff = 1, .l_linger = 0};
            ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
            return;
        }
        case End::raves:
            send_raw(drawn_payload(world_, 1 + world_.choices().below(300), false));
            break;
        case End::stops_reading:
            for (int i = 0; i < 8 && said_ > 0 && say(); ++i) {
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(patience_ms / 2));
            return;
    }
    (void)read_to_end();
}

// Both close frames, and then the one of TLS (RFC 8446, section 6.1).
void Stranger::await_goodbye() {
    while (hear()) {
    }
    if (!has_heard_close_ || read(input_.size() + 1) || service_.is_shut_down()) return;
    record_.require((SSL_get_shutdown(session_.get()) & SSL_RECEIVED_SHUTDOWN) != 0,
                    "TLS ends without a goodbye");
}

// ---- Bytes -----------------------------------------------------------------

template <class Step>
bool Stranger::carry_out(Step step) {
    for (;;) {
        ERR_clear_error();
        const int result = step();
        if (result == 1) return true;
        switch (SSL_get_error(session_.get(), result)) {
            case SSL_ERROR_WANT_READ:
                if (!await(POLLIN)) return false;
                break;
            case SSL_ERROR_WANT_WRITE:
                if (!await(POLLOUT)) return false;
                break;
            default: return false;
        }
    }
}

bool Stranger::write(std::string_view bytes) {
    std::size_t count = 0;
    return carry_out(
        [&] { return SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &count); });
}

bool Stranger::read(std::size_t size) {
    std::array<char, 4'096> space;
    while (input_.size() < size) {
        std::size_t count = 0;
        if (!carry_out(
                [&] { return SSL_read_ex(session_.get(), space.data(), space.size(), &count); })) {
            return false;
        }
        input_.append(space.data(), count);
    }
    return true;
}

// By the socket, whatever it is. False: there was no orderly end.
bool Stranger::read_to_end() {
    std::array<char, 4'096> space;
    for (;;) {
        const ssize_t count = ::recv(fd_.get(), space.data(), space.size(), 0);
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return count == 0;
        if (count > 0) {
            is_served_ = true;
            input_.append(space.data(), static_cast<std::size_t>(count));
        } else if (!await(POLLIN)) {
            return false;
        }
    }
}

void Stranger::send_raw(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count < 0 && errno != EAGAIN && errno != EINTR) return;
        if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
        if (count < 0 && !await(POLLOUT)) return;
    }
}

// False: that takes too long, which nobody who was served has to put up with. But where a system
// takes pings in parts, each part excuses the silence before it.
bool Stranger::await(short events) {
    pollfd file{.fd = fd_.get(), .events = events, .revents = 0};
    for (;;) {
        const std::uint64_t now_ns = world_.now_ns();
        const auto left_ms =
            static_cast<int>((gives_up_ns_ - std::min(now_ns, gives_up_ns_)) / 1'000'000);
        const int count = ::poll(&file, 1, left_ms);
        if (count > 0) return true;
        if (count < 0 && errno == EINTR) continue;
        const bool may_be_excused = world_.faults().short_send > 0;
        record_.require(!is_served_ || may_be_excused, "a stranger waits for ever");
        return false;
    }
}

}  // namespace edgews::sim::test
