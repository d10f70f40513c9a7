// A file is the thing that a descriptor names. It knows those who watch it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sys/epoll.h>
#include <sys/types.h>
#include <time.h>

namespace edgews::sim {

class Epoll;
class Kernel;

// The result of a call: what it returns, or -1 and an error number.
struct Result {
    ssize_t value = 0;
    int error = 0;
};
[[nodiscard]] constexpr Result failed(int error) noexcept {
    return {.value = -1, .error = error};
}

// One of an epoll set's descriptors.
struct EpollItem {
    Epoll* epoll = nullptr;
    class File* file = nullptr;
    int fd = -1;
    std::uint32_t events = 0;  // EPOLLERR and EPOLLHUP among them, unless it has had its one shot.
    epoll_data_t data{};
    bool is_ready = false;  // It stands on the ready list.
};

class File {
  public:
    explicit File(Kernel& kernel) noexcept : kernel_(kernel) {}
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    virtual ~File() = default;

    // EPOLL… bits that hold now.
    [[nodiscard]] virtual std::uint32_t ready() = 0;
    virtual Result read(void* to, std::size_t size);
    virtual Result write(const void* from, std::size_t size);
    // The last descriptor was closed, and no call is on its way that was made by one of them.
    virtual void closed() {}
    // False: epoll_ctl() refuses it (EPERM).
    [[nodiscard]] virtual bool can_be_watched() const noexcept { return true; }

    // O_RDONLY, O_WRONLY or O_RDWR.
    [[nodiscard]] virtual int access_mode() const noexcept;
    // Its calls wait for what they need: O_NONBLOCK is not set.
    [[nodiscard]] bool is_blocking() const noexcept { return is_blocking_; }
    void set_blocking(bool is_set) noexcept { is_blocking_ = is_set; }

    // What happened may concern those who watch for `key`; 0: all of them (Linux's wake-ups without
    // a key).
    void wake(std::uint32_t key);
    void add_watcher(EpollItem& item);
    void remove_watcher(EpollItem& item) { std::erase(watchers_, &item); }
    // Each epoll set forgets it.
    void forget_watchers();

    // Called at each wake-up: for those outside, who have no epoll.
    std::function<void()> on_wake{};

  protected:
    [[nodiscard]] Kernel& kernel() const noexcept { return kernel_; }
    [[nodiscard]] const std::vector<EpollItem*>& watchers() const noexcept { return watchers_; }

  private:
    Kernel& kernel_;
    bool is_blocking_ = false;
    std::vector<EpollItem*> watchers_{};
};

// An epoll instance. What Linux promises, and what an edge-triggered loop relies on, is here: an
// item is put on the ready list by a wake-up, reported if something of it holds when the list is
// read, and then stays away until the next wake-up, unless it is level-triggered.
class Epoll final : public File {
  public:
    using File::File;
    ~Epoll() override;

    [[nodiscard]] std::uint32_t ready() override;
    void closed() override;

    Result control(int operation, int fd, File* file, const epoll_event* event);
    // Those that are ready now, at most `count_max`.
    int collect(epoll_event* events, int count_max);
    [[nodiscard]] bool has_ready() const noexcept { return !ready_.empty(); }

    // A wake-up brought it here.
    void enlist(EpollItem& item);
    void forget(EpollItem& item);

  private:
    using Key = std::pair<File*, int>;
    [[nodiscard]] static std::uint32_t events_of(const EpollItem& item);
    // Why Linux refuses this; 0: it does not.
    [[nodiscard]] int refusal(int operation, const File& file, const epoll_event* event) const;
    [[nodiscard]] bool reaches(const File& file) const;
    // How many sets watch each other in a row, this one the first, or the last.
    [[nodiscard]] std::size_t depth_below() const;
    [[nodiscard]] std::size_t depth_above() const;
    void look_at(EpollItem& item);

    std::map<Key, EpollItem> items_{};
    std::list<EpollItem*> ready_{};
};

class EventFile final : public File {
  public:
    EventFile(Kernel& kernel, std::uint64_t count, bool is_semaphore) noexcept
        : File(kernel), count_(count), is_semaphore_(is_semaphore) {}
    [[nodiscard]] std::uint32_t ready() override;
    Result read(void* to, std::size_t size) override;
    Result write(const void* from, std::size_t size) override;

  private:
    std::uint64_t count_;
    bool is_semaphore_;
};

// A timer that goes off again and again does so once, and counts the times that have passed when it
// is read: there is no edge in between (Linux's timerfd.c).
class TimerFile final : public File, public std::enable_shared_from_this<TimerFile> {
  public:
    TimerFile(Kernel& kernel, clockid_t clock) noexcept : File(kernel), clock_(clock) {}
    [[nodiscard]] std::uint32_t ready() override;
    Result read(void* to, std::size_t size) override;
    // By its own clock.
    [[nodiscard]] std::uint64_t now_ns() const noexcept;
    // By that clock; 0: never, and once.
    struct Setting {
        std::uint64_t due_ns = 0;
        std::uint64_t interval_ns = 0;
    };
    void set(const Setting& setting);
    // How long it is until then.
    [[nodiscard]] Setting left();

  private:
    void start(std::uint64_t due_ns);
    void count_passed();

    clockid_t clock_;
    Setting setting_{};
    bool has_expired_ = false;  // And was not started again.
    std::uint64_t expirations_ = 0;
    std::uint64_t generation_ = 0;  // Of what it was set for.
};

// What a file of the system's says, to be read from its beginning.
class TextFile final : public File {
  public:
    TextFile(Kernel& kernel, std::string text) noexcept : File(kernel), text_(std::move(text)) {}
    [[nodiscard]] std::uint32_t ready() override { return EPOLLIN | EPOLLOUT; }
    Result read(void* to, std::size_t size) override;

  private:
    std::string text_;
    std::size_t read_size_ = 0;
};

// /dev/urandom.
class RandomFile final : public File {
  public:
    using File::File;
    [[nodiscard]] std::uint32_t ready() override { return EPOLLIN | EPOLLOUT; }
    Result read(void* to, std::size_t size) override;
    [[nodiscard]] bool can_be_watched() const noexcept override { return false; }
};

// /dev/null.
class NullFile final : public File {
  public:
    using File::File;
    [[nodiscard]] std::uint32_t ready() override {
        return static_cast<std::uint32_t>(EPOLLIN) | static_cast<std::uint32_t>(EPOLLOUT);
    }
    Result read(void*, std::size_t) override { return {}; }
    Result write(const void*, std::size_t size) override {
        return {.value = static_cast<ssize_t>(size)};
    }
    [[nodiscard]] bool can_be_watched() const noexcept override { return false; }
};

}  // namespace edgews::sim
