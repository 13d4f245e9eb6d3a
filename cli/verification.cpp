#include "cli/verification.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <thread>
#include <tuple>

#include <fmt/format.h>

#include "cli/file_snapshots.hpp"

namespace backspin::cli {

// ---- one stretch --------------------------------------------------------------------------------

/// Goes from one position to another on a machine of its own, and stops wherever there is something to
/// compare.
class StretchCheck {
  public:
    StretchCheck(Verification& verification, Verification::Stretch stretch)
        : verification_(verification),
          run_(verification.run_),
          stretch_(stretch),
          machine_(run_.machine()),
          stored_(run_, *machine_),
          last_equal_(stretch.begin) {}

    std::optional<Divergence> check() {
        if (auto unusable = load_begin()) return unusable;
        replay::TimelineOptions options;
        options.epoch_steps = kEndOfTime;  // nobody goes back
        options.snapshot_budget.snapshots = 1;
        options.use_access_index = false;
        timeline_.emplace(*machine_, run_.past(stretch_.begin, stretch_.end), options);
        timeline_->set_host({.input = nullptr, .interrupted = [this] { return superseded(); }});
        digests_.emplace(machine_->component_names());
        stored_digests_.emplace(machine_->component_names());
        // What a stretch begins with, the one before it has compared.
        if (stretch_.begin == run_.begin()) {
            if (auto difference = compare()) return difference;
        }
        while (last_equal_ < stretch_.end) {
            const auto until = next_stop();
            const auto stopped = timeline_->go_on({}, {.limit = until});
            if (stopped.why == replay::StopReason::interrupted) return std::nullopt;
            if (machine_->now() != until) return went_no_further();
            if (auto difference = compare()) return difference;
            verification_.steps_done_ += (until - last_equal_).value;
            last_equal_ = until;
        }
        return std::nullopt;
    }

    std::uint64_t digests() const { return digest_count_; }
    std::uint64_t snapshots() const { return snapshot_count_; }
    std::uint64_t patches() const { return patch_count_; }

  private:
    /// Something that lies before it has diverged: whatever is found here is of no interest.
    bool superseded() const { return verification_.first_divergence_.load() < stretch_.begin.value; }

    std::optional<Divergence> load_begin() {
        if (stretch_.begin == run_.begin()) return std::nullopt;
        try {
            machine_->load(run_.load_snapshot(stretch_.begin, machine_->page_store()));
        } catch (const BadState& error) {
            return divergence(Divergence::Kind::snapshot, stretch_.begin,
                              fmt::format("no machine can be in it ({})", error.what()));
        }
        return std::nullopt;
    }

    StepCount next_stop() const {
        const auto digest = verification_.digests_.all().upper_bound(last_equal_);
        const auto snapshots = run_.snapshots();
        const auto snapshot = std::ranges::upper_bound(snapshots, last_equal_);
        auto until = stretch_.end;
        if (digest != verification_.digests_.all().end()) until = std::min(until, digest->first);
        if (snapshot != snapshots.end()) until = std::min(until, *snapshot);
        if (const auto patch = stored_.patch_after({{}, last_equal_})) until = std::min(until, *patch);
        return until;
    }

    Divergence divergence(Divergence::Kind kind, StepCount at, std::string why = {}) const {
        return {kind, at, last_equal_, epoch_that_ends(at, run_.setup().epoch_steps), {}, std::move(why)};
    }

    Divergence went_no_further() const {
        return divergence(Divergence::Kind::stopped, machine_->now(),
                          fmt::format("the machine goes no further, at step {} of {}", machine_->now().value,
                                      run_.frontier().value));
    }

    std::optional<Divergence> compare() {
        const auto at = machine_->now();
        const auto state = machine_->save();
        const auto recorded = verification_.digests_.all().find(at);
        if (recorded != verification_.digests_.all().end()) {
            auto names = verification_.digests_.different(recorded->second, digests_->of(state));
            digest_count_ += recorded->second.size();
            if (!names.empty()) {
                auto found = divergence(Divergence::Kind::digests, at);
                found.components = std::move(names);
                return found;
            }
        }
        if (auto difference = compare_with_patch(state)) return difference;
        return compare_with_snapshot(state);
    }

    /// What the file holds as a patch: of so many states, the digests.
    std::optional<Divergence> compare_with_patch(const SavedState& state) {
        const Position at{{}, state.at};
        if (!stored_.is_patch(at)) return std::nullopt;
        const auto stored = stored_.load(at).back();
        ++patch_count_;
        auto found = divergence(Divergence::Kind::snapshot, state.at);
        if (stored.ends != state.ends || stored.pages.page_count() != state.pages.page_count()) {
            found.why = "it is of another machine";
            return found;
        }
        const auto ours = digests_->of(state);
        const auto its = stored_digests_->of(stored);
        for (std::size_t i = 0; i < ours.size(); ++i) {
            if (ours[i].value != its[i].value) found.components.emplace_back(ours[i].component);
        }
        return found.components.empty() ? std::nullopt : std::optional(std::move(found));
    }

    std::optional<Divergence> compare_with_snapshot(const SavedState& state) {
        if (!std::ranges::binary_search(run_.snapshots(), state.at)) return std::nullopt;
        const auto stored = run_.load_snapshot(state.at, machine_->page_store());
        ++snapshot_count_;
        auto found = divergence(Divergence::Kind::snapshot, state.at);
        if (stored.ends != state.ends || stored.pages.page_count() != state.pages.page_count()) {
            found.why = "it is of another machine";
            return found;
        }
        std::size_t begin = 0;
        for (std::size_t i = 0; i < state.ends.size(); ++i) {
            const auto size = state.ends[i] - begin;
            if (!std::ranges::equal(std::span(state.fields).subspan(begin, size),
                                    std::span(stored.fields).subspan(begin, size)))
                found.components.emplace_back(machine_->component_names()[i]);
            begin = state.ends[i];
        }
        if (state.pages.digest() != stored.pages.digest()) found.components.emplace_back("memory");
        return found.components.empty() ? std::nullopt : std::optional(std::move(found));
    }

    Verification& verification_;
    const RecordedRun& run_;
    Verification::Stretch stretch_;
    std::unique_ptr<emu::RiscvMachine> machine_;
    std::optional<replay::Timeline> timeline_;
    FileSnapshots stored_;
    std::optional<StateDigests> digests_;
    std::optional<StateDigests> stored_digests_;
    StepCount last_equal_;
    std::uint64_t digest_count_ = 0;
    std::uint64_t snapshot_count_ = 0;
    std::uint64_t patch_count_ = 0;
};

// ---- all of them --------------------------------------------------------------------------------

Verification::Verification(const RecordedRun& run, unsigned jobs)
    : run_(run), digests_(run.reader(), run.branch()), stretches_(stretches(std::max(jobs, 1U))) {
    counts_.jobs = static_cast<unsigned>(std::min<std::size_t>(std::max(jobs, 1U), stretches_.size()));
    counts_.steps = (run.frontier() - run.begin()).value;
}

// Some more stretches than jobs, so that none of these waits long for the last; and not one for each
// snapshot, for a machine is built and a snapshot unpacked for each.
std::vector<Verification::Stretch> Verification::stretches(unsigned jobs) const {
    constexpr std::size_t kStretchesPerJob = 4;
    std::vector<StepCount> cuts{run_.begin()};
    if (jobs > 1) {
        const auto least = (run_.frontier() - run_.begin()).value / (kStretchesPerJob * jobs);
        for (const auto at : run_.snapshots()) {
            if (at < run_.frontier() && at > cuts.back() && (at - cuts.back()).value >= least)
                cuts.push_back(at);
        }
    }
    std::vector<Stretch> all;
    all.reserve(cuts.size());
    for (std::size_t i = 0; i < cuts.size(); ++i)
        all.push_back({cuts[i], i + 1 < cuts.size() ? cuts[i + 1] : run_.frontier()});
    return all;
}

std::optional<Verification::Stretch> Verification::next_stretch() {
    const std::lock_guard lock(mutex_);
    // In ascending order: what comes after a divergence need not be looked at.
    if (error_ || divergence_ || next_ == stretches_.size()) return std::nullopt;
    return stretches_[next_++];
}

namespace {

/// A bad snapshot is found twice: by the stretch that ends there, which can say more, and by the one that
/// begins there.
bool is_first(const Divergence& a, const Divergence& b) {
    return std::tie(a.at, a.last_equal) < std::tie(b.at, b.last_equal);
}

}  // namespace

void Verification::work() {
    try {
        while (const auto stretch = next_stretch()) {
            StretchCheck check(*this, *stretch);
            auto divergence = check.check();
            const std::lock_guard lock(mutex_);
            counts_.digests += check.digests();
            counts_.snapshots += check.snapshots();
            counts_.patches += check.patches();
            if (!divergence || (divergence_ && !is_first(*divergence, *divergence_))) continue;
            first_divergence_ = divergence->at.value;
            divergence_ = std::move(divergence);
        }
    } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!error_) error_ = std::current_exception();
    }
}

std::optional<Divergence> Verification::verify(const std::function<void(double)>& tick) {
    constexpr auto kTick = std::chrono::milliseconds(100);
    std::condition_variable ended;
    std::mutex waiting;
    unsigned running = counts_.jobs;
    std::vector<std::thread> threads;
    threads.reserve(counts_.jobs);
    for (unsigned i = 0; i < counts_.jobs; ++i) {
        threads.emplace_back([&] {
            work();
            const std::lock_guard lock(waiting);
            --running;
            ended.notify_one();
        });
    }
    {
        std::unique_lock lock(waiting);
        const auto all = static_cast<double>(std::max<std::uint64_t>(counts_.steps, 1));
        while (!ended.wait_for(lock, kTick, [&] { return running == 0; }))
            tick(static_cast<double>(steps_done_.load()) / all);
    }
    for (auto& thread : threads) thread.join();
    if (error_) std::rethrow_exception(error_);
    return divergence_;
}

}  // namespace backspin::cli
