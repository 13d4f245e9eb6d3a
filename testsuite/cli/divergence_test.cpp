// Machines that go wrong, as an engine with a bug would: what `backspin verify` says of them.
#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/divergence_report.hpp"
#include "cli/machine_setup.hpp"
#include "cli/recorded_run.hpp"
#include "cli/verbs.hpp"
#include "cli/verification.hpp"
#include "snapshots/recording.hpp"
#include "testsuite/cli/guest_programs.hpp"
#include "testsuite/cli/program_runner.hpp"
#include "testsuite/emu/assembler.hpp"
#include "testsuite/emu/csr_numbers.hpp"

namespace backspin::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// ---- the guest ----------------------------------------------------------------------------------

constexpr std::uint64_t kLoop = 0x8000'003c;
constexpr std::uint64_t kMul = kLoop + 4;
constexpr std::uint64_t kHandler = kLoop + 0x18;

/// Every hart counts, squares, and writes the square to a page of its own, a CSR, and the UART's scratch
/// register; a timer's interrupt comes every 100 ticks and is counted.
Code counting_guest() {
    using namespace emu::testing;
    using O = emu::Opcode;
    namespace number = csr_number;
    constexpr unsigned t3 = 28, t4 = 29;
    return {
        csr(O::csrrs, a0, number::kMhartid, zero),
        op_imm(O::slli, a1, a0, 12),
        encode(O::auipc, {.rd = t0, .imm = 0x10000}),
        op(O::add, t0, t0, a1),
        encode(O::lui, {.rd = t1, .imm = 0x1000'0000}),
        encode(O::lui, {.rd = t3, .imm = 0x0200'4000}),
        encode(O::auipc, {.rd = t4, .imm = 0}),
        addi(t4, t4, kHandler - 0x8000'0018),
        csr(O::csrrw, zero, number::kMtvec, t4),
        op_imm(O::slli, a3, a0, 3),
        op(O::add, a3, a3, t3),
        store(O::sd, zero, 0, a3),
        addi(t4, zero, 1 << 7),
        csr(O::csrrs, zero, number::kMie, t4),
        csr(O::csrrsi, zero, number::kMstatus, 8),
        // loop:
        addi(s0, s0, 1),
        op(O::mul, s1, s0, s0),
        store(O::sd, s1, 8, t0),
        csr(O::csrrw, zero, number::kMscratch, s1),
        store(O::sb, s0, 7, t1),
        jal(zero, -0x14),
        // handler:
        addi(a2, a2, 1),
        load(O::ld, a4, 0, a3),
        addi(a4, a4, 100),
        store(O::sd, a4, 0, a3),
        op(O::mret),
    };
}

// ---- machines that go wrong ---------------------------------------------------------------------

struct Fault {
    /// Asked before each step. `since_load`: steps since the machine was built or a state was loaded.
    std::function<bool(const emu::RiscvMachine&, std::uint64_t since_load)> is_now;
    /// With the hart whose turn the step is.
    using Change = std::function<void(emu::RiscvMachine&, HartId)>;
    Change before = [](emu::RiscvMachine&, HartId) {};
    Change after = [](emu::RiscvMachine&, HartId) {};
};

class WrongMachine final : public emu::RiscvMachine {
  public:
    WrongMachine(const MachineSetup& setup, Fault fault)
        : RiscvMachine(setup.options, files(setup)), fault_(std::move(fault)) {}

    RunEnd run(const RunOptions& options, Observer* observer) override {
        while (now() < options.until) {
            auto one = options;
            one.until = now() + StepCount{1};
            const auto end = with_fault([&] { return RiscvMachine::run(one, observer); });
            if (end != RunEnd::reached) return end;
        }
        return RunEnd::reached;
    }
    std::optional<StepInfo> step(bool show_output) override {
        return with_fault([&] { return RiscvMachine::step(show_output); });
    }
    void load(const SavedState& state) override {
        RiscvMachine::load(state);
        since_load_ = 0;
    }

  private:
    static emu::BootFiles files(const MachineSetup& setup) {
        emu::BootFiles files;
        files.program = {setup.images.front().name, setup.images.front().bytes};
        return files;
    }
    template <class Step>
    std::invoke_result_t<Step> with_fault(Step step) {
        const auto hart = current_hart();
        const auto since_load = since_load_;
        const bool wrong = fault_.is_now(*this, since_load);
        if (wrong) fault_.before(*this, hart);
        const auto made = step();
        if (wrong) fault_.after(*this, hart);
        since_load_ = since_load + 1;  // what a fault loads does not count
        return made;
    }

    Fault fault_;
    std::uint64_t since_load_ = 0;
};

auto at_step(std::uint64_t step) {
    return
        [step](const emu::RiscvMachine& machine, std::uint64_t) { return machine.now() == StepCount{step}; };
}

/// Changes the state by its bytes, so that nothing of the machine's own has a part in it.
Fault::Change changed_state(std::function<void(SavedState&, emu::RiscvMachine&, HartId)> change) {
    return [change = std::move(change)](emu::RiscvMachine& machine, HartId hart) {
        auto state = machine.save();
        change(state, machine, hart);
        state.trusted = false;
        machine.load(state);
    };
}

std::vector<FieldValue> fields_of(const SavedState& state, std::size_t component,
                                  emu::RiscvMachine& machine) {
    machine.load(state);
    return machine.board().describe(component);
}

/// The one byte of the component in which this bit is the field's. Leaves the machine anywhere.
std::size_t place_of_field(SavedState state, const std::string& component, const std::string& field,
                           emu::RiscvMachine& machine, std::byte bit = std::byte{1}) {
    const auto names = machine.component_names();
    const auto number = static_cast<std::size_t>(std::ranges::find(names, component) - names.begin());
    const auto begin = number == 0 ? 0 : state.ends.at(number - 1);
    const auto fields = fields_of(state, number, machine);
    for (std::size_t at = begin; at < state.ends.at(number); ++at) {
        state.fields[at] ^= bit;
        state.trusted = false;
        try {
            const auto changed = fields_of(state, number, machine);
            for (std::size_t i = 0; i < std::min(fields.size(), changed.size()); ++i) {
                if (changed[i] != fields[i] && fields[i].name == field) return at;
            }
        } catch (const BadState&) {  // no machine can be in such a state: another field's byte
        }
        state.fields[at] ^= bit;
    }
    throw std::logic_error("there is no field " + component + " " + field);
}

std::string name_of(HartId hart) {
    return "hart" + std::to_string(hart.value);
}

Fault::Change flipped_bit(const std::string& component, const std::string& field) {
    return changed_state([component, field](SavedState& state, emu::RiscvMachine& machine, HartId) {
        state.fields[place_of_field(state, component, field, machine)] ^= std::byte{1};
    });
}

Fault::Change flipped_memory(std::uint64_t address) {
    return changed_state([address](SavedState& state, emu::RiscvMachine& machine, HartId) {
        PageTable table(machine.page_store(), state.pages.page_count());
        table.restore(state.pages);
        const auto offset = address - emu::memory_map::kRamBase.value;
        table.write_page({offset / kPageSize})->bytes()[offset % kPageSize] ^= std::byte{1};
        state.pages = table.share();
    });
}

/// As if the guest had switched the machine off.
Fault::Change switched_off() {
    return changed_state([](SavedState& state, emu::RiscvMachine& machine, HartId) {
        const auto names = machine.component_names();
        const auto number = static_cast<std::size_t>(std::ranges::find(names, "finisher") - names.begin());
        // There is a request; it says that all is well, and so there is no code.
        const std::vector<std::byte> request{std::byte{1}, std::byte{0}, std::byte{0}, std::byte{0}};
        const auto at = state.fields.begin() + state.ends.at(number - 1);
        state.fields.insert(state.fields.erase(at), request.begin(), request.end());
        for (auto i = number; i < state.ends.size(); ++i) state.ends[i] += 3;
    });
}

MachineBuilder wrong(Fault fault) {
    return [fault = std::move(fault)](const MachineSetup& setup) {
        return std::make_unique<WrongMachine>(setup, fault);
    };
}

// ---- recordings of them -------------------------------------------------------------------------

constexpr std::uint64_t kEpoch = 1000;
constexpr std::uint64_t kEnd = 10'000;
/// In the middle of an epoch, where there is no digest.
constexpr std::uint64_t kNamed = 7'500;

/// Epochs of 1000 steps, snapshots at every other end of one.
class DivergenceTest : public ProgramTest, public ::testing::WithParamInterface<std::size_t> {
  protected:
    std::size_t harts() const { return GetParam(); }

    void record_with(const MachineBuilder& build) {
        write_image(folder_ / "guest", counting_guest());
        MachineChoice choice;
        choice.program = folder_ / "guest";
        auto setup = set_up(choice);
        setup.options.ram_bytes = std::uint64_t{2} << 20;
        setup.options.board.harts = harts();
        setup.options.board.quantum = 70;
        setup.epoch_steps = {kEpoch};
        const auto machine = build(setup);
        const std::vector<snapshots::ImageSource> images{{"guest", kProgramRole, setup.images.front().bytes}};
        snapshots::RecordingWriter writer(folder_ / "run.bsr", snapshots::Overwrite::replace,
                                          to_configuration(setup), images, machine->component_names());
        for (std::uint64_t at = 0; at <= kEnd; at += kEpoch / 2) {
            const Position here{{}, {at}};
            machine->run({.until = {at}}, nullptr);
            if (at % kEpoch == 0) writer.add_epoch(here, machine->save());
            if (at == kNamed || (at % (2 * kEpoch) == 0 && at != 0))
                writer.add_snapshot(here, machine->save());
        }
        writer.finish({{{}, {kEnd}}, machine->time(), "step limit", std::nullopt});
    }

    /// What `backspin verify` prints and returns with such machines.
    Outcome verify_with(const MachineBuilder& build, bool json = false, unsigned jobs = 1) {
        VerifyCommand command;
        command.file = folder_ / "run.bsr";
        command.jobs = jobs;
        command.json = json;
        ::testing::internal::CaptureStdout();
        ::testing::internal::CaptureStderr();
        const int exit_code = verify(command, build);
        return {exit_code, ::testing::internal::GetCapturedStdout(),
                ::testing::internal::GetCapturedStderr()};
    }
    nlohmann::json divergence_with(const MachineBuilder& build, unsigned jobs = 1) {
        const auto outcome = verify_with(build, true, jobs);
        EXPECT_EQ(outcome.exit_code, 120);
        return nlohmann::json::parse(outcome.out)["divergence"];
    }
    std::string last_hart() const { return "hart" + std::to_string(harts() - 1); }
    /// The first place from that step on where this holds.
    std::uint64_t first_step_from(std::uint64_t step,
                                  const std::function<bool(const emu::RiscvMachine&)>& holds) {
        const RecordedRun run(folder_ / "run.bsr");
        const auto machine = run.machine();
        machine->run({.until = {step}});
        while (!holds(*machine)) machine->step();
        return machine->now().value;
    }
    auto is_at(std::uint64_t pc) const {
        return [pc](const emu::RiscvMachine& machine) {
            return machine.context(machine.current_hart()).pc == VirtualAddress{pc};
        };
    }
};

INSTANTIATE_TEST_SUITE_P(Harts, DivergenceTest, ::testing::Values(1, 4),
                         [](const auto& info) { return "Harts" + std::to_string(info.param); });

TEST_P(DivergenceTest, ThereIsNoneWithoutAFault) {
    record_with(build_machine);
    const auto outcome = verify_with(build_machine);
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_THAT(outcome.out, HasSubstr("verified: 10000 steps"));
    const Fault none{.is_now = at_step(kEnd + 1)};
    EXPECT_EQ(verify_with(wrong(none)).exit_code, 0) << "run by single steps";
}

struct Kind {
    std::string component;
    std::string field;  ///< nothing for memory
};

TEST_P(DivergenceTest, OfTheEngineIsFoundWithItsStepAndWhatItChanged) {
    record_with(build_machine);
    // With the snapshot at 6000 behind it, and with a digest alone at 5000.
    for (const std::uint64_t step : {5'432U, 4'321U}) {
        const bool has_snapshot = step > 5'000;
        for (const auto& [component, field] :
             {Kind{last_hart(), "s3"}, {"hart0", "sscratch"}, {"uart", "divisor"}, {"memory", ""}}) {
            SCOPED_TRACE(component + " " + field + " at " + std::to_string(step));
            constexpr std::uint64_t kPlace = 0x8012'3456;
            const auto machine =
                wrong({.is_now = at_step(step),
                       .after = field.empty() ? std::function(flipped_memory(kPlace))
                                              : std::function(flipped_bit(component, field))});
            for (const unsigned jobs : {1U, 3U}) {
                const auto found = divergence_with(machine, jobs);
                EXPECT_EQ(found["kind"], "digests");
                EXPECT_EQ(found["step"], has_snapshot ? 6'000 : 5'000);
                EXPECT_EQ(found["last_equal_step"], has_snapshot ? 5'000 : 4'000);
                EXPECT_EQ(found["epoch"], has_snapshot ? 5 : 4);
                EXPECT_THAT(found["components"], ElementsAre(component));
                EXPECT_EQ(found["reference"], "the reference does what was recorded: the engine is wrong");
                EXPECT_EQ(found["wrong_step"]["step"], step);
                const auto expect_difference = [&](const nlohmann::json& differences) {
                    EXPECT_EQ(differences["field_count"], field.empty() ? 0 : 1) << differences;
                    EXPECT_EQ(differences["page_count"], field.empty() ? 1 : 0) << differences;
                    if (field.empty()) {
                        const auto& page = differences["pages"][0];
                        EXPECT_EQ(page["page"], "0x80123000");
                        EXPECT_EQ(page["offset"], 0x456);
                        EXPECT_EQ(page["recorded"], "00000000000000000000000000000000");
                        EXPECT_EQ(page["replayed"], "01000000000000000000000000000000");
                    } else {
                        const auto& value = differences["fields"][0];
                        EXPECT_EQ(value["component"], component);
                        EXPECT_EQ(value["field"], field);
                        EXPECT_NE(value["recorded"], value["replayed"]);
                    }
                };
                expect_difference(found["wrong_step"]["differences"]);
                if (has_snapshot) {
                    expect_difference(found["differences"]);
                } else {
                    EXPECT_TRUE(found["differences"].is_null());
                }
            }
        }
    }
}

TEST_P(DivergenceTest, OfAnInstructionThatTheEngineGetsWrongIsDisassembled) {
    record_with(build_machine);
    // From step 3100 on, and each time.
    const auto first = first_step_from(3'100, is_at(kMul));
    const auto machine = wrong(
        {.is_now = [this](const emu::RiscvMachine& at,
                          std::uint64_t) { return at.now() >= StepCount{3'100} && is_at(kMul)(at); },
         .after = [](emu::RiscvMachine& at, HartId hart) { flipped_bit(name_of(hart), "s1")(at, hart); }});
    const auto outcome = verify_with(machine);
    EXPECT_EQ(outcome.exit_code, 120);
    EXPECT_THAT(outcome.out, HasSubstr("diverged in epoch 3 (steps 3000 to 4000): "));
    EXPECT_THAT(outcome.out, HasSubstr("memory"));
    EXPECT_THAT(outcome.out, HasSubstr("  memory 0x80010000 + 0x10: recorded "));
    EXPECT_THAT(outcome.out, HasSubstr("mscratch: recorded 0x"));
    EXPECT_THAT(outcome.out,
                HasSubstr("the engine is wrong\n  first wrong step: " + std::to_string(first) + ", hart "));
    EXPECT_THAT(outcome.out, HasSubstr(" at 0x80000040: mul s1, s0, s0\n"));
    EXPECT_THAT(outcome.out, HasSubstr(" s1: reference 0x"));
}

TEST_P(DivergenceTest, OfAnInterruptThatTheEngineMissesIsCalledOne) {
    record_with(build_machine);
    const auto taken = first_step_from(2'500, is_at(kHandler)) - 1;
    const auto machine =
        wrong({.is_now = at_step(taken),
               .before = changed_state([](SavedState& state, emu::RiscvMachine& at, HartId hart) {
                   constexpr std::byte kTimer{1 << 7};
                   state.fields[place_of_field(state, name_of(hart), "mie", at, kTimer)] ^= kTimer;
               })});
    const auto outcome = verify_with(machine);
    EXPECT_EQ(outcome.exit_code, 120);
    EXPECT_THAT(outcome.out,
                HasSubstr("first wrong step: " + std::to_string(taken) + ", an interrupt of hart "));
    EXPECT_THAT(outcome.out, HasSubstr("; the engine makes hart "));
}

TEST_P(DivergenceTest, OfAnEngineThatEndsTheRunIsFoundToo) {
    record_with(build_machine);
    const auto machine = wrong({.is_now = at_step(2'345), .after = switched_off()});
    const auto outcome = verify_with(machine);
    EXPECT_EQ(outcome.exit_code, 120);
    EXPECT_THAT(outcome.out,
                AllOf(HasSubstr("diverged in epoch 2 (steps 2000 to 2346): the machine goes no further"),
                      HasSubstr("the engine is wrong"), HasSubstr("first wrong step: 2345, hart ")));
}

TEST_P(DivergenceTest, OfTheRecordersEngineIsTheRecordings) {
    for (const std::uint64_t step : {5'432U, 4'321U}) {
        record_with(wrong({.is_now = at_step(step), .after = flipped_bit("hart0", "s3")}));
        const auto found = divergence_with(build_machine);
        EXPECT_EQ(found["step"], step > 5'000 ? 6'000 : 5'000);
        EXPECT_THAT(found["components"], ElementsAre("hart0"));
        EXPECT_EQ(found["reference"],
                  "the reference does what this replay does: the recorded state is another");
        EXPECT_TRUE(found["wrong_step"].is_null());
        EXPECT_EQ(found["differences"].is_null(), step < 5'000);
    }
}

TEST_P(DivergenceTest, BetweenTwoDigestsASnapshotTellsTheSame) {
    record_with(build_machine);
    const auto found =
        divergence_with(wrong({.is_now = at_step(7'200), .after = flipped_bit("hart0", "s3")}));
    EXPECT_EQ(found["kind"], "snapshot");
    EXPECT_EQ(found["step"], kNamed);
    EXPECT_EQ(found["last_equal_step"], 7'000);
    EXPECT_THAT(found["components"], ElementsAre("hart0"));
    EXPECT_EQ(found["reference"], "the reference does what was recorded: the engine is wrong");
    EXPECT_EQ(found["wrong_step"]["step"], 7'200);
}

TEST_P(DivergenceTest, BothWrongInAnotherWayIsSaid) {
    record_with(wrong({.is_now = at_step(5'100), .after = flipped_bit("hart0", "s3")}));
    const auto found =
        divergence_with(wrong({.is_now = at_step(5'200), .after = flipped_bit("hart0", "s4")}));
    EXPECT_EQ(found["reference"], "the reference does neither what was recorded nor what this replay does");
    EXPECT_TRUE(found["wrong_step"].is_null());
}

TEST_P(DivergenceTest, WhatDoesNotHappenAgainIsNotBlamedOnTheRecording) {
    record_with(build_machine);
    // Of all machines only the first one goes wrong, as with a bit that fell over in this computer.
    const auto machines = std::make_shared<int>(0);
    const auto found = divergence_with([machines](const MachineSetup& setup) {
        const bool is_first = (*machines)++ == 0;
        return std::make_unique<WrongMachine>(
            setup, Fault{.is_now = is_first ? at_step(4'321) : at_step(~std::uint64_t{0}),
                         .after = flipped_bit("hart0", "s3")});
    });
    EXPECT_EQ(found["step"], 5'000);
    EXPECT_THAT(found["components"], ElementsAre("hart0"));
    EXPECT_THAT(std::string(found["reference"]), HasSubstr("did not happen again"));
    EXPECT_TRUE(found["wrong_step"].is_null());
}

TEST_P(DivergenceTest, OfAnEngineThatIsWrongOnlyAfterALongWayIsNamedWithoutItsStep) {
    record_with(build_machine);
    const auto found =
        divergence_with(wrong({.is_now =
                                   [](const emu::RiscvMachine& at, std::uint64_t since_load) {
                                       return at.now() == StepCount{5'600} && since_load > 1'500;
                                   },
                               .after = flipped_bit("hart0", "s3")}));
    EXPECT_EQ(found["step"], 6'000);
    EXPECT_EQ(
        found["reference"],
        "the reference does what was recorded: the engine is wrong; but not when it starts at step 5000");
    EXPECT_TRUE(found["wrong_step"].is_null());
}

}  // namespace
}  // namespace backspin::cli
