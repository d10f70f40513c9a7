#include <edgews/tls.hpp>

#include "tls/context.hpp"
#include "tls/tls_transport.hpp"

#include <mutex>
#include <utility>

namespace edgews {

struct Tls::State {
    mutable std::mutex mutex;
    std::shared_ptr<const TlsContext> context;
};

Tls::Tls(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Tls::~Tls() = default;

Made<std::shared_ptr<Tls>> Tls::make(const TlsOptions& options) {
    TlsContext::Made made = TlsContext::make(options);
    if (made.error) return {.error = std::move(made.error)};
    auto state = std::make_unique<State>();
    state->context = std::move(made.context);
    return {.value = std::shared_ptr<Tls>(new Tls(std::move(state)))};
}

Error Tls::reload(const TlsOptions& options) {
    TlsContext::Made made = TlsContext::make(options);
    if (made.error) return made.error;
    const std::lock_guard lock(state_->mutex);
    state_->context = std::move(made.context);
    return {};
}

std::unique_ptr<Transport> Tls::accept(BufferPool& pool, const Address& peer) const noexcept {
    std::shared_ptr<const TlsContext> context;
    {
        const std::lock_guard lock(state_->mutex);
        context = state_->context;
    }
    TlsTransport::Session session(context->new_session());
    if (!session) return nullptr;
    SSL_set_accept_state(session.get());
    std::unique_ptr<TlsTransport> transport = TlsTransport::make(std::move(session), context, pool);
    if (transport) transport->tell_failure(context->on_failure(), peer);
    return transport;
}

}  // namespace edgews
