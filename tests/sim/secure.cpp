// Clients and a server of the engine's over TLS, with and without permessage-deflate, with
// somebody in between who cuts and alters, and among strangers who break the rules: what holds of
// plain connections holds of these.
#include "crowd.hpp"
#include "identities.hpp"
#include "scenario.hpp"
#include "stranger.hpp"

#include <edgews/deflate.hpp>
#include <edgews/tls.hpp>

#include <array>
#include <csignal>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace edgews::sim::test {

namespace {

// Why nobody gets through.
enum class Refusal : std::uint8_t {
    none,
    unknown_authority,
    other_name,
    expired,
    no_client_certificate,
};

// Those of a server whose trust is in order, now and then with what else there is.
TlsOptions drawn_tls(Choices& choices, Refusal refusal) {
    static constexpr std::array<std::uint32_t, 3> lifetimes{43'200, 0, 1};
    TlsOptions options{.identities = {identities().good}};
    if (choices.once_in(3)) options.identities.push_back(identities().other);
    if (refusal == Refusal::expired) options.identities.front() = identities().expired;
    options.ticket_key_lifetime_s = choices.one_of(lifetimes);
    if (choices.once_in(4)) options.client_certificates = ClientCertificates::optional;
    if (refusal == Refusal::no_client_certificate) {
        options.client_certificates = ClientCertificates::required;
    }
    options.client_authorities = identities().good.certificate_chain;
    return options;
}

TlsClientOptions drawn_client_tls(Choices& choices, Refusal refusal) {
    TlsClientOptions options{.authorities = identities().good.certificate_chain};
    if (choices.once_in(2)) options.server_name = "service.test";  // Sessions are resumed.
    switch (refusal) {
        case Refusal::none:
            if (choices.once_in(4)) options.identity = identities().good;
            break;
        case Refusal::unknown_authority:
            options.authorities = identities().other.certificate_chain;
            break;
        case Refusal::other_name: options.server_name = "elsewhere.test"; break;
        case Refusal::expired: options.authorities = identities().expired.certificate_chain; break;
        case Refusal::no_client_certificate: break;
    }
    return options;
}

// Messages stand alone where either side has it so.
std::shared_ptr<const Compression> drawn_compression(Choices& choices) {
    DeflateOptions options;
    if (!choices.once_in(4)) options.memory = DeflateMemory::dedicated;
    options.window_bits = static_cast<std::uint8_t>(15 - choices.below(8));
    options.level = static_cast<int>(choices.between(1, 9));
    options.memory_level = static_cast<int>(9 - choices.below(9));
    options.message_size_min = choices.once_in(4) ? 128 : 0;
    return deflate(options);
}

MiddlemanOptions drawn_middleman(Choices& choices, bool is_secure) {
    return {.break_count_max = choices.between(1, 3),
            .may_fall_mute = choices.once_in(4),
            .may_alter = is_secure};
}

}  // namespace

void play_secure(World& world, Record& record) {
    static constexpr std::array<std::uint32_t, 3> idle_times{30'000, 5'000, 50};
    Choices& choices = world.choices();
    (void)identities();             // Whatever OpenSSL is asked for next is the history's.
    std::signal(SIGPIPE, SIG_IGN);  // The strangers' OpenSSL writes without MSG_NOSIGNAL.
    const auto refusal =
        choices.once_in(8) ? static_cast<Refusal>(choices.between(1, 4)) : Refusal::none;
    const bool is_secure = refusal != Refusal::none || !choices.once_in(5);
    CrowdOptions options{.is_hopeless = refusal != Refusal::none};
    Made<std::shared_ptr<Tls>> tls;
    Made<std::shared_ptr<TlsClient>> client_tls;
    if (is_secure) {
        tls = Tls::make(drawn_tls(choices, refusal));
        client_tls = TlsClient::make(drawn_client_tls(choices, refusal));
        record.require(tls.value && client_tls.value, "there is no TLS");
        options.service.tls = tls.value;
        options.client.tls = client_tls.value;
    }
    if (choices.once_in(2)) {
        options.service.compression = drawn_compression(choices);
        options.client.compression = drawn_compression(choices);
    }
    options.service.mischief_max = choices.once_in(3) ? choices.between(1, 3) : 0;
    options.service.idle_ping_ms = choices.one_of(idle_times);
    if (choices.once_in(3)) options.middleman = drawn_middleman(choices, is_secure);
    const std::uint32_t stranger_count =
        is_secure && !options.is_hopeless && choices.once_in(3) ? choices.between(1, 3) : 0;
    options.has_strangers = stranger_count > 0;
    Crowd crowd(world, record, options);
    std::vector<std::unique_ptr<Stranger>> strangers;
    for (std::uint32_t i = 0; i < stranger_count; ++i) {
        strangers.push_back(std::make_unique<Stranger>(world, record, crowd.service(), i));
    }
    std::thread keeper;  // Who has new certificates, for those to come.
    if (is_secure && stranger_count == 0 && choices.once_in(4)) {
        const TlsOptions next = drawn_tls(choices, refusal);
        const Faults faults = world.faults();
        world.faults().refused = 0;
        keeper = std::thread([&world, &record, next, server = tls.value] {
            world.run_for(world.choices().below(200));
            record.require(!server->reload(next), "there are no new certificates");
        });
        world.faults() = faults;
    }
    crowd.play();
    if (keeper.joinable()) keeper.join();
    record.require(refusal == Refusal::none || crowd.service().receipts().empty(),
                   "who is not to be trusted is heard");
}

}  // namespace edgews::sim::test
