#include "net/client/resolver.hpp"

#include "net/loop/loop_link.hpp"
#include "net/loop/reactor.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <strings.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string_view>
#include <utility>

namespace edgews {

namespace {

// Of the threads: usually, in all, and those that ask for one host.
constexpr unsigned usual_thread_count = 16;
constexpr unsigned thread_count_max = 128;
constexpr unsigned per_host_count_max = 8;
constexpr std::uint64_t patience_ms = 50;      // Of a question for which there is none.
constexpr std::chrono::seconds shared_for{1};  // Since it was asked.

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
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
    Resolved resolved;
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
        SocketAddress& address = resolved.value.emplace_back();
        address.size = one->ai_addrlen;
        std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    }
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
        resolved.value.insert(resolved.value.end(), one.value.begin(), one.value.end());
    }
    return resolved;
}

// Who waits for an answer: a Resolution.
struct Asker {
    std::shared_ptr<LoopLink> link;
    Token token = no_token;

    [[nodiscard]] bool is_there() const noexcept { return link->slots.is_live(token); }
};

// A lookup, and those who wait for it. Guarded by the mutex of Threads.
struct Question {
    enum class Phase : std::uint8_t { waiting, asked, answered };

    const std::string host;
    const std::uint16_t port;
    const bool is_systems;  // Asked with look_up.
    Lookup lookup;          // Once asked, its thread's.
    std::vector<Asker> askers{};
    Phase phase = Phase::waiting;
    std::chrono::steady_clock::time_point asked_at{};
    std::list<std::shared_ptr<Question>>::iterator place{};  // While waiting.
};

using Questions = std::list<std::shared_ptr<Question>>;

// The threads are detached: one that hangs in getaddrinfo cannot hold up the end of the program.
// What they touch is therefore never destroyed. It is the process's: without memory for it that
// ends, for all others would be left with half a change.
class Threads {
  public:
    static Threads& of_process() {
        static Threads& threads = *new Threads;
        return threads;
    }

    struct Submitted {
        int error = 0;  // The system's: no thread will ever come to it.
        std::shared_ptr<Question> question{};
        bool is_waiting = false;  // There is no thread for it yet.
    };
    [[nodiscard]] Submitted submit(ResolveRequest request, Asker asker) noexcept;
    // It has waited for a while, and may have a thread beyond the usual number. False: it does not
    // wait.
    [[nodiscard]] bool insist(const std::shared_ptr<Question>& question) noexcept;
    void forget(const std::shared_ptr<Question>& question, Token asker) noexcept;

  private:
    using Key = std::pair<std::string, std::uint16_t>;
    using Guard = std::lock_guard<std::mutex>;

    [[nodiscard]] std::shared_ptr<Question> find_same(const Question& question) const;
    [[nodiscard]] bool may_ask(const Question& question) const;
    [[nodiscard]] int start(const std::shared_ptr<Question>& question);
    void start_waiting();
    void note_asked(const std::shared_ptr<Question>& question);
    [[nodiscard]] std::vector<Asker> note_answered(Question& question);
    [[nodiscard]] std::shared_ptr<Question> next(std::vector<Lookup>& unwanted);
    void answer(Question& question);
    [[nodiscard]] static int create_thread(std::shared_ptr<Question>* question) noexcept;
    static void* run(void* first);

    std::mutex mutex_;  // Guards what follows.
    Questions waiting_;
    std::map<Key, std::shared_ptr<Question>> systems_;  // That others may share, waiting or asked.
    std::map<std::string, unsigned> asked_;             // So many of each host are asked.
    unsigned thread_count_ = 0;
    unsigned abandoned_count_ = 0;  // Of these: what they ask, nobody waits for.
};

// What waits on a loop for an answer.
class Resolution final : public Timer {
  public:
    Resolution(Reactor& reactor, Function<void(Resolved)> done)
        : reactor_(reactor), done_(std::move(done)) {}
    ~Resolution() override {
        if (question_) Threads::of_process().forget(question_, token());
    }
    void on_timer() override {
        if (question_ && Threads::of_process().insist(question_)) wait();
    }

    void wait_for(const Threads::Submitted& submitted) {
        question_ = submitted.question;
        if (submitted.is_waiting) wait();
    }
    void answer(Resolved resolved) {
        question_.reset();
        reactor_.retire(*this);
        done_(std::move(resolved));
    }

  private:
    void wait() { reactor_.schedule(*this, patience_ms); }

    Reactor& reactor_;
    Function<void(Resolved)> done_;
    std::shared_ptr<Question> question_{};  // Null: it was not asked, or was answered.
};

void post_answer(LoopLink& link, Token token, Resolved resolved) {
    // The mailbox that runs this is a part of the link.
    link.mailbox.post(make_job([&link, token, resolved = std::move(resolved)]() mutable {
        Registered* const waiting = link.slots.find(token);
        if (waiting != nullptr) static_cast<Resolution*>(waiting)->answer(std::move(resolved));
    }));
}

// ---- Threads ---------------------------------------------------------------

Threads::Submitted Threads::submit(ResolveRequest request, Asker asker) noexcept {
    const auto* const function = request.lookup.target<decltype(&look_up)>();
    auto question =
        std::make_shared<Question>(Question{.host = std::move(request.host),
                                            .port = request.port,
                                            .is_systems = function && *function == &look_up,
                                            .lookup = std::move(request.lookup)});
    const Guard lock(mutex_);
    if (std::shared_ptr<Question> same = find_same(*question)) {
        if (same->phase == Question::Phase::asked && same->askers.empty()) --abandoned_count_;
        same->askers.push_back(std::move(asker));
        const bool is_waiting = same->phase == Question::Phase::waiting;
        return {.question = std::move(same), .is_waiting = is_waiting};
    }
    question->askers.push_back(std::move(asker));
    question->place = waiting_.insert(waiting_.end(), question);
    if (question->is_systems) systems_[{question->host, question->port}] = question;
    const bool is_usual = thread_count_ - abandoned_count_ < usual_thread_count;
    const int error = is_usual && may_ask(*question) ? start(question) : 0;
    const bool is_waiting = question->phase == Question::Phase::waiting;
    if (error == 0 || thread_count_ > 0) {
        return {.question = std::move(question), .is_waiting = is_waiting};
    }
    waiting_.erase(question->place);
    (void)note_answered(*question);
    return {.error = error};
}

// One that was asked long ago may hang, where a new one would be answered.
std::shared_ptr<Question> Threads::find_same(const Question& question) const {
    if (!question.is_systems) return nullptr;
    const auto found = systems_.find({question.host, question.port});
    if (found == systems_.end()) return nullptr;
    const bool is_fresh = found->second->phase == Question::Phase::waiting ||
                          std::chrono::steady_clock::now() - found->second->asked_at < shared_for;
    return is_fresh ? found->second : nullptr;
}

bool Threads::may_ask(const Question& question) const {
    const auto of_host = asked_.find(question.host);
    return thread_count_ < thread_count_max &&
           (of_host == asked_.end() || of_host->second < per_host_count_max);
}

bool Threads::insist(const std::shared_ptr<Question>& question) noexcept {
    const Guard lock(mutex_);
    if (question->phase != Question::Phase::waiting) return false;
    if (may_ask(*question)) (void)start(question);  // It goes on waiting, if it has to.
    return question->phase == Question::Phase::waiting;
}

void Threads::forget(const std::shared_ptr<Question>& question, Token asker) noexcept {
    Lookup unwanted;  // Destroyed when nothing is locked.
    const Guard lock(mutex_);
    const auto is_asker = [&](const Asker& one) { return one.token == asker && !one.is_there(); };
    if (std::erase_if(question->askers, is_asker) == 0 || !question->askers.empty()) return;
    if (question->phase == Question::Phase::waiting) {
        waiting_.erase(question->place);
        unwanted = std::move(question->lookup);
        (void)note_answered(*question);
        return;
    }
    ++abandoned_count_;
    start_waiting();
}

// As many of those that wait as there are usual threads free.
void Threads::start_waiting() {
    for (auto place = waiting_.begin();
         place != waiting_.end() && thread_count_ - abandoned_count_ < usual_thread_count;) {
        const std::shared_ptr<Question> question = *place++;
        if (may_ask(*question) && start(question) != 0) return;
    }
}

// 0, or the system's error number.
int Threads::start(const std::shared_ptr<Question>& question) {
    auto first = std::make_unique<std::shared_ptr<Question>>(question);
    if (const int error = create_thread(first.get()); error != 0) return error;
    (void)first.release();  // The thread's.
    ++thread_count_;
    waiting_.erase(question->place);
    note_asked(question);
    return 0;
}

void Threads::note_asked(const std::shared_ptr<Question>& question) {
    question->phase = Question::Phase::asked;
    question->asked_at = std::chrono::steady_clock::now();
    ++asked_[question->host];
}

// It is over. Returns who waits for the answer.
std::vector<Asker> Threads::note_answered(Question& question) {
    if (question.phase == Question::Phase::asked) {
        if (question.askers.empty()) --abandoned_count_;
        const auto of_host = asked_.find(question.host);
        if (--of_host->second == 0) asked_.erase(of_host);
    }
    question.phase = Question::Phase::answered;
    const auto shared = systems_.find({question.host, question.port});
    if (shared != systems_.end() && shared->second.get() == &question) systems_.erase(shared);
    return std::exchange(question.askers, {});
}

// Null: the thread that asks is to end. `unwanted`: what was to be asked for nobody.
std::shared_ptr<Question> Threads::next(std::vector<Lookup>& unwanted) {
    for (auto place = waiting_.begin(); place != waiting_.end();) {
        std::shared_ptr<Question> question = *place;
        std::erase_if(question->askers, [](const Asker& one) { return !one.is_there(); });
        if (question->askers.empty()) {
            (void)note_answered(*question);
            unwanted.push_back(std::move(question->lookup));
            place = waiting_.erase(place);
        } else if (may_ask(*question)) {
            waiting_.erase(place);
            note_asked(question);
            return question;
        } else {
            ++place;
        }
    }
    return nullptr;
}

void Threads::answer(Question& question) {
    Resolved resolved = question.lookup(question.host, question.port);
    if (!resolved.error && resolved.value.empty()) resolved = failed(question.host, EAI_NONAME);
    question.lookup = {};
    std::vector<Asker> askers;
    {
        const Guard lock(mutex_);
        askers = note_answered(question);
    }
    for (const Asker& asker : askers) post_answer(*asker.link, asker.token, resolved);
}

void* Threads::run(void* first) {
    Threads& threads = of_process();
    const std::unique_ptr<std::shared_ptr<Question>> given(
        static_cast<std::shared_ptr<Question>*>(first));
    std::shared_ptr<Question> question = std::move(*given);
    while (question) {
        threads.answer(*question);
        std::vector<Lookup> unwanted;  // Destroyed when nothing is locked.
        const Guard lock(threads.mutex_);
        --threads.thread_count_;
        question = threads.next(unwanted);
        if (question) ++threads.thread_count_;
    }
    return nullptr;
}

int Threads::create_thread(std::shared_ptr<Question>* question) noexcept {
    pthread_attr_t attributes;
    if (const int error = ::pthread_attr_init(&attributes); error != 0) return error;
    ::pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    // The application's signals are for the application's threads.
    sigset_t all;
    sigset_t own;
    sigfillset(&all);
    const bool is_masked = ::pthread_sigmask(SIG_SETMASK, &all, &own) == 0;
    pthread_t thread{};
    const int error = ::pthread_create(&thread, &attributes, run, question);
    if (is_masked) ::pthread_sigmask(SIG_SETMASK, &own, nullptr);
    ::pthread_attr_destroy(&attributes);
    return error;
}

}  // namespace

// It is never destroyed, as a thread may still name it at the end, and it takes no memory, as there
// may be none.
const std::error_category& resolve_category() noexcept {
    alignas(ResolveCategory) static std::array<std::byte, sizeof(ResolveCategory)> place;
    static const ResolveCategory& category = *new (place.data()) ResolveCategory;
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
    if (is_bracketed && (literal.error || literal.value.at(0).family() != AF_INET6)) {
        return failed(host, EAI_NONAME);
    }
    if (!literal.error) return literal;
    // Of a zone that this machine does not have: no name server knows it either.
    if (host.find('%') != std::string::npos) return failed(host, EAI_NONAME);
    return std::nullopt;
}

Token resolve(Reactor& reactor, ResolveRequest request, Function<void(Resolved)> done) {
    require_callable(request.lookup, "resolve(): ResolveRequest::lookup");
    require_callable(done, "resolve()");
    auto resolution = std::make_unique<Resolution>(reactor, std::move(done));
    reactor.add(*resolution);
    Resolution& waiting = *resolution.release();  // The loop owns it now.
    const Token token = waiting.token();
    if (std::optional<Resolved> answer = resolve_at_once(request.host, request.port)) {
        post_answer(*reactor.link(), token, std::move(*answer));
        return token;
    }
    const std::string host = request.host;
    const Threads::Submitted submitted =
        Threads::of_process().submit(std::move(request), {.link = reactor.link(), .token = token});
    if (submitted.error == 0) {
        waiting.wait_for(submitted);
    } else {
        post_answer(*reactor.link(), token,
                    failed(host, {submitted.error, std::system_category()}));
    }
    return token;
}

}  // namespace edgews
