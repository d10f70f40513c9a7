// A server whose handlers do anything at any time, and guests who send anything.
//
// What is known of each side is written down before it is done, and struck out when the other side
// hears of it: in `said` what a peer has sent, in `owed` what send() took. What stands there when
// the world is quiet, and nobody has paused or left, was lost.
#pragma once

#include "frames.hpp"
#include "scenario.hpp"

#include <edgews/edgews.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sim::test::chaos {

// What the server's side has done with a guest.
enum class Stage : std::uint8_t { outside, pending, let_in, open, closed };

struct Guest {
    Guest(World& world, const WebSocketPeerOptions& options) : peer(world, options) {}

    WebSocketPeer peer;

    // The peer's.
    std::deque<std::uint64_t> said{};
    bool may_be_bad = false;
    bool is_lawful = true;  // It broke no rule, and finishes its frames.
    bool is_cut = false;
    bool is_reading = true;
    bool is_hasty = false;
    bool has_pinged = false;
    std::uint32_t steps_left = 0;
    std::size_t to_say = 0;   // Bytes.
    std::size_t to_hear = 0;  // That handlers may send on their own.

    // The server's.
    std::uint16_t port = 0;  // As the server sees it; 0: it has not.
    Stage stage = Stage::outside;
    std::deque<std::uint64_t> owed{};
    Digest pieces{};  // Of the message that is being sent in fragments,
    bool is_pieces_text = false;
    Digest arriving{};  // and of the one that arrives in parts.
    std::size_t arriving_size = 0;
    std::uint32_t arriving_frames = 0;
    bool is_arriving_text = false;
    std::size_t answers_size = 0;  // Bytes of HTTP that waited when it opened.
    bool has_closed = false;       // close() has said yes.
    bool is_drain_due = false;
    int ties = 0;  // Of its user data, which were made and not destroyed.

    // As it was found when the world was quiet.
    bool is_open = false;
    bool is_paused = false;
    std::size_t backlog = 0;
};

// The user data of a connection.
struct Tie {
    Guest* guest = nullptr;
    Tie() = default;
    Tie(const Tie&) = delete;
    Tie& operator=(const Tie&) = delete;
    ~Tie() {
        if (guest != nullptr) --guest->ties;
    }
};

// Makes plain requests, or none at all.
class Stranger final : public Peer {
  public:
    Stranger(World& world, const Pace& pace, std::string words, std::size_t request_count)
        : Peer(world, pace), words_(std::move(words)), request_count_(request_count) {}

    // What it hears is answers, whole but for the last, and not more than it has asked for.
    [[nodiscard]] std::string_view fault() const;
    // It is answered, or the connection is over.
    [[nodiscard]] bool is_served() const;

    std::uint16_t port = 0;  // As the server sees it.
    bool is_reading = true;

  private:
    void on_open() override { send(words_); }
    void on_bytes(std::string_view bytes) override { heard_.append(bytes); }
    struct Heard {
        std::size_t count = 0;
        bool is_wrong = false;
    };
    [[nodiscard]] Heard read_answers() const;

    std::string words_;
    std::size_t request_count_;  // That are to be answered; 0: nobody knows.
    std::string heard_{};
};

// Both outlive whom they name.
struct Known {
    Handle handle;
    Guest* guest;
};
struct Undecided {
    DeferredUpgrade upgrade;
    Guest* guest;
};

// All of them.
struct House {
    House(World& of_all, Record& to_fill) : world(of_all), record(to_fill) {}

    World& world;
    Record& record;
    Server* server = nullptr;
    std::vector<std::unique_ptr<Guest>> guests{};
    std::vector<std::unique_ptr<Stranger>> strangers{};
    RouteOptions limits{};
    ServerOptions options{};
    std::uint32_t deeds = 0;       // A bit for each that handlers may do.
    std::uint32_t deeds_left = 0;  // In all.
    std::uint32_t unrest = 0;      // Handlers do something once in so many times.
    std::size_t largest = 0;       // Bytes of a message that was sent.
    std::vector<Known> known{};
    std::vector<Undecided> undecided{};

    [[nodiscard]] Choices& choices() const noexcept { return world.choices(); }
};

void add_routes(House& house);
// What a handler may do, or whoever visits. May throw.
void act(House& house, Connection& connection);
// What another thread does meanwhile.
void meddle(House& house);
void invite_all(House& house, std::uint16_t port);

}  // namespace edgews::sim::test::chaos
