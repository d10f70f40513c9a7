#include "net/server/file_route.hpp"

#include "core/base/ascii.hpp"
#include "core/base/number.hpp"
#include "core/http/file_path.hpp"
#include "core/http/http_date.hpp"
#include "core/http/http_response.hpp"
#include "core/http/media_type.hpp"
#include "core/http/path_pattern.hpp"
#include "core/http/requested_range.hpp"
#include "net/server/http_connection.hpp"

#include <ctime>
#include <span>
#include <stdexcept>
#include <utility>

namespace edgews {

namespace {

// Seconds for which a file may be written again and yet bear the same time: file systems count in
// ticks, and some in two seconds.
constexpr std::int64_t settling_s = 3;

void answer(Response& response, unsigned status, std::string_view body) {
    response.status = status;
    response.body = body;
    response.headers.add("Content-Type", plain_text_type);
}

void require_header_value(std::string_view value, const char* option) {
    if (is_header_value(value)) return;
    throw std::invalid_argument("FileOptions::" + std::string(option) + ": " +
                                std::string(describe(HeaderFault::value_malformed)));
}

// From when it was modified and its size, without opening it. It is weak as long as it could stay
// the same while the file changes (RFC 9110, section 8.8.1).
std::string entity_tag(const FoundFile& file, bool is_settled) {
    std::string tag = is_settled ? "\"" : "W/\"";
    append_hexadecimal(tag, static_cast<std::uint64_t>(file.modified_s));
    tag += '.';
    append_hexadecimal(tag, static_cast<std::uint64_t>(file.modified_ns));
    tag += '-';
    append_hexadecimal(tag, file.size);
    return tag += '"';
}

// "bytes 0-499/10000", "bytes */10000" (RFC 9110, section 14.4).
std::string content_range(const RequestedRange& range, std::uint64_t size) {
    std::string text = "bytes ";
    if (range.kind == RequestedRange::Kind::unsatisfiable) {
        text += '*';
    } else {
        append_number(text, range.first);
        text += '-';
        append_number(text, range.first + range.size - 1);
    }
    text += '/';
    append_number(text, size);
    return text;
}

}  // namespace

FileRoute::FileRoute(const std::string& directory, FileOptions options)
    : directory_(directory),
      options_(std::move(options)),
      open_count_(std::make_shared<std::atomic<std::size_t>>(0)) {
    require_header_value(options_.cache_control, "cache_control");
    for (const auto& [extension, type] : options_.types) require_header_value(type, "types");
}

void FileRoute::serve(const Request& request, Response& response) const {
    const auto hidden = options_.well_known ? HiddenFiles::well_known_only : HiddenFiles::none;
    auto path = file_path(request.parameters_.raw("*").value_or(""), hidden);
    if (!path) return answer(response, 404, "Not found.\n");
    const bool is_directory = path->empty() || path->ends_with('/');
    if (is_directory && options_.index.empty()) return answer(response, 404, "Not found.\n");
    if (is_directory) *path += options_.index;
    FoundFile found = directory_.open(*path);
    switch (found.kind) {
        case FoundFile::Kind::file: return send(request, response, std::move(found), *path);
        case FoundFile::Kind::directory:
            if (is_directory) break;
            return redirect_to_directory(request, response);
        case FoundFile::Kind::nothing: break;
        case FoundFile::Kind::refused: return refuse(response);
        case FoundFile::Kind::failed: return answer(response, 500, "The file cannot be read.\n");
    }
    answer(response, 404, "Not found.\n");
}

// Its links are relative to it. The path begins with one slash: with two it would name a host.
void FileRoute::redirect_to_directory(const Request& request, Response& response) {
    std::string place = std::string(request.path()) + '/';
    if (!request.query().empty()) place += '?' + std::string(request.query());
    answer(response, 301, "It is a directory.\n");
    response.headers.add("Location", place);
}

void FileRoute::refuse(Response& response) {
    answer(response, 503, "Too many files are open.\n");
    response.headers.add("Retry-After", "1");
}

void FileRoute::send(const Request& request, Response& response, FoundFile file,
                     std::string_view path) const {
    const std::int64_t now = ::time(nullptr);
    const bool is_settled = file.modified_s + settling_s <= now;
    const std::string tag = entity_tag(file, is_settled);
    Validators validators{.entity_tag = tag, .is_modified_strong = is_settled};
    ResponseHeaders& headers = response.headers;
    headers.add("ETag", tag);
    if (file.modified_s <= now) {  // RFC 9110, section 8.8.2.1: it is no time to come.
        validators.modified = file.modified_s;
        const auto date = http_date(file.modified_s);
        headers.add("Last-Modified", {date.data(), date.size()});
    }
    if (!options_.cache_control.empty()) headers.add("Cache-Control", options_.cache_control);
    switch (check_preconditions(request.head_, validators, now)) {
        case Precondition::holds: break;
        case Precondition::not_modified: response.status = 304; return;
        case Precondition::fails: return answer(response, 412, "It has changed.\n");
    }
    headers.add("Accept-Ranges", "bytes");
    RequestedRange range;
    const auto asked = request.header("Range");
    const bool may_be_part = asked && request.method() == "GET" &&
                             !request.head_.is_repeated("Range") &&
                             range_may_be_sent(request.head_, validators, now);
    if (may_be_part) range = parse_range(*asked, file.size);
    if (range.kind != RequestedRange::Kind::whole) {
        headers.add("Content-Range", content_range(range, file.size));
    }
    if (range.kind == RequestedRange::Kind::unsatisfiable) {
        return answer(response, 416, "There is nothing where it begins.\n");
    }
    const bool is_part = range.kind == RequestedRange::Kind::part;
    response.status = is_part ? 206 : 200;
    headers.add("Content-Type", type_of(path));
    headers.add("X-Content-Type-Options", "nosniff");
    send_content(request, response,
                 {.fd = std::move(file.fd),
                  .offset = range.first,
                  .size = is_part ? range.size : file.size});
}

void FileRoute::send_content(const Request& request, Response& response,
                             FileContent content) const {
    const bool is_asked = request.method() == "GET";
    if (is_asked && content.size > small_size_max) {
        content.place = take_place();
        if (!content.place) {
            response = {};
            return refuse(response);
        }
    } else if (is_asked) {
        response.body.resize(content.size);
        const auto space = std::as_writable_bytes(std::span(response.body));
        if (read_file(content.fd, content.offset, space) == space.size()) return;
        response = {};
        return answer(response, 500, "The file cannot be read.\n");
    }
    request.connection_->send_file(response, std::move(content));
}

// Null: there is none left.
std::shared_ptr<const void> FileRoute::take_place() const {
    if (open_count_->fetch_add(1, std::memory_order_relaxed) >= options_.open_count_max) {
        open_count_->fetch_sub(1, std::memory_order_relaxed);
        return nullptr;
    }
    return {open_count_.get(),
            [count = open_count_](const void*) { count->fetch_sub(1, std::memory_order_relaxed); }};
}

std::string_view FileRoute::type_of(std::string_view path) const noexcept {
    const std::string_view extension = extension_of(path);
    for (const auto& [own, type] : options_.types) {
        if (equals_ignoring_case(own, extension)) return type;
    }
    const std::string_view type = media_type_of(extension);
    return type.empty() ? unknown_media_type : type;
}

}  // namespace edgews
