// Checks that a broker holds whatever its clients say: three sessions are led by the input, which
// says who speaks what, whole or in part, who is read, and who vanishes.
//
// - No assert fails, and no rule of memory or arithmetic is broken.
// - What a session writes are whole frames, as a reader of its version understands them; after
//   ERROR it writes nothing.
// - A destination has one spelling when it is asked about.
// - A queue has as many messages as wait in it and are with its consumers.
// - When all have left there is no queue without messages, and no topic.
//
// The first byte chooses the limits. Then each step is a byte that says who and what, and its
// arguments; text is a byte for its size, and so many bytes.
#include "core/base/buffer.hpp"
#include "core/stomp/broker.hpp"
#include "core/stomp/frame_reader.hpp"
#include "core/stomp/session.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace edgews;
using namespace edgews::stomp;

namespace {

void require(bool promise) {
    if (!promise) std::abort();
}

// Takes the input apart.
class Script {
  public:
    explicit Script(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
    [[nodiscard]] bool is_over() const { return bytes_.empty(); }
    std::uint8_t byte() {
        if (bytes_.empty()) return 0;
        const std::uint8_t value = bytes_.front();
        bytes_ = bytes_.subspan(1);
        return value;
    }
    std::string_view text() {
        const std::size_t size = std::min<std::size_t>(byte(), bytes_.size());
        const std::string_view text(reinterpret_cast<const char*>(bytes_.data()), size);
        bytes_ = bytes_.subspan(size);
        return text;
    }

  private:
    std::span<const std::uint8_t> bytes_;
};

struct World {
    explicit World(std::uint8_t choice) : broker(broker_options(choice)) {
        options.transaction_count_max = 2;
        options.transaction_frame_count_max = 6;
        options.transaction_size_max = 4000;
        if ((choice & 64) != 0) {
            options.frame = {.header_count_max = 6,
                             .header_size_max = 60,
                             .head_size_max = 200,
                             .body_size_max = 100};
        }
    }

    static BrokerOptions broker_options(std::uint8_t choice) {
        BrokerOptions options;
        options.queue.when_full = static_cast<WhenFull>(choice % 4 % 3);
        options.when_slow = static_cast<WhenSlow>(choice / 4 % 4);
        if ((choice & 16) != 0) options.queue.message_count_max = 3;
        if ((choice & 16) != 0) options.queue.size_max = 1500;
        if ((choice & 32) != 0) options.backlog_size_max = 1200;
        if ((choice & 32) != 0) options.backlog_size_cap = 3000;
        options.slow_after_ms = 600;
        options.delivery_count_max = (choice & 128) != 0 ? 2 : 0;
        options.dead_letter_queue = (choice & 128) != 0 ? "/queue/d" : "";
        options.destination_count_max = 6;
        options.memory_max = (choice & 64) != 0 ? 30'000 : 300'000;
        options.unused_queue_timeout_ms = (choice & 32) != 0 ? 2'000 : 0;
        options.subscription_count_max = 5;
        options.prefetch_count = 5;
        return options;
    }

    SessionOptions options;
    BufferPool buffers{0};
    ContentPool contents{"m"};
    Watch watch;
    Broker broker;
};

class Client {
  public:
    Client(World& world, const std::string& id)
        : world_(world),
          session_(world.options, world.broker, world.contents, world.buffers, id),
          reader_(limits_, world.buffers) {
        session_.outbox().watch = &world.watch;
    }
    ~Client() { session_.leave(); }

    void say(std::string_view text) {
        input_ += text;
        feed();
    }

    // Its session has something to do.
    void attend() {
        session_.attend();
        if (is_blocked_ && session_.outbox().may_try_again && !session_.is_over()) {
            is_blocked_ = false;
            if (is_undone_) carry_out();
            feed();
        }
        read_output();
    }

    // The client is read: as much as that.
    void drain(std::size_t size_max) {
        if (session_.is_over()) return;
        std::vector<Outgoing> outgoing;
        static_cast<void>(world_.broker.collect(session_.outbox(), size_max, outgoing));
        for (const Outgoing& message : outgoing) {
            std::string frame;
            const std::string_view head = session_.append_front(message, frame);
            frame += head;
            const auto body = message.content.body_and_end();
            frame.append(reinterpret_cast<const char*>(body.data()), body.size());
            read(frame);
        }
    }

    // The name of a message that it got, as an ACK has it.
    [[nodiscard]] std::string name(std::size_t index) const {
        return names_.empty() ? "" : names_[index % names_.size()];
    }
    void refuse_next() { will_refuse_ = true; }
    void end() {
        world_.broker.end(session_.outbox(), Fault::closed_by_server, "as the input says");
    }
    [[nodiscard]] Session& session() { return session_; }

  private:
    void feed() {
        if (is_blocked_) return;
        // Exactly its size, and gone afterwards.
        const std::vector<char> taken(input_.begin(), input_.end());
        input_.clear();
        std::span<const std::byte> input = std::as_bytes(std::span(taken));
        while (const Request* const request = session_.next(input)) {
            require(request->frame != nullptr && request->frame->fault == Fault::none);
            require(has_one_spelling(*request));
            answer(*request);
            if (is_blocked_) break;
        }
        if (is_blocked_) input_.assign(reinterpret_cast<const char*>(input.data()), input.size());
        require(is_blocked_ || input.empty());
        read_output();
    }

    // Of what hooks are shown.
    static bool has_one_spelling(const Request& request) {
        if (request.destination.empty()) return true;
        std::string storage;
        return canonical(request.destination, storage).text == request.destination &&
               request.frame->find("destination") == request.destination;
    }

    void answer(const Request& request) {
        if (std::exchange(will_refuse_, false)) {
            return session_.refuse(Fault::access_refused, "as the input says");
        }
        switch (request.kind) {
            case Request::Kind::connect:
                return session_.accept(request.frame->find("login").value_or(""));
            case Request::Kind::application: return session_.answered();
            default: carry_out();
        }
    }

    void carry_out() {
        is_undone_ = session_.carry_out() == Outcome::blocked;
        is_blocked_ = session_.outbox().has_to_wait();
    }

    void read_output() {
        if (session_.is_connected()) reader_.set_version(session_.version());
        const std::string output = std::exchange(session_.output(), {});
        if (!output.empty()) read(output);
        if (session_.is_over()) session_.leave();
    }

    void read(std::string_view bytes) {
        std::span<const std::byte> input = std::as_bytes(std::span(bytes));
        while (!input.empty()) {
            require(!had_error_);
            const Frame* const frame = reader_.next(input);
            require(frame != nullptr);
            require(frame->fault == Fault::none);
            note(*frame);
        }
        require(!reader_.is_inside_frame());
    }

    void note(const Frame& frame) {
        had_error_ = frame.command == Command::error;
        require(!had_error_ || session_.is_over());
        require(frame.body.empty() || had_error_ || frame.command == Command::message);
        if (frame.command != Command::message) return;
        require(frame.find("destination").has_value());
        const bool is_1_2 = session_.version() == Version::v1_2;
        const auto id = frame.find(is_1_2 ? "ack" : "message-id");
        if (!id) return;
        names_.push_back((is_1_2 ? "id:" : "message-id:") + std::string(*id) + "\nsubscription:" +
                         std::string(frame.find("subscription").value_or("")) + '\n');
    }

    World& world_;
    Session session_;
    FrameLimits limits_;
    FrameReader reader_;
    std::string input_;
    bool is_blocked_ = false;
    bool is_undone_ = false;  // What it said last has to be carried out again.
    bool will_refuse_ = false;
    bool had_error_ = false;
    std::vector<std::string> names_;
};

class Play {
  public:
    Play(std::uint8_t choice, Script& script) : world_(choice), script_(script) {
        for (std::size_t i = 0; i < clients_.size(); ++i) join(i);
    }

    void run() {
        while (!script_.is_over()) {
            step();
            serve();
            check_counts();
        }
        clients_ = {};
        serve();
        check_counts();
        world_.broker.visit_queues([](const Queue& queue) {
            require(queue.count() > 0);
            require(queue.count() == queue.waiting_count());
            require(queue.consumer_count() == 0);
            require(queue.blocked.is_empty());
        });
        require(world_.broker.topics().count() == 0);
        require(world_.broker.topics().shape_count() == 0);
        const Accounts& accounts = world_.broker.accounts();
        require(accounts.total(Common::backlog) == 0);
        require(accounts.total(Common::topics) == 0);
        // What is left is in queues.
        const bool has_queues = world_.broker.queue_count() > 0;
        require((accounts.total(Common::memory) > 0) == has_queues);
        require(has_queues || accounts.user_count() == 0);
        world_.broker.topics().visit([](std::string_view, const Topic&) { std::abort(); });
        require(world_.broker.next_attention() == nullptr);
        require(world_.watch.over.is_empty());
    }

  private:
    void join(std::size_t index) {
        clients_[index] = std::make_unique<Client>(
            world_, std::string(session_id_prefix) + std::to_string(++joined_count_));
    }

    void step() {
        const std::uint8_t what = script_.byte();
        const std::size_t index = what % clients_.size();
        Client& client = *clients_[index];
        switch (what / 3 % 12) {
            case 0: return join(index);
            case 1: return client.drain(script_.byte() * 8U);
            case 2: return client.say(script_.text());
            case 3: return client.say(std::string(script_.text()) + '\0');
            case 4: return connect(client);
            case 5: return say_frame(client, "SUBSCRIBE\nid:" + id() + "destination:");
            case 6: return say_frame(client, "SEND\ndestination:");
            case 7: return settle(client);
            case 8: return say_frame(client, transaction_command() + "\ntransaction:t\nk:");
            case 9: return say_frame(client, "UNSUBSCRIBE\nid:" + id() + "k:");
            case 10: return pass_time();
            default: return script_.byte() % 2 == 0 ? client.end() : client.refuse_next();
        }
    }

    void pass_time() {
        now_ms_ += 300;
        world_.broker.set_time(now_ms_);
        while (world_.broker.judge(world_.watch, now_ms_)) {
        }
    }

    void connect(Client& client) {
        const std::uint8_t how = script_.byte();
        std::string frame = "CONNECT\n";
        if (how % 4 != 3) frame += "accept-version:1." + std::to_string(how % 4) + '\n';
        if ((how & 4) != 0) frame += "login:joe\n";
        client.say(frame + '\n' + '\0');
    }

    void settle(Client& client) {
        const std::string command = script_.byte() % 2 == 0 ? "ACK\n" : "NACK\n";
        const std::uint8_t index = script_.byte();
        say_frame(client, command + client.name(index) + "k:");
    }

    // `frame` lacks a destination; then come more headers, and a body.
    void say_frame(Client& client, std::string frame) {
        frame += destination();
        frame += '\n';
        constexpr std::array<std::string_view, 12> headers = {
            "transaction:t\n",
            "receipt:r\n",
            "ack:client\n",
            "ack:client-individual\n",
            "prefetch-count:1\n",
            "requeue:false\n",
            "expires:1000\n",
            "expires:2000\n",
            "reply-to:/temp-queue/a\n",
            "k:a\\c\\nb\n",
            "content-length:3\n",
            "k:::::::::::::::::::::::::::::::::::::::::::\n"};
        unsigned chosen = script_.byte();
        chosen |= static_cast<unsigned>(script_.byte()) << 8;
        for (std::size_t i = 0; i < headers.size(); ++i) {
            if ((chosen >> i & 1) != 0) frame += headers[i];
        }
        frame += '\n';
        if ((chosen & 0x1000) != 0) frame += script_.text();
        if ((chosen & 0x400) != 0) frame += std::string("a\0b", 3);
        client.say(frame + '\0');
    }

    std::string id() { return std::to_string(script_.byte() % 4) + '\n'; }
    std::string transaction_command() {
        constexpr std::array<std::string_view, 3> commands = {"BEGIN", "COMMIT", "ABORT"};
        return std::string(commands[script_.byte() % commands.size()]);
    }
    std::string destination() {
        constexpr std::array<std::string_view, 16> names = {"/topic/a",
                                                            "/topic/a.b",
                                                            "/topic/*",
                                                            "/topic/a.*",
                                                            "/topic/a.#",
                                                            "/queue/a",
                                                            "/queue/b",
                                                            "/queue/d",
                                                            "/app/%61",
                                                            "/temp-queue/a",
                                                            "/temp-queue/session-2/a",
                                                            "/user/queue/a",
                                                            "/user/%6aoe/queue/a",
                                                            "/user/session-1/queue/a",
                                                            "/topic/**",
                                                            "/queue/c"};
        return std::string(names[script_.byte() % names.size()]);
    }

    void serve() {
        while (Outbox* const outbox = world_.broker.next_attention()) {
            for (const auto& client : clients_) {
                if (&client->session().outbox() == outbox) client->attend();
            }
        }
    }

    // What consumers of a queue have in front of them is either waiting or unsettled.
    void check_counts() {
        std::map<const Queue*, std::size_t> with_consumers;
        for (const auto& client : clients_) {
            if (!client) continue;
            client->session().outbox().visit([&](const Subscription& subscription) {
                if (subscription.queue == nullptr) return;
                with_consumers[subscription.queue] +=
                    subscription.waiting_count() + subscription.unsettled_count();
            });
        }
        world_.broker.visit_queues([&](const Queue& queue) {
            require(queue.count() == queue.waiting_count() + with_consumers[&queue]);
            require(!queue.is_unused());
            require(queue.count() > 0 || queue.size() == 0);
        });
    }

    World world_;
    Script& script_;
    std::array<std::unique_ptr<Client>, 3> clients_;
    int joined_count_ = 0;
    std::uint64_t now_ms_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Script script(std::span(data, size));
    const std::uint8_t choice = script.byte();
    Play(choice, script).run();
    return 0;
}
