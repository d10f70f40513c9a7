#include "reply_reader.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace load {

ReplyReader::Result ReplyReader::take(Bytes input, std::vector<std::byte>& pongs) {
    pongs_ = &pongs;
    Result result;
    while (!input.empty() && result.fault.empty()) {
        std::size_t taken = take_whole_replies(input, result);
        if (taken == 0) {
            taken = is_in_frame_ ? take_payload(input, result) : take_header(input, result);
        }
        input = input.subspan(taken);
    }
    return result;
}

std::size_t ReplyReader::take_whole_replies(Bytes input, Result& result) noexcept {
    if (is_in_frame_ || is_in_message_ || header_size_ > 0) return 0;
    const std::size_t count = std::min(input.size() / run_->reply_size(), run_->cycle() - index_);
    const std::size_t size = count * run_->reply_size();
    if (std::memcmp(input.data(), run_->replies_from(index_).data(), size) != 0) return 0;
    index_ = index_ + count == run_->cycle() ? 0 : index_ + count;
    result.messages += static_cast<unsigned>(count);
    return size;
}

std::size_t ReplyReader::take_header(Bytes input, Result& result) {
    const std::size_t copied = std::min(input.size(), header_.size() - header_size_);
    std::copy_n(input.begin(), copied, header_.begin() + header_size_);
    const std::size_t known = header_size_ + copied;
    const edgews::ParsedHeader parsed =
        edgews::parse_frame_header(std::span(header_).first(known), edgews::Role::client, false);
    if (parsed.fault != edgews::Fault::none) {
        result.fault = "the server broke RFC 6455: " + std::string(describe(parsed.fault));
        return copied;
    }
    if (parsed.size == 0) {
        header_size_ = static_cast<std::uint8_t>(known);
        return copied;
    }
    const std::size_t taken = parsed.size - header_size_;
    header_size_ = 0;
    frame_ = parsed.header;
    begin_frame(result);
    return taken;
}

void ReplyReader::begin_frame(Result& result) {
    is_in_frame_ = true;
    remaining_ = frame_.payload_size;
    control_.clear();
    if (!edgews::is_control(frame_.opcode)) {
        const edgews::Opcode wanted =
            is_in_message_ ? edgews::Opcode::continuation : run_->opcode();
        const std::size_t wanted_size = run_->payload(index_).size() - offset_;
        if (frame_.opcode != wanted) {
            result.fault = "a reply has another opcode than what was sent";
        } else if (frame_.fin ? remaining_ != wanted_size : remaining_ > wanted_size) {
            result.fault = "a reply has another size than what was sent";
        }
    }
    if (remaining_ == 0 && result.fault.empty()) end_frame(result);
}

std::size_t ReplyReader::take_payload(Bytes input, Result& result) {
    const std::size_t size =
        static_cast<std::size_t>(std::min<std::uint64_t>(input.size(), remaining_));
    if (edgews::is_control(frame_.opcode)) {
        control_.append(reinterpret_cast<const char*>(input.data()), size);
    } else {
        const Bytes wanted = run_->payload(index_).subspan(offset_, size);
        if (std::memcmp(input.data(), wanted.data(), size) != 0) {
            result.fault = "a reply holds other bytes than what was sent";
        }
        offset_ += size;
    }
    remaining_ -= size;
    if (remaining_ == 0 && result.fault.empty()) end_frame(result);
    return size;
}

void ReplyReader::end_frame(Result& result) {
    is_in_frame_ = false;
    if (edgews::is_control(frame_.opcode)) return end_control_frame(result);
    is_in_message_ = !frame_.fin;
    if (!frame_.fin) return;
    index_ = (index_ + 1) % run_->cycle();
    offset_ = 0;
    ++result.messages;
}

void ReplyReader::end_control_frame(Result& result) {
    const auto payload = std::as_bytes(std::span(control_));
    if (frame_.opcode == edgews::Opcode::ping) {
        append_frame(*pongs_, edgews::Role::client, edgews::Opcode::pong, payload);
    } else if (frame_.opcode == edgews::Opcode::close) {
        result.fault = "the server closes the connection";
        if (payload.size() >= 2) {
            const unsigned code =
                std::to_integer<unsigned>(payload[0]) * 256 + std::to_integer<unsigned>(payload[1]);
            result.fault += " with code " + std::to_string(code) + " " + control_.substr(2);
        }
    }
}

}  // namespace load
