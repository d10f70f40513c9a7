#include "net/connection/admission.hpp"

#include "net/connection/admission_control.hpp"
#include "net/connection/server_on_loop.hpp"

namespace edgews {

std::string_view option_of(AdmissionLimit limit) noexcept {
    switch (limit) {
        case AdmissionLimit::none: break;
        case AdmissionLimit::memory: return "ServerOptions::memory_max";
        case AdmissionLimit::connections: return "ServerOptions::connections_max";
        case AdmissionLimit::connections_per_address:
            return "ServerOptions::connections_per_address_max";
        case AdmissionLimit::connects_per_minute: return "ServerOptions::connects_per_minute_max";
    }
    return {};
}

Admission::Admission(ServerOnLoop& server, const Address& address)
    : server_(&server), address_(address) {
    if (server.is_over_memory()) {
        limit_ = AdmissionLimit::memory;
    } else if (!server.admissions().enter()) {
        limit_ = AdmissionLimit::connections;
    }
    enter_address(true);
    if (is_refused()) {
        server_ = nullptr;
    } else {
        server.enter();
    }
}

Admission::~Admission() {
    if (server_ == nullptr) return;
    leave_address();
    if (!is_refused()) server_->admissions().leave();
    server_->leave();
}

void Admission::move_to(const Address& address, bool as_new) {
    const bool is_same = address.has_ip_of(address_);
    if (!is_same) leave_address();
    address_ = address;
    if (!is_same) enter_address(as_new);
}

Address Admission::limited_as() const noexcept {
    const bool is_unix = address_.family() == Address::Family::unix_socket;
    if (server_ == nullptr || is_unix || is_trusted()) return {};
    return server_->admissions().group_of(address_);
}

bool Admission::is_trusted() const noexcept {
    return server_->is_trusted(address_);
}

void Admission::enter_address(bool as_new) {
    if (is_refused() || is_trusted()) return;
    AdmissionControl& admissions = server_->admissions();
    const bool may_connect = !as_new || admissions.connect(address_, server_->now_ms());
    is_address_counted_ = may_connect && admissions.enter(address_);
    if (is_address_counted_) return;
    limit_ =
        may_connect ? AdmissionLimit::connections_per_address : AdmissionLimit::connects_per_minute;
    admissions.leave();  // Who is refused keeps nobody else out.
}

void Admission::leave_address() noexcept {
    if (is_address_counted_) server_->admissions().leave(address_);
    is_address_counted_ = false;
}

}  // namespace edgews
