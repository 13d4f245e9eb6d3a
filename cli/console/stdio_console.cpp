#include "cli/console/stdio_console.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string_view>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <fmt/format.h>

#include "cli/console/escape.hpp"
#include "cli/console/terminal.hpp"

namespace backspin::cli {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

/// Everything, also where stdout is slow or shares a non-blocking description. False if nobody can read it
/// any more.
bool write_all(int descriptor, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(descriptor, bytes.data(), bytes.size());
        if (written >= 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN) {
            pollfd ready{descriptor, POLLOUT, 0};
            ::poll(&ready, 1, 1000);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

/// stdin under a description of our own, where the host allows it: Asio makes it non-blocking, and others
/// share the first one.
int own_stdin() {
    const int opened = ::open("/proc/self/fd/0", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    return opened >= 0 ? opened : ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
}

class StdioConsoleEnds final : public Console {
  public:
    StdioConsoleEnds(HostLoop& loop, ConsoleUse use)
        : loop_(loop), stream_(std::make_shared<Descriptor>(loop.io())) {
        if (use == ConsoleUse::output_only) return;
        is_terminal_ = ::isatty(STDIN_FILENO) == 1;
        if (is_terminal_) {
            if (::isatty(STDERR_FILENO) == 1) fmt::print(stderr, "Ctrl-A x ends, Ctrl-A h shows help.\n");
            raw_.emplace();
        }
        open_input();
    }
    ~StdioConsoleEnds() override {
        boost::system::error_code ignored;
        stream_->close(ignored);
    }

    void write(std::span<const std::byte> bytes) override {
        if (output_open_) output_open_ = write_all(STDOUT_FILENO, bytes);
    }

    std::vector<std::byte> take(std::size_t at_most) override {
        if (is_file_ && typed_.empty()) read_file();
        auto bytes = typed_.take(at_most);
        read();
        return bytes;
    }

    bool interactive() const override { return open_ && !is_file_; }

  private:
    void open_input() {
        const int input = own_stdin();
        if (input < 0) return;  // stdin is closed: nobody types
        open_ = true;
        struct stat status{};
        boost::system::error_code error;
        if (::fstat(input, &status) == 0 && !S_ISREG(status.st_mode)) {
            stream_->assign(input, error);
            if (!error) return read();
        }
        // A plain file never makes anybody wait, so the event loop has no use for it: it is read when needed.
        ::close(input);
        is_file_ = true;
    }

    void read_file() {
        if (!open_) return;
        std::array<std::byte, 4096> block;
        const auto size = ::read(STDIN_FILENO, block.data(), block.size());
        if (size > 0)
            typed_.add(std::span{block}.first(static_cast<std::size_t>(size)));
        else
            open_ = false;
    }

    void read() {
        if (!open_ || is_file_ || reading_ || typed_.full()) return;
        reading_ = true;
        stream_->async_read_some(
            boost::asio::buffer(*block_),
            [this, alive = std::weak_ptr(alive_), block = block_](const auto& error, std::size_t size) {
                if (alive.expired()) return;
                reading_ = false;
                if (error) {
                    open_ = false;
                    return;
                }
                receive(std::span{*block}.first(size));
                read();
            });
    }

    void receive(std::span<const std::byte> bytes) {
        if (!is_terminal_) return typed_.add(bytes);
        const auto result = escape_.feed(bytes);
        typed_.add(result.typed);
        if (result.help) {
            fmt::print(stderr,
                       "\r\nCtrl-A x  ends\r\nCtrl-A a  sends Ctrl-A\r\nCtrl-A h  shows this help\r\n");
        }
        if (result.end) loop_.ask_to_end(EndRequest::interrupted);
    }

    struct Alive {};
    std::shared_ptr<Alive> alive_ = std::make_shared<Alive>();
    std::shared_ptr<std::array<std::byte, 4096>> block_ = std::make_shared<std::array<std::byte, 4096>>();
    HostLoop& loop_;
    std::shared_ptr<Descriptor> stream_;
    std::optional<RawTerminal> raw_;
    EscapeFilter escape_;
    TypedBytes typed_;
    bool is_terminal_ = false;
    bool is_file_ = false;
    bool open_ = false;
    bool reading_ = false;
    bool output_open_ = true;
};

}  // namespace

std::unique_ptr<Console> open_stdio_console(HostLoop& loop, ConsoleUse use) {
    return std::make_unique<StdioConsoleEnds>(loop, use);
}

}  // namespace backspin::cli
