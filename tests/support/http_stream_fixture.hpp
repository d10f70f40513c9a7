// A server with an answer that is streamed, and what its client asks of it.
#pragma once

#include <edgews/server.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "test_server.hpp"

namespace edgews::test {

class HttpStreamFixture : public testing::Test {
  protected:
    HttpStreamFixture() {
        server_->get("/now", [](const Request&, Response& answer) { answer.body = "now"; });
        server_->get("/stream", [this](const Request& asked, Response&) {
            Response head{.status = 201};
            head.headers.add("X-Own", "1");
            begin(asked, std::move(head));
        });
        server_->get("/throws", [this](const Request& asked, Response&) {
            begin(asked, {.body = "a beginning"});
            throw std::runtime_error("oh");
        });
    }

    void begin(const Request& asked, Response head) {
        StreamOptions options = options_;
        options.gone = [this] { notes_.add("gone"); };
        if (!options.drain) options.drain = [this] { notes_.add("drain"); };
        stream_ = asked.stream(std::move(head), std::move(options));
        notes_.add("begun");
    }
    TestClient ask(std::string_view text, ClientOptions options = {}) {
        TestClient client = server_.connect(options);
        client.send(text);
        return client;
    }
    // What the loop's thread does with the stream.
    template <class F>
    auto with_stream(F function) {
        return server_.on_loop([this, function] { return function(stream_); });
    }
    ResponseStream wait_for_stream() {
        (void)notes_.wait_for(1);
        return server_.on_loop([this] { return stream_; });
    }
    // So that all that was written has been given to the socket, as far as that takes it.
    void wait_for_turn() {
        server_.on_loop([] {});
    }
    void let_go() {
        server_.on_loop([this] { stream_ = {}; });
    }

    StreamOptions options_{};
    ResponseStream stream_{};  // The loop's.
    Notes notes_{};
    TestServer server_;  // It goes first: it tells of streams to its end.
};

}  // namespace edgews::test
