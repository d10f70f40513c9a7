// What is known of sockets and their addresses.
#include <netinet/in.h>
#include <sys/un.h>

#include <gtest/gtest.h>

#include "net/stream/socket.hpp"

#include <cstddef>
#include <cstring>
#include <string>

namespace edgews {
namespace {

TEST(Socket, a_path_has_an_address_if_there_is_room_for_it_and_its_end) {
    const std::size_t size_max = sizeof(sockaddr_un::sun_path) - 1;
    const SocketAddress longest = unix_socket_address(std::string(size_max, 'x'));
    EXPECT_EQ(longest.family(), AF_UNIX);
    EXPECT_EQ(longest.size, sizeof(sockaddr_un));
    EXPECT_EQ(unix_socket_address(std::string(size_max + 1, 'x')).size, 0U);
}

TEST(Socket, an_abstract_name_begins_with_nul_and_ends_with_its_address) {
    const std::size_t size_max = sizeof(sockaddr_un::sun_path);
    const SocketAddress address = unix_socket_address("@ab");
    EXPECT_EQ(address.size, offsetof(sockaddr_un, sun_path) + 3);
    sockaddr_un parts{};
    std::memcpy(&parts, address.get(), address.size);
    EXPECT_EQ(std::string(parts.sun_path, 3), std::string("\0ab", 3));
    EXPECT_EQ(unix_socket_address('@' + std::string(size_max - 1, 'x')).size, sizeof(sockaddr_un));
    EXPECT_EQ(unix_socket_address('@' + std::string(size_max, 'x')).size, 0U);
    EXPECT_FALSE(is_abstract("./@ab"));
    EXPECT_FALSE(is_abstract(""));
}

TEST(Socket, one_that_is_connected_to_itself_is_told_from_others) {
    const Fd own(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const Fd other(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    for (const Fd* fd : {&own, &listener}) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ASSERT_EQ(::bind(fd->get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    }
    ASSERT_EQ(::listen(listener.get(), 1), 0);
    EXPECT_FALSE(is_connected_to_itself(own));  // Not yet.
    const SocketAddress own_address = local_address(own);
    ASSERT_EQ(::connect(own.get(), own_address.get(), own_address.size), 0);
    EXPECT_TRUE(is_connected_to_itself(own));
    const SocketAddress listening = local_address(listener);
    ASSERT_EQ(::connect(other.get(), listening.get(), listening.size), 0);
    EXPECT_FALSE(is_connected_to_itself(other));
    EXPECT_FALSE(is_connected_to_itself(Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))));
}

}  // namespace
}  // namespace edgews
