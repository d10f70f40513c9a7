// A client that tests lead by hand, against servers that are not ours.
//
//     client_driver URL [--deflate] [--authorities FILE] [--subprotocol NAME]...
//
// Reads a command a line; bytes are in hex:
//
//     text HEX, binary HEX               a message
//     first HEX, middle HEX, last HEX    a fragment of a text
//     ping HEX
//     close CODE HEX                     with that reason
//
// and prints an event a line, its fields apart by tabs:
//
//     open SUBPROTOCOL EXTENSIONS
//     text HEX, binary HEX, ping HEX, pong HEX
//     refused COMMAND                    it could not be done
//     error MESSAGE
//     close CODE HEX clean|unclean
//
// Ends when its input does; until then a server has the time to end a connection.
#include <edgews/client.hpp>
#include <edgews/deflate.hpp>
#include <edgews/loop.hpp>
#include <edgews/tls.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "hex.hpp"

namespace {

using driver::from_hex;
using driver::to_hex;
using Bytes = std::span<const std::byte>;

std::string hex_of(Bytes bytes) {
    return to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void print(std::string_view event, std::string_view fields = {}) {
    std::string line(event);
    if (!fields.empty()) line.append("\t").append(fields);
    line += '\n';
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fflush(stdout);
}

edgews::ClientHandlers handlers() {
    using edgews::Client;
    return {
        .open =
            [](Client& c) {
                print("open", std::string(c.protocol()) + "\t" + std::string(c.extensions()));
            },
        .message =
            [](Client&, edgews::Message m) {
                print(m.is_text() ? "text" : "binary", hex_of(m.bytes()));
            },
        .ping = [](Client&, Bytes payload) { print("ping", hex_of(payload)); },
        .pong = [](Client&, Bytes payload) { print("pong", hex_of(payload)); },
        .error = [](Client&, const edgews::ClientError& e) { print("error", e.error.message); },
        .close =
            [](Client&, const edgews::CloseEvent& e) {
                print("close", std::to_string(e.code) + "\t" + to_hex(e.reason) + "\t" +
                                   (e.clean ? "clean" : "unclean"));
            },
    };
}

// False: it cannot be done.
bool obey(edgews::Client& client, std::string_view command, std::string_view argument) {
    using edgews::Fragment;
    const auto accepted = [](edgews::SendResult result) { return was_accepted(result); };
    if (command == "close") {
        std::uint16_t code = 0;
        const char* const end = argument.data() + argument.size();
        const auto read = std::from_chars(argument.data(), end, code);
        const std::string_view rest(read.ptr, end);
        return client.close(code, from_hex(rest.substr(rest.empty() ? 0 : 1)));
    }
    const std::string bytes = from_hex(argument);
    const Bytes span = std::as_bytes(std::span(bytes));
    if (command == "text") return accepted(client.send(bytes));
    if (command == "binary") return accepted(client.send(span));
    if (command == "first") return accepted(client.send_fragment(bytes, Fragment::first));
    if (command == "middle") return accepted(client.send_fragment(bytes, Fragment::middle));
    if (command == "last") return accepted(client.send_fragment(bytes, Fragment::last));
    return command == "ping" && accepted(client.ping(span));
}

// Standard input, line by line, for the loop's thread.
void read_commands(edgews::Loop& loop, edgews::Client& client) {
    for (std::string line; std::getline(std::cin, line);) {
        loop.post([&client, line] {
            const std::size_t blank = line.find(' ');
            const std::string_view command = std::string_view(line).substr(0, blank);
            const std::string_view argument =
                blank == std::string::npos ? "" : std::string_view(line).substr(blank + 1);
            if (!obey(client, command, argument)) print("refused", command);
        });
    }
    loop.stop();
}

// False: an option is not understood, or TLS cannot be had.
bool take_options(edgews::ClientOptions& options, int count, char** words) {
    for (int i = 2; i < count; ++i) {
        const std::string_view option = words[i];
        if (option == "--deflate") {
            options.compression = edgews::deflate({.memory = edgews::DeflateMemory::dedicated});
        } else if (option == "--subprotocol" && i + 1 < count) {
            options.subprotocols.emplace_back(words[++i]);
        } else if (option == "--authorities" && i + 1 < count) {
            auto made = edgews::TlsClient::make({.authorities = words[++i]});
            if (made.error) return false;
            options.tls = std::move(made.value);
        } else {
            return false;
        }
    }
    return count >= 2;
}

}  // namespace

int main(int count, char** words) {
    edgews::ClientOptions options{.message_size_max = 64 * 1024 * 1024,
                                  .backlog_size_max = 256 * 1024 * 1024};
    if (!take_options(options, count, words)) return 2;
    edgews::Loop loop;
    edgews::Client client(loop, words[1], handlers(), options);
    std::thread input([&] { read_commands(loop, client); });
    loop.run();
    input.join();
}
