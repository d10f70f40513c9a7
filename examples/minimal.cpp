#include <edgews/edgews.hpp>

int main() {
    edgews::Server server;  // One loop per core.
    server.ws("/echo", {.message = [](edgews::Connection& c, edgews::Message m) { c.send(m); }});
    return server.run({.port = 9001});
}
