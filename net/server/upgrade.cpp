#include <edgews/upgrade.hpp>

#include "net/server/http_connection.hpp"
#include "net/server/post_to_client.hpp"

#include <utility>

namespace edgews {

bool DeferredUpgrade::accept(UpgradeAnswer answer) const {
    if (!claim()) return false;
    return post_to_client(link_, token_,
                          [answer = std::move(answer)](HttpConnection& http) mutable {
                              http.accept_pending(std::move(answer));
                          });
}

bool DeferredUpgrade::reject(unsigned status, std::string body) const {
    if (!claim()) return false;
    return post_to_client(link_, token_, [status, body = std::move(body)](HttpConnection& http) {
        http.reject_pending(status, body);
    });
}

bool DeferredUpgrade::claim() const noexcept {
    return is_claimed_ && !is_claimed_->exchange(true, std::memory_order_relaxed);
}

bool Upgrade::choose_subprotocol(std::string_view name) {
    if (!request_.offers_subprotocol(name)) return false;
    answer_.subprotocol = name;
    return true;
}

void Upgrade::choose_preferred(std::span<const std::string> preferred) {
    answer_.subprotocol = edgews::choose_subprotocol(request_.head_, preferred);
}

void Upgrade::reject(unsigned status, std::string_view body) {
    if (decision_ == Decision::defer && !deferred_.claim()) return;
    decision_ = Decision::reject;
    status_ = status;
    body_ = body.empty() ? std::string(reason_phrase(status)) + '\n' : std::string(body);
}

DeferredUpgrade Upgrade::defer() {
    if (decision_ != Decision::defer) {
        deferred_.is_claimed_ = std::make_shared<std::atomic<bool>>(false);
    }
    decision_ = Decision::defer;
    return deferred_;
}

}  // namespace edgews
