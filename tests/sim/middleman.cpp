#include "middleman.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace edgews::sim::test {

// One of the two ends of a connection that goes through here.
class Middleman::End final : public Peer {
  public:
    explicit End(World& world) : Peer(world, Pace()) {}

    void lead_to(End& other) noexcept { other_ = &other; }
    void calm_down() noexcept { left_.reset(); }
    // Behind so many bytes that it has heard.
    void break_at(std::size_t size, Break how) noexcept {
        left_ = size;
        how_ = how;
    }

  private:
    void on_bytes(std::string_view bytes) override {
        if (is_mute_) return;
        if (left_ && *left_ < bytes.size()) return break_in(bytes);
        if (left_) *left_ -= bytes.size();
        other_->send(bytes);
    }
    void on_end() override {
        if (is_mute_) return;
        was_reset() ? other_->reset() : other_->end();
    }
    void break_in(std::string_view bytes);

    End* other_ = nullptr;
    std::optional<std::size_t> left_{};  // Until it breaks; empty: it does not.
    Break how_ = Break::ends;
    bool is_mute_ = false;
};

void Middleman::End::break_in(std::string_view bytes) {
    const std::size_t at = std::exchange(left_, std::nullopt).value_or(0);
    std::string passed(bytes.substr(0, at));
    switch (how_) {
        case Break::ends:
            is_mute_ = other_->is_mute_ = true;
            other_->send(passed);
            other_->end();
            end();
            break;
        case Break::resets:
            is_mute_ = other_->is_mute_ = true;
            other_->reset();
            reset();
            break;
        case Break::falls_mute:
            is_mute_ = true;
            other_->send(passed);
            break;
        case Break::alters:
            passed = bytes;
            passed[at] = static_cast<char>(passed[at] ^
                                           static_cast<char>(world().choices().between(1, 255)));
            other_->send(passed);
            break;
    }
}

Middleman::Middleman(World& world, std::uint16_t server_port, const MiddlemanOptions& options)
    : world_(world),
      server_port_(server_port),
      options_(options),
      socket_(std::make_shared<TcpSocket>(world.kernel(), AF_INET)) {
    constexpr int backlog = 4;
    Network& network = world.kernel().network();
    (void)network.bind(*socket_, Address::ip("127.0.0.1", 0));
    (void)network.listen(socket_, backlog);
    port_ = socket_->local().port();
    socket_->on_wake = [this, is_there = is_there_] {
        world_.after(world_.kernel().drawn_ns(50'000), [this, is_there] {
            if (*is_there) accept_all();
        });
    };
}

Middleman::~Middleman() {
    *is_there_ = false;
    socket_->on_wake = nullptr;
    socket_->closed();
}

void Middleman::calm_down() {
    options_.break_count_max = 0;
    for (const std::unique_ptr<End>& end : ends_) end->calm_down();
}

void Middleman::accept_all() {
    while (std::shared_ptr<Socket> child = socket_->take_waiting()) pass_on(std::move(child));
}

void Middleman::pass_on(std::shared_ptr<Socket> child) {
    Choices& choices = world_.choices();
    auto outer = std::make_unique<End>(world_);
    auto inner = std::make_unique<End>(world_);
    outer->lead_to(*inner);
    inner->lead_to(*outer);
    if (options_.break_count_max > 0 && choices.once_in(2)) {
        --options_.break_count_max;
        // In a handshake, or later.
        const std::uint32_t most = choices.once_in(2) ? 2'000 : 20'000;
        (choices.once_in(2) ? outer : inner)->break_at(choices.below(most), drawn_break());
    }
    outer->adopt(std::move(child));
    inner->connect(server_port_);
    ends_.push_back(std::move(outer));
    ends_.push_back(std::move(inner));
}

Middleman::Break Middleman::drawn_break() {
    const auto how = static_cast<Break>(world_.choices().below(4));
    const bool may_be = how == Break::falls_mute ? options_.may_fall_mute
                        : how == Break::alters   ? options_.may_alter
                                                 : true;
    return may_be ? how : Break::ends;
}

}  // namespace edgews::sim::test
