// Reading that is paused in the midst of what one compressed frame stands for.
#include <edgews/deflate.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "codecs.hpp"
#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

class DeflatePause : public testing::Test {
  protected:
    DeflatePause() {
        server_->ws("/",
                    {.open = [this](Connection& c) { handle_ = c.handle(); },
                     .message_begin = [this](Connection&, Message::Kind) { notes_.add("begin"); },
                     .message_chunk =
                         [this](Connection& c, auto bytes) {
                             size_ += bytes.size();
                             notes_.add("chunk");
                             c.pause_reading();
                         },
                     .message_end =
                         [this](Connection& c) {
                             notes_.add("end");
                             c.pause_reading();
                         },
                     .ping = [this](Connection&, auto) { notes_.add("ping"); },
                     .close = [this](Connection&, CloseEvent e) { notes_.add(describe(e)); }},
                    {.message_size_max = 64 << 20, .compression = deflate()});
        server_.start();
    }
    void resume() {
        handle_.post([](Connection& c) { c.resume_reading(); });
    }
    // Resumes until the last note is `note`, one part at a time.
    List resume_until(std::string_view note) {
        List all = notes_.all();
        while (all.empty() || all.back() != note) {
            resume();
            all = notes_.wait_for(all.size() + 1);
            for (int i = 0; i < 2; ++i) server_.on_loop([] {});
            EXPECT_EQ(notes_.all().size(), all.size()) << "more than one part at a time";
            all = notes_.all();
        }
        return all;
    }
    static Bytes packed(std::string_view text) {
        const auto compression = deflate();
        const auto loop = compression->open();
        return compress(*loop->make_codec({.server_no_context_takeover = true,
                                           .client_no_context_takeover = true},
                                          Role::client),
                        text);
    }

    Notes notes_;
    Handle handle_;
    std::size_t size_ = 0;
    TestServer server_;
};

TEST_F(DeflatePause, each_part_waits_for_its_turn_and_the_end_too) {
    constexpr std::size_t size = 300'000;  // In a frame of some 300 bytes.
    TestClient client = server_.open("/",
                                     "Sec-WebSocket-Extensions: permessage-deflate; "
                                     "client_no_context_takeover; server_no_context_takeover\r\n");
    const std::string small = text_of(packed(std::string(size, 'z')));
    client.send(client_frame(0xC1, small) + client_frame(0x89, "p") +
                client_frame(0x41, small.substr(0, 100)) + client_frame(0x80, small.substr(100)));
    EXPECT_EQ(notes_.wait_for(2), (List{"begin", "chunk"}));
    const List first = resume_until("end");
    EXPECT_EQ(size_, size);
    EXPECT_GT(first.size(), size / 16'384);
    resume();
    // The ping, and the next message.
    EXPECT_EQ(notes_.wait_for(first.size() + 3).at(first.size()), "ping");
    (void)resume_until("end");
    EXPECT_EQ(size_, 2 * size);
    resume();
    client.expect_frame(0x8A, "p");
    client.close_cleanly();
}

}  // namespace
}  // namespace edgews::test
