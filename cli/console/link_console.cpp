#include "cli/console/link_console.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <fmt/format.h>

#include "cli/start_error.hpp"
#include "cli/transport/server.hpp"

namespace backspin::cli {
namespace {

// What a client that does not read may leave with us: a screen is 2 KiB, a kernel's boot log 64 KiB.
constexpr std::size_t kUnsentLimit = std::size_t{1} << 20;

constexpr const char* kRefusal = "backspin: one client is connected\r\n";

class ConsoleServer final : public Console {
  public:
    ConsoleServer(HostLoop& loop, const TcpConsole& choice, ConsoleUse use, const std::string& name)
        : loop_(loop),
          use_(use),
          server_(Server::on_tcp(loop, {choice.host, choice.port}, events(), kRefusal)) {
        fmt::print(stderr, "{} on port {}\n", name, server_->port());
    }
    ConsoleServer(HostLoop& loop, const UnixConsole& choice, ConsoleUse use, const std::string& name)
        : loop_(loop), use_(use), server_(Server::on_unix_socket(loop, {choice.path}, events(), kRefusal)) {
        fmt::print(stderr, "{} on {}\n", name, choice.path);
    }

    void write(std::span<const std::byte> bytes) override {
        if (server_->unsent() < kUnsentLimit) server_->send(bytes);
    }
    std::vector<std::byte> take(std::size_t at_most) override {
        auto bytes = typed_.take(at_most);
        server_->set_reading(!typed_.full());
        return bytes;
    }
    bool interactive() const override { return use_ == ConsoleUse::both_ways; }
    void flush() override { drain(loop_, *server_, std::chrono::seconds(1)); }

  private:
    TransportEvents events() {
        TransportEvents events;
        events.received = [this](std::span<const std::byte> bytes) { receive(bytes); };
        return events;
    }
    void receive(std::span<const std::byte> bytes) {
        if (use_ == ConsoleUse::output_only) return;
        typed_.add(bytes);
        server_->set_reading(!typed_.full());
    }

    HostLoop& loop_;
    ConsoleUse use_;
    TypedBytes typed_;
    std::unique_ptr<Server> server_;
};

class PtyConsoleEnd final : public Console {
  public:
    PtyConsoleEnd(HostLoop& loop, ConsoleUse use, const std::string& title) : use_(use) {
        const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (master < 0 || ::grantpt(master) != 0 || ::unlockpt(master) != 0) {
            if (master >= 0) ::close(master);
            throw StartError(title + " pty: this computer has no pseudo-terminal to give");
        }
        const std::string name = ::ptsname(master);
        // Held open here: otherwise reading fails whenever no program has the other side open. Raw, for the
        // guest does its own echo.
        slave_ = ::open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
        termios mode{};
        if (slave_ >= 0 && ::tcgetattr(slave_, &mode) == 0) {
            ::cfmakeraw(&mode);
            ::tcsetattr(slave_, TCSANOW, &mode);
        }
        const auto stream = std::make_shared<boost::asio::posix::stream_descriptor>(loop.io(), master);
        stream->non_blocking(true);
        master_ = master;
        LinkEvents events;
        events.received = [this](std::span<const std::byte> bytes) { receive(bytes); };
        using Stream = boost::asio::posix::stream_descriptor;
        link_ = std::make_shared<StreamLink<Stream, Stream>>(stream, stream, std::move(events));
        link_->set_reading(true);
        fmt::print(stderr, "{} on {}\n", title, name);
    }
    ~PtyConsoleEnd() override {
        link_->close();
        if (slave_ >= 0) ::close(slave_);
    }
    PtyConsoleEnd(const PtyConsoleEnd&) = delete;
    PtyConsoleEnd& operator=(const PtyConsoleEnd&) = delete;

    /// What fits in the terminal's own buffer: a reader that is there takes it out, and nobody waits for one
    /// that is not.
    void write(std::span<const std::byte> bytes) override {
        while (!bytes.empty()) {
            const auto written = ::write(master_, bytes.data(), bytes.size());
            if (written <= 0) return;
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        }
    }
    std::vector<std::byte> take(std::size_t at_most) override {
        auto bytes = typed_.take(at_most);
        link_->set_reading(!typed_.full());
        return bytes;
    }
    bool interactive() const override { return use_ == ConsoleUse::both_ways; }

  private:
    void receive(std::span<const std::byte> bytes) {
        if (use_ == ConsoleUse::output_only) return;
        typed_.add(bytes);
        link_->set_reading(!typed_.full());
    }

    ConsoleUse use_;
    TypedBytes typed_;
    int master_ = -1;
    int slave_ = -1;
    std::shared_ptr<Link> link_;
};

}  // namespace

std::unique_ptr<Console> open_tcp_console(HostLoop& loop, const TcpConsole& choice, ConsoleUse use,
                                          const std::string& name) {
    return std::make_unique<ConsoleServer>(loop, choice, use, name);
}

std::unique_ptr<Console> open_unix_console(HostLoop& loop, const UnixConsole& choice, ConsoleUse use,
                                           const std::string& name) {
    return std::make_unique<ConsoleServer>(loop, choice, use, name);
}

std::unique_ptr<Console> open_pty_console(HostLoop& loop, ConsoleUse use, const std::string& name) {
    return std::make_unique<PtyConsoleEnd>(loop, use, name);
}

}  // namespace backspin::cli
