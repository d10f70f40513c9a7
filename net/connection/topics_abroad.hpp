// The interface by which topics go to other machines, and are told which of them have subscribers
// here. A room above this one implements it: net/backplane/node.hpp.
#pragma once

#include <edgews/message.hpp>
#include <edgews/prepared_message.hpp>

#include <string_view>
#include <vector>

namespace edgews {

class Topics;
class WebSocketConnection;

class TopicsAbroad {
  public:
    // The topics of a server, one object for each of its loops, none of which has run yet. They are
    // borrowed until end().
    virtual void begin(std::vector<Topics*> topics) = 0;
    // No loop runs any more. What is called later does nothing.
    virtual void end() noexcept = 0;

    // Any thread, in the order of its calls: the topic got its first subscriber on one of the
    // loops, or lost its last one there.
    virtual void interest_begins(std::string_view topic) = 0;
    virtual void interest_ends(std::string_view topic) = 0;

    struct Carried {
        PublishResult result = PublishResult::sent;
        // The caller delivers it to the subscribers here. False: they get it when it comes back.
        bool is_here = true;
    };
    // Any thread, in the order of its calls. `except`: whoever does not get it, on the calling
    // thread's loop; null: nobody.
    virtual Carried publish(std::string_view topic, const PreparedMessage& message,
                            const WebSocketConnection* except) = 0;

  protected:
    ~TopicsAbroad() = default;
};

}  // namespace edgews
