// The debugger's ways in, on the loopback and in a temporary folder.
#include "cli/transport/transport.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/start_error.hpp"
#include "cli/units.hpp"
#include "testsuite/cli/temporary_folder.hpp"

namespace backspin::cli {
namespace {

using boost::asio::ip::tcp;
using ::testing::HasSubstr;
using Local = boost::asio::local::stream_protocol;

/// An echoing host: what a client sends comes back in capitals of its own.
class Host {
  public:
    explicit Host(const Endpoint& endpoint) {
        TransportEvents events;
        events.connected = [this] { ++connected; };
        events.received = [this](std::span<const std::byte> bytes) {
            received.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        };
        events.disconnected = [this] { ++disconnected; };
        transport = open_transport(loop, endpoint, std::move(events));
    }

    std::uint16_t port() const {
        constexpr std::string_view kAnnounced = "Listening on port ";
        const auto text = transport->announcement();
        if (!text.starts_with(kAnnounced)) return 0;
        return static_cast<std::uint16_t>(parse_number(text.substr(kAnnounced.size())).value_or(0));
    }
    /// Serves until it holds; gives up after ten seconds, which no test needs.
    template <class Condition>
    [[nodiscard]] bool serve_until(Condition condition) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!condition()) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            loop.wait(std::chrono::milliseconds(100));
        }
        return true;
    }
    void send(std::string_view text) { transport->send(std::as_bytes(std::span{text})); }

    HostLoop loop;
    int connected = 0;
    int disconnected = 0;
    std::string received;
    std::unique_ptr<Transport> transport;
};

template <class Protocol>
class Client {
  public:
    explicit Client(const typename Protocol::endpoint& endpoint) : socket_(io_) { socket_.connect(endpoint); }
    void send(std::string_view text) { boost::asio::write(socket_, boost::asio::buffer(text)); }
    std::string read(std::size_t size) {
        std::string text(size, '\0');
        boost::asio::read(socket_, boost::asio::buffer(text));
        return text;
    }
    /// Up to the end of the connection.
    std::string rest() {
        std::string text;
        boost::system::error_code end;
        boost::asio::read(socket_, boost::asio::dynamic_buffer(text), end);
        return text;
    }

  private:
    boost::asio::io_context io_;
    typename Protocol::socket socket_;
};
using TcpClient = Client<tcp>;

tcp::endpoint loopback(std::uint16_t port) {
    return {boost::asio::ip::address_v4::loopback(), port};
}

std::string refusal(const Endpoint& endpoint) {
    HostLoop loop;
    try {
        open_transport(loop, endpoint, {});
    } catch (const StartError& error) {
        return error.what();
    }
    return "opened";
}

TEST(Transport, CarriesBytesBothWays) {
    Host host(TcpEndpoint{"127.0.0.1", 0});
    ASSERT_NE(host.port(), 0);
    EXPECT_FALSE(host.transport->connected());
    TcpClient client(loopback(host.port()));
    client.send("$qSupported#37");
    ASSERT_TRUE(host.serve_until([&] { return host.received.size() == 14; }));
    EXPECT_EQ(host.received, "$qSupported#37");
    EXPECT_EQ(host.connected, 1);
    EXPECT_TRUE(host.transport->connected());
    host.send("+$#00");
    drain(host.loop, *host.transport, std::chrono::seconds(10));
    EXPECT_EQ(host.transport->unsent(), 0U);
    EXPECT_EQ(client.read(5), "+$#00");
}

TEST(Transport, CarriesMuchMoreThanASocketHolds) {
    Host host(TcpEndpoint{"127.0.0.1", 0});
    TcpClient client(loopback(host.port()));
    ASSERT_TRUE(host.serve_until([&] { return host.connected == 1; }));
    std::string large(20'000'000, 'x');
    for (std::size_t i = 0; i < large.size(); i += 4096) large[i] = static_cast<char>('a' + i / 4096 % 26);
    host.send(std::string_view{large}.substr(0, 1000));
    host.send(std::string_view{large}.substr(1000));
    EXPECT_GT(host.transport->unsent(), 0U);
    std::string got;
    std::jthread reader([&] { got = client.read(large.size()); });
    ASSERT_TRUE(host.serve_until([&] { return host.transport->unsent() == 0; }));
    reader.join();
    EXPECT_EQ(got, large);
}

TEST(Transport, RefusesASecondClientAndKeepsTheFirst) {
    Host host(TcpEndpoint{"127.0.0.1", 0});
    TcpClient first(loopback(host.port()));
    ASSERT_TRUE(host.serve_until([&] { return host.connected == 1; }));
    ::testing::internal::CaptureStderr();
    TcpClient second(loopback(host.port()));
    std::string rest = "not closed";
    std::jthread reader([&] { rest = second.rest(); });
    std::string said;
    ASSERT_TRUE(host.serve_until([&] { return rest.empty(); }));
    reader.join();
    EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("a second client was refused"));
    first.send("still here");
    ASSERT_TRUE(host.serve_until([&] { return host.received == "still here"; }));
    EXPECT_EQ(host.connected, 1);
    EXPECT_EQ(host.disconnected, 0);
}

TEST(Transport, ServesOneClientAfterTheOther) {
    Host host(TcpEndpoint{"127.0.0.1", 0});
    for (int n = 1; n <= 5; ++n) {
        {
            TcpClient client(loopback(host.port()));
            client.send(std::to_string(n));
            ASSERT_TRUE(
                host.serve_until([&] { return host.received.size() == static_cast<std::size_t>(n); }));
        }
        ASSERT_TRUE(host.serve_until([&] { return host.disconnected == n; }));
        EXPECT_FALSE(host.transport->connected());
        host.send("to nobody");  // dropped
    }
    EXPECT_EQ(host.received, "12345");
    EXPECT_EQ(host.connected, 5);
    EXPECT_TRUE(host.transport->accepts_another());
}

TEST(Transport, LetsAClientGoOnceAllIsSent) {
    Host host(TcpEndpoint{"127.0.0.1", 0});
    TcpClient client(loopback(host.port()));
    ASSERT_TRUE(host.serve_until([&] { return host.connected == 1; }));
    host.send("last words");
    host.transport->close_client();
    ASSERT_TRUE(host.serve_until([&] { return host.disconnected == 1; }));
    EXPECT_EQ(client.rest(), "last words");
}

TEST(Transport, APortInUseIsRefusedWithAWayOut) {
    Host host(TcpEndpoint{"127.0.0.1", 0});
    EXPECT_THAT(refusal(TcpEndpoint{"127.0.0.1", host.port()}), HasSubstr("is in use; name another one"));
}

TEST(Transport, TellsItsPortInAFileForAsLongAsItListens) {
    const TemporaryFolder folder;
    const auto path = folder / "port";
    spill(path, "12345\n");  // of one that was killed
    {
        HostLoop loop;
        const auto server = open_transport(loop, TcpEndpoint{"127.0.0.1", 0, path}, {});
        const auto text = slurp(path);
        EXPECT_EQ("Listening on port " + text, server->announcement() + "\n");
    }
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_FALSE(std::filesystem::exists(path + ".part"));

    spill(path, "a letter to somebody");
    EXPECT_THAT(refusal(TcpEndpoint{"127.0.0.1", 0, path}), ::testing::HasSubstr("a file of something else"));
    EXPECT_EQ(slurp(path), "a letter to somebody");
    EXPECT_THAT(refusal(TcpEndpoint{"127.0.0.1", 0, folder / "no/port"}),
                ::testing::HasSubstr("cannot be written: No such file"));
}

TEST(Transport, AddressesOfOtherComputersAreRefused) {
    EXPECT_THAT(refusal(TcpEndpoint{"192.0.2.1", 0}), HasSubstr("192.0.2.1:0: cannot listen there"));
    EXPECT_THAT(refusal(TcpEndpoint{"no such name", 0}), HasSubstr("no such address"));
}

TEST(Transport, UsesAUnixSocketAndRemovesIt) {
    const TemporaryFolder folder;
    const auto path = folder / "gdb.sock";
    {
        Host host(UnixEndpoint{path});
        EXPECT_EQ(host.transport->announcement(), "Listening on " + path);
        struct stat status{};
        ASSERT_EQ(::stat(path.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 077U, 0U) << "others may connect";
        Client<Local> client{Local::endpoint(path)};
        client.send("hello");
        ASSERT_TRUE(host.serve_until([&] { return host.received == "hello"; }));
        EXPECT_THAT(refusal(UnixEndpoint{path}), HasSubstr("another process listens there"));
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Transport, TakesOverASocketThatNobodyListensOn) {
    const TemporaryFolder folder;
    const auto path = folder / "gdb.sock";
    {
        boost::asio::io_context io;
        const boost::asio::basic_socket_acceptor<Local> left(io, Local::endpoint(path));
    }
    ASSERT_TRUE(std::filesystem::exists(path));
    EXPECT_EQ(refusal(UnixEndpoint{path}), "opened");
}

TEST(Transport, LeavesAFileThatIsNoSocketAlone) {
    const TemporaryFolder folder;
    spill(folder / "notes", "precious");
    EXPECT_THAT(refusal(UnixEndpoint{folder / "notes"}), HasSubstr("exists and is not a socket"));
    EXPECT_EQ(slurp(folder / "notes"), "precious");
    EXPECT_THAT(refusal(UnixEndpoint{folder / "missing/gdb.sock"}), HasSubstr("cannot listen there"));
}

/// stdin and stdout are the test's pipes while this lives.
class PipedStdio {
  public:
    PipedStdio() : kept_in_(::dup(STDIN_FILENO)), kept_out_(::dup(STDOUT_FILENO)) {
        std::array<int, 2> in{};
        std::array<int, 2> out{};
        if (::pipe(in.data()) != 0 || ::pipe(out.data()) != 0) throw std::runtime_error("no pipes");
        ::dup2(in[0], STDIN_FILENO);
        ::dup2(out[1], STDOUT_FILENO);
        ::close(in[0]);
        ::close(out[1]);
        to_program = in[1];
        from_program = out[0];
    }
    ~PipedStdio() {
        ::dup2(kept_in_, STDIN_FILENO);
        ::dup2(kept_out_, STDOUT_FILENO);
        for (const int descriptor : {kept_in_, kept_out_, to_program, from_program}) {
            if (descriptor >= 0) ::close(descriptor);
        }
    }
    PipedStdio(const PipedStdio&) = delete;
    PipedStdio& operator=(const PipedStdio&) = delete;
    int to_program = -1;
    int from_program = -1;

  private:
    int kept_in_;
    int kept_out_;
};

TEST(Transport, UsesStdinAndStdoutAndLeavesThemAsTheyWere) {
    PipedStdio stdio;
    const int flags = ::fcntl(STDIN_FILENO, F_GETFL);
    {
        Host host(StdioEndpoint{});
        EXPECT_EQ(host.transport->announcement(), "");
        EXPECT_FALSE(host.transport->accepts_another());
        ASSERT_EQ(::write(stdio.to_program, "hello", 5), 5);
        ASSERT_TRUE(host.serve_until([&] { return host.received == "hello"; }));
        EXPECT_EQ(host.connected, 1);
        host.send("answer");
        ASSERT_TRUE(host.serve_until([&] { return host.transport->unsent() == 0; }));
        std::array<char, 6> answer{};
        ASSERT_EQ(::read(stdio.from_program, answer.data(), answer.size()), 6);
        EXPECT_EQ(std::string_view(answer.data(), 6), "answer");
        ::close(std::exchange(stdio.to_program, -1));
        ASSERT_TRUE(host.serve_until([&] { return host.disconnected == 1; }));
    }
    EXPECT_EQ(::fcntl(STDIN_FILENO, F_GETFL), flags);
}

}  // namespace
}  // namespace backspin::cli
