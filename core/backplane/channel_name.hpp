// What a topic is called on a STOMP broker, whichever that is.
//
// Topics may have any bytes; brokers give some of them a meaning, each in its own way: '/' and '.'
// begin a segment, '*', '#' and '>' are patterns, '%' begins an escape. So only letters, digits,
// '-' and '_' stay as they are, and any other byte is '~' with two hexadecimal digits, which none
// of them looks into. RabbitMQ takes 255 bytes: of a longer name there is the beginning, and "~~"
// with a hash; what is sent there says its topic, for another may have the same.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace edgews::backplane {

// Bytes of a channel's name.
inline constexpr std::size_t channel_size_max = 160;

// Whether the channel's name says the topic's whole.
[[nodiscard]] bool is_said_whole(std::string_view topic) noexcept;

// Appends the name of the topic's channel.
void append_channel(std::string& out, std::string_view topic);

}  // namespace edgews::backplane
