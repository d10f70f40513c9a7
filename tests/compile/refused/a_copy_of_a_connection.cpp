// expect: use of deleted function
#include <edgews/edgews.hpp>

int main() {
    edgews::Server server;
    server.ws("/", {.open = [](edgews::Connection& c) { edgews::Connection copy = c; }});
}
