// The judge over a whole boot of an operating system: the state at a position does not depend on how the
// machine came there. One run in one slice is compared with
//     slices    random slices, with snapshots taken and earlier ones restored on the way
//     armed     execute stops set in places that the kernel passes all the time, watches on its stack, an
//     observer judge     the reference, step by step, over stretches that start all along the run
// Usage: guest_slices FIRMWARE KERNEL INITRD HARTS STEPS SEED. Prints what it did; exit code 1 at the first
// difference.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <exception>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "emu/reference.hpp"
#include "emu/riscv_machine.hpp"

namespace {

using namespace backspin;
using namespace backspin::emu;

std::vector<std::byte> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error(path + " cannot be read: testsuite/guests/fetch brings it");
    const std::vector<char> chars{std::istreambuf_iterator<char>(file), {}};
    std::vector<std::byte> bytes(chars.size());
    std::memcpy(bytes.data(), chars.data(), chars.size());
    return bytes;
}

/// The whole machine as numbers to compare.
struct Digest {
    std::vector<std::byte> fields;
    std::uint64_t memory = 0;
    bool operator==(const Digest&) const = default;
};

/// Names the component that differs.
void compare(const RiscvMachine& machine, const Digest& expected, const SavedState& got, std::uint64_t memory,
             const std::string& how) {
    if (got.fields == expected.fields && memory == expected.memory) return;
    std::string where = memory == expected.memory ? "" : " memory";
    std::size_t start = 0;
    for (std::size_t i = 0; i < got.ends.size(); ++i) {
        const auto length = got.ends[i] - start;
        if (!std::equal(got.fields.begin() + static_cast<std::ptrdiff_t>(start),
                        got.fields.begin() + static_cast<std::ptrdiff_t>(got.ends[i]),
                        expected.fields.begin() + static_cast<std::ptrdiff_t>(start))) {
            where += fmt::format(" {}", machine.component_names()[i]);
        }
        start += length;
    }
    throw std::runtime_error(fmt::format("{}: at position {} these differ:{}", how, got.at.value, where));
}

/// Digests at regular positions, and the snapshots there.
/// After so many steps the guest has brought up its devices.
constexpr std::uint64_t kWholeBoot = 1'500'000'000;

struct Course {
    std::uint64_t every = 0;
    std::vector<Digest> digests;
    std::vector<SavedState> states;
};

/// A drive with something on every sector, and no file system: the kernel reads it to find that out.
class Image final : public DiskImage {
  public:
    std::uint64_t size() const override { return std::uint64_t{16} << 20; }
    void read(std::uint64_t offset, std::span<std::byte> out) const override {
        for (auto& byte : out) byte = static_cast<std::byte>(offset++ / 512 * 31);
    }
};

class Boot {
  public:
    Boot(const std::string& firmware, const std::string& kernel, const std::string& initrd, std::size_t harts)
        : firmware_(read_file(firmware)), kernel_(read_file(kernel)), initrd_(read_file(initrd)) {
        options_.ram_bytes = std::uint64_t{256} << 20;
        options_.board.harts = harts;
        options_.boot_arguments = "console=ttyS0 earlycon=sbi";
        virtio::BlockOptions drive;
        drive.size = images_.front()->size();
        options_.board.virtio = {virtio::EntropyOptions{5}, drive};
    }

    const MachineOptions& options() const { return options_; }
    RiscvMachine machine() const {
        BootFiles files;
        files.firmware = {"firmware", firmware_};
        files.program = {"kernel", kernel_};
        files.initrd = {"initrd", initrd_};
        return RiscvMachine(options_, files, images_);
    }
    Memory memory() const { return Memory(PageStore::create(), options_.ram_bytes, images_); }

  private:
    std::vector<std::byte> firmware_, kernel_, initrd_;
    std::vector<std::shared_ptr<const DiskImage>> images_{std::make_shared<const Image>()};
    MachineOptions options_;
};

void run_to(RiscvMachine& machine, StepCount until, Observer* observer = nullptr) {
    RunOptions options;
    options.until = until;
    if (machine.run(options, observer) != RunEnd::reached) throw std::runtime_error("the guest ended early");
}

Course one_slice(const Boot& boot, std::uint64_t steps, std::uint64_t stations) {
    auto machine = boot.machine();
    Course course;
    course.every = steps / stations;
    PageRoot pages;
    std::uint64_t memory = 0;
    for (std::uint64_t i = 0; i <= stations; ++i) {
        if (i != 0) run_to(machine, StepCount{i * course.every});
        auto state = machine.save();
        memory = state.pages.digest_from(pages, memory);
        pages = state.pages;
        course.digests.push_back({state.fields, memory});
        course.states.push_back(std::move(state));
    }
    return course;
}

/// At a station: the machine must be as in one slice.
void check(RiscvMachine& machine, const Course& course, const std::string& how) {
    const auto station = machine.now().value / course.every;
    const auto state = machine.save();
    const auto memory = state.pages.digest_from(course.states[station].pages, course.digests[station].memory);
    compare(machine, course.digests[station], state, memory, how);
}

std::uint64_t random_slices(const Boot& boot, const Course& course, std::mt19937_64& random) {
    const auto any = [&](std::uint64_t low, std::uint64_t high) {
        return std::uniform_int_distribution<std::uint64_t>(low, high)(random);
    };
    auto machine = boot.machine();
    std::uint64_t slices = 0;
    for (std::uint64_t station = 1; station < course.digests.size(); ++station) {
        const StepCount end{station * course.every};
        SavedState kept = machine.save();
        bool went_back = false;
        while (machine.now() < end) {
            // Mostly long, now and then a burst of very short ones.
            const auto length = any(0, 3) == 0 ? any(1, 50) : any(1, course.every / 20);
            run_to(machine, std::min(end, machine.now() + StepCount{length}));
            ++slices;
            if (any(0, 9) == 0) kept = machine.save();
            if (!went_back && any(0, 30) == 0) {
                machine.load(kept);
                went_back = true;
            }
        }
        check(machine, course, "slices");
    }
    return slices;
}

class Counter : public Observer {
  public:
    Verdict on_hit(const Hit&) override {
        ++hits;
        return Verdict::go_on;
    }
    std::uint64_t hits = 0;
};

std::uint64_t armed(const Boot& boot, const Course& course) {
    auto machine = boot.machine();
    Counter counter;
    for (std::uint64_t station = 1; station < course.digests.size(); ++station) {
        // Where the machine is, and what it just used, is where it will be again.
        const auto here = machine.context(machine.current_hart());
        const std::array<StopPoint, 3> points{StopPoint{StopKind::execute, here.pc, 1},
                                              StopPoint{StopKind::write, here.stack, 8},
                                              StopPoint{StopKind::access, here.pc, 4}};
        machine.set_stop_points(points);
        run_to(machine, StepCount{station * course.every}, &counter);
        check(machine, course, "armed");
    }
    return counter.hits;
}

/// The reference makes `steps` steps from each of some stations, compared with the machine every now and
/// then.
std::uint64_t judged(const Boot& boot, const Course& course, std::uint64_t stretches, std::uint64_t steps) {
    auto machine = boot.machine();
    Board board(boot.options().board);
    auto memory = boot.memory();
    memory.set_power_on(course.states.front().pages);
    std::uint64_t made = 0;
    for (std::uint64_t i = 0; i < stretches; ++i) {
        const auto& start = course.states[i * (course.states.size() - 1) / stretches];
        board.load(start);
        memory.pages().restore(start.pages);
        machine.load(start);
        constexpr std::uint64_t kCompareEvery = 5000;
        for (std::uint64_t done = 0; done < steps; done += kCompareEvery) {
            for (std::uint64_t n = 0; n < kCompareEvery; ++n) {
                if (!reference::step(board, memory)) throw std::runtime_error("the guest ended early");
            }
            made += kCompareEvery;
            run_to(machine, board.steps);
            SavedState expected;
            board.save(expected);
            expected.pages = memory.pages().share();
            const auto got = machine.save();
            const auto difference = got.pages.digest_from(expected.pages, 0);
            compare(machine, Digest{expected.fields, 0}, got, difference, "judge");
        }
    }
    return made;
}

/// What the devices have done by the end of the course; throws if one was left alone.
std::string work_of_devices(const Boot& boot, const Course& course) {
    Board board(boot.options().board);
    board.load(course.states.back());
    std::string text;
    for (std::size_t i = 0; i < board.component_names().size(); ++i) {
        for (const auto& field : board.describe(i)) {
            if (field.name != "handed_out" && field.name != "sectors_read") continue;
            text += fmt::format(" {} {}", field.name, field.value);
            if (field.value == "0x0") throw std::runtime_error("the guest never used a device:" + text);
        }
    }
    return text;
}

int run(std::span<char*> arguments) {
    if (arguments.size() != 7) {
        fmt::print(stderr, "usage: guest_slices FIRMWARE KERNEL INITRD HARTS STEPS SEED\n");
        return 2;
    }
    const Boot boot(arguments[1], arguments[2], arguments[3], std::stoul(arguments[4]));
    const auto steps = std::stoull(arguments[5]);
    std::mt19937_64 random(std::stoull(arguments[6]));
    constexpr std::uint64_t kStations = 24;
    const auto course = one_slice(boot, steps, kStations);
    fmt::print("one slice: {} steps on {} hart(s)\n", kStations * course.every, arguments[4]);
    if (steps >= kWholeBoot) fmt::print("devices:{}\n", work_of_devices(boot, course));
    fmt::print("slices: {} of random length\n", random_slices(boot, course, random));
    fmt::print("armed: {} hits\n", armed(boot, course));
    fmt::print("judge: {} steps of the reference\n", judged(boot, course, kStations, steps / 500));
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    try {
        return run(std::span(arguments, static_cast<std::size_t>(count)));
    } catch (const std::exception& error) {
        fmt::print(stderr, "guest_slices: {}\n", error.what());
        return 1;
    }
}
