#include "tls/ticket_keys.hpp"

#include <gtest/gtest.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include "certificates.hpp"
#include "openssl_client.hpp"
#include "tests/support/bytes.hpp"

namespace edgews::test {
namespace {

using std::chrono::seconds;

constexpr seconds lifetime(100);
const TicketKeys::Clock::time_point begin(seconds(1'000));

TEST(TicketKeys, a_key_encrypts_for_its_lifetime) {
    TicketKeys keys(lifetime);
    const auto first = keys.newest(begin);
    ASSERT_TRUE(first.is_known);
    EXPECT_TRUE(first.is_newest);
    EXPECT_EQ(keys.newest(begin + seconds(99)).key.name, first.key.name);
    const auto second = keys.newest(begin + seconds(100));
    ASSERT_TRUE(second.is_known);
    EXPECT_NE(second.key.name, first.key.name);
    EXPECT_NE(second.key.cipher, first.key.cipher);
    EXPECT_NE(second.key.mac, first.key.mac);
    EXPECT_EQ(keys.newest(begin + seconds(199)).key.name, second.key.name);
}

TEST(TicketKeys, a_key_opens_its_tickets_for_as_long_again) {
    TicketKeys keys(lifetime);
    const auto first = keys.newest(begin);
    EXPECT_TRUE(keys.find(first.key.name.data(), begin + seconds(99)).is_newest);
    const auto later = keys.find(first.key.name.data(), begin + seconds(150));
    EXPECT_TRUE(later.is_known);
    EXPECT_FALSE(later.is_newest);
    EXPECT_EQ(later.key.cipher, first.key.cipher);
    EXPECT_TRUE(keys.find(first.key.name.data(), begin + seconds(199)).is_known);
    EXPECT_FALSE(keys.find(first.key.name.data(), begin + seconds(200)).is_known);
}

TEST(TicketKeys, a_key_nobody_used_for_long_opens_nothing) {
    TicketKeys keys(lifetime);
    const auto first = keys.newest(begin);
    EXPECT_FALSE(keys.find(first.key.name.data(), begin + seconds(200)).is_known);
    EXPECT_FALSE(keys.find(first.key.name.data(), begin + seconds(201)).is_known);
}

TEST(TicketKeys, the_key_of_another_server_is_unknown) {
    TicketKeys keys(lifetime);
    TicketKeys others(lifetime);
    EXPECT_FALSE(keys.find(others.newest(begin).key.name.data(), begin).is_known);
}

// Also where the clock has just begun.
TEST(TicketKeys, no_key_is_that_of_another_server) {
    for (const auto now : {TicketKeys::Clock::time_point(), begin}) {
        TicketKeys keys(lifetime);
        TicketKeys others(lifetime);
        const auto key = keys.newest(now);
        const auto other = others.newest(now);
        EXPECT_TRUE(key.is_known && other.is_known);
        EXPECT_NE(key.key.name, other.key.name);
        EXPECT_NE(key.key.cipher, other.key.cipher);
        EXPECT_NE(key.key.mac, other.key.mac);
        EXPECT_NE(key.key.cipher, key.key.mac);
    }
}

// ---- Served to OpenSSL -----------------------------------------------------

class ServedTicketKeys : public testing::Test {
  protected:
    ServedTicketKeys() {
        const TlsIdentity& identity = identity_of("one.example");
        BIO* const chain = BIO_new_mem_buf(identity.certificate_chain.data(), -1);
        BIO* const secret = BIO_new_mem_buf(identity.private_key.data(), -1);
        X509* const certificate = PEM_read_bio_X509(chain, nullptr, nullptr, nullptr);
        EVP_PKEY* const key = PEM_read_bio_PrivateKey(secret, nullptr, nullptr, nullptr);
        EXPECT_EQ(SSL_CTX_use_certificate(context, certificate), 1);
        EXPECT_EQ(SSL_CTX_use_PrivateKey(context, key), 1);
        X509_free(certificate);
        EVP_PKEY_free(key);
        BIO_free(chain);
        BIO_free(secret);
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    }
    ~ServedTicketKeys() override {
        SSL_SESSION_free(session);
        SSL_CTX_free(context);
    }
    // Whether the session was resumed; what is left is the latest.
    bool connect(int version) {
        SSL* const server = SSL_new(context);
        SSL_set_bio(server, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_accept_state(server);
        const OpensslClient client({.version_max = version, .session = session});
        for (int i = 0; i < 6; ++i) {
            (void)client.read();
            const Bytes out = client.take_output();
            BIO_write(SSL_get_rbio(server), out.data(), static_cast<int>(out.size()));
            SSL_do_handshake(server);
            Bytes in(BIO_ctrl_pending(SSL_get_wbio(server)));
            BIO_read(SSL_get_wbio(server), in.data(), static_cast<int>(in.size()));
            client.put_input(in);
        }
        EXPECT_EQ(SSL_is_init_finished(server), 1);
        SSL_SESSION_free(session);
        session = SSL_get1_session(client.get());
        const bool is_resumed = SSL_session_reused(client.get()) == 1;
        SSL_shutdown(client.get());
        SSL_free(server);
        return is_resumed;
    }
    [[nodiscard]] std::string latest_ticket() const {
        const unsigned char* ticket = nullptr;
        std::size_t size = 0;
        SSL_SESSION_get0_ticket(session, &ticket, &size);
        return {reinterpret_cast<const char*>(ticket), size};
    }
    // The key that it is of.
    [[nodiscard]] std::array<unsigned char, 16> name_in_ticket() const {
        const std::string ticket = latest_ticket();
        std::array<unsigned char, 16> name{};
        EXPECT_GE(ticket.size(), name.size());
        std::copy_n(ticket.begin(), std::min(ticket.size(), name.size()), name.begin());
        return name;
    }

    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    SSL_SESSION* session = nullptr;
};

TEST_F(ServedTicketKeys, open_what_they_encrypted_until_they_are_forgotten) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SCOPED_TRACE(version);
        TicketKeys keys(lifetime);
        EXPECT_TRUE(keys.serve(context));
        SSL_SESSION_free(std::exchange(session, nullptr));
        EXPECT_FALSE(connect(version));
        const auto now = TicketKeys::Clock::now();
        const auto first = keys.newest(now).key.name;
        EXPECT_EQ(name_in_ticket(), first);
        // One of TLS 1.3 is shown once (RFC 8446, appendix C.4).
        const std::string ticket = latest_ticket();
        EXPECT_TRUE(connect(version));
        EXPECT_EQ(latest_ticket() == ticket, version == TLS1_2_VERSION);
        // Another key has come: what the last one encrypted is opened, and replaced.
        const auto second = keys.newest(now + lifetime + seconds(1)).key.name;
        EXPECT_NE(second, first);
        EXPECT_TRUE(connect(version));
        EXPECT_EQ(name_in_ticket(), second);
        EXPECT_TRUE(connect(version));
        // Two more: nobody knows it any more, and all begins anew.
        (void)keys.newest(now + 2 * lifetime + seconds(2));
        (void)keys.newest(now + 3 * lifetime + seconds(3));
        EXPECT_FALSE(connect(version));
        EXPECT_EQ(name_in_ticket(), keys.newest(now + 3 * lifetime + seconds(3)).key.name);
    }
}

}  // namespace
}  // namespace edgews::test
