// Every device, busy: a random program drives it and inputs come for it, and a timeline that jumps about in
// what was recorded of that, stops, steps and goes back, comes to the same state at every position.
#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emu/riscv_machine.hpp"
#include "replay/timeline.hpp"
#include "testsuite/emu/random_devices.hpp"
#include "testsuite/emu/random_program.hpp"

namespace backspin {
namespace {

using replay::StopReason;

/// One number for the whole state.
std::size_t digest_of(const SavedState& state) {
    const std::string_view fields(reinterpret_cast<const char*>(state.fields.data()), state.fields.size());
    return std::hash<std::string_view>()(fields) * 31 + state.pages.digest();
}

/// "virtio3-net" and "virtio1-net" are one kind of device.
std::string kind_of(std::string_view component) {
    const auto dash = component.find('-');
    return std::string(dash == std::string_view::npos ? component : component.substr(dash + 1));
}

/// A run of a random program on one hart or four, with a snapshot's digest of every position.
class DeviceRun {
  public:
    explicit DeviceRun(std::uint64_t seed) : random_(seed) {
        testing_options(seed);
        auto machine = build();
        begin_ = with_devices_set_up(*machine, seed);
        machine->load(begin_);
        auto state = begin_;
        while (machine->now() < kEnd) {
            digests_.push_back(digest_of(state));
            const auto input = next_input(*machine);
            if (input) {
                log_.append({{Branch{}, machine->now()}, *input});
                machine->apply(*input);
            } else if (!machine->step()) {
                break;  // it has switched itself off
            }
            const auto after = machine->save();
            note_changes(*machine, state, after);
            state = after;
        }
        if (digests_.size() == machine->now().value) digests_.push_back(digest_of(state));
    }

    /// On a machine of its own, that knows nothing but the beginning and the log.
    void replay() {
        const auto machine = build();
        machine->load(begin_);
        replay::Timeline timeline(*machine, replay::PastRun{log_, last()}, {.epoch_steps = StepCount{64}});
        const auto expect_same = [&](const char* after) {
            const auto at = timeline.position().step;
            ASSERT_EQ(machine->now(), at);
            ASSERT_EQ(digest_of(machine->save()), digests_.at(at.value))
                << "another state at position " << at.value << " after " << after;
        };
        const replay::StepPolicy policy{.show_interrupts = true, .range = {}};
        for (int move = 0; move < kMoves; ++move) {
            const HartId hart{static_cast<std::uint32_t>(random_() % machine->harts())};
            const StepCount place{random_() % digests_.size()};
            switch (random_() % 5) {
                case 0:
                case 1:
                    ASSERT_EQ(timeline.seek({{}, place}).why, StopReason::done);
                    expect_same("a jump");
                    break;
                case 2:
                    timeline.go_on({}, {.limit = std::max(place, timeline.position().step)});
                    expect_same("going on");
                    break;
                case 3:
                    ASSERT_NE(timeline.step(hart, policy).why, StopReason::diverged);
                    expect_same("a step");
                    ASSERT_NE(timeline.step_back(hart, policy).why, StopReason::diverged);
                    expect_same("a step back");
                    break;
                default: timeline.go_back(stops_at_data(place)); expect_same("going back to a write");
            }
            if (::testing::Test::HasFatalFailure()) return;
        }
        // From one end to the other, with a snapshot put into another machine after every slice.
        ASSERT_EQ(timeline.seek(StepCount{}).why, StopReason::done);
        while (timeline.position().step < last()) {
            const auto until = std::min(timeline.position().step + StepCount{1 + random_() % 40}, last());
            timeline.go_on({}, {.limit = until});
            expect_same("a slice");
            const auto other = build();
            other->load(machine->save());
            ASSERT_EQ(digest_of(other->save()), digests_.at(until.value)) << "at position " << until.value;
        }
    }

    StepCount last() const { return {digests_.size() - 1}; }
    /// How often some step changed the state of such a device.
    const std::map<std::string, int>& changes() const { return changes_; }

  private:
    static constexpr StepCount kEnd{1500};
    static constexpr int kMoves = 60;

    void testing_options(std::uint64_t seed) {
        program_.harts = seed % 2 == 0 ? 4 : 1;
        program_.virtio = true;
        program_.privileged = seed % 3 != 0;
        options_.ram_bytes = 1 << 20;
        options_.board.harts = program_.harts;
        options_.board.quantum = 1 + seed % 40;
        options_.board.rtc_is_hosts = seed % 4 < 2;
        options_.board.ns_per_step = 5000;
        options_.board.virtio = emu::testing::random_devices(random_);
        code_ = emu::testing::RandomProgram(seed, program_);
    }
    std::unique_ptr<emu::RiscvMachine> build() const {
        emu::BootFiles files;
        files.program = {"random program", code_.bytes()};
        return std::make_unique<emu::RiscvMachine>(options_, files, images_);
    }
    /// At power-on, but the devices are set up and have something to do.
    SavedState with_devices_set_up(emu::RiscvMachine& machine, std::uint64_t seed) const {
        auto board = machine.board();
        auto memory = machine.memory();
        std::mt19937_64 random(seed);
        emu::testing::set_up_devices(random, board, memory);
        set_alarm(board);
        SavedState state;
        board.save(state);
        state.pages = memory.pages().share();
        return state;
    }

    /// The random programs leave the clock alone.
    static void set_alarm(emu::Board& board) {
        if (board.options.rtc_is_hosts) return;
        constexpr std::uint64_t kLow = 0, kHigh = 4, kAlarmLow = 8, kAlarmHigh = 12, kInterrupt = 16;
        constexpr std::uint64_t kLater = 1'000'000;
        const auto reg = [](std::uint64_t offset) {
            return PhysicalAddress{emu::memory_map::kRtc.base.value + offset};
        };
        const auto low = board.read_device(reg(kLow), emu::AccessSize::word).value();
        const auto high = board.read_device(reg(kHigh), emu::AccessSize::word).value();
        const auto when = (high << 32 | low) + kLater;
        board.write_device(reg(kInterrupt), emu::AccessSize::word, 1);
        board.write_device(reg(kAlarmHigh), emu::AccessSize::word, when >> 32);
        board.write_device(reg(kAlarmLow), emu::AccessSize::word, when & 0xffff'ffff);
    }

    std::optional<Input> next_input(const emu::RiscvMachine& machine) {
        const auto& board = machine.board();
        const auto bytes = [&](std::size_t most) {
            std::vector<std::byte> out(1 + random_() % most);
            for (auto& byte : out) byte = static_cast<std::byte>(random_());
            return out;
        };
        if (board.powered_off()) return std::nullopt;
        if (board.waits_for_host())
            return DeviceInput{emu::kRtcChannel, std::vector<std::byte>(8, bytes(1)[0])};
        const auto dice = random_() % 400;
        if (dice < 12) return emu::testing::random_device_input(random_, board);
        if (dice < 20) return DeviceInput{emu::kConsoleChannel, bytes(4)};
        if (dice == 20) {
            return DeviceInput{emu::kPowerChannel, {static_cast<std::byte>(emu::PowerButton::reset)}};
        }
        if (!board.next_turn() && !board.jump_target() && !board.has_due_event() && !board.reset_is_due())
            return IdleWarp{VirtualTime{100}};
        return std::nullopt;
    }
    void note_changes(const emu::RiscvMachine& machine, const SavedState& before, const SavedState& after) {
        const auto names = machine.component_names();
        std::size_t begin_before = 0, begin_after = 0;
        for (std::size_t i = 0; i < names.size(); ++i) {
            const auto part = [](const SavedState& state, std::size_t begin, std::size_t end) {
                return std::span(state.fields).subspan(begin, end - begin);
            };
            if (!std::ranges::equal(part(before, begin_before, before.ends[i]),
                                    part(after, begin_after, after.ends[i])))
                ++changes_[kind_of(names[i])];
            begin_before = before.ends[i];
            begin_after = after.ends[i];
        }
    }
    static replay::Stops stops_at_data(StepCount place) {
        const auto in_data = emu::testing::random_layout::kData + place.value % 0x1000 * 8;
        replay::Stops stops;
        stops.points = {{StopKind::write, {emu::testing::random_layout::kBase + in_data}, 64}};
        return stops;
    }

    std::mt19937_64 random_;
    emu::testing::RandomProgramOptions program_;
    emu::MachineOptions options_;
    emu::testing::RandomProgram code_{0};
    std::vector<std::shared_ptr<const emu::DiskImage>> images_{emu::testing::random_image()};
    SavedState begin_;
    replay::EventLog log_;
    std::vector<std::size_t> digests_;  ///< by position
    std::map<std::string, int> changes_;
};

TEST(Devices, ARunIsTheSameHoweverATimelineGoesThroughIt) {
    std::map<std::string, int> changes;
    for (std::uint64_t seed = 1; seed <= 16; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        DeviceRun run(seed);
        run.replay();
        if (HasFatalFailure()) return;
        for (const auto& [device, count] : run.changes()) changes[device] += count;
    }
    // So that it is not about devices that do nothing.
    std::string idle;
    for (const auto* device : {"uart", "aclint", "plic", "rtc", "finisher", "entropy", "block", "net",
                               "console", "sound", "keyboard"}) {
        if (changes[device] < 5) idle += std::string(" ") + device;
    }
    EXPECT_EQ(idle, "") << ::testing::PrintToString(changes);
}

}  // namespace
}  // namespace backspin
