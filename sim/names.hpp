// The names that a simulated world's name server knows.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace edgews::sim {

class Names {
  public:
    // What getaddrinfo() says of it: an EAI_… error, or addresses in the order that is given.
    struct Answer {
        int error = 0;
        std::vector<std::string> addresses{};
    };
    void set(std::string name, Answer answer) { answers_[std::move(name)] = std::move(answer); }
    // Null: nobody knows it.
    [[nodiscard]] const Answer* find(const std::string& name) const {
        const auto found = answers_.find(name);
        return found == answers_.end() ? nullptr : &found->second;
    }

  private:
    std::map<std::string, Answer> answers_{};
};

}  // namespace edgews::sim
