#include "cli/console/terminal.hpp"

#include <termios.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace backspin::cli {
namespace {

// A signal handler reaches nothing but what outlives every object: hence these. They change in RawTerminal
// only.
termios g_before;
termios g_raw;
std::atomic<bool> g_is_raw{false};
static_assert(std::atomic<bool>::is_always_lock_free);

// Those that end the process by default and that HostLoop does not take: a crash above all.
constexpr std::array kFatal{SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSEGV, SIGSYS, SIGXCPU};

void restore() {
    if (g_is_raw.exchange(false)) ::tcsetattr(STDIN_FILENO, TCSANOW, &g_before);
}

void on_fatal(int signal) {
    restore();  // tcsetattr is safe in a handler (POSIX, "Signal concepts")
    ::signal(signal, SIG_DFL);
    ::raise(signal);
}

/// The shell has had the terminal meanwhile, and set it as it likes.
void on_continued(int) {
    const int kept = errno;
    if (g_is_raw.load()) ::tcsetattr(STDIN_FILENO, TCSANOW, &g_raw);
    errno = kept;
}

}  // namespace

RawTerminal::RawTerminal() {
    ::tcgetattr(STDIN_FILENO, &g_before);
    g_raw = g_before;
    ::cfmakeraw(&g_raw);
    // Output keeps its processing: messages of this program and of others on the same terminal end their
    // lines as ever.
    g_raw.c_oflag |= OPOST;
    static const bool registered = std::atexit(restore) == 0;
    static_cast<void>(registered);
    for (const int signal : kFatal) {
        struct sigaction before{};
        // A sanitizer's own handler stays: it exits by itself, and atexit() restores.
        if (::sigaction(signal, nullptr, &before) == 0 && before.sa_handler == SIG_DFL)
            ::signal(signal, on_fatal);
    }
    ::signal(SIGCONT, on_continued);
    g_is_raw = true;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &g_raw);
}

RawTerminal::~RawTerminal() {
    restore();
}

}  // namespace backspin::cli
