#include "cli/debugger/own_debugger.hpp"

#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>

#include <fmt/format.h>

#include "cli/debugger/snippets.hpp"
#include "cli/machine_setup.hpp"
#include "cli/start_error.hpp"

namespace backspin::cli {
namespace {

constexpr const char* kSocket = "machine";

std::string in_environment(const char* name, const char* otherwise) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' ? value : otherwise;
}

void write(const std::filesystem::path& path, const char* bytes, std::size_t size) {
    std::ofstream file(path, std::ios::binary);
    file.write(bytes, static_cast<std::streamsize>(size));
    file.close();
    if (!file) throw StartError(fmt::format("{}: cannot be written: is the disk full?", path.string()));
}

bool holds(const std::string& path, std::span<const std::byte> contents) {
    std::error_code error;
    if (std::filesystem::file_size(path, error) != contents.size() || error) return false;
    return std::ranges::equal(read_file(path, "image"), contents);
}

void require(const std::optional<std::string>& path, const char* option) {
    if (path && ::access(path->c_str(), R_OK) != 0)
        throw StartError(fmt::format("{} {}: no such file, or it cannot be read", option, *path));
}

}  // namespace

PrivateFolder::PrivateFolder() {
    const std::string pattern = "/backspin-XXXXXX";
    auto name = in_environment("TMPDIR", "/tmp") + pattern;
    // The name of a socket is short.
    if (name.size() + 1 + std::string(kSocket).size() >= sizeof(sockaddr_un::sun_path))
        name = "/tmp" + pattern;
    if (::mkdtemp(name.data()) == nullptr)
        throw StartError(
            fmt::format("{}: no folder can be made there; set TMPDIR to one that can be written to",
                        std::filesystem::path(name).parent_path().string()));
    path_ = name;
}

PrivateFolder::~PrivateFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

OwnDebugger::OwnDebugger(const DebuggerChoice& choice, bool shows_console)
    : choice_(choice),
      shows_console_(shows_console),
      debugger_(find_debugger(choice, in_environment("PATH", "/usr/local/bin:/usr/bin:/bin"))) {
    require(choice.batch, "--batch");
    require(choice.symbols, "--symbols");
}

Endpoint OwnDebugger::endpoint() const {
    return UnixEndpoint{(folder_ / kSocket).string()};
}

std::optional<std::filesystem::path> OwnDebugger::symbols_for(const Program& program) const {
    if (choice_.symbols) return *choice_.symbols;
    if (program.contents.empty()) return std::nullopt;
    if (holds(program.path, program.contents)) return program.path;
    auto copy = folder_ / std::filesystem::path(program.path).filename().string();
    write(copy, reinterpret_cast<const char*>(program.contents.data()), program.contents.size());
    return copy;
}

std::unique_ptr<Child> OwnDebugger::start(HostLoop& loop, const Program& program) const {
    const auto commands = debugger_.kind == DebuggerKind::lldb ? std::string(lldb_snippet()) : gdb_snippet();
    const DebuggerFiles files{folder_ / kSocket, folder_ / "commands", symbols_for(program)};
    write(files.commands, commands.data(), commands.size());
    return std::make_unique<Child>(loop, command_line(debugger_, choice_, files),
                                   choice_.batch ? ChildInput::none : ChildInput::terminal);
}

void OwnDebugger::join(DebugSetup& session, HostLoop& loop, std::unique_ptr<Child>& started) const {
    session.ready = [this, &loop, &started, program = session.program] { started = start(loop, program); };
    session.shows_console = shows_console_;
}

int exit_code_of(Child& debugger, int of_session, EndRequest why) {
    const int code = debugger.wait();
    return why == EndRequest::interrupted || why == EndRequest::timed_out ? of_session : code;
}

}  // namespace backspin::cli
