// Everything that waits on the host: sockets, terminals, signals and the time-out, on one thread and one
// event loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

namespace backspin::cli {

/// Why the host wants the run to end.
enum class EndRequest : std::uint8_t { none, interrupted, timed_out, debugger_left };

/// Thread: the machine's. Handlers run inside poll() and wait() only, never in the middle of a run.
class HostLoop {
  public:
    /// From here on SIGINT, SIGTERM and SIGHUP ask the run to end, rather than end the process; SIGPIPE is
    /// ignored, for a client that goes away is no reason to end.
    HostLoop();
    ~HostLoop();
    HostLoop(const HostLoop&) = delete;
    HostLoop& operator=(const HostLoop&) = delete;

    boost::asio::io_context& io() { return io_; }

    /// Handles what has happened, without blocking.
    void poll();
    /// Sleeps at most so long; returns as soon as something was handled.
    void wait(std::chrono::nanoseconds at_most);

    /// SIGINT means nothing to this process any more, while the loop is there: a terminal sends it to each
    /// program on it, and another one has the user's attention.
    void leave_interrupts_to_others();

    void set_timeout(std::chrono::nanoseconds from_now);
    /// Calls `work` from poll() and wait() once in every period. One such work; an empty one ends it.
    void set_tick(std::chrono::milliseconds period, std::function<void()> work);
    /// The first request stays.
    void ask_to_end(EndRequest why);
    EndRequest end_request() const { return end_; }

  private:
    void await_signal();
    void await_tick();

    boost::asio::io_context io_{1};
    boost::asio::signal_set signals_{io_};
    boost::asio::steady_timer timeout_{io_};
    boost::asio::steady_timer tick_{io_};
    std::chrono::milliseconds tick_period_{0};
    std::function<void()> tick_work_;
    EndRequest end_ = EndRequest::none;
    bool leaves_interrupts_ = false;
};

}  // namespace backspin::cli
