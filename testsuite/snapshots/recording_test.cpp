#include "snapshots/recording.hpp"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "snapshots/recording_events.hpp"

namespace backspin::snapshots {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Folder {
  public:
    Folder() {
        std::string name = (fs::temp_directory_path() / "backspin-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
        path_ = name;
    }
    ~Folder() {
        std::error_code ignored;
        fs::permissions(path_, fs::perms::owner_all, ignored);
        fs::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    fs::path operator/(const std::string& name) const { return path_ / name; }
    const fs::path& path() const { return path_; }
    std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(path_), fs::directory_iterator()));
    }

  private:
    fs::path path_;
};

std::vector<std::byte> bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span{text});
    return {bytes.begin(), bytes.end()};
}

std::string slurp(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
void spill(const fs::path& path, std::string_view content) {
    std::ofstream(path, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
}

/// All that a recording says.
struct Content {
    Configuration configuration;
    std::vector<std::string> image_names;
    std::vector<std::vector<std::byte>> images;
    std::vector<RecordedEvent> events;
    std::vector<RecordedDigest> digests;
    std::optional<RecordedEnd> end;
    bool operator==(const Content&) const = default;
};

Content read(const fs::path& path) {
    const RecordingReader reader(path);
    Content content{reader.configuration(), {}, {}, {}, {}, reader.end()};
    for (std::size_t i = 0; i < reader.images().size(); ++i) {
        content.image_names.push_back(reader.images()[i].name + "/" + reader.images()[i].role);
        content.images.push_back(reader.image(i));
    }
    reader.for_each_event([&](const RecordedEvent& event) { content.events.push_back(event); });
    reader.for_each_digest([&](const RecordedDigest& digest) { content.digests.push_back(digest); });
    EXPECT_EQ(content.events.size(), reader.event_count());
    EXPECT_EQ(content.digests.size(), reader.digest_count());
    return content;
}

Content sample(std::size_t events) {
    Content content;
    content.configuration = {{"ram", "134217728"}, {"note", "grüß \"dich\""}, {"empty", ""}};
    content.image_names = {"firmware.elf/program", "nothing/bios"};
    std::vector<std::byte> image(3'000'000);  // three chunks
    std::mt19937 random(7);
    for (auto& byte : image) byte = static_cast<std::byte>(random() % 7);
    content.images = {image, {}};
    for (std::uint32_t i = 0; i < events; ++i) {
        const Position at{{i % 3 == 2 ? 1U : 0U}, {100ULL * i + 5}};
        switch (i % 4) {
            case 0:
                content.events.push_back({at, DeviceInput{{0}, bytes_of("key " + std::to_string(i))}});
                break;
            case 1: content.events.push_back({at, IdleWarp{{i * 1'000'000'007ULL}}}); break;
            case 2: content.events.push_back({at, MemoryWrite{{1}, {~0ULL - i}, bytes_of("\1\2")}}); break;
            default: content.events.push_back({at, RegisterWrite{{0}, {i}, ~std::uint64_t{i}}}); break;
        }
        content.digests.push_back({at, i % 2 == 0 ? "hart 0" : "memory", 0x9e3779b97f4a7c15ULL * i});
    }
    content.end = RecordedEnd{{{0}, {100 * events + 6}}, {12345678}, "powered off", 3};
    return content;
}

RecordingWriter begin(const fs::path& path, const Content& content, Overwrite overwrite = Overwrite::refuse) {
    std::vector<ImageSource> images;
    for (std::size_t i = 0; i < content.images.size(); ++i) {
        const auto slash = content.image_names[i].find('/');
        images.push_back({content.image_names[i].substr(0, slash), content.image_names[i].substr(slash + 1),
                          content.images[i]});
    }
    return {path, overwrite, content.configuration, images};
}

/// Adds everything, with a commit after every `stride`-th input.
void fill(RecordingWriter& writer, const Content& content, std::size_t stride) {
    for (std::size_t i = 0; i < content.events.size(); ++i) {
        writer.add(content.events[i]);
        writer.add(content.digests[i]);
        if (i % stride == stride - 1) writer.commit();
    }
}

void write(const fs::path& path, const Content& content, std::size_t stride = 5) {
    auto writer = begin(path, content);
    fill(writer, content, stride);
    writer.finish(*content.end);
}

std::string refusal(const fs::path& path) {
    try {
        read(path);
    } catch (const RecordingError& error) {
        return error.what();
    }
    return "opened";
}

/// Changes the database behind the writer's back, as someone with the sqlite3 tool could.
void tamper(const fs::path& path, const std::string& sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database);
    sqlite3_close(database);
}

/// Runs `work` in a child process that is then killed as by kill -9.
template <class Work>
void in_killed_process(Work work) {
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        work();
        ::raise(SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST(Recording, GivesBackWhatWasWritten) {
    const Folder folder;
    const auto content = sample(40);
    write(folder / "run.bsr", content);
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
    auto content = sample(0);
    content.end->exit_code.reset();
    write(folder / "run.bsr", content);
    EXPECT_EQ(read(folder / "run.bsr"), content);
}

TEST(Recording, NamesWithMeaningInAnUriAreOrdinaryNames) {
    const Folder folder;
    const auto content = sample(3);
    write(folder / "a b?c#d%41.bsr", content);
    EXPECT_EQ(read(folder / "a b?c#d%41.bsr"), content);
    EXPECT_EQ(folder.files(), 1U);
}

TEST(Recording, KilledKeepsWhatWasCommitted) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    const auto content = sample(23);
    in_killed_process([&] {
        auto writer = begin(path, content);
        fill(writer, content, 5);  // the last three inputs are never committed
        ::raise(SIGKILL);
    });
    auto expected = content;
    expected.events.resize(20);
    expected.digests.resize(20);
    expected.end.reset();
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
    const auto content = sample(10);
    in_killed_process([&] {
        auto writer = begin(path, content);
        fill(writer, content, 1);
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
    const auto content = sample(4);
    {
        auto writer = begin(folder / "run.bsr", content);
        fill(writer, content, 100);
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
        auto writer = begin(path, sample(0));
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
    const auto content = sample(3);
    EXPECT_THROW(begin(path, content), RecordingError);
    EXPECT_EQ(slurp(path), "precious");
    EXPECT_EQ(folder.files(), 1U);

    auto writer = begin(path, content, Overwrite::replace);
    fill(writer, content, 1);
    writer.finish(*content.end);
    EXPECT_EQ(read(path), content);
}

TEST(Recording, ReplacingDropsTheLogOfTheOldOne) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    const auto content = sample(10);
    in_killed_process([&] {
        auto writer = begin(path, content);
        fill(writer, content, 1);
        ::raise(SIGKILL);
    });
    ASSERT_TRUE(fs::exists(folder / "run.bsr-wal"));
    const auto other = sample(2);
    auto writer = begin(path, other, Overwrite::replace);
    fill(writer, other, 1);
    writer.finish(*other.end);
    EXPECT_EQ(read(path), other);
}

TEST(Recording, ThatCannotBeCreatedLeavesNothing) {
    const Folder folder;
    EXPECT_THROW(begin(folder / "missing/run.bsr", sample(1)), RecordingError);
    EXPECT_THROW(begin(folder.path(), sample(1), Overwrite::replace), RecordingError);
    auto content = sample(1);
    content.configuration["key"] = std::string(5000, 'x');
    EXPECT_THROW(begin(folder / "run.bsr", content), RecordingError);
    EXPECT_EQ(folder.files(), 0U);
}

TEST(Recording, RefusesInputsOutOfOrder) {
    const Folder folder;
    auto writer = begin(folder / "run.bsr", sample(0));
    writer.add(RecordedEvent{{{0}, {10}}, IdleWarp{{1}}});
    EXPECT_THROW(writer.add(RecordedEvent{{{0}, {10}}, IdleWarp{{1}}}), std::invalid_argument);
    EXPECT_NO_THROW(writer.add(RecordedEvent{{{1}, {4}}, IdleWarp{{1}}}));
}

TEST(Recording, CommitsWhenMuchHasPiledUp) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    in_killed_process([&] {
        auto writer = begin(path, sample(0));
        writer.add(RecordedEvent{{{0}, {1}}, DeviceInput{{0}, std::vector<std::byte>(std::size_t{1} << 20)}});
        ::raise(SIGKILL);
    });
    EXPECT_EQ(read(path).events.size(), 1U);
}

TEST(Recording, CommitsWhenASecondHasPassed) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    in_killed_process([&] {
        auto writer = begin(path, sample(0));
        const auto start = std::chrono::steady_clock::now();
        writer.add(RecordedEvent{{{0}, {1}}, IdleWarp{{1}}});
        writer.commit_if_due(start + std::chrono::seconds(2));
        ::raise(SIGKILL);
    });
    EXPECT_EQ(read(path).events.size(), 1U);
}

TEST(RecordingOfAStranger, SaysWhatIsWrong) {
    const Folder folder;
    EXPECT_THAT(refusal(folder / "none.bsr"), HasSubstr("cannot be opened: No such file"));
    spill(folder / "empty", "");
    EXPECT_THAT(refusal(folder / "empty"), HasSubstr("is empty"));
    spill(folder / "text", std::string(5000, 'x'));
    EXPECT_THAT(refusal(folder / "text"), HasSubstr("is not a Backspin recording"));
    EXPECT_THAT(refusal(folder.path()), HasSubstr("is not a plain file"));

    tamper(folder / "other", "CREATE TABLE t(x)");
    EXPECT_THAT(refusal(folder / "other"), HasSubstr("is an SQLite database, but not"));

    write(folder / "newer", sample(2));
    tamper(folder / "newer", "PRAGMA user_version=7");
    EXPECT_THAT(refusal(folder / "newer"), HasSubstr("format 7, newer than this program's 1"));

    write(folder / "schema", sample(2));
    tamper(folder / "schema", "CREATE TABLE extra(x)");
    EXPECT_THAT(refusal(folder / "schema"), HasSubstr("a table that is not of this format"));
}

TEST(RecordingOfAStranger, EveryChangedOrMissingRowIsSeen) {
    const Folder folder;
    const auto original = folder / "original";
    write(original, sample(20));
    const auto after = [&](const std::string& sql) {
        const auto path = folder / "tampered";
        fs::copy_file(original, path, fs::copy_options::overwrite_existing);
        tamper(path, sql);
        return refusal(path);
    };
    EXPECT_THAT(after("UPDATE events SET step=step+1 WHERE id=8"), HasSubstr("batch 2, after step 406"));
    EXPECT_THAT(after("UPDATE events SET payload=x'00000000ff' WHERE id=1"), HasSubstr("checksum"));
    EXPECT_THAT(after("DELETE FROM events WHERE id=8"), HasSubstr("checksum"));
    EXPECT_THAT(after("DELETE FROM digests"), HasSubstr("checksum"));
    EXPECT_THAT(after("UPDATE digests SET value=value+1 WHERE id=20"), HasSubstr("checksum"));
    EXPECT_THAT(after("UPDATE digests SET component='hart 1' WHERE id=3"), HasSubstr("checksum"));
    EXPECT_THAT(after("UPDATE configuration SET value='1' WHERE key='ram'"), HasSubstr("checksum"));
    EXPECT_THAT(after("UPDATE images SET name='other' WHERE id=1"), HasSubstr("checksum"));
    EXPECT_THAT(after("DELETE FROM image_chunks WHERE id=2"), HasSubstr("checksum"));
    EXPECT_THAT(after("UPDATE ends SET exit_code=0"), HasSubstr("checksum"));
    EXPECT_THAT(after("UPDATE ends SET exit_code=NULL"), HasSubstr("checksum"));
    EXPECT_THAT(after("DELETE FROM batches WHERE number=2"), HasSubstr("lacks batch 2"));
    EXPECT_THAT(after("DELETE FROM batches WHERE number=5"), HasSubstr("belong to no batch"));
    EXPECT_THAT(after("DELETE FROM batches"), HasSubstr("holds nothing"));
    EXPECT_THAT(after("UPDATE events SET batch=3 WHERE batch=2"), HasSubstr("checksum"));
    EXPECT_THAT(after("UPDATE events SET step=-1 WHERE id=1"), HasSubstr("out of bounds"));
    EXPECT_THAT(after("UPDATE events SET kind=99 WHERE id=1"), HasSubstr("unknown form"));
    EXPECT_EQ(after("VACUUM"), "opened");  // the same content, differently laid out
}

/// Opening a damaged copy either throws RecordingError or gives exactly what was written.
void expect_reported_or_harmless(const fs::path& damaged, const Content& content, const std::string& what) {
    try {
        EXPECT_EQ(read(damaged), content) << what;
    } catch (const RecordingError& error) {
        EXPECT_THAT(error.what(), HasSubstr(damaged.string())) << what;
        EXPECT_THAT(error.what(), ::testing::Not(HasSubstr("\n"))) << what;
    }
}

Content small_sample() {
    auto content = sample(30);
    content.images[0].resize(9000);
    return content;
}

TEST(RecordingOfAStranger, TruncatedAnywhereIsReported) {
    const Folder folder;
    const auto content = small_sample();
    write(folder / "run.bsr", content);
    const auto whole = slurp(folder / "run.bsr");
    std::mt19937 random(1);
    for (int i = 0; i < 300; ++i) {
        const std::size_t length = i < 120 ? static_cast<std::size_t>(i) : random() % whole.size();
        spill(folder / "cut.bsr", std::string_view{whole}.substr(0, length));
        EXPECT_NE(refusal(folder / "cut.bsr"), "opened") << length << " of " << whole.size() << " bytes";
    }
}

TEST(RecordingOfAStranger, FlippedBitsAreReportedOrHarmless) {
    const Folder folder;
    const auto content = small_sample();
    write(folder / "run.bsr", content);
    const auto whole = slurp(folder / "run.bsr");
    std::mt19937 random(2);
    for (int i = 0; i < 1500; ++i) {
        auto damaged = whole;
        // The header first: there a bit means most.
        const std::size_t at = i < 800 ? static_cast<std::size_t>(i / 8) : random() % whole.size();
        const unsigned bit = i < 800 ? static_cast<unsigned>(i % 8) : random() % 8;
        damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ 1U << bit);
        spill(folder / "flipped.bsr", damaged);
        expect_reported_or_harmless(folder / "flipped.bsr", content,
                                    "bit " + std::to_string(bit) + " of byte " + std::to_string(at));
    }
}

TEST(RecordingOfAStranger, ADamagedLogIsReportedOrLeavesAPrefix) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    const auto content = small_sample();
    in_killed_process([&] {
        auto writer = begin(path, content);
        fill(writer, content, 1);
        ::raise(SIGKILL);
    });
    const auto whole = slurp(folder / "run.bsr-wal");
    std::mt19937 random(3);
    for (int i = 0; i < 300; ++i) {
        auto damaged = whole;
        const std::size_t at = random() % whole.size();
        if (i % 2 == 0) {
            damaged.resize(at);
        } else {
            damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
        }
        spill(folder / "run.bsr-wal", damaged);
        try {
            const auto got = read(path);
            ASSERT_LE(got.events.size(), content.events.size());
            EXPECT_TRUE(std::equal(got.events.begin(), got.events.end(), content.events.begin())) << at;
            EXPECT_EQ(got.images, content.images);
        } catch (const RecordingError& error) {
            EXPECT_THAT(error.what(), HasSubstr(path.string()));
        }
    }
}

TEST(RecordedEvents, RefusePayloadsThatAreNotOfTheirKind) {
    for (const auto& event : sample(8).events) {
        const auto encoded = encode(event.input);
        const auto kind = static_cast<std::uint64_t>(encoded.kind);
        EXPECT_EQ(decode(kind, encoded.payload), event.input);
        EXPECT_EQ(decode(kind, std::span{encoded.payload}.first(3)), std::nullopt);
    }
    const std::vector<std::byte> nine(9);
    EXPECT_EQ(decode(2, nine), std::nullopt);
    EXPECT_EQ(decode(0, nine), std::nullopt);
    EXPECT_EQ(decode(5, nine), std::nullopt);
}

}  // namespace
}  // namespace backspin::snapshots
