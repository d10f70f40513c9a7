// TLS without sockets: a client of OpenSSL and our transport, joined in memory.
#include <openssl/err.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tls_fixture.hpp"

namespace edgews::test {
namespace {

class TlsTest : public TlsFixture {};

TEST_F(TlsTest, it_opens_however_the_bytes_are_cut) {
    make();
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        for (const std::size_t piece_size : {std::size_t{1}, std::size_t{7}, SIZE_MAX}) {
            accept();
            OpensslClient client({.version_max = version});
            connect(client, piece_size);
            EXPECT_EQ(server_->state(), State::open);
            EXPECT_EQ(server_->info().protocol, SSL_get_version(client.get()));
            EXPECT_EQ(server_->info().cipher, SSL_get_cipher_name(client.get()));
            EXPECT_EQ(server_->info().server_name, "one.example");
            EXPECT_EQ(server_->info().client_subject, "");
            client.write("one, ");
            client.write(std::string(40'000, 'x'));
            give(client.take_output(), piece_size);
            EXPECT_EQ(plain_, "one, " + std::string(40'000, 'x'));
        }
    }
    EXPECT_TRUE(failures_.empty()) << failures_[0];
}

TEST_F(TlsTest, small_pieces_share_a_record_and_large_ones_fill_theirs) {
    make();
    OpensslClient client;
    connect(client);
    (void)take_pending();
    seal({"head", "er, ", std::string_view(), "payload"});
    const Bytes small = take_pending();
    EXPECT_LT(small.size(), 15U + 30);
    client.put_input(small);
    EXPECT_EQ(client.read(), "header, payload");

    const std::string large(100'000, 'y');
    seal({"header", large, "tail"});
    const Bytes records = take_pending();
    EXPECT_LT(records.size(), 100'010U + 8 * 30);
    client.put_input(records);
    EXPECT_TRUE(client.read() == "header" + large + "tail");
}

TEST_F(TlsTest, what_is_pending_may_leave_in_parts_while_more_comes) {
    make();
    OpensslClient client;
    connect(client);
    std::string expected;
    Bytes all;
    for (int i = 0; i < 50; ++i) {
        const std::string text = "message " + std::to_string(i);
        seal({text});
        expected += text;
        const std::size_t part = std::min<std::size_t>(server_->pending().size(), 20);
        all = all + server_->pending().first(part);
        server_->sent(part);
    }
    all = all + take_pending();
    client.put_input(all);
    EXPECT_EQ(client.read(), expected);
}

TEST_F(TlsTest, each_side_ends_by_itself) {
    make();
    OpensslClient client;
    connect(client);
    client.write("last");
    SSL_shutdown(client.get());
    give(client.take_output());
    EXPECT_EQ(server_->state(), State::ended);
    EXPECT_EQ(plain_, "last");
    seal({"still said"});
    EXPECT_TRUE(server_->end());
    EXPECT_FALSE(server_->end());
    client.put_input(take_pending());
    EXPECT_EQ(client.read(), "still said");
    EXPECT_EQ(SSL_get_error(client.get(), 0), SSL_ERROR_ZERO_RETURN);
    EXPECT_NE(SSL_get_shutdown(client.get()) & SSL_RECEIVED_SHUTDOWN, 0);
}

TEST_F(TlsTest, the_server_name_chooses_the_certificate) {
    make({.identities = {identity_of("one.example"), identity_of("two.example")}});
    struct Row {
        const char* asked;
        const char* answered;
    };
    for (const Row& row : {Row{"one.example", "one.example"}, Row{"two.example", "two.example"},
                           Row{"three.example", "one.example"}}) {
        accept();
        OpensslClient client({.server_name = row.asked});
        connect(client);
        EXPECT_EQ(client.name_of_server(), row.answered) << row.asked;
    }
}

TEST_F(TlsTest, what_is_broken_fails_and_tells_why) {
    make();
    give(bytes_of("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    EXPECT_EQ(server_->state(), State::failed);
    EXPECT_EQ(failures_, std::vector<std::string>{"http request"});
    EXPECT_TRUE(text_of(server_->pending()).starts_with("HTTP/1.1 400 Bad Request\r\n"));
    EXPECT_FALSE(server_->end());

    accept();
    give(bytes_of("no handshake at all, just some bytes"));
    EXPECT_EQ(server_->state(), State::failed);
    EXPECT_EQ(failures_.size(), 2U);

    accept();
    OpensslClient old({.version_max = TLS1_1_VERSION});
    SSL_set_security_level(old.get(), 0);
    connect(old);
    EXPECT_EQ(server_->state(), State::failed);
    EXPECT_EQ(failures_.back(), "unsupported protocol");

    accept();
    OpensslClient other({.protocols = std::string("\2h2", 3)});
    connect(other);
    EXPECT_EQ(failures_.back(), "no application protocol");

    accept();
    OpensslClient client({.protocols = std::string("\2h2\10http/1.1", 12)});
    connect(client);
    EXPECT_EQ(server_->state(), State::open);
    Bytes record = [&] {
        client.write("text");
        return client.take_output();
    }();
    record.back() ^= std::byte{1};
    give(record);
    EXPECT_EQ(server_->state(), State::failed);
    EXPECT_EQ(failures_.back(), "decryption failed or bad record mac");
    EXPECT_EQ(plain_, "");
}

TEST_F(TlsTest, records_without_content_are_not_taken_for_ever) {
    make();
    OpensslClient client;
    connect(client);
    client.write("something");
    give(client.take_output());
    for (int i = 0; i < 5'000 && server_->state() == State::open; ++i) {
        SSL_key_update(client.get(), SSL_KEY_UPDATE_NOT_REQUESTED);
        SSL_do_handshake(client.get());
        give(client.take_output());
        if (i == 1'000) {  // Some, with something in between, are no harm.
            client.write("x");
            give(client.take_output());
        }
        if (i < 2'000) {
            ASSERT_EQ(server_->state(), State::open) << i;
        }
    }
    EXPECT_EQ(server_->state(), State::failed);
    EXPECT_EQ(failures_, std::vector<std::string>{"too many empty records"});
}

TEST_F(TlsTest, records_of_one_byte_are_taken_for_ever) {
    make();
    OpensslClient client;
    connect(client);
    constexpr std::size_t count = 5'000;  // Of more than 20 bytes each.
    for (std::size_t i = 0; i < count; ++i) {
        client.write("x");
        give(client.take_output());
    }
    EXPECT_EQ(server_->state(), State::open);
    EXPECT_EQ(plain_, std::string(count, 'x'));
}

TEST_F(TlsTest, client_certificates_are_verified_and_told) {
    const TlsIdentity& good = identity_of("client.example");
    const TlsIdentity& bad = identity_of("stranger.example");
    for (const auto wanted : {ClientCertificates::optional, ClientCertificates::required}) {
        make({.client_certificates = wanted, .client_authorities = good.certificate_chain});
        OpensslClient known({.identity = &good});
        connect(known);
        EXPECT_EQ(server_->state(), State::open);
        EXPECT_EQ(server_->info().client_subject, "CN=client.example");
        accept();
        OpensslClient stranger({.identity = &bad});
        connect(stranger);
        EXPECT_EQ(server_->state(), State::failed);
        accept();
        OpensslClient nobody;
        connect(nobody);
        EXPECT_EQ(server_->state(),
                  wanted == ClientCertificates::optional ? State::open : State::failed);
    }
}

TEST_F(TlsTest, without_tickets_no_session_resumes) {
    make({.ticket_key_lifetime_s = 0});
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        accept();
        OpensslClient first({.version_max = version});
        connect(first);
        const std::unique_ptr<Transport> still_there = std::move(server_);  // Its session is good.
        accept();
        OpensslClient second({.version_max = version, .session = SSL_get_session(first.get())});
        connect(second);
        EXPECT_EQ(server_->state(), State::open);
        EXPECT_FALSE(server_->info().is_resumed);
    }
}

// One each time, in either version, and none to those whom a certificate has to prove.
TEST_F(TlsTest, a_ticket_is_given_out_where_it_is_good_for_something) {
    static int ticket_count = 0;
    const struct {
        std::uint32_t lifetime_s;
        ClientCertificates wanted;
        int ticket_count;
    } rows[] = {{3'600, ClientCertificates::none, 1},
                {1, ClientCertificates::none, 1},
                {0, ClientCertificates::none, 0},
                {3'600, ClientCertificates::optional, 0}};
    for (const auto& row : rows) {
        for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
            make({.client_certificates = row.wanted,
                  .client_authorities = identity_of("client.example").certificate_chain,
                  .ticket_key_lifetime_s = row.lifetime_s});
            ticket_count = 0;
            OpensslClient client({.version_max = version});
            SSL_CTX* const context = SSL_get_SSL_CTX(client.get());
            SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT);
            SSL_CTX_sess_set_new_cb(context, [](SSL*, SSL_SESSION* session) {
                ticket_count += SSL_SESSION_has_ticket(session);
                return 0;
            });
            connect(client);
            EXPECT_EQ(server_->state(), State::open);
            EXPECT_EQ(ticket_count, row.ticket_count) << row.lifetime_s << ' ' << version;
        }
    }
}

// A ticket of TLS 1.3 is shown once; one of 1.2 is good for as long as its key is.
TEST_F(TlsTest, whoever_resumes_gets_another_ticket_where_it_needs_one) {
    static int ticket_count = 0;
    make();
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        accept();
        OpensslClient first({.version_max = version});
        connect(first);
        accept();
        OpensslClient second({.version_max = version, .session = SSL_get_session(first.get())});
        SSL_CTX* const context = SSL_get_SSL_CTX(second.get());
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT);
        SSL_CTX_sess_set_new_cb(context, [](SSL*, SSL_SESSION*) {
            ++ticket_count;
            return 0;
        });
        ticket_count = 0;
        connect(second);
        EXPECT_TRUE(server_->info().is_resumed);
        EXPECT_EQ(ticket_count, version == TLS1_3_VERSION ? 1 : 0);
    }
}

TEST_F(TlsTest, nobody_is_asked_for_a_certificate_that_is_not_wanted) {
    make();
    OpensslClient client({.identity = &identity_of("client.example")});
    connect(client);
    EXPECT_EQ(server_->state(), State::open);
    EXPECT_EQ(server_->info().client_subject, "");
}

// AES with 128 bits, unless the client has a reason for ChaCha20.
TEST_F(TlsTest, the_server_chooses_the_cipher) {
    make();
    const struct {
        int version;
        const char* offered;
        const char* chosen;
    } rows[] = {
        {TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"},
        {TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
         "TLS_AES_256_GCM_SHA384"},
        {TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256",
         "TLS_CHACHA20_POLY1305_SHA256"},
        {TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256",
         "ECDHE-ECDSA-AES128-GCM-SHA256"},
        {TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256",
         "ECDHE-ECDSA-CHACHA20-POLY1305"},
    };
    for (const auto& row : rows) {
        accept();
        OpensslClient client({.version_max = row.version});
        const bool is_newest = row.version == TLS1_3_VERSION;
        EXPECT_EQ(is_newest ? SSL_set_ciphersuites(client.get(), row.offered)
                            : SSL_set_cipher_list(client.get(), row.offered),
                  1);
        connect(client);
        EXPECT_EQ(server_->info().cipher, row.chosen);
    }
}

// A name that only the subject has is none, where there are alternative ones (RFC 6125, 6.4.4).
TEST_F(TlsTest, the_first_certificate_that_bears_the_name_is_chosen) {
    const TlsIdentity other = make_identity("two.example", "DNS:other.example,email");
    const TlsIdentity again = make_identity("two.example");
    make({.identities = {identity_of("one.example"), other, identity_of("two.example"), again}});
    OpensslClient client({.server_name = "two.example"});
    connect(client);
    EXPECT_EQ(client.name_of_server(), "two.example");
    BIO* const bio = BIO_new_mem_buf(identity_of("two.example").certificate_chain.data(), -1);
    const std::unique_ptr<X509, FreeCertificate> wanted(
        PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
    BIO_free(bio);
    EXPECT_EQ(X509_cmp(SSL_get0_peer_certificate(client.get()), wanted.get()), 0);
}

TEST_F(TlsTest, sessions_resume_and_new_certificates_are_for_new_connections) {
    make();
    OpensslClient first;
    connect(first);
    EXPECT_FALSE(server_->info().is_resumed);
    SSL_SESSION* const session = SSL_get1_session(first.get());
    accept();
    OpensslClient second({.session = session});
    connect(second);
    EXPECT_TRUE(server_->info().is_resumed);

    EXPECT_FALSE(tls_->reload({.identities = {identity_of("two.example")}}));
    second.write("still here");
    give(second.take_output());
    EXPECT_EQ(plain_, "still here");
    accept();
    OpensslClient third({.session = session});
    connect(third);
    EXPECT_EQ(third.name_of_server(), "two.example");
    EXPECT_FALSE(server_->info().is_resumed);
    SSL_SESSION_free(session);
}

TEST_F(TlsTest, a_key_with_a_pass_phrase_is_an_error) {
    const TlsIdentity& one = identity_of("one.example");
    BIO* const plain = BIO_new_mem_buf(one.private_key.data(), -1);
    BIO* const locked = BIO_new(BIO_s_mem());
    EVP_PKEY* const key = PEM_read_bio_PrivateKey(plain, nullptr, nullptr, nullptr);
    const unsigned char phrase[] = "secret";
    EXPECT_EQ(PEM_write_bio_PrivateKey(locked, key, EVP_aes_128_cbc(), phrase, 6, nullptr, nullptr),
              1);
    EVP_PKEY_free(key);
    BIO_free(plain);
    const auto made = Tls::make({.identities = {{one.certificate_chain, text_of_bio(locked)}}});
    EXPECT_EQ(made.error.message, "TLS: private key: bad password read");
    EXPECT_EQ(made.value, nullptr);
}

TEST_F(TlsTest, a_key_of_another_kind_than_the_certificates_is_an_error) {
    const TlsIdentity& one = identity_of("one.example");
    BIO* const bio = BIO_new(BIO_s_mem());
    EVP_PKEY* const key = EVP_RSA_gen(2048);
    EXPECT_EQ(PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr), 1);
    EVP_PKEY_free(key);
    const auto made = Tls::make({.identities = {{one.certificate_chain, text_of_bio(bio)}}});
    EXPECT_EQ(made.error.message, "TLS: private key: no certificate assigned");
}

TEST_F(TlsTest, the_chain_goes_out_whole) {
    const TlsIdentity& one = identity_of("one.example");
    const std::string chain = one.certificate_chain + identity_of("two.example").certificate_chain +
                              identity_of("client.example").certificate_chain;
    make({.identities = {{chain, one.private_key}}});
    OpensslClient client;
    connect(client);
    EXPECT_EQ(client.name_of_server(), "one.example");
    EXPECT_EQ(sk_X509_num(SSL_get_peer_cert_chain(client.get())), 3);
}

TEST_F(TlsTest, options_that_do_not_fit_are_named_and_change_nothing) {
    const TlsIdentity& one = identity_of("one.example");
    const TlsIdentity& two = identity_of("two.example");
    const auto message_of = [](const TlsOptions& options) {
        return Tls::make(options).error.message;
    };
    EXPECT_EQ(message_of({}).find("TLS: no identity"), 0U);
    EXPECT_EQ(message_of({.identities = {{"/none/such.pem", one.private_key}}})
                  .find("TLS: certificate chain /none/such.pem: "),
              0U);
    EXPECT_EQ(message_of({.identities = {{one.certificate_chain, "/none/key.pem"}}})
                  .find("TLS: private key /none/key.pem: "),
              0U);
    EXPECT_EQ(message_of({.identities = {{one.certificate_chain, two.private_key}}})
                  .find("TLS: private key: "),
              0U);
    EXPECT_EQ(message_of({.identities = {one}, .client_certificates = ClientCertificates::required})
                  .find("TLS: client authorities"),
              0U);
    const std::string damaged = one.certificate_chain + two.certificate_chain.substr(0, 200) +
                                "\n-----END CERTIFICATE-----\n";
    EXPECT_EQ(
        message_of({.identities = {{damaged, one.private_key}}}).find("TLS: certificate chain: "),
        0U);
    make();
    EXPECT_TRUE(tls_->reload({}));
    OpensslClient client;
    accept();
    connect(client);
    EXPECT_EQ(client.name_of_server(), "one.example");
}

}  // namespace
}  // namespace edgews::test
