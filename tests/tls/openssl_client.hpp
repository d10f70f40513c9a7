// A client of OpenSSL, in memory: what it sends and receives is moved by the test.
#pragma once

#include <edgews/tls.hpp>

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "tests/support/bytes.hpp"

namespace edgews::test {

struct OpensslSetup {
    std::string server_name = "one.example";
    int version_max = TLS1_3_VERSION;
    std::string protocols{};  // ALPN, each with its size in front.
    const TlsIdentity* identity = nullptr;
    SSL_SESSION* session = nullptr;
};

class OpensslClient {
  public:
    explicit OpensslClient(const OpensslSetup& setup = {})
        : context_(SSL_CTX_new(TLS_client_method())) {
        SSL_CTX_set_max_proto_version(context_, setup.version_max);
        SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
        if (setup.identity != nullptr) use(*setup.identity);
        session_ = SSL_new(context_);
        SSL_set_bio(session_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_tlsext_host_name(session_, setup.server_name.c_str());
        SSL_set_alpn_protos(session_,
                            reinterpret_cast<const unsigned char*>(setup.protocols.data()),
                            static_cast<unsigned>(setup.protocols.size()));
        if (setup.session != nullptr) SSL_set_session(session_, setup.session);
        SSL_set_connect_state(session_);
    }
    ~OpensslClient() {
        SSL_free(session_);
        SSL_CTX_free(context_);
    }
    OpensslClient(const OpensslClient&) = delete;
    OpensslClient& operator=(const OpensslClient&) = delete;

    [[nodiscard]] SSL* get() const { return session_; }
    [[nodiscard]] Bytes take_output() const {
        Bytes bytes(BIO_ctrl_pending(SSL_get_wbio(session_)));
        if (!bytes.empty()) {
            BIO_read(SSL_get_wbio(session_), bytes.data(), static_cast<int>(bytes.size()));
        }
        return bytes;
    }
    void put_input(std::span<const std::byte> bytes) const {
        if (bytes.empty()) return;
        BIO_write(SSL_get_rbio(session_), bytes.data(), static_cast<int>(bytes.size()));
    }
    void write(std::string_view text) const {
        EXPECT_EQ(SSL_write(session_, text.data(), static_cast<int>(text.size())),
                  static_cast<int>(text.size()));
    }
    // All that has arrived.
    [[nodiscard]] std::string read() const {
        std::string text;
        std::array<char, 20'000> piece;
        int count = 0;
        while ((count = SSL_read(session_, piece.data(), piece.size())) > 0) {
            text.append(piece.data(), static_cast<std::size_t>(count));
        }
        return text;
    }
    [[nodiscard]] std::string name_of_server() const {
        X509* const certificate = SSL_get0_peer_certificate(session_);
        if (certificate == nullptr) return "";
        std::array<char, 100> name{};
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(),
                                  name.size());
        return name.data();
    }

  private:
    void use(const TlsIdentity& identity) const {
        BIO* chain = BIO_new_mem_buf(identity.certificate_chain.data(), -1);
        BIO* secret = BIO_new_mem_buf(identity.private_key.data(), -1);
        X509* certificate = PEM_read_bio_X509(chain, nullptr, nullptr, nullptr);
        EVP_PKEY* key = PEM_read_bio_PrivateKey(secret, nullptr, nullptr, nullptr);
        SSL_CTX_use_certificate(context_, certificate);
        SSL_CTX_use_PrivateKey(context_, key);
        X509_free(certificate);
        EVP_PKEY_free(key);
        BIO_free(chain);
        BIO_free(secret);
    }

    SSL_CTX* context_;
    SSL* session_ = nullptr;
};

}  // namespace edgews::test
