// Echo with Boost.Beast, asynchronous, as its documentation advises for speed:
//
// - one thread, and an io_context that knows it and takes no locks;
// - the concrete executor and socket types, not the type-erased ones;
// - permessage-deflate compiled out, no timers, no automatic fragmentation: a server's
//   message then leaves from where it was read, without a copy;
// - one buffer per connection, kept from message to message.
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>

#include <cstddef>
#include <cstdio>
#include <exception>
#include <memory>
#include <utility>

#include "port_option.hpp"

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;

constexpr std::size_t message_size_max = 64 << 20;

// Deletes itself when its connection ends. One operation is under way at any time, so that
// needs no count of references.
class Session {
  public:
    explicit Session(Socket socket) : stream_(std::move(socket)) {}

    void start() {
        stream_.next_layer().set_option(tcp::no_delay(true));
        stream_.auto_fragment(false);
        stream_.read_message_max(message_size_max);
        stream_.async_accept([this](beast::error_code error) {
            if (error) return end();
            read();
        });
    }

  private:
    void read() {
        stream_.async_read(buffer_, [this](beast::error_code error, std::size_t) {
            if (error) return end();
            write();
        });
    }

    void write() {
        stream_.text(stream_.got_text());
        stream_.async_write(buffer_.data(), [this](beast::error_code error, std::size_t) {
            if (error) return end();
            buffer_.clear();
            read();
        });
    }

    void end() { delete this; }

    websocket::stream<Socket, false> stream_;
    beast::flat_buffer buffer_;
};

void accept(Acceptor& acceptor) {
    acceptor.async_accept([&acceptor](beast::error_code error, Socket socket) {
        if (error) {
            std::fprintf(stderr, "accept: %s\n", error.message().c_str());
        } else {
            (new Session(std::move(socket)))->start();
        }
        accept(acceptor);
    });
}

}  // namespace

int main(int argc, char** argv) {
    const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port_option(argc, argv));
    try {
        asio::io_context context(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE);
        Acceptor acceptor(context, endpoint);
        accept(acceptor);
        print_listening(acceptor.local_endpoint().port());
        context.run();
    } catch (const std::exception& exception) {
        std::fprintf(stderr, "%s: %s\n", argv[0], exception.what());
        return 1;
    }
}
