#include "tls/ticket_keys.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>

namespace edgews {

namespace {

template <std::size_t size>
bool randomize(std::array<unsigned char, size>& bytes) noexcept {
    return RAND_priv_bytes(bytes.data(), static_cast<int>(size)) == 1;
}

bool set_mac_key(EVP_MAC_CTX* mac, TicketKeys::Key& key) noexcept {
    char digest[] = "SHA256";
    const std::array parameters{
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};
    return EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
}

}  // namespace

bool TicketKeys::rotate(Clock::time_point now) noexcept {
    // Nobody came for so long that the newest is too old to open anything, too.
    if (count_ > 0 && now - since_ >= 2 * lifetime_) count_ = 0;
    if (count_ > 0 && now - since_ < lifetime_) return true;
    Key key{};
    if (!randomize(key.name) || !randomize(key.cipher) || !randomize(key.mac)) return false;
    // A key's time is that of its successor's beginning, whenever that is asked for.
    since_ = count_ == 0 ? now : since_ + lifetime_;
    keys_ = {key, keys_.front()};
    count_ = std::min(count_ + 1, 2U);
    OPENSSL_cleanse(&key, sizeof key);
    return true;
}

TicketKeys::Found TicketKeys::newest(Clock::time_point now) noexcept {
    const std::lock_guard lock(mutex_);
    if (!rotate(now)) return {};
    return {.is_known = true, .is_newest = true, .key = keys_.front()};
}

TicketKeys::Found TicketKeys::find(const unsigned char* name, Clock::time_point now) noexcept {
    const std::lock_guard lock(mutex_);
    if (!rotate(now)) return {};
    for (unsigned i = 0; i < count_; ++i) {
        if (!std::equal(keys_[i].name.begin(), keys_[i].name.end(), name)) continue;
        return {.is_known = true, .is_newest = i == 0, .key = keys_[i]};
    }
    return {};
}

TicketKeys::~TicketKeys() {
    OPENSSL_cleanse(keys_.data(), sizeof keys_);
}

bool TicketKeys::serve(SSL_CTX* context) noexcept {
    return SSL_CTX_set_app_data(context, this) == 1 &&
           SSL_CTX_set_tlsext_ticket_key_evp_cb(context, choose) == 1;
}

// OpenSSL's question: 1: with this key; 2: and give out a new ticket; 0: with none; -1: an error.
// Clients of TLS 1.3 show each ticket once, and want another (RFC 8446, appendix C.4).
int TicketKeys::choose(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                       EVP_MAC_CTX* mac, int is_encrypting) noexcept {
    auto* const self = static_cast<TicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
    const Clock::time_point now = Clock::now();
    Found found = is_encrypting == 1 ? self->newest(now) : self->find(name, now);
    if (!found.is_known) return 0;
    if (is_encrypting == 1) {
        std::copy(found.key.name.begin(), found.key.name.end(), name);
        if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
    }
    const bool is_set = EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr,
                                          found.key.cipher.data(), iv, is_encrypting) == 1 &&
                        set_mac_key(mac, found.key);
    OPENSSL_cleanse(&found.key, sizeof found.key);
    if (!is_set) return -1;
    return found.is_newest && SSL_version(session) != TLS1_3_VERSION ? 1 : 2;
}

}  // namespace edgews
