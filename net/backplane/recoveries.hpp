// Connections that come back to topics, at the place where they were: what one is told, and those
// that wait until the upstream has answered.
#pragma once

#include <edgews/backplane.hpp>
#include <edgews/prepared_message.hpp>
#include "net/backplane/backbone.hpp"
#include "net/backplane/inbox.hpp"

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace edgews {

struct Recovered {
    std::string topic{};
    std::unique_ptr<Recovering> recovering{};
    TopicRecovery recovery{};
    std::vector<PreparedMessage> missed{};

    // Subscribes the connection and tells it. On its loop; it may have gone.
    void run() const;
};

class Recoveries {
  public:
    struct Item {
        std::unique_ptr<Recovered> recovered{};
        std::uint64_t until_ms = 0;  // It waits no longer.
        ChannelNumber channel = 0;
        ReadingNumber reading = 0;  // 0: the upstream is to be asked when it is back.
    };

    // Requires: none before waits longer. Valid until take().
    Item& add(std::unique_ptr<Recovered> recovered, std::uint64_t until_ms);
    // Null: none waits for it. Most often it is the first.
    [[nodiscard]] Item* find(ReadingNumber reading) noexcept;
    [[nodiscard]] std::unique_ptr<Recovered> take(const Item& item) noexcept;
    // The first. Null: there is none.
    [[nodiscard]] Item* first() noexcept { return items_.empty() ? nullptr : &items_.front(); }
    // The visitor takes none.
    template <class Visit>
    void for_each(Visit visit) {
        for (Item& item : items_) visit(item);
    }
    void clear() noexcept { items_.clear(); }

  private:
    std::list<Item> items_;
};

}  // namespace edgews
