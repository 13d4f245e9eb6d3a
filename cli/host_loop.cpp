#include "cli/host_loop.hpp"

#include <csignal>

namespace backspin::cli {

HostLoop::HostLoop() {
    std::signal(SIGPIPE, SIG_IGN);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) signals_.add(signal);
    await_signal();
}

HostLoop::~HostLoop() {
    if (leaves_interrupts_) std::signal(SIGINT, SIG_DFL);
}

void HostLoop::leave_interrupts_to_others() {
    signals_.remove(SIGINT);
    std::signal(SIGINT, SIG_IGN);
    leaves_interrupts_ = true;
}

void HostLoop::await_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int) {
        if (error) return;
        ask_to_end(EndRequest::interrupted);
        await_signal();
    });
}

void HostLoop::poll() {
    io_.poll();
}

void HostLoop::wait(std::chrono::nanoseconds at_most) {
    if (io_.run_one_for(at_most) != 0) io_.poll();
}

void HostLoop::set_timeout(std::chrono::nanoseconds from_now) {
    timeout_.expires_after(from_now);
    timeout_.async_wait([this](const boost::system::error_code& error) {
        if (!error) ask_to_end(EndRequest::timed_out);
    });
}

void HostLoop::set_tick(std::chrono::milliseconds period, std::function<void()> work) {
    tick_.cancel();
    tick_period_ = period;
    tick_work_ = std::move(work);
    if (tick_work_) await_tick();
}

void HostLoop::await_tick() {
    tick_.expires_after(tick_period_);
    tick_.async_wait([this](const boost::system::error_code& error) {
        if (error || !tick_work_) return;
        tick_work_();
        if (tick_work_) await_tick();
    });
}

void HostLoop::ask_to_end(EndRequest why) {
    if (end_ == EndRequest::none) end_ = why;
}

}  // namespace backspin::cli
