// Consoles: pipes, files, TCP, pseudo-terminals, and the terminal that must be left as it was found.
#include "cli/console/console.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <thread>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/program.hpp"
#include "cli/start_error.hpp"
#include "testsuite/cli/guest_programs.hpp"
#include "testsuite/cli/temporary_folder.hpp"

namespace backspin::cli {
namespace {

using ::testing::HasSubstr;

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span{text});
}

/// What follows `before` in the line that was said; empty if it was not said.
std::string said_after(const std::string& said, const std::string& before) {
    if (!said.starts_with(before)) return {};
    return said.substr(before.size(), said.find('\n') - before.size());
}

/// What is typed until `size` bytes have come; gives up after ten seconds.
std::string typed(HostLoop& loop, Console& console, std::size_t size) {
    std::string text;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (text.size() < size && std::chrono::steady_clock::now() < deadline) {
        const auto bytes = console.take(size - text.size());
        text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        if (text.size() < size) loop.wait(std::chrono::milliseconds(20));
    }
    return text;
}

/// stdin is another descriptor while this lives.
class Stdin {
  public:
    explicit Stdin(int descriptor) : kept_(::dup(STDIN_FILENO)) {
        ::dup2(descriptor, STDIN_FILENO);
        ::close(descriptor);
    }
    ~Stdin() {
        ::dup2(kept_, STDIN_FILENO);
        ::close(kept_);
    }
    Stdin(const Stdin&) = delete;
    Stdin& operator=(const Stdin&) = delete;

  private:
    int kept_;
};

TEST(Console, OnStdioReadsAPipeUpToItsEnd) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const Stdin stdin_is(ends[0]);
    const int flags = ::fcntl(STDIN_FILENO, F_GETFL);
    HostLoop loop;
    const auto console = open_console(loop, StdioConsole{}, ConsoleUse::both_ways, false);
    EXPECT_TRUE(console->interactive());
    ASSERT_EQ(::write(ends[1], "a\x01xb", 4), 4);  // no terminal: Ctrl-A means nothing
    EXPECT_EQ(typed(loop, *console, 4), "a\x01xb");
    EXPECT_EQ(loop.end_request(), EndRequest::none);
    ::close(ends[1]);
    while (console->interactive()) loop.wait(std::chrono::seconds(10));
    EXPECT_TRUE(console->take(1).empty());
    EXPECT_EQ(::fcntl(STDIN_FILENO, F_GETFL), flags) << "whoever shares stdin finds it non-blocking";
}

TEST(Console, OnStdioReadsAFileWithoutWaiting) {
    const TemporaryFolder folder;
    const std::string content(200'000, 'k');
    spill(folder / "keys", content);
    const Stdin stdin_is(::open((folder / "keys").c_str(), O_RDONLY));
    HostLoop loop;
    const auto console = open_console(loop, StdioConsole{}, ConsoleUse::both_ways, false);
    EXPECT_FALSE(console->interactive());
    EXPECT_EQ(typed(loop, *console, content.size()), content);
    EXPECT_TRUE(console->take(1).empty());
}

TEST(Console, OfAReplayReadsNothing) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const Stdin stdin_is(ends[0]);
    HostLoop loop;
    const auto console = open_console(loop, StdioConsole{}, ConsoleUse::output_only, false);
    ASSERT_EQ(::write(ends[1], "abc", 3), 3);
    loop.wait(std::chrono::milliseconds(20));
    EXPECT_TRUE(console->take(10).empty());
    EXPECT_FALSE(console->interactive());
    ::close(ends[1]);
}

TEST(Console, InAFileRefusesAnExistingOneWithoutForce) {
    const TemporaryFolder folder;
    HostLoop loop;
    open_console(loop, FileConsole{folder / "out"}, ConsoleUse::both_ways, false)->write(bytes_of("first"));
    EXPECT_EQ(slurp(folder / "out"), "first");
    EXPECT_THROW(open_console(loop, FileConsole{folder / "out"}, ConsoleUse::both_ways, false), StartError);
    EXPECT_EQ(slurp(folder / "out"), "first");
    open_console(loop, FileConsole{folder / "out"}, ConsoleUse::both_ways, true)->write(bytes_of("new"));
    EXPECT_EQ(slurp(folder / "out"), "new");
}

TEST(Console, OnTcpTalksToAClient) {
    HostLoop loop;
    ::testing::internal::CaptureStderr();
    const auto console = open_console(loop, TcpConsole{0}, ConsoleUse::both_ways, false);
    const auto port = said_after(::testing::internal::GetCapturedStderr(), "Console on port ");
    ASSERT_NE(port, "");
    console->write(bytes_of("nobody hears this"));

    boost::asio::io_context io;
    boost::asio::ip::tcp::socket client(io);
    client.connect({boost::asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(std::stoi(port))});
    boost::asio::write(client, boost::asio::buffer("keys", 4));
    EXPECT_EQ(typed(loop, *console, 4), "keys");
    console->write(bytes_of("shown"));
    console->flush();
    std::string shown(5, '\0');
    boost::asio::read(client, boost::asio::buffer(shown));
    EXPECT_EQ(shown, "shown");
}

TEST(Console, OnAUnixSocketTalksToAClientAndHasItsName) {
    const TemporaryFolder folder;
    HostLoop loop;
    ::testing::internal::CaptureStderr();
    auto console =
        open_console(loop, UnixConsole{folder / "socket"}, ConsoleUse::both_ways, false, "Virtio console");
    EXPECT_EQ(said_after(::testing::internal::GetCapturedStderr(), "Virtio console on "), folder / "socket");
    boost::asio::io_context io;
    boost::asio::local::stream_protocol::socket client(io);
    client.connect(boost::asio::local::stream_protocol::endpoint(folder / "socket"));
    boost::asio::write(client, boost::asio::buffer("keys", 4));
    EXPECT_EQ(typed(loop, *console, 4), "keys");
    console->write(bytes_of("shown"));
    console->flush();
    std::string shown(5, '\0');
    boost::asio::read(client, boost::asio::buffer(shown));
    EXPECT_EQ(shown, "shown");
    console.reset();
    EXPECT_FALSE(std::filesystem::exists(folder / "socket"));
}

TEST(Console, OnAPseudoTerminalTalksToWhoOpensIt) {
    HostLoop loop;
    ::testing::internal::CaptureStderr();
    const auto console = open_console(loop, PtyConsole{}, ConsoleUse::both_ways, false);
    const auto name = said_after(::testing::internal::GetCapturedStderr(), "Console on ");
    ASSERT_NE(name, "");
    const int terminal = ::open(name.c_str(), O_RDWR | O_NOCTTY);
    ASSERT_GE(terminal, 0);
    ASSERT_EQ(::write(terminal, "k\r\x03", 3), 3);
    EXPECT_EQ(typed(loop, *console, 3), "k\r\x03");
    console->write(bytes_of("shown\n"));
    std::array<char, 16> shown{};
    EXPECT_EQ(::read(terminal, shown.data(), shown.size()), 6);
    EXPECT_STREQ(shown.data(), "shown\n");
    ::close(terminal);
    console->write(bytes_of("nobody reads this\n"));  // and nobody waits for that
}

TEST(Console, WithoutAReaderNeverBlocks) {
    HostLoop loop;
    ::testing::internal::CaptureStderr();
    const auto console = open_console(loop, PtyConsole{}, ConsoleUse::both_ways, false);
    ::testing::internal::GetCapturedStderr();
    const std::string much(1 << 20, 'x');
    console->write(bytes_of(much));
    EXPECT_TRUE(console->interactive());
}

/// The program on a terminal of its own, as a user sees it.
class OnATerminal {
  public:
    explicit OnATerminal(std::vector<std::string> arguments) {
        master_ = ::posix_openpt(O_RDWR | O_NOCTTY);
        if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0)
            throw std::runtime_error("no terminal");
        slave_ = ::open(::ptsname(master_), O_RDWR | O_NOCTTY);
        ::tcgetattr(slave_, &before_);
        child_ = ::fork();
        if (child_ != 0) return;
        for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(slave_, descriptor);
        std::exit(run_program(arguments));
    }
    ~OnATerminal() {
        if (child_ > 0) {
            ::kill(child_, SIGKILL);
            ::waitpid(child_, nullptr, 0);
        }
        ::close(slave_);
        ::close(master_);
    }
    OnATerminal(const OnATerminal&) = delete;
    OnATerminal& operator=(const OnATerminal&) = delete;

    void type(std::string_view keys) const {
        if (::write(master_, keys.data(), keys.size()) < 0)
            throw std::runtime_error("nobody reads the terminal");
    }
    /// Reads the screen until the text is there.
    bool shows(std::string_view text) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (screen_.find(text) == std::string::npos && std::chrono::steady_clock::now() < deadline) {
            pollfd readable{master_, POLLIN, 0};
            std::array<char, 4096> block;
            if (::poll(&readable, 1, 100) != 1) continue;
            const auto size = ::read(master_, block.data(), block.size());
            if (size > 0) screen_.append(block.data(), static_cast<std::size_t>(size));
        }
        return screen_.find(text) != std::string::npos;
    }
    void signal(int number) const { ::kill(child_, number); }
    /// As waitpid() tells it.
    int wait() {
        int status = 0;
        ::waitpid(std::exchange(child_, -1), &status, 0);
        return status;
    }
    bool is_raw() const { return (mode().c_lflag & (ICANON | ECHO | ISIG)) == 0; }
    bool is_as_before() const {
        const auto now = mode();
        return now.c_iflag == before_.c_iflag && now.c_oflag == before_.c_oflag &&
               now.c_lflag == before_.c_lflag && now.c_cflag == before_.c_cflag;
    }
    const std::string& screen() const { return screen_; }

  private:
    termios mode() const {
        termios now{};
        ::tcgetattr(slave_, &now);
        return now;
    }
    int master_ = -1;
    int slave_ = -1;
    pid_t child_ = -1;
    termios before_{};
    std::string screen_;
};

class Terminal : public ::testing::Test {
  protected:
    Terminal() { write_image(folder_ / "guest", kEchoesPolling); }
    std::vector<std::string> run() const { return {"run", folder_ / "guest"}; }
    TemporaryFolder folder_;
};

TEST_F(Terminal, IsRawDuringTheRunAndRestoredByCtrlAX) {
    OnATerminal program(run());
    ASSERT_TRUE(program.shows(">"));
    EXPECT_TRUE(program.is_raw());
    program.type("key\x03\x01h");
    ASSERT_TRUE(program.shows("sends Ctrl-A"));
    ASSERT_TRUE(program.shows("key\x03"));
    program.type("\x01x");
    const int status = program.wait();
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 123) << status;
    EXPECT_TRUE(program.is_as_before());
}

TEST_F(Terminal, IsRestoredWhenTheGuestEnds) {
    OnATerminal program(run());
    ASSERT_TRUE(program.shows(">"));
    program.type("q");
    const int status = program.wait();
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    EXPECT_TRUE(program.is_as_before());
}

TEST_F(Terminal, IsRestoredOnSignals) {
    for (const int signal : {SIGTERM, SIGHUP, SIGQUIT}) {
        OnATerminal program(run());
        ASSERT_TRUE(program.shows(">"));
        EXPECT_TRUE(program.is_raw());
        program.signal(signal);
        const int status = program.wait();
        if (signal == SIGQUIT)
            EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGQUIT) << status;
        else
            EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 123) << status;
        EXPECT_TRUE(program.is_as_before()) << signal;
    }
}

TEST_F(Terminal, IsNotTouchedWhenTheRunCannotStart) {
    OnATerminal program({"run", "--save", folder_ / "guest", folder_ / "guest"});
    const int status = program.wait();
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 125) << status;
    EXPECT_TRUE(program.is_as_before());
}

}  // namespace
}  // namespace backspin::cli
