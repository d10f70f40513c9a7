#include <edgews/net/resolver.hpp>

#include <edgews/net/loop_link.hpp>

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <strings.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

namespace edgews {

namespace {

constexpr unsigned thread_count_max = 8;

class ResolveCategory final : public std::error_category {
  public:
    [[nodiscard]] const char* name() const noexcept override { return "getaddrinfo"; }
    [[nodiscard]] std::string message(int value) const override { return ::gai_strerror(value); }
};

Resolved failed(const std::string& host, std::error_code code) {
    return {.error = {code, "resolve " + host + ": " + code.message()}};
}

Resolved failed(const std::string& host, int failure) {
    return failed(host, std::error_code(failure, resolve_category()));
}

Resolved ask_system(const std::string& host, std::uint16_t port, int flags) {
    addrinfo hints{};
    hints.ai_flags = flags | AI_NUMERICSERV;
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int failure = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
    if (failure == EAI_SYSTEM) return failed(host, {errno, std::system_category()});
    if (failure != 0) return failed(host, failure);
    Resolved resolved;
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
        SocketAddress& address = resolved.addresses.emplace_back();
        address.size = one->ai_addrlen;
        std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    }
    ::freeaddrinfo(found);
    return resolved;
}

bool is_localhost(std::string_view host) noexcept {
    constexpr std::string_view name = "localhost";
    if (host.ends_with('.')) host.remove_suffix(1);
    if (host.size() < name.size()) return false;
    const std::size_t rest_size = host.size() - name.size();
    return ::strncasecmp(host.data() + rest_size, name.data(), name.size()) == 0 &&
           (rest_size == 0 || host[rest_size - 1] == '.');
}

Resolved loopback(std::uint16_t port) {
    Resolved resolved;
    for (const char* ip : {"::1", "127.0.0.1"}) {
        const Resolved one = ask_system(ip, port, AI_NUMERICHOST);
        resolved.addresses.insert(resolved.addresses.end(), one.addresses.begin(),
                                  one.addresses.end());
    }
    return resolved;
}

// What waits on a loop for an answer.
class Resolution final : public Source {
  public:
    Resolution(Loop& loop, Function<void(Resolved)> done) : loop_(loop), done_(std::move(done)) {}
    void on_events(std::uint32_t) override {}

    void answer(Resolved resolved) {
        loop_.retire(*this);
        done_(std::move(resolved));
    }

  private:
    Loop& loop_;
    Function<void(Resolved)> done_;
};

// Whose answer is looked for.
struct Question {
    std::shared_ptr<LoopLink> link;
    Token token;
    ResolveRequest request;
};

void post_answer(LoopLink& link, Token token, Resolved resolved) {
    // The mailbox that runs this is a part of the link.
    link.mailbox.post(make_job([&link, token, resolved = std::move(resolved)]() mutable {
        Source* const source = link.slots.find(token);
        if (source != nullptr) static_cast<Resolution*>(source)->answer(std::move(resolved));
    }));
}

Resolved ask(const ResolveRequest& request) {
    Resolved resolved = request.lookup(request.host, request.port);
    if (!resolved.error && resolved.addresses.empty()) return failed(request.host, EAI_NONAME);
    return resolved;
}

// On a thread of the Threads.
void find_answer(Question& question) {
    if (!question.link->slots.is_live(question.token)) return;
    Resolved resolved = ask(question.request);
    question.request = {};
    post_answer(*question.link, question.token, std::move(resolved));
}

// The threads are detached: one that hangs in getaddrinfo cannot hold up the end of the program.
// What they touch is therefore never destroyed.
class Threads {
  public:
    static Threads& of_process() {
        static Threads& threads = *new Threads;
        return threads;
    }

    // 0, or the system's error number: no thread will ever come to it.
    [[nodiscard]] int submit(std::unique_ptr<Question> question) {
        const std::lock_guard lock(mutex_);
        if (thread_count_ < thread_count_max) {
            const int error = start(question.get());
            if (error == 0) (void)question.release();  // The thread's.
            if (error == 0) ++thread_count_;
            if (error == 0 || thread_count_ == 0) return error;
        }
        waiting_.push_back(std::move(question));
        return 0;
    }

  private:
    [[nodiscard]] static int start(Question* question) noexcept {
        pthread_attr_t attributes;
        if (const int error = ::pthread_attr_init(&attributes); error != 0) return error;
        ::pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        // The application's signals are for the application's threads.
        sigset_t all;
        sigset_t own;
        sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &own);
        pthread_t thread{};
        const int error = ::pthread_create(&thread, &attributes, run, question);
        ::pthread_sigmask(SIG_SETMASK, &own, nullptr);
        ::pthread_attr_destroy(&attributes);
        return error;
    }

    static void* run(void* first) {
        std::unique_ptr<Question> question(static_cast<Question*>(first));
        while (question) {
            find_answer(*question);
            question = of_process().next();
        }
        return nullptr;
    }

    // Null: the thread that asks is to end.
    [[nodiscard]] std::unique_ptr<Question> next() {
        const std::lock_guard lock(mutex_);
        if (waiting_.empty()) {
            --thread_count_;
            return nullptr;
        }
        std::unique_ptr<Question> question = std::move(waiting_.front());
        waiting_.pop_front();
        return question;
    }

    std::mutex mutex_;
    std::deque<std::unique_ptr<Question>> waiting_;
    unsigned thread_count_ = 0;
};

}  // namespace

// Not destroyed, as a thread may still name it at the end.
const std::error_category& resolve_category() noexcept {
    static const ResolveCategory& category = *new ResolveCategory;
    return category;
}

Resolved look_up(const std::string& host, std::uint16_t port) {
    return ask_system(host, port, AI_ADDRCONFIG);
}

std::optional<Resolved> resolve_at_once(const std::string& host, std::uint16_t port) {
    if (host.empty() || host.find('\0') != std::string::npos) return failed(host, EAI_NONAME);
    if (is_localhost(host)) return loopback(port);
    const bool is_bracketed = host.starts_with('[') && host.ends_with(']');
    Resolved literal =
        ask_system(is_bracketed ? host.substr(1, host.size() - 2) : host, port, AI_NUMERICHOST);
    if (is_bracketed && (literal.error || literal.addresses.at(0).family() != AF_INET6)) {
        return failed(host, EAI_NONAME);
    }
    if (!literal.error) return literal;
    return std::nullopt;
}

Token resolve(Loop& loop, ResolveRequest request, Function<void(Resolved)> done) {
    require_callable(request.lookup, "resolve(): ResolveRequest::lookup");
    require_callable(done, "resolve()");
    auto resolution = std::make_unique<Resolution>(loop, std::move(done));
    // Cannot fail: there is no descriptor.
    (void)loop.add(*resolution, -1, 0);
    const Token token = resolution.release()->token();  // The loop owns it now.
    if (std::optional<Resolved> answer = resolve_at_once(request.host, request.port)) {
        post_answer(*loop.link(), token, std::move(*answer));
        return token;
    }
    const std::string host = request.host;
    auto question = std::make_unique<Question>(
        Question{.link = loop.link(), .token = token, .request = std::move(request)});
    const int error = Threads::of_process().submit(std::move(question));
    if (error != 0) {
        post_answer(*loop.link(), token, failed(host, {error, std::system_category()}));
    }
    return token;
}

}  // namespace edgews
