#pragma once

namespace backspin::cli {

/// The terminal on stdin in raw mode: every key goes to the guest, Ctrl-C too. What it was comes back at the
/// end of this object's life, at exit(), and when a signal kills the process. At most one at a time, because
/// a terminal has one mode.
class RawTerminal {
  public:
    /// Precondition: stdin is a terminal.
    RawTerminal();
    ~RawTerminal();
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;
};

}  // namespace backspin::cli
