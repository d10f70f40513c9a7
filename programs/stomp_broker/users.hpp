// The users who may come in to the STOMP broker, with their passcodes.
#pragma once

#include <edgews/request.hpp>
#include <edgews/response.hpp>
#include "crypto/base64.hpp"

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace programs {

class Users {
  public:
    // "login:passcode". False: it is not that.
    bool add(std::string_view text) {
        const std::size_t colon = text.find(':');
        if (colon == 0 || colon == std::string_view::npos) return false;
        passcodes_.emplace(text.substr(0, colon), text.substr(colon + 1));
        std::string basic(edgews::base64_encoded_size(text.size()), '\0');
        edgews::base64_encode(std::as_bytes(std::span(text)), basic);
        basic_.push_back("Basic " + basic);
        return true;
    }

    // Nobody has a name then, and everyone may come in.
    [[nodiscard]] bool are_none() const { return passcodes_.empty(); }

    [[nodiscard]] bool know(std::string_view login, std::string_view passcode) const {
        const auto known = passcodes_.find(login);
        return known != passcodes_.end() && equals_in_constant_time(passcode, known->second);
    }

    // Whether the page is for whoever asks; if not, `response` asks for a login (RFC 7617).
    [[nodiscard]] bool let_in(const edgews::Request& request, edgews::Response& response) const {
        const std::string_view said = request.header("Authorization").value_or("");
        const bool is_known = std::ranges::any_of(
            basic_, [&](const std::string& basic) { return equals_in_constant_time(said, basic); });
        if (are_none() || is_known) return true;
        response.status = 401;
        response.headers.add("WWW-Authenticate", R"(Basic realm="STOMP broker", charset="UTF-8")");
        return false;
    }

  private:
    // Takes as long for a wrong passcode as for the right one.
    static bool equals_in_constant_time(std::string_view a, std::string_view b) {
        if (b.empty()) return a.empty();
        unsigned difference = a.size() == b.size() ? 0 : 1;
        for (std::size_t i = 0; i < a.size(); ++i) {
            difference |= static_cast<unsigned char>(a[i] ^ b[i % b.size()]);
        }
        return difference == 0;
    }

    std::map<std::string, std::string, std::less<>> passcodes_;  // By login.
    std::vector<std::string> basic_;                             // What a browser says of each.
};

}  // namespace programs
