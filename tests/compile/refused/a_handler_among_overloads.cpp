// expect: an endpoint's pong must be a public pong(Connection&, std::span<const std::byte>)
#include <edgews/edgews.hpp>

#include <string>

struct Chat {
    void open(edgews::Connection&) {}
    void pong(edgews::Connection&) {}
    void pong(edgews::Connection&, const std::string&) {}
};

int main() {
    edgews::Server server;
    server.ws<Chat>("/");
}
