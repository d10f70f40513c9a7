// expect: an endpoint's close must be a public close(Connection&, CloseEvent)
#include <edgews/edgews.hpp>

struct Chat {
    void open(edgews::Connection&) {}
    void close(edgews::Connection&, int) {}
};

int main() {
    edgews::Server server;
    server.ws<Chat>("/");
}
