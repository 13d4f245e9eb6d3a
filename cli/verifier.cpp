#include "cli/verifier.hpp"

#include <utility>

namespace backspin::cli {

Verifier::Verifier(const snapshots::RecordingReader& reader,
                   std::span<const std::string_view> component_names, StepCount epoch_steps, Branch branch)
    : recorded_(reader, branch), digests_(component_names), epoch_steps_(epoch_steps) {}

std::uint64_t Verifier::missed() const {
    return recorded_.all().size() - positions_;
}

void Verifier::compare(Position at, const SavedState& state) {
    if (divergence_ || at.branch != Branch{} || last_compared_ == at.step) return;
    const auto recorded = recorded_.all().find(at.step);
    if (recorded == recorded_.all().end()) return;
    auto different = recorded_.different(recorded->second, digests_.of(state));
    compared_ += recorded->second.size();
    ++positions_;
    last_compared_ = at.step;
    if (different.empty()) {
        last_equal_ = at.step;
        return;
    }
    divergence_ =
        Divergence{Divergence::Kind::digests, at.step, last_equal_, epoch_that_ends(at.step, epoch_steps_),
                   std::move(different),      {}};
}

}  // namespace backspin::cli
