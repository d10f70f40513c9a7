// A server's TLS without sockets: a client of OpenSSL and our transport, joined in memory.
#pragma once

#include <edgews/address.hpp>
#include <edgews/tls.hpp>
#include "core/base/buffer.hpp"
#include "net/stream/transport.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "certificates.hpp"
#include "openssl_client.hpp"
#include "tests/support/bytes.hpp"

namespace edgews::test {

class TlsFixture : public testing::Test {
  protected:
    using State = Transport::State;

    void make(TlsOptions options = {}) {
        if (options.identities.empty()) options.identities = {identity_of("one.example")};
        options.on_failure = [this](std::string_view reason, const Address&) {
            failures_.emplace_back(reason);
        };
        auto made = Tls::make(options);
        ASSERT_FALSE(made.error) << made.error.message;
        tls_ = std::move(made.value);
        accept();
    }
    void accept() {
        plain_.clear();
        server_ = tls_->accept(pool_, Address());
        ASSERT_NE(server_, nullptr);
    }
    // Gives the server `bytes` in pieces; what they mean goes to plain_.
    void give(std::span<const std::byte> bytes, std::size_t piece_size = SIZE_MAX) {
        while (!bytes.empty() && server_->state() != State::failed) {
            const ExactBlock piece(bytes.first(std::min(piece_size, bytes.size())));
            bytes = bytes.subspan(piece.bytes().size());
            const ExactBlock room(Bytes(piece.bytes().size() + Transport::record_size_max));
            const std::size_t size = server_->open(piece.bytes(), room.bytes());
            plain_ += text_of(room.bytes().first(size));
        }
    }
    Bytes take_pending() {
        const std::span<const std::byte> pending = server_->pending();
        Bytes bytes(pending.begin(), pending.end());
        server_->sent(bytes.size());
        return bytes;
    }
    // Until neither has anything to say.
    void connect(OpensslClient& client, std::size_t piece_size = SIZE_MAX) {
        SSL_do_handshake(client.get());
        for (Bytes out = client.take_output(); !out.empty(); out = client.take_output()) {
            give(out, piece_size);
            client.put_input(take_pending());
            SSL_do_handshake(client.get());
            received_ += client.read();  // Tickets, too.
        }
    }
    void seal(std::initializer_list<std::string_view> texts) {
        std::vector<iovec> pieces;
        for (const std::string_view text : texts) {
            pieces.push_back({const_cast<char*>(text.data()), text.size()});
        }
        server_->seal(pieces);
    }

    BufferPool pool_{0};
    std::shared_ptr<Tls> tls_;
    std::unique_ptr<Transport> server_;
    std::string plain_;     // What the server got.
    std::string received_;  // What the client got.
    std::vector<std::string> failures_;
};

}  // namespace edgews::test
