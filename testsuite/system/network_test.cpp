// A machine that sends and receives frames, gone over in every way: all ways come to the same states.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "replay/timeline.hpp"
#include "testsuite/system/firmware_machine.hpp"

namespace backspin {
namespace {

using replay::PastRun;
using replay::StopReason;
using replay::Timeline;
using testing::Digester;
using Bytes = std::vector<std::byte>;

constexpr Channel kCard = emu::virtio_channel(0);

/// Whoever is on the cable: every request comes back as an answer to it.
class Neighbour final : public replay::InputPort, public OutputSink {
  public:
    void output(Channel channel, std::span<const std::byte> bytes) override {
        if (channel != kCard) return;
        heard.emplace_back(bytes.begin(), bytes.end());
        auto answer = heard.back();
        std::copy_n(heard.back().begin() + 6, 6, answer.begin());
        const bool is_arp = answer[12] == std::byte{8} && answer[13] == std::byte{6};
        if (is_arp) {
            answer[21] = std::byte{2};  // "is at"
            std::swap_ranges(answer.begin() + 22, answer.begin() + 32, answer.begin() + 32);
        } else {
            answer[42] = std::byte{2};  // an answer of BOOTP
        }
        // Some other traffic too: the guest is to have its buffers back and wait on.
        for (int i = 0; i < 7; ++i) to_say_.emplace_back(Bytes(60 + 200 * static_cast<std::size_t>(i)));
        to_say_.push_back(std::move(answer));
    }

    std::optional<DeviceInput> next(const Machine& machine) override {
        if (to_say_.empty() || machine.room_for_input(kCard) < to_say_.front().size()) return std::nullopt;
        DeviceInput input{kCard, std::move(to_say_.front())};
        to_say_.pop_front();
        return input;
    }
    void wait(std::chrono::nanoseconds) override {}
    bool interactive() const override { return true; }

    std::vector<Bytes> heard;

  private:
    std::deque<Bytes> to_say_;
};

class NetworkRun : public ::testing::Test {
  protected:
    static std::unique_ptr<emu::RiscvMachine> card_machine() {
        emu::MachineOptions options;
        options.board.virtio.emplace_back(emu::virtio::NetOptions{});
        return testing::machine_with("netcard", options);
    }

    void SetUp() override {
        machine_->set_output(&neighbour_);
        replay::HostHooks hooks;
        hooks.input = &neighbour_;
        hooks.clock = [] { return std::chrono::nanoseconds(0); };
        live_.set_host(hooks);
        ASSERT_EQ(live_.go_on({}).why, StopReason::powered_off);
        machine_->set_output(nullptr);
        end_ = live_.frontier().step;
        ASSERT_EQ(neighbour_.heard.size(), 2u);
        ASSERT_GE(live_.log().size(), 16u);
        Digester digester(*machine_);
        for (std::uint64_t step = 0; step < end_.value; step += 61) remember(step, digester);
        for (const auto& event : live_.log().events({})) {
            remember(event.at.step.value, digester);
            remember(event.at.step.value + 1, digester);
        }
        remember(end_.value, digester);
    }
    void remember(std::uint64_t step, Digester& digester) {
        if (states_.contains(step)) return;
        ASSERT_EQ(live_.seek({{}, StepCount{step}}).why, StopReason::done);
        states_[step] = digester.now();
    }

    std::unique_ptr<emu::RiscvMachine> machine_ = card_machine();
    Neighbour neighbour_;
    Timeline live_{*machine_, {.epoch_steps = StepCount{2000}}};
    StepCount end_;
    std::map<std::uint64_t, Digester::Digest>
        states_;  ///< after some steps, and before and after every input
};

TEST_F(NetworkRun, AReplayThatJumpsAboutComesToTheSameStates) {
    const auto machine = card_machine();
    Timeline past(*machine, PastRun{live_.log(), end_}, {.epoch_steps = StepCount{3000}});
    Digester digester(*machine);
    std::vector<std::uint64_t> places;
    for (const auto& [step, state] : states_) places.push_back(step);
    std::ranges::shuffle(places, std::mt19937(3));
    for (const auto step : places) {
        ASSERT_EQ(past.seek({{}, StepCount{step}}).why, StopReason::done);
        ASSERT_TRUE(digester.now() == states_[step]) << "another state at position " << step;
    }
}

TEST_F(NetworkRun, SlicesOfAnyLengthWithASnapshotAfterEachComeToTheSameStates) {
    Neighbour listener;
    std::mt19937 random(5);
    auto machine = card_machine();
    const auto events = live_.log().events({});
    auto event = events.begin();
    for (auto place = states_.begin(); place != states_.end();) {
        const auto now = machine->now();
        if (now.value == place->first) {
            ASSERT_TRUE(Digester(*machine).now() == place->second)
                << "another state at position " << now.value;
            ++place;
            continue;
        }
        if (event != events.end() && event->at.step == now) {
            machine->set_output(&listener);
            machine->apply(event->input);
            ++event;
            continue;
        }
        auto until = std::min(now.value + 1 + random() % 300, place->first);
        if (event != events.end()) until = std::min(until, event->at.step.value);
        machine->set_output(&listener);
        machine->run({.until = StepCount{until}, .show_output = true});
        auto other = card_machine();
        other->load(machine->save());
        machine = std::move(other);
    }
    EXPECT_EQ(event, events.end());
    EXPECT_EQ(listener.heard, neighbour_.heard) << "the same frames went out";
}

TEST_F(NetworkRun, SteppingBackOverTheArrivalOfAFrameIsExact) {
    const auto events = live_.log().events({});
    for (const auto& event : events) {
        const auto* input = std::get_if<DeviceInput>(&event.input);
        if (input == nullptr || input->channel != kCard) continue;
        const auto after = event.at.step.value + 1;
        ASSERT_EQ(live_.seek({{}, StepCount{after}}).why, StopReason::done);
        const replay::StepPolicy policy{.show_interrupts = true, .range = {}};
        ASSERT_EQ(live_.step(HartId{0}, policy).why, StopReason::done);
        ASSERT_EQ(live_.step_back(HartId{0}, policy).why, StopReason::done);
        const auto here = live_.position();
        ASSERT_LE(here.step.value, after) << "the step was the hart's, after the frame";
        const auto stepped_to = Digester(*machine_).now();
        ASSERT_EQ(live_.seek({{}, StepCount{0}}).why, StopReason::done);
        ASSERT_EQ(live_.seek(here).why, StopReason::done);
        ASSERT_TRUE(Digester(*machine_).now() == stepped_to)
            << "another state at position " << here.step.value;
    }
}

}  // namespace
}  // namespace backspin
