// What destinations are called at other brokers, and what comes back.
#include "core/stomp/upstream_name.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>

namespace edgews::stomp::test {
namespace {

constexpr std::string_view none = "(none)";

std::string there(UpstreamKind kind, std::string_view destination) {
    std::string storage = "what was there before";
    return std::string(to_upstream(kind, destination, storage).value_or(none));
}

struct Row {
    std::string_view destination;
    std::string_view rabbitmq;
    std::string_view activemq;
};

constexpr std::array rows{
    Row{"/topic/a", "/topic/a", "/topic/a"},
    Row{"/queue/a", "/queue/a", "/queue/a"},
    Row{"/topic/a.b", "/topic/a.b", "/topic/a.b"},
    Row{"/topic/a/b", "/topic/a%2Fb", "/topic/a/b"},
    Row{"/topic/a/b/c.d/e", "/topic/a%2Fb%2Fc.d%2Fe", "/topic/a/b/c.d/e"},
    Row{"/topic//a", "/topic/%2Fa", "/topic//a"},
    Row{"/topic/a/", "/topic/a%2F", "/topic/a/"},
    Row{"/topic/a..b", "/topic/a..b", "/topic/a..b"},
    Row{"/queue/a b:c", "/queue/a b:c", "/queue/a b:c"},
    Row{"/topic/\xC3\xA9/\xE2\x82\xAC", "/topic/\xC3\xA9%2F\xE2\x82\xAC",
        "/topic/\xC3\xA9/\xE2\x82\xAC"},
    // Wildcards, and what looks like one.
    Row{"/topic/*", "/topic/*", "/topic/*"},
    Row{"/topic/#", "/topic/#", "/topic/>"},
    Row{"/topic/**", "/topic/#", "/topic/>"},
    Row{"/topic/a.*", "/topic/a.*", "/topic/a.*"},
    Row{"/topic/a.*.c", "/topic/a.*.c", "/topic/a.*.c"},
    Row{"/topic/a.**", "/topic/a.#", "/topic/a.>"},
    Row{"/topic/a.#", "/topic/a.#", "/topic/a.>"},
    Row{"/topic/a/b.*", "/topic/a%2Fb.*", "/topic/a/b.*"},
    Row{"/topic/a*b.c#", "/topic/a*b.c#", "/topic/a*b.c#"},
    // There are no words between slashes.
    Row{"/topic/a/*", none, none},
    Row{"/topic/a/#", none, none},
    Row{"/topic/a/**", none, none},
    Row{"/topic/a/*/b", none, none},
    Row{"/topic/*/b", "/topic/*%2Fb", "/topic/*/b"},
    // Each has marks of its own.
    Row{"/topic/100%", "/topic/100%", "/topic/100%"},
    Row{"/topic/a%2Fb", none, "/topic/a%2Fb"},
    Row{"/topic/a%2fb", none, "/topic/a%2fb"},
    Row{"/topic/a%41", "/topic/a%41", "/topic/a%41"},
    Row{"/queue/a,b", "/queue/a,b", none},
    Row{"/queue/a?b=1", "/queue/a?b=1", none},
    Row{"/queue/a>b", "/queue/a>b", none},
    Row{"/topic/a.>", "/topic/a.>", none},
};

TEST(StompUpstreamName, each_broker_has_its_spelling_or_none) {
    for (const Row& row : rows) {
        SCOPED_TRACE(row.destination);
        EXPECT_EQ(there(UpstreamKind::rabbitmq, row.destination), row.rabbitmq);
        EXPECT_EQ(there(UpstreamKind::activemq, row.destination), row.activemq);
        EXPECT_EQ(there(UpstreamKind::edgews, row.destination), row.destination);
    }
}

TEST(StompUpstreamName, rabbitmq_has_names_of_255_octets_and_none_longer) {
    for (const std::string_view prefix : {"/topic/", "/queue/"}) {
        const std::string fits =
            std::string(prefix) + std::string(127, 'a') + '/' + std::string(127, '\xC3');
        EXPECT_EQ(there(UpstreamKind::rabbitmq, fits).size(), fits.size() + 2);
        EXPECT_EQ(there(UpstreamKind::rabbitmq, fits + 'x'), none);
        EXPECT_EQ(there(UpstreamKind::activemq, fits + std::string(45, 'x')),
                  fits + std::string(45, 'x'));
        EXPECT_EQ(there(UpstreamKind::edgews, fits + 'x'), fits + 'x');
    }
}

TEST(StompUpstreamName, what_rabbitmq_escapes_comes_back_as_it_was) {
    for (const Row& row : rows) {
        const std::string said = there(UpstreamKind::rabbitmq, row.destination);
        if (said == none || row.destination.find_first_of("*#") != std::string_view::npos) continue;
        // It reads "%2F" and no other escape, and writes an escape for all but a few.
        std::string shown = "/";
        for (std::size_t i = 1; i < row.destination.size(); ++i) {
            constexpr std::string_view digits = "0123456789ABCDEF";
            const auto byte = static_cast<unsigned char>(row.destination[i]);
            const bool is_plain = byte == '.' || byte == '-' || std::isalnum(byte) != 0;
            if (i == row.destination.find('/', 1)) {
                shown += '/';
            } else if (is_plain) {
                shown += row.destination[i];
            } else {
                shown += {'%', digits[byte >> 4], digits[byte & 15]};
            }
        }
        EXPECT_EQ(from_upstream(UpstreamKind::rabbitmq, shown), row.destination) << shown;
    }
}

TEST(StompUpstreamName, what_is_rabbitmqs_alone_is_spelled_as_there) {
    const std::string longest(255, 'x');
    for (const std::string& name :
         {std::string("/exchange/a"), std::string("/exchange/a/b"),
          std::string("/exchange/a%2Fb/%2F%2F"), std::string("/exchange/a.b/c.*.#"),
          std::string("/exchange/100%/a%41"), std::string("/exchange/\xC3\xA9 :/#"),
          std::string("/exchange/**/**"), std::string("/amq/queue/a.b%2Fc"),
          std::string("/amq/queue/*"), "/exchange/" + longest + '/' + longest,
          "/amq/queue/" + longest.substr(1) + "%2F"}) {
        EXPECT_EQ(there(UpstreamKind::rabbitmq, name), name);
    }
    for (const std::string& name :
         {std::string("/exchange/a/"), std::string("/exchange//b"), std::string("/exchange/a/b/c"),
          std::string("/exchange/a/b/"), std::string("/exchange/a%2fb"),
          std::string("/exchange/a/%2f"), std::string("/amq/queue/a/b"),
          std::string("/amq/queue/a/"), std::string("/amq/queue//a"),
          std::string("/amq/queue/%2fa"), "/exchange/x" + longest, "/exchange/a/x" + longest,
          "/amq/queue/" + longest + "%2F"}) {
        EXPECT_EQ(there(UpstreamKind::rabbitmq, name), none) << name;
    }
}

TEST(StompUpstreamName, what_an_exchange_brings_is_called_as_it_would_be_asked_for) {
    struct Case {
        std::string_view said;
        std::string_view here;
    };
    for (const Case& row :
         {Case{"/exchange/a", "/exchange/a"}, Case{"/exchange/a/b", "/exchange/a/b"},
          Case{"/exchange/a%2Fb/%2F%2f", "/exchange/a%2Fb/%2F%2F"},
          Case{"/exchange/%C3%A9/a%20b%25", "/exchange/\xC3\xA9/a b%"},
          Case{"/exchange/a/b%2", "/exchange/a/b%2"},
          Case{"/exchange/%zz/%41", "/exchange/%zz/%41"}}) {
        EXPECT_EQ(from_upstream(UpstreamKind::rabbitmq, row.said), row.here);
        EXPECT_EQ(from_upstream(UpstreamKind::edgews, row.said), row.said);
    }
}

TEST(StompUpstreamName, an_escape_that_is_none_stays_as_it_is) {
    EXPECT_EQ(from_upstream(UpstreamKind::rabbitmq, "/topic/a%2"), "/topic/a%2");
    EXPECT_EQ(from_upstream(UpstreamKind::rabbitmq, "/topic/%2Fa%zz"), "/topic/%2Fa%zz");
    EXPECT_EQ(from_upstream(UpstreamKind::activemq, "/topic/a%2Fb"), "/topic/a%2Fb");
    EXPECT_EQ(from_upstream(UpstreamKind::edgews, "/topic/a%2Fb"), "/topic/a%2Fb");
}

}  // namespace
}  // namespace edgews::stomp::test
