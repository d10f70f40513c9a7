// expect: an endpoint's message must be a public message(Connection&, Message)
#include <edgews/edgews.hpp>

class Chat {
  public:
    void open(edgews::Connection&) {}

  private:
    void message(edgews::Connection&, edgews::Message) {}
};

int main() {
    edgews::Server server;
    server.ws<Chat>("/");
}
