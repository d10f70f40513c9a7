#include <edgews/function.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace edgews {
namespace {

TEST(Function, an_empty_one_says_so) {
    const Function<void()> empty;
    EXPECT_FALSE(empty);
    EXPECT_FALSE(Function<void()>(empty));
    EXPECT_TRUE(Function<void()>([] {}));
}

// std::function without <functional>'s compile time: what counts is the explicit conversion.
struct MayBeEmpty {
    bool is_set = false;
    void operator()() const {}
    explicit operator bool() const noexcept { return is_set; }
};

TEST(Function, one_that_is_made_of_an_empty_callable_is_empty) {
    void (*const pointer)() = nullptr;
    EXPECT_FALSE(Function<void()>(pointer));
    EXPECT_FALSE(Function<void()>(MayBeEmpty{}));
    EXPECT_TRUE(Function<void()>(MayBeEmpty{.is_set = true}));
    EXPECT_FALSE(Function<void(int)>(Function<void(long)>()));
    EXPECT_TRUE(Function<void(int)>(Function<void(long)>([](long) {})));
}

TEST(Function, a_lambda_is_not_empty) {
    EXPECT_FALSE(is_empty_callable([] {}));
    EXPECT_FALSE(is_empty_callable([n = 0] { (void)n; }));
    EXPECT_FALSE(is_empty_callable(+[] {}));
}

TEST(Function, arguments_and_results_pass_through) {
    const Function<std::string(int, std::string&)> append = [](int number, std::string& text) {
        text += std::to_string(number);
        return "was " + text;
    };
    std::string text = "n";
    EXPECT_EQ(append(7, text), "was n7");
    EXPECT_EQ(text, "n7");
}

TEST(Function, what_it_moves_need_not_be_copyable) {
    const Function<int(std::unique_ptr<int>)> take = [](std::unique_ptr<int> n) { return *n; };
    EXPECT_EQ(take(std::make_unique<int>(5)), 5);
}

TEST(Function, copies_have_their_own_state_and_moves_take_it) {
    const Function<int()> first = [count = 0]() mutable { return ++count; };
    EXPECT_EQ(first(), 1);
    Function<int()> copy = first;
    EXPECT_EQ(copy(), 2);
    EXPECT_EQ(copy(), 3);
    EXPECT_EQ(first(), 2);
    Function<int()> moved = std::move(copy);
    EXPECT_EQ(moved(), 4);
    EXPECT_FALSE(copy);  // NOLINT(bugprone-use-after-move): that is what is tested.
    moved = first;
    EXPECT_EQ(moved(), 3);
}

TEST(Function, what_it_holds_is_destroyed_once) {
    const auto held = std::make_shared<int>(0);
    {
        Function<long()> one = [held] { return held.use_count(); };
        const Function<long()> two = one;
        EXPECT_EQ(two(), 3);
        one = {};
        EXPECT_EQ(two(), 2);
    }
    EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace edgews
