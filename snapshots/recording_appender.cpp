#include "snapshots/recording_appender.hpp"

#include <optional>
#include <stdexcept>
#include <utility>

#include "snapshots/recording.hpp"
#include "snapshots/recording_file.hpp"
#include "snapshots/recording_store.hpp"
#include "snapshots/recording_tail.hpp"

namespace backspin::snapshots {

struct RecordingAppender::State {
    std::filesystem::path path;
    std::size_t components = 0;
    std::size_t pages = 0;
    std::size_t branches = 0;
    std::optional<RecordingStore> store;

    /// Puts the file's name before whatever goes wrong, and lets go of the file.
    template <class Work>
    void guarded(Work&& work) {
        try {
            work();
        } catch (const SqliteError& error) {
            if (store) store->abandon();
            fail(path, explain(error) + "; what was in it before is kept");
        }
    }
};

RecordingAppender::RecordingAppender(const std::filesystem::path& path) : state_(std::make_unique<State>()) {
    state_->path = path;
    // The reader is gone before the file is opened for writing: closing its descriptor would drop the locks.
    const auto tail = RecordingReader(path).tail();
    if (tail.version < 2)
        fail(path, "is of format 1, which holds no snapshots; record the run again to have some");
    state_->components = tail.component_names.size();
    state_->pages = tail.pages;
    state_->branches = tail.branches;
    state_->guarded([&] { state_->store.emplace(path, tail); });
}

RecordingAppender::~RecordingAppender() {
    if (state_->store) state_->store->abandon();
}

void RecordingAppender::add_snapshot(Position at, const SavedState& state, const std::string& name) {
    if (name.size() > kLongestName) throw std::invalid_argument("the name of a snapshot is too long");
    if (at.branch.id > state_->branches)
        throw std::invalid_argument("a state of a branch that the recording does not have");
    const auto pages = state.pages.page_count();
    if (state.ends.size() != state_->components || (state_->pages != 0 && pages != state_->pages))
        throw std::invalid_argument("a state of another machine than the recording's");
    if (state.fields.size() > kLargestFields || pages > kMostPages)
        fail(state_->path, "a machine of this size cannot be recorded");
    state_->pages = pages;
    state_->guarded([&] {
        RecordingQueue queue;
        queue.snapshots.push_back({at, state, name});
        auto& store = *state_->store;
        store.take(std::move(queue));
        while (store.busy()) {
            store.advance();
            if (store.full()) store.commit();
        }
        store.commit();
    });
}

void RecordingAppender::finish() {
    state_->guarded([&] { state_->store->close(); });
    state_->store.reset();
}

}  // namespace backspin::snapshots
