// What a session under a debugger keeps to go back by: how much memory, and a place for what is thinned from
// it.
#pragma once

#include <memory>

#include "cli/options/history_options.hpp"
#include "replay/timeline.hpp"
#include "snapshots/spill.hpp"

namespace backspin::cli {

class KeptHistory {
  public:
    /// Throws StartError for a folder that the user named and that takes no file. Without the host's own, a
    /// line says so.
    explicit KeptHistory(const HistoryOptions& options);

    /// Must outlive the timeline that is made with them. `make` is called by several threads.
    void add_to(replay::TimelineOptions& options, replay::MachineFactory make) const;

    /// A line on stderr when spilling has come to an end. To be called every now and then.
    void poll();

  private:
    unsigned jobs_;
    snapshots::Budget budget_;
    bool uses_access_index_;
    std::unique_ptr<snapshots::Spill> spill_;
};

}  // namespace backspin::cli
