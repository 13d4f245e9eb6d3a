#include "snapshots/recording.hpp"

#include <array>
#include <functional>
#include <random>

#include <sys/resource.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recording_fixture.hpp"

namespace backspin::snapshots {
namespace {

using ::testing::HasSubstr;

const Sample kNothing = sample(0);

/// What was recorded with the first inputs.
Content prefix(const Sample& made, std::size_t inputs) {
    auto content = made.content;
    content.events.resize(inputs);
    content.digests.resize(inputs * (kComponents.size() + 1));
    content.snapshots.resize(inputs / 5);
    content.snapshot_names.resize(inputs / 5);
    content.outputs.resize(inputs);
    content.bookmarks.resize((inputs + 4) / 6);
    content.accesses.resize((inputs + 3) / 4);
    content.branches.resize(inputs > 8 ? 2 : inputs > 2 ? 1 : 0);
    std::erase_if(content.blocks,
                  [&](const auto& block) { return block.first >= std::uint64_t{inputs} << 20; });
    content.end.reset();
    return content;
}

TEST(Recording, GivesBackWhatWasWritten) {
    const Folder folder;
    const auto made = sample(40);
    const auto& content = made.content;
    write(folder / "run.bsr", made);
    EXPECT_EQ(read(folder / "run.bsr"), content);
    const RecordingReader reader(folder / "run.bsr");
    EXPECT_EQ(reader.version(), kRecordingVersion);
    EXPECT_EQ(reader.warning(), std::nullopt);
    EXPECT_EQ(reader.images()[0].sha256, sha256(content.images[0]));
}

TEST(Recording, IsOnePlainFileAfterACleanEnd) {
    const Folder folder;
    write(folder / "run.bsr", sample(10));
    EXPECT_EQ(folder.files(), 1U);
}

TEST(Recording, OfARunWithoutInputsIsWhole) {
    const Folder folder;
    auto made = sample(0);
    auto& content = made.content;
    content.end->exit_code.reset();
    write(folder / "run.bsr", made);
    EXPECT_EQ(read(folder / "run.bsr"), content);
}

TEST(Recording, TellsHowEachBranchEnds) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    {
        auto writer = begin(path, kNothing);
        writer.add_branch({{1}, {{0}, {40}}, "fix"});
        writer.add(RecordedEvent{{{1}, {40}}, IdleWarp{{1}}});
        writer.add_end({{{1}, {90}}, {900}, "left", std::nullopt});
        writer.finish({{{0}, {60}}, {600}, "powered off", 3});
    }
    const RecordingReader reader(path);
    EXPECT_EQ(reader.branches(), (std::vector<RecordedBranch>{{{1}, {{0}, {40}}, "fix"}}));
    EXPECT_EQ(reader.last_step({0}), StepCount{60});
    EXPECT_EQ(reader.last_step({1}), StepCount{90});
    EXPECT_EQ(reader.end()->reason, "powered off");
    EXPECT_EQ(reader.warning(), std::nullopt);
}

TEST(Recording, NamesWithMeaningInAnUriAreOrdinaryNames) {
    const Folder folder;
    const auto made = sample(3);
    const auto& content = made.content;
    write(folder / "a b?c#d%41.bsr", made);
    EXPECT_EQ(read(folder / "a b?c#d%41.bsr"), content);
    EXPECT_EQ(folder.files(), 1U);
}

TEST(Recording, KilledKeepsWhatWasCommitted) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    const auto made = sample(23);
    const auto& content = made.content;
    in_killed_process([&] {
        auto writer = begin(path, made);
        fill(writer, made, 5);  // the last three inputs are never committed
        ::raise(SIGKILL);
    });
    auto expected = prefix(made, 20);
    EXPECT_EQ(read(path), expected);
    const RecordingReader reader(path);
    EXPECT_TRUE(reader.has_log());
    EXPECT_THAT(reader.warning().value_or(""), HasSubstr("killed; it is good up to step"));

    // Without its log only what had been folded in before is left, and the reader says what is missing.
    const auto alone = folder / "alone.bsr";
    fs::copy_file(path, alone);
    EXPECT_EQ(read(alone).configuration, content.configuration);
    EXPECT_EQ(read(alone).images, content.images);
    EXPECT_THAT(RecordingReader(alone).warning().value_or(""), HasSubstr("-wal is not beside it"));

    fold_log(path);
    EXPECT_FALSE(fs::exists(folder / "run.bsr-wal"));
    EXPECT_EQ(read(path), expected);
}

TEST(Recording, WithItsLogIsReadFromAFolderThatCannotBeWritten) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    const auto made = sample(10);
    const auto& content = made.content;
    in_killed_process([&] {
        auto writer = begin(path, made);
        fill(writer, made, 1);
        ::raise(SIGKILL);
    });
    fs::remove(folder / "run.bsr-shm");
    const auto file = slurp(path);
    const auto log = slurp(folder / "run.bsr-wal");
    // Root may write everywhere, so the proof is that nothing was written, not that it was refused.
    fs::permissions(path, fs::perms::owner_read);
    fs::permissions(folder.path(), fs::perms::owner_read | fs::perms::owner_exec);
    EXPECT_EQ(read(path).events, content.events);
    EXPECT_EQ(slurp(path), file);
    EXPECT_EQ(slurp(folder / "run.bsr-wal"), log);
    EXPECT_EQ(folder.files(), 2U);
}

TEST(Recording, WithoutAnEndSaysSo) {
    const Folder folder;
    const auto made = sample(4);
    const auto& content = made.content;
    {
        auto writer = begin(folder / "run.bsr", made);
        fill(writer, made, 100);
    }
    EXPECT_EQ(read(folder / "run.bsr").events, content.events);
    EXPECT_THAT(RecordingReader(folder / "run.bsr").warning().value_or(""), HasSubstr("did not end cleanly"));
    EXPECT_EQ(folder.files(), 1U);
}

TEST(Recording, BeingWrittenIsNotRead) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    std::array<int, 2> ready{};
    std::array<int, 2> done{};
    ASSERT_EQ(::pipe(ready.data()), 0);
    ASSERT_EQ(::pipe(done.data()), 0);
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    char byte = 'x';
    if (child == 0) {
        auto writer = begin(path, kNothing);
        writer.add(RecordedEvent{{{0}, {1}}, IdleWarp{{1}}});
        writer.commit();
        if (::write(ready[1], &byte, 1) != 1 || ::read(done[0], &byte, 1) != 1) ::_exit(1);
        ::_exit(0);
    }
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    EXPECT_THAT(refusal(path), HasSubstr("is being written by another process"));
    ASSERT_EQ(::write(done[1], &byte, 1), 1);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(read(path).events.size(), 1U);
}

TEST(Recording, DoesNotReplaceAFileUnlessTold) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    spill(path, "precious");
    const auto made = sample(3);
    const auto& content = made.content;
    EXPECT_THROW(begin(path, made), RecordingError);
    EXPECT_EQ(slurp(path), "precious");
    EXPECT_EQ(folder.files(), 1U);

    auto writer = begin(path, made, Overwrite::replace);
    fill(writer, made, 1);
    writer.finish(*content.end);
    EXPECT_EQ(read(path), content);
}

TEST(Recording, ReplacingDropsTheLogOfTheOldOne) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    const auto made = sample(10);
    in_killed_process([&] {
        auto writer = begin(path, made);
        fill(writer, made, 1);
        ::raise(SIGKILL);
    });
    ASSERT_TRUE(fs::exists(folder / "run.bsr-wal"));
    const auto other = sample(2);
    auto writer = begin(path, other, Overwrite::replace);
    fill(writer, other, 1);
    writer.finish(*other.content.end);
    EXPECT_EQ(read(path), other.content);
}

TEST(Recording, ThatCannotBeCreatedLeavesNothing) {
    const Folder folder;
    EXPECT_THROW(begin(folder / "missing/run.bsr", kNothing), RecordingError);
    EXPECT_THROW(begin(folder.path(), kNothing, Overwrite::replace), RecordingError);
    auto made = sample(1);
    auto& content = made.content;
    content.configuration["key"] = std::string(5000, 'x');
    EXPECT_THROW(begin(folder / "run.bsr", made), RecordingError);
    EXPECT_EQ(folder.files(), 0U);
}

TEST(Recording, RefusesInputsOutOfOrder) {
    const Folder folder;
    auto writer = begin(folder / "run.bsr", kNothing);
    writer.add(RecordedEvent{{{0}, {10}}, IdleWarp{{1}}});
    EXPECT_THROW(writer.add(RecordedEvent{{{0}, {10}}, IdleWarp{{1}}}), std::invalid_argument);
    EXPECT_NO_THROW(writer.add(RecordedEvent{{{1}, {4}}, IdleWarp{{1}}}));
}

/// The child is killed once its writer has committed by itself; a writer that never does hangs.
void commits_by_itself(const std::function<void(RecordingWriter&)>& work) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    in_killed_process([&] {
        auto writer = begin(path, kNothing);
        writer.commit();
        const auto before = writer.batches_committed();
        work(writer);
        while (writer.batches_committed() == before) ::usleep(1000);
        ::raise(SIGKILL);
    });
    EXPECT_EQ(read(path).events.size(), 1U);
}

TEST(Recording, CommitsWhenASecondHasPassed) {
    commits_by_itself([](RecordingWriter& writer) { writer.add(RecordedEvent{{{0}, {1}}, IdleWarp{{1}}}); });
}

TEST(Recording, CommitsWhenMuchHasPiledUp) {
    commits_by_itself([](RecordingWriter& writer) {
        writer.add(RecordedEvent{{{0}, {1}}, DeviceInput{{0}, std::vector<std::byte>(std::size_t{1} << 20)}});
    });
}

TEST(Recording, KilledAnywhereIsABeginningOfWhatWasWritten) {
    const Folder folder;
    const auto made = sample(60);
    std::mt19937 random(5);
    for (int round = 0; round < 12; ++round) {
        const auto path = folder / ("run" + std::to_string(round));
        std::array<int, 2> pipe{};
        ASSERT_EQ(::pipe(pipe.data()), 0);
        const auto child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            auto writer = begin(path, made);
            for (std::size_t i = 0; i < made.content.events.size(); ++i) {
                add(writer, made, i);
                writer.commit();
                if (::write(pipe[1], "x", 1) != 1) ::_exit(1);
            }
            ::pause();
        }
        // Killed while it works on whatever comes after this many commits.
        const auto commits = 1 + random() % (made.content.events.size() - 1);
        char byte = 0;
        for (std::size_t i = 0; i < commits; ++i) ASSERT_EQ(::read(pipe[0], &byte, 1), 1);
        ::usleep(random() % 2000);
        ::kill(child, SIGKILL);
        ASSERT_EQ(::waitpid(child, nullptr, 0), child);
        ::close(pipe[0]);
        ::close(pipe[1]);
        const auto got = read(path);
        EXPECT_GE(got.events.size(), commits);
        EXPECT_EQ(got, prefix(made, got.events.size()));
        EXPECT_THAT(RecordingReader(path).warning().value_or(""), HasSubstr("was killed"));
    }
}

TEST(Recording, EndsWhenTheDiskIsFullAndKeepsWhatItHas) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    const auto made = sample(200);
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::signal(SIGXFSZ, SIG_IGN);
        auto writer = begin(path, made);
        writer.commit();
        // No file may grow beyond this: what a full disk looks like to whoever writes.
        const struct rlimit limit{1'700'000, 1'700'000};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        try {
            fill(writer, made, 1);
        } catch (const RecordingError& error) {
            const std::string text = error.what();
            const bool one_line = text.find("run.bsr: ") != text.npos && text.find('\n') == text.npos;
            // And so does every later call, and the end.
            try {
                writer.add(RecordedEvent{{{7}, {1}}, IdleWarp{{1}}});
            } catch (const RecordingError&) {
                ::_exit(one_line ? 0 : 2);
            }
        }
        ::_exit(3);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    const auto got = read(path);
    EXPECT_GT(got.events.size(), 10U);
    EXPECT_LT(got.events.size(), 200U);
    EXPECT_EQ(got, prefix(made, got.events.size()));
}

TEST(Recording, JoinsTheLettersOfALine) {
    const Folder folder;
    auto writer = begin(folder / "run.bsr", kNothing);
    std::uint64_t step = 10;
    for (const char letter : std::string_view("ab\nlast")) {
        const std::byte byte{static_cast<unsigned char>(letter)};
        writer.add_output({{0}, {step}}, {step * 10}, {0}, {&byte, 1});
        ++step;
    }
    writer.add_output({{0}, {30}}, {300}, {1}, bytes_of("other"));
    writer.add_output({{0}, {31}}, {310}, {0}, bytes_of("x\ny"));
    writer.add_output({{0}, {32}}, {320}, {0}, bytes_of("\n"));
    // A carriage return before a line says nothing about where that begins.
    writer.add_output({{0}, {33}}, {330}, {0}, bytes_of("\r"));
    writer.add_output({{0}, {34}}, {340}, {0}, bytes_of("z"));
    writer.finish({{{0}, {40}}, {}, "ended", std::nullopt});
    const std::vector<RecordedOutput> expected{
        {{{0}, {10}}, {100}, {0}, bytes_of("ab\n")},  {{{0}, {13}}, {130}, {0}, bytes_of("last")},
        {{{0}, {30}}, {300}, {1}, bytes_of("other")}, {{{0}, {31}}, {310}, {0}, bytes_of("x\ny\n")},
        {{{0}, {33}}, {330}, {0}, bytes_of("\r")},    {{{0}, {34}}, {340}, {0}, bytes_of("z")}};
    EXPECT_EQ(read(folder / "run.bsr").outputs, expected);
}

TEST(Recording, TellsTheSizeOfEveryTable) {
    const Folder folder;
    const auto made = sample(20);
    write(folder / "run.bsr", made);
    std::map<std::string, TableSize> sizes;
    const RecordingReader reader(folder / "run.bsr");
    for (const auto& size : reader.table_sizes()) sizes[size.table] = size;
    EXPECT_EQ(sizes.size(), 17U);
    EXPECT_EQ(sizes["events"].rows, 20U);
    EXPECT_EQ(sizes["epochs"].rows, 20U);
    EXPECT_EQ(sizes["snapshots"].rows, 4U);
    EXPECT_EQ(sizes["image_chunks"].rows, 3U);
    EXPECT_EQ(sizes["blobs"].rows, sizes["packs"].rows + 2);
    EXPECT_GT(sizes["blobs"].bytes, 4 * kPageSize);
    for (const auto& [name, size] : sizes) EXPECT_GT(size.bytes, 0U) << name;
}

// A guest that does nothing but tick changes its hart, its timer and its memory, and makes an epoch of 2^20
// steps in a second of its time or more.
TEST(Recording, OfAnIdleGuestGrowsByLessThan100BytesPerEpoch) {
    const Folder folder;
    const std::array<std::string_view, 12> names{"hart", "timer", "2", "3", "4",  "5",
                                                 "6",    "7",     "8", "9", "10", "11"};
    PageTable memory(PageStore::create(), 64);
    const auto size_of = [&](std::uint64_t epochs) {
        const auto path = folder / std::to_string(epochs);
        RecordingWriter writer(path, Overwrite::refuse, {}, {}, names);
        SavedState state{{}, std::vector<std::byte>(names.size()), {}, {}, true};
        for (std::uint32_t i = 0; i < names.size(); ++i) state.ends.push_back(i + 1);
        for (std::uint64_t i = 0; i < epochs; ++i) {
            state.at = {i << 20};
            state.fields[0] = state.fields[1] = static_cast<std::byte>(i);
            memory.write_page({1})->bytes()[0] = static_cast<std::byte>(i + 1);
            state.pages = memory.share();
            writer.add_epoch({{0}, state.at}, state);
        }
        writer.finish({{{0}, state.at}, {}, "ended", std::nullopt});
        return fs::file_size(path);
    };
    EXPECT_LT(size_of(3000) - size_of(1000), 2000U * 60);
}

}  // namespace
}  // namespace backspin::snapshots
