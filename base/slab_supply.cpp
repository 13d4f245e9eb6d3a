#include "base/slab_supply.hpp"

#include <sys/mman.h>

#include <new>

namespace backspin {
namespace {

constexpr std::size_t kHostPage = 4096;
/// So many without a thread: a small machine is not worth one.
constexpr std::size_t kFew = 16;

Slab new_slab() {
    Slab slab(static_cast<std::byte*>(std::aligned_alloc(kSlabBytes, kSlabBytes)));
    if (slab) ::madvise(slab.get(), kSlabBytes, MADV_HUGEPAGE);
    return slab;
}

void touch(std::byte* slab) {
    for (std::size_t at = 0; at < kSlabBytes; at += kHostPage)
        static_cast<volatile std::byte*>(slab)[at] = {};
}

}  // namespace

SlabSupply::~SlabSupply() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        wake_.notify_one();
    }
    thread_.join();
}

Slab SlabSupply::take() {
    Slab slab;
    if (++taken_ > kFew) {
        const std::lock_guard lock(mutex_);
        slab = std::move(ready_);
        wanted_ = true;
        wake_.notify_one();
        if (!thread_.joinable()) thread_ = std::thread([this] { prepare_slabs(); });
    }
    if (!slab) slab = new_slab();
    if (!slab) throw std::bad_alloc();
    return slab;
}

void SlabSupply::prepare_slabs() {
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [this] { return ending_ || (wanted_ && !ready_); });
        if (ending_) return;
        lock.unlock();
        // Without memory, whoever takes finds out.
        auto slab = new_slab();
        if (slab) touch(slab.get());
        lock.lock();
        wanted_ = false;
        ready_ = std::move(slab);
    }
}

}  // namespace backspin
