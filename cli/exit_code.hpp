// What the process's exit code says (README.md, "Exit codes"). 0 to 119 are the guest's own.
#pragma once

namespace backspin::cli {

inline constexpr int kSuccess = 0;
inline constexpr int kNotFound = 1;            ///< of `query`: nothing in the history answers the question
inline constexpr int kHighestGuestCode = 119;  ///< larger ones of the guest become this, and a line on stderr
inline constexpr int kDiverged = 120;          ///< a replay did not do what was recorded
inline constexpr int kAsleep = 121;            ///< every hart waits, and nothing can ever wake one
inline constexpr int kWrongCommandLine = 122;
inline constexpr int kInterrupted = 123;    ///< Ctrl-C, Ctrl-A x, or a signal that asks to end
inline constexpr int kTimedOut = 124;       ///< --timeout passed
inline constexpr int kCouldNotStart = 125;  ///< nor go on: a file, port or image that cannot be used
inline constexpr int kStepLimit = 126;      ///< --max-steps reached

}  // namespace backspin::cli
