// Echo with websocketpp over Boost.Asio, in the leanest configuration that it offers: no TLS,
// no locks, no strands, no logs, no extensions, no time limits. What is received goes back as the
// same message object, whose payload is copied once, into its frame.
//
// Its pool of messages (message_buffer/pool.hpp) is unfinished and does not compile, so each
// message is allocated. Needs C++17: as C++20, gcc 12 finds 13 errors in its headers.
#include <websocketpp/concurrency/none.hpp>
#include <websocketpp/config/asio_no_tls.hpp>
#include <websocketpp/logger/stub.hpp>
#include <websocketpp/server.hpp>

#include <cstddef>
#include <cstdio>
#include <exception>

#include "port_option.hpp"

namespace {

struct Config : websocketpp::config::asio {
    using type = Config;
    using concurrency_type = websocketpp::concurrency::none;
    using alog_type = websocketpp::log::stub;
    using elog_type = websocketpp::log::stub;
    static constexpr bool enable_multithreading = false;
    static constexpr bool enable_extensions = false;
    static constexpr long timeout_open_handshake = 0;  // None.
    static constexpr long timeout_close_handshake = 0;
    static constexpr std::size_t max_message_size = 64 << 20;
    static constexpr websocketpp::log::level alog_level = websocketpp::log::alevel::none;
    static constexpr websocketpp::log::level elog_level = websocketpp::log::elevel::none;

    struct transport_config : websocketpp::config::asio::transport_config {
        using concurrency_type = type::concurrency_type;
        using alog_type = type::alog_type;
        using elog_type = type::elog_type;
        using request_type = type::request_type;
        using response_type = type::response_type;
        using socket_type = websocketpp::transport::asio::basic_socket::endpoint;
        static constexpr bool enable_multithreading = false;
        static constexpr long timeout_socket_post_init = 0;
    };
    using transport_type = websocketpp::transport::asio::endpoint<transport_config>;
};

using Server = websocketpp::server<Config>;
using Handle = websocketpp::connection_hdl;
using Tcp = boost::asio::ip::tcp;

}  // namespace

int main(int argc, char** argv) {
    const Tcp::endpoint endpoint(boost::asio::ip::address_v4::loopback(), port_option(argc, argv));
    try {
        Server server;
        server.init_asio();
        server.set_reuse_addr(true);
        server.set_tcp_pre_init_handler([&server](Handle handle) {
            const Server::connection_ptr connection = server.get_con_from_hdl(handle);
            connection->get_raw_socket().set_option(Tcp::no_delay(true));
        });
        server.set_message_handler([&server](Handle handle, Server::message_ptr message) {
            websocketpp::lib::error_code error;  // Set when it has closed: nothing to do.
            server.send(handle, message, error);
        });
        websocketpp::lib::error_code error;
        server.listen(endpoint, error);
        boost::system::error_code local_error;
        const Tcp::endpoint local = server.get_local_endpoint(local_error);
        if (error || local_error) {
            std::fprintf(stderr, "%s: cannot listen on 127.0.0.1:%u\n", argv[0], endpoint.port());
            return 1;
        }
        server.start_accept();
        print_listening(local.port());
        server.run();
    } catch (const std::exception& exception) {
        std::fprintf(stderr, "%s: %s\n", argv[0], exception.what());
        return 1;
    }
}
