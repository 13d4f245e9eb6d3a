// `backspin commit`: a drive as it was at one position of a recording, as a raw image.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "cli/exit_code.hpp"
#include "cli/playback.hpp"
#include "cli/recorded_run.hpp"
#include "cli/start_error.hpp"
#include "cli/verbs.hpp"

namespace backspin::cli {
namespace {

std::string host_error() {
    return std::generic_category().message(errno);
}

/// A sparse file that takes its name when it is whole; given up before that, it leaves nothing behind.
class NewImage {
  public:
    NewImage(const std::string& path, std::uint64_t size, bool force) : path_(path), force_(force) {
        if (!force && std::filesystem::exists(std::filesystem::symlink_status(path))) refuse_existing();
        // Beside its place, so that it can be moved there as one.
        temporary_ = path + ".XXXXXX";
        descriptor_ = ::mkostemp(temporary_.data(), O_CLOEXEC);
        if (descriptor_ < 0) throw StartError(fmt::format("{}: cannot be created: {}", path, host_error()));
        if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) fail();
    }
    ~NewImage() {
        ::close(descriptor_);
        if (!temporary_.empty()) ::unlink(temporary_.c_str());
    }
    NewImage(const NewImage&) = delete;
    NewImage& operator=(const NewImage&) = delete;

    void write(std::uint64_t offset, std::span<const std::byte> bytes) {
        while (!bytes.empty()) {
            const auto done = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
            if (done < 0 && errno == EINTR) continue;
            if (done < 0) fail();
            offset += static_cast<std::uint64_t>(done);
            bytes = bytes.subspan(static_cast<std::size_t>(done));
        }
    }

    void finish() {
        constexpr ::mode_t kOrdinary = 0666;
        const auto mask = ::umask(0);
        ::umask(mask);
        if (::fchmod(descriptor_, kOrdinary & ~mask) != 0 || ::fsync(descriptor_) != 0) fail();
        // A link, unlike a renaming, never replaces what has come there meanwhile.
        if (force_ ? ::rename(temporary_.c_str(), path_.c_str()) != 0
                   : ::link(temporary_.c_str(), path_.c_str()) != 0) {
            if (errno == EEXIST) refuse_existing();
            fail();
        }
        if (force_) temporary_.clear();
    }

  private:
    [[noreturn]] void fail() const {
        throw StartError(fmt::format("{}: cannot be written: {}", path_, host_error()));
    }
    [[noreturn]] void refuse_existing() const {
        throw StartError(
            fmt::format("{}: exists already; name another file, or add --force to replace it", path_));
    }

    std::string path_;
    std::string temporary_;
    int descriptor_ = -1;
    bool force_;
};

/// By its id, else by its number.
std::size_t find_drive(const CommitCommand& command, const MachineSetup& setup) {
    std::vector<const emu::virtio::BlockOptions*> drives;
    for (const auto& device : setup.options.board.virtio) {
        if (const auto* drive = std::get_if<emu::virtio::BlockOptions>(&device)) drives.push_back(drive);
    }
    if (drives.empty()) throw StartError(command.file + ": its machine has no drive");
    if (!command.drive) {
        if (drives.size() == 1) return 0;
        throw StartError(fmt::format("{}: its machine has {} drives; choose one with --drive ID or --drive 0",
                                     command.file, drives.size()));
    }
    for (const auto* drive : drives) {
        if (drive->id == *command.drive) return drive->drive;
    }
    for (const auto* drive : drives) {
        if (std::to_string(drive->drive) == *command.drive) return drive->drive;
    }
    throw StartError(fmt::format("{}: its machine has no drive '{}'; they are numbered from 0 to {}",
                                 command.file, *command.drive, drives.size() - 1));
}

/// Page by page: what the guest wrote, or else the image beneath. Pages of zeros become holes.
void write_drive(const emu::Drive& drive, NewImage& out) {
    std::vector<std::byte> block(kDiskBlock);
    for (std::uint64_t offset = 0; offset < drive.size(); offset += kDiskBlock) {
        const auto bytes = std::span(block).first(std::min(kDiskBlock, drive.size() - offset));
        drive.read(offset, bytes);
        for (std::size_t at = 0; at < bytes.size(); at += kPageSize) {
            const auto page = bytes.subspan(at, std::min(kPageSize, bytes.size() - at));
            const bool is_hole = std::ranges::all_of(page, [](auto byte) { return byte == std::byte{}; });
            if (!is_hole) out.write(offset + at, page);
        }
    }
}

}  // namespace

int commit(const CommitCommand& command) {
    const RecordedRun run(command.file, command.bases);
    const auto number = find_drive(command, run.setup());
    refuse_own_inputs({command.output}, run.setup(), command.file);
    NewImage image(command.output, run.setup().disks[number]->size(), command.force);
    Playback playback(run);
    const auto at = playback.position_of(command.at);
    playback.seek(at);
    write_drive(playback.machine().drive(number), image);
    image.finish();
    fmt::print(stderr, "backspin: {}: drive {} as it was at step {}\n", command.output, number, at.value);
    return kSuccess;
}

}  // namespace backspin::cli
