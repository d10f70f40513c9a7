#include <edgews/response.hpp>

#include "core/http/http_response.hpp"
#include "net/server/post_to_client.hpp"

#include <utility>

namespace edgews {

HeaderFault ResponseHeaders::add(std::string_view name, std::string_view value) {
    const HeaderField field{name, value};
    const HeaderFault fault = check_headers({&field, 1});
    if (fault == HeaderFault::none) append_header(lines_, field);
    return fault;
}

bool ResponseHeaders::has(std::string_view name) const noexcept {
    return has_header_line(lines_, name);
}

std::vector<HeaderField> ResponseHeaders::fields() const {
    std::vector<HeaderField> fields;
    HeaderLines lines(lines_);
    while (const std::optional<HeaderField> field = lines.next()) fields.push_back(*field);
    return fields;
}

bool DeferredResponse::send(Response response) const {
    if (!claim()) return false;
    return post_to_client(
        link_, token_,
        [given = *this, response = std::move(response)](HttpConnection& http) mutable {
            http.answer_deferred(given, std::move(response));
        });
}

bool DeferredResponse::is_awaited() const noexcept {
    return is_claimed_ && !is_claimed_->load(std::memory_order_relaxed) &&
           link_->slots.is_live(token_);
}

bool DeferredResponse::claim() const noexcept {
    return is_claimed_ && !is_claimed_->exchange(true, std::memory_order_relaxed);
}

}  // namespace edgews
