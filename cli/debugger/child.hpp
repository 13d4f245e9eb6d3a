// A program on the user's terminal, started by this one: Ctrl-C is its own, and its end is this one's.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/signal_set.hpp>
#include <sys/types.h>

#include "cli/host_loop.hpp"

namespace backspin::cli {

enum class ChildInput : std::uint8_t { terminal, none };

/// Thread: that of the loop.
class Child {
  public:
    /// `words`: the program's path, and its arguments. Throws StartError. From here on SIGINT means nothing
    /// to this process, for a terminal sends it to both. The loop outlives this; it is asked to end when the
    /// program has ended.
    Child(HostLoop& loop, const std::vector<std::string>& words, ChildInput input);
    /// Asks it to end, and waits.
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    /// Waits for its end, which it is asked for if the loop is asked to end by anything else; if it does not
    /// hear, it is ended after some seconds. As a shell tells it: the exit code, or 128 and the signal's
    /// number.
    int wait();

  private:
    void await_end();
    void look();
    void ask_to_end();

    HostLoop& loop_;
    boost::asio::signal_set ends_;
    pid_t process_ = 0;
    std::optional<int> exit_code_;
    std::optional<std::chrono::steady_clock::time_point> asked_;
};

}  // namespace backspin::cli
