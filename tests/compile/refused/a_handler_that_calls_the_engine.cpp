// expect: has no member named 'on_events'
#include <edgews/edgews.hpp>

int main() {
    edgews::Server server;
    server.ws("/", {.open = [](edgews::Connection& c) { c.on_events(1); }});
}
