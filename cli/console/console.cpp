#include "cli/console/console.hpp"

#include <algorithm>

#include "cli/console/file_console.hpp"
#include "cli/console/link_console.hpp"
#include "cli/console/stdio_console.hpp"

namespace backspin::cli {
namespace {

class SilentConsole final : public Console {
  public:
    void write(std::span<const std::byte>) override {}
    std::vector<std::byte> take(std::size_t) override { return {}; }
    bool interactive() const override { return false; }
};

struct Opener {
    HostLoop& loop;
    ConsoleUse use;
    bool force;
    const std::string& name;

    std::unique_ptr<Console> operator()(const StdioConsole&) const { return open_stdio_console(loop, use); }
    std::unique_ptr<Console> operator()(const NoConsole&) const { return std::make_unique<SilentConsole>(); }
    std::unique_ptr<Console> operator()(const FileConsole& file) const {
        return open_file_console(file.path, force);
    }
    std::unique_ptr<Console> operator()(const TcpConsole& tcp) const {
        return open_tcp_console(loop, tcp, use, name);
    }
    std::unique_ptr<Console> operator()(const UnixConsole& socket) const {
        return open_unix_console(loop, socket, use, name);
    }
    std::unique_ptr<Console> operator()(const PtyConsole&) const { return open_pty_console(loop, use, name); }
};

}  // namespace

std::unique_ptr<Console> open_console(HostLoop& loop, const ConsoleChoice& choice, ConsoleUse use, bool force,
                                      const std::string& name) {
    return std::visit(Opener{loop, use, force, name}, choice);
}

std::vector<std::byte> TypedBytes::take(std::size_t at_most) {
    const auto end = bytes_.begin() + static_cast<std::ptrdiff_t>(std::min(at_most, bytes_.size()));
    std::vector<std::byte> taken(bytes_.begin(), end);
    bytes_.erase(bytes_.begin(), end);
    return taken;
}

}  // namespace backspin::cli
