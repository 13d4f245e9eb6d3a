// Which debugger is started, and with what words; and what debuggers read of ours.
#include <chrono>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/debugger/child.hpp"
#include "cli/debugger/find.hpp"
#include "cli/debugger/snippets.hpp"
#include "cli/start_error.hpp"
#include "testsuite/cli/temporary_folder.hpp"

namespace backspin::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Debuggers : public ::testing::Test {
  protected:
    void program(const std::string& name) {
        std::filesystem::create_directories(std::filesystem::path(folder_ / name).parent_path());
        spill(folder_ / name, "#!/bin/sh\nexit 0\n");
        std::filesystem::permissions(folder_ / name, std::filesystem::perms::owner_all);
    }
    /// Below the test's folder.
    std::string found(const std::optional<std::string>& name = {}) {
        const auto program = find_debugger({name, {}, {}, {}}, search()).program;
        return std::filesystem::relative(program, folder_ / "").string();
    }
    std::string complaint(const std::optional<std::string>& name = {}) {
        try {
            return found(name);
        } catch (const StartError& error) {
            return error.what();
        }
    }
    std::string search() const { return folder_ / "one" + ":" + folder_ / "two"; }

    TemporaryFolder folder_;
};

TEST_F(Debuggers, TheFirstThatKnowsRiscV) {
    program("one/gdb");
    EXPECT_EQ(found(), "one/gdb");
    program("two/riscv64-unknown-elf-gdb");
    EXPECT_EQ(found(), "two/riscv64-unknown-elf-gdb");
    program("two/gdb-multiarch");
    EXPECT_EQ(found(), "two/gdb-multiarch");
    program("one/gdb-multiarch");
    EXPECT_EQ(found(), "one/gdb-multiarch");
}

TEST_F(Debuggers, TheNamedOne) {
    program("one/gdb-multiarch");
    program("two/mine");
    program("two/lldb-22");
    EXPECT_EQ(found("mine"), "two/mine");
    EXPECT_EQ(found(folder_ / "two/mine"), "two/mine");
    EXPECT_EQ(found("lldb"), "two/lldb-22");
    EXPECT_EQ(find_debugger({"lldb", {}, {}, {}}, search()).kind, DebuggerKind::lldb);
    EXPECT_EQ(find_debugger({"mine", {}, {}, {}}, search()).kind, DebuggerKind::gdb);
}

TEST_F(Debuggers, SaysWhatIsMissing) {
    EXPECT_THAT(complaint(), HasSubstr("none of gdb-multiarch, riscv64-unknown-elf-gdb"));
    EXPECT_THAT(complaint(), HasSubstr("apt install gdb-multiarch"));
    EXPECT_EQ(complaint("mine"),
              "--debugger mine: no such program is in the PATH; install it, or name another one");
    EXPECT_EQ(complaint("./mine"), "--debugger ./mine: no such program; install it, or name another one");
    std::filesystem::create_directories(folder_ / "one/gdb-multiarch");
    spill(folder_ / "one/gdb", "not to be started");
    EXPECT_THAT(complaint(), HasSubstr("there is no debugger"));
}

const DebuggerFiles kFiles{"/d/machine", "/d/commands", "/d/fw.elf"};

TEST(DebuggerCommandLine, OfGdb) {
    const FoundDebugger gdb{"/bin/gdb", DebuggerKind::gdb};
    EXPECT_THAT(command_line(gdb, {{}, {}, {}, {"-ex", "break main"}}, kFiles),
                ElementsAre("/bin/gdb", "-q", "-x", "/d/commands", "/d/fw.elf", "-ex",
                            "target remote /d/machine", "-ex", "break main"));
    EXPECT_THAT(command_line(gdb, {{}, "ci.gdb", {}, {}}, {"/d/machine", "/d/commands", {}}),
                ElementsAre("/bin/gdb", "-q", "-batch", "-x", "/d/commands", "-ex",
                            "target remote /d/machine", "-x", "ci.gdb"));
}

TEST(DebuggerCommandLine, OfLldb) {
    const FoundDebugger lldb{"/bin/lldb-22", DebuggerKind::lldb};
    EXPECT_THAT(command_line(lldb, {{}, "ci.lldb", {}, {"-o", "bt"}}, kFiles),
                ElementsAre("/bin/lldb-22", "-b", "-s", "/d/commands", "/d/fw.elf", "-o",
                            "process connect --plugin gdb-remote unix-connect:///d/machine", "-o", "bt", "-s",
                            "ci.lldb"));
}

TEST(Children, HaveAnExitCodeAsShellsTellIt) {
    HostLoop loop;
    EXPECT_EQ(Child(loop, {"/bin/sh", "-c", "exit 7"}, ChildInput::none).wait(), 7);
    EXPECT_EQ(loop.end_request(), EndRequest::debugger_left);
    EXPECT_EQ(Child(loop, {"/bin/sh", "-c", "kill -9 $$"}, ChildInput::none).wait(), 128 + 9);
}

TEST(Children, WithoutInputReadNothing) {
    HostLoop loop;
    EXPECT_EQ(Child(loop, {"/bin/sh", "-c", "read line && exit 1; exit 5"}, ChildInput::none).wait(), 5);
}

TEST(Children, InheritNeitherFilesNorWhatIsIgnored) {
    HostLoop loop;  // ignores SIGPIPE, and from here on SIGINT
    const std::string script =
        "for f in /proc/self/fd/*; do case ${f##*/} in 0|1|2|3) ;; *) exit 1;; esac; done; kill -INT $$";
    EXPECT_EQ(Child(loop, {"/bin/sh", "-c", script}, ChildInput::none).wait(), 128 + 2);
}

TEST(Children, EndWithTheirStarter) {
    HostLoop loop;
    loop.ask_to_end(EndRequest::timed_out);
    EXPECT_EQ(Child(loop, {"/bin/sleep", "1000"}, ChildInput::none).wait(), 128 + 15);
}

TEST(Children, ThatDoNotHearAreEnded) {
    HostLoop loop;
    const TemporaryFolder folder;
    const auto deaf = folder / "deaf";
    const auto script = "trap '' TERM; : >" + deaf + "; while :; do sleep 0.1; done";
    Child child(loop, {"/bin/sh", "-c", script}, ChildInput::none);
    while (!std::filesystem::exists(deaf)) loop.wait(std::chrono::milliseconds(10));
    loop.ask_to_end(EndRequest::interrupted);
    EXPECT_EQ(child.wait(), 128 + 9);
}

TEST(Children, ThatCannotBeStartedAreAnError) {
    HostLoop loop;
    EXPECT_THROW(Child(loop, {"/no/such/debugger"}, ChildInput::none), StartError);
}

TEST(Snippets, ForGdbAreOneFileWithEveryCommand) {
    const auto text = gdb_snippet();
    std::size_t modules = 0;
    for (const auto& file : shared_files()) {
        if (!file.name.starts_with("gdb/backspin_gdb/")) continue;
        ++modules;
        EXPECT_THAT(text, HasSubstr(file.text)) << file.name;
        EXPECT_EQ(file.text.find("'''"), std::string_view::npos) << file.name << ": would end its own text";
        EXPECT_EQ(file.text.find("\nend\n"), std::string_view::npos)
            << file.name << ": would end GDB's block";
    }
    EXPECT_GE(modules, 9U);
    EXPECT_THAT(text, HasSubstr("set osabi none"));
}

TEST(Snippets, ForTheOthersAreTheirFiles) {
    EXPECT_THAT(std::string(lldb_snippet()), HasSubstr("process continue --reverse"));
    EXPECT_THAT(std::string(dap_snippet()), HasSubstr("supportsStepBack"));
}

}  // namespace
}  // namespace backspin::cli
