#include "gdbstub/user_thread.hpp"

#include <algorithm>
#include <functional>

namespace backspin::gdbstub {

namespace {

/// Each once, upward or downward.
bool is_walk(const std::vector<ThreadId>& threads) {
    return std::ranges::adjacent_find(threads, std::greater_equal{}) == threads.end() ||
           std::ranges::adjacent_find(threads, std::less_equal{}) == threads.end();
}

}  // namespace

void UserThread::stopped(ThreadId thread) {
    stopped_ = thread;
    lists_ = 0;
    walked_.clear();
    // From a client that never lists threads nothing more is to come.
    if (!client_lists_) user_ = thread;
}

void UserThread::threads_listed() {
    client_lists_ = true;
    if (lists_ == 0) user_ = stopped_;
    lists_ = std::min(lists_ + 1, 2u);
    before_walk_ = user_;
    walked_.clear();
}

void UserThread::selected(ThreadId thread) {
    if (lists_ == 1 || !client_lists_) user_ = thread;
}

void UserThread::asked_if_alive(ThreadId thread, std::size_t among) {
    user_ = thread;
    if (walked_.size() > among) return;
    walked_.push_back(thread);
    if (among > 1 && walked_.size() == among && is_walk(walked_)) user_ = before_walk_;
}

}  // namespace backspin::gdbstub
