#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <unistd.h>

#include "snapshots/recording.hpp"
#include "snapshots/recording_queue.hpp"
#include "snapshots/recording_store.hpp"

namespace backspin::snapshots {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// A killed process loses at most this much, plus the length of one commit.
constexpr std::chrono::seconds kCommitInterval{1};
// The thread is woken for this many epochs, or this many bytes, at once: a wake-up costs the machine's thread
// some microseconds.
constexpr std::size_t kEpochsAtOnce = 16;
constexpr std::size_t kBytesAtOnce = std::size_t{1} << 20;
// From here on whoever adds waits. A state in the queue holds the pages that were written since.
constexpr std::size_t kMostEpochs = 128;
constexpr std::size_t kMostBytes = std::size_t{8} << 20;
constexpr std::size_t kMostSnapshotsWaiting = 2;

std::size_t payload_size(const Input& input) {
    constexpr std::size_t kHead = 16;
    if (const auto* device = std::get_if<DeviceInput>(&input)) return kHead + device->bytes.size();
    if (const auto* write = std::get_if<MemoryWrite>(&input)) return kHead + write->bytes.size();
    return kHead;
}

}  // namespace

struct RecordingWriter::State {
    fs::path first_path;  ///< the name that it was created under
    fs::path path;        ///< its name now; the writer's thread's
    Overwrite overwrite{};
    RecordingSetup setup;
    std::optional<TemporaryFile> file;
    std::map<Branch, StepCount> last_event;

    mutable std::mutex mutex;
    std::condition_variable work;  ///< for the writer's thread
    std::condition_variable done;  ///< for whoever waits for room or a commit
    // Under the mutex:
    RecordingQueue queue;
    std::size_t snapshots_waiting = 0;  ///< behind the queue
    std::uint64_t commits_asked = 0;
    std::uint64_t commits_done = 0;
    std::uint64_t batches = 0;
    std::uint64_t bytes = 0;
    std::chrono::nanoseconds packing_time{};
    std::optional<fs::path> move_to;  ///< at the commit that was asked for
    bool ending = false;
    std::optional<std::string> failure;

    std::thread thread;

    void run();
    void record(RecordingStore& store);
    void await_work(std::unique_lock<std::mutex>& lock, const RecordingStore& store, Clock::time_point due);
    void failed(const std::string& why);
    void throw_failure() const {
        if (failure) throw RecordingError(*failure);
    }
    bool has_room() const {
        return failure || (queue.epochs.size() < kMostEpochs && queue.bytes < kMostBytes &&
                           queue.snapshots.size() + snapshots_waiting < kMostSnapshotsWaiting);
    }
    bool much_waits() const {
        return queue.epochs.size() >= kEpochsAtOnce || queue.bytes >= kBytesAtOnce ||
               !queue.snapshots.empty();
    }
    /// Puts something into the queue, when there is room.
    template <class Put>
    void add(Put&& put);
    void end();
    void await_commit(std::unique_lock<std::mutex>& lock);
};

// ---- the writer's thread ------------------------------------------------------------------------

void RecordingWriter::State::run() {
    std::optional<RecordingStore> store;
    try {
        store.emplace(*file, path, overwrite, setup);
        setup.start.reset();
        record(*store);
        store->close();
    } catch (const SqliteError& error) {
        failed(path.string() + ": " + explain(error) + "; what was recorded before is kept");
    } catch (const RecordingError& error) {
        failed(error.what());
    } catch (const std::exception& error) {
        failed(path.string() + ": cannot be recorded: " + error.what());
    }
    if (store) store->abandon();
}

void RecordingWriter::State::record(RecordingStore& store) {
    auto due = Clock::now() + kCommitInterval;
    for (;;) {
        RecordingQueue taken;
        std::optional<fs::path> new_name;
        std::uint64_t asked = 0;
        bool last = false;
        {
            std::unique_lock lock(mutex);
            await_work(lock, store, due);
            taken = std::exchange(queue, {});
            snapshots_waiting = store.snapshots_waiting() + taken.snapshots.size();
            new_name = std::exchange(move_to, std::nullopt);
            asked = commits_asked;
            last = ending;
            done.notify_all();
        }
        store.take(std::move(taken));
        const bool everything = last || asked != commits_done;
        if (store.busy()) store.advance();
        while (everything && store.busy()) store.advance();
        const auto now = Clock::now();
        if (now >= due || everything || store.full()) {
            store.commit();
            due = now + kCommitInterval;
        }
        if (new_name) {
            store.move_to(*new_name);
            path = *new_name;
        }
        const std::lock_guard lock(mutex);
        commits_done = asked;
        snapshots_waiting = store.snapshots_waiting();
        batches = store.batches();
        bytes = store.bytes();
        packing_time = store.packing_time();
        done.notify_all();
        if (last) return;
    }
}

void RecordingWriter::State::await_work(std::unique_lock<std::mutex>& lock, const RecordingStore& store,
                                        Clock::time_point due) {
    if (store.busy()) return;
    work.wait_until(lock, due, [this] { return ending || commits_asked != commits_done || much_waits(); });
}

void RecordingWriter::State::failed(const std::string& why) {
    const std::lock_guard lock(mutex);
    failure = why;
    queue = {};
    done.notify_all();
}

// ---- whoever records ----------------------------------------------------------------------------

template <class Put>
void RecordingWriter::State::add(Put&& put) {
    std::unique_lock lock(mutex);
    done.wait(lock, [this] { return has_room(); });
    throw_failure();
    put(queue);
    if (much_waits()) work.notify_one();
}

void RecordingWriter::State::end() {
    {
        const std::lock_guard lock(mutex);
        ending = true;
        work.notify_one();
    }
    thread.join();
}

RecordingWriter::RecordingWriter(const fs::path& path, Overwrite overwrite,
                                 const Configuration& configuration, std::span<const ImageSource> images,
                                 std::span<const std::string_view> component_names,
                                 std::optional<StartState> start)
    : state_(std::make_unique<State>()) {
    check_target(path, overwrite);
    check_setup(path, configuration, images, component_names);
    auto& state = *state_;
    state.first_path = state.path = path;
    state.overwrite = overwrite;
    state.setup = {configuration,
                   {images.begin(), images.end()},
                   {component_names.begin(), component_names.end()},
                   std::move(start)};
    state.file.emplace(with_suffix(path, ("." + std::to_string(::getpid()) + ".new").c_str()));
    state.thread = std::thread([&state] { state.run(); });
}

RecordingWriter::RecordingWriter(RecordingWriter&&) noexcept = default;

RecordingWriter::~RecordingWriter() {
    // What fails here has nobody to be told to; the file then keeps its write-ahead log, and its reader says
    // so.
    if (state_ && state_->thread.joinable()) state_->end();
}

void RecordingWriter::add(const RecordedEvent& event) {
    const auto [last, first] = state_->last_event.try_emplace(event.at.branch, event.at.step);
    if (!first && event.at.step <= last->second) {
        throw std::invalid_argument("inputs must be recorded in the order of their positions");
    }
    last->second = event.at.step;
    const auto size = payload_size(event.input);
    if (size > kLargestPayload) fail(state_->first_path, "an input larger than 1 MiB cannot be recorded");
    state_->add([&](RecordingQueue& queue) {
        queue.events.push_back(event);
        queue.bytes += size + sizeof event;
    });
}

void RecordingWriter::add_epoch(Position at, const SavedState& state) {
    if (state.ends.size() != state_->setup.component_names.size())
        throw std::invalid_argument("a state of other components than the recording's");
    state_->add([&](RecordingQueue& queue) { queue.epochs.push_back({at, state}); });
}

void RecordingWriter::add_snapshot(Position at, const SavedState& state, std::string name) {
    if (name.size() > kLongestName) throw std::invalid_argument("the name of a snapshot is too long");
    if (state.fields.size() > kLargestFields || state.pages.page_count() > kMostPages)
        fail(state_->first_path, "a machine of this size cannot be recorded");
    state_->add([&](RecordingQueue& queue) { queue.snapshots.push_back({at, state, std::move(name)}); });
}

void RecordingWriter::add_output(Position at, VirtualTime time, Channel channel,
                                 std::span<const std::byte> bytes) {
    state_->add([&](RecordingQueue& queue) { queue.add_output(at, time, channel, bytes); });
}

void RecordingWriter::add_disk_block(std::uint32_t drive, std::uint64_t block, std::vector<std::byte> bytes,
                                     bool embed) {
    if (bytes.size() > kDiskBlock || block > kMostDiskBlocks)
        throw std::invalid_argument("no block of a disk");
    state_->add([&](RecordingQueue& queue) {
        queue.bytes += bytes.size() + sizeof(QueuedDiskBlock);
        queue.disk_blocks.push_back({drive, block, std::move(bytes), embed});
    });
}

void RecordingWriter::add_bookmark(const RecordedBookmark& bookmark) {
    if (bookmark.name.size() > kLongestName)
        throw std::invalid_argument("the name of a bookmark is too long");
    state_->add([&](RecordingQueue& queue) { queue.bookmarks.push_back(bookmark); });
}

void RecordingWriter::add_accesses(RecordedAccesses accesses) {
    if (accesses.end <= accesses.begin.step) throw std::invalid_argument("accesses of no steps");
    // Whoever searches goes through what is not known: better than a file that cannot be read.
    if (accesses.notes.size() > kLongestNotes) return;
    state_->add([&](RecordingQueue& queue) {
        queue.bytes += accesses.notes.size() + sizeof accesses;
        queue.accesses.push_back(std::move(accesses));
    });
}

void RecordingWriter::add_branch(const RecordedBranch& branch) {
    if (branch.name.size() > kLongestName) throw std::invalid_argument("the name of a branch is too long");
    state_->add([&](RecordingQueue& queue) { queue.branches.push_back(branch); });
}

void RecordingWriter::add_end(const RecordedEnd& end) {
    if (end.reason.size() > kLongestName) throw std::invalid_argument("the reason of an end is too long");
    state_->add([&](RecordingQueue& queue) { queue.ends.push_back(end); });
}

void RecordingWriter::check() {
    const std::lock_guard lock(state_->mutex);
    state_->throw_failure();
}

void RecordingWriter::State::await_commit(std::unique_lock<std::mutex>& lock) {
    const auto asked = ++commits_asked;
    work.notify_one();
    done.wait(lock, [&] { return failure || commits_done >= asked; });
    throw_failure();
}

void RecordingWriter::commit() {
    std::unique_lock lock(state_->mutex);
    state_->await_commit(lock);
}

void RecordingWriter::move_to(const fs::path& path) {
    std::unique_lock lock(state_->mutex);
    state_->move_to = path;
    state_->await_commit(lock);
}

std::uint64_t RecordingWriter::batches_committed() const {
    const std::lock_guard lock(state_->mutex);
    return state_->batches;
}

std::uint64_t RecordingWriter::bytes_written() const {
    const std::lock_guard lock(state_->mutex);
    return state_->bytes;
}

std::chrono::nanoseconds RecordingWriter::packing_time() const {
    const std::lock_guard lock(state_->mutex);
    return state_->packing_time;
}

void RecordingWriter::finish(const RecordedEnd& end) {
    add_end(end);
    state_->end();
    state_->throw_failure();
}

void fold_log(const fs::path& path) {
    const RecordingReader reader(path);  // refuses what is not a recording before anything is written
    if (!reader.has_log()) return;
    try {
        Database database(sqlite_uri(path.string(), ""), Database::Mode::read_write);
        fold(database);
    } catch (const SqliteError& error) {
        fail(path, explain(error));
    }
}

}  // namespace backspin::snapshots
