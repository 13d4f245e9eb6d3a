// Where pages lie: slabs of host memory, made ready before they are needed.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>

namespace backspin {

/// Huge pages where the host offers them: measured 10 to 15 percent on memory-bound guests.
inline constexpr std::size_t kSlabBytes = std::size_t{2} << 20;

struct FreeMemory {
    void operator()(std::byte* memory) const { std::free(memory); }
};
/// kSlabBytes of undefined content, aligned to as many.
using Slab = std::unique_ptr<std::byte, FreeMemory>;

/// The host gives memory at its first touch, which takes it as long as some thousand steps of a guest take:
/// so once somebody has used a few slabs, a thread touches the next one while the last is used up. Thread:
/// one at a time takes.
class SlabSupply {
  public:
    SlabSupply() = default;
    ~SlabSupply();
    SlabSupply(const SlabSupply&) = delete;
    SlabSupply& operator=(const SlabSupply&) = delete;

    /// Never waits for the thread. Throws std::bad_alloc.
    Slab take();

  private:
    void prepare_slabs();

    std::size_t taken_ = 0;
    std::mutex mutex_;
    std::condition_variable wake_;
    Slab ready_;
    bool wanted_ = false;
    bool ending_ = false;
    std::thread thread_;
};

}  // namespace backspin
