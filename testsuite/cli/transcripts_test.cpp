// What real clients sent, sent again: the session with a real machine behind it must say what it said then,
// word for word. testsuite/gdbstub/transcripts/record makes the files; after a change that is meant, make
// them again and read the difference.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cli/debug/debuggee.hpp"
#include "cli/machine_setup.hpp"
#include "testsuite/gdbstub/client.hpp"

namespace backspin::cli {
namespace {

const std::filesystem::path kFolder = BACKSPIN_TRANSCRIPTS;

std::vector<std::string> lines_of(const std::filesystem::path& path) {
    std::vector<std::string> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

/// The words at the beginnings of the lines, in hex, as they lie in memory.
std::vector<std::byte> program() {
    std::vector<std::byte> bytes;
    for (const auto& line : lines_of(kFolder / "program.hex")) {
        if (line.starts_with('#')) continue;
        const auto word = static_cast<std::uint32_t>(std::stoul(line, nullptr, 16));
        for (unsigned shift = 0; shift < 32; shift += 8)
            bytes.push_back(static_cast<std::byte>(word >> shift));
    }
    return bytes;
}

/// A packet's body from a line behind its mark: \xNN is a byte.
std::string body_of(const std::string& line) {
    std::string body;
    for (std::size_t i = 2; i < line.size(); ++i) {
        if (line[i] == '\\') {
            body += static_cast<char>(std::stoul(line.substr(i + 2, 2), nullptr, 16));
            i += 3;
        } else {
            body += line[i];
        }
    }
    return body;
}

class Transcripts : public ::testing::TestWithParam<const char*> {};

TEST_P(Transcripts, AreRepeatedWordForWord) {
    const auto lines = lines_of(kFolder / (std::string(GetParam()) + ".txt"));
    ASSERT_GT(lines.size(), 100U);
    MachineSetup setup;
    setup.images = {{"program.bin", kProgramRole, program()}};
    const auto machine = build_machine(setup);
    replay::Timeline timeline(*machine, replay::TimelineOptions{});
    Debuggee debuggee(*machine, timeline, {});
    gdbstub::testing::Client client(debuggee);

    std::vector<std::string> said;
    std::size_t next = 0;
    for (std::size_t number = 0; number < lines.size(); ++number) {
        const auto body = body_of(lines[number]);
        if (lines[number].starts_with('<')) {
            ASSERT_LT(next, said.size())
                << "nothing more is said in line " << number + 1 << ": " << lines[number];
            ASSERT_EQ(said[next++], body) << "line " << number + 1;
            continue;
        }
        ASSERT_EQ(next, said.size()) << "more is said than in line " << number << ": " << said[next];
        next = 0;
        said = client.replies(body);
        while (const auto resume = client.session.take_resume()) {
            client.session.stopped(debuggee.perform(*resume, false));
            for (auto& reply : gdbstub::testing::bodies(client.drain())) said.push_back(std::move(reply));
        }
    }
    EXPECT_EQ(next, said.size());
}

INSTANTIATE_TEST_SUITE_P(OfRealClients, Transcripts,
                         ::testing::Values("gdb-13", "gdb-16", "lldb-19", "lldb-22"), [](const auto& name) {
                             std::string text = name.param;
                             std::erase(text, '-');
                             return text;
                         });

}  // namespace
}  // namespace backspin::cli
