#include "snapshots/spill.hpp"

#include <csignal>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "testsuite/snapshots/recording_fixture.hpp"
#include "testsuite/snapshots/spill_fixture.hpp"

namespace backspin::snapshots {
namespace {

namespace fs = std::filesystem;

/// Adds states, keeps some resident, and knows what all of them were.
class Bench {
  public:
    explicit Bench(std::uint64_t seed, SpillOptions options = {}) : memory(seed), spill(std::move(options)) {}

    void add(std::uint64_t step, bool is_resident = false) {
        auto state = memory.next(step);
        all[step] = bytes_of(state);
        if (resident.empty() || is_resident) resident[at_step(step)] = state;
        spill.add(at_step(step), std::move(state));
        spill.flush();
    }
    std::vector<Spill::Loaded> load(std::uint64_t step, const PageRoot* neighbour = nullptr,
                                    std::uint64_t after = 0) {
        return spill.load_latest(
            at_step(step), {after},
            [this](Position at) {
                const auto found = resident.find(at);
                return found != resident.end() ? &found->second : nullptr;
            },
            neighbour);
    }
    /// All that is spilled and not resident loads as it was.
    void expect_all_equal() {
        for (const auto at : spill.positions()) {
            if (resident.contains(at)) continue;
            const auto loaded = load(at.step.value);
            ASSERT_FALSE(loaded.empty()) << at.step.value;
            EXPECT_EQ(loaded.back().at, at);
            for (const auto& [position, state] : loaded)
                ASSERT_EQ(bytes_of(state), all.at(position.step.value)) << position.step.value;
        }
    }

    ChangingMemory memory;
    Spill spill;
    std::map<Position, SavedState> resident;
    std::map<std::uint64_t, StateBytes> all;
};

TEST(Spill, LoadsWhatWasAdded) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        Bench bench(seed);
        for (std::uint64_t step = 1; step < 100; ++step) bench.add(10 * step, step % 30 == 0);
        EXPECT_EQ(bench.spill.positions().size(), 99u);
        bench.expect_all_equal();
    }
}

TEST(Spill, TakesThemInAnyOrder) {
    Bench bench(1);
    for (const std::uint64_t step : {500, 600, 700, 100, 200, 550, 20, 1000}) bench.add(step);
    bench.expect_all_equal();
    EXPECT_EQ(bench.load(599).back().at, at_step(550));
    EXPECT_EQ(bench.load(5000).back().at, at_step(1000));
}

TEST(Spill, LoadsTheLatestThatIsNotAfterIfItIsNearEnough) {
    Bench bench(1);
    for (std::uint64_t step = 0; step < 10; ++step) bench.add(10 * step);
    EXPECT_EQ(bench.load(59).back().at, at_step(50));
    EXPECT_EQ(bench.load(50, nullptr, 49).back().at, at_step(50));
    EXPECT_TRUE(bench.load(59, nullptr, 50).empty()) << "what is at hand is as near";
    EXPECT_TRUE(bench.spill.load_latest({{1}, {50}}, {}, [](Position) { return nullptr; }).empty())
        << "another branch";
}

TEST(Spill, BringsSomeOfThoseOnTheWay) {
    Bench bench(1);
    for (std::uint64_t step = 0; step < 100; ++step) bench.add(step);
    std::vector<std::uint64_t> steps;
    for (const auto& loaded : bench.load(90)) steps.push_back(loaded.at.step.value);
    EXPECT_EQ(steps, (std::vector<std::uint64_t>{26, 58, 74, 82, 86, 88, 89, 90}));
}

TEST(Spill, PagesAreSharedWithThoseInMemory) {
    Bench bench(2);
    bench.add(0);
    for (std::uint64_t n = 0; n < 500; ++n) bench.memory.fill({n});
    for (std::uint64_t step = 1; step < 40; ++step) bench.add(step);
    const auto last = bench.memory.next(40);
    const auto before = bench.memory.pages_in_use();
    const auto alone = bench.load(39);
    EXPECT_GT(bench.memory.pages_in_use(), before + 500) << "filled after the only one that is in memory";
    const auto between = bench.memory.pages_in_use();
    const auto shared = bench.load(39, &last.pages);
    EXPECT_LT(bench.memory.pages_in_use(), between + 300);
    EXPECT_EQ(bytes_of(shared.back().state), bytes_of(alone.back().state));
}

TEST(Spill, AMemoryOfAnotherStoreIsNotMixedIn) {
    Bench bench(2);
    for (std::uint64_t step = 0; step < 10; ++step) bench.add(step);
    ChangingMemory other(2);
    PageRoot same;
    for (std::uint64_t step = 0; step < 10; ++step) same = other.next(step).pages;
    const auto in_use = other.pages_in_use();
    auto loaded = bench.load(9, &same);
    same = {};
    EXPECT_EQ(bytes_of(loaded.back().state), bench.all.at(9));
    EXPECT_LE(other.pages_in_use(), in_use);
}

TEST(Spill, StaysWithinItsLimitByThinning) {
    constexpr std::uint64_t kLimit = 600'000;
    Bench bench(3, {.directory = fs::temp_directory_path(), .limit = kLimit});
    for (std::uint64_t step = 0; step < 500; ++step) {
        bench.add(step);
        ASSERT_LE(bench.spill.bytes(), kLimit / 3 * 2 + 100'000);
    }
    EXPECT_FALSE(bench.spill.take_trouble());
    const auto positions = bench.spill.positions();
    EXPECT_LT(positions.size(), 400u) << "it was thinned";
    EXPECT_GT(positions.size(), 10u);
    EXPECT_EQ(positions.back(), at_step(499));
    bench.expect_all_equal();
}

TEST(Spill, ALimitThatHoldsNothingEndsIt) {
    Bench bench(3, {.directory = {}, .limit = 10'000});
    for (std::uint64_t n = 0; n < 20; ++n) bench.memory.fill({n});
    bench.add(0);
    for (std::uint64_t n = 0; n < 20; ++n) bench.memory.fill({n});
    bench.add(1);
    EXPECT_EQ(bench.spill.take_trouble(), "the temporary file for snapshots has reached its limit");
    EXPECT_FALSE(bench.spill.take_trouble()) << "said once";
    EXPECT_FALSE(bench.spill.has_room());
    bench.expect_all_equal();
}

/// Files of this process can grow no further than this.
class LargestFile {
  public:
    explicit LargestFile(rlim_t bytes) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit smaller{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &smaller);
        handler_ = std::signal(SIGXFSZ, SIG_IGN);
    }
    ~LargestFile() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }
    LargestFile(const LargestFile&) = delete;
    LargestFile& operator=(const LargestFile&) = delete;

  private:
    rlimit before_{};
    void (*handler_)(int) = nullptr;
};

TEST(Spill, AFullDiskEndsItAndLosesNothing) {
    Folder folder;
    Bench bench(4, {.directory = folder.path()});
    std::uint64_t step = 0;
    for (; step < 20; ++step) bench.add(step);
    {
        const LargestFile no_larger(bench.spill.bytes() + 100);
        for (; bench.spill.has_room() && step < 40; ++step) bench.add(step);
    }
    EXPECT_LT(step, 40u);
    const auto trouble = bench.spill.take_trouble();
    ASSERT_TRUE(trouble);
    EXPECT_EQ(*trouble, "a temporary file in " + folder.path().string() +
                            " for snapshots cannot be written: File too large");
    EXPECT_GE(bench.spill.positions().size(), 20u);
    bench.expect_all_equal();
    EXPECT_FALSE(bench.spill.take_trouble());
}

/// The process's own open file in the folder, which has no name any more.
std::string open_file_in(const fs::path& folder) {
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        if (fs::read_symlink(entry, gone).string().starts_with(folder.string())) return entry.path();
    }
    return {};
}

TEST(Spill, ADamagedFileIsNoticedAndUsedNoMore) {
    Folder folder;
    Bench bench(5, {.directory = folder.path()});
    for (std::uint64_t step = 0; step < 20; ++step) bench.add(step);
    const auto file = ::open(open_file_in(folder.path()).c_str(), O_WRONLY);
    ASSERT_GE(file, 0);
    const char wrong[] = "wrong";
    ASSERT_EQ(::pwrite(file, wrong, sizeof wrong, static_cast<off_t>(bench.spill.bytes() - 50)),
              static_cast<ssize_t>(sizeof wrong));
    ::close(file);
    EXPECT_FALSE(bench.load(5).empty()) << "that part is as it was";
    EXPECT_TRUE(bench.load(19).empty());
    EXPECT_EQ(bench.spill.take_trouble(), "the temporary file for snapshots was damaged");
    EXPECT_TRUE(bench.load(5).empty());
    EXPECT_TRUE(bench.spill.positions().empty());
    EXPECT_FALSE(bench.spill.has_room());
}

TEST(Spill, LeavesNoFileBehind) {
    Folder folder;
    Bench bench(6, {.directory = folder.path()});
    for (std::uint64_t step = 0; step < 5; ++step) bench.add(step);
    EXPECT_GT(bench.spill.bytes(), 0u);
    EXPECT_EQ(folder.files(), 0u);
}

TEST(Spill, AFolderThatIsNotThereIsRefused) {
    try {
        const Spill spill({.directory = "/nowhere/at/all"});
        FAIL();
    } catch (const SpillError& error) {
        EXPECT_STREQ(
            error.what(),
            "a temporary file in /nowhere/at/all for snapshots cannot be made: No such file or directory");
    }
}

TEST(Spill, EndsWithWorkUndone) {
    ChangingMemory memory(7);
    Spill spill({});
    for (std::uint64_t step = 0; spill.has_room() && step < 1000; ++step)
        spill.add(at_step(step), memory.next(step));
}

}  // namespace
}  // namespace backspin::snapshots
