// A Redis server in a thread of its own, as far as nodes of a backplane see one: it knows their
// script by what that promises (core/redis/topic_history.hpp), and can restart, forget and refuse.
//
//     PlayedRedis redis;
//     Node a(redis.url());
//     redis.restart(PlayedRedis::Memory::nothing);
//
// Its time stands still, but for pass().
#pragma once

#include "net/loop/fd.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "places.hpp"

namespace edgews::test {

class PlayedRedis {
  public:
    PlayedRedis();
    PlayedRedis(const PlayedRedis&) = delete;
    PlayedRedis& operator=(const PlayedRedis&) = delete;
    ~PlayedRedis();

    [[nodiscard]] std::string url() const { return "redis://" + place_.name(); }

    // kill -9: whoever connects meanwhile is closed at once.
    void stop();
    enum class Memory : std::uint8_t { all, nothing };
    // Another run. Of each topic it has forgotten the last messages.
    void start(Memory memory, std::size_t forgotten_count = 0);
    void restart(Memory memory, std::size_t forgotten_count = 0);
    // The connections alone; or the oldest.
    void cut();
    void cut_oldest();
    // SCRIPT FLUSH.
    void forget_script();
    void pass(std::uint64_t milliseconds);
    // Commands of that name are answered with that error from now on. Empty: no longer.
    void refuse(const std::string& command, std::string error);
    // Whoever publishes past the script.
    void publish(const std::string& channel, std::string_view bytes);
    // So many commands of that name have been answered, and more. Throws when they do not come.
    void await(const std::string& command, std::size_t count);
    [[nodiscard]] std::size_t count(const std::string& command);
    // The topic's epoch is another one. The next message has the offset 1.
    void drop(const std::string& channel);

  private:
    using Words = std::vector<std::string>;
    struct Peer {
        Fd fd;
        std::string input{};
        std::set<std::string> channels{};
        bool is_cut = false;
    };
    struct Entry {
        std::uint64_t offset;
        std::uint64_t since_ms;
        std::string message;
    };
    struct Topic {
        std::string run{};
        std::string epoch{};
        std::uint64_t offset = 0;
        std::string before{};
        std::uint64_t until = 0;
        std::deque<Entry> stream{};
    };

    static void cut(Peer& peer);
    void run();
    void serve();
    void take_input(Peer& peer);
    [[nodiscard]] std::string answer(Peer& peer, const Words& words);
    [[nodiscard]] std::string run_script(const Words& words);
    [[nodiscard]] static std::string read(const Topic& topic, const Words& words);
    void trim(Topic& topic, const Words& words) const;
    void send_to_all(const std::string& channel, std::string_view bytes);

    Place place_;
    Fd wake_;           // An eventfd: the thread is to end.
    std::mutex mutex_;  // Guards what follows.
    std::condition_variable answered_;
    std::list<Peer> peers_{};
    std::map<std::string, Topic> topics_{};
    std::map<std::string, std::string> refused_{};
    std::map<std::string, std::size_t> counts_{};
    std::uint64_t now_ms_ = 1'000'000;
    unsigned run_ = 1;
    bool is_up_ = true;
    bool has_script_ = false;
    bool is_over_ = false;
    std::thread thread_;
};

}  // namespace edgews::test
