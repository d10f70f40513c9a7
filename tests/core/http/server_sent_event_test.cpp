// The text of server-sent events (WHATWG HTML, section 9.2): what is sent, and what a client that
// follows that section makes of it.
#include "core/http/server_sent_event.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edgews {
namespace {

using namespace std::string_literals;

struct Heard {
    std::string name, data, id;
    bool operator==(const Heard&) const = default;
};

// Section 9.2.6, of text whose lines end with LF alone, as ours do.
class Listener {
  public:
    std::vector<Heard> hear(std::string_view text) {
        for (; !text.empty(); text.remove_prefix(text.find('\n') + 1)) {
            line(text.substr(0, text.find('\n')));
        }
        return heard_;
    }

  private:
    void line(std::string_view line) {
        if (line.empty()) return dispatch();
        if (line[0] == ':') return;
        const std::size_t colon = line.find(':');
        const std::string_view field = line.substr(0, colon);
        std::string_view value;
        if (colon != std::string_view::npos) value = line.substr(colon + 1);
        if (value.starts_with(' ')) value.remove_prefix(1);
        if (field == "event") name_ = value;
        if (field == "data") data_ += std::string(value) + '\n';
        if (field == "id" && value.find('\0') == std::string_view::npos) id_ = value;
    }
    void dispatch() {
        if (!data_.empty()) {
            data_.pop_back();
            heard_.push_back({name_.empty() ? "message" : name_, data_, id_});
        }
        name_.clear();
        data_.clear();
    }

    std::string name_{}, data_{}, id_{};
    std::vector<Heard> heard_{};
};

std::string text_of(const ServerSentEvent& event) {
    std::string text;
    EXPECT_TRUE(append_event(text, event));
    return text;
}

TEST(ServerSentEvent, is_its_fields_and_an_empty_line) {
    EXPECT_EQ(text_of({.data = "hello"}), "data: hello\n\n");
    EXPECT_EQ(text_of({.data = "{}", .name = "add", .id = "7"}), "event: add\nid: 7\ndata: {}\n\n");
    EXPECT_EQ(text_of({}), "data: \n\n");
    EXPECT_EQ(text_of({.id = ""}), "id: \ndata: \n\n");
    std::string text;
    append_retry(text, 3'000);
    EXPECT_EQ(text, "retry: 3000\n\n");
}

TEST(ServerSentEvent, each_line_of_its_data_has_a_field_of_its_own) {
    EXPECT_EQ(text_of({.data = "a\nb\r\nc\rd"}), "data: a\ndata: b\ndata: c\ndata: d\n\n");
    EXPECT_EQ(text_of({.data = "\n"}), "data: \ndata: \n\n");
    EXPECT_EQ(text_of({.data = "\n\r"}), "data: \ndata: \ndata: \n\n");
    EXPECT_EQ(text_of({.data = "\r\n\r\n"}), "data: \ndata: \ndata: \n\n");
}

TEST(ServerSentEvent, what_is_sent_is_heard) {
    struct Row {
        ServerSentEvent sent;
        Heard heard;
    };
    const Row rows[] = {
        {{.data = "x"}, {"message", "x", ""}},
        {{.data = " x "}, {"message", " x ", ""}},
        {{.data = "a\r\nb"}, {"message", "a\nb", ""}},
        {{.data = ""}, {"message", "", ""}},
        {{.data = "a\n\nid: 666\n\n"}, {"message", "a\n\nid: 666\n\n", ""}},
        {{.data = "x", .name = "add: y", .id = "1: 2"}, {"add: y", "x", "1: 2"}},
        {{.data = ":", .name = ":"}, {":", ":", "1: 2"}},
        {{.data = "x", .id = ""}, {"message", "x", ""}},
        {{.data = std::string_view("a\0b", 3)}, {"message", "a\0b"s, ""}},
    };
    std::string text;
    std::vector<Heard> expected;
    for (const Row& row : rows) {
        ASSERT_TRUE(append_event(text, row.sent));
        text += event_comment;
        append_retry(text, 1);
        expected.push_back(row.heard);
    }
    EXPECT_EQ(Listener().hear(text), expected);
}

TEST(ServerSentEvent, a_name_or_an_id_that_breaks_out_of_its_line_is_refused) {
    const ServerSentEvent wrong[] = {
        {.data = "x", .name = "a\nid: 1"},
        {.data = "x", .name = "a\r"},
        {.data = "x", .id = "1\n\ndata: y"},
        {.data = "x", .id = "1\r"},
        {.data = "x", .id = std::string_view("1\0", 2)},
    };
    for (const ServerSentEvent& each : wrong) {
        std::string text = "before";
        EXPECT_FALSE(append_event(text, each));
        EXPECT_EQ(text, "before");
    }
}

}  // namespace
}  // namespace edgews
