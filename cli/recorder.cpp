#include "cli/recorder.hpp"

#include <cstdio>

#include <fmt/format.h>

namespace backspin::cli {
namespace {

std::vector<snapshots::ImageSource> sources(const MachineSetup& setup) {
    std::vector<snapshots::ImageSource> images;
    for (const auto& image : setup.images) {
        // Names are for messages only: of one that is too long, the end says most.
        const auto tail = image.name.size() > 255 ? image.name.substr(image.name.size() - 255) : image.name;
        images.push_back({tail, image.role, image.bytes});
    }
    return images;
}

}  // namespace

Recorder::Recorder(const std::string& path, snapshots::Overwrite overwrite, const MachineSetup& setup,
                   const emu::RiscvMachine& machine, EmbedDisks embed)
    : writer_(std::in_place, path, overwrite, to_configuration(setup), sources(setup),
              machine.component_names()),
      disks_(setup.observed_disks) {
    listen_to_disks(embed);
}

Recorder::~Recorder() {
    for (auto& disk : disks_) disk->listen({});
}

void Recorder::listen_to_disks(EmbedDisks embed) {
    for (std::uint32_t drive = 0; drive < disks_.size(); ++drive) {
        disks_[drive]->listen([this, drive, embed](std::uint64_t block, std::span<const std::byte> bytes) {
            guarded([&] {
                writer_->add_disk_block(drive, block, {bytes.begin(), bytes.end()},
                                        embed != EmbedDisks::none);
            });
        });
        if (embed == EmbedDisks::all) disks_[drive]->read_all();
    }
}

void Recorder::guarded(const std::function<void()>& write) {
    if (!writer_) return;
    try {
        write();
    } catch (const snapshots::RecordingError& error) {
        fmt::print(stderr, "backspin: recording ends here: {}\n", error.what());
        writer_.reset();
    }
}

void Recorder::on_input(const replay::Event& event) {
    guarded([&] { writer_->add(snapshots::RecordedEvent{event.at, event.input}); });
}

void Recorder::on_epoch(Position at, const SavedState& state) {
    guarded([&] { writer_->add_epoch(at, state); });
    last_digested_ = at;
}

void Recorder::add_bookmark(const std::string& name, Position at) {
    guarded([&] { writer_->add_bookmark({name, at}); });
}

void Recorder::poll() {
    guarded([&] { writer_->check(); });
}

bool Recorder::finish(const snapshots::RecordedEnd& end, const SavedState& state) {
    if (last_digested_ != end.at) on_epoch(end.at, state);
    guarded([&] { writer_->finish(end); });
    return writer_.has_value();
}

}  // namespace backspin::cli
