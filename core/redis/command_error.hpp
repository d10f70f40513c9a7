// The errors that a Redis server answers commands with, as far as a client has to tell them apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace edgews::redis {

enum class CommandError : std::uint8_t {
    none,                  // No error.
    other,                 // Any that is not one of these; "ERR …" most often.
    unknown_command,       // ERR unknown command: the server is older, or has it renamed.
    protocol_unsupported,  // NOPROTO: no RESP3.
    login_required,        // NOAUTH
    login_refused,         // WRONGPASS: user or password.
    not_permitted,         // NOPERM: the user may not run this command, or not on this channel.
    slot_moved,            // MOVED: another node of the cluster has it, see redirection_of().
    slot_migrating,        // ASK: another node has it, for the next command alone.
    slots_apart,           // CROSSSLOT: the command's channels or keys are not of one slot.
    cluster_down,          // CLUSTERDOWN: nobody has the slot, or the cluster has no majority.
    try_again,             // TRYAGAIN: some of the command's keys have been migrated.
    read_only,             // READONLY: a replica, as after a failover.
    loading,               // LOADING: the server has just started.
    primary_down,          // MASTERDOWN: a replica that has lost its primary.
    busy,                  // BUSY: a script runs too long.
    out_of_memory,         // OOM
    script_unknown,        // NOSCRIPT
};

// `text`: that of an error reply. Never none.
[[nodiscard]] CommandError classify_error(std::string_view text) noexcept;

// Where a slot is: of "MOVED 3999 127.0.0.1:6381", and of ASK.
struct Redirection {
    std::uint16_t slot = 0;
    // Empty: that of the node that said so; "?": it does not know. IPv6 has no brackets.
    std::string_view host{};
    std::uint16_t port = 0;
};

// Nothing: `text` is no redirection, or is malformed. The host is a view of it.
[[nodiscard]] std::optional<Redirection> redirection_of(std::string_view text) noexcept;

}  // namespace edgews::redis
