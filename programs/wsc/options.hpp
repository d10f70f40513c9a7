// The command line of wsc.
#pragma once

#include "programs/common/number.hpp"

#include <edgews/client_options.hpp>
#include <edgews/tls.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace wsc {

// What scripts can tell apart.
enum Status : int {
    closed_normally = 0,
    usage_error = 1,
    not_connected = 2,
    closed_abnormally = 3,
    timed_out = 4,
    input_output_error = 5,
    interrupted = 130,  // As shells have it for SIGINT.
};

inline constexpr std::uint32_t forever_ms = UINT32_MAX;

struct Options {
    std::string url{};
    edgews::ClientOptions client{
        .message_size_max = std::size_t{1} << 30,
        .backlog_size_max = SIZE_MAX,  // Input is read no faster than it leaves.
        .drain_mark = 256 * 1024,
    };
    edgews::TlsClientOptions tls{};
    bool wants_tls = false;  // Though the URL may not say so.
    bool wants_deflate = false;
    bool wants_pings = false;
    std::vector<std::string> files{};
    std::optional<std::uint64_t> count{};
    std::optional<std::uint32_t> timeout_ms{};
    std::optional<std::uint32_t> wait_ms{};
    std::size_t size = 125;
    bool is_json = false;
    bool is_binary = false;
    bool is_quiet = false;
    bool is_latency = false;
    bool is_help = false;
    bool is_version = false;
};

struct ParsedOptions {
    Options options{};
    std::string fault{};  // A sentence that names the option. Empty: all is well.
};

template <class Number>
bool parse_number(std::string_view text, Number& number, Number least) {
    return programs::parse_number(text, number) && number >= least;
}

// "5s", "500ms", "2m", "1h", or seconds: "0.5". Nothing: the text is none of these, or over a week.
inline std::optional<std::uint32_t> parse_milliseconds(std::string_view text) {
    struct Unit {
        std::string_view name;
        double ms;
    };
    constexpr std::array units{Unit{"ms", 1}, Unit{"s", 1'000}, Unit{"m", 60'000},
                               Unit{"h", 3'600'000}, Unit{"", 1'000}};
    constexpr double most_ms = 7.0 * 24 * 3'600'000;
    double amount = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    for (const Unit& unit : units) {
        const double ms = amount * unit.ms;
        if (text == unit.name && ms >= 0 && ms <= most_ms) return static_cast<std::uint32_t>(ms);
    }
    return std::nullopt;
}

inline bool add_header(std::vector<edgews::ClientHeader>& headers, std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == 0 || colon == text.npos) return false;
    std::string_view value = text.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    while (value.ends_with(' ')) value.remove_suffix(1);
    headers.push_back({std::string(text.substr(0, colon)), std::string(value)});
    return true;
}

struct OptionRow {
    const char* name;
    const char* letter;  // A shorter name. Empty: none.
    const char* value;   // What to write for it, as --help has it. Empty: no value.
    const char* help;
    // False: the text is no such value.
    bool (*set)(Options& options, std::string_view text);
};

inline constexpr std::array option_rows{
    OptionRow{"--header", "-H", "NAME:VALUE", "add it to the opening request",
              [](Options& o, std::string_view text) { return add_header(o.client.headers, text); }},
    OptionRow{"--protocol", "-p", "NAME", "a subprotocol to offer, the preferred first",
              [](Options& o, std::string_view text) {
                  o.client.subprotocols.emplace_back(text);
                  return !text.empty();
              }},
    OptionRow{"--origin", "", "ORIGIN", "as a page of that origin would",
              [](Options& o, std::string_view text) {
                  o.client.origin = text;
                  return !text.empty();
              }},
    OptionRow{"--deflate", "", "", "offer compression (permessage-deflate)",
              [](Options& o, std::string_view) { return o.wants_deflate = true; }},
    OptionRow{"--insecure", "", "", "believe any certificate of the server's",
              [](Options& o, std::string_view) {
                  return o.wants_tls = o.tls.accepts_any_certificate = true;
              }},
    OptionRow{"--ca", "", "FILE", "who may have signed the server's certificate (PEM)",
              [](Options& o, std::string_view text) {
                  o.tls.authorities = text;
                  return o.wants_tls = !text.empty();
              }},
    OptionRow{"--cert", "", "FILE", "a certificate of your own, and",
              [](Options& o, std::string_view text) {
                  o.tls.identity.certificate_chain = text;
                  return o.wants_tls = !text.empty();
              }},
    OptionRow{"--key", "", "FILE", "its key",
              [](Options& o, std::string_view text) {
                  o.tls.identity.private_key = text;
                  return o.wants_tls = !text.empty();
              }},
    OptionRow{"--proxy", "", "URL", "http://[USER:PASSWORD@]HOST:PORT to go through",
              [](Options& o, std::string_view text) {
                  o.client.proxy = text;
                  return !text.empty();
              }},
    OptionRow{"--unix", "", "PATH", "a Unix socket, in place of the URL's host",
              [](Options& o, std::string_view text) {
                  o.client.unix_path = text;
                  return !text.empty();
              }},
    OptionRow{"--redirects", "", "N", "how many to follow (0)",
              [](Options& o, std::string_view text) {
                  return parse_number(text, o.client.redirect_count_max, 0U);
              }},
    OptionRow{"--max-head", "", "BYTES",
              "of the server's answer before its body, and of each of\n"
              "its lines (16384 and 8192; at most 65535)",
              [](Options& o, std::string_view text) {
                  edgews::HttpLimits& http = o.client.http;
                  const bool is_number = parse_number(text, http.head_size_max, std::size_t{1});
                  http.line_size_max = http.head_size_max;
                  return is_number && http.head_size_max <= edgews::http_head_capacity;
              }},
    OptionRow{"--reconnect", "", "", "after a loss or a failure, again and again",
              [](Options& o, std::string_view) { return o.client.reconnect.enabled = true; }},
    OptionRow{"--ping", "", "TIME", "between pings (30s; 0: none)",
              [](Options& o, std::string_view text) {
                  const auto ms = parse_milliseconds(text);
                  o.client.ping_ms = ms.value_or(0);
                  o.wants_pings = o.client.ping_ms > 0;
                  return ms.has_value();
              }},
    OptionRow{"--timeout", "", "TIME", "give up after that, whatever goes on",
              [](Options& o, std::string_view text) {
                  o.timeout_ms = parse_milliseconds(text);
                  return o.timeout_ms.value_or(0) > 0;
              }},
    OptionRow{"--wait", "", "TIME", "for answers, after the end of input (1s; or: forever)",
              [](Options& o, std::string_view text) {
                  o.wait_ms = text == "forever" ? forever_ms : parse_milliseconds(text);
                  return o.wait_ms.has_value();
              }},
    OptionRow{"--count", "", "N", "close after N messages; --latency: send N (1000)",
              [](Options& o, std::string_view text) {
                  return parse_number<std::uint64_t>(text, o.count.emplace(), 1);
              }},
    OptionRow{"--file", "", "PATH", "send it as one binary message, in place of the input",
              [](Options& o, std::string_view text) {
                  o.files.emplace_back(text);
                  return !text.empty();
              }},
    OptionRow{"--binary", "", "",
              "input, as it comes, becomes binary messages; messages\n"
              "are printed as they are, with nothing between them",
              [](Options& o, std::string_view) { return o.is_binary = true; }},
    OptionRow{"--json", "", "", "print an object for each event, in place of messages",
              [](Options& o, std::string_view) { return o.is_json = true; }},
    OptionRow{"--latency", "", "", "measure an echoing server, a message at a time",
              [](Options& o, std::string_view) { return o.is_latency = true; }},
    OptionRow{"--size", "", "BYTES", "of these messages (125)",
              [](Options& o, std::string_view text) {
                  return parse_number(text, o.size, std::size_t{0}) &&
                         o.size <= o.client.message_size_max;
              }},
    OptionRow{"--quiet", "-q", "", "nothing on stderr",
              [](Options& o, std::string_view) { return o.is_quiet = true; }},
    OptionRow{"--version", "-V", "", "tell which one this is",
              [](Options& o, std::string_view) { return o.is_version = true; }},
    OptionRow{"--help", "-h", "", "",
              [](Options& o, std::string_view) { return o.is_help = true; }},
};

// The text of --help.
inline std::string usage() {
    constexpr std::size_t help_column = 26;
    std::string text =
        "usage: wsc [OPTION]... URL\n"
        "Sends its input to a WebSocket server, each line as a text message, and prints\n"
        "the messages that come, text as it is and binary in hex, each on a line. URL:\n"
        "ws://, wss://, http:// or https://; where none of these begins it, ws:// does.\n\n";
    for (const OptionRow& row : option_rows) {
        if (row.help[0] == '\0') continue;
        std::string line = row.letter[0] == '\0' ? "      " : "  " + std::string(row.letter) + ", ";
        line += std::string(row.name) + " " + row.value;
        line.resize(help_column, ' ');
        for (const char* c = row.help; *c != '\0'; ++c) {
            line += *c;
            if (*c == '\n') line.append(help_column, ' ');
        }
        text += line + "\n";
    }
    return text +
           "\n"
           "TIME: 500ms, 5s, 2m, 1h. -H, -p and --file may be repeated, --name=value works.\n"
           "At the end of input (Ctrl-D) wsc closes when as many messages came as it sent,\n"
           "or nothing came for --wait. Ctrl-C closes at once; the second one does not wait.\n"
           "On a terminal lines can be edited, and the arrow up brings back earlier ones.\n"
           "A line has at most 64 MiB, typed at most 64 KiB; --binary has no lines.\n"
           "Exit status: 0 closed normally (1000, 1001, 1005), 1 wrong usage, 2 not\n"
           "connected, 3 closed otherwise or lost, 4 --timeout, 5 input that cannot be read\n"
           "or is not UTF-8, or output that cannot be written, 130 interrupted.\n";
}

inline const OptionRow* option_named(std::string_view name) noexcept {
    for (const OptionRow& row : option_rows) {
        if (name == row.name || (name == row.letter && !name.empty())) return &row;
    }
    return nullptr;
}

// What single options cannot know.
inline std::string fault_of(const Options& options) {
    if (options.is_help || options.is_version) return {};
    if (options.url.empty()) return "a URL is needed; --help says more";
    if (options.tls.identity.certificate_chain.empty() !=
        options.tls.identity.private_key.empty()) {
        return "--cert and --key go together";
    }
    if (options.is_json && options.is_binary && !options.is_latency)
        return "--json and --binary exclude each other";
    if (options.is_latency && !options.files.empty()) return "--latency sends no --file";
    return {};
}

inline ParsedOptions parse_options(int count, const char* const* words) {
    ParsedOptions parsed;
    Options& options = parsed.options;
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        if (!word.starts_with('-')) {
            if (!options.url.empty()) return {.fault = std::string(word) + ": one URL is enough"};
            options.url = word.find("://") == word.npos ? "ws://" + std::string(word) : word;
            continue;
        }
        const std::size_t equals = word.starts_with("--") ? word.find('=') : word.npos;
        const std::string name(word.substr(0, equals));
        const OptionRow* row = option_named(name);
        if (row == nullptr) return {.fault = name + ": there is no such option"};
        const bool wants_value = row->value[0] != '\0';
        const bool has_value = equals != word.npos;
        std::string_view value = has_value ? word.substr(equals + 1) : "";
        if (wants_value && !has_value) {
            if (++i == count) return {.fault = name + " " + row->value + ": the value is missing"};
            value = words[i];
        }
        if ((has_value && !wants_value) || !row->set(options, value)) {
            return {.fault = name + " " + row->value + ": not \"" + std::string(value) + "\""};
        }
    }
    parsed.fault = fault_of(options);
    return parsed;
}

}  // namespace wsc
