// The grammar of Sec-WebSocket-Extensions (RFC 6455, section 9.1).
#include "core/websocket/extensions.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace edgews {
namespace {

// The items as text: "a(b=c;d),e" – or "!" where the grammar was broken.
std::string items_of(std::string_view value) {
    const auto exact = std::make_unique<char[]>(value.size());
    value.copy(exact.get(), value.size());
    ExtensionReader reader({exact.get(), value.size()});
    std::string text;
    while (const ExtensionItem item = reader.next()) {
        std::array<char, 16> scratch;
        if (item.kind == ExtensionItem::Kind::extension) {
            text += (text.empty() ? "" : " + ") + std::string(item.name);
        } else {
            text += " ; " + std::string(item.name);
            if (item.has_value) {
                text += "=" + std::string(*unescape_extension_value(item, scratch));
            }
        }
    }
    if (reader.is_malformed()) text += "!";
    EXPECT_EQ(reader.next().kind,
              reader.is_malformed() ? ExtensionItem::Kind::malformed : ExtensionItem::Kind::end);
    EXPECT_EQ(is_extension_list(value), !reader.is_malformed());
    return text;
}

TEST(Extensions, lists_are_read_item_by_item) {
    struct Row {
        std::string_view value;
        std::string_view items;
    };
    const Row rows[] = {
        // The examples of section 9.1.
        {"foo", "foo"},
        {"bar; baz=2", "bar ; baz=2"},
        {"deflate-stream", "deflate-stream"},
        {"mux; max-channels=4; flow-control, deflate-stream",
         "mux ; max-channels=4 ; flow-control + deflate-stream"},
        {"private-extension", "private-extension"},
        // RFC 7692, section 7.1.
        {"permessage-deflate; client_max_window_bits; server_max_window_bits=10, "
         "permessage-deflate",
         "permessage-deflate ; client_max_window_bits ; server_max_window_bits=10 + "
         "permessage-deflate"},
        {"a;b=\"c\"", "a ; b=c"},
        {"a;b=\"\\c\\d\"", "a ; b=cd"},
        {"a;b=\"1\\0\";c", "a ; b=10 ; c"},
        {"\ta \t; b\t =  c ,d ", "a ; b=c + d"},
        {"a,a;b;b", "a + a ; b ; b"},
        {",, a ,, b ,", "a + b"},
        // What clients that have nothing to offer, or nothing to add, send all the same.
        {"", ""},
        {" ", ""},
        {",", ""},
        {" , ,", ""},
        {"a;", "a"},
        {"a; ", "a"},
        {"a;;b", "a ; b"},
        {"a; ;b;", "a ; b"},
        {"a;,b; ;", "a + b"},
    };
    for (const Row& row : rows) EXPECT_EQ(items_of(row.value), row.items) << row.value;
}

TEST(Extensions, what_breaks_the_grammar_is_malformed) {
    const std::string_view rows[] = {
        ";",
        ";a",
        "a,;b",
        "a;;b c",
        "a b",
        "a;b c",
        "a;=b",
        "a;b=",
        "a;b=;c",
        "a;b=,c",
        "a=b",
        "a;b==c",
        "a;b=c=d",
        "a;b=\"",
        "a;b=\"c",
        "a;b=\"\"",
        "a;b=\"c d\"",
        "a;b=\"c,d\"",
        "a;b=\"c\"d",
        "a;b=c\"d\"",
        "a;b=\"\\\"\"",
        "a;b=\"\\",
        "a;b=\"c\\",
        "a;b=\"\\\\\"",
        "a;\"b\"",
        "\"a\"",
        "a/b",
        "a;b=\"\x80\"",
        "\x80",
        "a,b c",
        "a;b=\"c\" \"d\"",
    };
    for (const std::string_view row : rows) {
        EXPECT_FALSE(is_extension_list(row)) << row;
        EXPECT_EQ(items_of(row).back(), '!') << row;
    }
}

TEST(Extensions, a_value_without_escapes_is_a_view_of_the_header) {
    const std::string_view value = "a;b=\"10\"";
    ExtensionReader reader(value);
    EXPECT_EQ(reader.next().kind, ExtensionItem::Kind::extension);
    const ExtensionItem item = reader.next();
    EXPECT_FALSE(item.is_escaped);
    EXPECT_EQ(item.value.data(), value.data() + 5);
    EXPECT_EQ(unescape_extension_value(item, {}), "10");
}

TEST(Extensions, a_value_that_does_not_fit_is_not_cut) {
    ExtensionReader reader("a;b=\"1\\5\"");
    EXPECT_EQ(reader.next().kind, ExtensionItem::Kind::extension);
    const ExtensionItem item = reader.next();
    EXPECT_TRUE(item.is_escaped);
    std::array<char, 2> two;
    EXPECT_EQ(unescape_extension_value(item, two), "15");
    std::array<char, 1> one;
    EXPECT_EQ(unescape_extension_value(item, one), std::nullopt);
}

}  // namespace
}  // namespace edgews
