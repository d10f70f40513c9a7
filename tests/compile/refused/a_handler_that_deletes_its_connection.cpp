// expect: is protected within this context
#include <edgews/edgews.hpp>

int main() {
    edgews::Server server;
    server.ws("/", {.open = [](edgews::Connection& c) { delete &c; }});
}
