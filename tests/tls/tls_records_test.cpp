// What a server's TLS puts on the wire: records, and an answer to those who do not speak TLS.
#include <openssl/err.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tls_fixture.hpp"

namespace edgews::test {
namespace {

class TlsRecords : public TlsFixture {
  protected:
    // How much each record on the wire holds: its length without that of the tag, and in TLS 1.3 of
    // the kind of its content (RFC 8446, section 5.2).
    static std::vector<std::size_t> sizes_in(const Bytes& sent) {
        std::vector<std::size_t> sizes;
        for (std::size_t at = 0; at + 5 <= sent.size();) {
            const auto size = std::to_integer<std::size_t>(sent[at + 3]) << 8 |
                              std::to_integer<std::size_t>(sent[at + 4]);
            sizes.push_back(size - 17);
            at += 5 + size;
        }
        return sizes;
    }
};

TEST_F(TlsRecords, are_filled_before_the_next_begins) {
    constexpr std::size_t full = 16'384;
    using Sizes = std::vector<std::size_t>;
    const struct {
        Sizes pieces;
        Sizes records;
    } rows[] = {
        {{}, {}},
        {{0}, {}},
        {{1}, {1}},
        {{2}, {2}},
        {{1, 2, 3}, {6}},
        {{full - 1}, {full - 1}},
        {{full}, {full}},
        {{full + 1}, {full, 1}},
        {{full - 1, 1}, {full}},
        {{full - 1, 2}, {full, 1}},
        {{1, full}, {full, 1}},
        {{1, 2 * full}, {full, full, 1}},
        {{full, 1}, {full, 1}},
        {{2 * full}, {full, full}},
        {{full / 2, full / 2, 10, full}, {full, full, 10}},
    };
    make();
    OpensslClient client;
    connect(client);
    (void)take_pending();
    for (const auto& row : rows) {
        std::vector<std::string> texts;
        std::vector<iovec> pieces;
        std::string all;
        for (const std::size_t size : row.pieces) {
            texts.emplace_back(size, static_cast<char>('a' + texts.size()));
            all += texts.back();
        }
        for (std::string& text : texts) pieces.push_back({text.data(), text.size()});
        server_->seal(pieces);
        const Bytes sent = take_pending();
        EXPECT_EQ(sizes_in(sent), row.records);
        client.put_input(sent);
        EXPECT_TRUE(client.read() == all);
    }
}

TEST_F(TlsRecords, without_content_are_taken_up_to_64_kib) {
    constexpr std::size_t size_max = 64 * 1024;
    make();
    OpensslClient client;
    connect(client);
    client.write("something");
    give(client.take_output());
    std::size_t size = 0;
    for (std::size_t before = 0; server_->state() == State::open; before = size) {
        ASSERT_LE(before, size_max);
        SSL_key_update(client.get(), SSL_KEY_UPDATE_NOT_REQUESTED);
        SSL_do_handshake(client.get());
        const Bytes record = client.take_output();
        size += record.size();
        give(record);
    }
    EXPECT_GT(size, size_max);
    EXPECT_EQ(server_->failure(), "too many empty records");
}

// To whoever forgot the "s" of https; the answer to HEAD has no content (RFC 9110, 9.3.2).
TEST_F(TlsRecords, are_not_what_a_plain_request_is_answered_with) {
    make();
    for (const std::string request : {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD / HTTP/1.1\r\n",
                                      "HEAD ", "POST / HTTP/1.1\r\n"}) {
        SCOPED_TRACE(request);
        accept();
        failures_.clear();
        give(bytes_of(request));
        EXPECT_EQ(server_->state(), State::failed);
        EXPECT_EQ(server_->failure(), "http request");
        EXPECT_EQ(ERR_peek_error(), 0U);
        EXPECT_EQ(failures_, std::vector<std::string>{"http request"});
        const std::string answer = text_of(take_pending());
        const std::size_t head_end = answer.find("\r\n\r\n");
        ASSERT_NE(head_end, std::string::npos);
        EXPECT_EQ(answer.substr(0, answer.find("\r\n")), "HTTP/1.1 400 Bad Request");
        EXPECT_NE(answer.find("\r\nContent-Type: text/plain"), std::string::npos);
        EXPECT_NE(answer.find("\r\nContent-Length: 37\r\n"), std::string::npos);
        EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos);
        EXPECT_EQ(answer.substr(head_end + 4),
                  request.starts_with("HEAD") ? "" : "This port speaks TLS: use https/wss.\n");
        EXPECT_FALSE(server_->end());
    }
}

// Whoever has seen nothing of the answer yet is told nothing else.
TEST_F(TlsRecords, of_a_failure_are_an_alert_to_those_who_speak_tls) {
    make();
    OpensslClient client({.version_max = TLS1_1_VERSION});
    connect(client);
    EXPECT_EQ(server_->state(), State::failed);
    EXPECT_EQ(failures_, std::vector<std::string>{"unsupported protocol"});
    EXPECT_EQ(server_->failure(), "unsupported protocol");
    EXPECT_FALSE(server_->end());
}

TEST_F(TlsRecords, are_read_whatever_errors_the_application_has_left) {
    make();
    OpensslClient client;
    connect(client);
    client.write("text");
    const Bytes record = client.take_output();
    for (std::size_t i = 0; i < record.size(); ++i) {
        ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
        give(std::span(record).subspan(i, 1));
        ASSERT_EQ(server_->state(), State::open) << i;
    }
    EXPECT_EQ(plain_, "text");
    ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
    EXPECT_TRUE(server_->end());
    EXPECT_FALSE(server_->end());
    EXPECT_EQ(server_->state(), State::open);
}

}  // namespace
}  // namespace edgews::test
