// A recording by somebody who knows the format: any column of any row is changed, and every checksum is right
// again. So the fuzzer comes to what the checksums keep others from: lists of pages, packs, digests, archives
// of states.
#include <fstream>
#include <iterator>

#include "base/state.hpp"
#include "emu/reference.hpp"
#include "snapshots/recording_codec.hpp"
#include "snapshots/recording_schema.hpp"
#include "snapshots/sqlite.hpp"
#include "testsuite/fuzz/recording_file.hpp"
#include "testsuite/fuzz/rows_commands.hpp"
#include "testsuite/fuzz/small_recording.hpp"
#include "testsuite/snapshots/reseal.hpp"

namespace backspin::fuzz {
namespace {

using snapshots::Database;

/// The names of a table's columns but for `id`, by which its rows are found.
std::vector<std::string> columns_of(Database& database, const std::string& table) {
    std::vector<std::string> names;
    auto rows = database.prepare("SELECT name FROM pragma_table_info('" + table + "') WHERE name!='id'");
    while (rows.step()) names.emplace_back(rows.text(0));
    return names;
}

struct Target {
    std::string table;
    std::string column;
    std::int64_t row;
};

Target take_target(Taker& input, Database& database) {
    const auto all = snapshots::tables(snapshots::kRecordingVersion);
    const auto number = input.take<std::uint8_t>() % (all.size() + 1);
    std::string table(number == all.size() ? "blobs" : all[number].name);
    const auto columns = columns_of(database, table);
    const auto column = columns[input.take<std::uint8_t>() % columns.size()];
    return {table, column, input.take<std::uint8_t>()};
}

std::vector<std::byte> value_of(Database& database, const Target& target) {
    auto row = database.prepare("SELECT " + target.column + " FROM " + target.table + " WHERE id=?1");
    row.bind(1, target.row);
    if (!row.step() || row.type(0) != snapshots::ColumnType::blob) return {};
    const auto bytes = row.blob(0);
    return {bytes.begin(), bytes.end()};
}

/// Whoever refers to the content knows its size and checksum.
void refer(Database& database, std::int64_t content, std::span<const std::byte> bytes) {
    const auto checksum = snapshots::checksum_of(bytes);
    for (const auto* table : {"packs", "disk_blocks"}) {
        database.prepare(std::string("UPDATE ") + table + " SET size=?2, checksum=?3 WHERE blob=?1")
            .bind(1, content)
            .bind(2, static_cast<std::int64_t>(bytes.size()))
            .bind(3, std::span<const std::byte>(checksum))
            .run();
    }
}

void put(Database& database, const Target& target, std::span<const std::byte> bytes) {
    database.prepare("UPDATE " + target.table + " SET " + target.column + "=?2 WHERE id=?1")
        .bind(1, target.row)
        .bind(2, bytes)
        .run();
    if (target.table == "blobs") refer(database, target.row, bytes);
}

void change(Taker& input, Database& database) {
    const auto command = static_cast<RowCommand>(input.take<std::uint8_t>() % kRowCommands);
    const auto target = take_target(input, database);
    const auto update = "UPDATE " + target.table + " SET " + target.column + "=?2 WHERE id=?1";
    switch (command) {
        case RowCommand::number:
            database.prepare(update)
                .bind(1, target.row)
                .bind(2, static_cast<std::int64_t>(input.take<std::uint64_t>()))
                .run();
            return;
        case RowCommand::text:
            database.prepare(update)
                .bind(1, target.row)
                .bind(2, text_of(input.take_bytes(input.take<std::uint8_t>())))
                .run();
            return;
        case RowCommand::bytes: return put(database, target, input.take_bytes(input.take<std::uint8_t>()));
        case RowCommand::packed:
            return put(database, target,
                       snapshots::compressed(input.take_bytes(input.take<std::uint16_t>()), 1));
        case RowCommand::flip: {
            auto bytes = value_of(database, target);
            const auto at = input.take<std::uint16_t>();
            const auto bits = std::byte{input.take<std::uint8_t>()};
            if (!bytes.empty()) bytes[at % bytes.size()] ^= bits;
            return put(database, target, bytes);
        }
        case RowCommand::flip_packed: {
            const auto before =
                snapshots::uncompressed(value_of(database, target), input.take<std::uint16_t>());
            const auto at = input.take<std::uint16_t>();
            const auto bits = std::byte{input.take<std::uint8_t>()};
            if (!before || before->empty()) return;
            auto bytes = *before;
            bytes[at % bytes.size()] ^= bits;
            return put(database, target, snapshots::compressed(bytes, 1));
        }
        case RowCommand::remove:
            database.prepare("DELETE FROM " + target.table + " WHERE id=?1").bind(1, target.row).run();
            return;
    }
}

/// States are untrusted archives of a machine: it refuses them, or goes on from there.
void load_states(const snapshots::RecordingReader& reader) {
    static const emu::Board at_power_on(SmallMachine::options_for(small_recording_devices()));
    for (std::size_t i = 0; i < reader.snapshots().size(); ++i) {
        SmallMachine machine(at_power_on);
        const auto state = reader.load_snapshot(i, SmallMachine::store());
        if (state.pages.page_count() != machine.memory.pages().page_count()) continue;
        try {
            machine.board.load(state);
        } catch (const BadState&) {
            continue;
        }
        machine.memory.pages().restore(state.pages);
        SavedState again;
        machine.board.save(again);
        require(again.fields == state.fields, "save, load, save gives the same bytes");
        for (int step = 0; step < 8 && emu::reference::step(machine.board, machine.memory); ++step) {
        }
    }
}

void try_changes(std::span<const std::byte> bytes) {
    static const File file;
    static const std::string original = [] {
        write_small_recording(file.path());
        std::ifstream in(file.path(), std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(in), {});
    }();
    file.hold(std::as_bytes(std::span(original)));
    Taker input(bytes);
    {
        Database database(snapshots::sqlite_uri(file.path().string(), ""), Database::Mode::read_write);
        database.execute("PRAGMA journal_mode=OFF");
        database.execute("PRAGMA synchronous=OFF");
        database.execute("BEGIN");
        constexpr int kMostChanges = 6;
        for (int i = 0; i < kMostChanges && !input.empty(); ++i) {
            try {
                change(input, database);
            } catch (const std::runtime_error&) {  // a number that is there already, a value that must be
            }
        }
        snapshots::reseal(database);
        database.execute("COMMIT");
    }
    read_or_refuse(file.path(), load_states);
}

}  // namespace
}  // namespace backspin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    backspin::fuzz::try_changes(backspin::fuzz::bytes_of(data, size));
    return 0;
}
