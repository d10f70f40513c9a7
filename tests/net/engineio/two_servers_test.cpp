// One host on two servers, of which one ends, while clients of its sessions ask the other one.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "engineio_server.hpp"

namespace edgews::test {
namespace {

class EngineIoTwoServers : public testing::Test {
  protected:
    ~EngineIoTwoServers() override { second_.reset(); }
    void start() {
        second_ = std::make_unique<TestServer>();
        first_.host().attach(*second_->operator->());
        first_.start();
        second_->start();
    }
    void destroy_first() {
        first_.destroy_server();
        EXPECT_EQ(first_.host().session_count(), 0U);
    }

    EngineIoServer first_{};
    std::unique_ptr<TestServer> second_{};
};

TEST_F(EngineIoTwoServers, a_websocket_is_tried_when_its_session_is_gone_with_its_server) {
    start();
    const std::string id = first_.open_polling();
    TestClient client = second_->open(EngineIoServer::websocket_path(id));
    second_->wait_for(Counter::websockets_open, 1);
    destroy_first();
    client.send_text("2probe");
    client.expect_close(1000);
}

TEST_F(EngineIoTwoServers, a_websocket_is_given_up_when_its_session_is_gone_with_its_server) {
    start();
    const std::string id = first_.open_polling();
    TestClient client = second_->open(EngineIoServer::websocket_path(id));
    second_->wait_for(Counter::websockets_open, 1);
    destroy_first();
    client.reset();
    second_->wait_for(Counter::websockets_open, 0);
    EXPECT_EQ(second_->connect().get(EngineIoServer::polling_path(id)).status, 400U);
}

}  // namespace
}  // namespace edgews::test
