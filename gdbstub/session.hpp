// One client's conversation, from its first byte to its last, without any input or output of its own:
// received bytes are pushed in, bytes to send are taken out.
//
//     Session session{target};
//     loop:
//         session.receive(bytes from the connection)
//         if (auto resume = session.take_resume()) { move the target; on the way keep calling receive(), look
//         at
//             interrupt_requested(), hand on console_output(); at the end call stopped() }
//         while (!(bytes = session.take_output()).empty()) send them
//         if (session.ended()) or the connection was lost { session.disconnected(); close it, listen again }
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gdbstub/resume.hpp"
#include "gdbstub/target.hpp"

namespace backspin::gdbstub {

enum class Farewell : std::uint8_t {
    detached,  ///< the client let go of the target (D)
    killed,    ///< the client asked for its end (k, vKill) outside extended mode, where it would go on with
               ///< vRun
    lost,      ///< the connection was lost (the host called disconnected())
    broken,    ///< the target reported Broken, or the client overran every bound
};

struct Ended {
    Farewell how{};
    std::string why;  ///< for a log; empty unless broken
};

/// Thread: one thread at a time. Nothing that is received makes a call throw, other than for want of memory;
/// what is kept is bounded (a few megabytes).
class Session {
  public:
    /// The target must outlive the session. `now` is how the target stands, for the client's first question.
    explicit Session(Target& target, StopReport now = {});
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Takes whatever arrived, cut anywhere. While a run is on, only an interrupt acts; packets wait for its
    /// end.
    void receive(std::span<const std::byte> bytes);

    /// What is to be sent now; empty when there is nothing. Call until it is empty: a client that asks
    /// without reading is served no faster than its answers are taken.
    std::vector<std::byte> take_output();

    /// Yields what the client asked for, once; from then on the target is the host's, until stopped().
    std::optional<Resume> take_resume();

    /// From the packet that resumes to stopped(): running() is true before take_resume() too.
    bool running() const;

    /// The client wants the present run to end (Ctrl-C). Set until stopped().
    bool interrupt_requested() const;

    /// The present run has ended. Throws std::logic_error if none is on.
    void stopped(const StopReport& report);

    /// Text for the user's console. The protocol has room for it only during a run: at other times, and when
    /// the client does not read what it was sent, it is dropped, and the call says so with false.
    bool console_output(std::string_view text);

    /// Set once the conversation is over; the last answer may still be in take_output().
    const std::optional<Ended>& ended() const;

    /// The connection is gone or about to be closed: takes the client's breakpoints out, and forgets a run
    /// that was on. Call it with the target at rest. Afterwards ended() is set.
    void disconnected();

  private:
    class Engine;
    std::unique_ptr<Engine> engine_;
};

}  // namespace backspin::gdbstub
