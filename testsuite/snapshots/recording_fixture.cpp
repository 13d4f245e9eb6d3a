#include "recording_fixture.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <random>

#include <sqlite3.h>

#include "snapshots/state_digests.hpp"

namespace backspin::snapshots {

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

State values_of(Branch branch, const SavedState& state) {
    State values{{branch, state.at}, state.fields, state.ends, {}};
    EXPECT_EQ(state.pages.page_count(), kMemoryPages);
    for (std::uint64_t i = 0; i < state.pages.page_count(); ++i) {
        if (state.pages.find({i}) == nullptr) continue;
        const auto bytes = state.pages.page({i});
        values.memory[i] = {bytes.begin(), bytes.end()};
    }
    return values;
}

Content read(const fs::path& path) {
    const RecordingReader reader(path);
    Content content;
    content.configuration = reader.configuration();
    content.end = reader.end();
    for (std::size_t i = 0; i < reader.images().size(); ++i) {
        content.image_names.push_back(reader.images()[i].name + "/" + reader.images()[i].role);
        content.images.push_back(reader.image(i));
    }
    reader.for_each_event([&](const RecordedEvent& event) { content.events.push_back(event); });
    reader.for_each_digest([&](const RecordedDigest& digest) { content.digests.push_back(digest); });
    reader.for_each_output([&](const RecordedOutput& output) { content.outputs.push_back(output); });
    EXPECT_EQ(content.events.size(), reader.event_count());
    EXPECT_EQ(content.digests.size(), reader.digest_count());
    const auto store = PageStore::create();
    for (std::size_t i = 0; i < reader.snapshots().size(); ++i) {
        content.snapshots.push_back(
            values_of(reader.snapshots()[i].at.branch, reader.load_snapshot(i, store)));
        content.snapshot_names.push_back(reader.snapshots()[i].name);
    }
    for (std::size_t i = 0; i < reader.patches().size(); ++i) {
        const auto& [at, base] = reader.patches()[i];
        content.patches.push_back({at, base, reader.load_patch(i)});
    }
    content.bookmarks = reader.bookmarks();
    reader.for_each_accesses(
        [&](RecordedAccesses accesses) { content.accesses.push_back(std::move(accesses)); });
    content.branches = reader.branches();
    for (const auto& [block, info] : reader.disk_blocks(1)) {
        content.blocks[block] = info.embedded ? reader.disk_block(1, block) : std::vector<std::byte>{};
    }
    return content;
}

namespace {

/// Machine states whose memories change a little from one to the next.
class Machines {
  public:
    Machines() : memory_(PageStore::create(), kMemoryPages), digests_(kComponents) {}

    SavedState next(StepCount at) {
        ++round_;
        for (unsigned i = 0; i < 3; ++i) write(random_() % kMemoryPages, random_());
        write(round_ % 5, 7);                // the same content in many places and at many times
        fill(random_() % kMemoryPages, {});  // a page of zeros is not one that was never written
        if (round_ % 4 == 0) memory_.put_page({random_() % kMemoryPages}, nullptr);
        SavedState state{at, {}, {}, memory_.share(), true};
        for (std::size_t i = 0; i < kComponents.size(); ++i) {
            // One that never changes, one that changes at times, one that always does.
            const auto value = i == 0 ? 0 : round_ / (i == 1 ? 3 : 1);
            for (unsigned j = 0; j < 20; ++j) state.fields.push_back(static_cast<std::byte>(value + j));
            state.ends.push_back(static_cast<std::uint32_t>(state.fields.size()));
        }
        return state;
    }
    std::span<const ComponentDigest> digests_of(const SavedState& state) { return digests_.of(state); }

  private:
    void write(std::uint64_t index, std::uint64_t seed) {
        std::mt19937_64 random(seed);
        std::array<std::uint64_t, kPageSize / 8> words{};
        for (auto& word : words) word = random();
        fill(index, std::as_bytes(std::span{words}));
    }
    void fill(std::uint64_t index, std::span<const std::byte> bytes) {
        auto page = memory_.write_page({index})->bytes();
        std::ranges::fill(page, std::byte{});
        std::ranges::copy(bytes, page.begin());
    }

    PageTable memory_;
    StateDigests digests_;
    std::mt19937 random_{11};
    std::uint64_t round_ = 0;
};

}  // namespace

Sample sample(std::size_t events) {
    Sample made;
    auto& content = made.content;
    content.configuration = {{"ram", "134217728"}, {"note", "grüß \"dich\""}, {"empty", ""}};
    content.image_names = {"firmware.elf/program", "nothing/bios"};
    std::vector<std::byte> image(3'000'000);  // three chunks
    std::mt19937 random(7);
    for (auto& byte : image) byte = static_cast<std::byte>(random() % 7);
    content.images = {image, {}};
    Machines machines;
    for (std::uint32_t i = 0; i < events; ++i) {
        const Position at{{i % 3 == 2 ? 1U : 0U}, {100ULL * i + 5}};
        Input input;
        switch (i % 4) {
            case 0: input = DeviceInput{{0}, bytes_of("key " + std::to_string(i))}; break;
            case 1: input = IdleWarp{{i * 1'000'000'007ULL}}; break;
            case 2: input = MemoryWrite{{1}, {~0ULL - i}, bytes_of("\1\2")}; break;
            default: input = RegisterWrite{{0}, {i}, ~std::uint64_t{i}}; break;
        }
        content.events.push_back({at, std::move(input)});
        made.states.push_back(machines.next(at.step));
        for (const auto& digest : machines.digests_of(made.states.back()))
            content.digests.push_back({at, std::string(digest.component), digest.value});
        if (i % 5 == 4) {
            content.snapshots.push_back(values_of(at.branch, made.states.back()));
            content.snapshot_names.push_back(i % 10 == 9 ? "named " + std::to_string(i) : "");
        }
        content.outputs.push_back({at, {1000 + i}, {i % 2}, bytes_of("line " + std::to_string(i) + "\n")});
        if (i == 2) content.branches.push_back({{1}, {{0}, {150}}, "other"});
        if (i == 8) content.branches.push_back({{2}, {{1}, {700}}, "of another"});
        if (i % 6 == 1) content.bookmarks.push_back({"mark " + std::to_string(i), at});
        if (i % 4 == 0)
            content.accesses.push_back({at, at.step + StepCount{40}, bytes_of(std::string(i, 'a' + i % 7))});
        if (i % 6 == 3) {
            content.blocks[std::uint64_t{i} << 20] =
                i % 12 == 3 ? std::vector<std::byte>(1000 * i % kDiskBlock, std::byte(i))
                            : std::vector<std::byte>{};
        }
    }
    content.end = RecordedEnd{{{0}, {100 * events + 6}}, {12345678}, "powered off", 3};
    return made;
}

RecordingWriter begin(const fs::path& path, const Sample& from, Overwrite overwrite,
                      std::optional<StartState> start) {
    const auto& content = from.content;
    std::vector<ImageSource> images;
    for (std::size_t i = 0; i < content.images.size(); ++i) {
        const auto slash = content.image_names[i].find('/');
        images.push_back({content.image_names[i].substr(0, slash), content.image_names[i].substr(slash + 1),
                          content.images[i]});
    }
    return {path, overwrite, content.configuration, images, kComponents, std::move(start)};
}

void add(RecordingWriter& writer, const Sample& from, std::size_t i) {
    const auto& content = from.content;
    const auto at = content.events[i].at;
    if (i == 2) writer.add_branch(content.branches[0]);
    if (i == 8) writer.add_branch(content.branches[1]);
    writer.add(content.events[i]);
    writer.add_epoch(at, from.states[i]);
    if (i % 5 == 4) writer.add_snapshot(at, from.states[i], content.snapshot_names[i / 5]);
    writer.add_output(at, content.outputs[i].time, content.outputs[i].channel, content.outputs[i].bytes);
    if (i % 6 == 1) writer.add_bookmark(content.bookmarks[i / 6]);
    if (i % 4 == 0) writer.add_accesses(content.accesses[i / 4]);
    if (i % 6 == 3) {
        const auto block = std::uint64_t{i} << 20;
        const bool embed = i % 12 == 3;
        writer.add_disk_block(1, block, embed ? content.blocks.at(block) : bytes_of("elsewhere"), embed);
    }
}

void fill(RecordingWriter& writer, const Sample& from, std::size_t stride) {
    for (std::size_t i = 0; i < from.content.events.size(); ++i) {
        add(writer, from, i);
        if (i % stride == stride - 1) writer.commit();
    }
}

void write(const fs::path& path, const Sample& from, std::size_t stride) {
    auto writer = begin(path, from);
    fill(writer, from, stride);
    writer.finish(*from.content.end);
}

std::string refusal(const fs::path& path) {
    try {
        read(path);
    } catch (const RecordingError& error) {
        return error.what();
    }
    return "opened";
}

void tamper(const fs::path& path, const std::string& sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database);
    sqlite3_close(database);
}

}  // namespace backspin::snapshots
