#include "net/engineio/reply.hpp"

#include "net/engineio/hosted_session.hpp"

namespace edgews::engineio {

Response make_response(std::string_view type, std::string body) {
    Response response{.body = std::move(body)};
    response.headers.add("Content-Type", type);
    response.headers.add("Cache-Control", "no-store");
    return response;
}

Response payload_response(Payload payload) {
    return make_response(payload.is_binary ? binary_type : "text/plain; charset=UTF-8",
                         std::move(payload.body));
}

Response refusal_response(Refusal refusal) {
    Response response = make_response("application/json", json_of(refusal));
    response.status = status_of(refusal);
    return response;
}

Response too_many_sessions_response() {
    Response response = make_response("text/plain", "There are too many sessions.\n");
    response.status = 503;
    return response;
}

Function<void()> teller_of_gone(const Place& session, std::uint64_t number) {
    return [session, number] {
        post_to<Seat>(session, [number](Seat* seat) {
            if (seat != nullptr) seat->session().poll_gone(number);
        });
    };
}

void Reply::give(Response response) const {
    if (response_ != nullptr) {
        *response_ = std::move(response);
    } else {
        static_cast<void>(deferred_.send(std::move(response)));
    }
}

DeferredResponse Reply::keep(const Place& session, std::uint64_t number) const {
    return request_ == nullptr ? deferred_ : request_->defer(teller_of_gone(session, number));
}

}  // namespace edgews::engineio
