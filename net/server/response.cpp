#include <edgews/response.hpp>

#include "core/http/http_response.hpp"

namespace edgews {

HeaderFault ResponseHeaders::add(std::string_view name, std::string_view value) {
    const HeaderField field{name, value};
    const HeaderFault fault = check_headers({&field, 1});
    if (fault == HeaderFault::none) owned_.emplace_back(name, value);
    return fault;
}

std::vector<HeaderField> ResponseHeaders::fields() const {
    std::vector<HeaderField> fields;
    for (const auto& [name, value] : owned_) fields.push_back({name, value});
    return fields;
}

}  // namespace edgews
