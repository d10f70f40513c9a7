// Which request is refused for what: as npm's engine.io 6.6 answers the same ones.
#include "core/engineio/refusal.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace edgews::engineio {
namespace {

TEST(EngineIoRefusal, has_the_number_and_the_words_that_clients_know) {
    EXPECT_EQ(json_of(Refusal::transport_unknown), R"({"code":0,"message":"Transport unknown"})");
    EXPECT_EQ(json_of(Refusal::session_unknown), R"({"code":1,"message":"Session ID unknown"})");
    EXPECT_EQ(json_of(Refusal::method_wrong), R"({"code":2,"message":"Bad handshake method"})");
    EXPECT_EQ(json_of(Refusal::request_bad), R"({"code":3,"message":"Bad request"})");
    EXPECT_EQ(json_of(Refusal::forbidden), R"({"code":4,"message":"Forbidden"})");
    EXPECT_EQ(json_of(Refusal::version_unsupported),
              R"({"code":5,"message":"Unsupported protocol version"})");
    EXPECT_EQ(status_of(Refusal::forbidden), 403U);
    EXPECT_EQ(status_of(Refusal::session_unknown), 400U);
}

struct Row {
    const char* name;
    RequestClaims claims;
    Refusal refusal;
};

RequestClaims claims(std::string_view method, std::string_view version, std::string_view transport,
                     bool is_upgrade = false, bool has_session = false) {
    return {method, version, transport, is_upgrade, has_session};
}

TEST(EngineIoRefusal, names_the_first_rule_that_is_broken) {
    const std::vector<Row> rows = {
        {"a handshake", claims("GET", "4", "polling"), Refusal::none},
        {"a handshake by WebSocket", claims("GET", "4", "websocket", true), Refusal::none},
        {"a poll", claims("GET", "4", "polling", false, true), Refusal::none},
        {"a post", claims("POST", "4", "polling", false, true), Refusal::none},
        {"an upgrade", claims("GET", "4", "websocket", true, true), Refusal::none},
        {"no transport", claims("GET", "4", ""), Refusal::transport_unknown},
        {"no transport, no version, no method", claims("PUT", "", "abc"),
         Refusal::transport_unknown},
        {"a handshake by POST", claims("POST", "4", "polling"), Refusal::method_wrong},
        {"a handshake by PUT without a version", claims("PUT", "", "polling"),
         Refusal::method_wrong},
        {"a handshake by HEAD", claims("HEAD", "4", "polling"), Refusal::method_wrong},
        {"no version", claims("GET", "", "polling"), Refusal::version_unsupported},
        {"version 3", claims("GET", "3", "polling"), Refusal::version_unsupported},
        {"version 3 by WebSocket", claims("GET", "3", "websocket", true),
         Refusal::version_unsupported},
        {"another version than the session's", claims("GET", "3", "polling", false, true),
         Refusal::request_bad},
        {"a WebSocket that is none", claims("GET", "4", "websocket"), Refusal::request_bad},
        {"the same of a session", claims("GET", "4", "websocket", false, true),
         Refusal::request_bad},
        {"a poll that is an upgrade", claims("GET", "4", "polling", true), Refusal::request_bad},
        {"a session's PUT", claims("PUT", "4", "polling", false, true), Refusal::request_bad},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        Refusal refusal = check_transport(row.claims, {});
        if (refusal == Refusal::none) refusal = check_rest(row.claims, {});
        EXPECT_EQ(refusal, row.refusal);
    }
}

TEST(EngineIoRefusal, version_3_is_served_where_that_is_wanted) {
    const Transports served{.v3 = true};
    const auto refusal_of = [&](RequestClaims said, Dialect dialect, bool is_jsonp = false) {
        said.session_dialect = dialect;
        said.is_jsonp = is_jsonp;
        const Refusal refusal = check_transport(said, served);
        return refusal == Refusal::none ? check_rest(said, served) : refusal;
    };
    const RequestClaims handshake = claims("GET", "3", "polling");
    EXPECT_EQ(refusal_of(handshake, Dialect::v4), Refusal::none);
    EXPECT_EQ(refusal_of(claims("GET", "3", "websocket", true), Dialect::v4), Refusal::none);
    EXPECT_EQ(refusal_of(claims("GET", "2", "polling"), Dialect::v4), Refusal::version_unsupported);
    EXPECT_EQ(refusal_of(claims("GET", "", "polling"), Dialect::v4), Refusal::version_unsupported);
    EXPECT_EQ(refusal_of(claims("POST", "3", "polling"), Dialect::v4), Refusal::method_wrong);
    EXPECT_EQ(refusal_of(handshake, Dialect::v4, true), Refusal::transport_unknown) << "JSONP";
    EXPECT_EQ(refusal_of(claims("GET", "4", "polling"), Dialect::v4, true), Refusal::none);
    for (const Dialect dialect : {Dialect::v4, Dialect::v3, Dialect::v3_base64}) {
        const Refusal of_3 = is_v3(dialect) ? Refusal::none : Refusal::request_bad;
        const Refusal of_4 = is_v3(dialect) ? Refusal::request_bad : Refusal::none;
        for (const bool is_upgrade : {false, true}) {
            const char* const transport = is_upgrade ? "websocket" : "polling";
            EXPECT_EQ(refusal_of(claims("GET", "3", transport, is_upgrade, true), dialect), of_3);
            EXPECT_EQ(refusal_of(claims("GET", "4", transport, is_upgrade, true), dialect), of_4);
        }
    }
}

TEST(EngineIoRefusal, without_that_a_request_by_jsonp_is_refused_for_its_version) {
    RequestClaims said = claims("GET", "3", "polling");
    said.is_jsonp = true;
    EXPECT_EQ(check_transport(said, {}), Refusal::none);
    EXPECT_EQ(check_rest(said, {}), Refusal::version_unsupported);
}

TEST(EngineIoRefusal, a_transport_that_is_not_served_is_unknown) {
    const RequestClaims polling = claims("GET", "4", "polling");
    const RequestClaims websocket = claims("GET", "4", "websocket", true);
    const Transports no_polling{.polling = false}, no_websocket{.websocket = false};
    EXPECT_EQ(check_transport(polling, no_polling), Refusal::transport_unknown);
    EXPECT_EQ(check_transport(websocket, no_polling), Refusal::none);
    EXPECT_EQ(check_transport(websocket, no_websocket), Refusal::transport_unknown);
    EXPECT_EQ(check_transport(polling, no_websocket), Refusal::none);
}

}  // namespace
}  // namespace edgews::engineio
