#include "cli/outside/socket_network.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/start_error.hpp"
#include "testsuite/cli/temporary_folder.hpp"

namespace backspin::cli {
namespace {

using boost::asio::ip::tcp;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Local = boost::asio::local::stream_protocol;

std::vector<std::byte> bytes_of(std::string_view text) {
    const auto view = std::as_bytes(std::span(text));
    return {view.begin(), view.end()};
}
std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
std::vector<std::byte> stream_of(std::initializer_list<std::string_view> frames) {
    std::vector<std::byte> stream;
    for (const auto frame : frames) {
        const auto one = with_length(bytes_of(frame));
        stream.insert(stream.end(), one.begin(), one.end());
    }
    return stream;
}

// ---- framing ------------------------------------------------------------------------------------

TEST(FrameReader, ALengthIsFourBytesTheHighestFirst) {
    const auto framed = with_length(std::vector<std::byte>(0x0102));
    EXPECT_EQ(text_of(framed).substr(0, 4), std::string("\0\0\1\2", 4));
    EXPECT_EQ(framed.size(), 4u + 0x0102);
}

TEST(FrameReader, FramesAreFoundHoweverTheStreamIsCut) {
    const auto stream = stream_of({"first", "", "2", "the third"});
    for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
        FrameReader reader;
        std::vector<std::string> frames;
        for (std::size_t at = 0; at < stream.size(); at += piece) {
            const auto part = std::span(stream).subspan(at, std::min(piece, stream.size() - at));
            ASSERT_TRUE(reader.read(part, [&](auto frame) { frames.push_back(text_of(frame)); }));
        }
        EXPECT_THAT(frames, ElementsAre("first", "2", "the third")) << "pieces of " << piece;
    }
}

TEST(FrameReader, NoFrameIsLongerThanTheLongest) {
    const auto length = [](std::size_t bytes) {
        auto whole = with_length(std::vector<std::byte>(bytes));
        whole.resize(4);
        return whole;
    };
    const auto none = [](auto) { FAIL() << "a frame"; };
    EXPECT_TRUE(FrameReader().read(length(FrameReader::kMostFrameBytes), none));
    EXPECT_FALSE(FrameReader().read(length(FrameReader::kMostFrameBytes + 1), none));
    EXPECT_FALSE(FrameReader().read(std::vector<std::byte>(4, std::byte{0xff}), none));
}

TEST(FrameReader, FramesBeforeABadLengthAreStillThere) {
    auto stream = stream_of({"good"});
    stream.resize(stream.size() + 4, std::byte{0xff});
    std::vector<std::string> frames;
    EXPECT_FALSE(FrameReader().read(stream, [&](auto frame) { frames.push_back(text_of(frame)); }));
    EXPECT_THAT(frames, ElementsAre("good"));
}

// ---- cables -------------------------------------------------------------------------------------

class SocketNetworkTest : public ::testing::Test {
  protected:
    static constexpr std::size_t kRoom = 1518;

    /// Gives up after half a minute, which no test needs.
    bool serve_until(const std::function<bool()>& holds) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (!holds()) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            loop.wait(std::chrono::milliseconds(100));
        }
        return true;
    }
    std::string receive(Outside& end) {
        std::vector<std::byte> frame;
        EXPECT_TRUE(serve_until([&] { return !(frame = end.next(kRoom)).empty(); }));
        return text_of(frame);
    }
    std::unique_ptr<Outside> listen() { return open_socket_network(loop, {true, UnixEndpoint{path}}); }
    std::unique_ptr<Outside> connect() { return open_socket_network(loop, {false, UnixEndpoint{path}}); }

    HostLoop loop;
    TemporaryFolder folder;
    std::string path = folder / "cable";
    boost::asio::io_context io;
};

TEST_F(SocketNetworkTest, TwoEndsExchangeFrames) {
    const auto first = listen();
    const auto second = connect();
    EXPECT_TRUE(first->interactive());
    EXPECT_TRUE(second->interactive());
    second->output(bytes_of("hello"));
    EXPECT_EQ(receive(*first), "hello");
    first->output(bytes_of("one"));
    first->output(bytes_of("two"));
    EXPECT_EQ(receive(*second), "one");
    EXPECT_EQ(receive(*second), "two");
    EXPECT_TRUE(second->next(kRoom).empty());
}

TEST_F(SocketNetworkTest, TcpOnTheLoopbackCarriesThemToo) {
    tcp::acceptor other(io, tcp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0));
    const auto end =
        open_socket_network(loop, {false, TcpEndpoint{"127.0.0.1", other.local_endpoint().port()}});
    auto peer = other.accept();
    end->output(bytes_of("ping"));
    std::string heard(8, '\0');
    // What is queued goes out while the loop runs.
    EXPECT_TRUE(serve_until([&] { return peer.available() == heard.size(); }));
    boost::asio::read(peer, boost::asio::buffer(heard));
    EXPECT_EQ(heard, std::string("\0\0\0\4ping", 8));
    boost::asio::write(peer, boost::asio::buffer(stream_of({"pong"})));
    EXPECT_EQ(receive(*end), "pong");
}

TEST_F(SocketNetworkTest, WithNobodyThereFramesAreDropped) {
    const auto end = listen();
    end->output(bytes_of("into the void"));
    const auto peer = connect();
    peer->output(bytes_of("hello"));
    EXPECT_EQ(receive(*end), "hello");
    end->output(bytes_of("for you"));
    EXPECT_EQ(receive(*peer), "for you");
}

TEST_F(SocketNetworkTest, WhoeverSendsNoFramesIsCutOffAndTheNextMayCome) {
    const auto end = listen();
    Local::socket bad(io);
    bad.connect(Local::endpoint(path));
    boost::asio::write(bad, boost::asio::buffer(std::string("GET / HTTP/1.1\r\n\r\n")));
    bad.non_blocking(true);
    EXPECT_TRUE(serve_until([&] {
        char byte = 0;
        boost::system::error_code error;
        bad.read_some(boost::asio::buffer(&byte, 1), error);
        return error && error != boost::asio::error::would_block;
    }));
    EXPECT_TRUE(end->next(kRoom).empty());
    const auto good = connect();
    good->output(bytes_of("hello"));
    EXPECT_EQ(receive(*end), "hello");
}

/// A connected end that has lost its other one waits for nothing any more.
TEST_F(SocketNetworkTest, AnEndWithoutItsOtherIsNotWaitedFor) {
    auto first = listen();
    const auto second = connect();
    second->output(bytes_of("hello"));
    EXPECT_EQ(receive(*first), "hello");
    first.reset();
    EXPECT_TRUE(serve_until([&] { return !second->interactive(); }));
    second->output(bytes_of("into the void"));
    EXPECT_TRUE(second->next(kRoom).empty());
}

/// Nothing is lost, however slow the machine is to take it, and not all of it is kept here at once.
TEST_F(SocketNetworkTest, ASenderWaitsForAMachineThatTakesNothing) {
    const auto end = listen();
    Local::socket peer(io);
    peer.connect(Local::endpoint(path));
    peer.non_blocking(true);
    const std::string frame(1000, 'x');
    const auto stream = stream_of({frame});
    std::size_t sent = 0;
    bool stuck = false;
    // The other side has a hundred megabytes for it, and somewhere it has to wait.
    for (int tries = 0; sent < std::size_t{100} << 20 && tries < 100;) {
        boost::system::error_code error;
        const auto at = sent % stream.size();
        sent += peer.write_some(boost::asio::buffer(stream.data() + at, stream.size() - at), error);
        if (error) ++tries;
        loop.poll();
        stuck = tries == 100;
    }
    EXPECT_TRUE(stuck);
    const auto whole = sent / stream.size();
    for (std::size_t i = 0; i < whole; ++i) ASSERT_EQ(receive(*end), frame) << i;
}

TEST_F(SocketNetworkTest, FramesThatNoDriverHasRoomForAreDropped) {
    const auto end = listen();
    const auto peer = connect();
    peer->output(std::vector<std::byte>(kRoom + 1));
    peer->output(bytes_of("fits"));
    EXPECT_EQ(receive(*end), "fits");
}

TEST_F(SocketNetworkTest, WhereNobodyListensItIsSaidInOneLine) {
    try {
        connect();
        FAIL() << "it is connected";
    } catch (const StartError& error) {
        EXPECT_THAT(error.what(), HasSubstr("cannot connect to " + path));
        EXPECT_THAT(error.what(), ::testing::Not(HasSubstr("\n")));
    }
}

}  // namespace
}  // namespace backspin::cli
