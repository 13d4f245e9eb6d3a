// Small machines with virtio devices for the fuzz targets.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "emu/board.hpp"
#include "emu/drive.hpp"
#include "emu/memory.hpp"

namespace backspin::fuzz {

/// The byte at an offset follows from the offset.
class CountingImage final : public emu::DiskImage {
  public:
    std::uint64_t size() const override { return 64 * 1024; }
    void read(std::uint64_t offset, std::span<std::byte> out) const override {
        for (auto& byte : out) byte = static_cast<std::byte>(offset++ * 7);
    }
};

/// Every kind of device that there is.
inline std::vector<emu::virtio::DeviceOptions> every_device() {
    using namespace emu::virtio;
    return {EntropyOptions{},
            EntropyOptions{5},
            BlockOptions{CountingImage().size(), false, "disk", 0},
            NetOptions{},
            ConsoleOptions{},
            InputOptions{InputOptions::Kind::keyboard},
            InputOptions{InputOptions::Kind::pointer},
            SoundOptions{}};
}

struct SmallMachine {
    static constexpr std::uint64_t kRamBytes = 64 * 1024;

    explicit SmallMachine(std::vector<emu::virtio::DeviceOptions> devices)
        : SmallMachine(emu::Board(options_for(std::move(devices)))) {}
    /// To copy a board is much faster than to make one.
    explicit SmallMachine(const emu::Board& at_power_on)
        : board(at_power_on), memory(store(), kRamBytes, images()) {
        memory.keep_as_power_on();
    }

    static emu::BoardOptions options_for(std::vector<emu::virtio::DeviceOptions> devices) {
        emu::BoardOptions options;
        options.harts = 2;
        options.semihosting = true;
        options.virtio = std::move(devices);
        return options;
    }
    /// One for all machines of the process: a store keeps the memory that it has had from the host.
    static const std::shared_ptr<PageStore>& store() {
        static const auto only = PageStore::create();
        return only;
    }
    static std::array<std::shared_ptr<const emu::DiskImage>, 1> images() {
        return {std::make_shared<CountingImage>()};
    }

    emu::Board board;
    emu::Memory memory;
};

}  // namespace backspin::fuzz
