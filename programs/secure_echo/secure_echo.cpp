// The echo server with what the add-ons give: compression (RFC 7692) and TLS.
//
//     secure_echo [--deflate [--no-context-takeover] [--window-bits 8-15]
//                 [--min-size BYTES]] [--cert FILE --key FILE]... and the options of echo
//
// Its routes are in echo_server.hpp.
#include <edgews/deflate.hpp>
#include <edgews/tls.hpp>

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "programs/common/command_line.hpp"
#include "programs/echo/echo_server.hpp"

namespace {

struct Options {
    programs::EchoOptions echo{};
    bool is_deflating = false;
    edgews::DeflateOptions deflate{.memory = edgews::DeflateMemory::dedicated};
    edgews::TlsOptions tls{};

    // How many words it takes: an option, and its value if it has one. 0: it is not understood.
    int take(std::string_view option, std::string_view value) {
        if (option == "--deflate") {
            is_deflating = true;
            return 1;
        }
        if (option == "--no-context-takeover") {
            deflate.memory = edgews::DeflateMemory::shared;
            return 1;
        }
        if (option == "--window-bits") {
            return programs::parse_number(value, deflate.window_bits) &&
                           deflate.window_bits >= edgews::DeflateOptions::window_bits_min &&
                           deflate.window_bits <= edgews::DeflateOptions::window_bits_max
                       ? 2
                       : 0;
        }
        if (option == "--min-size") {
            return programs::parse_number(value, deflate.message_size_min.emplace()) ? 2 : 0;
        }
        if (option == "--cert") {
            tls.identities.push_back({.certificate_chain = std::string(value), .private_key = {}});
            return value.empty() ? 0 : 2;
        }
        if (option == "--key") {
            if (tls.identities.empty() || value.empty()) return 0;
            tls.identities.back().private_key = value;
            return 2;
        }
        return echo.take(option, value);
    }
};

int serve(Options options) {
    if (!options.tls.identities.empty()) {
        options.tls.on_failure = [](std::string_view reason, const edgews::Address& peer) {
            std::fprintf(stderr, "%s: %.*s\n", peer.to_string().c_str(),
                         static_cast<int>(reason.size()), reason.data());
        };
        auto made = edgews::Tls::make(options.tls);
        if (made.error) {
            std::fprintf(stderr, "secure_echo: %s\n", made.error.message.c_str());
            return 1;
        }
        options.echo.listen.tls = std::move(made.value);
    }
    if (options.is_deflating) options.echo.route.compression = edgews::deflate(options.deflate);
    return programs::serve_echo("secure_echo", options.echo);
}

}  // namespace

int main(int count, char** words) {
    const std::string usage = std::string(
                                  "[--deflate] [--no-context-takeover]"
                                  " [--window-bits 8-15] [--min-size BYTES]"
                                  " [--cert FILE --key FILE]... ") +
                              programs::EchoOptions::usage;
    return programs::run_with<Options>("secure_echo", usage, count, words, serve);
}
