#include "cli/options/network_choice.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/device_text.hpp"
#include "cli/mac_address.hpp"
#include "cli/options/command.hpp"

namespace backspin::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Ipv4Address kLoopback{0x7f00'0001};

UserNetwork user(std::string_view text) {
    return std::get<UserNetwork>(parse_network(text).outside);
}
SocketNetwork socket(std::string_view text) {
    return std::get<SocketNetwork>(parse_network(text).outside);
}
void expect_refused(std::string_view text, const std::string& because) {
    try {
        parse_network(text);
        ADD_FAILURE() << text << " was taken";
    } catch (const UsageError& error) {
        EXPECT_THAT(error.what(), AllOf(HasSubstr("--net"), HasSubstr(because), Not(HasSubstr("\n"))))
            << text;
    }
}

TEST(NetworkChoice, AUserNetworkForwardsNothingAndHoldsNothingBack) {
    EXPECT_EQ(user("user"), UserNetwork{});
    EXPECT_EQ(parse_network("user").mac, std::nullopt);
    EXPECT_EQ(user("user,restrict=off"), UserNetwork{});
    EXPECT_TRUE(user("user,restrict=on").restricted);
}

TEST(NetworkChoice, ForwardedPortsAreOnTheLoopbackUnlessAnAddressIsNamed) {
    using enum ForwardProtocol;
    const auto forwards =
        user(
            "user,hostfwd=tcp:127.0.0.1:2222-:22,hostfwd=udp::5353-10.0.2.99:53,hostfwd=tcp:0.0.0.0:80-:8080")
            .forwards;
    EXPECT_THAT(forwards,
                ::testing::ElementsAre(PortForward{tcp, kLoopback, 2222, std::nullopt, 22},
                                       PortForward{udp, kLoopback, 5353, Ipv4Address{0x0a00'0263}, 53},
                                       PortForward{tcp, Ipv4Address{0}, 80, std::nullopt, 8080}));
}

TEST(NetworkChoice, ASocketListensOrConnectsOnTheLoopbackUnlessAnAddressIsNamed) {
    EXPECT_EQ(socket("socket,listen=5555"), (SocketNetwork{true, TcpEndpoint{"127.0.0.1", 5555}}));
    EXPECT_EQ(socket("socket,connect=:5555"), (SocketNetwork{false, TcpEndpoint{"127.0.0.1", 5555}}));
    EXPECT_EQ(socket("socket,connect=host.example:1"),
              (SocketNetwork{false, TcpEndpoint{"host.example", 1}}));
    EXPECT_EQ(socket("socket,connect=[::1]:65535"), (SocketNetwork{false, TcpEndpoint{"::1", 65535}}));
    EXPECT_EQ(socket("socket,listen=unix:/tmp/a:b"), (SocketNetwork{true, UnixEndpoint{"/tmp/a:b"}}));
}

TEST(NetworkChoice, EveryKindTakesAnAddressForTheCard) {
    const emu::virtio::MacAddress mac{0x02, 0xab, 0xcd, 0xef, 0x00, 0x01};
    EXPECT_EQ(parse_network("none,mac=02:ab:CD:ef:00:01").mac, mac);
    EXPECT_EQ(parse_network("user,mac=02:ab:cd:ef:00:01,restrict=on").mac, mac);
    EXPECT_EQ(parse_network("socket,mac=02:ab:cd:ef:00:01,listen=1").mac, mac);
    EXPECT_TRUE(std::holds_alternative<std::monostate>(parse_network("none").outside));
}

TEST(NetworkChoice, WhatCannotBeIsRefusedInOneLine) {
    for (const auto* text : {"", "usr", "tap,ifname=tap0", ",user"})
        expect_refused(text, "give user, socket");
    for (const auto* text :
         {"user,foo=1", "user,connect=5", "none,restrict=on", "socket,hostfwd=x", "user,,"})
        expect_refused(text, "has no such part");
    for (const auto* text : {"user,restrict=yes", "user,restrict"}) expect_refused(text, "give on or off");
    for (const auto* text :
         {"user,hostfwd=", "user,hostfwd=sctp:127.0.0.1:1-:2", "user,hostfwd=tcp:127.0.0.1:0-:22",
          "user,hostfwd=tcp:127.0.0.1:2222", "user,hostfwd=tcp:localhost:2222-:22",
          "user,hostfwd=tcp:127.0.0.1:65536-:22", "user,hostfwd=tcp:2222-:22",
          "user,hostfwd=tcp:127.0.0.1:2222-10.0.2:22", "user,hostfwd=tcp:127.0.0.1:2222-:"})
        expect_refused(text, "PROTOCOL:[HOST]:PORT-[GUEST]:PORT");
    for (const auto* text : {"socket", "socket,mac=02:00:00:00:00:01"}) expect_refused(text, "add connect=");
    for (const auto* text : {"socket,listen=0", "socket,connect=host", "socket,connect=1.2.3.4:"})
        expect_refused(text, "[HOST:]PORT");
    expect_refused("socket,listen=1,connect=2", "either connects or listens");
    expect_refused("socket,listen=unix:", "1 to 107 bytes");
    expect_refused("socket,listen=unix:" + std::string(108, 'a'), "1 to 107 bytes");
    for (const auto* text : {"user,mac=", "user,mac=52:54:00:12:34", "user,mac=52:54:00:12:34:5g",
                             "user,mac=52-54-00-12-34-56", "user,mac=01:00:5e:00:00:01"})
        expect_refused(text, "the address of one card");
    std::string many = "user";
    for (int i = 0; i < 64; ++i) many += ",hostfwd=tcp::2222-:22";
    EXPECT_EQ(user(many).forwards.size(), 64u);
    expect_refused(many + ",hostfwd=tcp::2222-:22", "at most 64");
}

TEST(NetworkChoice, ARecordingNamesTheCardsAddressAndNothingOfTheHost) {
    const emu::virtio::NetOptions card{{0x02, 0xab, 0xcd, 0xef, 0x00, 0x01}};
    EXPECT_EQ(to_text(emu::virtio::DeviceOptions(card)), R"({"kind":"net","mac":"02:ab:cd:ef:00:01"})");
    EXPECT_EQ(device_of(R"({"kind":"net","mac":"02:ab:cd:ef:00:01"})"), emu::virtio::DeviceOptions(card));
    for (const auto* text :
         {R"({"kind":"net"})", R"({"kind":"net","mac":5})", R"({"kind":"net","mac":"02:ab"})"})
        EXPECT_EQ(device_of(text), std::nullopt) << text;
}

}  // namespace
}  // namespace backspin::cli
