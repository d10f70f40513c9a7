// In which order a client gets what is said, wherever it is: told by hand, and of histories of
// loops at random.
#include "core/socketio/course.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <vector>

namespace edgews::sio {
namespace {

TEST(SocketIoCourse, a_loop_has_its_own_when_it_draws_them) {
    const int a = 0, b = 0;
    Course course(&a, {.drawn = 10, .taken = 10});
    const Said own{.number = 12, .origin = &a, .taken = 10};
    const Said others{.number = 11, .origin = &b, .taken = 10};
    const Said other_thread{.number = 13, .origin = nullptr, .taken = 0};
    EXPECT_TRUE(course.is_before(own, others));
    EXPECT_FALSE(course.is_before(others, own));
    EXPECT_TRUE(course.is_before(others, other_thread));
    EXPECT_TRUE(course.is_before(own, other_thread));
    const Said own_behind{.number = 14, .origin = &a, .taken = 11};
    EXPECT_TRUE(course.is_before(others, own_behind));
    EXPECT_TRUE(course.is_before(own_behind, other_thread));
    // 11 may come behind 12.
    EXPECT_EQ(course.all_before(own), 10U);
    EXPECT_EQ(course.all_before(other_thread), 12U);
}

TEST(SocketIoCourse, what_was_before_it_began_is_not_behind_its_beginning) {
    const int a = 0, b = 0;
    const Course course(&a, {.drawn = 10, .taken = 7});
    EXPECT_FALSE(course.is_behind_beginning({.number = 10, .origin = &a, .taken = 0}));
    EXPECT_FALSE(course.is_behind_beginning({.number = 7, .origin = &b, .taken = 0}));
    EXPECT_TRUE(course.is_behind_beginning({.number = 8, .origin = &b, .taken = 0}));
    EXPECT_TRUE(course.is_behind_beginning({.number = 11, .origin = &a, .taken = 0}));
    EXPECT_EQ(course.all_before({.number = 3, .origin = &b, .taken = 0}), 7U);
}

// Loops as net/socketio has them: each has a mailbox, and knows what it has taken of it.
class Loops {
  public:
    static constexpr std::size_t count = 3;

    explicit Loops(unsigned seed) : random_(seed), course_(&loops_[0], {}) {}

    void run() {
        for (int i = 0; i < 200; ++i) {
            switch (pick(4)) {
                case 0: speak(nullptr); break;
                case 1: speak(&loops_[pick(count)]); break;
                case 2: take_one(loops_[pick(count)]); break;
                default: move();
            }
        }
        while (take_one(*here_)) {
        }
    }
    // In the order in which the client got them.
    [[nodiscard]] const std::vector<Said>& delivered() const noexcept { return delivered_; }
    [[nodiscard]] const std::vector<Said>& all() const noexcept { return all_; }
    [[nodiscard]] Course& course() noexcept { return course_; }

  private:
    struct Loop {
        std::deque<Said> mailbox{};
        std::vector<Said> had{};
        std::uint64_t taken = 0;
    };
    [[nodiscard]] std::size_t pick(std::size_t size) { return random_() % size; }

    void speak(Loop* origin) {
        const Said said{all_.size() + 1, origin, origin == nullptr ? 0 : origin->taken};
        all_.push_back(said);
        for (Loop& loop : loops_) {
            if (&loop == origin) {
                have(loop, said);
            } else {
                loop.mailbox.push_back(said);
            }
        }
    }
    bool take_one(Loop& loop) {
        if (loop.mailbox.empty()) return false;
        const Said said = loop.mailbox.front();
        loop.mailbox.pop_front();
        loop.taken = said.number;
        have(loop, said);
        return true;
    }
    void have(Loop& loop, const Said& said) {
        loop.had.push_back(said);
        if (&loop == here_ && !has_had(said)) delivered_.push_back(said);
    }
    [[nodiscard]] bool has_had(const Said& said) const {
        for (const Said& each : delivered_) {
            if (each.number == said.number) return true;
        }
        return false;
    }
    // To a loop that has first had all that this one has.
    void move() {
        Loop& to = loops_[pick(count)];
        const std::uint64_t drawn = all_.size();
        course_.leave({.drawn = drawn, .taken = here_->taken});
        here_ = nullptr;
        while (!to.mailbox.empty() && to.mailbox.front().number <= drawn) take_one(to);
        course_.enter(&to);
        here_ = &to;
        for (const Said& said : to.had) {
            if (!has_had(said)) delivered_.push_back(said);
        }
    }

    std::array<Loop, count> loops_{};
    std::mt19937 random_;
    Course course_;
    Loop* here_ = loops_.data();
    std::vector<Said> all_{};
    std::vector<Said> delivered_{};
};

TEST(SocketIoCourse, tells_the_order_in_which_all_was_delivered) {
    for (unsigned seed = 1; seed <= 200; ++seed) {
        Loops loops(seed);
        loops.run();
        const std::vector<Said>& delivered = loops.delivered();
        ASSERT_EQ(delivered.size(), loops.all().size()) << seed;
        for (std::size_t i = 0; i < delivered.size(); ++i) {
            const std::uint64_t all_before = loops.course().all_before(delivered[i]);
            for (std::size_t j = 0; j < delivered.size(); ++j) {
                ASSERT_EQ(loops.course().is_before(delivered[i], delivered[j]), i < j)
                    << seed << ": " << delivered[i].number << ", " << delivered[j].number;
                ASSERT_TRUE(delivered[j].number > all_before || j < i) << seed;
            }
        }
    }
}

TEST(SocketIoCourse, forgets_the_stays_before_what_a_client_has_got) {
    for (unsigned seed = 1; seed <= 50; ++seed) {
        Loops loops(seed);
        loops.run();
        const std::vector<Said>& delivered = loops.delivered();
        const std::size_t last = delivered.size() / 2;
        Course course = loops.course();
        course.forget_before(delivered[last]);
        ASSERT_LE(course.stay_count(), loops.course().stay_count()) << seed;
        for (std::size_t i = 0; i < delivered.size(); ++i) {
            ASSERT_EQ(course.is_before(delivered[last], delivered[i]), i > last) << seed;
        }
        ASSERT_TRUE(course.is_behind_beginning(delivered[last])) << seed;
    }
}

TEST(SocketIoCourse, begins_anew_where_a_client_has_got_all) {
    const int a = 0, b = 0;
    Course course(&a, {});
    course.leave({.drawn = 5, .taken = 4});
    course.leave({.drawn = 9, .taken = 9});  // It is on none: nothing changes.
    EXPECT_EQ(course.last_departure().drawn, 5U);
    course.enter(&b);
    course.leave({.drawn = 8, .taken = 6});
    EXPECT_EQ(course.stay_count(), 3U);
    course.forget_stays();
    EXPECT_EQ(course.stay_count(), 1U);
    EXPECT_FALSE(course.is_behind_beginning({.number = 6, .origin = &a, .taken = 0}));
    EXPECT_TRUE(course.is_behind_beginning({.number = 7, .origin = &a, .taken = 0}));
    EXPECT_TRUE(course.has_had({.number = 8, .origin = &b, .taken = 0}));
}

}  // namespace
}  // namespace edgews::sio
