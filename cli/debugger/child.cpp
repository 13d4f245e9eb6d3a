#include "cli/debugger/child.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

#include <fmt/format.h>

#include "cli/start_error.hpp"

namespace backspin::cli {
namespace {

using namespace std::chrono_literals;

/// What the program inherits: this one's terminal, and neither its files nor what it does about signals.
class Inheritance {
  public:
    explicit Inheritance(ChildInput input) {
        ::posix_spawn_file_actions_init(&files_);
        ::posix_spawnattr_init(&attributes_);
        if (input == ChildInput::none)
            ::posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_addclosefrom_np(&files_, STDERR_FILENO + 1);
        sigset_t signals;
        sigemptyset(&signals);
        ::posix_spawnattr_setsigmask(&attributes_, &signals);
        for (const int signal : {SIGINT, SIGPIPE, SIGTERM, SIGHUP, SIGXFSZ, SIGCHLD})
            sigaddset(&signals, signal);
        ::posix_spawnattr_setsigdefault(&attributes_, &signals);
        ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    }
    ~Inheritance() {
        ::posix_spawn_file_actions_destroy(&files_);
        ::posix_spawnattr_destroy(&attributes_);
    }
    Inheritance(const Inheritance&) = delete;
    Inheritance& operator=(const Inheritance&) = delete;

    const posix_spawn_file_actions_t* files() const { return &files_; }
    const posix_spawnattr_t* attributes() const { return &attributes_; }

  private:
    posix_spawn_file_actions_t files_{};
    posix_spawnattr_t attributes_{};
};

int code_of(int status) {
    constexpr int kSignalled = 128;
    return WIFEXITED(status) ? WEXITSTATUS(status) : kSignalled + WTERMSIG(status);
}

}  // namespace

Child::Child(HostLoop& loop, const std::vector<std::string>& words, ChildInput input)
    : loop_(loop), ends_(loop.io(), SIGCHLD) {
    loop_.leave_interrupts_to_others();
    await_end();
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const Inheritance inheritance(input);
    const int error = ::posix_spawn(&process_, words.front().c_str(), inheritance.files(),
                                    inheritance.attributes(), arguments.data(), ::environ);
    if (error != 0) {
        throw StartError(
            fmt::format("{}: cannot be started: {}", words.front(), std::generic_category().message(error)));
    }
}

Child::~Child() {
    if (process_ == 0) return;
    for (look(); !exit_code_; look()) {
        ask_to_end();
        loop_.wait(100ms);
    }
}

int Child::wait() {
    for (look(); !exit_code_; look()) {
        const auto why = loop_.end_request();
        if (why == EndRequest::interrupted || why == EndRequest::timed_out) ask_to_end();
        loop_.wait(1s);
    }
    return *exit_code_;
}

void Child::await_end() {
    ends_.async_wait([this](const boost::system::error_code& error, int) {
        if (error) return;
        look();
        if (!exit_code_) await_end();
    });
}

void Child::look() {
    int status = 0;
    if (exit_code_ || process_ == 0 || ::waitpid(process_, &status, WNOHANG) != process_) return;
    exit_code_ = code_of(status);
    loop_.ask_to_end(EndRequest::debugger_left);
}

/// A debugger may have its reasons to stay for a moment, or for ever: it waits for a program of its own.
void Child::ask_to_end() {
    constexpr auto kPatience = 5s;
    if (process_ == 0) return;
    const auto now = std::chrono::steady_clock::now();
    if (!asked_) {
        asked_ = now;
        ::kill(process_, SIGTERM);
    } else if (now - *asked_ > kPatience) {
        ::kill(process_, SIGKILL);
    }
}

}  // namespace backspin::cli
