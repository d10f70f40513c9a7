// Packets of Socket.IO: the JSON scanned, an event read, one written, and a payload of
// long-polling taken apart. The objects are a chat's.
#include "core/engineio/payload.hpp"
#include "core/socketio/json_scan.hpp"
#include "core/socketio/packet.hpp"
#include "core/socketio/packet_writer.hpp"

#include "support.hpp"

#include <optional>

namespace edgews::bench {
namespace {

using Space = std::array<std::string_view, 64>;

// An event with a string, so large in all.
std::string string_event(std::size_t size) {
    const std::string begin = R"(2["echo",")";
    const std::string end = R"("])";
    return begin + std::string(size - begin.size() - end.size(), 'x') + end;
}

std::string object_event() {
    return R"(2["chat message",{"id":48213,"room":"general","from":{"name":"Ada",)"
           R"("avatar":"https://example.org/a.png"},"text":"Hello, how are you?",)"
           R"("at":1764355200123,"tags":["a","b"],"read":false}])";
}

void time_scan(benchmark::State& state, const std::string& event) {
    const std::string_view json = std::string_view(event).substr(1);
    Space space;
    check(state, sio::scan_json(json, space).element_count() == 2);
    for (auto _ : state) {
        benchmark::DoNotOptimize(sio::scan_json(json, space));
        benchmark::ClobberMemory();
    }
    count_bytes(state, json.size());
}

void time_decode(benchmark::State& state, const std::string& event) {
    const sio::PacketLimits limits;
    Space space;
    check(state, sio::decode_packet(event, limits, space).arguments.size() == 1);
    for (auto _ : state) {
        benchmark::DoNotOptimize(sio::decode_packet(event, limits, space));
        benchmark::ClobberMemory();
    }
    count_bytes(state, event.size());
}

// Into memory that is there.
void time_encode(benchmark::State& state, const std::string& event) {
    const sio::PacketLimits limits;
    Space space;
    const sio::Packet packet = sio::decode_packet(event, limits, space);
    std::string scratch;
    const std::string name(sio::event_name(packet, scratch));
    std::string out;
    check(state, sio::append_event(out, {}, name, packet.argument_text) == sio::Fault::none);
    check(state, out == event);
    for (auto _ : state) {
        out.clear();
        benchmark::DoNotOptimize(sio::append_event(out, {}, name, packet.argument_text));
        benchmark::ClobberMemory();
    }
    count_bytes(state, event.size());
}

void time_payload(benchmark::State& state, const std::string& event) {
    constexpr std::size_t packet_count = 16;
    std::string body;
    engineio::PayloadWriter writer(body, SIZE_MAX);
    for (std::size_t i = 0; i < packet_count; ++i) {
        check(state, writer.add(engineio::Packet::of_text(engineio::PacketType::message, event)));
    }
    const auto read = [&] {
        std::size_t count = 0;
        engineio::PayloadReader reader(std::as_writable_bytes(std::span(body)), {});
        while (const std::optional<engineio::Packet> packet = reader.next()) {
            if (packet->data.size() == event.size()) ++count;
        }
        return count;
    };
    check(state, read() == packet_count);
    for (auto _ : state) {
        benchmark::DoNotOptimize(read());
        benchmark::ClobberMemory();
    }
    count_bytes(state, body.size());
    count_things(state, "packet", packet_count);
}

[[maybe_unused]] const bool is_added = [] {
    const auto add = [](const char* name, void (*time)(benchmark::State&, const std::string&)) {
        for (const std::size_t size : {64U, 1024U}) {
            add_row(std::string(name) + "/string/" + std::to_string(size),
                    [=](benchmark::State& state) { time(state, string_event(size)); });
        }
        const std::string object = object_event();
        add_row(std::string(name) + "/object/" + std::to_string(object.size()),
                [=](benchmark::State& state) { time(state, object); });
    };
    add("json_scan", time_scan);
    add("socketio_packet/decode", time_decode);
    add("socketio_packet/encode", time_encode);
    add("engineio_payload/read", time_payload);
    return true;
}();

}  // namespace
}  // namespace edgews::bench
