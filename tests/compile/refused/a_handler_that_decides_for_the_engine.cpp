// expect: is private within this context
#include <edgews/edgews.hpp>

int main() {
    edgews::Server server;
    server.ws("/", {.upgrade = [](const edgews::Request&, edgews::Upgrade& upgrade) {
                  upgrade.choose_preferred({});
              }});
}
