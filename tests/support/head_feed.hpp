// A head on its way into a parser, for tests.
//
// At each step the head so far lies in a heap block of its own and of exact size, so
// that a parser that keeps a pointer, or looks too far, is caught by a sanitizer.
#pragma once

#include "core/http/http_head.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "bytes.hpp"

namespace edgews::test {

inline const std::string host_line = "Host: example.com\r\n";

inline std::string head_with(std::string_view lines) {
    return "GET / HTTP/1.1\r\n" + host_line + std::string(lines) + "\r\n";
}

// All that can be asked of a head, as text.
inline std::string everything(const HttpHead& head) {
    std::string text;
    if (head.status() != 0) {
        text += std::to_string(head.status()) + " | " + std::string(head.reason()) + "\n";
    } else {
        text += std::string(head.method()) + " | " + std::string(head.target()) + " | ";
        text += std::string(head.path()) + " ? " + std::string(head.query()) + " @ ";
        text += std::string(head.host()) + "\n";
    }
    for (std::size_t i = 0; i < head.header_count(); ++i) {
        const HeaderField header = head.header_at(i);
        text += "<" + std::string(header.name) + "> = <" + std::string(header.value) + ">\n";
    }
    text += "size " + std::to_string(head.size());
    text += " length " + std::to_string(head.content_length());
    text += head.is_chunked() ? " chunked" : "";
    text += head.has_body() ? " body" : "";
    text += head.keep_alive() ? " keep-alive" : " close";
    return text;
}

using Progress = HttpHead::Progress;

// A parser, and the bytes it has seen so far.
class Feed {
  public:
    explicit Feed(const HttpLimits& limits = {}, HttpHead::Kind kind = HttpHead::Kind::request)
        : head_(kind, limits) {}

    Progress receive(std::span<const std::byte> more) {
        received_.insert(received_.end(), more.begin(), more.end());
        block_ = std::make_unique<ExactBlock>(received_);
        return progress_ = head_.parse(view());
    }
    Progress receive(std::string_view more) { return receive(std::as_bytes(std::span(more))); }

    HttpHead& head() { return head_; }
    Progress progress() const { return progress_; }
    std::string_view view() const {
        return {reinterpret_cast<const char*>(block_->bytes().data()), block_->bytes().size()};
    }

  private:
    HttpHead head_;
    Bytes received_;
    std::unique_ptr<ExactBlock> block_;
    Progress progress_ = Progress::more;
};

inline Feed feed(std::string_view text, const HttpLimits& limits = {},
                 HttpHead::Kind kind = HttpHead::Kind::request) {
    Feed result(limits, kind);
    result.receive(text);
    return result;
}

inline Feed feed_response(std::string_view text, const HttpLimits& limits = {}) {
    return feed(text, limits, HttpHead::Kind::response);
}

// Feeds `text` in every way and expects what parsing it whole gives.
inline void expect_same_for_every_split(std::string_view text, const HttpLimits& limits = {},
                                        HttpHead::Kind kind = HttpHead::Kind::request) {
    Feed whole = feed(text, limits, kind);
    const std::string expected =
        whole.progress() == Progress::complete ? everything(whole.head()) : "";
    for_each_split(bytes_of(text), [&](const Pieces& pieces) {
        Feed split(limits, kind);
        for (const ExactBlock& piece : pieces) {
            if (split.progress() == Progress::more) split.receive(piece.bytes());
        }
        ASSERT_EQ(split.progress(), whole.progress());
        ASSERT_EQ(split.head().fault(), whole.head().fault());
        ASSERT_EQ(split.head().status(), whole.head().status());
        if (whole.progress() == Progress::complete) {
            ASSERT_EQ(everything(split.head()), expected);
        }
    });
}

}  // namespace edgews::test
