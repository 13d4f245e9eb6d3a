// From a packet's name to its handler.
#pragma once

#include <cstdint>
#include <string_view>

#include "gdbstub/answer.hpp"
#include "gdbstub/conversation.hpp"

namespace backspin::gdbstub {

/// What a packet's successful reply looks like, as far as it matters for an error reply's form.
enum class ReplyForm : std::uint8_t {
    data,     ///< data, which a client that was promised no E.text might take that text for
    status,   ///< OK or a stop: every client reads a reply that begins with E as an error
    console,  ///< text for the user's console may come before it
};

struct Handled {
    Answer answer;
    ReplyForm form = ReplyForm::data;
};

Handled handle(Conversation&, std::string_view packet);

}  // namespace backspin::gdbstub
