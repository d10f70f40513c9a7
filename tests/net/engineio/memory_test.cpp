// What a session takes from the heap.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "engineio_server.hpp"
#include "tests/support/allocations.hpp"

namespace edgews::test {
namespace {

using engineio::Packet;

class Echo final : public engineio::Application {
  public:
    class EchoGuest final : public engineio::Guest {
      public:
        explicit EchoGuest(engineio::Session& session) : session_(session) {}
        void take(const Packet& message) override { static_cast<void>(session_.send(message)); }
        void ended(engineio::EndReason) override {}
        void leaving() override {}
        void arrived(engineio::Expected&) override {}

      private:
        engineio::Session& session_;
    };
    std::unique_ptr<engineio::Guest> open(engineio::Session& session) override {
        return std::make_unique<EchoGuest>(session);
    }
    std::unique_ptr<engineio::Expected> expect(std::string_view, Loop&, Loop&) override {
        return std::make_unique<engineio::Expected>();
    }
};

TEST(EngineIoMemory, a_message_on_a_websocket_takes_none) {
    for (const bool is_v3 : {false, true}) {
        SCOPED_TRACE(is_v3);
        Echo echo;
        engineio::Host host(echo, {.transports = {.v3 = true}});
        TestServer server;
        host.attach(*server.operator->());
        server.start();
        TestClient client = server.open(is_v3 ? "/engine.io/?EIO=3&transport=websocket"
                                              : EngineIoServer::websocket_path());
        (void)client.read_frame();
        const std::string bytes = is_v3 ? "\x04\x01\x02" : "\x01\x02";
        const auto talk = [&](int count) {
            for (int i = 0; i < count; ++i) {
                client.send_text("4hello");
                client.expect_text("4hello");
                client.send_frame(0x82, bytes);
                client.expect_frame(0x82, bytes);
            }
        };
        const auto count_here = [&] { return server.on_loop([] { return allocation_count(); }); };
        talk(10);
        const std::size_t before = count_here();
        const std::size_t asked = count_here() - before;  // That it takes to ask.
        const std::size_t begin = count_here();
        talk(100);
        EXPECT_EQ(count_here() - begin, asked);
    }
}

}  // namespace
}  // namespace edgews::test
