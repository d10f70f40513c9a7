// The data of the Socket.IO server's page, as JSON.
#pragma once

#include <edgews/socketio.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

#include "programs/common/json.hpp"

namespace programs {

// {"time":…,"sessions":1,"absent":0,"namespaces":[{"name":"/","sockets":1,"received":0,"sent":1,
// "room_count":1,"rooms":[{"name":"room","sockets":1}]}]}; time in milliseconds, for rates.
inline std::string state_json(const edgews::sio::HubStats& stats, std::uint64_t now_ms) {
    std::string json = R"({"time":)" + std::to_string(now_ms) + R"(,"sessions":)" +
                       std::to_string(stats.session_count) + R"(,"absent":)" +
                       std::to_string(stats.absent_count) + R"(,"namespaces":[)";
    for (const edgews::sio::NamespaceStats& space : stats.namespaces) {
        if (json.back() != '[') json += ',';
        json += R"({"name":)" + demo::quote(space.name) + R"(,"sockets":)" +
                std::to_string(space.socket_count) + R"(,"received":)" +
                std::to_string(space.received_total) + R"(,"sent":)" +
                std::to_string(space.sent_total) + R"(,"room_count":)" +
                std::to_string(space.room_count) + R"(,"rooms":[)";
        for (const edgews::sio::RoomStats& room : space.rooms) {
            if (json.back() != '[') json += ',';
            json += R"({"name":)" + demo::quote(room.name) + R"(,"sockets":)" +
                    std::to_string(room.socket_count) + '}';
        }
        json += "]}";
    }
    return json + "]}";
}

}  // namespace programs
