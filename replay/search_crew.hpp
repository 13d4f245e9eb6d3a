// Machines beside the timeline's own, each on a thread, that search stretches of the past at the same time:
// pages are shared, and a stretch depends on its first state and the log alone.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/machine.hpp"
#include "replay/host.hpp"
#include "replay/search_task.hpp"
#include "replay/stops.hpp"

namespace backspin::replay {

/// Thread: one at a time, not its own. Threads and machines are made when the first search needs them.
class SearchCrew {
  public:
    SearchCrew(MachineFactory factory, std::size_t size) : factory_(std::move(factory)), size_(size) {}
    ~SearchCrew();
    SearchCrew(const SearchCrew&) = delete;
    SearchCrew& operator=(const SearchCrew&) = delete;

    std::size_t size() const { return size_; }

    /// What all tasks of a search have in common. While a search lasts, the history's inputs and branches
    /// must not change, and the stops' filter is called by several threads at once.
    struct Search {
        const History& history;
        const Stops& stops;
        const HitNote* note = nullptr;  ///< of each hit, in the order of history; null: for the last ones
    };
    void begin(const Search& search);
    void add(SearchTask task);
    /// The first that was added and not taken; nothing if it is not done within that time. Throws what went
    /// wrong with it. Precondition: waiting() > 0.
    std::optional<Searched> take(std::chrono::milliseconds at_most);
    /// Tasks that were added and not taken.
    std::size_t waiting() const { return jobs_.size(); }
    /// Calls off what is not done, and waits until nobody works on it.
    void end();

  private:
    struct Job {
        SearchTask task;
        bool begun = false;
        std::optional<Searched> result{};
        std::exception_ptr failure{};
        bool done() const { return result || failure; }
    };

    void work();
    Job* next_job();

    MachineFactory factory_;
    std::size_t size_;
    std::optional<Search> search_;
    std::atomic<bool> called_off_{false};

    std::mutex mutex_;
    std::condition_variable work_;  ///< for the crew
    std::condition_variable done_;  ///< for whoever searches
    // Under the mutex; only whoever searches adds and removes jobs.
    std::deque<std::unique_ptr<Job>> jobs_;
    std::size_t busy_ = 0;
    bool ending_ = false;

    std::vector<std::thread> threads_;
};

/// A search by the crew, which lasts as long as this. The crew outlives it.
class CrewAtWork {
  public:
    CrewAtWork(SearchCrew& crew, const SearchCrew::Search& search) : crew_(crew) { crew_.begin(search); }
    ~CrewAtWork() { crew_.end(); }
    CrewAtWork(const CrewAtWork&) = delete;
    CrewAtWork& operator=(const CrewAtWork&) = delete;

    /// The first that is not taken, as SearchCrew::take; nothing: time to look whether the user wants to go
    /// on.
    std::optional<Searched> take() {
        constexpr std::chrono::milliseconds kLook{2};
        return crew_.take(kLook);
    }

  private:
    SearchCrew& crew_;
};

}  // namespace backspin::replay
