// Both sides' transports, joined in memory.
#include <edgews/address.hpp>
#include <edgews/tls.hpp>
#include "core/base/buffer.hpp"
#include "net/stream/transport.hpp"

#include <gtest/gtest.h>
#include <sys/uio.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "certificates.hpp"
#include "tests/support/bytes.hpp"

namespace edgews::test {
namespace {

using State = Transport::State;

const TlsIdentity& identity() {
    static const TlsIdentity made = make_identity("one.example");
    return made;
}

class TlsClientTest : public testing::Test {
  protected:
    void serve(TlsOptions options) {
        if (options.identities.empty()) options.identities = {identity()};
        auto made = Tls::make(options);
        ASSERT_FALSE(made.error) << made.error.message;
        tls_ = std::move(made.value);
    }
    void use(TlsClientOptions options) {
        auto made = TlsClient::make(options);
        ASSERT_FALSE(made.error) << made.error.message;
        client_tls_ = std::move(made.value);
    }
    // Gives `to` what `from` has to say, in pieces. Whether that was anything.
    bool pass(Transport& from, Transport& to, std::string& plain, std::size_t piece_size) {
        const Bytes all(from.pending().begin(), from.pending().end());
        from.sent(all.size());
        std::span<const std::byte> bytes(all);
        while (!bytes.empty() && to.state() != State::failed) {
            const ExactBlock piece(bytes.first(std::min(piece_size, bytes.size())));
            bytes = bytes.subspan(piece.bytes().size());
            const ExactBlock room(Bytes(piece.bytes().size() + Transport::record_size_max));
            plain += text_of(room.bytes().first(to.open(piece.bytes(), room.bytes())));
        }
        return !all.empty();
    }
    void exchange(std::size_t piece_size = SIZE_MAX) {
        bool goes_on = true;
        while (goes_on) {
            goes_on = pass(*client_, *server_, server_got_, piece_size);
            goes_on |= pass(*server_, *client_, client_got_, piece_size);
        }
    }
    void connect(std::string_view host, std::size_t piece_size = SIZE_MAX) {
        server_got_.clear();
        client_got_.clear();
        server_ = tls_->accept(pool_, Address());
        client_ = client_tls_->connect(pool_, host);
        ASSERT_NE(client_, nullptr);
        std::array<std::byte, Transport::record_size_max> room;
        ASSERT_EQ(client_->open({}, room), 0U);
        exchange(piece_size);
    }
    static void seal(Transport& transport, std::string_view text) {
        const iovec piece{const_cast<char*>(text.data()), text.size()};
        transport.seal({&piece, 1});
    }

    BufferPool pool_{0};
    std::shared_ptr<Tls> tls_;
    std::shared_ptr<TlsClient> client_tls_;
    std::unique_ptr<Transport> server_;
    std::unique_ptr<Transport> client_;
    std::string server_got_;
    std::string client_got_;
};

TEST_F(TlsClientTest, both_sides_understand_each_other_however_the_bytes_are_cut) {
    serve({});
    use({.authorities = identity().certificate_chain});
    for (const std::size_t piece_size : {std::size_t{1}, std::size_t{7}, SIZE_MAX}) {
        connect("one.example", piece_size);
        EXPECT_EQ(client_->state(), State::open);
        EXPECT_EQ(client_->failure(), "");
        EXPECT_EQ(client_->info().protocol, "TLSv1.3");
        EXPECT_EQ(server_->info().server_name, "one.example");
        seal(*client_, std::string(40'000, 'c'));
        seal(*server_, std::string(50'000, 's'));
        exchange(piece_size);
        EXPECT_TRUE(server_got_ == std::string(40'000, 'c'));
        EXPECT_TRUE(client_got_ == std::string(50'000, 's'));
        EXPECT_TRUE(client_->end());
        exchange(piece_size);
        EXPECT_EQ(server_->state(), State::ended);
    }
}

TEST_F(TlsClientTest, a_name_may_end_in_the_dot_of_the_root) {
    serve({});
    use({.authorities = identity().certificate_chain});
    connect("one.example.");
    EXPECT_EQ(client_->state(), State::open);
    EXPECT_EQ(server_->info().server_name, "one.example");
}

TEST_F(TlsClientTest, who_proves_itself_with_a_certificate_does_so_each_time) {
    const TlsIdentity own = make_identity("client.example");
    serve({.client_certificates = ClientCertificates::optional,
           .client_authorities = own.certificate_chain});
    use({.authorities = identity().certificate_chain, .identity = own});
    for (int i = 0; i < 2; ++i) {
        connect("one.example");
        EXPECT_FALSE(client_->info().is_resumed);
        EXPECT_EQ(server_->info().client_subject, "CN=client.example");
    }
}

TEST_F(TlsClientTest, the_server_must_prove_its_name) {
    serve({});
    use({.authorities = identity().certificate_chain});
    connect("two.example");
    EXPECT_EQ(client_->state(), State::failed);
    EXPECT_EQ(client_->failure(), "certificate verify failed: hostname mismatch");
    EXPECT_EQ(server_->state(), State::failed);  // It was told.
}

// Of names: a whole label may be any (RFC 6125, section 6.4.3), and a subject is none.
TEST_F(TlsClientTest, a_name_is_proved_by_a_name) {
    const struct {
        const char* name;
        const char* kind;
        bool is_proved;
    } rows[] = {{"one.two.example", "DNS", true},
                {"*.two.example", "DNS", true},
                {"o*.two.example", "DNS", false},
                {"one.two.example", "email", false}};
    for (const auto& row : rows) {
        const TlsIdentity shown = make_identity(row.name, row.kind);
        serve({.identities = {shown}});
        use({.authorities = shown.certificate_chain});
        connect("one.two.example");
        EXPECT_EQ(client_->state(), row.is_proved ? State::open : State::failed) << row.name;
        if (!row.is_proved) {
            EXPECT_EQ(client_->failure(), "certificate verify failed: hostname mismatch");
        }
    }
}

TEST_F(TlsClientTest, the_server_must_be_signed_by_someone_trusted) {
    serve({});
    use({});
    connect("one.example");
    EXPECT_EQ(client_->failure(), "certificate verify failed: self-signed certificate");
    use({.accepts_any_certificate = true});
    connect("two.example");
    EXPECT_EQ(client_->state(), State::open);
}

TEST_F(TlsClientTest, the_certificate_must_be_valid_today) {
    const TlsIdentity old = make_identity("one.example", "DNS", -3600);
    serve({.identities = {old}});
    use({.authorities = old.certificate_chain});
    connect("one.example");
    EXPECT_EQ(client_->failure(), "certificate verify failed: certificate has expired");
}

TEST_F(TlsClientTest, an_address_is_proved_by_a_certificate_that_bears_it) {
    const TlsIdentity numbered = make_identity("127.0.0.1", "IP");
    serve({.identities = {numbered}});
    use({.authorities = numbered.certificate_chain});
    connect("127.0.0.1");
    EXPECT_EQ(client_->state(), State::open);
    EXPECT_EQ(server_->info().server_name, "");
    connect("127.0.0.2");
    EXPECT_EQ(client_->failure(), "certificate verify failed: IP address mismatch");
    connect("::1");
    EXPECT_EQ(client_->failure(), "certificate verify failed: IP address mismatch");
}

TEST_F(TlsClientTest, another_name_than_the_urls_may_be_asked_for) {
    serve({});
    use({.authorities = identity().certificate_chain, .server_name = "one.example"});
    connect("127.0.0.1");
    EXPECT_EQ(client_->state(), State::open);
    EXPECT_EQ(server_->info().server_name, "one.example");
}

TEST_F(TlsClientTest, a_certificate_of_the_clients_is_shown) {
    const TlsIdentity own = make_identity("client.example");
    serve({.client_certificates = ClientCertificates::required,
           .client_authorities = own.certificate_chain});
    use({.authorities = identity().certificate_chain, .identity = own});
    connect("one.example");
    EXPECT_EQ(server_->info().client_subject, "CN=client.example");
    use({.authorities = identity().certificate_chain});
    connect("one.example");
    EXPECT_EQ(client_->state(), State::failed);  // TLS 1.3 tells after the client's part.
    EXPECT_EQ(client_->failure(), "tlsv13 alert certificate required");
}

TEST_F(TlsClientTest, sessions_resume_each_ticket_once) {
    serve({});
    use({.authorities = identity().certificate_chain});
    connect("one.example");
    EXPECT_FALSE(client_->info().is_resumed);
    for (int i = 0; i < 3; ++i) {
        connect("one.example");
        EXPECT_TRUE(client_->info().is_resumed);
        EXPECT_TRUE(server_->info().is_resumed);
    }
    client_tls_.reset();  // The connection keeps what it needs.
    seal(*client_, "still here");
    exchange();
    EXPECT_EQ(server_got_, "still here");
}

TEST_F(TlsClientTest, sessions_with_so_many_hosts_are_remembered) {
    serve({});
    use({.accepts_any_certificate = true});
    constexpr int count_max = 256;
    const auto host = [](int i) { return std::to_string(1'000 + i) + ".example"; };
    for (int i = 0; i <= count_max; ++i) {
        connect(host(i));
        ASSERT_EQ(client_->state(), State::open);
    }
    // The last one took the place of the first.
    for (const int i : {count_max, 1, 2, count_max - 1}) {
        connect(host(i));
        EXPECT_TRUE(client_->info().is_resumed) << i;
    }
    connect(host(0));
    EXPECT_FALSE(client_->info().is_resumed);
}

TEST_F(TlsClientTest, what_is_no_tls_fails) {
    use({});
    client_ = client_tls_->connect(pool_, "one.example");
    std::array<std::byte, Transport::record_size_max + 100> room;
    EXPECT_EQ(client_->open({}, room), 0U);
    EXPECT_EQ(client_->open(bytes_of("HTTP/1.1 400 Bad Request\r\n\r\n"), room), 0U);
    EXPECT_EQ(client_->state(), State::failed);
    EXPECT_EQ(client_->failure(), "wrong version number");
}

TEST(TlsClientOptions, what_cannot_be_read_is_an_error_that_names_it) {
    EXPECT_NE(TlsClient::make({.authorities = "/nowhere.pem"})
                  .error.message.find("authorities /nowhere.pem"),
              std::string::npos);
    EXPECT_NE(TlsClient::make({.identity = {identity().certificate_chain, "/nowhere.key"}})
                  .error.message.find("private key /nowhere.key"),
              std::string::npos);
}

}  // namespace
}  // namespace edgews::test
