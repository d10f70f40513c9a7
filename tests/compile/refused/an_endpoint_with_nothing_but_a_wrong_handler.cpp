// expect: an endpoint's message must be a public message(Connection&, Message)
#include <edgews/edgews.hpp>

#include <string>

struct Chat {
    void message(edgews::Connection&, const std::string&) {}
};

int main() {
    edgews::Server server;
    server.ws<Chat>("/");
}
