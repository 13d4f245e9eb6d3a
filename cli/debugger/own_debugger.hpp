// `backspin debug`: the debugger that this program starts for one machine, with a folder of its own for the
// socket between the two and for what the debugger is to read.
#pragma once

#include <filesystem>
#include <memory>

#include "cli/debug/session.hpp"
#include "cli/debugger/child.hpp"
#include "cli/debugger/find.hpp"
#include "cli/host_loop.hpp"
#include "cli/options/endpoint.hpp"

namespace backspin::cli {

/// A new folder that only its owner can look into; gone at the end, with all that is in it.
class PrivateFolder {
  public:
    PrivateFolder();  ///< Throws StartError.
    ~PrivateFolder();
    PrivateFolder(const PrivateFolder&) = delete;
    PrivateFolder& operator=(const PrivateFolder&) = delete;

    std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

  private:
    std::filesystem::path path_;
};

class OwnDebugger {
  public:
    /// Looks for it at once: without one, no machine is started. Throws StartError. `choice` outlives this.
    /// `shows_console`: what the guest prints goes to the debugger, too.
    OwnDebugger(const DebuggerChoice& choice, bool shows_console);

    Endpoint endpoint() const;

    /// Makes it the debugger of the session that is being set up: it is started when the session listens, and
    /// stands in `started` from then on. All of them outlive the session.
    void join(DebugSetup& session, HostLoop& loop, std::unique_ptr<Child>& started) const;

  private:
    std::unique_ptr<Child> start(HostLoop& loop, const Program& program) const;
    std::optional<std::filesystem::path> symbols_for(const Program& program) const;

    const DebuggerChoice& choice_;
    bool shows_console_;
    FoundDebugger debugger_;
    PrivateFolder folder_;
};

/// Of the program, once its machine is gone: waits for the debugger's own end. What ended both of them counts
/// more than how the debugger took it: the session's code then stays.
int exit_code_of(Child& debugger, int of_session, EndRequest why);

}  // namespace backspin::cli
