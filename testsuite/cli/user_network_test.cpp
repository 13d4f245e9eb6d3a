// libslirp behind a card, with a guest of a few frames and this computer's loopback.
#include "cli/outside/user_network.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/start_error.hpp"
#include "testsuite/cli/network_frames.hpp"

namespace backspin::cli {
namespace {

using namespace testing;
using boost::asio::ip::make_address;
using boost::asio::ip::tcp;
using boost::asio::ip::udp;
using ::testing::HasSubstr;

constexpr std::size_t kRoom = 1518;
const auto kLoopback = make_address("127.0.0.1");

class UserNetworkTest : public ::testing::Test {
  protected:
    void open(const UserNetwork& choice = {}) { network = open_user_network(loop, choice); }

    /// The first frame for which it holds; what else comes is the guest's to ignore, but ARP, which it
    /// answers. Gives up after half a minute, which no test needs.
    Frame receive(const std::function<bool(const Frame&)>& wanted) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (std::chrono::steady_clock::now() < deadline) {
            const auto frame = network->next(kRoom);
            if (frame.empty()) {
                loop.wait(std::chrono::milliseconds(100));
            } else if (wanted(frame)) {
                return frame;
            } else if (asks_for_guest(frame)) {
                network->output(arp(2, kGuest, kGateway));
            }
        }
        ADD_FAILURE() << "no such frame";
        return {};
    }
    static bool asks_for_guest(const Frame& frame) {
        return half_at(frame, 12) == kArp && half_at(frame, 20) == 1 && word_at(frame, 38) == kGuest;
    }
    static bool is_arp_answer(const Frame& frame) {
        return half_at(frame, 12) == kArp && half_at(frame, 20) == 2 && word_at(frame, 28) == kGateway;
    }
    static std::string udp_content(const Frame& frame) {
        return {reinterpret_cast<const char*>(frame.data()) + kUdpContentAt, frame.size() - kUdpContentAt};
    }
    /// A port that nobody has just now.
    template <class Protocol>
    static std::uint16_t free_port() {
        boost::asio::io_context io;
        return
            typename Protocol::socket(io, typename Protocol::endpoint(kLoopback, 0)).local_endpoint().port();
    }

    HostLoop loop;
    std::unique_ptr<Outside> network;
    boost::asio::io_context host;
};

TEST_F(UserNetworkTest, TheGatewayAnswersForItself) {
    open();
    EXPECT_TRUE(network->interactive());
    EXPECT_TRUE(network->next(kRoom).empty());
    network->output(arp(1, kGuest, kGateway));
    const auto answer = receive(is_arp_answer);
    EXPECT_EQ(word_at(answer, 38), kGuest);
}

TEST_F(UserNetworkTest, AGuestWhoAsksIsOfferedItsAddress) {
    open();
    network->output(dhcp_discover());
    const auto offer = receive([](const Frame& frame) { return is_ip(frame, kUdp, 68); });
    EXPECT_EQ(word_at(offer, kUdpContentAt + 16), kGuest);
    EXPECT_EQ(dhcp_option(offer, 53) >> 24, 2u) << "an offer";
    EXPECT_EQ(dhcp_option(offer, 3), kGateway);
    EXPECT_EQ(dhcp_option(offer, 6), kNameServer);
    EXPECT_EQ(dhcp_option(offer, 1), 0xffff'ff00u);
}

TEST_F(UserNetworkTest, TheGatewayIsTheHostsLoopback) {
    open();
    udp::socket server(host, udp::endpoint(kLoopback, 0));
    network->output(arp(1, kGuest, kGateway));  // libslirp learns who the guest is
    network->output(testing::udp(kGuest, 4000, kGateway, server.local_endpoint().port(), "ping"));
    std::string heard(16, '\0');
    udp::endpoint peer;
    heard.resize(server.receive_from(boost::asio::buffer(heard), peer));
    EXPECT_EQ(heard, "ping");
    server.send_to(boost::asio::buffer("pong", 4), peer);
    const auto answer = receive([](const Frame& frame) { return is_ip(frame, kUdp, 4000); });
    EXPECT_EQ(udp_content(answer), "pong");
    EXPECT_EQ(word_at(answer, kIpAt + 12), kGateway);
}

TEST_F(UserNetworkTest, ARestrictedGuestReachesNothingOnTheHost) {
    open({{}, true});
    udp::socket server(host, udp::endpoint(kLoopback, 0));
    server.non_blocking(true);
    network->output(arp(1, kGuest, kGateway));
    network->output(testing::udp(kGuest, 4000, kGateway, server.local_endpoint().port(), "ping"));
    receive(is_arp_answer);
    std::string heard(16, '\0');
    boost::system::error_code error;
    server.receive(boost::asio::buffer(heard), 0, error);
    EXPECT_EQ(error, boost::asio::error::would_block);
}

TEST_F(UserNetworkTest, AForwardedConnectionComesToTheGuestsPort) {
    const auto port = free_port<tcp>();
    open({{{ForwardProtocol::tcp, Ipv4Address{0x7f00'0001}, port, std::nullopt, 22}}, false});
    network->output(arp(2, kGuest, kGateway));
    tcp::socket client(host);
    client.connect(tcp::endpoint(kLoopback, port));
    const auto segment = receive([](const Frame& frame) { return is_ip(frame, kTcp, 22); });
    EXPECT_EQ(byte_at(segment, kPortsAt + 13) & 0x3f, 2u) << "SYN, and nothing else";
    EXPECT_EQ(word_at(segment, kIpAt + 16), kGuest);
}

TEST_F(UserNetworkTest, SeveralPortsAreForwardedAlsoOfUdpAndToAnotherAddress) {
    const auto first = free_port<udp>();
    const auto second = free_port<tcp>();
    open({{{ForwardProtocol::udp, Ipv4Address{0x7f00'0001}, first, Ipv4Address{kGuest + 1}, 53},
           {ForwardProtocol::tcp, Ipv4Address{0x7f00'0001}, second, std::nullopt, 80}},
          true});
    udp::socket client(host, udp::endpoint(kLoopback, 0));
    client.send_to(boost::asio::buffer("query", 5), udp::endpoint(kLoopback, first));
    const auto asks_for_other = [](const Frame& frame) {
        return half_at(frame, 12) == kArp && word_at(frame, 38) == kGuest + 1;
    };
    receive(asks_for_other);
    network->output(arp(2, kGuest + 1, kGateway));
    const auto datagram = receive([](const Frame& frame) { return is_ip(frame, kUdp, 53); });
    EXPECT_EQ(udp_content(datagram), "query");
    tcp::socket other(host);
    other.connect(tcp::endpoint(kLoopback, second));
    receive([](const Frame& frame) { return is_ip(frame, kTcp, 80); });
}

TEST_F(UserNetworkTest, APortInUseIsSaidInOneLine) {
    tcp::acceptor owner(host, tcp::endpoint(kLoopback, 0));
    const auto port = owner.local_endpoint().port();
    try {
        open({{{ForwardProtocol::tcp, Ipv4Address{0x7f00'0001}, port, std::nullopt, 22}}, false});
        FAIL() << "it was forwarded";
    } catch (const StartError& error) {
        EXPECT_THAT(error.what(), HasSubstr("TCP port " + std::to_string(port) + " of 127.0.0.1"));
        EXPECT_THAT(error.what(), ::testing::Not(HasSubstr("\n")));
    }
}

TEST_F(UserNetworkTest, AnswersToAGuestThatTakesNoneAreBounded) {
    open();
    for (int i = 0; i < 100'000; ++i) network->output(arp(1, kGuest, kGateway));
    int waiting = 0;
    while (!network->next(kRoom).empty()) ++waiting;
    EXPECT_GE(waiting, 100);
    EXPECT_LT(waiting, 20'000);
}

TEST_F(UserNetworkTest, WhatAGuestMayNotSendIsSurvived) {
    open();
    for (std::size_t length = 0; length <= 64; ++length) network->output(Frame(length, std::byte{0xff}));
    const auto whole = dhcp_discover();
    for (std::size_t length = 0; length < whole.size(); ++length)
        network->output(std::span(whole).first(length));
    network->output(arp(1, kGuest, kGateway));
    receive(is_arp_answer);
}

TEST_F(UserNetworkTest, AFrameForWhichThereIsNoRoomIsDropped) {
    open();
    network->output(dhcp_discover());
    network->output(arp(1, kGuest, kGateway));
    EXPECT_TRUE(is_arp_answer(network->next(100)));
}

}  // namespace
}  // namespace backspin::cli
