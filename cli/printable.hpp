// Text of strangers for the user's terminal.
#pragma once

#include <string>
#include <string_view>

namespace backspin::cli {

/// What a guest printed, or what a file says, must not drive the terminal of who reads it: but for tabs, what
/// is not to be seen becomes "\x1b" and the like.
std::string printable(std::string_view text);

}  // namespace backspin::cli
