#include "core/stomp/content.hpp"

#include "core/base/number.hpp"
#include "core/kernels/utf8.hpp"
#include "core/stomp/frame_writer.hpp"

#include <bit>
#include <cassert>
#include <cstring>
#include <new>

namespace edgews::stomp {
namespace {

constexpr std::size_t smallest_class_size = 256;

// Which of the pool's classes a block of that size belongs to; those behind the last: none.
std::size_t class_of(std::size_t size) noexcept {
    if (size <= smallest_class_size) return 0;
    return static_cast<std::size_t>(std::bit_width((size - 1) / smallest_class_size));
}

// Headers that the server says itself, or that are the SEND's and not the message's.
bool is_reserved(std::string_view name) noexcept {
    static constexpr std::array<std::string_view, 11> names = {
        "destination", "content-length", "message-id", "subscription",
        "ack",         "redelivered",    "dropped",    "gap",
        "receipt",     "receipt-id",     "transaction"};
    for (const std::string_view reserved : names) {
        if (name == reserved) return true;
    }
    return false;
}

char* append(char* place, std::string_view text) noexcept {
    if (!text.empty()) std::memcpy(place, text.data(), text.size());
    return place + text.size();
}

}  // namespace

struct Content::Block : Counted {
    explicit Block(ContentPool& owner, std::size_t size_class_of_it) noexcept
        : pool(&owner), size_class(size_class_of_it) {}

    bool is_text = false;
    ContentPool* pool;
    std::size_t size_class;
    Block* next = nullptr;  // In the pool's stacks.
    std::uint64_t expires_ms = 0;
    std::string_view destination{};
    std::size_t id_line_size = 0;
    std::array<std::string_view, 3> heads{};  // By version.
    std::span<const std::byte> body_and_end{};

    [[nodiscard]] char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
};

Content::Block& Content::block() const noexcept {
    return *static_cast<Block*>(block_);
}

void Content::give_back() noexcept {
    block().pool->give_back(&block());
}

std::string_view Content::destination() const noexcept {
    return block().destination;
}

std::string_view Content::head(Version version) const noexcept {
    return block().heads[static_cast<std::size_t>(version)];
}

std::string_view Content::head_after_id(Version version) const noexcept {
    return head(version).substr(block().id_line_size);
}

std::span<const std::byte> Content::body() const noexcept {
    return block().body_and_end.first(block().body_and_end.size() - 1);
}

std::span<const std::byte> Content::body_and_end() const noexcept {
    return block().body_and_end;
}

bool Content::is_text() const noexcept {
    return block().is_text;
}

std::uint64_t Content::expires_ms() const noexcept {
    return block().expires_ms;
}

ContentPool::~ContentPool() {
    sort_returned();
    for (Content::Block* block : kept_) {
        while (block != nullptr) ::operator delete(std::exchange(block, block->next));
    }
}

Content ContentPool::make(const ContentSource& source) {
    encode_heads(source);
    std::size_t size = sizeof(Content::Block) + source.destination.size() + source.body.size() + 1;
    for (const std::string& head : heads_) size += head.size();

    Content::Block* const block = take(size);
    block->size = size;
    block->expires_ms = source.expires_ms;
    block->id_line_size = id_line_.size();
    char* place = block->bytes();
    block->destination = {place, source.destination.size()};
    place = append(place, source.destination);
    // 1.2 first, and its body right behind it.
    for (std::size_t version = heads_.size(); version-- > 0;) {
        const std::string& head = heads_[version];
        block->heads[version] =
            head.empty() ? block->heads[2] : std::string_view{place, head.size()};
        place = append(place, head);
        if (version != 2) continue;
        const auto* const body = reinterpret_cast<const std::byte*>(place);
        if (!source.body.empty()) std::memcpy(place, source.body.data(), source.body.size());
        place += source.body.size();
        *place++ = '\0';
        block->body_and_end = {body, source.body.size() + 1};
    }
    block->is_text = is_utf8(source.body) && is_utf8(heads_[2]);
    return Content(block);
}

void ContentPool::encode_heads(const ContentSource& source) {
    id_line_ = "message-id:";
    id_line_ += name_;
    id_line_ += '-';
    append_number(id_line_, ++made_count_);
    id_line_ += '\n';

    bool is_same_for_all = is_plain(source.destination) && is_plain(source.reply_to);
    for (const Header& header : source.headers) {
        is_same_for_all = is_same_for_all && is_plain(header.name) && is_plain(header.value);
    }
    for (const Version version : {Version::v1_0, Version::v1_1, Version::v1_2}) {
        std::string& head = heads_[static_cast<std::size_t>(version)];
        head.clear();
        if (version == Version::v1_2 || !is_same_for_all) encode_head(head, source, version);
    }
}

void ContentPool::encode_head(std::string& out, const ContentSource& source,
                              Version version) const {
    out += id_line_;
    append_header(out, {"destination", source.destination}, version);
    if (source.is_gap) append_header(out, {"gap", "true"}, version);
    if (!source.reply_to.empty()) append_header(out, {"reply-to", source.reply_to}, version);
    for (const Header& header : source.headers) {
        if (is_reserved(header.name)) continue;
        if (header.name == "reply-to" && !source.reply_to.empty()) continue;
        append_header(out, header, version);
    }
    out += "content-length:";
    append_number(out, source.body.size());
    out += "\n\n";
}

Content::Block* ContentPool::take(std::size_t size) {
    const std::size_t size_class = class_of(size);
    if (size_class >= class_count) {
        return new (::operator new(size)) Content::Block(*this, size_class);
    }
    if (kept_[size_class] == nullptr) sort_returned();
    Content::Block* const kept = kept_[size_class];
    const std::size_t class_size = smallest_class_size << size_class;
    if (kept == nullptr) {
        return new (::operator new(class_size)) Content::Block(*this, size_class);
    }
    kept_[size_class] = kept->next;
    kept_size_.fetch_sub(class_size, std::memory_order_relaxed);
    return new (kept) Content::Block(*this, size_class);
}

void ContentPool::give_back(Content::Block* block) noexcept {
    const std::size_t size_class = block->size_class;
    const std::size_t class_size = smallest_class_size << size_class;
    if (size_class >= class_count ||
        kept_size_.load(std::memory_order_relaxed) + class_size > kept_size_max) {
        ::operator delete(block);
        return;
    }
    kept_size_.fetch_add(class_size, std::memory_order_relaxed);
    // Only ever taken whole, so a block cannot come back between these two lines and be mistaken
    // for what it was.
    block->next = returned_.load(std::memory_order_relaxed);
    while (!returned_.compare_exchange_weak(block->next, block, std::memory_order_release,
                                            std::memory_order_relaxed)) {
    }
}

void ContentPool::sort_returned() noexcept {
    Content::Block* block = returned_.exchange(nullptr, std::memory_order_acquire);
    while (block != nullptr) {
        Content::Block* const next = block->next;
        block->next = kept_[block->size_class];
        kept_[block->size_class] = block;
        block = next;
    }
}

}  // namespace edgews::stomp
