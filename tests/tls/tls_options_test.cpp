// What TLS is given to read: each thing that is wrong with it has its words, and leaves nothing
// behind in OpenSSL's queue of errors, which is the application's, too.
#include <edgews/tls.hpp>
#include "core/base/buffer.hpp"
#include "net/stream/transport.hpp"

#include <gtest/gtest.h>

#include <openssl/err.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "certificates.hpp"

namespace edgews::test {
namespace {

class TlsFiles : public testing::Test {
  protected:
    TlsFiles() { EXPECT_NE(::mkdtemp(directory_.data()), nullptr); }
    ~TlsFiles() override { std::filesystem::remove_all(directory_); }

    [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
        const std::string path = directory_ + "/" + name;
        std::ofstream(path) << text;
        return path;
    }
    // Of a server and of a client, which is to say the same. Empty: neither has anything against
    // it.
    static std::string told_of(const TlsIdentity& identity) {
        ERR_clear_error();
        const Error server = Tls::make({.identities = {identity}}).error;
        EXPECT_EQ(ERR_peek_error(), 0U);
        const Error client = TlsClient::make({.identity = identity}).error;
        EXPECT_EQ(ERR_peek_error(), 0U);
        EXPECT_EQ(server.message, client.message);
        EXPECT_EQ(static_cast<bool>(server), !server.message.empty());
        return server.message;
    }
    static std::string told_of_authorities(const std::string& pem) {
        ERR_clear_error();
        const Error server = Tls::make({.identities = {identity_of("one.example")},
                                        .client_certificates = ClientCertificates::optional,
                                        .client_authorities = pem})
                                 .error;
        EXPECT_EQ(ERR_peek_error(), 0U);
        const Error client = TlsClient::make({.authorities = pem}).error;
        EXPECT_EQ(ERR_peek_error(), 0U);
        EXPECT_EQ(static_cast<bool>(client), static_cast<bool>(server));
        const std::string of_client = client ? "TLS: client " + client.message.substr(5) : "";
        EXPECT_EQ(of_client, server.message);
        return server.message;
    }

    const TlsIdentity& one = identity_of("one.example");
    const TlsIdentity& two = identity_of("two.example");

  private:
    std::string directory_ = "/tmp/edgews-tls-XXXXXX";
};

// As much of a PEM block as cannot be read, with its end.
std::string damaged(const std::string& pem) {
    return pem.substr(0, 200) + "\n" + pem.substr(pem.find("-----END"));
}

TEST_F(TlsFiles, a_file_is_as_good_as_its_text) {
    const TlsIdentity files{file("chain.pem", one.certificate_chain + two.certificate_chain),
                            file("key.pem", one.private_key)};
    EXPECT_EQ(told_of(files), "");
    EXPECT_EQ(told_of(one), "");
    // What is said between certificates is no harm.
    EXPECT_EQ(told_of({file("spoken.pem", "Mine:\n" + one.certificate_chain + "Theirs:\n" +
                                              two.certificate_chain + "That is all.\n"),
                       one.private_key}),
              "");
}

TEST_F(TlsFiles, what_is_wrong_with_an_identity_has_its_words) {
    const std::string none = "/none/such.pem";
    const std::string empty = file("empty.pem", "");
    const std::string words = file("words.pem", "There is no certificate here.\n");
    EXPECT_EQ(told_of({none, one.private_key}),
              "TLS: certificate chain " + none + ": no such file");
    EXPECT_EQ(told_of({empty, one.private_key}),
              "TLS: certificate chain " + empty + ": no start line");
    EXPECT_EQ(told_of({words, one.private_key}),
              "TLS: certificate chain " + words + ": no start line");
    EXPECT_EQ(told_of({one.certificate_chain, none}),
              "TLS: private key " + none + ": no such file");
    EXPECT_EQ(told_of({one.certificate_chain, words}),
              "TLS: private key " + words + ": unsupported");
    EXPECT_EQ(told_of({one.certificate_chain, one.certificate_chain}),
              "TLS: private key: unsupported");
    EXPECT_EQ(told_of({one.certificate_chain, two.private_key}),
              "TLS: private key: key values mismatch");
    EXPECT_EQ(told_of({damaged(one.certificate_chain), one.private_key}),
              "TLS: certificate chain: bad base64 decode");
    EXPECT_EQ(told_of({one.certificate_chain + damaged(two.certificate_chain), one.private_key}),
              "TLS: certificate chain: bad base64 decode");
}

TEST_F(TlsFiles, a_key_that_is_too_weak_is_refused_wherever_it_stands) {
    const std::unique_ptr<EVP_PKEY, FreeKey> key(EVP_RSA_gen(512));
    const TlsIdentity weak = make_identity(key, "one.example");
    EXPECT_EQ(told_of(weak), "TLS: certificate chain: ee key too small");
    EXPECT_EQ(told_of({one.certificate_chain + weak.certificate_chain, one.private_key}),
              "TLS: certificate chain: ca key too small");
}

TEST_F(TlsFiles, what_is_wrong_with_authorities_has_its_words) {
    const std::string of_clients = "TLS: client authorities";
    const std::string none = "/none/such.pem";
    const std::string words = file("words.pem", "There is no certificate here.\n");
    EXPECT_EQ(told_of_authorities(one.certificate_chain + two.certificate_chain), "");
    EXPECT_EQ(told_of_authorities(none), of_clients + " " + none + ": no such file");
    EXPECT_EQ(told_of_authorities(words), of_clients + " " + words + ": no start line");
    EXPECT_EQ(told_of_authorities(damaged(one.certificate_chain)),
              of_clients + ": bad base64 decode");
    EXPECT_EQ(told_of_authorities(one.certificate_chain + damaged(two.certificate_chain)),
              of_clients + ": bad base64 decode");
}

TEST_F(TlsFiles, errors_of_the_applications_are_not_taken_for_ours) {
    ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
    EXPECT_EQ(Tls::make({.identities = {one}}).error.message, "");
    ERR_clear_error();
    EXPECT_EQ(Tls::make({}).error.message, "TLS: no identity: it cannot be read");
}

TEST_F(TlsFiles, a_host_that_cannot_be_a_name_has_no_transport) {
    BufferPool pool{0};
    const auto made = TlsClient::make({.accepts_any_certificate = true});
    ASSERT_NE(made.value, nullptr);
    EXPECT_NE(made.value->connect(pool, std::string(255, 'x')), nullptr);
    EXPECT_EQ(made.value->connect(pool, std::string(256, 'x')), nullptr);
    ERR_clear_error();
}

}  // namespace
}  // namespace edgews::test
