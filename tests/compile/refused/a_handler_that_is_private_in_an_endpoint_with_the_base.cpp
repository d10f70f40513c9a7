// expect: an endpoint's message must be a public message(Connection&, Message)
#include <edgews/edgews.hpp>

class Chat : public edgews::EndpointBase {
  public:
    void open(edgews::Connection&) override {}

  private:
    void message(edgews::Connection&, edgews::Message) override {}
};

int main() {
    edgews::Server server;
    server.ws<Chat>("/");
}
