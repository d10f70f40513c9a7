// A server of Engine.IO whose guests do what the test has told them, and note what befalls them.
//
//     EngineIoServer server({.loops = 4});
//     const std::string id = server.open_polling();
//     EXPECT_EQ(server.post(id, "4hello").body, "ok");
//     EXPECT_EQ(server.poll(id).body, "4hello");
//
// Each request has a connection of its own, so that with several loops it arrives anywhere.
#pragma once

#include <edgews/loop.hpp>
#include "net/engineio/application.hpp"
#include "net/engineio/host.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tests/support/test_server.hpp"

namespace edgews::test {

inline constexpr std::string_view engineio_path = "/engine.io/?EIO=4&transport=";

class EngineIoServer {
  public:
    using Session = engineio::Session;
    using Packet = engineio::Packet;
    struct Setup {
        unsigned loops = 1;
        engineio::Options options{};
        std::size_t memory_max = 0;
    };

    explicit EngineIoServer(Setup setup)
        : application_(*this),
          host_(std::make_unique<engineio::Host>(application_, std::move(setup.options))),
          server_(std::make_unique<TestServer>(
              ServerOptions{.loops = setup.loops, .memory_max = setup.memory_max})) {
        host_->attach(*server_->operator->());
    }
    explicit EngineIoServer(unsigned loops = 1) : EngineIoServer(Setup{.loops = loops}) {}

    void start() { server_->start(); }
    [[nodiscard]] TestServer& server() { return *server_; }
    [[nodiscard]] engineio::Host& host() { return *host_; }
    // "opened", "took hello", "leaving", "arrived", "ended client_closed".
    [[nodiscard]] Notes& notes() { return notes_; }
    void destroy_server() { server_.reset(); }

    // What guests do besides. Before start(). The default of `take` sends each message back.
    std::function<bool(Session&)> on_open = [](Session&) { return true; };
    std::function<void(Session&, const Packet&)> on_take =
        [](Session& session, const Packet& message) { static_cast<void>(session.send(message)); };
    std::function<void(Session&)> on_leaving{}, on_arrived{}, on_ended{};

    // ---- Clients ----

    static std::string polling_path(std::string_view id) {
        return std::string(engineio_path) + "polling&sid=" + std::string(id);
    }
    static std::string websocket_path(std::string_view id = "") {
        return std::string(engineio_path) + "websocket" +
               (id.empty() ? "" : "&sid=" + std::string(id));
    }
    static std::string post_text(std::string_view id, std::string_view body) {
        return "POST " + polling_path(id) +
               " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
               "\r\n\r\n" + std::string(body);
    }
    static std::string id_in(std::string_view open) {
        const std::size_t begin = open.find("\"sid\":\"");
        if (!open.starts_with("0{") || begin == std::string_view::npos) {
            throw std::runtime_error("no OPEN: " + std::string(open));
        }
        return std::string(open.substr(begin + 7, 20));
    }
    [[nodiscard]] TestClient connect() const { return server_->connect(); }
    // Its id.
    [[nodiscard]] std::string open_polling() const {
        return id_in(connect().get(std::string(engineio_path) + "polling").body);
    }
    [[nodiscard]] HttpReply poll(std::string_view id) const {
        return connect().get(polling_path(id));
    }
    // A poll whose answer is read later.
    [[nodiscard]] TestClient begin_poll(std::string_view id) {
        TestClient client = connect();
        client.send(TestClient::get_head(polling_path(id)));
        wait_until_held(id);
        return client;
    }
    [[nodiscard]] HttpReply post(std::string_view id, std::string_view body) const {
        TestClient client = connect();
        client.send(post_text(id, body));
        return client.read_reply();
    }
    struct Opened {
        TestClient client;
        std::string id;
    };
    [[nodiscard]] Opened open_websocket() const {
        TestClient client = server_->open(websocket_path());
        std::string id = id_in(client.read_frame().text());
        return {std::move(client), std::move(id)};
    }
    // A WebSocket of that session, which has been answered 3probe.
    [[nodiscard]] TestClient probe(std::string_view id) const {
        TestClient client = server_->open(websocket_path(id));
        client.send_text("2probe");
        client.expect_text("3probe");
        return client;
    }
    // The same where it may not be known yet that the last one is gone.
    [[nodiscard]] TestClient probe_again(std::string_view id) const {
        for (;;) {
            TestClient client = server_->open(websocket_path(id));
            client.send_text("2probe");
            if (client.read_frame().text() == "3probe") return client;
        }
    }

    // ---- Sessions ----

    // Runs function(Session&) on the loop of that session, and waits for it. Requires: it is there.
    template <class F>
    void with_session(std::string_view id, F function) {
        std::promise<void> done;
        {
            const std::lock_guard lock(mutex_);
            const auto found = sessions_.find(std::string(id));
            if (found == sessions_.end()) throw std::runtime_error("there is no such session");
            Session& session = *found->second.session;
            found->second.loop->post([&session, &function, &done] {
                function(session);
                done.set_value();
            });
        }
        if (done.get_future().wait_for(time_limit) != std::future_status::ready) {
            throw std::runtime_error("its loop does not turn");
        }
    }
    void wait_until(std::string_view id, const std::function<bool(Session&)>& is_so) {
        const auto end = std::chrono::steady_clock::now() + time_limit;
        for (bool is = false; !is;) {
            with_session(id, [&](Session& session) { is = is_so(session); });
            if (std::chrono::steady_clock::now() > end) throw std::runtime_error("it never was so");
        }
    }
    void wait_until_held(std::string_view id) {
        wait_until(id, [](const Session& session) { return session.is_writable(); });
    }
    // Until all loops have done what was posted to them by now.
    void wait_for_loops() {
        for (std::size_t i = 0; i < (*server_)->loop_count(); ++i) server_->on_loop([] {}, i);
    }
    void wait_for_no_session() {
        server_->wait_until([this] { return host_->session_count() == 0; });
        wait_for_loops();  // And its guest knows.
    }

  private:
    class NotingGuest final : public engineio::Guest {
      public:
        NotingGuest(EngineIoServer& server, Session& session)
            : server_(server), session_(session), id_(session.id()) {
            server_.remember(session_);
            server_.notes_.add("opened");
        }
        ~NotingGuest() override { EXPECT_TRUE(has_ended_); }
        void take(const Packet& message) override {
            expect_own_loop();
            server_.notes_.add((message.is_binary ? "took binary " : "took ") +
                               std::string(message.text()));
            server_.on_take(session_, message);
        }
        void ended(engineio::EndReason reason) override {
            EXPECT_FALSE(std::exchange(has_ended_, true));
            EXPECT_TRUE(!is_away_ || server_.on_leaving);  // Which may have closed it.
            EXPECT_EQ(session_.send(Packet::of_text(engineio::PacketType::message, "late")),
                      SendResult::closed);
            server_.forget(id_);
            if (server_.on_ended) server_.on_ended(session_);
            server_.notes_.add("ended " + name_of(reason));
        }
        void leaving() override {
            expect_own_loop();
            EXPECT_FALSE(std::exchange(is_away_, true));
            server_.forget(id_);
            server_.notes_.add("leaving");
            if (server_.on_leaving) server_.on_leaving(session_);
        }
        void arrived(engineio::Expected& expected) override {
            expect_own_loop();
            EXPECT_TRUE(std::exchange(is_away_, false));
            const auto& own = dynamic_cast<const NotingExpected&>(expected);
            EXPECT_EQ(own.id, id_);
            EXPECT_EQ(own.here, Loop::current());
            server_.remember(session_);
            server_.notes_.add("arrived");
            if (server_.on_arrived) server_.on_arrived(session_);
        }

      private:
        void expect_own_loop() const {
            EXPECT_EQ(&session_.loop(), Loop::current());
            EXPECT_FALSE(has_ended_);
        }

        EngineIoServer& server_;
        Session& session_;
        const std::string id_;
        bool has_ended_ = false, is_away_ = false;
    };

    class NotingExpected final : public engineio::Expected {
      public:
        NotingExpected(std::string_view of, Loop& loop) : id(of), here(&loop) {}
        ~NotingExpected() override {
            EXPECT_TRUE(Loop::current() == here || Loop::current() == nullptr);
        }
        const std::string id;
        Loop* const here;
    };

    class NotingApplication final : public engineio::Application {
      public:
        explicit NotingApplication(EngineIoServer& server) : server_(server) {}
        std::unique_ptr<engineio::Guest> open(Session& session) override {
            EXPECT_EQ(&session.loop(), Loop::current());
            if (!server_.on_open(session)) return nullptr;
            return std::make_unique<NotingGuest>(server_, session);
        }
        std::unique_ptr<engineio::Expected> expect(std::string_view id, Loop&,
                                                   Loop& here) override {
            EXPECT_EQ(&here, Loop::current());
            return std::make_unique<NotingExpected>(id, here);
        }

      private:
        EngineIoServer& server_;
    };

    struct Known {
        Session* session;
        Loop* loop;
    };

    static std::string name_of(engineio::EndReason reason) {
        switch (reason) {
            case engineio::EndReason::client_closed: return "client_closed";
            case engineio::EndReason::transport_closed: return "transport_closed";
            case engineio::EndReason::ping_timeout: return "ping_timeout";
            case engineio::EndReason::packet_malformed: return "packet_malformed";
            case engineio::EndReason::server_closed: return "server_closed";
            case engineio::EndReason::shutting_down: return "shutting_down";
        }
        return "?";
    }
    void remember(Session& session) {
        const std::lock_guard lock(mutex_);
        sessions_[std::string(session.id())] = {&session, &session.loop()};
    }
    void forget(const std::string& id) {
        const std::lock_guard lock(mutex_);
        sessions_.erase(id);
    }

    Notes notes_;
    std::mutex mutex_;
    std::map<std::string, Known> sessions_;
    NotingApplication application_;
    std::unique_ptr<engineio::Host> host_;
    std::unique_ptr<TestServer> server_;
};

// Each of these tests is for one loop and for several.
class EngineIoTest : public testing::TestWithParam<unsigned> {
  protected:
    [[nodiscard]] static engineio::Packet text(std::string_view what) {
        return engineio::Packet::of_text(engineio::PacketType::message, what);
    }

    EngineIoServer server_{GetParam()};
};

inline std::string loop_count_name(const testing::TestParamInfo<unsigned>& info) {
    return info.param == 1 ? "one_loop" : std::to_string(info.param) + "_loops";
}

}  // namespace edgews::test
