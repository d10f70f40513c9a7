#define OPENSSL_SUPPRESS_DEPRECATED  // A RAND_METHOD is the short way, and is there in OpenSSL 3.
#include "identities.hpp"

#include <edgews/address.hpp>
#include <edgews/sim.hpp>
#include <edgews/tls.hpp>
#include "core/base/buffer.hpp"
#include "net/stream/transport.hpp"
#include "tls/openssl.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace edgews::sim::test {

namespace {

// ---- Randomness ------------------------------------------------------------

// Where there is no world keys are made, the same ones in every process.
int fill(unsigned char* bytes, int size) {
    static Choices choices(std::uint64_t{1});
    const std::span all(bytes, static_cast<std::size_t>(size));
    if (Kernel* const kernel = current_kernel()) {
        kernel->fill_random(std::as_writable_bytes(all));
    } else {
        for (unsigned char& byte : all) byte = static_cast<unsigned char>(choices.below(256));
    }
    return 1;
}

// OpenSSL's own generator has a state that outlives a history.
void take_over_randomness() {
    static const RAND_METHOD method{.seed = nullptr,
                                    .bytes = fill,
                                    .cleanup = nullptr,
                                    .add = nullptr,
                                    .pseudorand = fill,
                                    .status = [] { return 1; }};
    if (RAND_set_rand_method(&method) != 1) throw std::runtime_error("no randomness");
}

// ---- Certificates ----------------------------------------------------------

using Bio = std::unique_ptr<BIO, Release<BIO_free_all>>;

std::string text_of(const Bio& bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

// `names`: as "DNS:host,IP:address". `last`: when it expires, as "20990101000000Z".
TlsIdentity make_identity(const char* names, const char* last) {
    const std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>> key(EVP_EC_gen("P-256"));
    const std::unique_ptr<X509, Release<X509_free>> certificate(X509_new());
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    ASN1_TIME_set_string(X509_getm_notBefore(certificate.get()), "20200101000000Z");
    ASN1_TIME_set_string(X509_getm_notAfter(certificate.get()), last);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* const name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(names), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    X509_EXTENSION* const extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names);
    X509_add_ext(certificate.get(), extension, -1);
    X509_EXTENSION_free(extension);
    if (X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0) {
        throw std::runtime_error("a certificate cannot be signed");
    }
    const Bio chain(BIO_new(BIO_s_mem()));
    const Bio secret(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(chain.get(), certificate.get());
    PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return {.certificate_chain = text_of(chain), .private_key = text_of(secret)};
}

// ---- What OpenSSL makes when it is first needed ----------------------------

using Space = std::array<std::byte, 64 * 1024>;

// From one to the other; true: there was something.
bool carry(Transport& from, Transport& to) {
    static Space space;
    const std::vector<std::byte> sent(from.pending().begin(), from.pending().end());
    from.sent(sent.size());
    if (!sent.empty()) (void)to.open(sent, space);
    return !sent.empty();
}

void shake_hands(const Tls& server, const TlsClient& client) {
    static Space space;
    BufferPool pool;
    const auto accepted = server.accept(pool, edgews::Address());
    const auto connected = client.connect(pool, "service.test");
    (void)connected->open({}, space);
    while (carry(*connected, *accepted) || carry(*accepted, *connected)) {
    }
    if (connected->state() != Transport::State::open) throw std::runtime_error("no handshake");
}

// In no world: so the first history of a process is as any other.
Identities make_all() {
    Kernel* const kernel = current_kernel();
    set_current_kernel(nullptr);
    take_over_randomness();
    constexpr const char* names = "DNS:service.test,IP:127.0.0.1";
    Identities made{.good = make_identity(names, "20990101000000Z"),
                    .other = make_identity("DNS:other.test", "20990101000000Z"),
                    .expired = make_identity(names, "20250101000000Z")};
    const auto server = Tls::make({.identities = {made.good}});
    const auto client = TlsClient::make({.authorities = made.good.certificate_chain});
    shake_hands(*server.value, *client.value);  // A new session,
    shake_hands(*server.value, *client.value);  // and one that is resumed.
    set_current_kernel(kernel);
    return made;
}

}  // namespace

const Identities& identities() {
    static const Identities made = make_all();
    return made;
}

}  // namespace edgews::sim::test
