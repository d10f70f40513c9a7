// A STOMP client that tests lead by hand, against brokers that are not ours.
//
//     stomp_driver URL... [--login TEXT] [--passcode TEXT] [--host TEXT] [--timeout MS]
//         [--heart-beat MS] [--keep BYTES]
//
// --timeout is that of each step to connect. Reads a command a line; bodies are in hex, and NAME
// names a frame whose receipt is to be told ("-": none). Headers are NAME:VALUE, without blanks.
//
//     subscribe DESTINATION MODE HEADER...           MODE: auto, client, client-individual
//     unsubscribe NUMBER NAME HEADER...
//     send NAME TRANSACTION DESTINATION HEX HEADER...    TRANSACTION: 0 is none
//     ack NAME TRANSACTION KEY, nack NAME TRANSACTION KEY
//     begin, commit NAME TRANSACTION, abort NAME TRANSACTION
//     disconnect, terminate
//
// and prints an event a line, its fields apart by tabs:
//
//     connected URL VERSION
//     subscribed NUMBER, unsubscribed NUMBER         confirmed, or not
//     message NUMBER KEY DESTINATION HEX REDELIVERED
//     receipt NAME OUTCOME
//     transaction NUMBER
//     refused COMMAND RESULT                         it was not sent: dropped, closed, invalid
//     error MESSAGE
//     disconnected orderly|lost
//     retry COUNT URL
//
// Ends when its input does; until then a broker has the time to end a connection.
#include <edgews/loop.hpp>
#include <edgews/stomp_client.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "hex.hpp"

namespace {

using driver::from_hex;
using driver::to_hex;
using edgews::SendResult;
using edgews::stomp::AckMode;
using edgews::stomp::Client;
using edgews::stomp::Message;
using edgews::stomp::Receipt;

void print(std::initializer_list<std::string> fields) {
    std::string line;
    for (const std::string& field : fields) {
        if (!line.empty()) line += '\t';
        line += field;
    }
    line += '\n';
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fflush(stdout);
}

const char* name_of(Receipt::Outcome outcome) {
    switch (outcome) {
        case Receipt::Outcome::confirmed: return "confirmed";
        case Receipt::Outcome::refused: return "refused";
        case Receipt::Outcome::lost: return "lost";
        case Receipt::Outcome::late: return "late";
        case Receipt::Outcome::unsent: return "unsent";
    }
    return "?";
}

edgews::stomp::ClientHandlers handlers() {
    return {
        .connected =
            [](Client& c) {
                print({"connected", std::string(c.broker()), std::string(to_string(c.version()))});
            },
        .error =
            [](Client&, const edgews::ClientError& e) {
                print({"error", e.error.message});
            },
        .disconnected =
            [](Client&, const edgews::stomp::Disconnected& d) {
                print({"disconnected", d.is_orderly ? "orderly" : "lost"});
            },
        .reconnect =
            [](Client&, edgews::stomp::Retry& r) {
                print({"retry", std::to_string(r.count), std::string(r.broker)});
            },
    };
}

class Driver {
  public:
    explicit Driver(Client& client) : client_(client) {}

    void obey(const std::string& line) {
        words_ = std::istringstream(line);
        const std::string command = word();
        if (command == "disconnect") return client_.disconnect();
        if (command == "terminate") return client_.terminate();
        if (command == "begin") return print({"transaction", std::to_string(client_.begin())});
        if (command == "subscribe") return subscribe();
        if (command == "unsubscribe") return unsubscribe();
        const SendResult result = say(command);
        if (was_accepted(result)) return;
        print({"refused", command,
               result == SendResult::dropped  ? "dropped"
               : result == SendResult::closed ? "closed"
                                              : "invalid"});
    }

  private:
    std::string word() {
        std::string next;
        words_ >> next;
        return next;
    }
    std::uint64_t number() { return std::stoull(word()); }
    // All that is left.
    std::vector<edgews::stomp::Header> headers() {
        texts_.clear();
        for (std::string next = word(); !next.empty(); next = word()) texts_.push_back(next);
        std::vector<edgews::stomp::Header> all;
        for (const std::string& text : texts_) {
            const std::string_view view = text;
            const std::size_t colon = view.find(':');
            all.push_back({view.substr(0, colon), view.substr(colon + 1)});
        }
        return all;
    }
    edgews::stomp::Completion receipt() {
        const std::string name = word();
        if (name == "-") return {};
        return [name](const Receipt& r) { print({"receipt", name, name_of(r.outcome)}); };
    }

    void subscribe() {
        const std::string destination = word();
        const std::string mode = word();
        const auto lines = headers();
        edgews::stomp::SubscribeOptions options{.headers = lines};
        if (mode == "client") options.ack = AckMode::client;
        if (mode == "client-individual") options.ack = AckMode::client_individual;
        options.confirmed = [](Client&, auto number, bool is_confirmed) {
            print({is_confirmed ? "subscribed" : "unsubscribed", std::to_string(number)});
        };
        const auto hear = [this](Client&, const Message& m) {
            messages_.emplace_back(m);
            print({"message", std::to_string(m.subscription()),
                   std::to_string(messages_.size() - 1), std::string(m.destination()),
                   to_hex(m.text()), std::string(m.header("redelivered"))});
        };
        static_cast<void>(client_.subscribe(destination, hear, options));
    }
    void unsubscribe() {
        const auto subscription = number();
        auto completion = receipt();
        static_cast<void>(client_.unsubscribe(subscription, std::move(completion), headers()));
    }
    SendResult say(const std::string& command) {
        edgews::stomp::SendOptions options;
        options.receipt = receipt();
        options.transaction = number();
        if (command == "commit") return client_.commit(options.transaction, options.receipt);
        if (command == "abort") return client_.abort(options.transaction, options.receipt);
        if (command == "ack") return client_.ack(messages_.at(number()), std::move(options));
        if (command == "nack") return client_.nack(messages_.at(number()), std::move(options));
        const std::string destination = word();
        const std::string hex = word();
        const auto lines = headers();
        options.headers = lines;
        return client_.send(destination, hex == "-" ? "" : from_hex(hex), std::move(options));
    }

    Client& client_;
    std::istringstream words_{};
    std::vector<std::string> texts_{};
    std::vector<edgews::stomp::Unacknowledged> messages_{};
};

// Standard input, line by line, for the loop's thread.
void read_commands(edgews::Loop& loop, Driver& driver) {
    for (std::string line; std::getline(std::cin, line);) {
        loop.post([&driver, line] { driver.obey(line); });
    }
    loop.stop();
}

// Empty: an option is not understood.
std::optional<edgews::stomp::ClientOptions> options_of(int count, char** words) {
    edgews::stomp::ClientOptions options;
    options.heart_beat = {};
    options.reconnect.delay_max_ms = 200;
    for (int i = 1; i < count; ++i) {
        const std::string_view option = words[i];
        if (!option.starts_with("--")) {
            options.brokers.emplace_back(option);
            continue;
        }
        if (++i == count) return {};
        const std::string value = words[i];
        if (option == "--login") {
            options.login = value;
        } else if (option == "--passcode") {
            options.passcode = value;
        } else if (option == "--host") {
            options.host = value;
        } else if (option == "--keep") {
            options.kept_size_max = std::stoul(value);
            options.kept_ms = 120'000;
        } else if (option == "--heart-beat") {
            options.heart_beat.can_send_ms = options.heart_beat.wants_ms =
                static_cast<std::uint32_t>(std::stoul(value));
        } else if (option == "--timeout") {
            options.connection.connect_timeout_ms = options.connection.handshake_timeout_ms =
                static_cast<std::uint32_t>(std::stoul(value));
        } else {
            return {};
        }
    }
    return options;
}

}  // namespace

int main(int count, char** words) {
    const auto options = options_of(count, words);
    if (!options) return 2;
    edgews::Loop loop;
    Client client(loop, *options, handlers());
    Driver driver(client);
    std::thread input([&] { read_commands(loop, driver); });
    loop.run();
    input.join();
}
