// States that are added to a recording that is there: what was in it stays, whatever happens meanwhile.
#include "snapshots/recording_appender.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "recording_fixture.hpp"

namespace backspin::snapshots {
namespace {

using ::testing::HasSubstr;

/// The content with the states of these inputs as further snapshots.
Content with(const Sample& made, std::initializer_list<std::size_t> added) {
    auto content = made.content;
    for (const auto i : added) {
        content.snapshots.push_back(values_of(content.events[i].at.branch, made.states[i]));
        content.snapshot_names.push_back("added " + std::to_string(i));
    }
    return content;
}

void append(const fs::path& path, const Sample& made, std::initializer_list<std::size_t> added) {
    RecordingAppender recording(path);
    for (const auto i : added)
        recording.add_snapshot(made.content.events[i].at, made.states[i], "added " + std::to_string(i));
    recording.finish();
}

TEST(RecordingAppender, AddsStatesAndLeavesTheRestAsItIs) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    for (const std::size_t events : {0, 4, 17}) {
        fs::remove(path);
        const auto made = sample(events);
        write(path, made);
        const auto longer = sample(20);
        append(path, longer, {7, 3});
        append(path, longer, {18});
        auto expected = made.content;
        const auto all = with(longer, {7, 3, 18});
        for (const auto i : {3, 2, 1}) {
            expected.snapshots.push_back(*(all.snapshots.end() - i));
            expected.snapshot_names.push_back(*(all.snapshot_names.end() - i));
        }
        EXPECT_EQ(read(path), expected);
        EXPECT_EQ(RecordingReader(path).warning(), std::nullopt);
        EXPECT_EQ(folder.files(), 1U);
    }
}

TEST(RecordingAppender, FindsPagesAgain) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    const auto made = sample(40);
    write(path, made);
    const auto pages = [&] {
        const RecordingReader reader(path);
        const auto& tables = reader.table_sizes();
        return std::ranges::find(tables, "blobs", &TableSize::table)->rows;
    };
    const auto before = pages();
    // The states of inputs 4, 9, 14 ... are in it.
    append(path, made, {39, 4, 9});
    EXPECT_EQ(pages(), before);
    EXPECT_EQ(read(path), with(made, {39, 4, 9}));
}

TEST(RecordingAppender, KilledLeavesWhatWasCommitted) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    const auto made = sample(12);
    write(path, made);
    in_killed_process([&] {
        RecordingAppender recording(path);
        recording.add_snapshot(made.content.events[7].at, made.states[7], "added 7");
        ::raise(SIGKILL);
    });
    EXPECT_EQ(read(path), with(made, {7}));
    EXPECT_THAT(RecordingReader(path).warning().value_or(""), HasSubstr("repair"));
    // It goes on from there, with the log or after that was folded in.
    append(path, made, {3});
    EXPECT_EQ(read(path), with(made, {7, 3}));
    EXPECT_EQ(folder.files(), 1U);
}

TEST(RecordingAppender, KilledBeforeItAddedAnythingLeavesTheFile) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    const auto made = sample(12);
    write(path, made);
    in_killed_process([&] {
        RecordingAppender recording(path);
        ::raise(SIGKILL);
    });
    EXPECT_EQ(read(path), made.content);
}

TEST(RecordingAppender, GoesOnWithTheFileOfAKilledRecorder) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    const auto made = sample(12);
    in_killed_process([&] {
        auto writer = begin(path, made);
        fill(writer, made, 1);
        ::raise(SIGKILL);
    });
    auto expected = read(path);
    append(path, made, {7});
    const auto all = with(made, {7});
    expected.snapshots.push_back(all.snapshots.back());
    expected.snapshot_names.push_back(all.snapshot_names.back());
    EXPECT_EQ(read(path), expected);
}

TEST(RecordingAppender, AFullDiskLeavesTheFileAsItWas) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    const auto made = sample(12);
    write(path, made);
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::signal(SIGXFSZ, SIG_IGN);
        const rlimit small{16 << 10, 16 << 10};
        ::setrlimit(RLIMIT_FSIZE, &small);
        try {
            append(path, made, {7});
        } catch (const RecordingError&) {
            ::_exit(42);
        }
        ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 42);
    EXPECT_EQ(read(path), made.content);
}

/// What it says in a process that may not write; root may write everywhere, so it becomes somebody else.
int appends_as_somebody_else(const fs::path& path, const Sample& made) {
    const auto child = ::fork();
    if (child == 0) {
        if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(1);
        try {
            append(path, made, {7});
        } catch (const RecordingError& error) {
            ::_exit(std::string(error.what()).find("cannot be written") != std::string::npos ? 42 : 2);
        }
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}

TEST(RecordingAppender, AFileThatMayNotBeWrittenIsRefused) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    const auto made = sample(12);
    write(path, made);
    const auto read = fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read;
    fs::permissions(path, read);
    fs::permissions(folder.path(),
                    read | fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec);
    const auto before = slurp(path);
    EXPECT_EQ(appends_as_somebody_else(path, made), 42);
    EXPECT_EQ(slurp(path), before);
}

TEST(RecordingAppender, WhatDoesNotFitIsRefused) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    const auto made = sample(12);
    write(path, made);
    RecordingAppender recording(path);
    auto other = made.states[3];
    other.ends.pop_back();
    EXPECT_THROW(recording.add_snapshot({}, other), std::invalid_argument);
    EXPECT_THROW(recording.add_snapshot({}, made.states[3], std::string(256, 'x')), std::invalid_argument);
    EXPECT_THROW(RecordingAppender(fs::path(BACKSPIN_RECORDINGS) / "version-1.bsr"), RecordingError);
    EXPECT_THROW(RecordingAppender(folder / "none"), RecordingError);
}

TEST(RecordingAppender, AnAlteredFileIsNotWrittenTo) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    const auto made = sample(12);
    write(path, made);
    tamper(path, "UPDATE events SET step=step+1 WHERE id=2");
    const auto before = slurp(path);
    EXPECT_THROW(append(path, made, {7}), RecordingError);
    EXPECT_EQ(slurp(path), before);
}

}  // namespace
}  // namespace backspin::snapshots
