#include "net/backplane/recoveries.hpp"

#include "net/connection/websocket_connection.hpp"
#include "net/loop/reactor.hpp"
#include "net/loop/slots.hpp"

#include <algorithm>
#include <cassert>

namespace edgews {

void Recovered::run() const {
    Registered* const found = recovering->reactor->slots().find(recovering->token);
    auto* const connection = dynamic_cast<WebSocketConnection*>(found);
    if (connection == nullptr || connection->is_reported()) return;
    connection->guard([&] {
        connection->subscribe(topic);
        recovering->done(*connection, recovery);
        for (const PreparedMessage& message : missed) connection->send(message);
    });
}

Recoveries::Item& Recoveries::add(std::unique_ptr<Recovered> recovered, std::uint64_t until_ms) {
    return items_.emplace_back(Item{.recovered = std::move(recovered), .until_ms = until_ms});
}

Recoveries::Item* Recoveries::find(ReadingNumber reading) noexcept {
    const auto found = std::find_if(items_.begin(), items_.end(),
                                    [&](const Item& item) { return item.reading == reading; });
    return found == items_.end() ? nullptr : &*found;
}

std::unique_ptr<Recovered> Recoveries::take(const Item& item) noexcept {
    const auto found = std::find_if(items_.begin(), items_.end(),
                                    [&](const Item& each) { return &each == &item; });
    assert(found != items_.end());
    std::unique_ptr<Recovered> recovered = std::move(found->recovered);
    items_.erase(found);
    return recovered;
}

}  // namespace edgews
