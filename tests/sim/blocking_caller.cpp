#include "blocking_caller.hpp"

#include <chrono>
#include <system_error>

namespace edgews::sim::test {

BlockingCaller::BlockingCaller(Scene& scene, std::uint32_t number, Manner manner)
    : Caller(scene, number, manner, false),
      has_limits_(choices().once_in(2)),
      thread_([this] { live(); }) {}

BlockingCaller::~BlockingCaller() {
    begin();
    thread_.join();
}

void BlockingCaller::begin() {
    const std::lock_guard lock(mutex_);
    may_begin_ = true;
    condition_.notify_one();
}

void BlockingCaller::live() {
    {
        std::unique_lock lock(mutex_);
        condition_.wait(lock, [this] { return may_begin_; });
    }
    do {
        std::this_thread::sleep_for(std::chrono::milliseconds(rest(100)));
        call_once();
    } while (!talk().is_done() && may_try_again());
    is_over_ = true;
}

// The loop of its own may not come to be, where there are no descriptors.
void BlockingCaller::call_once() {
    ++record().connections;
    talk().begin_attempt();
    try {
        BlockingClient client(url(), options());
        if (client) {
            talk().attempt().was_opened = true;
            converse(client);
        } else if (client.is_closed() && client.error().stage != ClientStage::open) {
            check_error(client.error(), false);
        }
    } catch (const std::system_error&) {
        const Faults& faults = world().faults();
        record().require(faults.refused > 0 || faults.descriptors_max < 1'000,
                         "a loop is refused for nothing");
    }
}

void BlockingCaller::converse(BlockingClient& client) {
    bool goes_on = true;
    while (goes_on && !talk().is_done()) {
        goes_on = talk().unanswered() > 0 ? hear(client) : say(client);
        if (goes_on && manner() == Manner::wild && choices().once_in(6)) {
            if (choices().once_in(2)) return;  // It goes as it is.
            client.client().terminate();
        }
    }
    end(client);
}

bool BlockingCaller::say(BlockingClient& client) {
    const Piece* const piece = talk().next();
    if (piece == nullptr) return false;
    const SendResult result = client.send(piece->message());
    record().require(result == SendResult::sent || result == SendResult::closed,
                     "what waits until it is sent is not");
    if (result == SendResult::closed) {
        talk().broke_off();
        return false;
    }
    talk().accepted();
    // Of what is sent; a ping may.
    record().require(client.client().buffered_amount() <= 64 || client.is_closed(),
                     "what is sent still waits");
    return true;
}

bool BlockingCaller::hear(BlockingClient& client) {
    for (;;) {
        const auto limit = has_limits_ ? std::chrono::milliseconds(choices().between(1, 20))
                                       : BlockingClient::for_ever;
        const std::uint64_t begin_ns = world().now_ns();
        const auto message = client.receive(limit);
        if (message) {
            talk().hear({message->kind, std::as_bytes(std::span(message->data))});
            return true;
        }
        if (client.is_closed()) return false;
        record().require(has_limits_, "nothing comes, and nothing has ended");
        record().require(world().now_ns() - begin_ns + 1'000'000 >=
                             static_cast<std::uint64_t>(limit.count()) * 1'000'000,
                         "a time limit is up too early");
    }
}

void BlockingCaller::end(BlockingClient& client) {
    if (!client.is_closed()) {
        talk().attempt().is_closed_by_us = client.close(close_code::normal, "done");
        while (!client.is_closed() && client.receive()) {
        }
    }
    record().require(client.is_closed(), "it is closed, and is not");
    talk().closed(client.close_event());
}

}  // namespace edgews::sim::test
