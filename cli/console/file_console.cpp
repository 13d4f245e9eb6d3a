#include "cli/console/file_console.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <fmt/format.h>

#include "cli/start_error.hpp"

namespace backspin::cli {
namespace {

class FileConsoleOutput final : public Console {
  public:
    FileConsoleOutput(std::string path, bool force) : path_(std::move(path)) {
        const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (force ? O_TRUNC : O_EXCL);
        descriptor_ = ::open(path_.c_str(), flags, 0666);
        if (descriptor_ >= 0) return;
        if (errno == EEXIST) {
            throw StartError(
                fmt::format("{}: exists already; name another file, or add --force to replace it", path_));
        }
        throw StartError(
            fmt::format("{}: cannot be written: {}", path_, std::generic_category().message(errno)));
    }
    ~FileConsoleOutput() override { ::close(descriptor_); }
    FileConsoleOutput(const FileConsoleOutput&) = delete;
    FileConsoleOutput& operator=(const FileConsoleOutput&) = delete;

    /// Unbuffered: whoever watches the file sees what the guest has printed.
    void write(std::span<const std::byte> bytes) override {
        while (!bytes.empty() && !failed_) {
            const auto written = ::write(descriptor_, bytes.data(), bytes.size());
            if (written >= 0) {
                bytes = bytes.subspan(static_cast<std::size_t>(written));
            } else if (errno != EINTR) {
                failed_ = true;
                fmt::print(stderr, "backspin: {}: console output is lost from here on: {}\n", path_,
                           std::generic_category().message(errno));
            }
        }
    }
    std::vector<std::byte> take(std::size_t) override { return {}; }
    bool interactive() const override { return false; }

  private:
    std::string path_;
    int descriptor_ = -1;
    bool failed_ = false;
};

}  // namespace

std::unique_ptr<Console> open_file_console(const std::string& path, bool force) {
    return std::make_unique<FileConsoleOutput>(path, force);
}

}  // namespace backspin::cli
