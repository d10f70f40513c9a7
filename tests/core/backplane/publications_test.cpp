#include "core/backplane/publications.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace edgews::backplane {
namespace {

using Marks = std::vector<std::string>;

class PublicationsTest : public testing::Test {
  protected:
    // "news 1:3": its run, and how far it is.
    std::string publish(std::string_view topic) { return text_of(next(topic)); }
    Publication& next(std::string_view topic) {
        return publications.next(HashedView(topic), now_ms);
    }
    static std::string text_of(const Publication& publication) {
        return publication.topic.text() + " " + std::to_string(publication.run) + ":" +
               std::to_string(publication.sequence);
    }
    Marks mark() {
        Marks marks;
        publications.mark([&](const Publication& publication) {
            marks.push_back(text_of(publication));
            return true;
        });
        return marks;
    }
    bool ask(std::string_view topic) { return publications.ask(HashedView(topic)); }

    Publications publications;
    std::uint64_t now_ms = 1'000;
};

TEST_F(PublicationsTest, each_topic_is_counted_from_1) {
    EXPECT_EQ(publish("a"), "a 1:1");
    EXPECT_EQ(publish("a"), "a 1:2");
    EXPECT_EQ(publish("b"), "b 2:1");
    EXPECT_EQ(publish("a"), "a 1:3");
    EXPECT_EQ(publications.count(), 2U);
}

TEST_F(PublicationsTest, a_topic_is_found_if_something_was_published_there) {
    EXPECT_EQ(publications.find(HashedView("a")), nullptr);
    publish("a");
    publish("a");
    const Publication* const found = publications.find(HashedView("a"));
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(text_of(*found), "a 1:2");
    EXPECT_EQ(publications.find(HashedView("b")), nullptr);
}

TEST_F(PublicationsTest, those_that_went_on_are_marked_once) {
    EXPECT_FALSE(publications.has_unmarked());
    publish("a");
    publish("a");
    publish("b");
    EXPECT_TRUE(publications.has_unmarked());
    EXPECT_EQ(mark(), (Marks{"a 1:2", "b 2:1"}));
    EXPECT_FALSE(publications.has_unmarked());
    EXPECT_EQ(mark(), Marks{});
    publish("b");
    EXPECT_EQ(mark(), Marks{"b 2:2"});
}

TEST_F(PublicationsTest, one_that_is_asked_about_is_marked_again) {
    publish("a");
    publish("b");
    EXPECT_EQ(mark().size(), 2U);
    EXPECT_TRUE(ask("b"));
    EXPECT_TRUE(ask("b"));
    EXPECT_FALSE(ask("c"));
    EXPECT_EQ(mark(), Marks{"b 2:1"});
    publications.mark_all();
    publications.mark_all();
    EXPECT_EQ(mark(), (Marks{"a 1:1", "b 2:1"}));
}

TEST_F(PublicationsTest, one_that_could_not_be_marked_is_still_to_be) {
    for (const char* topic : {"a", "b", "c"}) publish(topic);
    int count = 0;
    publications.mark([&](const Publication&) { return ++count == 2; });
    EXPECT_EQ(count, 3);
    EXPECT_EQ(mark(), (Marks{"a 1:1", "c 3:1"}));
    EXPECT_EQ(mark(), Marks{});
}

TEST_F(PublicationsTest, an_idle_one_is_forgotten_once_it_is_marked) {
    next("a").channel = "channel of a";
    now_ms += 1;
    publish("b");
    now_ms = 1'000 + Publications::remembered_ms;
    publications.forget_idle(now_ms);
    EXPECT_EQ(publications.count(), 2U);  // Somebody may not know yet of their last.
    EXPECT_EQ(mark().size(), 2U);
    publications.forget_idle(now_ms - 1);
    EXPECT_EQ(publications.count(), 2U);
    publications.forget_idle(now_ms);
    EXPECT_EQ(publications.count(), 1U);
    EXPECT_FALSE(ask("a"));
    EXPECT_EQ(publish("b"), "b 2:2");
    EXPECT_EQ(publish("a"), "a 3:1");  // A run of its own.
    EXPECT_EQ(next("a").channel, "");
}

TEST_F(PublicationsTest, no_more_are_remembered_than_the_limit) {
    constexpr std::size_t more = 10;
    publish("a");
    publish("b");
    for (std::size_t i = 0; i < more / 2; ++i) publish(std::to_string(i));
    EXPECT_EQ(mark().size(), 2 + more / 2);  // Some of those that go are marked, and some are not.
    for (std::size_t i = more / 2; i < Publications::count_max + more; ++i) {
        publish(std::to_string(i));
        if (i % 1'000 == 0) publish("b");
    }
    EXPECT_EQ(publications.count(), Publications::count_max);
    EXPECT_FALSE(ask("a"));
    EXPECT_FALSE(ask("0"));
    EXPECT_FALSE(ask(std::to_string(more)));  // For "b" is there.
    EXPECT_TRUE(ask(std::to_string(more + 1)));
    EXPECT_EQ(publish("b"), "b 2:102");
    EXPECT_EQ(mark().size(), Publications::count_max);
    EXPECT_EQ(mark(), Marks{});
    EXPECT_EQ(publish("a"), "a 100013:1");
}

TEST_F(PublicationsTest, one_that_is_used_is_not_idle) {
    publish("a");
    publish("b");
    now_ms += Publications::remembered_ms;
    publish("a");
    EXPECT_EQ(mark().size(), 2U);
    publications.forget_idle(now_ms);
    EXPECT_EQ(publish("a"), "a 1:3");
    EXPECT_FALSE(ask("b"));
}

}  // namespace
}  // namespace edgews::backplane
