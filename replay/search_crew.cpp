#include "replay/search_crew.hpp"

#include <algorithm>
#include <utility>

namespace backspin::replay {

SearchCrew::~SearchCrew() {
    end();
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        work_.notify_all();
    }
    for (auto& thread : threads_) thread.join();
}

// ---- whoever searches ---------------------------------------------------------------------------

void SearchCrew::begin(const Search& search) {
    search_.emplace(search);
    called_off_ = false;
    while (threads_.size() < size_) threads_.emplace_back([this] { work(); });
}

void SearchCrew::add(SearchTask task) {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::make_unique<Job>(std::move(task)));
    work_.notify_one();
}

std::optional<Searched> SearchCrew::take(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    if (!done_.wait_for(lock, at_most, [this] { return jobs_.front()->done(); })) return std::nullopt;
    const auto job = std::move(jobs_.front());
    jobs_.pop_front();
    if (job->failure) std::rethrow_exception(job->failure);
    return std::move(job->result);
}

void SearchCrew::end() {
    called_off_ = true;
    std::unique_lock lock(mutex_);
    for (auto& job : jobs_) job->begun = true;
    done_.wait(lock, [this] { return busy_ == 0; });
    jobs_.clear();
    search_.reset();
}

// ---- the crew -----------------------------------------------------------------------------------

SearchCrew::Job* SearchCrew::next_job() {
    const auto job = std::ranges::find(jobs_, false, [](const auto& each) { return each->begun; });
    return job == jobs_.end() ? nullptr : job->get();
}

void SearchCrew::work() {
    std::unique_ptr<Machine> machine;
    std::unique_lock lock(mutex_);
    for (;;) {
        work_.wait(lock, [this] { return ending_ || next_job() != nullptr; });
        if (ending_) return;
        auto& job = *next_job();
        job.begun = true;
        ++busy_;
        lock.unlock();
        Job outcome{{}, true};
        try {
            if (!machine) machine = factory_();
            outcome.result =
                do_task(job.task, *machine, search_->history, search_->stops, search_->note, called_off_);
        } catch (...) {
            outcome.failure = std::current_exception();
        }
        lock.lock();
        job.result = std::move(outcome.result);
        job.failure = outcome.failure;
        --busy_;
        done_.notify_all();
    }
}

}  // namespace backspin::replay
