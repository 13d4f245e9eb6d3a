// Which thread the client's user looks at. Going forward the client says it (vCont;s:2). Going backward GDB
// says Hc0, "any", and yet its user expects the thread that they selected to be the one that goes back: it
// has to be read from what else the client sends.
#pragma once

#include <cstddef>
#include <vector>

#include "gdbstub/types.hpp"

namespace backspin::gdbstub {

/// What GDB 13 and 16 send, as seen:
/// - A list of threads once for each stop that is shown to the user (and none for one that GDB judges by
/// itself), and
///   once more for each command that goes through all of them (info threads).
/// - Behind that first list, Hg means that the user went to another thread. Behind a further one it means
/// nothing: the
///   command goes through all threads, and comes back to the user's without a word.
/// - T for each `thread N`; and for each thread of a `thread apply all`, one after the other, right behind
/// its list.
class UserThread {
  public:
    explicit UserThread(ThreadId at_start) : user_(at_start), stopped_(at_start) {}

    ThreadId value() const { return user_; }

    void stopped(ThreadId thread);                            ///< a run has ended
    void threads_listed();                                    ///< qXfer:threads, qfThreadInfo
    void selected(ThreadId thread);                           ///< Hg
    void asked_if_alive(ThreadId thread, std::size_t among);  ///< T, of so many threads

  private:
    ThreadId user_;
    ThreadId stopped_;
    bool client_lists_ = false;     ///< it has ever listed threads
    unsigned lists_ = 1;            ///< since the last stop; at the start no stop is to be shown
    ThreadId before_walk_;          ///< the user's when threads were listed last
    std::vector<ThreadId> walked_;  ///< asked about since then
};

}  // namespace backspin::gdbstub
