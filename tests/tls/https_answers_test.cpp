// Answers that take their time, over TLS: files, which no sendfile() can send there, and streams.
#include <edgews/tls.hpp>

#include <gtest/gtest.h>

#include <openssl/ssl.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "certificates.hpp"
#include "openssl_client.hpp"
#include "tests/support/file_tree.hpp"
#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

constexpr ClientOptions small_buffer{.receive_buffer = 16'384};
constexpr std::size_t large_size = 8'000'000;

class HttpsClient {
  public:
    HttpsClient(std::uint16_t port, ClientOptions options) : socket_(port, options) {
        while (SSL_do_handshake(tls_.get()) != 1) exchange();
    }
    void ask(const std::string& path) {
        tls_.write(TestClient::get_head(path));
        socket_.send(tls_.take_output());
    }
    // Until so many bytes have come, or the end.
    std::string read(std::size_t size) {
        while (received_.size() < size && !has_ended_) {
            receive();
            received_ += tls_.read();
        }
        return std::exchange(received_, received_.substr(std::min(size, received_.size())))
            .substr(0, size);
    }
    std::string read_head() {
        std::string head;
        while (!head.ends_with("\r\n\r\n") && !has_ended_) head += read(1);
        return head;
    }

  private:
    void exchange() {
        socket_.send(tls_.take_output());
        receive();
    }
    void receive() {
        const Bytes bytes = socket_.receive_some();
        has_ended_ = bytes.empty();
        tls_.put_input(bytes);
    }

    TestClient socket_;
    OpensslClient tls_{};
    std::string received_{};
    bool has_ended_ = false;
};

class HttpsAnswers : public testing::Test {
  protected:
    HttpsAnswers() {
        large_.reserve(large_size + 20);
        while (large_.size() < large_size) large_ += std::to_string(large_.size()) + ' ';
        large_.resize(large_size);
        tree_.write("large", large_);
        server_->get("/now", [](const Request&, Response& answer) { answer.body = "now"; });
        server_->get("/stream", [](const Request& asked, Response&) {
            const ResponseStream stream = asked.stream({});
            stream.write("one");
            stream.write("two");
            stream.finish();
        });
        server_->files("/", tree_.path(""));
        auto made = Tls::make({.identities = {identity_of("one.example")}});
        EXPECT_FALSE(made.error) << made.error.message;
        server_.start({.host = "127.0.0.1", .tls = made.value});
    }

    std::string large_;
    FileTree tree_;
    TestServer server_;
};

TEST_F(HttpsAnswers, a_file_arrives_whole_and_the_connection_goes_on) {
    for (const ClientOptions& options : {ClientOptions{}, small_buffer}) {
        HttpsClient client(server_.port(), options);
        for (int i = 0; i < 2; ++i) {
            client.ask("/large");
            client.ask("/now");
            EXPECT_NE(client.read_head().find("Content-Length: 8000000\r\n"), std::string::npos);
            EXPECT_TRUE(client.read(large_size) == large_);
            EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 200 "));
            EXPECT_EQ(client.read(3), "now");
        }
    }
}

TEST_F(HttpsAnswers, a_file_that_shrinks_meanwhile_ends_the_connection) {
    HttpsClient client(server_.port(), small_buffer);
    client.ask("/large");
    EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 200 "));
    ASSERT_EQ(::truncate(tree_.path("large").c_str(), 6'000'000), 0);
    EXPECT_TRUE(client.read(large_size) == large_.substr(0, 6'000'000));
}

TEST_F(HttpsAnswers, a_stream_comes_in_chunks) {
    HttpsClient client(server_.port(), {});
    client.ask("/stream");
    EXPECT_NE(client.read_head().find("Transfer-Encoding: chunked\r\n"), std::string::npos);
    EXPECT_EQ(client.read(21), "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
}

}  // namespace
}  // namespace edgews::test
