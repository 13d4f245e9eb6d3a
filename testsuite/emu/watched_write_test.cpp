// Data stops of writes that are no hart's stores: told before the step, with who it was, and taken back
// wholly where the observer stops.
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "testsuite/emu/paging.hpp"
#include "testsuite/emu/semihosting_caller.hpp"

namespace backspin::emu {
namespace {

using namespace testing;
using Kind = Accessor::Kind;

constexpr auto kDataAt = PagedGuest::kVirtualData;
constexpr std::uint64_t kPage = PagedGuest::kPage;

class Recorder : public Observer {
  public:
    explicit Recorder(Verdict verdict) : verdict_(verdict) {}
    Verdict on_hit(const Hit& hit) override {
        hits.push_back(hit);
        return verdict_;
    }
    std::vector<Hit> hits;

  private:
    Verdict verdict_;
};

StopPoint watch(StopKind kind, std::uint64_t at, std::uint64_t length = 1) {
    return {kind, VirtualAddress{at}, length};
}

void expect_same(const SavedState& a, const SavedState& b) {
    EXPECT_EQ(a.at, b.at);
    EXPECT_TRUE(a.fields == b.fields);
    EXPECT_EQ(a.pages.digest(), b.pages.digest());
}

/// Makes one step so, with these stop points: stopped at, gone over, and with none. Gives the hits.
std::vector<Hit> hits_of_step(RiscvMachine& machine, const std::vector<StopPoint>& points,
                              const std::function<bool(Observer*)>& step) {
    const auto start = machine.save();
    machine.set_stop_points(points);
    EXPECT_TRUE(step(nullptr));
    const auto end = machine.save();

    machine.load(start);
    Recorder over(Verdict::go_on);
    EXPECT_TRUE(step(&over));
    expect_same(machine.save(), end);

    machine.load(start);
    Recorder stopping(Verdict::stop);
    EXPECT_EQ(step(&stopping), over.hits.empty());
    if (!over.hits.empty()) expect_same(machine.save(), start);
    for (const auto& hit : over.hits) EXPECT_EQ(hit.at, start.at);
    machine.load(start);
    EXPECT_TRUE(step(nullptr));
    expect_same(machine.save(), end);
    machine.load(start);
    return over.hits;
}

std::vector<Hit> hits_of_attempt(RiscvMachine& machine, const std::vector<StopPoint>& points) {
    return hits_of_step(machine, points, [&](Observer* observer) {
        RunOptions run;
        run.until = machine.now() + StepCount{1};
        return machine.run(run, observer) == RunEnd::reached;
    });
}

std::vector<Hit> hits_of_input(RiscvMachine& machine, const std::vector<StopPoint>& points,
                               const Input& input) {
    return hits_of_step(machine, points,
                        [&](Observer* observer) { return machine.apply(input, observer) == Verdict::go_on; });
}

TEST(WatchedWrite, ADebuggersIsFoundUnderEveryNameOfTheMemory) {
    PagedGuest guest(kSv39);
    const auto alias = kDataAt + 8 * kPage;
    guest.map(alias, Guest::kData, pte::kData);
    guest.put(Guest::kData + 8, std::uint64_t{5});
    const MemoryWrite write{{0}, {kDataAt + 8}, {std::byte{5}, std::byte{6}}};
    const auto hits =
        hits_of_input(guest.machine(),
                      {watch(StopKind::write, kDataAt + 8), watch(StopKind::write, alias + 9, 4),
                       watch(StopKind::access, alias + 8, 8), watch(StopKind::read, kDataAt + 8, 8),
                       watch(StopKind::write, kDataAt + 10, 8), watch(StopKind::write, Guest::kData + 8, 8)},
                      write);
    ASSERT_EQ(hits.size(), 3u);
    for (const auto& hit : hits) EXPECT_EQ(hit.by, (Accessor{Kind::debugger, 0}));
    EXPECT_FALSE(hits[0].changes_value);
    EXPECT_TRUE(hits[1].changes_value);
    EXPECT_EQ(hits[1].address, VirtualAddress{alias + 9});
    EXPECT_EQ(hits[2].kind, StopKind::access);
}

TEST(WatchedWrite, IsFoundThroughTheHartThatHasItMapped) {
    auto options = Guest::board_options();
    options.harts = 2;
    PagedGuest guest(kSv39, {}, options);
    guest.go_to(Guest::kCode, Privilege::machine, 0);
    guest.edit([](Hart& hart) { hart.satp = 0; }, 0);
    const MemoryWrite write{{0}, {Guest::kData}, {std::byte{1}}};
    const auto hits = hits_of_input(
        guest.machine(), {watch(StopKind::write, kDataAt), watch(StopKind::write, Guest::kData)}, write);
    ASSERT_EQ(hits.size(), 2u);
    EXPECT_EQ(hits[0].hart, HartId{1});
    EXPECT_EQ(hits[1].hart, HartId{0});
}

/// Whatever a device writes may be program: what ran before runs changed, and is back where that is undone.
TEST(WatchedWrite, ChangesOfCodeAreTakenBackToo) {
    Guest guest{addi(a0, a0, 1), jal(zero, -4)};
    guest.run(10);
    auto& machine = guest.machine();
    const auto addi_2 = addi(a0, a0, 2);
    const auto raw = std::as_bytes(std::span(&addi_2, 1));
    const MemoryWrite write{{0}, {Guest::kCode}, {raw.begin(), raw.end()}};
    machine.set_stop_points(std::vector{watch(StopKind::write, Guest::kCode, 4)});
    Recorder stopping(Verdict::stop);
    EXPECT_EQ(machine.apply(write, &stopping), Verdict::stop);
    const auto before = machine.board().harts[0].x[a0];
    machine.step();
    machine.step();
    EXPECT_EQ(machine.board().harts[0].x[a0], before + 1);
    Recorder over(Verdict::go_on);
    EXPECT_EQ(machine.apply(write, &over), Verdict::go_on);
    machine.step();
    machine.step();
    EXPECT_EQ(machine.board().harts[0].x[a0], before + 3);
}

TEST(WatchedWrite, AWalkSetsBitsInAnEntry) {
    for (const auto& scheme : {kSv39, kSv48}) {
        PagedGuest guest(scheme, {store(Opcode::sd, a1, 0, a0)});
        const auto table = kDataAt + 16 * kPage;  // where the program sees the last table
        const auto entry = guest.entry_at(kDataAt);
        guest.map(table, entry / kPage * kPage, pte::kData);
        guest.map(kDataAt, Guest::kData, pte::kData & ~(pte::kA | pte::kD));
        guest.edit([](Hart& hart) { hart.menvcfg = envcfg::kAdue; });
        guest.set(a0, kDataAt);
        guest.set(a1, 7);
        const auto at = table + entry % kPage;
        const auto hits = hits_of_attempt(guest.machine(),
                                          {watch(StopKind::write, at, 8), watch(StopKind::write, at + 1, 7),
                                           watch(StopKind::write, kDataAt)});
        ASSERT_EQ(hits.size(), 3u);
        EXPECT_EQ(hits[0].address, VirtualAddress{kDataAt});
        EXPECT_EQ(hits[1].address, VirtualAddress{at});
        EXPECT_EQ(hits[1].by, Accessor{});
        EXPECT_TRUE(hits[1].changes_value);
        EXPECT_FALSE(hits[2].changes_value) << "the bits are in the first byte";
    }
}

/// The fetch sets a bit before the store is seen: who stops there finds it as it was.
TEST(WatchedWrite, AStopTakesBackWhatTheFetchHasSet) {
    PagedGuest guest(kSv39, {store(Opcode::sd, a1, 0, a0)});
    guest.map(PagedGuest::kVirtualCode, Guest::kCode, pte::kCode & ~pte::kA);
    guest.edit([](Hart& hart) { hart.menvcfg = envcfg::kAdue; });
    guest.set(a0, kDataAt);
    guest.set(a1, 7);
    const auto table = kDataAt + 16 * kPage, entry = guest.entry_at(PagedGuest::kVirtualCode);
    guest.map(table, entry / kPage * kPage, pte::kData);
    EXPECT_EQ(hits_of_attempt(guest.machine(), {watch(StopKind::write, kDataAt)}).size(), 1u);
    const auto hits = hits_of_attempt(
        guest.machine(), {watch(StopKind::write, kDataAt), watch(StopKind::access, table + entry % kPage)});
    ASSERT_EQ(hits.size(), 2u);
    EXPECT_EQ(hits[0].kind, StopKind::access);
    EXPECT_EQ(hits[1].kind, StopKind::write);
}

TEST(WatchedWrite, ACallOfTheHostWritesItsBlock) {
    Caller caller(64);
    caller.set(a0, 0x30);  // SYS_ELAPSED
    caller.set(a1, Caller::kBlock);
    caller.put(Caller::kBlock, ~std::uint64_t{0});
    caller.go_to(Guest::kCode + 4);
    const auto hits = hits_of_attempt(caller.machine(), {watch(StopKind::write, Caller::kBlock, 8)});
    ASSERT_EQ(hits.size(), 1u);
    EXPECT_EQ(hits[0].by, Accessor{});
}

TEST(WatchedWrite, AnAnswerOfTheHostComesByItsDevice) {
    Caller caller(64);
    const auto file = caller.open_file("name");
    caller.call(0x06, {file, Caller::kBuffer, 10});  // SYS_READ
    ASSERT_TRUE(caller.request());
    const auto text = std::string("0123456789");
    const auto hits = hits_of_input(
        caller.machine(), {watch(StopKind::write, Caller::kBuffer + 9)},
        DeviceInput{kSemihostingChannel, input_of({HostError::none, std::as_bytes(std::span(text))})});
    ASSERT_EQ(hits.size(), 1u);
    EXPECT_EQ(hits[0].by.kind, Kind::device);
    EXPECT_EQ(caller.machine().component_names()[hits[0].by.component], "semihosting");
}

TEST(WatchedWrite, ADevicesEventWritesRingsAndBuffers) {
    using virtio::Transport;
    auto options = Guest::board_options();
    options.virtio = {std::monostate{}, virtio::EntropyOptions{5}};
    Guest guest(options, {jal(zero, 0)});
    constexpr std::uint64_t kRings = Guest::kData, kBuffer = Guest::kData + 0x800;
    guest.put(kRings, kBuffer);
    guest.put(kRings + 8, std::uint64_t{16} | std::uint64_t{2} << 32);  // 16 bytes, for the device to write
    guest.put(kRings + 0x100, std::uint64_t{1} << 16);                  // one chain is available
    const auto write = [&](std::uint64_t offset, std::uint64_t value) {
        write_device(guest, memory_map::kVirtio, 0x1000 + offset, AccessSize::word, value);
    };
    write(Transport::DriverFeaturesSel, 1);
    write(Transport::DriverFeatures, 1);
    write(Transport::Status, Transport::kFeaturesOk);
    write(Transport::QueueNum, 16);
    write(Transport::QueueDescLow, kRings);
    write(Transport::QueueDriverLow, kRings + 0x100);
    write(Transport::QueueDeviceLow, kRings + 0x200);
    write(Transport::QueueReady, 1);
    write(Transport::Status, 15);
    write(Transport::QueueNotify, 0);
    while (!guest.board().has_due_event()) guest.run(1);
    const auto hits = hits_of_attempt(
        guest.machine(), {watch(StopKind::write, kBuffer + 15), watch(StopKind::write, kBuffer + 16),
                          watch(StopKind::write, kRings + 0x202), watch(StopKind::access, kRings, 8)});
    ASSERT_EQ(hits.size(), 2u);
    EXPECT_EQ(hits[0].address, VirtualAddress{kBuffer + 15});
    EXPECT_EQ(hits[1].address, VirtualAddress{kRings + 0x202});
    EXPECT_EQ(hits[0].by.kind, Kind::device);
    EXPECT_EQ(guest.machine().component_names()[hits[0].by.component], "virtio1-entropy");
    guest.run(20);
}

}  // namespace
}  // namespace backspin::emu
