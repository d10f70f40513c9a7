// What a MessageReader said, in words that two runs can be compared by.
#pragma once

#include "core/websocket/message_reader.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace edgews::test {

class Transcript {
  public:
    // One entry per event, such as "text: Hello", "close 1000: bye" or "fault: The
    // text is …". Chunks that follow each other are one entry: where a stream is cut
    // depends on how it arrived, and only on that.
    void add(const Event& event) {
        const std::string bytes(reinterpret_cast<const char*>(event.payload.data()),
                                event.payload.size());
        const std::string type = std::string(event.is_compressed ? "compressed " : "") +
                                 (event.opcode == Opcode::text ? "text" : "binary");
        const bool continues = is_chunk_last_ && event.kind == Event::Kind::chunk;
        is_chunk_last_ = event.kind == Event::Kind::chunk;
        switch (event.kind) {
            case Event::Kind::none:
            case Event::Kind::restoring: break;
            case Event::Kind::message: entries_.push_back(type + ": " + bytes); break;
            case Event::Kind::begin: entries_.push_back("begin " + type); break;
            case Event::Kind::chunk:
                if (continues) {
                    entries_.back() += bytes;
                } else {
                    entries_.push_back("chunk " + type + ": " + bytes);
                }
                break;
            case Event::Kind::end: entries_.push_back("end " + type); break;
            case Event::Kind::ping: entries_.push_back("ping: " + bytes); break;
            case Event::Kind::pong: entries_.push_back("pong: " + bytes); break;
            case Event::Kind::close:
                entries_.push_back("close " + std::to_string(event.close_code) + ": " + bytes);
                break;
            case Event::Kind::fault:
                entries_.push_back("fault: " + std::string(describe(event.fault)));
                break;
        }
    }

    // All events of `input`, which the reader must use up.
    void read(MessageReader& reader, std::span<std::byte> input) {
        while (const Event event = reader.next(input)) add(event);
        if (!input.empty()) entries_.push_back("input was left");
    }

    [[nodiscard]] const std::vector<std::string>& entries() const noexcept { return entries_; }

  private:
    std::vector<std::string> entries_;
    bool is_chunk_last_ = false;
};

}  // namespace edgews::test
