// Takes orders from a queue of a STOMP broker and answers each. An order is acknowledged when its
// answer is known to have arrived; until then it comes again, to whoever takes orders by then.
//
//     build/examples/stomp_client stomp://guest:guest@localhost:61613/%2F
#include <edgews/loop.hpp>
#include <edgews/stomp_client.hpp>

#include <cstdio>
#include <string>

using edgews::stomp::Client, edgews::stomp::Message, edgews::stomp::Receipt;

int main(int count, char** words) {
    edgews::Loop loop;
    const std::string url = count > 1 ? words[1] : "stomp://localhost:61613";
    const auto complain = [](Client&, const edgews::ClientError& error) {
        std::fprintf(stderr, "%s\n", error.error.message.c_str());
    };
    Client client(loop, {.brokers = {url}}, {.error = complain});
    const auto answer = [](Client& c, const Message& order) {
        const auto settle = [&c, order = edgews::stomp::Unacknowledged(order)](const Receipt& r) {
            if (r) c.ack(order);
        };
        c.send("/queue/answers", "taken: " + std::string(order.text()), {.receipt = settle});
    };
    client.subscribe("/queue/orders", answer, {.ack = edgews::stomp::AckMode::client_individual});
    loop.run();
}
