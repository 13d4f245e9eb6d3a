#include "snapshots/spill.hpp"

#include <algorithm>
#include <utility>

#include <sys/resource.h>
#include <xxhash.h>

#include "snapshots/patch_chain.hpp"
#include "snapshots/recording_codec.hpp"
#include "snapshots/thinning.hpp"

namespace backspin::snapshots {
namespace {

constexpr int kSpillLevel = 1;
// What waits may hold pages that are in no snapshot any more.
constexpr std::size_t kMostWaiting = 16;
// Behind the machine's thread and everybody else's, where there are not enough cores.
constexpr int kNiceness = 10;

}  // namespace

Spill::Spill(SpillOptions options)
    : options_(std::move(options)), file_(std::make_unique<SpillFile>(options_.directory)) {}

Spill::~Spill() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

// ---- in -----------------------------------------------------------------------------------------

bool Spill::has_room() const {
    const std::lock_guard lock(mutex_);
    return !full_ && queue_.size() < kMostWaiting;
}

void Spill::add(Position at, SavedState state) {
    {
        const std::lock_guard lock(mutex_);
        queue_.emplace_back(at, std::move(state));
    }
    wake_.notify_all();
    if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
}

bool Spill::holds(Position at) const {
    const std::lock_guard lock(mutex_);
    return numbers_.contains(at) ||
           std::ranges::any_of(queue_, [&](const auto& item) { return item.first == at; });
}

void Spill::flush() {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [this] { return queue_.empty() && !busy_; });
}

void Spill::work() {
    ::setpriority(PRIO_PROCESS, 0, kNiceness);  // this thread's alone; where it cannot be, it need not be
    std::unique_lock lock(mutex_);
    while (true) {
        wake_.wait(lock, [this] { return ending_ || !queue_.empty(); });
        if (ending_) return;
        busy_ = true;
        const auto& [at, state] = queue_.front();  // it stays there, for holds(), until it is in the chain
        const bool writes = !full_;
        lock.unlock();
        try {
            if (writes) write(at, state);
        } catch (const std::exception& error) {
            fail(error.what());
        }
        lock.lock();
        queue_.pop_front();
        busy_ = false;
        if (queue_.empty()) idle_.notify_all();
    }
}

void Spill::fail(const std::string& why) {
    const std::lock_guard lock(mutex_);
    full_ = true;
    trouble_ = why;
}

std::optional<std::string> Spill::take_trouble() {
    const std::lock_guard lock(mutex_);
    return std::exchange(trouble_, std::nullopt);
}

// ---- the thread's work --------------------------------------------------------------------------

Spill::Record Spill::append(SpillFile& file, Position at, const Patch& patch) {
    const auto packed = compressed(patch, kSpillLevel);
    const auto offset = file.append(packed);
    return {at, offset, packed.size(), patch.size(), XXH3_64bits(packed.data(), packed.size())};
}

Patch Spill::read(const SpillFile& file, const Record& record) {
    std::vector<std::byte> packed(record.packed);
    file.read(record.offset, packed);
    if (XXH3_64bits(packed.data(), packed.size()) == record.checksum) {
        if (auto patch = uncompressed(packed, record.size)) return std::move(*patch);
    }
    throw SpillError("the temporary file for snapshots was damaged");
}

void Spill::write(Position at, const SavedState& state) {
    Record record{.at = at};
    if (!chain_.empty()) record = append(*file_, at, patch_between(last_, state));
    last_ = state.pages;
    {
        const std::lock_guard lock(mutex_);
        numbers_[at] = chain_.size();
        chain_.push_back(record);
        bytes_ = file_->size();
    }
    // While it is thinned there are two files.
    if (file_->size() > options_.limit / 3 * 2 || chain_.size() >= options_.most_snapshots) compact();
}

void Spill::compact() {
    auto keep = chain_.size();
    do {
        keep /= 2;
        auto [chain, file] = thinned(keep);
        if (file->size() <= options_.limit / 3) return use(std::move(chain), std::move(file));
    } while (keep > 2);
    throw SpillError("the temporary file for snapshots has reached its limit");
}

void Spill::use(Chain chain, std::unique_ptr<SpillFile> file) {
    std::map<Position, std::size_t> numbers;
    for (std::size_t i = 0; i < chain.size(); ++i) numbers[chain[i].at] = i;
    const std::lock_guard lock(mutex_);
    chain_ = std::move(chain);
    numbers_ = std::move(numbers);
    file_ = std::move(file);
    bytes_ = file_->size();
}

// The first stays because nothing leads to it, the last because the next one is a patch to it. A file that
// becomes too long is returned as it is then.
std::pair<Spill::Chain, std::unique_ptr<SpillFile>> Spill::thinned(std::size_t keep) const {
    std::vector<Thinning::Item> items;
    std::vector<std::size_t> numbers;
    for (const auto& [at, number] : numbers_) {
        items.push_back({at, number == 0 || number + 1 == chain_.size()});
        numbers.push_back(number);
    }
    Thinning thinning(std::move(items));
    std::vector<bool> goes(chain_.size());
    for (auto left = chain_.size(); left > keep; --left) {
        const auto least = thinning.next();
        if (!least) break;
        goes[numbers[*least]] = true;
    }
    Chain chain{chain_.front()};
    auto file = std::make_unique<SpillFile>(options_.directory);
    std::optional<Patch> patch;
    for (std::size_t i = 1; i < chain_.size() && file->size() <= options_.limit / 3; ++i) {
        auto next = read(*file_, chain_[i]);
        patch = patch ? joined(*patch, next) : std::move(next);
        if (goes[i]) continue;
        chain.push_back(append(*file, chain_[i].at, *patch));
        patch.reset();
    }
    return {std::move(chain), std::move(file)};
}

// ---- out ----------------------------------------------------------------------------------------

std::optional<std::size_t> Spill::number_at_or_before(Position at) const {
    const auto after = numbers_.upper_bound(at);
    if (unreadable_ || after == numbers_.begin()) return std::nullopt;
    const auto& [found, number] = *std::prev(after);
    return found.branch == at.branch ? std::optional(number) : std::nullopt;
}

std::vector<Spill::Loaded> Spill::load_latest(Position at, StepCount after, const Resident& resident,
                                              const PageRoot* neighbour) {
    const std::lock_guard lock(mutex_);
    const auto number = number_at_or_before(at);
    if (!number || chain_[*number].at.step <= after) return {};
    auto from = *number;
    const SavedState* base = nullptr;
    while ((base = resident(chain_[from].at)) == nullptr && from > 0) --from;
    if (base == nullptr) return {};
    try {
        return follow(from, *number, base->pages, neighbour);
    } catch (const std::exception& error) {
        full_ = unreadable_ = true;
        trouble_ = error.what();
        return {};
    }
}

std::vector<Spill::Loaded> Spill::follow(std::size_t from, std::size_t to, const PageRoot& memory,
                                         const PageRoot* neighbour) const {
    const auto link = [&](std::size_t i) {
        const auto& record = chain_[from + 1 + i];
        return ChainLink{record.at, read(*file_, record)};
    };
    return follow_chain(memory, to - from, link, neighbour);
}

std::vector<Position> Spill::positions() const {
    const std::lock_guard lock(mutex_);
    std::vector<Position> all;
    if (unreadable_) return all;
    for (const auto& [at, number] : numbers_) all.push_back(at);
    return all;
}

std::uint64_t Spill::bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
}

}  // namespace backspin::snapshots
