// A client of a session, as a test speaks: packets by their bodies.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gdbstub/framing.hpp"
#include "gdbstub/session.hpp"
#include "gdbstub/text.hpp"
#include "testsuite/gdbstub/mock_target.hpp"

namespace backspin::gdbstub::testing {

/// A body with its checksum, nothing escaped.
inline std::string framed(std::string_view body) {
    unsigned sum = 0;
    for (const char character : body) sum += static_cast<unsigned char>(character);
    static constexpr std::string_view kDigits = "0123456789abcdef";
    return "$" + std::string(body) + "#" + kDigits[sum >> 4 & 15] + kDigits[sum & 15];
}

/// The bodies of the packets in what a session sent, escapes undone; fails the test if a checksum is wrong.
inline std::vector<std::string> bodies(std::string_view wire) {
    std::vector<std::string> found;
    Deframer deframer(1u << 24);
    for (const std::byte byte : bytes_of(wire)) {
        const std::optional<Received> received = deframer.push(byte);
        if (!received) continue;
        if (const auto* packet = std::get_if<Packet>(&*received)) {
            EXPECT_TRUE(packet->intact) << packet->body;
            found.push_back(packet->body);
        }
    }
    return found;
}

class Client {
  public:
    explicit Client(Target& target, StopReport now = {}) : session(target, std::move(now)) {}

    /// Pushes these very bytes and gives every byte that comes back.
    std::string raw(std::string_view bytes) {
        session.receive(bytes_of(bytes));
        return drain();
    }
    std::string drain() {
        std::string all;
        for (std::vector<std::byte> part = session.take_output(); !part.empty();
             part = session.take_output()) {
            all += text_of(part);
        }
        return all;
    }
    std::vector<std::string> replies(std::string_view body) { return bodies(raw(framed(body))); }
    /// The one reply, or a text that no test expects.
    std::string ask(std::string_view body) {
        const std::vector<std::string> all = replies(body);
        return all.size() == 1 ? all.front() : "<" + std::to_string(all.size()) + " replies>";
    }
    /// Sends a packet that resumes, and gives what the host is handed.
    std::optional<Resume> resume(std::string_view body) {
        EXPECT_EQ(raw(framed(body)), "");
        return session.take_resume();
    }
    std::string stop(const StopReport& report) {
        session.stopped(report);
        const std::vector<std::string> all = bodies(drain());
        return all.size() == 1 ? all.front() : "<" + std::to_string(all.size()) + " replies>";
    }

    Session session;
};

/// The usual beginning: a GDB that has turned acknowledgements off.
class SessionTest : public ::testing::Test {
  protected:
    void SetUp() override { start(); }
    void start(std::string_view offers = "swbreak+;hwbreak+") {
        client.emplace(target);
        client->ask("qSupported:" + std::string(offers));
        client->ask("QStartNoAckMode");
    }
    std::string ask(std::string_view body) { return client->ask(body); }

    MockTarget target;
    std::optional<Client> client;
};

}  // namespace backspin::gdbstub::testing
