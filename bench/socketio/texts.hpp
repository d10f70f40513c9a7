// The packets of a run, made once: a few that differ follow each other in a cycle, so that one that
// is lost, doubled or out of order is noticed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace load::sio {

class Texts {
  public:
    // Of events whose one argument is a string of `size` bytes.
    explicit Texts(std::size_t size);

    // Replaced by the packet that asks for an echo of message `number`, which is its id.
    [[nodiscard]] const std::string& echo(std::uint64_t number);
    // Whether a packet is the acknowledgement of that.
    [[nodiscard]] bool is_answer(std::string_view packet, std::uint64_t number) const noexcept;

    // The packet that asks for a broadcast of message `number`, and whether a packet is that.
    [[nodiscard]] const std::string& broadcast(std::uint64_t number) const noexcept {
        return of(number).broadcast;
    }
    [[nodiscard]] bool is_news(std::string_view packet, std::uint64_t number) const noexcept {
        return packet == of(number).news;
    }

  private:
    struct Text {
        std::string echo;       // Behind the id.
        std::string answer;     // Behind the id.
        std::string broadcast;  // Whole.
        std::string news;       // Whole.
    };
    [[nodiscard]] const Text& of(std::uint64_t number) const noexcept {
        return texts_[number % texts_.size()];
    }

    std::vector<Text> texts_{};
    std::string packet_{};
};

}  // namespace load::sio
