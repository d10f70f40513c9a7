// A page that travels inside a program: the files of a folder, as make embeds them.
#pragma once

#include <edgews/request.hpp>
#include <edgews/response.hpp>
#include <edgews/server.hpp>

#include <span>
#include <string>
#include <string_view>

namespace programs {

struct PageFile {
    std::string_view name;
    std::string_view content;
};

// That of the program; make embeds it.
extern const std::span<const PageFile> page;

inline std::string path_of(const PageFile& file) {
    return file.name == "index.html" ? "/" : "/" + std::string(file.name);
}

inline std::string_view content_type(std::string_view name) {
    if (name.ends_with(".html")) return "text/html; charset=utf-8";
    if (name.ends_with(".css")) return "text/css; charset=utf-8";
    if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
    return "image/svg+xml";
}

inline void answer_with(const PageFile& file, edgews::Response& response) {
    response.headers.add("Content-Type", content_type(file.name));
    response.headers.add("Cache-Control", "no-cache");
    response.headers.add("Content-Security-Policy",
                         "default-src 'self'; connect-src 'self' ws: wss:");
    response.headers.add("X-Content-Type-Options", "nosniff");
    response.body = file.content;
}

// To everyone.
inline void serve_page(edgews::Server& server) {
    for (const PageFile& file : page) {
        server.get(path_of(file), [file](const edgews::Request&, edgews::Response& response) {
            answer_with(file, response);
        });
    }
}

}  // namespace programs
