// expect: marked 'override', but does not override
#include <edgews/edgews.hpp>

struct Chat : edgews::EndpointBase {
    void open(edgews::Connection&) override {}
    void mesage(edgews::Connection&, edgews::Message) override {}
};

int main() {
    edgews::Server server;
    server.ws<Chat>("/");
}
