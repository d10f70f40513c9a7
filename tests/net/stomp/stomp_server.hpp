// A server with a STOMP broker for tests, and raw clients of it over WebSocket and TCP.
//
//     StompServer server({}, {.authenticate = …});
//     StompPeer joe = server.connect(Over::tcp);
//     joe.subscribe("/topic/a");
//     server.broker.send("/topic/a", "hello");
//     EXPECT_EQ(joe.hear("MESSAGE").body, "hello");
//
// WebSocket is on the server's port, and TCP on a Unix socket, unless a test has it listen itself.
#pragma once

#include <edgews/stomp_broker.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tests/support/stomp_over.hpp"
#include "tests/support/test_server.hpp"

namespace edgews::test {

// A frame that a client got.
struct StompReply {
    std::string command{};
    std::string head{};  // Its header lines, as they came.
    std::string body{};

    // Whether there is that line: "receipt-id:1".
    [[nodiscard]] bool has(std::string_view line) const {
        return ('\n' + head + '\n').find('\n' + std::string(line) + '\n') != std::string::npos;
    }
    // "": there is none of that name.
    [[nodiscard]] std::string header(const std::string& name) const {
        const std::string lines = '\n' + head + '\n';
        const std::size_t found = lines.find('\n' + name + ':');
        if (found == std::string::npos) return {};
        const std::size_t begin = found + name.size() + 2;
        return lines.substr(begin, lines.find('\n', begin) - begin);
    }
};

// Blocking, with a time limit, like TestClient. No frame that it gets has a NUL in its body.
class StompPeer {
  public:
    StompPeer(TestClient client, Over over) : client_(std::move(client)), over_(over) {}

    // A frame, without its NUL.
    void say(std::string_view frame) {
        const std::string bytes = std::string(frame) + '\0';
        over_ == Over::tcp ? client_.send(bytes) : client_.send_text(bytes);
    }
    StompPeer& connect(std::string_view lines = "") {
        say("CONNECT\naccept-version:1.2\nhost:x\n" + std::string(lines) + "\n");
        session_id = hear("CONNECTED").header("session");
        return *this;
    }
    // Returns when the broker has it.
    void subscribe(const std::string& destination, const std::string& lines = "") {
        say("SUBSCRIBE\nid:" + destination + "\ndestination:" + destination + "\nreceipt:there\n" +
            lines + "\n");
        EXPECT_TRUE(hear("RECEIPT").has("receipt-id:there"));
    }
    void send(const std::string& destination, const std::string& body,
              const std::string& lines = "") {
        say("SEND\ndestination:" + destination + "\n" + lines + "\n" + body);
    }
    // Returns when all that was said is done.
    void await_all() {
        send("/topic/of-nobody", "", "receipt:all\n");
        EXPECT_TRUE(hear("RECEIPT").has("receipt-id:all"));
    }
    // The next frame, which must be of that command.
    StompReply hear(std::string_view command) {
        StompReply reply = hear_any();
        EXPECT_EQ(reply.command, command) << reply.head;
        return reply;
    }
    StompReply hear_any() {
        while (frames_.find('\0') == std::string::npos) {
            if (!receive()) throw std::runtime_error("waited in vain for a frame");
        }
        const std::size_t begin = frames_.find_first_not_of('\n');
        const std::size_t end = frames_.find('\0');
        const std::string frame = frames_.substr(begin, end - begin);
        frames_.erase(0, end + 1);
        const std::size_t line_end = frame.find('\n');
        const std::size_t head_end = frame.find("\n\n");
        StompReply reply{.command = frame.substr(0, line_end), .body = frame.substr(head_end + 2)};
        if (head_end > line_end) {
            reply.head = frame.substr(line_end + 1, head_end - line_end - 1);
        }
        return reply;
    }
    // ERROR with `message` in its text, and the close with that code.
    StompReply expect_error(std::string_view message, unsigned code) {
        StompReply error = hear("ERROR");
        EXPECT_NE(error.header("message").find(message), std::string::npos) << error.head;
        expect_end(code);
        return error;
    }
    void expect_end(unsigned code) {
        while (receive()) {
        }
        EXPECT_EQ(frames_.find_first_not_of('\n'), std::string::npos) << frames_;
        EXPECT_EQ(close_code_, over_ == Over::web_socket ? code : 0);
        client_.close();
    }
    [[nodiscard]] TestClient& client() { return client_; }

    std::string session_id{};

  private:
    // False: it is over.
    bool receive() {
        if (over_ == Over::tcp) {
            const std::string text = text_of(client_.receive_some());
            frames_ += text;
            return !text.empty();
        }
        const ReceivedFrame frame = client_.read_frame();
        if ((frame.first_byte & 15) != 8) return frames_ += frame.text(), true;
        close_code_ = frame.close_code();
        client_.send_close(1000);
        return false;
    }

    TestClient client_;
    Over over_;
    std::string frames_;
    unsigned close_code_ = 0;
};

class StompServer {
  public:
    explicit StompServer(StompOptions options = {}, StompHooks hooks = {},
                         ServerOptions server_options = {})
        : broker(std::move(options), std::move(hooks)) {
        server.emplace(std::move(server_options));
    }
    // Then routes and handlers cannot be added any more.
    void start() {
        broker.attach(*server->operator->(), "/ws");
        unlink_path();
        const Error error = broker.listen(*server->operator->(), {.unix_path = unix_path()});
        if (error) throw std::runtime_error(error.message);
        server->start();
        is_started_ = true;
    }
    ~StompServer() {
        server.reset();
        unlink_path();
    }

    StompPeer open(Over over) {
        if (!is_started_) start();
        if (over == Over::tcp) return {TestClient::over_unix(unix_path()), over};
        return {server->open("/ws", "Sec-WebSocket-Protocol: v12.stomp\r\n"), over};
    }
    StompPeer connect(Over over, std::string_view lines = "") {
        StompPeer peer = open(over);
        peer.connect(lines);
        return peer;
    }

    StompBroker broker;
    std::optional<TestServer> server{};

  private:
    [[nodiscard]] static std::string unix_path() {
        return testing::TempDir() + "edgews-stomp-" + std::to_string(::getpid());
    }
    static void unlink_path() { static_cast<void>(::unlink(unix_path().c_str())); }

    bool is_started_ = false;
};

}  // namespace edgews::test
