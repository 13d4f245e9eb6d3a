// The block device as its driver sees it. Source: VIRTIO 1.2, section 5.2.
#include "emu/devices/virtio/block.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "emu/reference.hpp"
#include "testsuite/emu/random.hpp"
#include "testsuite/emu/saved_bytes.hpp"
#include "testsuite/emu/small_machine.hpp"
#include "testsuite/emu/virtio_driver.hpp"

namespace backspin::emu {
namespace {

using namespace testing;
using virtio::Block;
using virtio::BlockOptions;
using Type = Block::Type;
using Status = Block::Status;

constexpr auto kRequests = Block::kRequests;
constexpr std::uint64_t kSectors = 9000;
/// Half a sector is left over at the end.
constexpr std::uint64_t kImageBytes = kSectors * Block::kSector + 256;
constexpr std::byte kNoStatus{0xaa};

/// No two sectors of it are equal, and no byte is zero.
class PatternImage final : public DiskImage {
  public:
    std::uint64_t size() const override { return kImageBytes; }
    void read(std::uint64_t offset, std::span<std::byte> out) const override {
        for (auto& byte : out) byte = at(offset++);
    }
    static std::byte at(std::uint64_t offset) {
        return static_cast<std::byte>(1 + (offset / 512 * 131 + offset % 512 * 7 + offset / 4096) % 255);
    }
    static std::vector<std::byte> sectors(std::uint64_t first, std::uint64_t count) {
        std::vector<std::byte> bytes(count * Block::kSector);
        PatternImage().read(first * Block::kSector, bytes);
        return bytes;
    }
};

std::vector<std::byte> filled(std::size_t length, unsigned char value) {
    return std::vector<std::byte>(length, std::byte{value});
}

std::vector<std::byte> header(Type type, std::uint64_t sector) {
    std::vector<std::byte> bytes(16);
    std::memcpy(bytes.data(), &type, 4);
    std::memcpy(bytes.data() + 8, &sector, 8);
    return bytes;
}

/// struct virtio_blk_discard_write_zeroes
std::vector<std::byte> range(std::uint64_t sector, std::uint32_t count, std::uint32_t flags = 0) {
    std::vector<std::byte> bytes(16);
    std::memcpy(bytes.data(), &sector, 8);
    std::memcpy(bytes.data() + 8, &count, 4);
    std::memcpy(bytes.data() + 12, &flags, 4);
    return bytes;
}

class VirtioBlockTest : public ::testing::Test {
  protected:
    explicit VirtioBlockTest(bool readonly = false)
        : driver_(BlockOptions{kImageBytes, readonly, "a serial number", 0},
                  {std::make_shared<PatternImage>()}) {}
    void SetUp() override { driver_.start(~std::uint64_t{0}, 256); }

    struct Pending {
        DriverBuffer data;
        std::uint64_t status = 0;
    };
    DriverBuffer status_buffer() {
        const auto buffer = driver_.writable(1);
        driver_.put(buffer.at, kNoStatus);
        return buffer;
    }
    Pending add_in(std::uint64_t sector, std::uint32_t bytes) {
        const auto data = driver_.writable(bytes);
        const auto status = status_buffer();
        driver_.add(kRequests, {driver_.readable(header(Type::in, sector)), data, status});
        return {data, status.at};
    }
    /// A request that carries data to the device, or none.
    Pending add_out(Type type, std::uint64_t sector, std::span<const std::byte> data) {
        const auto head = driver_.readable(header(type, sector));
        const auto status = status_buffer();
        if (data.empty()) {
            driver_.add(kRequests, {head, status});
        } else {
            driver_.add(kRequests, {head, driver_.readable(data), status});
        }
        return {{}, status.at};
    }
    std::byte status_of(const Pending& pending) const { return driver_.get<std::byte>(pending.status); }
    /// Lets the device serve all; `steps` is how many events that takes.
    void serve() {
        driver_.notify(kRequests);
        steps_ = driver_.run_events();
    }
    Status ended(const Pending& pending) {
        serve();
        return static_cast<Status>(status_of(pending));
    }
    Status out(Type type, std::uint64_t sector, std::span<const std::byte> data = {}) {
        return ended(add_out(type, sector, data));
    }
    std::vector<std::byte> read_sectors(std::uint64_t sector, std::uint32_t count) {
        const auto pending = add_in(sector, count * Block::kSector);
        EXPECT_EQ(ended(pending), Status::ok);
        return driver_.get(pending.data.at, pending.data.length);
    }
    std::vector<std::byte> drive_bytes(std::uint64_t offset, std::size_t length) {
        std::vector<std::byte> bytes(length);
        EXPECT_TRUE(driver_.memory().drive(0).read(offset, bytes));
        return bytes;
    }
    void expect_untouched() { EXPECT_EQ(drive_bytes(0, kSectors * 512), PatternImage::sectors(0, kSectors)); }
    std::uint64_t counter(std::string_view name) const {
        return std::stoull(driver_.field(name), nullptr, 0);
    }

    VirtioDriver driver_;
    std::size_t steps_ = 0;
};

class VirtioBlockReadOnlyTest : public VirtioBlockTest {
  protected:
    VirtioBlockReadOnlyTest() : VirtioBlockTest(true) {}
};

// ---- what it says of itself ---------------------------------------------------------------------

TEST_F(VirtioBlockTest, SaysWhatItIs) {
    EXPECT_EQ(driver_.read(virtio::Transport::DeviceID), 2u);
    EXPECT_EQ(driver_.offered_features() & 0xff'ffff,
              std::uint64_t{Block::kSegMax | Block::kBlkSize | Block::kFlush | Block::kDiscard |
                            Block::kWriteZeroes});
    EXPECT_FALSE(driver_.queue_exists(1));
    EXPECT_EQ(driver_.configuration<std::uint32_t>(0), kSectors) << "whole sectors only";
    EXPECT_EQ(driver_.configuration<std::uint32_t>(4), 0u);
    EXPECT_EQ(driver_.configuration<std::uint32_t>(12), Block::kMostSegments);
    EXPECT_EQ(driver_.configuration<std::uint32_t>(20), 512u);
    EXPECT_EQ(driver_.configuration<std::uint32_t>(36), Block::kMostZeroed);
    EXPECT_EQ(driver_.configuration<std::uint32_t>(40), 1u);
    EXPECT_EQ(driver_.configuration<std::uint32_t>(44), 1u);
    EXPECT_EQ(driver_.configuration<std::uint32_t>(48), Block::kMostZeroed);
    EXPECT_EQ(driver_.configuration<std::uint32_t>(52), 1u);
    EXPECT_EQ(driver_.configuration<std::uint8_t>(1), kSectors >> 8);
    for (std::uint64_t at = 60; at < 256; at += 4) EXPECT_EQ(driver_.configuration<std::uint32_t>(at), 0u);
}

TEST_F(VirtioBlockReadOnlyTest, SaysSo) {
    EXPECT_EQ(driver_.offered_features() & 0xff'ffff,
              std::uint64_t{Block::kSegMax | Block::kBlkSize | Block::kFlush | Block::kReadOnly});
    EXPECT_EQ(driver_.configuration<std::uint32_t>(36), 0u);
}

// ---- requests -----------------------------------------------------------------------------------

TEST_F(VirtioBlockTest, ReadsTheImage) {
    const auto first = add_in(0, 512);
    const auto second = add_in(7, 5 * 512);
    const auto last = add_in(kSectors - 1, 512);
    EXPECT_EQ(ended(first), Status::ok);
    EXPECT_EQ(status_of(second), std::byte{0});
    EXPECT_EQ(status_of(last), std::byte{0});
    EXPECT_EQ(driver_.get(first.data.at, 512), PatternImage::sectors(0, 1));
    EXPECT_EQ(driver_.get(second.data.at, 5 * 512), PatternImage::sectors(7, 5));
    EXPECT_EQ(driver_.get(last.data.at, 512), PatternImage::sectors(kSectors - 1, 1));
    EXPECT_EQ(driver_.used(kRequests), (std::vector<UsedEntry>{{0, 513}, {3, 5 * 512 + 1}, {6, 513}}));
    EXPECT_EQ(steps_, 1u);
    EXPECT_EQ(driver_.acknowledge(), virtio::Transport::kUsedBuffer);
    EXPECT_EQ(counter("sectors_read"), 7u);
    EXPECT_EQ(counter("requests"), 3u);
    EXPECT_EQ(counter("errors"), 0u);
}

TEST_F(VirtioBlockTest, AnswersAfterItsLatencyAndNotBefore) {
    const auto before = driver_.now();
    add_in(0, 512);
    driver_.notify(kRequests);
    EXPECT_EQ(driver_.device().next_event(), before + VirtualTime{20'000});
    EXPECT_TRUE(driver_.used(kRequests).empty());
    driver_.event();
    EXPECT_EQ(driver_.used(kRequests).size(), 1u);
    EXPECT_EQ(driver_.device().next_event(), std::nullopt);
}

TEST_F(VirtioBlockTest, WritesOverTheImageWhichStaysAsItIs) {
    const auto data = filled(3 * 512, 0x5a);
    EXPECT_EQ(out(Type::out, 6, data), Status::ok);
    EXPECT_EQ(driver_.used(kRequests), (std::vector<UsedEntry>{{0, 1}}));
    EXPECT_EQ(read_sectors(6, 3), data);
    EXPECT_EQ(read_sectors(0, 6), PatternImage::sectors(0, 6)) << "the same page, and the one before";
    EXPECT_EQ(read_sectors(9, 20), PatternImage::sectors(9, 20));
    EXPECT_EQ(counter("sectors_written"), 3u);
    EXPECT_EQ(out(Type::out, kSectors - 1, filled(512, 1)), Status::ok) << "in the page that is not whole";
    EXPECT_EQ(drive_bytes((kSectors - 1) * 512, 512), filled(512, 1));
    EXPECT_EQ(drive_bytes(kSectors * 512, 1).front(), PatternImage::at(kSectors * 512));
}

TEST_F(VirtioBlockTest, TakesDataInWhateverPieces) {
    const auto head = driver_.readable(header(Type::out, 10));
    const auto data = filled(512, 0x31);
    const auto status = status_buffer();
    // The header ends, and the data begins, in the middle of a buffer.
    std::vector<std::byte> rest(head.length - 5 + 100);
    std::ranges::copy(driver_.get(head.at + 5, head.length - 5), rest.begin());
    std::ranges::fill(rest.begin() + head.length - 5, rest.end(), std::byte{0x31});
    driver_.add_indirect(kRequests, {{head.at, 5, false},
                                     driver_.readable(rest),
                                     {0, 0, false},
                                     driver_.readable(std::span(data).first(412)),
                                     status});
    EXPECT_EQ(ended({{}, status.at}), Status::ok);
    EXPECT_EQ(drive_bytes(10 * 512, 512), data);
    EXPECT_EQ(drive_bytes(11 * 512, 512), PatternImage::sectors(11, 1));

    // The status stands behind the data in the last of three buffers.
    const auto first = driver_.writable(500), second = driver_.writable(600), third = driver_.writable(437);
    driver_.add(kRequests, {driver_.readable(header(Type::in, 9)), first, second, third});
    serve();
    auto read = driver_.get(first.at, 500);
    for (const auto& [at, length] : {std::pair{second.at, 600}, std::pair{third.at, 436}}) {
        const auto more = driver_.get(at, static_cast<std::size_t>(length));
        read.insert(read.end(), more.begin(), more.end());
    }
    EXPECT_EQ(read, drive_bytes(9 * 512, 3 * 512));
    EXPECT_EQ(driver_.get<std::byte>(third.at + 436), std::byte{0});
    EXPECT_EQ(driver_.used(kRequests).back().written, 3u * 512 + 1);
}

TEST_F(VirtioBlockTest, FlushAndRequestsThatItDoesNotKnow) {
    EXPECT_EQ(out(Type::flush, 0), Status::ok);
    EXPECT_EQ(out(static_cast<Type>(2), 0), Status::unsupp);
    EXPECT_EQ(out(static_cast<Type>(10), 0), Status::unsupp);
    EXPECT_EQ(out(static_cast<Type>(14), 0, range(0, 1)), Status::unsupp);
    EXPECT_EQ(out(static_cast<Type>(0x8000'0001), 0, filled(512, 1)), Status::unsupp);
    EXPECT_EQ(counter("errors"), 4u);
    expect_untouched();
}

TEST_F(VirtioBlockTest, TellsItsId) {
    const auto ask = [&](std::uint32_t room) {
        const auto data = driver_.writable(room);
        driver_.put(data.at, filled(room, 0xee));
        const auto status = status_buffer();
        driver_.add(kRequests, {driver_.readable(header(Type::get_id, 0)), data, status});
        EXPECT_EQ(ended({data, status.at}), Status::ok);
        return driver_.get(data.at, room);
    };
    auto id = bytes_of("a serial number");
    id.resize(20);
    EXPECT_EQ(ask(20), id);
    EXPECT_EQ(driver_.used(kRequests).back().written, 21u);
    EXPECT_EQ(ask(8), bytes_of("a serial"));
    id.push_back(std::byte{0xee});
    EXPECT_EQ(ask(21), id);
    EXPECT_EQ(driver_.used(kRequests).back().written, 20u) << "there is a hole before the status";
}

TEST_F(VirtioBlockTest, WritesZeros) {
    EXPECT_EQ(out(Type::write_zeroes, 0, range(3, 30)), Status::ok);
    EXPECT_EQ(out(Type::write_zeroes, 0, range(100, 1, 1)), Status::ok) << "it may deallocate";
    EXPECT_EQ(read_sectors(3, 30), filled(30 * 512, 0));
    EXPECT_EQ(read_sectors(100, 1), filled(512, 0));
    EXPECT_EQ(read_sectors(0, 3), PatternImage::sectors(0, 3));
    EXPECT_EQ(read_sectors(33, 67), PatternImage::sectors(33, 67));
    EXPECT_EQ(counter("sectors_zeroed"), 31u);
    driver_.through_a_snapshot();
    EXPECT_EQ(read_sectors(3, 30), filled(30 * 512, 0)) << "a page of zeros is not one that nobody wrote";
    EXPECT_EQ(out(Type::write_zeroes, 0, range(0, 0)), Status::ok);
}

TEST_F(VirtioBlockTest, DiscardLeavesAllAsItIs) {
    EXPECT_EQ(out(Type::out, 5, filled(512, 0x77)), Status::ok);
    EXPECT_EQ(out(Type::discard, 0, range(0, 64)), Status::ok);
    EXPECT_EQ(read_sectors(5, 1), filled(512, 0x77));
    EXPECT_EQ(read_sectors(6, 58), PatternImage::sectors(6, 58));
    EXPECT_EQ(counter("sectors_discarded"), 64u);
}

TEST_F(VirtioBlockTest, EveryFieldHasItsBounds) {
    constexpr auto kHuge = ~std::uint64_t{0};
    const auto sector = filled(512, 1);
    for (const auto first :
         {kSectors, kSectors + 1, kHuge, kHuge / 512, kHuge / 512 + 1, std::uint64_t{1} << 55}) {
        EXPECT_EQ(out(Type::out, first, sector), Status::ioerr) << first;
        EXPECT_EQ(ended(add_in(first, 512)), Status::ioerr) << first;
        EXPECT_EQ(driver_.used(kRequests).back().written, 0u);
        EXPECT_EQ(out(Type::write_zeroes, 0, range(first, 1)), Status::ioerr) << first;
        EXPECT_EQ(out(Type::discard, 0, range(first, 1)), Status::ioerr) << first;
    }
    EXPECT_EQ(out(Type::out, kSectors - 1, filled(1024, 1)), Status::ioerr);
    EXPECT_EQ(out(Type::write_zeroes, 0, range(kSectors - 1, 2)), Status::ioerr);
    EXPECT_EQ(out(Type::write_zeroes, 0, range(1, ~std::uint32_t{0})), Status::ioerr);
    for (const std::size_t length : {1, 511, 513, 1023})
        EXPECT_EQ(out(Type::out, 0, filled(length, 1)), Status::ioerr) << length;
    EXPECT_EQ(ended(add_in(0, 100)), Status::ioerr);
    EXPECT_EQ(out(Type::write_zeroes, 0, range(0, 1, 2)), Status::unsupp);
    EXPECT_EQ(out(Type::discard, 0, range(0, 1, 1)), Status::unsupp) << "unmap means nothing here (5.2.6.2)";
    for (const std::size_t length : {0, 15, 17, 32}) {
        EXPECT_EQ(out(Type::write_zeroes, 0, filled(length, 0)), Status::ioerr) << length;
        EXPECT_EQ(out(Type::discard, 0, filled(length, 0)), Status::ioerr) << length;
    }
    expect_untouched();
    EXPECT_FALSE(driver_.needs_reset());
}

TEST_F(VirtioBlockTest, ZerosAtMostSoManySectorsAtOnce) {
    static_assert(kSectors > Block::kMostZeroed);
    EXPECT_EQ(out(Type::write_zeroes, 0, range(1, Block::kMostZeroed + 1)), Status::ioerr);
    EXPECT_EQ(out(Type::discard, 0, range(1, Block::kMostZeroed + 1)), Status::ioerr);
    expect_untouched();
    EXPECT_EQ(out(Type::discard, 0, range(1, Block::kMostZeroed)), Status::ok);
    EXPECT_EQ(out(Type::write_zeroes, 0, range(1, Block::kMostZeroed)), Status::ok);
    EXPECT_EQ(drive_bytes(512, Block::kMostZeroed * 512), filled(Block::kMostZeroed * 512, 0));
    EXPECT_EQ(drive_bytes(0, 512), PatternImage::sectors(0, 1));
    EXPECT_EQ(read_sectors(Block::kMostZeroed + 1, 1), PatternImage::sectors(Block::kMostZeroed + 1, 1));
}

TEST_F(VirtioBlockReadOnlyTest, IsNeverWritten) {
    EXPECT_EQ(out(Type::out, 0, filled(512, 1)), Status::ioerr);
    EXPECT_EQ(out(Type::write_zeroes, 0, range(0, 1)), Status::ioerr);
    EXPECT_EQ(out(Type::discard, 0, range(0, 1)), Status::ioerr);
    EXPECT_EQ(out(Type::flush, 0), Status::ok);
    EXPECT_EQ(read_sectors(0, 8), PatternImage::sectors(0, 8));
    expect_untouched();
}

// ---- many, and long ones ------------------------------------------------------------------------

TEST_F(VirtioBlockTest, ALongRequestTakesSeveralStepsAndASnapshotFitsBetweenThem) {
    constexpr std::uint32_t kBytes = 5 * (1 << 19);
    const auto in = add_in(17, kBytes);
    const auto behind = add_in(1, 512);
    driver_.notify(kRequests);
    for (std::uint64_t step = 1; step <= 2; ++step) {
        ASSERT_TRUE(driver_.event());
        EXPECT_EQ(counter("sectors_read"), step * Block::kBytesAtOnce / 512);
        EXPECT_EQ(driver_.device().next_event(), driver_.now() - VirtualTime{10}) << "at once";
        EXPECT_TRUE(driver_.used(kRequests).empty());
        driver_.through_a_snapshot();
    }
    EXPECT_EQ(driver_.run_events(), 1u);
    EXPECT_EQ(driver_.used(kRequests), (std::vector<UsedEntry>{{0, kBytes + 1}, {3, 513}}));
    EXPECT_EQ(driver_.get(in.data.at, kBytes), PatternImage::sectors(17, kBytes / 512));
    EXPECT_EQ(driver_.get(behind.data.at, 512), PatternImage::sectors(1, 1));
}

TEST_F(VirtioBlockTest, ALongWriteGoesOnAfterASnapshot) {
    std::vector<std::byte> data(3 * Block::kBytesAtOnce / 2);
    for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::byte>(i / 512 + i);
    const auto write = add_out(Type::out, 1, data);
    driver_.notify(kRequests);
    ASSERT_TRUE(driver_.event());
    driver_.through_a_snapshot();
    EXPECT_EQ(status_of(write), kNoStatus);
    EXPECT_EQ(driver_.run_events(), 1u);
    EXPECT_EQ(status_of(write), std::byte{0});
    EXPECT_EQ(drive_bytes(512, data.size()), data);

    const auto zeros =
        add_out(Type::write_zeroes, 0, range(1, static_cast<std::uint32_t>(data.size() / 512)));
    driver_.notify(kRequests);
    ASSERT_TRUE(driver_.event());
    driver_.through_a_snapshot();
    EXPECT_EQ(status_of(zeros), kNoStatus);
    EXPECT_EQ(driver_.run_events(), 1u);
    EXPECT_EQ(drive_bytes(512, data.size()), filled(data.size(), 0));
}

TEST_F(VirtioBlockTest, ManyRequestsTakeSeveralSteps) {
    std::vector<Pending> reads;
    for (std::uint64_t i = 0; i < 80; ++i) reads.push_back(add_in(i, 512));
    driver_.notify(kRequests);
    ASSERT_TRUE(driver_.event());
    EXPECT_EQ(driver_.used(kRequests).size(), static_cast<std::size_t>(Block::kRequestsAtOnce));
    driver_.through_a_snapshot();
    EXPECT_EQ(driver_.run_events(), 1u);
    for (std::uint64_t i = 0; i < reads.size(); ++i)
        EXPECT_EQ(driver_.get(reads[i].data.at, 512), PatternImage::sectors(i, 1));
    EXPECT_EQ(counter("requests"), 80u);
}

TEST_F(VirtioBlockTest, ASnapshotFitsBeforeTheLookAtAnyRequest) {
    const auto data = filled(512, 9);
    const std::array requests{add_in(3, 512), add_out(Type::out, 3, data), add_out(Type::flush, 0, {}),
                              add_out(Type::discard, 0, range(8, 1)),
                              add_out(Type::write_zeroes, 0, range(9, 1))};
    driver_.notify(kRequests);
    driver_.through_a_snapshot();
    driver_.run_events();
    driver_.through_a_snapshot();
    for (const auto& request : requests) EXPECT_EQ(status_of(request), std::byte{0});
    EXPECT_EQ(driver_.get(requests[0].data.at, 512), PatternImage::sectors(3, 1));
    EXPECT_EQ(drive_bytes(3 * 512, 512), data);
    EXPECT_EQ(drive_bytes(9 * 512, 512), filled(512, 0));
    EXPECT_EQ(driver_.used(kRequests).size(), 5u);
}

TEST_F(VirtioBlockTest, ADriverThatResetsTheDeviceDropsWhatIsUnderWay) {
    const auto in = add_in(0, 2 * Block::kBytesAtOnce);
    driver_.notify(kRequests);
    ASSERT_TRUE(driver_.event());
    driver_.start();
    EXPECT_EQ(driver_.run_events(), 0u);
    EXPECT_EQ(status_of(in), kNoStatus);
    EXPECT_EQ(read_sectors(40, 2), PatternImage::sectors(40, 2)) << "from its start";
}

TEST_F(VirtioBlockTest, ARebootKeepsWhatWasWritten) {
    EXPECT_EQ(out(Type::out, 12, filled(512, 0x42)), Status::ok);
    EXPECT_EQ(out(Type::write_zeroes, 0, range(16, 8)), Status::ok);
    driver_.reboot();
    driver_.start();
    EXPECT_EQ(read_sectors(12, 1), filled(512, 0x42));
    EXPECT_EQ(read_sectors(16, 8), filled(8 * 512, 0));
    EXPECT_EQ(read_sectors(13, 3), PatternImage::sectors(13, 3));
}

TEST_F(VirtioBlockTest, AnOlderStateBringsTheOlderDriveBack) {
    EXPECT_EQ(out(Type::out, 0, filled(512, 1)), Status::ok);
    const auto older = driver_.memory().pages().share();
    EXPECT_EQ(out(Type::out, 0, filled(1024, 2)), Status::ok);
    const auto newer = driver_.memory().pages().share();
    driver_.memory().pages().restore(older);
    EXPECT_EQ(drive_bytes(0, 512), filled(512, 1));
    EXPECT_EQ(drive_bytes(512, 512), PatternImage::sectors(1, 1));
    driver_.memory().pages().restore(newer);
    EXPECT_EQ(drive_bytes(0, 1024), filled(1024, 2));
}

// ---- hostile drivers ----------------------------------------------------------------------------

TEST_F(VirtioBlockTest, WhatIsNoMemoryIsAnError) {
    const auto status = status_buffer();
    driver_.add(kRequests, {driver_.readable(header(Type::in, 0)), {0x1000'0000, 512, true}, status});
    EXPECT_EQ(ended({{}, status.at}), Status::ioerr);
    driver_.add(kRequests, {driver_.readable(header(Type::out, 0)), {~std::uint64_t{0}, 512, false}, status});
    EXPECT_EQ(ended({{}, status.at}), Status::ioerr);
    driver_.add(kRequests, {driver_.readable(header(Type::write_zeroes, 0)), {0, 16, false}, status});
    EXPECT_EQ(ended({{}, status.at}), Status::ioerr);
    driver_.add(kRequests, {driver_.readable(header(Type::get_id, 0)), {0, 20, true}, status});
    EXPECT_EQ(ended({{}, status.at}), Status::ioerr);
    EXPECT_FALSE(driver_.needs_reset());
    expect_untouched();
}

TEST_F(VirtioBlockTest, ARequestThatCannotBeAnsweredEndsTheDriver) {
    const auto head = driver_.readable(header(Type::flush, 0));
    const std::vector<std::vector<DriverBuffer>> broken{
        {head},                                    // no place for the status
        {head, {driver_.allocate(1), 0, true}},    // an empty one
        {{head.at, 15, false}, status_buffer()},   // half a header
        {status_buffer()},                         // none
        {{0x100, 16, false}, status_buffer()},     // not in memory
        {head, {VirtioDriver::kRamEnd, 1, true}},  // a status that cannot be written
    };
    for (const auto& buffers : broken) {
        driver_.start();
        driver_.add(kRequests, buffers);
        serve();
        EXPECT_TRUE(driver_.needs_reset());
        EXPECT_TRUE(driver_.used(kRequests).empty());
        EXPECT_FALSE(driver_.event()) << "it is not looked at again";
    }
    driver_.start();
    EXPECT_EQ(read_sectors(0, 1), PatternImage::sectors(0, 1));
}

TEST_F(VirtioBlockTest, ADriverMayChangeARequestThatIsUnderWay) {
    const auto first = add_in(0, 2 * Block::kBytesAtOnce);
    driver_.notify(kRequests);
    ASSERT_TRUE(driver_.event());
    driver_.put_descriptor(kRequests, 1, {first.data.at, 512, kWrite | kNext, 2});
    EXPECT_EQ(driver_.run_events(), 1u);
    EXPECT_EQ(status_of(first), std::byte{0});
    EXPECT_EQ(read_sectors(5, 1), PatternImage::sectors(5, 1)) << "the next one starts from nothing";

    add_in(0, 2 * Block::kBytesAtOnce);
    driver_.notify(kRequests);
    ASSERT_TRUE(driver_.event());
    driver_.put(driver_.ring(kRequests).available + 2, std::uint16_t{2});  // it was never there
    EXPECT_LE(driver_.run_events(), 1u);
    EXPECT_EQ(driver_.device().next_event(), std::nullopt);
}

TEST_F(VirtioBlockTest, RandomRequestsNeitherHangItNorLeaveTheDrive) {
    Random random(5);
    for (int round = 0; round < 300; ++round) {
        driver_.start(~std::uint64_t{0}, 16);
        const auto area = VirtioDriver::kHeap + 0x1'0000 + random.any(0, 64) * 512;
        for (int i = 0; i < 8; ++i) {
            auto head = header(static_cast<Type>(random.any(0, 14)), random.any(0, kSectors + 3));
            if (random.chance(20)) head[random.any(0, 15)] = static_cast<std::byte>(random.bits());
            driver_.put(area + 16u * i, head);
        }
        for (std::uint16_t index = 0; index < 16; ++index) {
            const std::array<std::uint64_t, 3> places{area, area + 512 * random.any(0, 40), random.bits()};
            const std::array<std::uint32_t, 5> lengths{16, 512, 1, 4096,
                                                       static_cast<std::uint32_t>(random.bits())};
            driver_.put_descriptor(
                kRequests, index,
                {places[random.any(0, 40) % 3], random.one_of(lengths),
                 static_cast<std::uint16_t>(random.any(0, 7) & (random.chance(90) ? 3 : 7)),
                 static_cast<std::uint16_t>(random.any(0, 17))});
        }
        for (int i = 0; i < 6; ++i)
            driver_.make_available(kRequests, static_cast<std::uint16_t>(random.any(0, 16)));
        driver_.notify(kRequests);
        driver_.run_events(50);
        driver_.through_a_snapshot();
    }
    driver_.start();
    EXPECT_EQ(read_sectors(2, 1), drive_bytes(2 * 512, 512));
    EXPECT_EQ(drive_bytes(kSectors * 512, 256).back(), PatternImage::at(kImageBytes - 1));
}

TEST_F(VirtioBlockTest, AStateThatNoRunLeadsToIsRefused) {
    Block block{BlockOptions{kImageBytes, false, "", 0}};
    auto bytes = test::saved(block);
    test::load_into(block, bytes);
    constexpr std::size_t kDone = 6 * 8;
    bytes[kDone + 1] = std::byte{2};  // a sector is done, and nothing due that goes on
    EXPECT_THROW(test::load_into(block, bytes), BadState);
    bytes[kDone + 1] = std::byte{};
    bytes[kDone] = std::byte{1};
    EXPECT_THROW(test::load_into(block, bytes), BadState);
}

// ---- in a machine -------------------------------------------------------------------------------

TEST_F(VirtioBlockTest, TheMachineDoesAsTheReferenceDoes) {
    MachineOptions options;
    options.ram_bytes = VirtioDriver::kRamBytes;
    options.board.virtio = {BlockOptions{kImageBytes, false, "a serial number", 0}};
    const std::vector<std::shared_ptr<const DiskImage>> images{std::make_shared<PatternImage>()};
    const Program program{0x6f};  // jal x0, 0
    RiscvMachine machine(options, program.files(), images);
    // The driver's doings and what the processor runs are one memory.
    driver_.put(VirtioDriver::kRam, std::uint32_t{0x6f});
    driver_.board().harts[0].pc = VirtioDriver::kRam;
    add_out(Type::out, 4, filled(3 * 512, 0x66));
    add_in(2, 3 * Block::kBytesAtOnce / 2);
    add_out(Type::write_zeroes, 0, range(5, 9));
    driver_.notify(kRequests);

    SavedState start;
    driver_.board().save(start);
    start.pages = driver_.memory().pages().share();
    start.at = driver_.board().steps;
    machine.load(start);
    std::size_t events = 0;
    for (int i = 0; i < 2100; ++i) {
        const auto expected = reference::step(driver_.board(), driver_.memory());
        ASSERT_TRUE(expected);
        const auto got = machine.step();
        ASSERT_TRUE(got);
        ASSERT_EQ(got->kind, expected->kind) << "step " << i;
        if (got->kind != StepKind::device_event && i % 500 != 0) continue;
        events += got->kind == StepKind::device_event;
        SavedState want;
        driver_.board().save(want);
        const auto have = machine.save();
        ASSERT_EQ(have.fields, want.fields) << "step " << i;
        ASSERT_EQ(have.pages.digest(), driver_.memory().pages().share().digest()) << "step " << i;
    }
    EXPECT_EQ(events, 2u);
    EXPECT_EQ(driver_.used(kRequests).size(), 3u);
    const auto end = machine.save();

    // In one run, too.
    machine.load(start);
    machine.run({.until = end.at});
    const auto once = machine.save();
    EXPECT_EQ(once.fields, end.fields);
    EXPECT_EQ(once.pages.digest(), end.pages.digest());
}

}  // namespace
}  // namespace backspin::emu
